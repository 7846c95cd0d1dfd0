"""What a schema forbids, said by other schemas: a value is valid in one of these only if it is not valid in the schema.

Every keyword that is not met is a reason for a value not to be valid. Most have an opposite: of `minimum` that is
`exclusiveMaximum`, of `required` a key that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")


def lacks(key: str) -> Schema:
    """An object without this key."""
    return {"propertyNames": {"not": {"const": key}}}


def opposites(schema: Schema) -> tuple[list[Schema], frozenset[str]]:
    """The schemas, and the keywords that have no opposite among them. References are left out."""
    found: list[Schema] = []
    unsaid: set[str] = set()
    for keyword in (keyword for keyword in schema if keyword in _OPPOSITES):
        reasons = _OPPOSITES[keyword](schema[keyword], schema)
        if reasons is None:
            unsaid.add(keyword)
        else:
            found += reasons
    return found, frozenset(unsaid)


def _not(schema: Any) -> Schema:
    return {"not": schema}


def _type(value: Any, _: Schema) -> list[Schema]:
    named = {value} if isinstance(value, str) else set(value)
    left = [kind for kind in _TYPES if kind not in named and not (kind == "integer" and "number" in named)]
    found: list[Schema] = [{"type": kind} for kind in left if kind not in ("number", "integer")]
    if "number" in left:  # of integers, the numbers that are none
        found.append({"type": "number", **({"not": {"multipleOf": 1}} if "integer" in named else {})})
    return found


def _number(keyword: str) -> Callable[[Any, Schema], list[Schema]]:
    return lambda value, _: [{"type": "number", keyword: value}]


def _above(kind: str, keyword: str) -> Callable[[Any, Schema], list[Schema]]:
    return lambda value, _: [{"type": kind, keyword: int(value) + 1}]


def _below(kind: str, keyword: str) -> Callable[[Any, Schema], list[Schema]]:
    return lambda value, _: [{"type": kind, keyword: int(value) - 1}] if value >= 1 else []


def _properties(value: Mapping[str, Any], _: Schema) -> list[Schema]:
    return [{"type": "object", "properties": {key: _not(inner)}, "required": [key]} for key, inner in value.items()]


def _prefix_items(value: list[Any], _: Schema) -> list[Schema]:
    return [
        {"type": "array", "prefixItems": [*[True] * index, _not(inner)], "minItems": index + 1}
        for index, inner in enumerate(value)
    ]


def _items(value: Any, schema: Schema) -> list[Schema] | None:
    if isinstance(value, list) or "prefixItems" in schema:
        return None
    return [{"type": "array", "contains": _not(value)}]


def _contains(value: Any, schema: Schema) -> list[Schema]:
    fewest, most = schema.get("minContains", 1), schema.get("maxContains")
    found: list[Schema] = []
    if fewest >= 1:
        found.append({"type": "array", "contains": value, "minContains": 0, "maxContains": int(fewest) - 1})
    if most is not None:
        found.append({"type": "array", "contains": value, "minContains": int(most) + 1})
    return found


def _one_of(value: list[Any], _: Schema) -> list[Schema]:
    pairs = ((one, two) for index, one in enumerate(value) for two in value[index + 1 :])
    return [{"allOf": [_not(inner) for inner in value]}, *({"allOf": [one, two]} for one, two in pairs)]


def _if(value: Any, schema: Schema) -> list[Schema]:
    found: list[Schema] = []
    if "then" in schema:
        found.append({"allOf": [value, _not(schema["then"])]})
    if "else" in schema:
        found.append({"allOf": [_not(value), _not(schema["else"])]})
    return found


def _with(key: str, names: Iterable[str]) -> Iterator[Schema]:
    for name in names:
        yield {"type": "object", "required": [key], **lacks(name)}


def _dependent_required(value: Mapping[str, list[str]], _: Schema) -> list[Schema]:
    return [schema for key, names in value.items() for schema in _with(key, names)]


def _dependent_schemas(value: Mapping[str, Any], _: Schema) -> list[Schema]:
    return [{"allOf": [{"type": "object", "required": [key]}, _not(inner)]} for key, inner in value.items()]


def _unless_open(value: Any, _: Schema) -> list[Schema] | None:
    """Nothing, where anything is valid; else it can't be said."""
    return [] if value is True or value == {} else None


_OPPOSITES: Mapping[str, Callable[[Any, Schema], list[Schema] | None]] = {
    "type": _type,
    "enum": lambda value, _: [{"not": {"enum": value}}],
    "const": lambda value, _: [{"not": {"const": value}}],
    "minimum": _number("exclusiveMaximum"),
    "maximum": _number("exclusiveMinimum"),
    "exclusiveMinimum": _number("maximum"),
    "exclusiveMaximum": _number("minimum"),
    "multipleOf": lambda value, _: [{"type": "number", "not": {"multipleOf": value}}],
    "minLength": _below("string", "maxLength"),
    "maxLength": _above("string", "minLength"),
    "pattern": lambda value, _: [{"type": "string", "not": {"pattern": value}}],
    "format": lambda value, _: [{"type": "string", "not": {"format": value}}],
    "required": lambda value, _: [{"type": "object", **lacks(name)} for name in value],
    "minProperties": _below("object", "maxProperties"),
    "maxProperties": _above("object", "minProperties"),
    "properties": _properties,
    "minItems": _below("array", "maxItems"),
    "maxItems": _above("array", "minItems"),
    "prefixItems": _prefix_items,
    "items": _items,
    "contains": _contains,
    "allOf": lambda value, _: [_not(inner) for inner in value],
    "anyOf": lambda value, _: [{"allOf": [_not(inner) for inner in value]}],
    "oneOf": _one_of,
    "not": lambda value, _: [value] if isinstance(value, Mapping) else [] if value else [{}],
    "if": _if,
    "dependentRequired": _dependent_required,
    "dependentSchemas": _dependent_schemas,
    "uniqueItems": lambda value, _: None if value else [],
    **dict.fromkeys(
        ("additionalProperties", "unevaluatedProperties", "patternProperties", "propertyNames"), _unless_open
    ),
    **dict.fromkeys(("additionalItems", "unevaluatedItems", "dependencies"), _unless_open),
}
