"""Strings and numbers as byte automata."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache, lru_cache, partial
from typing import TypeAlias

from agentkit.constraints import formats, numbers, regex
from agentkit.constraints.dfa import LIMIT, ByteDFA, TooLarge, Unsupported, literals, text
from agentkit.constraints.nodes import Number, Text
from agentkit.messages import JSON

_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_MOST_DIGITS = 12  # that are ever written behind the point

_EXACT = 2**53  # up to here quotients of floats are whole for multiples alone

_EXPLORED, _MOST = 5 * LIMIT, LIMIT // 2  # states on the way to an automaton, and of it

_Part: TypeAlias = tuple[str, Callable[[], ByteDFA | None]]
"""A keyword and what makes its automaton."""

Bytes: TypeAlias = tuple[ByteDFA, Mapping[str, str]]
"""What may be written, and the keywords that this does not hold, with why."""


@lru_cache(maxsize=1024)
def text_bytes(node: Text) -> Bytes:
    """What a string may be, in UTF-8. In ASCII alone, where the automaton would be too large otherwise."""
    parts: list[_Part] = [("pattern", partial(regex.compile, pattern)) for pattern in node.patterns]
    parts += [("not", partial(regex.without, pattern)) for pattern in node.forbidden]
    parts += [("format", partial(formats.of, name)) for name in node.formats]
    if node.min_length or node.max_length is not None:
        keyword = "minLength" if node.max_length is None else "maxLength"
        parts.append((keyword, partial(text, node.min_length, node.max_length)))
    excluded = [value.encode() for value in node.excluded]
    found, lost = _joined(text(), parts, excluded)
    if any(isinstance(error, TooLarge) for error in lost.values()):
        found, lost = min(
            (found, lost), _joined(regex.compile("^[ -~]*$"), parts, excluded), key=lambda pair: len(pair[1])
        )
    return found, {keyword: str(error) for keyword, error in lost.items()}


def number_bytes(node: Number) -> Bytes:
    """What a number may be, in digits."""
    return _number_bytes(node, any(isinstance(multiple, float) for multiple in node.multiples))


@lru_cache(maxsize=1024)
def _number_bytes(node: Number, by_floats: bool) -> Bytes:
    """The same. `by_floats`: a step is a float, by which quotients are floats, and == does not tell it from an int."""
    if node.excluded:
        base, unheld = number_bytes(replace(node, excluded=()))  # kept for what else a turn excludes
        found, lost = _joined(base, (), [writing.encode() for value in node.excluded for writing in _writings(value)])
        return found, {**unheld, **{keyword: str(error) for keyword, error in lost.items()}}
    parts: list[_Part] = []
    whole = [int(multiple) for multiple in node.multiples if node.integer and multiple == int(multiple)]
    multiples = [multiple for multiple in node.multiples if multiple not in whole]
    bounds = (node.minimum, node.maximum, node.exclusive_minimum, node.exclusive_maximum)
    if node.integer:
        low, high = (None if bound is None else int(bound) for bound in bounds[:2])
        base = numbers.integers(low, high)
        if whole:
            parts.append(("multipleOf", partial(numbers.integers, low, high, math.lcm(*whole))))
        if by_floats:
            parts.append(("multipleOf", partial(numbers.integers, -_EXACT, _EXACT)))
    else:
        bounded = bounds != (None,) * 4
        base = numbers.all_numbers() if bounded or multiples else numbers.numbers()
        if bounded:
            keyword = next(keyword for keyword, bound in zip(_BOUNDS, bounds, strict=True) if bound is not None)
            parts.append((keyword, partial(numbers.numbers, *bounds)))
    parts += [
        ("multipleOf", partial(numbers.numbers, *bounds, multiple, decimal=node.decimal)) for multiple in multiples
    ]
    parts += [("not", partial(numbers.apart, step)) for step in node.apart]
    found, lost = _joined(base, parts)
    if "multipleOf" in lost:
        for multiple in node.multiples:
            found = found.intersect(numbers.near_multiples(*bounds, multiple, strict=node.strict), _EXPLORED)
    return found, {keyword: str(error) for keyword, error in lost.items()}


def scalars(node: Text | Number, most: int) -> list[JSON] | None:
    """All strings or numbers that a node writes; None where there are more than so many."""
    if isinstance(node, Text):
        words = text_bytes(node)[0].words(most)
        return None if words is None else [word.decode("utf-8", "surrogatepass") for word in words]
    words = number_bytes(node)[0].intersect(_shortest(), _EXPLORED).words(most)
    return None if words is None else [json.loads(word) for word in words]


@cache
def _shortest() -> ByteDFA:
    """Each number as it is written without needless digits: 4 and not 4.0, 0 and not -0."""
    return regex.compile(r"^(0|-?([1-9][0-9]*|(0|[1-9][0-9]*)\.[0-9]*[1-9]))$")


def _joined(
    base: ByteDFA, parts: Sequence[_Part], excluded: Sequence[bytes] = ()
) -> tuple[ByteDFA, dict[str, Unsupported]]:
    """The base with every part that can be had, without what is excluded, and what can't be had."""
    lost: dict[str, Unsupported] = {}
    if excluded:
        parts = [*parts, ("not", lambda: base.minus(literals(excluded)))]
    for keyword, make in parts:
        try:
            part = make()
            both = base if part is None else base.intersect(part, _EXPLORED)
            if both.size > _MOST:
                raise TooLarge(f"the automaton has {both.size} states, more than {_MOST}")
            base = both
        except Unsupported as error:
            lost[keyword] = error
    return base, lost


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
