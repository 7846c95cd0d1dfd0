"""JSON Schemas with values that are valid, drawn together: what tests of constraints explore.

A case is a schema and a strategy of its values. Automata hold every keyword that is there.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A schema, and values that it allows and that the dialect can write."""

    schema: Schema
    values: st.SearchStrategy[Any]


KEYS = ["a", "b", "city", "Unit", "flags_2", "two words", "ключ", "a:b", "", "x/y~z", "is-it", "{", "day.of"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["", "Paris", "}", '<|"|>', "<tool_call|>", "a,b:c", "\n", "\u2581", "e\u0301", "𝄞", "true", "null", "12"]
)
PATTERNS = {
    "^[a-c]{1,3}$": "abc",
    "^x": "xyz",
    "[0-9]{2}": "a12b",
    "^(?:tea|coffee)$": "tea",
    "^\\d{3}-\\d{4}$": "555-1234",
}
FORMATS = {"date": "2024-05-17", "time": "12:30:00Z", "date-time": "2024-05-17T12:30:00Z", "ipv4": "127.0.0.1"}
FORMATS |= {"email": "ann@example.org", "uuid": "123e4567-e89b-42d3-a456-426614174000", "unheard-of": "any thing"}


@st.composite
def texts(draw: st.DrawFn) -> Case:
    kind = draw(st.sampled_from(["any", "length", "pattern", "format", "excluded"]))
    if kind == "length":
        low, more = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        sizes = st.text(st.characters(exclude_categories=["Cs"]), min_size=low, max_size=low + more)
        return Case({"type": "string", "minLength": low, "maxLength": low + more}, sizes)
    if kind == "pattern":
        pattern, value = draw(st.sampled_from(sorted(PATTERNS.items())))
        return Case({"type": "string", "pattern": pattern}, st.just(value))
    if kind == "format":
        name, value = draw(st.sampled_from(sorted(FORMATS.items())))
        return Case({"type": "string", "format": name}, st.just(value))
    if kind == "excluded":
        return Case(
            {"type": "string", "not": {"enum": ["Paris", "", 3]}}, TEXTS.filter(lambda text: text not in ("Paris", ""))
        )
    return Case({"type": "string"}, TEXTS)


@st.composite
def integers(draw: st.DrawFn) -> Case:
    low = draw(st.none() | st.integers(-1000, 1000))
    high = draw(st.none() | st.integers(0, 500).map(lambda more: (low or 0) + more))
    schema: Schema = {"type": "integer"}
    if low is not None:
        schema |= {"exclusiveMinimum": low - 1} if draw(st.booleans()) else {"minimum": low}
    if high is not None:
        schema["maximum"] = high
    step = draw(st.sampled_from([1, 1, 2, 5, 12])) if low is None or high is None else 1
    if step > 1:
        schema["multipleOf"] = step
    first, last = (low if low is not None else (high or 0) - 600), (high if high is not None else (low or 0) + 600)
    return Case(schema, st.integers(math.ceil(first / step), math.floor(last / step)).map(lambda number: number * step))


@st.composite
def numbers(draw: st.DrawFn) -> Case:
    low = draw(st.none() | st.integers(-50, 50))
    high = draw(st.none() | st.integers(1, 50).map(lambda more: (low or 0) + more))
    schema: Schema = {"type": "number"}
    if low is not None:
        schema |= {"minimum": low - 0.5} if draw(st.booleans()) else {"exclusiveMinimum": low - 1}
    if high is not None:
        schema["maximum"] = high + 0.25
    step = draw(st.sampled_from([1, 1, 2, 4]))  # in quarters
    if step > 1:
        schema["multipleOf"] = step / 4
    first, last = (low if low is not None else (high or 0) - 60), (high if high is not None else (low or 0) + 60)
    fractions = st.integers(first * 4 // step, last * 4 // step).map(lambda number: number * step / 4)
    return Case(schema, fractions | st.integers(first, last))


SCALARS = st.sampled_from(["a", "Paris", "", "kelvin", 1, 2.5, -3, True, False, None, "}", "two words"])


@st.composite
def choices(draw: st.DrawFn) -> Case:
    kind = draw(st.sampled_from(["boolean", "null", "const", "enum", "typed"]))
    if kind in ("boolean", "null"):
        return Case({"type": kind}, st.booleans() if kind == "boolean" else st.none())
    inner: Any = SCALARS | st.sampled_from([[], {}, [1, "a"], {"k": {"l": "m"}}, [[True], {}]])
    if kind == "const":
        value = draw(inner)
        return Case({"const": value}, st.just(value))
    if kind == "typed":
        return Case({"type": ["string", "null"], "enum": ["x", "y", None]}, st.sampled_from(["x", "y", None]))
    values = draw(st.lists(inner, min_size=1, max_size=6, unique_by=lambda value: repr(value)))
    return Case({"enum": values}, st.sampled_from(values))


DEFINITIONS = {
    "Chain": {
        "type": "object",
        "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/$defs/Chain"}},
        "required": ["value"],
    }
}
chains = st.lists(st.integers(-99, 99), min_size=1, max_size=3).map(
    lambda found: functools.reduce(lambda rest, value: {"value": value} | ({"next": rest} if rest else {}), found, {})
)
scalars = st.one_of(texts(), integers(), numbers(), choices(), st.just(Case({"$ref": "#/$defs/Chain"}, chains)))


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    item = draw(inner)
    low = draw(st.integers(0, 2))
    high = draw(st.none() | st.integers(low, low + 3))
    schema: Schema = {"type": "array", "items": item.schema, "minItems": low}
    if high is not None:
        schema["maxItems"] = high
    if draw(st.integers(0, 3)) > 0:
        return Case(schema, st.lists(item.values, min_size=low, max_size=low + 3 if high is None else high))
    first = draw(inner)
    fixed = {"type": "array", "prefixItems": [first.schema, item.schema], "items": False, "minItems": 2}
    return Case(fixed, st.tuples(first.values, item.values).map(list))


