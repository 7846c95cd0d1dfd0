"""Tools from functions: their schemas, and the check of arguments."""

import functools
import math
import re
import socket
import typing
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Optional, Union

import pytest
import typing_extensions
from pydantic import BaseModel, Field, field_validator
from pydantic.json_schema import SkipJsonSchema

from agentkit import Agent, Handoff, RunContext, Tool, ToolDefinition, ToolDefinitionError, tool
from agentkit.calls import prepare
from agentkit.schema import ArgumentFault, InvalidArguments
from agentkit.testing import ScriptedModel, call


def object_of(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def faults(tool: Tool, arguments: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidArguments) as caught:
        tool.check(arguments)
    return {fault.pointer: fault.message for fault in caught.value.faults}


class Unit(Enum):
    CELSIUS = "celsius"
    KELVIN = "kelvin"


@dataclass
class Point:
    lat: float
    lon: float = 0.0


class Options(typing.TypedDict, total=False):
    deep: typing.Required[bool]
    where: list[Point]


class ModernOptions(typing_extensions.TypedDict):
    deep: bool


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    title: str


class Tree(BaseModel):
    value: int
    children: list["Tree"] = []


# -- schemas


def test_a_function_becomes_what_the_model_sees():
    def add(a: int, b: float = 1.5) -> float:
        """Add two numbers.

        Args:
            a: The first.
        """
        return a + b

    assert Tool(add).definition == ToolDefinition(
        "add",
        "Add two numbers.",
        object_of(
            {"a": {"type": "integer", "description": "The first."}, "b": {"type": "number", "default": 1.5}}, "a"
        ),
    )


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (Any, {}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (dict[str, bool], {"type": "object", "additionalProperties": {"type": "boolean"}}),
        (Annotated[Decimal, Field(ge=1)], {"type": "number", "minimum": 1}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Unit, {"type": "string", "enum": ["celsius", "kelvin"]}),
        (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),  # noqa: UP045
        (Union[int, str], {"anyOf": [{"type": "integer"}, {"type": "string"}]}),  # noqa: UP007
        (Annotated[int, Field(ge=1, le=6, description="eyes")],
         {"type": "integer", "minimum": 1, "maximum": 6, "description": "eyes"}),
        (Annotated[str, Field(pattern="^a+$", max_length=3)], {"type": "string", "pattern": "^a+$", "maxLength": 3}),
        (Point, object_of({"lat": {"type": "number"}, "lon": {"type": "number", "default": 0.0}}, "lat")),
        (ModernOptions, object_of({"deep": {"type": "boolean"}}, "deep")),
        (list[Cat], {"type": "array", "items": {"type": "object", "required": ["kind"], "properties": {
            "kind": {"const": "cat", "type": "string"}, "lives": {"type": "integer", "default": 9}}}}),
    ],
)  # fmt: skip
def test_annotations_become_clean_schemas(annotation, schema):
    def function(x): ...

    function.__annotations__["x"] = annotation
    assert Tool(function).parameters == object_of({"x": schema}, "x")


def test_a_typed_dict_of_typing_is_read_on_every_python():
    def search(options: Options | None = None): ...

    point = object_of({"lat": {"type": "number"}, "lon": {"type": "number", "default": 0.0}}, "lat")
    options = object_of({"deep": {"type": "boolean"}, "where": {"type": "array", "items": point}}, "deep")
    assert Tool(search).parameters == object_of({"options": {"anyOf": [options, {"type": "null"}]}})


def test_definitions_stay_only_where_they_recurse():
    def grow(tree: Tree, pet: Cat | Dog): ...

    schema = Tool(grow).parameters
    assert list(schema["$defs"]) == ["Tree"]
    assert schema["properties"]["tree"] == {"$ref": "#/$defs/Tree"}
    assert [option["properties"]["kind"]["const"] for option in schema["properties"]["pet"]["anyOf"]] == ["cat", "dog"]


def test_a_property_called_title_is_no_noise():
    def name(title: str, dog: Dog): ...

    properties = Tool(name).parameters["properties"]
    assert properties["title"] == {"type": "string"}
    assert "title" in properties["dog"]["properties"]


def test_parameters_may_have_names_that_pydantic_uses_itself():
    def function(schema: int, copy: int, model_config: int, _private: int): ...

    arguments = {"schema": 1, "copy": 2, "model_config": 3, "_private": 4}
    assert Tool(function).check(arguments) == arguments


