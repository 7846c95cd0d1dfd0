"""Tool declarations, shown as text with the markers by name."""

import enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from agentkit.dialects import Gemma4
from agentkit.dialects.gemma4_schema import plain_schema
from agentkit.messages import ToolDefinition


def show(gemma: Gemma4, parameters: dict, name: str = "f", description: str = "D") -> str:
    text = gemma.tokenizer.decode(gemma.render_tool(ToolDefinition(name, description, parameters)), markers=True)
    return text.replace('<|"|>', "'")


def show_property(gemma: Gemma4, schema: dict, **definitions: dict) -> str:
    parameters = {"type": "object", "properties": {"x": schema}, "$defs": definitions}
    text = show(gemma, parameters)
    head, tail = "<|tool>declaration:f{description:'D',parameters:{properties:{x:{", "}},type:'OBJECT'}}<tool|>"
    assert text.startswith(head) and text.endswith(tail)
    return text.removeprefix(head).removesuffix(tail)


def test_a_declaration(gemma: Gemma4) -> None:
    parameters = {
        "type": "object",
        "properties": {
            "unit": {"type": "string", "enum": ["celsius", "kelvin"]},
            "City": {"type": "string", "description": "Name of the city"},
            "days": {"type": "integer", "nullable": True},
        },
        "required": ["City", "unit"],
    }
    assert show(gemma, parameters, "weather", "The weather in a city") == (
        "<|tool>declaration:weather{description:'The weather in a city',parameters:{properties:{"
        "City:{description:'Name of the city',type:'STRING'},"
        "days:{nullable:true,type:'INTEGER'},"
        "unit:{enum:['celsius','kelvin'],type:'STRING'}"
        "},required:['City','unit'],type:'OBJECT'}}<tool|>"
    )


def test_a_tool_without_parameters(gemma: Gemma4) -> None:
    assert show(gemma, {}) == "<|tool>declaration:f{description:'D'}<tool|>"
    empty = {"type": "object", "properties": {}}
    assert show(gemma, empty) == "<|tool>declaration:f{description:'D',parameters:{type:'OBJECT'}}<tool|>"


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "integer", "enum": [1, 2]}, "enum:[1,2],type:'INTEGER'"),
        ({"const": "a"}, "enum:['a'],type:'STRING'"),
        ({"enum": ["a", None]}, "enum:['a'],nullable:true,type:'STRING'"),
        ({"type": ["string", "null"]}, "nullable:true,type:'STRING'"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}], "default": None}, "nullable:true,type:'NUMBER'"),
        ({"type": ["string", "integer"]}, "anyOf:[{type:'STRING'},{type:'INTEGER'}],type:''"),
        ({"type": "null"}, "type:'NULL'"),
        ({}, "type:''"),
        ({"type": "integer", "maximum": 1, "title": "X", "default": 3}, "type:'INTEGER'"),
        ({"type": "array", "items": {"type": "string"}}, "items:{type:'STRING'},type:'ARRAY'"),
        (
            {"type": "array", "items": {"type": "integer", "minimum": 1}},
            "items:{minimum:1,type:'INTEGER'},type:'ARRAY'",
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            "items:{items:{'type':'number'},type:'ARRAY'},type:'ARRAY'",
        ),
        (
            {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}},
            "items:{properties:{a:{type:'BOOLEAN'}},required:['a'],type:'OBJECT'},type:'ARRAY'",
        ),
        (
            {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]},
            "properties:{a:{type:'BOOLEAN'}},required:['a'],type:'OBJECT'",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "number"}},
            "properties:{additionalProperties:{type:'NUMBER'}},type:'OBJECT'",
        ),
        ({"type": "object", "additionalProperties": True, "title": "T"}, "properties:{},type:'OBJECT'"),
        ({"allOf": [{"$ref": "#/$defs/Color"}], "description": "C"}, "description:'C',enum:['red'],type:'STRING'"),
        ({"$ref": "#/$defs/Nowhere"}, "type:''"),
    ],
)
def test_properties(gemma: Gemma4, schema: dict, text: str) -> None:
    assert show_property(gemma, schema, Color={"type": "string", "enum": ["red"]}) == text


def test_a_recursive_schema_is_cut_off(gemma: Gemma4) -> None:
    tree = {"type": "object", "properties": {"left": {"$ref": "#/$defs/Tree"}}}
    text = show_property(gemma, {"$ref": "#/$defs/Tree"}, Tree=tree)
    assert text == "properties:{left:{properties:{left:{type:''}},type:'OBJECT'}},type:'OBJECT'"
    loop = {"$ref": "#/$defs/Loop"}
    assert show_property(gemma, loop, Loop=loop) == "type:''"
    assert show(gemma, {"$ref": "#"}) == "<|tool>declaration:f{description:'D',parameters:{type:'OBJECT'}}<tool|>"


@pytest.mark.parametrize("kinds", [1, 4, 12])
def test_schemas_that_hold_each_other_are_told_in_few_words(gemma: Gemma4, kinds: int) -> None:
    links = {f"Part{number}": {"$ref": f"#/$defs/Part{number}"} for number in range(kinds)}
    node = {"type": "object", "properties": {**links, "more": {"type": "array", "items": {"anyOf": [*links.values()]}}}}
    parameters = {"type": "object", "properties": {"x": links["Part0"]}, "$defs": dict.fromkeys(links, node)}
    assert "Part0:{" in show(gemma, parameters)
    assert len(gemma.render_tool(ToolDefinition("f", "D", parameters))) < 5000


@pytest.mark.parametrize("reference", ["#count", "#/$defs/A%20B", "#/$defs/C/properties/n"])
def test_any_reference_within_the_schema_is_followed(gemma: Gemma4, reference: str) -> None:
    count = {"type": "integer", "$anchor": "count"}
    text = show_property(gemma, {"$ref": reference}, **{"A B": count, "C": {"properties": {"n": {"type": "integer"}}}})
    assert text == "type:'INTEGER'"


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Item(BaseModel):
    name: str
    size: Size = Size.SMALL


class Order(BaseModel):
    items: list[Item]
    count: Annotated[int, Field(ge=1, description="How many")] = 1
    kind: Literal["now", "later"] | None = None
    who: int | str = 0


def test_what_pydantic_makes(gemma: Gemma4) -> None:
    assert show(gemma, Order.model_json_schema()) == (
        "<|tool>declaration:f{description:'D',parameters:{properties:{"
        "count:{description:'How many',type:'INTEGER'},"
        "items:{items:{properties:{name:{type:'STRING'},size:{enum:['small','large'],type:'STRING'}},"
        "required:['name'],type:'OBJECT'},type:'ARRAY'},"
        "kind:{enum:['now','later'],nullable:true,type:'STRING'},"
        "who:{anyOf:[{type:'INTEGER'},{type:'STRING'}],type:''}"
        "},required:['items'],type:'OBJECT'}}<tool|>"
    )
    plain = plain_schema(Order.model_json_schema())
    assert plain_schema(plain) == plain
    assert show(gemma, plain) == show(gemma, Order.model_json_schema())


@pytest.mark.parametrize("name", ["", "a b", "a{", "f(", "x:y", "<|turn>"])
def test_names_that_no_call_could_carry_are_refused(gemma: Gemma4, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a tool's name"):
        gemma.render_tool(ToolDefinition(name, "", {}))
