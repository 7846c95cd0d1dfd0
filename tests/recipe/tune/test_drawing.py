"""Values for parameters: what the schema allows, and what the names speak of."""

import random
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import UserError
from agentkit_recipe.parameters import plain
from agentkit_recipe.tune.drawing import draw, kind_of, like
from agentkit_recipe.tune.fields import Field
from agentkit_recipe.values import Said

SCHEMAS: list[dict[str, Any]] = [
    {"type": "string"},
    {"type": "string", "enum": ["LOW", "NOT_STARTED", "a"]},
    {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"},
    {"type": "string", "pattern": "^[A-Z]{2} [0-9]{4}$"},
    {"type": "string", "pattern": "^[a-z ]+$", "minLength": 8, "maxLength": 9},
    {"type": "string", "minLength": 3, "maxLength": 12},
    {"type": "string", "minLength": 2, "maxLength": 2},
    {"type": "string", "minLength": 90},
    *({"type": "string", "format": name} for name in ("date", "time", "date-time", "email", "uri", "uuid", "ipv4")),
    {"type": "integer"},
    {"type": "integer", "minimum": 3, "maximum": 5},
    {"type": "integer", "exclusiveMinimum": 10},
    {"type": "integer", "maximum": -4},
    {"type": "integer", "multipleOf": 100},
    {"type": "integer", "multipleOf": 250, "minimum": 1000, "maximum": 2000},
    {"type": "integer", "multipleOf": 500, "maximum": -1},
    {"type": "number", "multipleOf": 0.25},
    {"type": "number", "minimum": 0.5, "maximum": 0.75},
    {"type": "integer", "enum": [1, 2, 5]},
    {"type": "boolean"},
    {"type": "null"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}, "minItems": 2, "maxItems": 4},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_values_obey_their_schema(schema: dict[str, Any]) -> None:
    rng = random.Random(0)
    for split in ("train", "heldout"):
        found = [plain(draw(Field(("thing",), schema, True), rng, split)) for _ in range(40)]
        assert all(jsonschema.Draft202012Validator(schema).is_valid(value) for value in found)
        assert len({str(value) for value in found}) > 1 or schema["type"] == "null"


def test_no_value_begins_or_ends_with_a_space() -> None:
    for pattern in ("^ ?[a-z]+ ?$", "^[a-z ]+$"):
        field = Field(("thing",), {"type": "string", "pattern": pattern}, True)
        values = [draw(field, random.Random(seed), "train") for seed in range(100)]
        assert all(value == value.strip() for value in values)


@pytest.mark.parametrize(
    "schema",
    [{"type": "string", "pattern": "^(?=a)b$"}, {"type": "integer", "multipleOf": 100, "maximum": 50, "minimum": 1}],
)
def test_what_no_value_is_found_for_is_told(schema: dict[str, Any]) -> None:
    field = Field(("code",), schema, True)
    with pytest.raises(UserError, match=r"the parameter /code.*examples"):
        draw(field, random.Random(0), "train")


@pytest.mark.parametrize(
    ("name", "about", "kind"),
    [
        ("city", "", "city"),
        ("guest_name", "", "person"),
        ("x", "The email address.", "email"),
        ("due", "", "date"),
        ("zorp", "", None),
    ],
)
def test_names_and_descriptions_tell_the_kind(name: str, about: str, kind: str | None) -> None:
    assert kind_of(Field((name,), {"type": "string", "description": about}, True)) == kind


@given(st.integers(0, 10**6))
def test_values_like_another_keep_its_shape(seed: int) -> None:
    rng = random.Random(seed)
    assert re.fullmatch(r"[A-Z]-[A-Z]{2} [1-9]\d{3}", like("B-KL 4821", rng, "train"))
    assert re.fullmatch(r"[^.]+\.svg", like("name_tag.svg", rng, "train"))
    assert like("a of the", rng, "train") == "a of the"


def test_values_of_examples_come_again_in_training_alone() -> None:
    field = Field(("zorp",), {"type": "string"}, True, ("Quorum Lantern",))
    rng = random.Random(1)
    assert "Quorum Lantern" in {draw(field, rng, "train") for _ in range(300)}
    shapes = [draw(field, rng, "heldout") for _ in range(300)]
    assert any(re.fullmatch(r"[A-Z]\S* [A-Z]\S*", plain(value)) for value in shapes)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 1000))
@settings(max_examples=40)
def test_numbers_stay_within_bounds(one: float, other: float, seed: int) -> None:
    low, high = sorted((one, other))
    value = draw(
        Field(("n",), {"type": "number", "minimum": low, "maximum": high + 1}, True), random.Random(seed), "train"
    )
    assert low <= plain(value) <= high + 1


@pytest.mark.parametrize(
    ("schema", "seen"),
    [({}, (-18,)), ({}, (-18, 4)), ({"minimum": 0}, (5000,)), ({"minimum": 0}, (-5,)), ({"minimum": 2e9}, (3e9,))],
)
@pytest.mark.parametrize("type", ["integer", "number"])
def test_numbers_are_drawn_around_those_of_examples(schema: dict[str, Any], seen: tuple[float, ...], type: str) -> None:
    field = Field(("zorp",), {"type": type, **schema}, True, seen)
    drawn = [plain(draw(field, random.Random(seed), "train")) for seed in range(100)]
    if schema.get("minimum", -1e9) <= seen[0]:
        assert sum(abs(seen[0]) / 3 <= abs(value) <= abs(seen[0]) * 3 for value in drawn) > 50


def test_choices_are_said_in_words() -> None:
    field = Field(("state",), {"type": "string", "enum": ["NOT_STARTED"]}, True)
    assert draw(field, random.Random(0), "train") == Said("not started", "NOT_STARTED")
