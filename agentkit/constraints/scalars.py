"""Strings and numbers as byte automata."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import TypeAlias

from agentkit.constraints import formats, numbers, regex
from agentkit.constraints.dfa import ByteDFA, TooLarge, Unsupported, literals, text
from agentkit.constraints.nodes import Number, Text

_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_MOST_DIGITS = 12  # that are ever written behind the point

_Part: TypeAlias = tuple[str, Callable[[], ByteDFA | None]]
"""A keyword and what makes its automaton."""


@lru_cache(maxsize=1024)
def text_bytes(node: Text) -> tuple[ByteDFA, tuple[str, ...]]:
    """What a string may be, in UTF-8, and the keywords that this does not hold."""
    parts: list[_Part] = [("pattern", partial(regex.compile, pattern)) for pattern in node.patterns]
    parts += [("format", partial(formats.of, name)) for name in node.formats]
    if node.min_length or node.max_length is not None:
        keyword = "minLength" if node.max_length is None else "maxLength"
        parts.append((keyword, partial(text, node.min_length, node.max_length)))
    return _joined(text(), parts, [value.encode() for value in node.excluded])


@lru_cache(maxsize=1024)
def number_bytes(node: Number) -> tuple[ByteDFA, tuple[str, ...]]:
    """What a number may be, in digits, and the keywords that this does not hold."""
    parts: list[_Part] = []
    whole = [int(multiple) for multiple in node.multiples if node.integer and multiple == int(multiple)]
    multiples = [multiple for multiple in node.multiples if multiple not in whole]
    bounds = (node.minimum, node.maximum, node.exclusive_minimum, node.exclusive_maximum)
    if node.integer:
        low, high = (None if bound is None else int(bound) for bound in bounds[:2])
        base = numbers.integers(low, high)
        if whole:
            parts.append(("multipleOf", partial(numbers.integers, low, high, math.lcm(*whole))))
    else:
        base = numbers.numbers()
        if bounds != (None,) * 4:
            keyword = next(keyword for keyword, bound in zip(_BOUNDS, bounds, strict=True) if bound is not None)
            parts.append((keyword, partial(numbers.numbers, *bounds)))
    parts += [("multipleOf", partial(numbers.numbers, *bounds, multiple)) for multiple in multiples]
    return _joined(base, parts, [writing.encode() for value in node.excluded for writing in _writings(value)])


def _joined(base: ByteDFA, parts: Sequence[_Part], excluded: list[bytes]) -> tuple[ByteDFA, tuple[str, ...]]:
    """The base with every part that can be had, without what is excluded."""
    lost: dict[str, None] = {}
    if excluded:
        parts = [*parts, ("not", lambda: base.minus(literals(excluded)))]
    for keyword, make in parts:
        try:
            part = make()
            base = base if part is None else base.intersect(part)
        except (Unsupported, TooLarge):
            lost[keyword] = None
    return base, tuple(lost)


def _writings(value: float) -> Iterator[str]:
    """All the ways in which a number is written: with zeros behind its fraction, too."""
    exact = format(Decimal(repr(value)), "f")
    whole, _, fraction = exact.partition(".")
    fraction = fraction.rstrip("0")
    for sign in ("", "-") if not value else ("",):
        whole = whole.lstrip("-") if not value else whole
        if not fraction:
            yield f"{sign}{whole}"
        for digits in range(max(len(fraction), 1), _MOST_DIGITS + 1):
            yield f"{sign}{whole}.{fraction.ljust(digits, '0')}"
