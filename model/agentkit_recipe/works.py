"""What tools that work on text and numbers return, so that the results of the catalogue are true."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

_ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
          (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))  # fmt: skip


def roman(number: int) -> str:
    """A positive number in Roman numerals."""
    text = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        text += letters * count
    return text


def cased(text: str, case: str) -> str:
    """`text` in "upper", "lower" or "title" case."""
    return {"upper": text.upper(), "lower": text.lower(), "title": text.title()}[case]


def hypotenuse(a: int, b: int) -> float:
    return round(math.hypot(a, b), 2)


def in_base(number: int, base: str) -> str:
    """`number` in base "2", "8" or "16"."""
    return format(number, {"2": "b", "8": "o", "16": "X"}[base])


WORKS: Mapping[str, Callable[..., Any]] = {
    "backwards": lambda text: text[::-1],
    "occurrences": lambda text, letter: text.lower().count(letter),
    "cased": cased,
    "hypotenuse": hypotenuse,
    "in_base": in_base,
    "roman": roman,
}
