"""JSON Schemas brought down to nodes, and the ones that are refused."""

from typing import Any

import pytest

from agentkit import Tool, ToolDefinitionError
from agentkit.constraints.nodes import Array, Choice, Map, Node, Number, Object, Property, Refused, Text, Union
from agentkit.constraints.normalize import DEPTH, normalize

INTEGER, STRING = {"type": "integer"}, {"type": "string"}


def an_object(properties: dict[str, Any], *required: str, **keywords: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), **keywords}


def argument(schema: Any, **keywords: Any) -> Node:
    """The node of an argument with this schema."""
    node = normalize(an_object({"x": schema}, "x", **keywords)).node
    assert isinstance(node, Object)
    return node.properties[0].node


def unheld(schema: Any) -> list[tuple[str, str]]:
    return [(pointer.removeprefix("/properties/x"), keyword) for pointer, keyword in whole_unheld(schema)]


def whole_unheld(schema: Any) -> tuple[tuple[str, str], ...]:
    return normalize(an_object({"x": schema}, "x")).unheld


@pytest.mark.parametrize(
    ("schema", "node"),
    [
        (STRING, Text()),
        ({"type": "string", "minLength": 2, "maxLength": 5, "pattern": "a", "format": "date"},
         Text(2, 5, ("a",), ("date",))),
        ({"type": "string", "x-grounded": True}, Text(declared=True)),
        (INTEGER, Number(integer=True)),
        ({"type": "integer", "exclusiveMinimum": 0, "maximum": 6.5}, Number(integer=True, minimum=1, maximum=6)),
        ({"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5}, Number(exclusive_minimum=0, multiples=(0.5,))),
        ({"type": "boolean"}, Choice((True, False))),
        ({"type": "null"}, Choice((None,))),
        ({"const": "a"}, Choice(("a",))),
        ({"enum": ["a", 1, None], "type": ["string", "null"]}, Choice(("a", None))),
        ({"enum": ["a", "bb"], "minLength": 2}, Choice(("bb",))),
        ({"enum": [1, "a", True, [2]], "allOf": [{"enum": [True, 1.0, [2.0], "b"]}]}, Choice((1, True, [2]))),
        ({"enum": [1, "a", 1.0]}, Choice((1, "a"))),
        ({"enum": ["a", 3, None], "anyOf": [{"type": "string"}, {"minimum": 4}], "not": {"const": None}},
         Choice(("a",))),
        ({"enum": [{"a": 1}, {"b": 1}], "allOf": [{"properties": {"a": True}}], "unevaluatedProperties": False},
         Choice(({"a": 1},))),
        ({"type": "array", "items": INTEGER, "minItems": 1}, Array(items=Number(integer=True), min_items=1)),
        ({"type": "array", "prefixItems": [INTEGER], "items": False}, Array((Number(integer=True),), None, 0, 1)),
        ({"type": "array", "items": False}, Array((), None, 0, 0)),
        ({"type": "array", "contains": STRING, "unevaluatedItems": False}, Array((Text(),), None, 1, 1)),
        ({"type": "array", "prefixItems": [INTEGER], "contains": STRING, "unevaluatedItems": False},
         Array((Number(integer=True), Text()), None, 2, 2)),
        ({"type": "array", "items": [INTEGER], "additionalItems": False}, Array((Number(integer=True),), None, 0, 1)),
        ({"type": "string", "nullable": True, "title": "T"}, Text()),
        (an_object({"x_a": {}}, patternProperties={"^x_": STRING}), Object((Property("x_a", Text(), False),))),
        (an_object({"a": STRING, "bb": STRING}, propertyNames={"minLength": 2}),
         Object((Property("bb", Text(), False),))),
        ({"type": "object", "patternProperties": {"^x_": INTEGER}, "additionalProperties": False},
         Map(Text(patterns=("^x_",)), Number(integer=True))),
        ({"type": "object", "additionalProperties": INTEGER}, Map(Text(), Number(integer=True))),
        ({"type": "object", "properties": {}, "additionalProperties": INTEGER, "minProperties": 1},
         Map(Text(), Number(integer=True), 1)),
        ({"type": "object", "properties": {}}, Object()),
        ({"type": "object", "properties": {}, "additionalProperties": False}, Object(closed=True)),
        ({"type": "object", "propertyNames": {"enum": ["b", "a"]}, "additionalProperties": INTEGER},
         Object((Property("a", Number(integer=True), False), Property("b", Number(integer=True), False)))),
        (an_object({"b": STRING, "A": INTEGER}, "b"),
         Object((Property("A", Number(integer=True), False), Property("b", Text(), True)))),
        ({"properties": {"a": STRING}, "minProperties": 1}, Object((Property("a", Text(), True),), 1)),
    ],
)  # fmt: skip
def test_a_schema_becomes_a_node(schema: Any, node: Node) -> None:
    assert argument(schema) == node


@pytest.mark.parametrize(
    ("schema", "node"),
    [
        ({"type": ["integer", "null"]}, Union((Choice((None,)), Number(integer=True)))),
        ({"anyOf": [STRING, {"type": "null"}]}, Union((Choice((None,)), Text()))),
        ({"anyOf": [{"const": "a"}, {"const": "b"}, {"const": "a"}]}, Choice(("a", "b"))),
        ({"type": "string", "anyOf": [{"minLength": 3}, INTEGER]}, Text(min_length=3)),
        ({"allOf": [STRING, {"minLength": 2}, {"minLength": 3, "pattern": "a"}]}, Text(3, patterns=("a",))),
        ({"allOf": [{"type": "number"}, {"type": ["integer", "string"]}]}, Number(integer=True)),
        ({"allOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}]}, Choice((2, 3))),
        ({"allOf": [an_object({"a": STRING}), an_object({"a": {"minLength": 1}}, "a")]},
         Object((Property("a", Text(1), True),))),
        ({"type": "string", "not": {"enum": ["a", 1]}}, Text(excluded=("a",))),
        ({"type": ["string", "boolean"], "not": {"const": True}}, Union((Choice((False,)), Text()))),
        ({"type": ["string", "integer"], "not": {"type": "string"}}, Number(integer=True)),
        ({"minLength": 2}, Text(2)),
        ({"minLength": 2, "maxLength": 1, "type": ["string", "null"]}, Choice((None,))),
        ({"type": "string", "minimum": 2}, Text()),
    ],
)  # fmt: skip
def test_what_holds_together_is_merged(schema: Any, node: Node) -> None:
    assert argument(schema) == node
    assert unheld(schema) == []


def test_of_values_that_are_equal_the_first_is_written() -> None:
    assert repr(argument({"anyOf": [{"const": 1}, {"const": 1.0}]})) == "Choice(values=(1,))"


def test_a_schema_without_a_type_means_what_its_keywords_are_about() -> None:
    assert argument({"minimum": 2, "pattern": "a"}) == Union((Text(patterns=("a",)), Number(minimum=2)))
    others = argument({"minimum": 2, "maximum": 1})
    assert isinstance(others, Union) and Text() in others.branches


def test_nothing_said_means_anything_to_a_depth() -> None:
    def depth(node: Node) -> int:
        assert isinstance(node, Union)
        inner = [depth(flat.items) for flat in node.branches if isinstance(flat, Array) and flat.items]
        return 1 + max(inner, default=-1)

    assert depth(argument({})) == 2
    assert normalize({"type": "object", "description": "No arguments."}).node == Object()


def test_there_may_be_many_choices() -> None:
    many = tuple(map(str, range(20_000)))
    assert argument({"anyOf": [{"enum": [*many]}, {"type": "null"}], "minLength": 1}) == Choice((*many, None))


def test_references_are_followed_to_a_depth() -> None:
    tree = an_object({"value": INTEGER, "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}, "value")
    node, levels = argument({"$ref": "#/$defs/Tree"}, **{"$defs": {"Tree": tree}}), 0
    while isinstance(node, Object):
        children = node.properties[0].node
        assert isinstance(children, Array)
        levels += 1
        node = children.items or Choice((None,))
    assert levels == DEPTH
    anchored = {"$defs": {"T": {"$anchor": "tea", **STRING}}}
    assert argument({"$ref": "#tea"}, **anchored) == Text()
    root = normalize(an_object({"next": {"$ref": "#"}})).node
    assert isinstance(root, Object) and isinstance(root.properties[0].node, Object)


@pytest.mark.parametrize(
    ("branches", "nodes"),
    [
        ([STRING, INTEGER], [Text(), Number(integer=True)]),
        ([STRING, {"const": "a"}, {"enum": ["a", "b", 3]}], [Choice((3,)), Text(excluded=("a", "a", "b"))]),
        ([{"type": "integer", "maximum": 2}, {"type": "integer", "exclusiveMinimum": 2}],
         [Number(True, maximum=2), Number(True, minimum=3)]),
        ([an_object({"a": STRING}, "a"), an_object({"b": STRING}, "b")],
         [Object((Property("a", Text(), True),)), Object((Property("b", Text(), True),))]),
        ([an_object({"kind": {"const": "cat"}, "n": INTEGER}), an_object({"kind": {"const": "dog"}})],
         [Object((Property("kind", Choice(("cat",)), True), Property("n", Number(True), False))),
          Object((Property("kind", Choice(("dog",)), True),))]),
    ],
)  # fmt: skip
def test_the_branches_of_one_of_are_kept_apart(branches: list[Any], nodes: list[Node]) -> None:
    assert argument({"oneOf": branches}) == Union(tuple(nodes))  # type: ignore[arg-type]
    assert unheld({"oneOf": branches}) == []


def test_one_of_with_required_keys_takes_one_of_them() -> None:
    schema = an_object({"id": INTEGER, "name": STRING}, oneOf=[{"required": ["id"]}, {"required": ["name"]}])
    by_id = Object((Property("id", Number(True), True),))
    assert argument(schema) == Union((by_id, Object((Property("name", Text(), True),))))


NUMBER = {"type": "number"}


@pytest.mark.parametrize(
    ("schema", "node"),
    [
        ({"oneOf": [NUMBER, INTEGER]}, Number(apart=(1,))),
        ({"type": "integer", "oneOf": [{"minimum": 3}, {"maximum": 7}]},
         Union((Number(True, minimum=8), Number(True, maximum=2)))),
        ({"type": "string", "not": {"pattern": "a"}}, Text(forbidden=("a",))),
        ({"type": "string", "not": {"pattern": "a", "minLength": 3}}, Union((Text(forbidden=("a",)), Text(0, 2)))),
        ({"type": "string", "if": {"minLength": 2}, "then": {"pattern": "a"}},
         Union((Text(2, patterns=("a",)), Text(0, 1)))),
        ({"type": "integer", "not": {"multipleOf": 2}}, Number(True, apart=(2,))),
        ({"type": ["integer", "null"], "not": INTEGER}, Choice((None,))),
        (an_object({"a": STRING, "b": STRING}, dependentRequired={"a": ["b"]}),
         Union((Object((Property("a", Text(), True), Property("b", Text(), True))),
                Object((Property("b", Text(), False),))))),
        (an_object({"a": STRING}, dependentSchemas={"a": {"required": ["b"]}}),
         Union((Object((Property("a", Text(), True), Property("b", argument({}), True))), Object()))),
        (an_object({"a": STRING, "b": STRING, "c": STRING}, minProperties=2),
         Object(tuple(Property(key, Text(), False) for key in "abc"), 2)),
        (an_object({"a": STRING, "b": STRING}, maxProperties=1),
         Object(tuple(Property(key, Text(), False) for key in "ab"), 0, 1)),
        (an_object({"a": {"enum": [1, 2]}}, "a", **{"not": {"properties": {"a": {"const": 1}}}}),
         Object((Property("a", Choice((2,)), True),))),
        (an_object({"a": {"type": "boolean"}}, "a", **{"not": {"const": {"a": True}}}),
         Object((Property("a", Choice((False,)), True),))),
        ({"type": "object", "patternProperties": {"^a": STRING}, "additionalProperties": INTEGER},
         Union((Map(Text(patterns=("^a",)), Text()), Map(Text(forbidden=("^a",)), Number(True))))),
        ({"type": "object", "propertyNames": {"anyOf": [{"minLength": 3}, {"pattern": "a"}]},
          "additionalProperties": INTEGER},
         Union((Map(Text(3), Number(True)), Map(Text(patterns=("a",)), Number(True))))),
        ({"type": "array", "items": INTEGER, "contains": {"const": 1}, "maxItems": 2},
         Union((Array((Choice((1,)),), Number(True), 1, 2), Array((Number(True), Choice((1,))), None, 2, 2)))),
        ({"type": "array", "items": {"enum": [1, 2]}, "contains": {"const": 1}, "minContains": 0, "maxContains": 0},
         Array((), Choice((2,)))),
        ({"unevaluatedProperties": False, **an_object({"a": STRING}), "allOf": [an_object({"b": STRING})]},
         Object((Property("a", Text(), False), Property("b", Text(), False)))),
        ({"allOf": [{"unevaluatedProperties": False, **an_object({"a": STRING})}, an_object({"b": STRING})]},
         Object((Property("a", Text(), False),))),
        ({"type": "array", "allOf": [{"prefixItems": [STRING]}], "unevaluatedItems": INTEGER},
         Array((Text(),), Number(True))),
    ],
)  # fmt: skip
def test_what_depends_on_something_is_spelt_out(schema: Any, node: Node) -> None:
    assert argument(schema) == node
    assert unheld(schema) == []


def test_alternatives_that_contradict_each_other_are_left_out() -> None:
    keys = "abcdefghij"
    conditions = [{"if": {"properties": {"of": {"const": key}}}, "then": {"required": [key]}} for key in keys]
    node = argument(an_object({"of": {"enum": list(keys)}} | {key: INTEGER for key in keys}, "of", allOf=conditions))
    assert isinstance(node, Union)
    written = {flat.properties[-1].node: flat for flat in node.branches if isinstance(flat, Object)}
    assert [{"of", key} for key in keys] == [
        {member.key for member in written[Choice((key,))].properties if member.required} for key in keys
    ]


@pytest.mark.parametrize(
    ("schema", "noted"),
    [
        ({"type": "string", "maxLength": 101}, ("", "maxLength")),
        ({"type": "array", "items": INTEGER, "uniqueItems": True}, ("", "uniqueItems")),
        ({"type": "array", "items": INTEGER, "maxItems": 17}, ("", "maxItems")),
        ({"type": "object", "additionalProperties": INTEGER, "maxProperties": 17}, ("", "maxProperties")),
        ({"type": "string", "not": {"format": "date"}}, ("", "not")),
        ({"oneOf": [{"type": "string", "format": "date"}, STRING]}, ("/oneOf/0", "not")),
        (an_object({"y/z": {"type": "array", "uniqueItems": True}}), ("/properties/y~1z", "uniqueItems")),
    ],
)
def test_what_no_automaton_holds_is_noted(schema: Any, noted: tuple[str, str]) -> None:
    assert unheld(schema) == [noted]


@pytest.mark.parametrize(
    ("schema", "where", "reason"),
    [
        ({"type": "string", "pattern": "(a)\\1"}, "pattern", "a back-reference cannot be held"),
        ({"type": "string", "pattern": "(?<=a)b"}, "pattern", "a look-behind cannot be held"),
        ({"type": "string", "pattern": "(?a)\\w"}, "pattern", "the flag"),
        ({"type": "string", "not": {"pattern": "(a)\\1"}}, "not", "a back-reference cannot be held"),
        ({"type": "string", "minLength": 401}, "minLength", "more than 400 characters are not counted"),
        ({"type": "array", "minItems": 129}, "minItems", "more than 128 items are not counted"),
        ({"type": "object", "minProperties": 129}, "minProperties", "more than 128 members are not counted"),
        ({"type": "array", "contains": INTEGER, "minContains": 129}, "minContains", "more than 128 items"),
        ({"type": "number", "minimum": 1e300}, "minimum", "no number of at most 15 digits"),
    ],
)
def test_what_cannot_be_served_is_refused(schema: Any, where: str, reason: str) -> None:
    with pytest.raises(ToolDefinitionError, match=f"at /properties/x/{where}: .*{reason}"):
        Tool.from_schema(print, name="f", description="", json_schema=an_object({"x": schema}, "x"))


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"oneOf": [{"const": 1}, {"enum": [1, 1.0]}]}, "/properties/x"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "/properties/x/maxLength"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "/properties/x/maximum"),
        ({"type": "integer", "exclusiveMinimum": 2, "exclusiveMaximum": 3}, "/properties/x/exclusiveMaximum"),
        ({"type": "number", "minimum": 3, "exclusiveMaximum": 3}, "/properties/x/exclusiveMaximum"),
        ({"enum": ["a", "b"], "type": "integer"}, "/properties/x/enum"),
        ({"const": "a", "maxLength": 0}, "/properties/x/const"),
        ({"allOf": [STRING, INTEGER]}, "/properties/x"),
        (False, "/properties/x"),
        ({"type": "array", "items": False, "minItems": 1}, "/properties/x/items"),
        ({"type": "array", "minItems": 3, "maxItems": 2}, "/properties/x/maxItems"),
        ({"type": "array", "items": {"const": 1, "type": "string"}, "minItems": 1}, "/properties/x/items/const"),
        (an_object({"a": {"enum": []}}, "a"), "/properties/x/properties/a/enum"),
        (an_object({}, "a", additionalProperties=False), "/properties/x/additionalProperties"),
        (an_object({"a": STRING}, "a", maxProperties=0), "/properties/x/maxProperties"),
        (an_object({"a": STRING}, minProperties=2), "/properties/x/minProperties"),
        (an_object({"a": STRING}, "a", propertyNames={"minLength": 2}), "/properties/x/propertyNames"),
        ({"anyOf": [False, {"type": "string", "minLength": 1, "maxLength": 0}]}, "/properties/x/anyOf/1/maxLength"),
        ({"not": {}}, "/properties/x"),
        ({"type": "string", "not": {"format": "unheard-of"}}, "/properties/x"),
        ({"oneOf": [{"type": "string", "format": "unheard-of"}, STRING]}, "/properties/x/oneOf/0"),
        ({"type": "string", "format": "date", "not": {"format": "date"}}, "/properties/x"),
        ({"$ref": "#/$defs/None"}, "/properties/x/$ref"),
        ({"$ref": "#/properties/x"}, "/properties/x"),
    ],
)  # fmt: skip
def test_what_can_never_be_called_is_refused(schema: Any, pointer: str) -> None:
    with pytest.raises(Refused) as caught:
        normalize(an_object({"x": schema}, "x"))
    assert caught.value.pointer == pointer
    assert caught.value.reason


def test_an_argument_that_can_be_left_out_refuses_nothing() -> None:
    assert normalize(an_object({"a": STRING, "b": False})).node == Object((Property("a", Text(), False),))
    with pytest.raises(Refused):  # but a reference has to lead somewhere
        normalize(an_object({"b": {"$ref": "#/$defs/None"}}))


def test_a_tool_that_can_never_be_called_is_no_tool() -> None:
    from typing import Annotated

    from pydantic import Field

    def roll(dice: Annotated[int, Field(ge=6, le=1)]) -> None: ...

    with pytest.raises(ToolDefinitionError, match="Tool 'roll': at /properties/dice/maximum: no integer is within"):
        Tool(roll)
    with pytest.raises(ToolDefinitionError, match="Tool 'f': at /properties/x: no value fits all of its keywords"):
        schema = an_object({"x": {"type": "string", "pattern": "^abc$", "maxLength": 2}}, "x")
        Tool.from_schema(print, name="f", description="", json_schema=schema)
    with pytest.raises(ToolDefinitionError, match="Tool 'f': at /properties/x/enum: none of its values can be valid"):
        schema = an_object({"x": {"enum": [1], "type": "string"}}, "x")
        Tool.from_schema(print, name="f", description="", json_schema=schema)


def test_a_schema_that_branches_while_it_recurses_is_unrolled_less() -> None:
    keys = {f"k{index}": {"$ref": "#/$defs/Wide"} for index in range(12)}
    node = argument({"$ref": "#/$defs/Wide"}, **{"$defs": {"Wide": an_object(keys)}})
    assert isinstance(node, Object) and len(node.properties) == 12


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (
            {
                "type": "object",
                "patternProperties": {"^[ab]$": INTEGER},
                "additionalProperties": False,
                "minProperties": 3,
            },
            "at /properties/x: there are only 2 that differ, and there must be 3",
        ),
        (
            {"type": "array", "items": {"enum": ["a", 1]}, "uniqueItems": True, "minItems": 3},
            "at /properties/x: there are only 2 that differ, and there must be 3",
        ),
        (
            {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": 4},
                "uniqueItems": True,
                "minItems": 9,
            },
            "at /properties/x: there are only 4 that differ",
        ),
        (
            {
                "type": "array",
                "items": an_object({"on": {"type": "boolean"}, "at": {"enum": [1, 2]}}, "on"),
                "uniqueItems": True,
                "minItems": 7,
            },
            "at /properties/x: there are only 6 that differ",
        ),
    ],
)
def test_too_few_things_that_differ_are_refused(schema: Any, reason: str) -> None:
    with pytest.raises(ToolDefinitionError, match=reason):
        Tool.from_schema(print, name="f", description="", json_schema=an_object({"x": schema}, "x"))
