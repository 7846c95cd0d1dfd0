"""Arithmetic that is said in English words: "83 plus 269", "two times 59 divided by 3"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentkit.constraints.spelled import spelled

_SIGNS = {
    "plus": "+",
    "minus": "-",
    "times": "*",
    "multiplied by": "*",
    "divided by": "/",
    "x": "*",
    "\u00d7": "*",
    "\u00f7": "/",
    **{sign: sign for sign in "+-*/"},
}
_DIGITS = re.compile(r"(?<![\w.,])\d+(?:\.\d+)?(?!\w|[.,]\d)")


def expressions(text: str) -> Iterator[list[tuple[str, int]]]:
    """What a text has to work out, as a program writes it: numbers and signs in turn, each with the character at which
    what says it begins. Only what is not written so in the text."""
    numbers = [(match[0], *match.span()) for match in _DIGITS.finditer(text)]
    numbers = sorted([*numbers, *((str(value), *span) for value, span in spelled(text))], key=lambda number: number[1])
    parts: list[tuple[str, int]] = []
    begin = behind = 0
    for number, start, end in numbers:
        between = text[behind:start]
        sign = _SIGNS.get(" ".join(between.lower().split()))
        if not parts or sign is None:
            yield from _worth_writing(parts, text[begin:behind])
            parts, begin = [(number, start)], start
        else:
            parts += [(f" {sign} ", start - len(between.lstrip())), (number, start)]
        behind = end
    yield from _worth_writing(parts, text[begin:behind])


def _worth_writing(parts: list[tuple[str, int]], said: str) -> Iterator[list[tuple[str, int]]]:
    if len(parts) > 1 and "".join(part for part, _ in parts) != said:
        yield parts
