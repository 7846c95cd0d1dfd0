"""Values that nodes write, and nodes without some of their values."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agentkit.constraints.fits import fits
from agentkit.constraints.nodes import (
    Array,
    Choice,
    Map,
    Node,
    Number,
    Object,
    Property,
    Refused,
    Text,
    identity,
    union,
)
from agentkit.constraints.normalize import normalize
from agentkit.constraints.scalars import scalars
from agentkit.constraints.without import every, without
from tests.agentkit.constraints.schemas import Case, plain_values, soups, tools

INTEGER, WORD = Number(integer=True), Choice((True, False))
PAIR = Object((Property("a", WORD, False), Property("b", INTEGER, True)))


@settings(deadline=None, max_examples=60)
@given(case=tools, data=st.data())
def test_what_a_schema_allows_fits(case: Case, data: st.DataObject) -> None:
    assert fits(normalize(case.schema).node, data.draw(case.values))


@settings(deadline=None, max_examples=100)
@given(schema=soups, values=st.lists(plain_values, max_size=10))
def test_what_fits_is_valid(schema: dict[str, Any], values: list[Any]) -> None:
    try:
        normalized = normalize(schema)
    except Refused:
        return
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for value in values:
        if fits(normalized.node, {"x": value}) and not normalized.unheld:
            assert validator.is_valid({"x": value})


@pytest.mark.parametrize(
    ("node", "yes", "no"),
    [
        (Array((Text(),), INTEGER, 2, 3), ["a", 1], ["a", "b"]),
        (Array((), INTEGER, unique=True), [1, 2], [1, 1]),
        (Object((Property("a", WORD, False), Property("b", WORD, False)), 1, 1), {"a": True}, {"a": True, "b": True}),
        (PAIR, {"b": 1}, {"a": True}),
        (Map(Text(max_length=1), INTEGER, 1, 2), {"k": 1}, {"key": 1}),
        (Map(Text(), INTEGER, max_properties=1), {}, {"a": 1, "b": 2}),
        (union([INTEGER, Choice((None,))]), None, True),
    ],
)
def test_a_value_fits_or_does_not(node: Any, yes: Any, no: Any) -> None:
    assert fits(node, yes)
    assert not fits(node, no)


def test_many_values_are_left_out_by_one_difference() -> None:
    rows = [{"a": bool(number % 2), "b": number} for number in range(9)]
    left = without(PAIR, rows, exact=True)
    assert not any(fits(left, row) for row in rows)
    assert fits(left, {"a": True, "b": 77})
    lists = [[number, number + 1] for number in range(9)]
    left = without(Array((), INTEGER), lists, exact=True)
    assert not any(fits(left, each) for each in lists)
    assert fits(left, [77, 1]) and fits(left, [1, 2, 3])
    maps = [{"k": number, "l": number + 1} for number in range(9)]
    left = without(Map(Text(), INTEGER), maps, exact=True)
    assert not any(fits(left, each) for each in maps)
    assert fits(left, {"m": 1}) and fits(left, {"k": 1, "l": 2, "m": 3})


def test_all_but_a_few_values_are_spelt_out() -> None:
    small = Object((Property("a", Choice((1, 2, 3)), False), Property("b", WORD, False)), 1)
    every_one = [{"a": a, "b": b} for a in (1, 2, 3) for b in (True, False)] + [{"a": a} for a in (1, 2, 3)]
    left = without(small, every_one, exact=True)
    assert left == Choice(({"b": True}, {"b": False})) or (fits(left, {"b": True}) and not fits(left, {"a": 1}))
    with pytest.raises(Refused):
        without(small, [*every_one, {"b": True}, {"b": False}], exact=True)


def containers(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(Array, st.lists(inner, max_size=2).map(tuple), inner, st.integers(0, 1), st.just(2), st.booleans()),
        st.builds(lambda a, b: Object((Property("a", a, True), Property("b", b, False))), inner, inner),
        st.builds(Map, st.just(Text(patterns=("^[ab]$",))), inner, st.integers(0, 1)),
    )


FEW = st.recursive(
    st.sampled_from([
        Choice((1, "a", None)),
        Choice((True, 2.0)),
        Number(integer=True, minimum=1, maximum=2),
        Number(exclusive_minimum=-2, maximum=0.5, multiples=(0.5,)),
        Text(max_length=1, patterns=("^[ab]?$",)),
        union([Choice((1, 2)), Number(minimum=1, maximum=2, multiples=(1.0,))]),
    ]),
    containers,
    max_leaves=4,
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(FEW, FEW)
def test_a_few_values_are_listed_each_once(node: Node, other: Node) -> None:
    values, others = every(node, 200, scalars), every(other, 200, scalars) or []
    if values is None:
        return
    known = {identity(value) for value in values}
    assert len(known) == len(values) and all(fits(node, value) for value in values)
    assert all(identity(value) in known for value in others if fits(node, value))
    assert not values or every(node, len(values) - 1, scalars) is None


def test_what_has_no_end_is_not_listed() -> None:
    for node in (Number(), Text(), Array((), INTEGER), Map(Text(), WORD), Array((), WORD)):
        assert every(node, 1000, scalars) is None


def test_a_map_without_a_key_is_not_changed_by_what_has_it() -> None:
    one = Map(Text(patterns=("^a$",)), WORD)
    left = without(one, [{}, {"a": True}, {"a": False}], exact=True)
    assert not any(fits(left, value) for value in ({}, {"a": True}, {"a": False}))


def test_values_can_be_too_many_to_leave_out() -> None:
    keys = "abcdefghi"
    flags = Object(tuple(Property(key, WORD, True) for key in keys))
    numbers = [number for low in range(5) for number in (low, 511 - low)]  # each flag is on and off
    rows = [{key: bool(number >> place & 1) for place, key in enumerate(keys)} for number in numbers]
    with pytest.raises(Refused):
        without(flags, rows, exact=True)
    assert fits(without(flags, rows), rows[-1])  # without exactness, what would be too much is left


@pytest.mark.parametrize(
    ("node", "value", "longest"),
    [
        (Text(uncounted=True), "a" * 120, 100),
        (Text(101, uncounted=True), "a" * 500, 400),
        (Text(max_length=60), "a" * 70, 15),
        (Text(max_length=60), "a" * 50, 60),
    ],
)
def test_a_text_that_was_too_long_becomes_shorter(node: Text, value: str, longest: int) -> None:
    left = without(node, [value])
    assert isinstance(left, Text) and left.max_length == longest


def test_what_was_too_long_has_an_end() -> None:
    assert without(Array((), INTEGER, uncounted=30), [[1] * 40]) == Array((), INTEGER, 0, 16)
    assert without(Array((), INTEGER, uncounted=5), [[1] * 20]) == Array((), INTEGER, 0, 5)
    assert without(Map(Text(), INTEGER, uncounted=True), [dict.fromkeys(map(str, range(20)), 1)]) == Map(
        Text(), INTEGER, 0, 16
    )
