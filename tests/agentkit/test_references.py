"""References lead to where jsonschema follows them, whatever `$id` they stand beneath."""

from typing import Any

import pytest

from agentkit import Tool, ToolDefinitionError
from agentkit.constraints.normalize import normalize
from agentkit.references import rooted

INTEGER, STRING = {"type": "integer"}, {"type": "string"}
FOO = {
    "$id": "http://example.com/foo",
    "type": "object",
    "properties": {"b": {"$ref": "#/$defs/Bar"}},
    "required": ["b"],
    "$defs": {"Bar": INTEGER},
}
READ = {"type": "object", "properties": {"b": INTEGER}, "required": ["b"]}


def tool(x: Any, **keywords: Any) -> Tool:
    schema = {"type": "object", "properties": {"x": x}, "required": ["x"], **keywords}
    return Tool.from_schema(print, name="f", description="", json_schema=schema)


@pytest.mark.parametrize("reference", ["#/$defs/Foo", "http://example.com/foo"])
def test_references_beneath_an_id_begin_there(reference: str) -> None:
    found = tool({"$ref": reference}, **{"$defs": {"Foo": FOO, "Bar": STRING}})
    assert normalize(found.parameters) == normalize(tool(READ).parameters)


def test_an_id_may_stand_where_the_schema_is_used() -> None:
    root = {"type": "object", "properties": {"x": FOO}}
    inner = rooted(root)["properties"]["x"]
    assert inner["properties"]["b"] == {"$ref": "#/properties/x/$defs/Bar"} and "$id" not in inner
    assert normalize(tool(FOO).parameters) == normalize(tool(READ).parameters)


def test_a_reference_may_name_the_root() -> None:
    found = tool(
        {"$ref": "http://example.com/root#/$defs/A"}, **{"$id": "http://example.com/root", "$defs": {"A": INTEGER}}
    )
    assert found.parameters["properties"]["x"] == INTEGER


def test_what_reads_the_same_from_the_root_stays() -> None:
    schema = {
        "type": "object",
        "properties": {"$id": STRING, "$ref": {"$ref": "#here"}, "x": {"$ref": "#/$defs/a%20b"}},
        "$defs": {"a b": {"$anchor": "here", "type": "integer"}},
    }
    assert rooted(schema) == schema


def test_a_reference_beneath_an_id_does_not_reach_the_root() -> None:
    with pytest.raises(ToolDefinitionError, match=r"'http://example.com/foo#/\$defs/Bar' refers outside the schema"):
        tool({**FOO, "$defs": {}}, **{"$defs": {"Bar": STRING}})