def test_defaults_that_json_cannot_hold_are_left_out():
    nothing = object()

    def function(
        a: Unit = Unit.KELVIN, b: float = math.inf, c: Any = nothing, d: int | None = None, e: int = 10**5000
    ): ...

    properties = Tool(function).parameters["properties"]
    assert properties["a"]["default"] == "kelvin"
    assert not any("default" in properties[name] for name in "bcde")


def test_the_context_is_not_in_the_schema():
    def bare(ctx: RunContext, x: int): ...
    def typed(ctx: RunContext[str], x: int): ...
    def written(ctx: "RunContext[str]", x: int): ...

    for function in (bare, typed, written):
        assert Tool(function).takes_context
        assert Tool(function).parameters == object_of({"x": {"type": "integer"}}, "x")


# -- what can't be a tool


def later(x: "NotYet"): ...  # noqa: F821


def test_an_unsupported_annotation_is_named_when_the_tool_is_registered():
    def connect(host: str, through: socket.socket): ...
    def apply(function: Callable[[], int]): ...

    with pytest.raises(ToolDefinitionError, match=r"'connect': parameter 'through': the annotation socket.socket"):
        Agent("bundled", tools=[connect])
    with pytest.raises(ToolDefinitionError, match=r"'apply': parameter 'function': the annotation .*Callable"):
        tool(apply)
    with pytest.raises(ToolDefinitionError, match=r"'later': parameter 'x': .*'NotYet' is not defined"):
        Tool(later)
    assert tool(later) is later  # it may yet come to exist


class Opaque(Enum):
    THING = object()


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (Annotated[str, Field(pattern="(")], "unterminated subpattern"),
        (Annotated[int, Field(le=math.inf)], "'le' must be coercible to an integer"),
        (Annotated[int, SkipJsonSchema()], "no alias"),
        (typing.Final[int], "not valid as type argument"),
        (typing_extensions.Self, "no alias"),
        (Opaque, "Unable to serialize"),
    ],
)
def test_whatever_is_wrong_with_an_annotation_its_parameter_is_named(annotation, reason):
    def function(x): ...

    function.__annotations__["x"] = annotation
    with pytest.raises(ToolDefinitionError, match=rf"'function': parameter 'x': the annotation .*{reason}"):
        Tool(function)


@pytest.mark.filterwarnings("ignore:The 'alias' attribute")
def test_a_parameter_has_no_alias():
    def function(x: Annotated[int, Field(alias="X")]): ...

    with pytest.raises(ToolDefinitionError, match=r"parameter 'x': .* no alias"):
        Tool(function)


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (Annotated[float, Field(le=math.nan)], "at /properties/x/maximum: no number is more or less than NaN"),
        (Annotated[str, Field(pattern=r"(a)\1")], "at /properties/x/pattern: a back-reference"),
    ],
)
def test_what_nothing_can_fit_is_refused(annotation, reason):
    def function(x): ...

    function.__annotations__["x"] = annotation
    with pytest.raises(ToolDefinitionError, match=reason):
        Tool(function)


def test_signatures_that_a_model_cannot_fill_are_refused():
    def many(*numbers: int): ...
    def named(**options: int): ...
    def late(x: int, ctx: RunContext): ...
    def field(x: int = Field(ge=1)): ...

    for function, reason in [
        (many, r"'\*numbers'"),
        (named, r"'\*\*options'"),
        (late, "first parameter"),
        (field, "Annotated"),
    ]:
        with pytest.raises(ToolDefinitionError, match=reason):
            Tool(function)


@pytest.mark.parametrize("name", ["", "1st", "a b", "a<|tool|>", "ä", "a" * 65, "a\n"])
def test_names_that_no_model_could_call_are_refused(name):
    with pytest.raises(ToolDefinitionError, match="can't be a tool's name"):
        Tool(lambda: 1, name=name or " ")


def test_a_lambda_needs_a_name():
    with pytest.raises(ToolDefinitionError, match="name="):
        Tool(lambda: 1)
    assert Tool(lambda: 1, name="server.get-one").name == "server.get-one"


def test_two_tools_of_one_name_are_refused():
    def now(): ...

    with pytest.raises(ToolDefinitionError, match="Two tools are called 'now'"):
        Agent(tools=[now, Tool(now)])


def test_options_are_checked():
    with pytest.raises(ToolDefinitionError, match="timeout"):
        tool(timeout=0)(lambda: 1)
    with pytest.raises(ToolDefinitionError, match="retries"):
        Tool(later, retries=-1)
    with pytest.raises(ToolDefinitionError, match="'colour'"):
        Tool(later, colour="red")


# -- arguments


