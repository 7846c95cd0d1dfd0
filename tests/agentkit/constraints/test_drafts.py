"""Schemas of older drafts mean to the constraints what they mean to jsonschema."""

from typing import Any

import pytest

from agentkit import Tool, ToolDefinitionError
from agentkit.constraints.drafts import modern
from agentkit.constraints.nodes import Array, Choice, Node, Number, Object, Text
from agentkit.constraints.normalize import normalize

INTEGER, STRING = {"type": "integer"}, {"type": "string"}


def of_draft(draft: int, schema: Any) -> dict[str, Any]:
    """A tool's schema of this draft, with one argument."""
    return {
        "$schema": f"http://json-schema.org/draft-0{draft}/schema#",
        "type": "object",
        "properties": {"x": schema},
        "required": ["x"],
    }


@pytest.mark.parametrize(
    ("draft", "schema", "said"),
    [
        (4, {"minimum": 5, "exclusiveMinimum": True}, {"exclusiveMinimum": 5}),
        (4, {"maximum": 5, "exclusiveMaximum": False}, {"maximum": 5}),
        (4, {"not": {"const": 5, "contains": {}}}, {"not": {}}),
        (4, {"properties": {"const": {"if": {}}}, "enum": [{"const": 1}]},
         {"properties": {"const": {}}, "enum": [{"const": 1}]}),
        (6, {"const": 5, "if": {"const": 5}}, {"const": 5}),
        (7, {"items": [INTEGER], "additionalItems": STRING, "prefixItems": [STRING], "minContains": 0},
         {"items": [INTEGER], "additionalItems": STRING}),
        (7, {"dependencies": {"a": ["b"]}, "dependentRequired": {"a": ["b"]}}, {"dependencies": {"a": ["b"]}}),
    ],
)  # fmt: skip
def test_what_a_draft_does_not_know_means_nothing(draft: int, schema: Any, said: Any) -> None:
    assert modern(of_draft(draft, schema)) == of_draft(draft, said)


def test_a_schema_that_names_no_draft_may_say_anything() -> None:
    schema = {"type": "object", "dependencies": {"a": ["b"]}, "dependentRequired": {"a": ["b"]}}
    assert modern(schema) is schema


@pytest.mark.parametrize(
    ("draft", "schema", "node"),
    [
        (4, {"type": "number", "not": {"minimum": 5, "exclusiveMinimum": True}}, Number(maximum=5)),
        (4, {"enum": [5, 6, 0], "minimum": 5, "exclusiveMinimum": True}, Choice((6,))),
        (7, {"type": "array", "items": STRING, "maxItems": 1, "contains": STRING, "minContains": 0},
         Array((Text(),), None, 1, 1)),
        (7, {"type": "array", "items": INTEGER, "prefixItems": [STRING]}, Array((), Number(integer=True))),
    ],
)  # fmt: skip
def test_what_is_written_is_valid_in_its_draft(draft: int, schema: Any, node: Node) -> None:
    found = normalize(of_draft(draft, schema)).node
    assert isinstance(found, Object)
    assert found.properties[0].node == node


def test_listed_values_are_kept_apart_by_keywords_that_their_draft_does_not_know() -> None:
    node = normalize(of_draft(4, {"oneOf": [{"enum": [{"a": 1}, {"b": 1}]}, {"required": ["a"]}]})).node
    assert "{'b': 1}" in repr(node) and "{'a': 1}" not in repr(node)


@pytest.mark.parametrize(
    ("draft", "schema"),
    [
        (4, {"not": {"const": 5}}),
        (6, {"not": {"if": {"type": "integer"}, "then": {"minimum": 2}}}),
        (7, {"type": "object", "properties": {"a": {}}, "not": {"dependentRequired": {"a": ["b"]}}}),
    ],
)
def test_what_forbids_nothing_that_its_draft_knows_is_refused(draft: int, schema: Any) -> None:
    with pytest.raises(ToolDefinitionError, match="at /properties/x"):
        Tool.from_schema(print, name="f", description="", json_schema=of_draft(draft, schema))
