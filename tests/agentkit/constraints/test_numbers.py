"""Numbers in digits, against comparisons in Python and jsonschema's multipleOf."""

import random
import re
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agentkit.constraints.dfa import ByteDFA, TooLarge, Unsupported
from agentkit.constraints.numbers import FRACTION_DIGITS, SIGNIFICANT_DIGITS, apart, integers, near_multiples, numbers

INTEGER = re.compile(r"0|-?[1-9][0-9]*")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.([0-9]*[1-9]|0))?")
SMALL = st.integers(-300, 300)
BOUNDS = st.none() | st.integers(-(10**20), 10**20) | SMALL
FLOATS = st.floats(-1e6, 1e6) | st.integers(-50, 50) | st.decimals(-20, 20, places=2).map(float)


def written(dfa: ByteDFA, number: random.Random) -> str:
    """A word of the automaton."""
    state, found = 0, b""
    while not (dfa.accepting[state] and (number.random() < 0.3 or (dfa.table[state] < 0).all())):
        byte = number.choice([byte for byte in range(256) if dfa.table[state, byte] >= 0])
        state, found = int(dfa.table[state, byte]), found + bytes([byte])
    return found.decode()


def value_of(writing: str) -> float:
    """As the arguments of a call are read."""
    return float(writing) if "." in writing else int(writing)


def test_integers_are_written_as_python_does() -> None:
    dfa = integers()
    for writing in ("0", "7", "-7", "10", "-100", "9" * 20, "-" + "9" * 20):
        assert dfa.accepts(writing)
    for writing in ("", "-", "-0", "00", "01", "-01", "+1", "1.0", "1e3", " 1", "9" * 21, "٣"):
        assert not dfa.accepts(writing)


@settings(deadline=None)
@given(BOUNDS, BOUNDS, st.none() | st.integers(1, 60), st.lists(st.integers()), SMALL)
def test_integers_within_bounds(
    low: int | None, high: int | None, multiple: int | None, values: list[int], small: int
) -> None:
    dfa = integers(low, high, multiple)
    near = [bound + shift for bound in (low, high) if bound is not None for shift in range(-3, 4)]
    for value in [*values, small, *near]:
        expected = (low is None or value >= low) and (high is None or value <= high) and value % (multiple or 1) == 0
        if abs(value) < 10**20:
            assert dfa.accepts(str(value)) == expected
        assert expected or not dfa.accepts(str(value))


@pytest.mark.parametrize("multiple", [7, 60, 1000, 1024, 3600, 10_000])
def test_multiples_of_large_integers(multiple: int) -> None:
    dfa = integers(multiple_of=multiple)
    for value in [0, 1, 123, 10**13, *range(-1000, 1000, 37)]:
        assert dfa.accepts(str(value * multiple))
        assert dfa.accepts(str(value * multiple + 1)) == (multiple == 1)


def test_few_multiples_of_any_size_are_spelled_out() -> None:
    assert integers(0, 10**12, 10**10 + 1).accepts(str(42 * (10**10 + 1)))
    with pytest.raises(Unsupported, match="states"):
        integers(multiple_of=10**10 + 1)


def test_bounds_that_exclude_each_other_leave_nothing() -> None:
    assert integers(3, 2).is_empty
    assert integers(1, 4, 5).is_empty
    assert numbers(3, 2).is_empty
    assert numbers(exclusive_minimum=1, maximum=1).is_empty


def test_numbers_are_written_one_way() -> None:
    dfa = numbers()
    for writing in ("0", "0.0", "1.5", "-0.25", "3.0", "3", "-12.000001", "123456789.123456", "1" * 15):
        assert dfa.accepts(writing)
    for writing in ("-0", "-0.0", ".5", "1.", "1.50", "1.00", "01.5", "1e5", "1.0000001", "1" * 16, "1" * 12 + ".1234"):
        assert not dfa.accepts(writing)


@settings(deadline=None)
@given(st.none() | FLOATS, st.none() | FLOATS, st.none() | FLOATS, st.none() | FLOATS, st.integers(0, 2**32), FLOATS)
def test_numbers_within_bounds(
    low: float | None,
    high: float | None,
    above: float | None,
    below: float | None,
    seed: int,
    value: float,
) -> None:
    schema = {"minimum": low, "maximum": high, "exclusiveMinimum": above, "exclusiveMaximum": below}
    validator = Draft202012Validator({key: bound for key, bound in schema.items() if bound is not None})
    try:
        dfa = numbers(low, high, above, below)
    except Unsupported:
        return
    bounds = [bound for bound in schema.values() if bound is not None]
    writings = [format(Decimal(repr(value)), "f") for value in (value, *bounds)]
    writings += [str(round(bound + shift * 0.000001, 6)) for bound in bounds for shift in range(-2, 3)]
    for writing in writings:
        fits = NUMBER.fullmatch(writing) and writing not in ("-0.0", "-0")
        fits = fits and len(writing.partition(".")[2]) <= FRACTION_DIGITS
        if fits and sum(map(str.isdigit, writing)) <= SIGNIFICANT_DIGITS:
            assert dfa.accepts(writing) == validator.is_valid(value_of(writing)), writing
    number = random.Random(seed)
    for _ in range(20 if not dfa.is_empty else 0):
        writing = written(dfa, number)
        assert NUMBER.fullmatch(writing)
        assert validator.is_valid(value_of(writing)), writing