def test_arguments_become_values():
    def function(n: int, unit: Unit, at: Point, pet: Cat | Dog, tags: set[str]): ...

    values = Tool(function).check(
        {"n": "5", "unit": "kelvin", "at": {"lat": 1}, "pet": {"kind": "cat"}, "tags": ["a", "a"]}
    )
    assert values == {"n": 5, "unit": Unit.KELVIN, "at": Point(1.0), "pet": Cat(kind="cat"), "tags": {"a"}}


def test_a_parameter_that_is_not_given_is_left_to_its_default():
    def function(a: int, b: list[int] | None = None): ...

    assert Tool(function).check({"a": 1}) == {"a": 1}


def test_each_fault_has_its_place_and_says_what_to_do():
    def function(n: int, at: Point, pet: Cat | Dog, size: Annotated[str, Field(min_length=2)] = "xl"): ...

    assert faults(Tool(function), {"n": "many", "pet": {"kind": "dog"}, "at": {"lat": None}, "size": "s", "m": 1}) == {
        "/n": 'should be a valid integer, unable to parse string as an integer; it is "many"',
        "/at/lat": "should be a valid number; it is null",
        "/pet/kind": "should be 'cat'; it is \"dog\"",
        "/pet/title": "is required and missing",
        "/size": 'should have at least 2 characters; it is "s"',
        "/m": "is no parameter of this tool (its parameters: n, at, pet, size)",
    }


def test_pointers_lead_into_lists_and_escape_keys():
    def function(table: dict[str, list[int]]): ...

    assert list(faults(Tool(function), {"table": {"a/b~c": [1, "x"]}})) == ["/table/a~1b~0c/1"]


def test_a_validators_own_words_reach_the_model():
    class Even(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def even(cls, n: int) -> int:
            if n % 2:
                raise ValueError("must be even")
            return n

    def function(even: Even): ...

    assert faults(Tool(function), {"even": {"n": 3}}) == {"/even/n": "must be even; it is 3"}


@pytest.mark.parametrize(("key", "text"), [(int, "12"), (float, "-0.5"), (Decimal, "3")])
def test_keys_may_be_numbers(key, text):
    def function(table: dict[key, str]): ...

    names = Tool(function).parameters["properties"]["table"]["propertyNames"]["pattern"]
    assert re.search(names, text) and not re.search(names, "many")
    assert Tool(function).check({"table": {text: "a"}}) == {"table": {key(text): "a"}}
    assert list(faults(Tool(function), {"table": {"[key]": "a"}})) == ["/table"]


def test_patterns_may_look_ahead():
    def function(word: Annotated[str, Field(pattern="^(?=.*[0-9])[a-z0-9]+$")]): ...

    assert Tool(function).check({"word": "a1"}) == {"word": "a1"}
    assert faults(Tool(function), {"word": "a"}).keys() == {"/word"}


def test_a_long_faulty_value_is_shortened():
    def function(n: int): ...

    assert len(faults(Tool(function), {"n": "x" * 10_000})["/n"]) < 200


# -- tools from a schema

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"$ref": "#/$defs/city"},
        "unit": {"enum": ["c", "k"]},
        "days": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["city"],
    "additionalProperties": False,
    "$defs": {"city": {"type": "string", "minLength": 2, "title": "City"}},
}


def weather_tool(json_schema=SCHEMA, **options) -> Tool:
    return Tool.from_schema(
        lambda **given: given, name="weather", description="Tell it.", json_schema=json_schema, **options
    )


def test_a_tool_from_a_schema_passes_its_arguments_on():
    weather = weather_tool(timeout=3)
    assert weather.parameters["properties"]["city"] == {"type": "string", "minLength": 2, "title": "City"}
    assert "$defs" not in weather.parameters
    assert weather.check({"city": "Rome"}) == {"city": "Rome"}
    assert (weather.name, weather.description, weather.options.timeout) == ("weather", "Tell it.", 3)


