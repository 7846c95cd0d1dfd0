"""What a schema forbids, said by other schemas: they and the schema share no value, and leave none out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agentkit.constraints.opposite import opposites

SCHEMAS: list[dict[str, Any]] = [
    {"type": "string"},
    {"type": ["integer", "null"]},
    {"type": "number"},
    {"enum": ["a", 1]},
    {"const": [1]},
    {"minimum": 1, "exclusiveMaximum": 3},
    {"exclusiveMinimum": 0, "maximum": 2},
    {"multipleOf": 2},
    {"minLength": 1, "maxLength": 2},
    {"minLength": 0},
    {"pattern": "^a"},
    {"format": "date"},
    {"required": ["a", "b"]},
    {"minProperties": 1, "maxProperties": 1},
    {"properties": {"a": {"type": "integer"}, "b": False}},
    {"minItems": 1, "maxItems": 2},
    {"prefixItems": [{"const": 1}, {"type": "string"}]},
    {"items": {"type": "integer"}},
    {"items": False},
    {"contains": {"const": 1}},
    {"contains": {"const": 1}, "minContains": 2},
    {"contains": {"type": "integer"}, "minContains": 0, "maxContains": 1},
    {"contains": {"type": "integer"}, "minContains": 1, "maxContains": 2},
    {"allOf": [{"type": "integer"}, {"minimum": 2}]},
    {"anyOf": [{"type": "string"}, {"minimum": 2}]},
    {"oneOf": [{"minimum": 1}, {"maximum": 2}, {"const": 5}]},
    {"not": {"type": "integer"}},
    {"if": {"type": "integer"}, "then": {"minimum": 2}},
    {"if": {"type": "integer"}, "else": {"minLength": 1}},
    {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"maxProperties": 0}},
    {"if": {"type": "integer"}},
    {"dependentRequired": {"a": ["b", "c"]}},
    {"dependentSchemas": {"a": {"properties": {"b": {"type": "integer"}}}}},
    {"type": "array", "items": {"type": "integer"}, "minItems": 1},
]

scalars = st.sampled_from([None, True, False, 0, 1, 2, 3, 5, -1, 0.5, 1.5, "", "a", "ab", "bca", "2024-05-17"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=4,
)


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_a_value_is_valid_in_one_of_them_or_in_the_schema(schema: dict[str, Any]) -> None:
    found, unsaid = opposites(schema)
    assert not unsaid
    formats = Draft202012Validator.FORMAT_CHECKER
    itself, *others = (Draft202012Validator(one, format_checker=formats) for one in (schema, *found))

    @given(values)
    def check(value: Any) -> None:
        assert itself.is_valid(value) != any(other.is_valid(value) for other in others)

    check()


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({"prefixItems": [True], "items": {"type": "integer"}}, "items"),
        ({"items": [{"type": "integer"}]}, "items"),
        ({"uniqueItems": True}, "uniqueItems"),
    ],
)
def test_keywords_that_have_no_opposite_are_named(schema: dict[str, Any], keyword: str) -> None:
    assert keyword in opposites(schema)[1]


def test_keywords_that_say_nothing_forbid_nothing() -> None:
    assert opposites({"title": "T", "uniqueItems": False, "additionalProperties": True}) == ([], frozenset())