@pytest.mark.parametrize("bound", [0.1, 1e-9, 2**0.5, 123456.789, 1e14 - 1, 0.30000000000000004])
def test_a_bound_is_exact_as_a_float(bound: float) -> None:
    for dfa, valid in (
        (numbers(minimum=bound), lambda value: value >= bound),
        (numbers(exclusive_minimum=bound), lambda value: value > bound),
        (numbers(maximum=bound), lambda value: value <= bound),
        (numbers(exclusive_maximum=bound), lambda value: value < bound),
    ):
        for digits in range(1, 7):
            for shift in (-1, 0, 1):
                value = round(bound, digits) + shift * 10**-digits
                writing = format(Decimal(repr(round(value, digits))), "f")
                if NUMBER.fullmatch(writing) and len(writing) <= SIGNIFICANT_DIGITS and writing != "-0.0":
                    assert dfa.accepts(writing) == valid(value_of(writing))


def test_fractions_as_fine_as_the_bounds_are_held() -> None:
    dfa = numbers(1e-8, 5e-8)
    assert dfa.accepts("0.00000003")
    assert not dfa.accepts("0.00000006")


def test_between_bounds_fractions_are_finer_than_the_bounds() -> None:
    for dfa in (numbers(0, 1), numbers(exclusive_minimum=0, maximum=1e-6)):
        assert dfa.accepts("0.000000000001") and dfa.accepts("0.0000005") and not dfa.accepts("-0.0000005")


def test_what_cannot_be_written_in_so_many_digits_is_not_supported() -> None:
    with pytest.raises(Unsupported, match="digits"):
        numbers(minimum=1e20)
    with pytest.raises(Unsupported, match="digits"):
        numbers(exclusive_minimum=0.0, maximum=1e-300)


@settings(deadline=None)
@given(
    st.sampled_from([1, 3, 7, 10, 100, 2.0, 0.5, 0.25, 1.5, 2.5, 0.125, 0.75, 12.5]),
    st.none() | FLOATS,
    st.none() | FLOATS,
    st.integers(0, 2**32),
    st.integers(-(10**9), 10**9),
)
def test_multiples_that_floats_can_tell(
    multiple: float, low: float | None, high: float | None, seed: int, count: int
) -> None:
    assume(low is None or high is None or low <= high)
    schema = {"multipleOf": multiple, "minimum": low, "maximum": high}
    validator = Draft202012Validator({key: bound for key, bound in schema.items() if bound is not None})
    try:
        dfa = numbers(low, high, multiple_of=multiple)
    except Unsupported:
        return
    for value in (count * multiple, count // 10**7 * multiple, count * multiple + 0.1, count / 8):
        writing = str(value)
        if NUMBER.fullmatch(writing) and len(writing) <= SIGNIFICANT_DIGITS and writing != "-0.0":
            fits = len(writing.partition(".")[2]) <= FRACTION_DIGITS
            assert dfa.accepts(writing) == (fits and validator.is_valid(value_of(writing)))
    number = random.Random(seed)
    for _ in range(20 if not dfa.is_empty else 0):
        assert validator.is_valid(value_of(written(dfa, number)))


@pytest.mark.parametrize(("multiple", "low", "high"), [(0.01, 0, 20), (0.1, -5, 5), (0.3, 0, 100.5), (1e-6, 0, 0.01)])
def test_other_multiples_are_those_that_jsonschema_takes(multiple: float, low: float, high: float) -> None:
    dfa = numbers(low, high, multiple_of=multiple)
    validator = Draft202012Validator({"multipleOf": multiple, "minimum": low, "maximum": high})
    places = len(format(Decimal(repr(multiple)), "f").partition(".")[2])
    taken = 0
    for count in range(-10, int(high / multiple) + 10):
        value = round(count * multiple, places)
        writing = format(Decimal(repr(value)), "f")
        valid = validator.is_valid(value_of(writing)) and writing != "-0.0"
        assert dfa.accepts(writing) == valid
        taken += valid
    assert taken > 100 or multiple == 0.1


def test_other_multiples_need_bounds() -> None:
    with pytest.raises(Unsupported, match="bounds"):
        numbers(multiple_of=0.01)
    with pytest.raises(Unsupported, match="too many"):
        numbers(0, 10**6, multiple_of=0.01)


@pytest.mark.parametrize(
    ("multiple", "low", "high"),
    [(0.01, None, None), (0.1, None, 5e5), (0.1, 0, 1e6), (3.3, -7, None), (7919, None, None), (7919, 10**6, None)],
)
def test_multiples_that_cant_be_held_are_narrowed_to_certain_ones(
    multiple: float, low: float | None, high: float | None
) -> None:
    bounds = low, high, None, None
    certain = near_multiples(*bounds, multiple, strict=True)
    schema = {"multipleOf": multiple, "minimum": low, "maximum": high}
    validator = Draft202012Validator({key: bound for key, bound in schema.items() if bound is not None})
    chance = random.Random(0)
    values = [value_of(written(certain, chance)) for _ in range(200)]
    assert all(validator.is_valid(value) for value in values)
    assert len(set(values)) > 10
    near = near_multiples(*bounds, multiple, strict=False)
    assert all(near.accepts(str(value)) for value in values)


def test_what_is_no_multiple() -> None:
    odd = apart(2)
    assert odd.accepts("7") and odd.accepts("2.5") and not odd.accepts("8") and not odd.accepts("8.0")
    cents = apart(0.01)
    assert cents.accepts("0.125") and not cents.accepts("0.29")
    with pytest.raises(TooLarge):
        apart(7919)
