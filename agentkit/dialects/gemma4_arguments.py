"""Reads the arguments of a Gemma 4 call: `key:<|"|>text<|"|>,n:42,o:{x:[true,null]}`.

A recursive-descent reader over symbols. A value that cannot be one is a fault and reading goes on behind it; a broken
structure is a fault that ends the reading. What was read until then keeps its spans.
"""

from __future__ import annotations

import math
import re
from typing import NoReturn

from agentkit.dialects.base import Fault, FaultKind, Span
from agentkit.dialects.symbols import Symbols
from agentkit.messages import JSON
from agentkit.pointers import escaped

MAX_DEPTH = 128
"""How deep values may be nested."""

_QUOTE = '<|"|>'
_WORDS: dict[str, JSON] = {"true": True, "false": False, "null": None, "None": None, "none": None, "nil": None}
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_CLOSERS = {"{": "}", "[": "]", "(": ")"}


class Broken(Exception):
    """The arguments' structure is broken here; the fault is noted."""


class ArgumentsReader:
    """Reads one arguments object between its brackets.

    Args:
        symbols: the turn.
        position: the symbol at which the opening bracket stands.
        limit: the symbol before which the call must end.

    Attributes:
        position: where the reading is.
        values: what was read to its end, by JSON pointer.
        cut: the reading ran into the end of an output that may go on.
        cut_number: where that is within a number, or right behind it, the pointer of the value.
    """

    def __init__(self, symbols: Symbols, position: int, limit: int) -> None:
        self._symbols = symbols
        self._limit = limit
        self._depth = 0
        self.position = position
        self.faults: list[Fault] = []
        self.value_spans: dict[str, Span] = {}
        self.key_spans: dict[str, Span] = {}
        self.values: dict[str, JSON] = {}
        self._key_at: tuple[str, int] | None = None  # the object whose key is being read, and where that begins
        self.cut = False
        self.cut_number: str | None = None

    def read(self) -> dict[str, JSON]:
        """The arguments, with the values that could be read. Raises `Broken`."""
        start = self.position
        found = self._object("", _CLOSERS[self._symbols.characters[start]])
        self.value_spans[""], self.values[""] = self._symbols.span(start, self.position), found
        return found

    @property
    def cut_key(self) -> str | None:
        """What there is of a key in which the output ends, as a pointer."""
        if not self.cut or self._key_at is None:
            return None
        pointer, start = self._key_at
        begun = self._symbols.text(start, self._limit).rstrip("\ufffd")  # what is no whole character yet
        return f"{pointer}/{escaped(begun)}"

    def _object(self, pointer: str, closer: str) -> dict[str, JSON]:
        self._enter(pointer)
        found: dict[str, JSON] = {}
        if not self._at(closer):
            while True:
                self._member(pointer, found)
                if not self._at(","):
                    break
                self._step()
        self._leave(closer, pointer)
        return found

    def _member(self, pointer: str, found: dict[str, JSON]) -> None:
        start = self._skip()
        self._key_at = pointer, start
        key = self._key(pointer)
        key_span = self._symbols.span(start, self.position)
        inner = f"{pointer}/{escaped(key)}"
        if not self._at(":"):
            self._break(f"a ':' must follow the key {key!r}", pointer)
        self._step()
        self._key_at = None
        if key in found:
            kept = self.value_spans, self.key_spans, self.values
            self.value_spans, self.key_spans, self.values = {}, {}, {}  # the first value's are kept
            try:
                self._value(inner)
            finally:  # the output may end in it
                self.value_spans, self.key_spans, self.values = kept
                span = self._symbols.span(start, self.position)
                self._fault(f"the key {key!r} is there twice", span, inner, "duplicate")
            return
        self.key_spans[inner] = key_span
        found[key] = self._value(inner)

    def _key(self, pointer: str) -> str:
        if self._mark() == _QUOTE:
            return self._string(pointer)
        start = self.position
        while self._mark() is None and self._character() not in '":,{}[]':
            self.position += 1
        key = self._symbols.text(start, self.position).strip()
        if not key:
            self._break("a key must stand here", pointer)
        return key

    def _value(self, pointer: str) -> JSON:
        start = self._skip()
        value: JSON
        if self._mark() == _QUOTE:
            value = self._string(pointer)
        elif self._at("{"):
            value = self._object(pointer, "}")
        elif self._at("["):
            value = self._array(pointer)
        else:
            value = self._bare(pointer)
        if self.position > start:
            self.value_spans[pointer] = self._symbols.span(start, self._rstrip(start))
            self.values[pointer] = value
        return value

    def _array(self, pointer: str) -> list[JSON]:
        self._enter(pointer)
        found: list[JSON] = []
        if not self._at("]"):
            while True:
                found.append(self._value(f"{pointer}/{len(found)}"))
                if not self._at(","):
                    break
                self._step()
        self._leave("]", pointer)
        return found

    def _string(self, pointer: str) -> str:
        """Any text between two quote markers; other control tokens within are faults."""
        start = self.position
        self.position += 1
        while self.position < self._limit:
            mark = self._symbols.marks[self.position]
            if mark == _QUOTE:
                self.position += 1
                return self._symbols.text(start + 1, self.position - 1)
            if mark is not None:
                span = self._symbols.span(self.position, self.position + 1)
                self._fault(f"the control token {mark} cannot stand in a string", span, pointer, "stray")
            self.position += 1
        self._break(f"a string is not closed: {_QUOTE} is missing", pointer)

    def _bare(self, pointer: str) -> JSON:
        """A number, true, false or null."""
        start = self.position
        while self._mark() is None and self._character() not in ",}])":
            self.position += 1
        if self.position == self._limit and self._ends_open():
            if self._symbols.text(start, self.position).lstrip()[:1] in set("-0123456789"):
                self.cut_number = pointer
            self._break("", pointer)
        word = self._symbols.text(start, self.position).strip()
        span = self._symbols.span(start, self._rstrip(start))
        if not word:
            self._fault("a value is missing", span, pointer)
        elif word in _WORDS:
            return _WORDS[word]
        elif number := _NUMBER.fullmatch(word):
            return self._number(number, span, pointer)
        else:
            shown = word if len(word) <= 40 else f"{word[:40]}..."
            self._fault(f"{shown!r} is no value: a string must stand between {_QUOTE} markers", span, pointer)
        return None

    def _number(self, match: re.Match[str], span: Span, pointer: str) -> JSON:
        try:
            value = float(match[0]) if match[2] or match[3] else int(match[1])
        except ValueError:  # more digits than int() takes
            value = math.inf
        if value in (math.inf, -math.inf):
            self._fault("the number is too large", span, pointer)
            return None
        return value

    def _enter(self, pointer: str) -> None:
        if self._depth == MAX_DEPTH:
            self._break(f"the values are nested deeper than {MAX_DEPTH}", pointer)
        self._depth += 1
        self._step()

    def _leave(self, closer: str, pointer: str) -> None:
        if not self._at(closer):
            self._break(f"',' or '{closer}' must stand here", pointer)
        self.position += 1
        self._depth -= 1

    def _skip(self) -> int:
        """Steps over blanks; the position behind them."""
        while self._mark() is None and self._character().isspace():
            self.position += 1
        return self.position

    def _step(self) -> None:
        self.position += 1
        self._skip()

    def _at(self, character: str) -> bool:
        self._skip()
        return self._character() == character

    def _rstrip(self, start: int) -> int:
        """The end of what was read since `start`, without blanks."""
        end = self.position
        while end > start + 1 and self._symbols.characters[end - 1].isspace():
            end -= 1
        return max(end, start + 1)

    def _mark(self) -> str | None:
        """The control token here; the limit counts as one."""
        return self._symbols.marks[self.position] if self.position < self._limit else "end"

    def _character(self) -> str:
        return self._symbols.characters[self.position] if self.position < self._limit else ""

    def _ends_open(self) -> bool:
        return self._limit == len(self._symbols) and self._symbols.open

    def _fault(self, reason: str, span: Span, pointer: str, kind: FaultKind = "syntax") -> None:
        self.faults.append(Fault(reason, span, pointer, kind))

    def _break(self, reason: str, pointer: str) -> NoReturn:
        """Ends the reading: with a fault here, or as cut off when the output ends here and may go on."""
        if self.position >= self._limit and self._ends_open():
            self.cut = True
        else:
            kind: FaultKind = "unclosed" if self.position >= self._limit else "syntax"
            self._fault(reason, self._symbols.span(self.position, self.position + 1), pointer, kind)
        raise Broken
