"""Examples as templates."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit_recipe.tune.fields import Field
from agentkit_recipe.tune.templates import Template, ordinal, pieces_of, template_of

FIELDS = [
    Field(("room",), {"type": "string"}, True),
    Field(("people",), {"type": "integer"}, True),
    Field(("when",), {"type": "string"}, False),
]


@pytest.mark.parametrize(
    ("prompt", "arguments", "wording", "fixed"),
    [
        ("Book the Blue Room for 4 people", {"room": "Blue Room", "people": 4}, "Book the {0} for {1} people", {}),
        ("the blue room, four of us", {"room": "Blue Room", "people": 4}, "the {0}, {1} of us", {}),
        ("room Oslo is for the 3rd", {"room": "Oslo", "people": 3}, "room {0} is for the {1th}", {}),
        ("Oslo at seven for 2", {"room": "Oslo", "people": 2, "when": "7 pm"}, "{0} at seven for {1}", {2: "7 pm"}),
        ("14 people, not 4", {"people": 4}, "14 people, not {1}", {}),
        ("from 4.5 to 4", {"people": 4}, "from 4.5 to {1}", {}),
        ("{x} in Oslo", {"room": "Oslo"}, "(x) in {0}", {}),
    ],
)  # fmt: skip
def test_values_become_slots(prompt: str, arguments: dict[str, Any], wording: str, fixed: dict[int, Any]) -> None:
    assert template_of(prompt, arguments, FIELDS) == Template(wording, fixed)


def test_of_equal_values_nobody_knows_which_is_which() -> None:
    fields = [Field((name,), {"type": "integer"}, True) for name in ("nights", "people")]
    found = template_of("2 nights for 2", {"nights": 2, "people": 2}, fields)
    assert found == Template("2 nights for 2", {0: 2, 1: 2})


def test_a_list_is_one_slot() -> None:
    fields = [Field(("items",), {"type": "array", "items": {"type": "string"}}, True)]
    assert template_of("buy tea, milk and rice", {"items": ["tea", "milk", "rice"]}, fields).wording == "buy {0}"
    assert template_of("buy tea but no milk", {"items": ["tea", "milk"]}, fields).fixed == {0: ["tea", "milk"]}


def test_nested_values_are_found() -> None:
    fields = [Field(("to", "street"), {"type": "string"}, True), Field(("cash",), {"type": "boolean"}, False)]
    found = template_of("bring it to Elm Road, in cash", {"to": {"street": "Elm Road"}, "cash": True}, fields)
    assert found == Template("bring it to {0}, in cash", {1: True})


@given(st.from_regex(r"[A-Z][a-z]{2,8}( [A-Z][a-z]{2,8})?", fullmatch=True), st.integers(2, 999))
def test_a_template_with_its_own_values_is_the_example(room: str, people: int) -> None:
    prompt = f"We are {people}, so please take {room} for us"
    template = template_of(prompt, {"room": room, "people": people}, FIELDS)
    assert template.said({0: room, 1: people}) == prompt


def test_ordinals() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == (
        "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th".split()
    )
    assert Template("on the {0th} floor").said({0: 22}) == "on the 22nd floor"


def test_pieces_are_an_opening_and_what_leads_to_each_value() -> None:
    found = pieces_of(Template("Please book the {0} for {1} people on the {2}."))
    assert found is not None and found.opening == "Please book the {0}"
    assert found.forms == {1: "for {1} people", 2: "on the {2}"}
    assert pieces_of(Template("I want to see {0}")) is not None  # "to" leads to no value here
    whole = pieces_of(Template("{0}, {1}"))
    assert whole is not None and whole.opening == "{0}, {1}" and not whole.forms
    assert pieces_of(Template("book it for {0}", {1: 3})) is None


def test_an_argument_that_fields_do_not_make_up_stays_whole_with_the_words_around_it() -> None:
    fields = [
        Field(("lines", 0, "item"), {"type": "string"}, True),
        Field(("lines", 0, "count"), {"type": "integer"}, True),
        Field(("day",), {"type": "string"}, False),
    ]
    one = {"lines": [{"item": "hammers", "count": 2}], "day": "Monday"}
    assert template_of("2 hammers on Monday", one, fields) == Template("{1} {0} on {2}")
    for lines in ([{"item": "hammers", "count": 2}, {"item": "saws", "count": 3}], [{"item": "nails", "size": 8}], []):
        found = template_of("hammers on Monday", {"lines": lines, "day": "Monday"}, fields)
        assert found == Template("hammers on {2}", {}, {"lines": lines})
    assert pieces_of(Template("hammers on {2}", {}, {"lines": []})) is None