def test_faults_against_a_schema_have_places_too():
    with pytest.raises(InvalidArguments) as caught:
        weather_tool().check({"unit": "f", "days": [1, "x"], "more": 1})
    assert set(caught.value.faults) == {
        ArgumentFault("", "needs 'city'"),
        ArgumentFault("", "'more' not expected (allowed: city, unit, days)"),
        ArgumentFault("/unit", 'should be one of ["c", "k"]; it is "f"'),
        ArgumentFault("/days/1", 'should be integer; it is "x"'),
    }


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "array"}, "at /type"),
        ({}, "at /type"),
        ({"type": "object", "properties": {"x": {"type": "text"}}}, "at /properties/x/type"),
        ({"type": "object", "properties": {"x": {"$ref": "https://example.com/x"}}}, r"at /properties/x/\$ref"),
        *(
            (object_of({"x": {"type": "number", **bounds}}, "x"), "at /properties/x")
            for bounds in (
                {"exclusiveMinimum": 0, "maximum": 1e-13},
                {"minimum": 1.00000000000001, "maximum": 1.00000000000002},
                {"exclusiveMinimum": 0, "exclusiveMaximum": 1e-12},
                {"exclusiveMinimum": 123456789012345, "exclusiveMaximum": 123456789012346},
                {"type": "integer", "minimum": 1, "maximum": 3, "not": {"enum": [1, 2, 3]}},
            )
        ),
        ({"type": "object", "default": {1, 2}}, "not JSON"),
        ([], "is an object"),
    ],
)
def test_schemas_that_cannot_be_served_are_refused(schema, reason):
    with pytest.raises(ToolDefinitionError, match=reason):
        weather_tool(schema)


A = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 0}}, "required": ["a"]}
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    ("schema", "cleaned"),
    [
        ({"$ref": "#/$defs/A", "description": "An A."}, {**A, "description": "An A."}),
        ({"$ref": "#/$defs/A", "required": ["b"]}, {"required": ["b"], "allOf": [A]}),
        ({"$ref": "#/$defs/A", "allOf": [{}], "unevaluatedProperties": False},
         {"allOf": [A, {}], "unevaluatedProperties": False}),
        ({"$ref": "#/$defs/Any", "minimum": 3}, {"minimum": 3, "allOf": [True]}),
        ({"$ref": "#/$defs/My%20A"}, {"type": "null"}),
        ({"$ref": "#/definitions/A"}, {"type": "string"}),
    ],
)  # fmt: skip
def test_an_inlined_definition_means_what_its_reference_meant(schema, cleaned):
    definitions = {"$defs": {"A": A, "Any": True, "My A": {"type": "null"}}, "definitions": {"A": {"type": "string"}}}
    assert weather_tool(object_of({"x": schema}) | definitions).parameters == object_of({"x": cleaned})


def test_what_stands_beside_a_reference_means_nothing_before_2019():
    beside = object_of({"x": {"$ref": "#/definitions/A", "required": ["b"], "description": "An A."}}, "x")
    weather = weather_tool({"$schema": DRAFT_7, **beside, "definitions": {"A": A}})
    assert weather.parameters["properties"]["x"] == {**A, "description": "An A."}
    assert weather.check({"x": {"a": 1}})


@pytest.mark.parametrize("reference", ["#/$defs/A/properties/a", "#whole", "#/properties/y/$defs/whole"])
def test_definitions_stay_where_not_all_are_referred_to_by_name(reference):
    properties = {"x": {"$ref": reference}, "y": {"$ref": "#/$defs/A", "$defs": {"whole": {"type": "integer"}}}}
    schema = object_of(properties, "x") | {"$defs": {"A": A, "B": {"$anchor": "whole", "type": "integer"}}}
    assert weather_tool(schema).parameters == schema


def test_a_key_may_be_called_like_a_keyword():
    schema = {
        **object_of({"discriminator": {"type": "integer"}, "title": {"type": "integer"}}),
        "dependentRequired": {"discriminator": ["title"]},
        "dependencies": {"title": ["discriminator"]},
    }
    assert weather_tool(schema).parameters == schema
    assert faults(weather_tool(schema), {"discriminator": 1}).keys() == {""}


def test_arguments_are_checked_against_the_schema_as_it_was_given():
    one_of = {"$ref": "#/$defs/A", "properties": {"b": {"type": "integer"}}, "required": ["b"]}
    weather = weather_tool(object_of({"x": one_of}) | {"$defs": {"A": A}})
    assert faults(weather, {"x": {"b": 1}}) == {"/x": "needs 'a'"}


def test_a_schema_is_copied():
    schema = {"type": "object", "properties": {}}
    weather = weather_tool(schema)
    schema["properties"]["x"] = {"type": "integer"}
    assert weather.parameters["properties"] == {}


# -- what can be a tool


class Home:
    def __init__(self, name: str) -> None:
        self.name = name

    @tool(read_only=True)
    def where(self, room: str) -> str:
        """Say where a room is."""
        return f"{room} in {self.name}"

    def __call__(self, door: int) -> str:
        return f"{door} of {self.name}"


def called(tool: Tool, arguments: dict[str, Any]) -> Any:
    return tool.bind(tool.check(arguments), RunContext(deps=None))()


