"""What a Gemma 4 model writes in its turn, as regions: text, thoughts and calls.

Reading goes by token id: a marker is the control token, and text that looks like one stays text. So does a call
without its `<|tool_call>`, which models of the family write now and then: words that a model repeats could be that,
whoever wrote them first. These variants are read as the call or the thought that they mean:

- a stop token in place of `<tool_call|>`, once the arguments are complete
- `<|tool_call>:call:NAME{`, `<|tool_call>:NAME{` and `<|tool_call><call>NAME{`
- `call:NAME(...)` with round brackets
- a call that begins inside a thought, a stray `<channel|>`, and a thought at the beginning without its `<|channel>`
- `nil`, `none` and `null` for None, and `108.` for 108.0

Anything else is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentkit.dialects.base import CallRegion, Fault, Parsed, Region, Span, TextRegion, ThoughtRegion
from agentkit.dialects.gemma4_arguments import ArgumentsReader, Broken
from agentkit.dialects.symbols import Symbols
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import JSON

_CALL, _CALL_END = "<|tool_call>", "<tool_call|>"
_CHANNEL, _CHANNEL_END = "<|channel>", "<channel|>"
_CALL_LIMITS = frozenset((_CALL, _CALL_END))
_THOUGHT_LIMITS = frozenset((_CALL, _CHANNEL_END))
_NAME = r"""(?P<name>[^\s{}()\[\]<>|:,"'`]++)"""  # possessive, as all are: else blanks are divided in every way
_MARKED_HEAD = re.compile(rf"\s*+:?\s*+(?:call:|<call>)?\s*+{_NAME}\s*+")
_PREFIXED_HEAD = re.compile(rf"\s*+(?::\s*+(?:call:|<call>)?|call:|<call>)\s*+{_NAME}\s*+")


def parse(tokenizer: Tokenizer, tokens: Sequence[int], stops: frozenset[int]) -> Parsed:
    """See `agentkit.dialects.gemma4.Gemma4.parse`."""
    symbols = Symbols(tokenizer, tokens, stops)
    parser = _Parser(symbols)
    parser.run()
    return Parsed(
        regions=tuple(parser.regions),
        faults=tuple(parser.faults),
        open=parser.open,
        stop=symbols.stop,
        length=symbols.end + (symbols.stop is not None),
    )


class _Parser:
    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._position = 0
        self._text_start = 0
        self.regions: list[Region] = []
        self.faults: list[Fault] = []
        self.open = False

    def run(self) -> None:
        symbols = self._symbols
        self._begin()
        while self._position < len(symbols):
            mark = symbols.marks[self._position]
            if mark is None:
                self._position += 1
                continue
            self._end_text()
            if mark == _CALL:
                self._marked_call()
            elif mark == _CHANNEL:
                self._thought(self._position + 1)
            else:
                if mark != _CHANNEL_END:
                    self._stray(self._position, "the answer")
                self._position += 1
            self._text_start = self._position
        self._end_text()

    def _begin(self) -> None:
        """A turn may begin with a thought that lacks its opening."""
        symbols = self._symbols
        if symbols.text(0, 8) == "thought\n" and symbols.find(_THOUGHT_LIMITS, 0) < len(symbols):
            self._thought(0)
        self._text_start = self._position

    def _end_text(self) -> None:
        start, end = self._text_start, self._position
        text = self._symbols.text(start, end)
        if text.strip():
            self.regions.append(TextRegion(text, self._symbols.span(start, end)))

    def _stray(self, position: int, place: str) -> None:
        name = self._symbols.marks[position]
        span = self._symbols.span(position, position + 1)
        self.faults.append(Fault(f"the control token {name} has no place in {place}", span, kind="stray"))

    def _thought(self, content: int) -> None:
        """A channel whose text begins at `content`."""
        symbols, start = self._symbols, self._position
        end = symbols.find(_THOUGHT_LIMITS, content)
        for index in range(content, end):
            if symbols.marks[index] is not None:
                self._stray(index, "a thought")
        text = symbols.text(content, end)
        text = "" if text == "thought" else text.removeprefix("thought\n").strip()
        closed = end < len(symbols) and symbols.marks[end] == _CHANNEL_END
        span = symbols.span(start, end + closed)
        self.regions.append(ThoughtRegion(text, span))
        self._position = end + closed
        if end == len(symbols):
            self._ended(span, "thought", f"{_CHANNEL_END} is missing")

    def _ended(self, span: Span, region: str, missing: str) -> None:
        """Notes that the output ends inside a region."""
        if self._symbols.open:
            self.open = True
            self.faults.append(Fault(f"the output ends inside a {region}", span, kind="truncated"))
        else:
            stop = self._symbols.span(len(self._symbols), 0)
            self.faults.append(Fault(f"the turn ends inside a {region}: {missing}", stop, kind="unclosed"))

    def _marked_call(self) -> None:
        symbols, start = self._symbols, self._position
        limit = symbols.find(_CALL_LIMITS, start + 1)
        call = _Call(symbols, start, limit)
        call.read()
        closed = limit < len(symbols) and symbols.marks[limit] == _CALL_END
        self._finish(call, limit + closed)
        self._position = limit + closed

    def _finish(self, call: _Call, end: int) -> None:
        span = self._symbols.span(call.start, end)
        if call.cut:
            self.open = True
            call.faults.append(Fault("the output ends inside a call", span, kind="truncated"))
        self.regions.append(call.region(span, self._symbols.literal(call.start, end)))
        self.faults.extend(call.faults)


class _Call:
    """One call being read: its marker stands at `start`, and it must end before `limit`."""

    def __init__(self, symbols: Symbols, start: int, limit: int) -> None:
        self._symbols = symbols
        self._content = start + 1
        self._limit = limit
        self._name = ""
        self._name_span: Span | None = None
        self._arguments: dict[str, JSON] | None = None
        self._reader: ArgumentsReader | None = None
        self.start = start
        self.end = limit
        self.faults: list[Fault] = []
        self.cut = False

    def region(self, span: Span, raw: str) -> CallRegion:
        reader = self._reader
        return CallRegion(
            name=self._name,
            name_span=self._name_span,
            arguments=None if self.faults else self._arguments,
            value_spans=reader.value_spans if reader else {},
            key_spans=reader.key_spans if reader else {},
            values=reader.values if reader else {},
            cut_key=reader.cut_key if reader else None,
            cut_number=reader.cut_number if reader else None,
            raw=raw,
            span=span,
            faults=tuple(self.faults),
        )

    def read(self) -> None:
        """Reads a call behind its marker, to the last symbol before the limit."""
        symbols, bracket = self._symbols, self._content
        while bracket < self._limit and symbols.marks[bracket] is None and symbols.characters[bracket] not in "{(":
            bracket += 1
        text = symbols.text(self._content, bracket)
        head = _MARKED_HEAD.fullmatch(text)
        at_limit = bracket == self._limit
        if at_limit and self._at_open_end():
            self.cut = True
        elif head is None:
            span = symbols.span(self._content, max(bracket, self._content + 1))
            self.faults.append(Fault("the call has no name: call:NAME{...} is expected", span, kind="name"))
        else:
            if not _PREFIXED_HEAD.fullmatch(text):
                span = symbols.span(self._content, bracket)
                self.faults.append(Fault("'call:' must stand before the tool's name", span))
            self._set_name(head["name"], self._content + head.start("name"))
            if at_limit or symbols.marks[bracket] is not None:
                span = symbols.span(bracket, bracket + 1)
                self.faults.append(Fault("the arguments are missing: '{' must follow the tool's name", span))
            else:
                self._read_arguments(bracket)
                self._check_end()

    def _read_arguments(self, bracket: int) -> None:
        self._reader = ArgumentsReader(self._symbols, bracket, self._limit)
        try:
            self._arguments = self._reader.read()
            self.end = self._reader.position
        except Broken:
            self.cut = self._reader.cut
        self.faults.extend(self._reader.faults)

    def _check_end(self) -> None:
        """Nothing but the closing marker may follow complete arguments; a stop token does as well."""
        symbols = self._symbols
        if self._at_open_end():
            self.cut = True
        if self._arguments is None:
            return
        rest = self.end
        while rest < self._limit and symbols.characters[rest].isspace():
            rest += 1
        if rest < self._limit:
            self.faults.append(Fault("something follows the arguments", symbols.span(rest, self._limit)))
        if self._limit < len(symbols) and symbols.marks[self._limit] == _CALL:
            span = symbols.span(self._limit, self._limit + 1)
            self.faults.append(Fault(f"the call is not closed: {_CALL_END} is missing", span, kind="unclosed"))

    def _set_name(self, name: str, start: int) -> None:
        self._name = name
        self._name_span = self._symbols.span(start, start + len(name))

    def _at_open_end(self) -> bool:
        return self._limit == len(self._symbols) and self._symbols.open
