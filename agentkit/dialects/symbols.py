"""Tokens as a row of symbols, each with the tokens that it covers.

A symbol is one character or one control token. Characters are read from the tokens' bytes, so one that is spread over
several tokens, or that shares a token with its neighbours, still has its exact span.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from agentkit.dialects.base import Span
from agentkit.dialects.tokenizer import Tokenizer


class Symbols:
    """The symbols of one turn, up to its stop token.

    Attributes:
        characters: the character of each symbol; empty for a control token.
        marks: the name of each control token; None for a character.
        stop: the stop token, or None when the tokens end without one.
        end: how many tokens come before the stop.
    """

    def __init__(self, tokenizer: Tokenizer, tokens: Sequence[int], stops: frozenset[int]) -> None:
        self.characters: list[str] = []
        self.marks: list[str | None] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending: int | None = None  # the token in which an unfinished character began
        self.end = next((index for index, token in enumerate(tokens) if token in stops), len(tokens))
        self.stop = tokens[self.end] if self.end < len(tokens) else None
        for index in range(self.end):
            token = tokens[index]
            if tokenizer.is_control(token):
                self._flush(index)
                self._add("", tokenizer.token_text(token), index, index + 1)
            else:
                self._read(tokenizer.token_bytes(token), index)
        self._flush(self.end)

    def __len__(self) -> int:
        return len(self.characters)

    @property
    def open(self) -> bool:
        """Whether more may follow."""
        return self.stop is None

    def text(self, start: int, end: int) -> str:
        """The characters between two symbols, without control tokens."""
        return "".join(self.characters[start:end])

    def literal(self, start: int, end: int) -> str:
        """The same with control tokens shown by name."""
        pairs = zip(self.characters[start:end], self.marks[start:end], strict=True)
        return "".join(character if mark is None else mark for character, mark in pairs)

    def span(self, start: int, end: int) -> Span:
        """The fewest tokens that cover the symbols from `start` up to `end`; at the end of the row, the stop token."""
        if start >= len(self):
            return self.end, self.end + (self.stop is not None)
        return self._starts[start], self._ends[max(start, end - 1)]

    def find(self, marks: frozenset[str], start: int) -> int:
        """The next symbol that is one of the control tokens, or the end of the row."""
        return next((index for index in range(start, len(self)) if self.marks[index] in marks), len(self))

    def _read(self, data: bytes, index: int) -> None:
        if self._pending is None:
            try:
                for character in data.decode():
                    self._add(character, None, index, index + 1)
                return
            except UnicodeDecodeError:
                pass
        for number in range(len(data)):
            started = index if self._pending is None else self._pending
            for character in self._decoder.decode(data[number : number + 1]):
                self._add(character, None, started, index + 1)
                started = index
            self._pending = started if self._decoder.getstate()[0] else None

    def _flush(self, index: int) -> None:
        """Ends a run of characters; bytes that make no character become U+FFFD."""
        for character in self._decoder.decode(b"", True):
            self._add(character, None, index - 1 if self._pending is None else self._pending, index)
        self._decoder.reset()
        self._pending = None

    def _add(self, character: str, mark: str | None, start: int, end: int) -> None:
        self.characters.append(character)
        self.marks.append(mark)
        self._starts.append(start)
        self._ends.append(end)