@st.composite
def maps(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    value = draw(inner)
    low = draw(st.integers(0, 2))
    schema: Schema = {"type": "object", "additionalProperties": value.schema, "minProperties": low}
    return Case(schema, st.dictionaries(st.sampled_from(KEYS), value.values, min_size=low, max_size=3))


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    members = draw(st.dictionaries(st.sampled_from(KEYS), inner, max_size=4))
    required = [key for key in members if draw(st.booleans())]
    schema: Schema = {"type": "object", "properties": {key: case.schema for key, case in members.items()}}
    schema |= {"required": required} if required else {}
    schema |= {"additionalProperties": False} if draw(st.booleans()) else {}
    values = st.fixed_dictionaries(
        {key: members[key].values for key in required},
        optional={key: case.values for key, case in members.items() if key not in required},
    )
    return Case(schema, values)


@st.composite
def unions(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    branches = draw(st.lists(inner, min_size=1, max_size=3))
    return Case({"anyOf": [case.schema for case in branches]}, st.one_of([case.values for case in branches]))


@st.composite
def tagged(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    """A `oneOf` told apart by a constant."""
    branches = []
    values = []
    for tag in draw(st.lists(st.sampled_from(["cat", "dog", "eel"]), min_size=2, max_size=3, unique=True)):
        case = draw(inner)
        members = {"kind": {"const": tag}, "of": case.schema}
        branches.append({"type": "object", "properties": members, "required": ["kind"]})
        values.append(st.fixed_dictionaries({"kind": st.just(tag)}, optional={"of": case.values}))
    return Case({"oneOf": branches}, st.one_of(values))


@st.composite
def together(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    """An `allOf` of objects with members of their own."""
    parts = [draw(inner), draw(inner)]
    schemas = [
        {"type": "object", "properties": {f"part{index}": part.schema}, "required": [f"part{index}"]}
        for index, part in enumerate(parts)
    ]
    return Case(
        {"allOf": schemas}, st.fixed_dictionaries({f"part{index}": part.values for index, part in enumerate(parts)})
    )


def containers(inner: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    return st.one_of(arrays(inner), maps(inner), objects(inner), unions(inner), tagged(inner), together(inner))


values = st.recursive(scalars, containers, max_leaves=5)
tools = objects(values).map(lambda case: Case({**case.schema, "$defs": DEFINITIONS}, case.values))
"""Cases of the arguments of a tool."""


# -- with what has to differ, which no automaton holds by itself


@st.composite
def few_keys(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    """A map with so few possible keys that noise repeats them."""
    value = draw(inner)
    pattern, keys = draw(st.sampled_from([("^[ab]{1,2}$", ["a", "ab", "ba"]), ("^(?:x|yy|zzz)$", ["x", "yy", "zzz"])]))
    low = draw(st.integers(0, 3))
    schema: Schema = {"type": "object", "patternProperties": {pattern: value.schema}, "additionalProperties": False}
    schema |= {"minProperties": low}
    return Case(schema, st.dictionaries(st.sampled_from(keys), value.values, min_size=low, max_size=3))


_few = st.sampled_from(
    [
        Case({"enum": ["sea", "snow", "sun", 1, None]}, st.sampled_from(["sea", "snow", "sun", 1, None])),
        Case({"type": "integer", "minimum": 8, "maximum": 11}, st.integers(8, 11)),
        Case({"type": "string", "pattern": "^[ab]{1,2}$"}, st.sampled_from(["a", "b", "ab", "ba"])),
        Case(
            {"type": "object", "properties": {"on": {"type": "boolean"}, "at": {"enum": [1, 2]}}, "required": ["on"]},
            st.fixed_dictionaries({"on": st.booleans()}, optional={"at": st.sampled_from([1, 2])}),
        ),
        Case({"type": "array", "items": {"type": "boolean"}, "maxItems": 2}, st.lists(st.booleans(), max_size=2)),
    ]
)


@st.composite
def unique_arrays(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    """A list of different items, of which there are few."""
    few = draw(st.booleans())
    item = draw(_few if few else inner)
    low = draw(st.integers(0, 2 if few else 1))  # of others, there may be no two
    schema: Schema = {"type": "array", "items": item.schema, "uniqueItems": True, "minItems": low}
    if draw(st.booleans()):
        schema["maxItems"] = low + 2
    return Case(schema, st.lists(item.values, min_size=low, max_size=low + 2, unique_by=repr))


def _all(inner: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    return st.one_of(containers(inner), few_keys(inner), unique_arrays(inner))


differing = objects(st.recursive(scalars, _all, max_leaves=5)).map(
    lambda case: Case({**case.schema, "$defs": DEFINITIONS}, case.values)
)
"""Cases of the arguments of a tool, with maps of few possible keys and arrays of unique items among them."""


# -- keywords thrown together, which may contradict each other

_small = st.integers(0, 4)
_names = st.lists(st.sampled_from("abc"), max_size=2, unique=True)
_kinds = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])
plain_values = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 2, -1, 1.0, 2.5, "", "a", "b", "ab", "aaa"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)


def _soup(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    several = st.lists(inner, min_size=1, max_size=3)
    members = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    numeric = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength")
    counts = ("minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains")
    single = ("items", "contains", "additionalProperties", "propertyNames", "unevaluatedProperties", "unevaluatedItems")
    keywords: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys((*numeric, *counts), _small),
        **dict.fromkeys((*single, "not", "if", "then", "else"), inner),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), several),
        "type": _kinds | st.lists(_kinds, min_size=1, max_size=3, unique=True),
        "enum": st.lists(plain_values, min_size=1, max_size=5),
        "const": plain_values,
        "pattern": st.sampled_from(["a", "^a*$", "b$", "^[ab]{2}$", "^(?!b)", "a(?=b)"]),
        "format": st.sampled_from(["date", "time", "ipv4", "email", "unheard-of"]),
        "multipleOf": st.sampled_from([1, 2, 3, 0.5, 1.5]),
        "uniqueItems": st.booleans(),
        "properties": members,
        "required": _names,
        "patternProperties": st.dictionaries(st.sampled_from(["a", "^b", "[ac]"]), inner, max_size=2),
        "dependentRequired": st.dictionaries(st.sampled_from("abc"), _names, max_size=2),
        "dependentSchemas": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
        "$ref": st.just("#/$defs/Chain"),
    }
    chosen = st.lists(st.sampled_from(sorted(keywords)), max_size=4, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: keywords[name] for name in names}))


soups = st.recursive(
    st.sampled_from([{}, True, False, {"type": "string"}, {"type": "object"}, {"type": "array"}, {"const": "a"}]),
    _soup,
    max_leaves=6,
).map(lambda schema: {"type": "object", "properties": {"x": schema}, "required": ["x"], "$defs": DEFINITIONS})
"""Schemas of a tool with the one argument `x`; any keyword may stand anywhere, and no value may be valid."""


# -- members that depend on each other

_members = {
    "kind": {"enum": ["x", "y", "z"]},
    "n": {"type": "integer"},
    "on": {"type": "boolean"},
    "s": {"maxLength": 3},
}
_keys = st.lists(st.sampled_from(sorted(_members)), min_size=1, max_size=2, unique=True)
_says = st.one_of(
    st.builds(lambda value: {"properties": {"kind": {"const": value}}}, st.sampled_from("xyz")),
    st.builds(lambda keys: {"required": keys}, _keys),
    st.builds(lambda least: {"properties": {"n": {"minimum": least}}, "required": ["n"]}, st.integers(-9, 9)),
    st.builds(lambda most: {"maxProperties": most}, st.integers(1, 3)),
    st.builds(lambda least: {"minProperties": least}, st.integers(1, 4)),
)
_conditions = st.fixed_dictionaries(
    {},
    optional={
        "if": _says,
        "then": _says,
        "else": _says,
        "not": _says,
        "oneOf": st.lists(_says, min_size=2, max_size=3),
        "anyOf": st.lists(_says, min_size=1, max_size=2),
        "allOf": st.lists(st.fixed_dictionaries({"if": _says, "then": _says}), min_size=1, max_size=3),
        "dependentRequired": st.dictionaries(st.sampled_from(sorted(_members)), _keys, min_size=1, max_size=2),
        "dependentSchemas": st.dictionaries(st.sampled_from(sorted(_members)), _says, min_size=1, max_size=2),
        "minProperties": st.integers(0, 3),
        "maxProperties": st.integers(2, 4),
        "unevaluatedProperties": st.just(False),
        "required": _keys,
    },
)
conditional = _conditions.map(
    lambda said: {
        "type": "object",
        "properties": {"x": {"type": "object", "properties": _members, **said}},
        "required": ["x"],
    }
)
"""Schemas of a tool whose argument `x` has four members, of which one asks for another."""
