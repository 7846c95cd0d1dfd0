"""Integers and numbers, in digits.

Numbers are written one way: no "-0", no leading zeros, no exponent, a fraction without needless zeros ("1.0" is what
Python writes for a whole float). Whether a value is within bounds is what a comparison in Python says of it as it is
read back: an int where there is no point, else a float.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import gcd
from typing import NamedTuple

import numpy as np

from agentkit.constraints.dfa import LIMIT, ByteDFA, Move, TooLarge, Unsupported, literals
from agentkit.constraints.nodes import is_multiple

INTEGER_DIGITS = 20
"""Most digits of an integer on a side without a bound: those of 64 bits."""

SIGNIFICANT_DIGITS = 15
"""Most digits of a number. So many a float keeps apart: numbers that are written differently are different."""

FRACTION_DIGITS = 6
"""Most digits behind the point, where there are neither bounds nor multipleOf."""

_MOST_FRACTION_DIGITS = 12  # where there are
_FEW = 250  # multiples that are tried where not all of them can be
_EXPLORED = 20_000  # states on the way to a smaller automaton, and multiples that are tried one by one


def integers(minimum: int | None = None, maximum: int | None = None, multiple_of: int | None = None) -> ByteDFA:
    """Exactly the integers within the bounds, both included, that are multiples.

    Raises:
        Unsupported: the multiples are too far apart to be told by their digits, and too many to be spelled out.
    """
    digits = max(INTEGER_DIGITS, *(len(str(abs(bound))) for bound in (minimum, maximum) if bound is not None), 0)
    low = 1 - 10**digits if minimum is None else minimum
    high = 10**digits - 1 if maximum is None else maximum
    if multiple_of is None or multiple_of == 1:
        return _between(low, high, 0, digits)
    if abs(high - low) // multiple_of <= _EXPLORED // 10:
        first = -(-low // multiple_of) * multiple_of
        return literals(map(str, range(first, high + 1, multiple_of)))
    return _among(_between(low, high, 0, digits), _multiples(multiple_of, 0))


def numbers(
    minimum: float | None = None,
    maximum: float | None = None,
    exclusive_minimum: float | None = None,
    exclusive_maximum: float | None = None,
    multiple_of: float | None = None,
    *,
    decimal: bool = False,
) -> ByteDFA:
    """The numbers within the bounds that have at most `SIGNIFICANT_DIGITS`.

    At most 12 digits are behind the point, and `FRACTION_DIGITS` where there are neither bounds nor multiples.

    Multiples are what jsonschema takes for some: a quotient of floats that is whole. Where that is not the same as in
    decimals (0.3 is no multiple of 0.1), the multiples within the bounds are tried one by one. With `decimal`, they
    are what decimals say.

    Raises:
        Unsupported: such multiples have no bounds or are too many, or no number of so many digits is within the bounds.
    """
    bounds = _Bounds(minimum, maximum, exclusive_minimum, exclusive_maximum)
    if bounds.contradict():
        return literals([])
    free = (*bounds, multiple_of) == (None,) * 5
    places = FRACTION_DIGITS if free else _MOST_FRACTION_DIGITS
    most = 10 ** (SIGNIFICANT_DIGITS + places)
    found = _between(bounds.first(-most, most, places), bounds.last(-most, most, places), places, SIGNIFICANT_DIGITS)
    if found.is_empty:
        raise Unsupported(f"no number of at most {SIGNIFICANT_DIGITS} digits is within the bounds")
    if multiple_of is None:
        return found
    step = _decimal(multiple_of)
    if step != Fraction(multiple_of) and not decimal:  # a float that is another number than its decimals say
        return found.intersect(_tried(bounds, multiple_of))
    return _among(found, _multiples_of(multiple_of))


@cache
def all_numbers() -> ByteDFA:
    """All that `numbers` gives for any bounds and multiples."""
    most = 10 ** (SIGNIFICANT_DIGITS + _MOST_FRACTION_DIGITS)
    return _between(-most, most, _MOST_FRACTION_DIGITS, SIGNIFICANT_DIGITS)


def near_multiples(
    minimum: float | None,
    maximum: float | None,
    exclusive_minimum: float | None,
    exclusive_maximum: float | None,
    multiple_of: float,
    *,
    strict: bool,
) -> ByteDFA:
    """Where `numbers` can't give the multiples within the bounds: what may be one, or with `strict` some that are.

    What may be one is what decimals say, or any number where that can't be held. With `strict`, those are left whose
    step is a float exactly and a multiple (0.25 of 0.01), or else a few hundred that are tried one by one.
    """
    step = _decimal(multiple_of)
    if not strict:
        try:
            return _multiples_of(multiple_of)
        except TooLarge:
            return all_numbers()
    halves = (step.denominator & -step.denominator) if step.denominator > 1 else 1  # the powers of two in it
    bounds = (minimum, maximum, exclusive_minimum, exclusive_maximum)
    try:
        found = numbers(*bounds, step.numerator / halves)
        if step.denominator > 1 and not found.is_empty:
            return found
    except Unsupported:
        pass
    return _tried(_Bounds(*bounds), multiple_of, most=_FEW)


def apart(multiple_of: float) -> ByteDFA:
    """All numbers but the multiples. Raises `TooLarge`."""
    return all_numbers().minus(_multiples_of(multiple_of), _EXPLORED)


class _Bounds(NamedTuple):
    minimum: float | None
    maximum: float | None
    exclusive_minimum: float | None
    exclusive_maximum: float | None

    def contradict(self) -> bool:
        """Whether no number at all is within them."""
        return any(
            low is not None and high is not None and (low > high or (strict and low == high))
            for low, high, strict in (
                (self.minimum, self.maximum, False),
                (self.minimum, self.exclusive_maximum, True),
                (self.exclusive_minimum, self.maximum, True),
                (self.exclusive_minimum, self.exclusive_maximum, True),
            )
        )

    def high_enough(self, value: float) -> bool:
        return (self.minimum is None or value >= self.minimum) and (
            self.exclusive_minimum is None or value > self.exclusive_minimum
        )

    def low_enough(self, value: float) -> bool:
        return (self.maximum is None or value <= self.maximum) and (
            self.exclusive_maximum is None or value < self.exclusive_maximum
        )

    def first(self, low: int, high: int, places: int) -> int:
        """The first of these units of the last place that is high enough, as a float; the one after them if none is."""
        while low <= high:
            middle = (low + high) // 2
            if self.high_enough(middle / 10**places):
                high = middle - 1
            else:
                low = middle + 1
        return low

    def last(self, low: int, high: int, places: int) -> int:
        """The last of them that is low enough; the one before them if none is."""
        while low <= high:
            middle = (low + high) // 2
            if self.low_enough(middle / 10**places):
                low = middle + 1
            else:
                high = middle - 1
        return high


def _between(low: int, high: int, places: int, digits: int) -> ByteDFA:
    """Numbers from `low` to `high`, both in units of the last of so many places, in at most so many digits."""
    form = _form(places, digits)
    found = literals([])
    if high >= 0:
        found = form.intersect(_ordered(max(low, 0), places, (0, 1))).intersect(_ordered(high, places, (-1, 0)))
    if low < 0:
        part = form.intersect(_ordered(max(-high, 1), places, (0, 1))).intersect(_ordered(-low, places, (-1, 0)))
        found = found.union(_negated(part))
    return found


def _form(places: int, digits: int) -> ByteDFA:
    """How numbers that are not negative are written: at most so many places behind the point, and so many digits."""

    def moves(state: tuple[int, int, bool]) -> Iterator[Move[tuple[int, int, bool]]]:
        whole, behind, zero = state  # how many digits before and behind the point (-1: no point), was the last a zero
        if behind < 0 and places and 0 < whole < digits:
            yield ord("."), ord("."), (whole, 0, False)
        if behind == places or whole + max(behind, 0) == digits or (behind < 0 and whole == 1 and zero):
            return
        following = (whole + 1, -1) if behind < 0 else (whole, behind + 1)
        yield ord("0"), ord("0"), (*following, behind >= 0 or whole == 0)
        yield ord("1"), ord("9"), (*following, False)

    def accepts(state: tuple[int, int, bool]) -> bool:
        whole, behind, zero = state
        return whole > 0 and (behind in (-1, 1) or (behind > 1 and not zero))

    return ByteDFA.explore((0, -1, False), moves, accepts)


def _ordered(bound: int, places: int, wanted: tuple[int, ...]) -> ByteDFA:
    """What is less than (-1), equal to (0) or greater than (1) a bound of at least 0, in units of its last place."""
    digits = str(bound).zfill(places + 1)
    point = len(digits) - places
    text = f"{digits[:point]}.{digits[point:]}"

    def moves(state: tuple[int, int]) -> Iterator[Move[tuple[int, int]]]:
        position, order = state  # in `text`, and how what was read compares with what stands before it
        if position <= point:
            yield ord("."), ord("."), (point + 1, order if position == point else -1)
        if position == point:
            yield ord("0"), ord("9"), (point, 1)
        elif position < len(text):
            here = ord(text[position])
            for first, last, found in ((ord("0"), here - 1, -1), (here, here, 0), (here + 1, ord("9"), 1)):
                if first <= last:
                    yield first, last, (position + 1, order or found)

    def accepts(state: tuple[int, int]) -> bool:
        position, order = state
        if position < point or (not order and text[position:].strip(".0")):
            order = -1
        return order in wanted

    return ByteDFA.explore((0, 0), moves, accepts)


def _negated(dfa: ByteDFA) -> ByteDFA:
    """The same with a minus sign before it."""
    table = np.full((dfa.size + 1, 256), -1, np.int32)
    table[1:] = np.where(dfa.table < 0, -1, dfa.table + 1)
    table[0, ord("-")] = 1
    return ByteDFA.of(table, np.append(False, dfa.accepting))


def _multiples(step: int, places: int) -> ByteDFA:
    """All digits that make a multiple of `step` units of the last of so many places. Raises `TooLarge`."""
    unit = 10**places
    odd = step  # what is left of it without the factors of ten: no automaton has fewer states
    while (factor := gcd(odd, 10)) > 1:
        odd //= factor
    if odd > LIMIT:
        raise TooLarge(f"the multiples need more than {LIMIT} states")
    coarse = step // gcd(step, unit)  # what the digits before the point leave matters no more exactly than that

    def moves(state: tuple[int, int]) -> Iterator[Move[tuple[int, int]]]:
        rest, behind = state
        if behind < 0:
            yield ord("-"), ord("-"), state
            if places:
                yield ord("."), ord("."), (rest * unit % step, 0)
        if behind < places:
            for digit in range(10):
                value = (
                    (rest * 10 + digit) % coarse if behind < 0 else (rest + digit * unit // 10 ** (behind + 1)) % step
                )
                yield ord("0") + digit, ord("0") + digit, (value, behind if behind < 0 else behind + 1)

    def accepts(state: tuple[int, int]) -> bool:
        rest, behind = state
        return rest * (unit if behind < 0 else 1) % step == 0

    return ByteDFA.explore((0, -1), moves, accepts, _EXPLORED)


def _among(numbers: ByteDFA, multiples: ByteDFA) -> ByteDFA:
    found = numbers.intersect(multiples, _EXPLORED)
    if found.size > LIMIT:
        raise TooLarge(f"the multiples need {found.size} states, more than {LIMIT}")
    return found


def _multiples_of(value: float) -> ByteDFA:
    """All digits that make a multiple. Raises `TooLarge`."""
    behind = max(1, _places(value))
    return _multiples(int(_decimal(value) * 10**behind), behind)


def _tried(bounds: _Bounds, multiple_of: float, most: int | None = None) -> ByteDFA:
    """The multiples within the bounds for which jsonschema's division gives a whole quotient.

    Args:
        most: how many are tried at most, from a bound or from zero on; None for all.
    """
    step = _decimal(multiple_of)
    lowest = [_decimal(bound) for bound in (bounds.minimum, bounds.exclusive_minimum) if bound is not None]
    highest = [_decimal(bound) for bound in (bounds.maximum, bounds.exclusive_maximum) if bound is not None]
    if most is None and not (lowest and highest):
        raise Unsupported(f"the multiples of {multiple_of!r} can only be tried one by one, and have no bounds")
    last = -(-min(highest) // step) if highest else None
    first = max(lowest) // step if lowest else min(0, last or 0) - (most or 0)
    last = first + 2 * (most or 0) if last is None else last
    if most is not None:
        last = min(last, first + 2 * most)
    if last - first > _EXPLORED:
        raise Unsupported(f"the multiples of {multiple_of!r} within the bounds are too many to be tried")
    return literals(
        writing
        for count in range(first, last + 1)
        for writing in _writings(count * step)
        if is_multiple(float(writing) if "." in writing else int(writing), multiple_of)
        and bounds.high_enough(float(writing))
        and bounds.low_enough(float(writing))
    )


def _writings(value: Fraction) -> Iterator[str]:
    """The ways to write a decimal number: two if it is whole."""
    exact = format(Decimal(value.numerator) / Decimal(value.denominator), "f")
    if value.denominator == 1:
        yield exact
    yield exact if "." in exact else f"{exact}.0"


def _decimal(value: float) -> Fraction:
    """What a number's digits say, which for a float is not quite what it is."""
    return Fraction(repr(value))


def _places(value: float) -> int:
    """How many digits behind the point the number has."""
    return max(0, -int(Decimal(repr(value)).normalize().as_tuple().exponent))
