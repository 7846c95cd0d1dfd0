"""How Gemma 4 writes a tool's declaration, and how a JSON Schema is brought into the shape it knows.

The format knows, for each property: description, enum (of strings), items, nullable, properties, required, type.
`plain_schema` rewrites what JSON Schema says in other ways into these, and `declaration_pieces` writes them in the
order of the models' chat templates. Beyond those templates we write `enum` for every type and `anyOf` for real unions.
Left out, as they leave them out: defaults, examples, titles, ranges, lengths, patterns (arguments are checked against
the schema afterwards; what the model should know belongs in the description). Within `items` they are written, in the
templates' way: every key that the schema has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from agentkit.dialects.gemma4_values import Piece, joined, quoted, sorted_items, value_pieces
from agentkit.messages import JSON, ToolDefinition
from agentkit.references import resolver

Schema = Mapping[str, Any]

_MAX_DEPTH = 12  # schemas are cut off here
_TIMES = 2  # that a reference is followed within what it refers to
_MOST_SCHEMAS = (
    64  # that references are replaced by, but for those that stand in no other; above it, fewer are followed
)
_WRITTEN_ELSEWHERE = frozenset(("description", "type", "properties", "required", "nullable"))
_NOT_WRITTEN = frozenset(
    (
        "$defs",
        "definitions",
        "$schema",
        "$id",
        "$anchor",
        "$comment",
        "title",
        "default",
        "examples",
        "x-grounded",
        "x-offset",
        "x-decimal",
    )
)


def declaration_pieces(tool: ToolDefinition) -> list[Piece]:
    """`declaration:NAME{...}`, without the `<|tool>` markers around it.

    Raises:
        ValueError: the tool's name could not be told from what follows it in a call.
    """
    name = checked_name(tool.name)
    parameters = _written(json.dumps(tool.parameters)) if tool.parameters else ()
    return [f"declaration:{name}{{description:", *quoted(tool.description), *parameters, "}"]


@lru_cache(maxsize=256)  # the same tools are declared in each turn
def _written(schema: str) -> tuple[Piece, ...]:
    """A tool's parameters, from their schema as JSON."""
    return (",parameters:{", *_parameters(plain_schema(json.loads(schema))), "}")


def checked_name(name: str) -> str:
    """The name, if a call can carry it."""
    if not name or any(character.isspace() or character in "{}()[]<>|:,\"'`" for character in name):
        raise ValueError(f"{name!r} cannot be a tool's name: use letters, digits, '_', '-' and '.'")
    return name


def plain_schema(schema: Schema) -> dict[str, JSON]:
    """The schema in the words that the format has; the meaning is kept or widened, never narrowed.

    - `$ref` to a schema within the same schema is replaced by it; one that leads into itself is followed twice, or less
      where that makes it too large
    - a union with null becomes `nullable: true`; a union of one is that one
    - `allOf` is merged, `oneOf` becomes `anyOf`, `const` an enum of one
    - a list of types becomes a union; a missing type is taken from the enum's values, `properties` or `items`
    - titles, defaults, examples and the definitions themselves are dropped
    """
    for depth in range(_MAX_DEPTH, 1, -1):
        try:
            return _Reader(schema, depth).plain(schema)
        except _TooLarge:
            continue
    return _Reader(schema, 1, limit=None).plain(schema)


class _TooLarge(Exception):
    """The references of the schema make too many schemas of it."""