def test_methods_partials_and_callable_objects_are_tools():
    def scale(factor: int, value: int) -> int:
        return factor * value

    where = Tool(Home("Rome").where)
    assert where.options.read_only
    assert called(where, {"room": "bath"}) == "bath in Rome"
    assert called(Tool(Home("Oslo"), name="door"), {"door": 3}) == "3 of Oslo"
    assert called(Tool(functools.partial(scale, 3)), {"value": 5}) == 15
    assert called(Tool(functools.partial(scale, value=2)), {"factor": 4}) == 8
    assert called(Tool(functools.partial(Home.where, Home("Bonn"))), {"room": "hall"}) == "hall in Bonn"


def test_positional_only_parameters_are_filled():
    def divide(a: int, b: int = 2, /, digits: int = 1) -> float:
        return round(a / b, digits)

    assert called(Tool(divide), {"a": 1, "digits": 3}) == 0.5
    assert called(Tool(divide), {"a": 1, "b": 3, "digits": 3}) == 0.333


def test_a_decorated_function_stays_the_function_it_is():
    @tool(timeout=2.0, retries=3, requires_approval=True, sequential=True, name="sum")
    def add(a: int, b: int) -> int:
        return a + b

    assert add(1, 2) == 3
    options = Tool(add).options
    assert (options.timeout, options.retries, options.requires_approval, options.sequential) == (2.0, 3, True, True)
    assert Tool(add).name == "sum"
    assert Tool(add, name="plus", timeout=5).options.timeout == 5


def test_async_functions_are_recognised():
    async def wait(): ...

    assert Tool(wait).is_async
    assert Tool(functools.partial(wait)).is_async
    assert not Tool(later_sync).is_async


def later_sync(): ...


def test_what_is_no_function_says_so():
    class Nameless:
        def __call__(self, n: int) -> int:
            return n

    with pytest.raises(ToolDefinitionError, match="has no name: use Tool"):
        Tool(Nameless())
    assert repr(Tool(Nameless(), name="same")) == "Tool('same')"
    with pytest.raises(ToolDefinitionError, match="can't be marked as a tool"):
        tool(len)
    with pytest.raises(ToolDefinitionError, match=r"Tool 'max': .* has no signature to read"):
        Tool(max)


class Shelf:
    def __iter__(self):
        return iter([])


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (Agent(ScriptedModel([]), name="helper"), r"an agent becomes a tool by agent.as_tool\(\)"),
        (Handoff(Agent(ScriptedModel([]), name="helper")), r"it belongs in output_type=\[str, Handoff\(...\)\]"),
        (Shelf(), r"no function: write tools=\[\*toolset\]"),
        ("add", "'add' is no function: give a function"),
        (None, "None is no function: give a function"),
    ],
)
def test_what_is_given_in_place_of_a_tool_says_where_it_belongs(thing, reason):
    with pytest.raises(ToolDefinitionError, match=reason):
        Agent(ScriptedModel([]), tools=[thing])
    with pytest.raises(ToolDefinitionError, match=reason):
        Tool(thing)


def test_a_method_needs_its_object():
    for method in (Home.where, str.upper, functools.partial(Home.where, room="bath")):
        with pytest.raises(ToolDefinitionError, match="is a method without its object: give the method of an object"):
            Tool(method)


def test_annotations_that_are_no_types_say_so():
    def look(n: Any) -> None:
        """Look."""

    look.__annotations__["n"] = "1 + 'a'"

    with pytest.raises(ToolDefinitionError, match="Tool 'look': its annotations can't be read"):
        Tool(look)


def test_a_validator_that_broke_is_a_wrong_call_and_logged(caplog):
    class Order(BaseModel):
        item: str

        @field_validator("item")
        @classmethod
        def known(cls, item: str) -> str:
            raise LookupError("the list of items is gone")

    def order(what: Order) -> None:
        """Order."""

    prepared = prepare(call("order", what={"item": "tea"}), {"order": Tool(order)})
    assert prepared.wrong == (
        "The arguments could not be checked. The tool failed: LookupError: the list of items is gone"
    )
    assert "Checking the arguments of tool 'order' failed" in caplog.text


def test_what_a_tool_does_to_its_arguments_leaves_the_conversation_as_it_was():
    schema = {"type": "object", "properties": {"items": {"type": "array"}}, "required": ["items"]}

    def drain(items: list) -> int:
        items.clear()
        return len(items)

    draining = Tool.from_schema(drain, name="drain", description="Drain.", json_schema=schema)
    result = Agent(ScriptedModel([call("drain", items=["a", "b"]), "done"]), tools=[draining]).run_sync("?")
    assert result.all_messages()[1].calls[0].arguments == {"items": ["a", "b"]}