class _Reader:
    """Rewrites the schemas within one: `references` are those that were followed to one of them, at most `depth`."""

    def __init__(self, root: Schema, depth: int, *, limit: int | None = _MOST_SCHEMAS) -> None:
        self._root = root
        self._depth = depth
        self._left = limit

    def plain(self, schema: Any, depth: int = 0, references: tuple[str, ...] = ()) -> dict[str, JSON]:
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
            return {}
        found, references = self._merged(schema, depth, references)
        if "const" in found:
            found["enum"] = [found.pop("const")]
        branches = found.pop("anyOf", None) or found.pop("oneOf", None) or ()
        kinds = found.get("type")
        if isinstance(kinds, Sequence) and not isinstance(kinds, str):
            del found["type"]
            branches = [{"type": kind} for kind in kinds]
        _unite(found, [self.plain(branch, depth + 1, references) for branch in branches])
        if isinstance(found.get("enum"), Sequence) and None in found["enum"] and found["enum"] != [None]:
            found["enum"] = [value for value in found["enum"] if value is not None]
            found["nullable"] = True
        for word in ("properties", "items", "additionalProperties"):
            if isinstance(found.get(word), Mapping):
                inner = found[word]
                found[word] = (
                    {name: self.plain(value, depth + 1, references) for name, value in inner.items()}
                    if word == "properties"
                    else self.plain(inner, depth + 1, references)
                )
        if "type" not in found and "anyOf" not in found and (kind := _guessed(found)):
            found["type"] = kind
        return found

    def _merged(
        self, schema: Schema, depth: int, references: tuple[str, ...]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The schema with its reference and its `allOf` put in, its own words win; the references with those in it."""
        own = {word: value for word, value in schema.items() if word not in _NOT_WRITTEN | {"$ref", "allOf"}}
        parts = [part for part in schema.get("allOf", ()) if isinstance(part, Mapping)]
        reference = str(schema.get("$ref", "#"))
        if reference != "#" and references.count(reference) < _TIMES and len(references) < self._depth:
            self._spend()
            references = (*references, reference)
            parts = [target, *parts] if isinstance(target := self._target(reference), Mapping) else parts
        if depth >= _MAX_DEPTH:
            return own, references
        found: dict[str, Any] = {}
        for part in parts:
            merged, references = self._merged(part, depth + 1, references)
            _add(found, merged)
        _add(found, own)
        return found, references

    @cached_property
    def _target(self) -> Callable[[str], Any]:
        return resolver(self._root)

    def _spend(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise _TooLarge


def _add(found: dict[str, Any], part: Schema) -> None:
    """Puts what a part says into what was found; of members, all are kept."""
    properties = {**found.get("properties", {}), **part.get("properties", {})}
    required = list(dict.fromkeys([*found.get("required", ()), *part.get("required", ())]))
    found |= part
    found |= {"properties": properties} if properties else {}
    found |= {"required": required} if required else {}


def _unite(found: dict[str, Any], branches: list[dict[str, JSON]]) -> None:
    """Puts a union's branches into the schema that holds it."""
    real = [branch for branch in branches if branch.get("type") != "null"]
    if len(real) < len(branches):
        found["nullable"] = True
    distinct = [branch for number, branch in enumerate(real) if branch not in real[:number]]
    if len(distinct) == 1:
        found |= {word: value for word, value in distinct[0].items() if word not in found}
    elif distinct:
        found["anyOf"] = distinct
    elif branches:
        found["type"] = "null"


def _guessed(found: Schema) -> str | None:
    values = found.get("enum")
    if isinstance(values, Sequence) and values:
        for kind, test in _KINDS:
            if all(map(test, values)):
                return kind
    return "object" if "properties" in found else "array" if "items" in found else None


_KINDS: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    ("string", lambda value: isinstance(value, str)),
    ("boolean", lambda value: isinstance(value, bool)),
    ("integer", lambda value: isinstance(value, int)),
    ("number", lambda value: isinstance(value, int | float)),
)


def _parameters(schema: Schema) -> list[Piece]:
    """The members of a tool's `parameters`."""
    groups: list[list[Piece]] = []
    if schema.get("properties"):
        groups.append(["properties:{", *_properties(schema["properties"]), "}"])
    if schema.get("required"):
        groups.append(_required(schema["required"]))
    groups.append(["type:", *quoted(_type(schema) or "OBJECT")])
    return joined(groups)


def _properties(properties: Schema, without: frozenset[str] = frozenset()) -> list[Piece]:
    return joined(
        [f"{name}:{{", *_property(schema), "}"]
        for name, schema in sorted_items(properties)
        if name not in without and isinstance(schema, Mapping)
    )


def _property(schema: Schema) -> list[Piece]:
    """The members of one property: description, enum or items, nullable, properties and required, union, type."""
    kind = _type(schema)
    groups: list[list[Piece]] = []
    if schema.get("description"):
        groups.append(["description:", *quoted(str(schema["description"]))])
    if schema.get("enum"):
        groups.append(["enum:", *value_pieces(schema["enum"])])
    if kind == "ARRAY" and isinstance(schema.get("items"), Mapping) and schema["items"]:
        groups.append(["items:{", *_items(schema["items"]), "}"])
    if schema.get("nullable"):
        groups.append(["nullable:true"])
    if kind == "OBJECT":
        if isinstance(schema.get("properties"), Mapping):
            inner = _properties(schema["properties"])
        else:  # a map of any keys: the templates write the remaining schema words as if they were properties
            inner = _properties(schema, _WRITTEN_ELSEWHERE)
        groups.append(["properties:{", *inner, "}"])
        if schema.get("required"):
            groups.append(_required(schema["required"]))
    if schema.get("anyOf"):
        groups.append(["anyOf:[", *joined([["{", *_property(branch), "}"] for branch in schema["anyOf"]]), "]"])
    return joined([*groups, ["type:", *quoted(kind)]])


def _items(schema: Schema) -> list[Piece]:
    """The members of an array's `items`: every key, by name; below the first level as plain values with quoted keys."""
    groups: list[list[Piece]] = []
    for word, value in sorted_items(schema):
        if value is None:
            continue
        if word == "properties":
            groups.append(["properties:{", *(_properties(value) if isinstance(value, Mapping) else ()), "}"])
        elif word == "required":
            groups.append(_required(value))
        elif word == "type":
            groups.append(["type:", *quoted(_type(schema))])
        else:
            groups.append([f"{word}:", *value_pieces(value, quote_keys=True)])
    return joined(groups)


def _required(names: Sequence[str]) -> list[Piece]:
    return ["required:[", *joined([quoted(str(name)) for name in names]), "]"]


def _type(schema: Schema) -> str:
    return str(schema.get("type") or "").upper()
