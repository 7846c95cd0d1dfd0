"""The parameters of a tool that somebody wrote, one by one: where each stands, what it is called, and what is known of
its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias

from agentkit.dialects.gemma4_schema import plain_schema
from agentkit.errors import UserError
from agentkit.messages import JSON, ToolDefinition

Path: TypeAlias = tuple[str | int, ...]  # keys, and 0 for the first entry of an array of objects

KEPT = {"examples": "x-examples", "default": "x-default"}  # what `plain_schema` would leave out
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Field:
    """One value of a call that is no object: a parameter, or a member of one.

    path      where it stands in the arguments
    schema    its JSON Schema, references resolved
    required  whether every call has it (together with the objects that it is a member of)
    seen      values that it had in examples
    optional  what a call may leave out of its path: itself, and objects that it is a member of; the outer ones first
    """

    path: Path
    schema: Mapping[str, Any]
    required: bool
    seen: tuple[JSON, ...] = field(default=(), compare=False)
    optional: tuple[Path, ...] = field(default=(), compare=False)

    @property
    def words(self) -> str:
        """Its name in words: "guest name" for `guest_name`."""
        return words_of(str(next(step for step in reversed(self.path) if isinstance(step, str))))

    @property
    def about(self) -> str:
        return str(self.schema.get("description", ""))

    @property
    def type(self) -> str:
        return str(self.schema.get("type", "string"))

    @cached_property
    def choices(self) -> tuple[JSON, ...]:
        return tuple(self.schema.get("enum", ()))

    @property
    def pointer(self) -> str:
        return "".join(f"/{step}" for step in self.path)

    def with_seen(self, values: Sequence[JSON]) -> Field:
        return replace(self, seen=(*self.seen, *values))


def words_of(name: str) -> str:
    """A name as words, lower case: "bookRoom", "book_room" and "book-room" are "book room"."""
    return " ".join(re.split(r"[\W_]+", _CAMEL.sub(" ", name).lower())).strip()


def fields_of(definition: ToolDefinition) -> list[Field]:
    """The fields of a tool's arguments. Raises `UserError` for a schema that no call can be made up for."""
    schema = plain_schema(_renamed(definition.parameters))
    return list(_fields(schema, (), (), definition.name))


def without_slots(text: str) -> str:
    """Text in which nothing can be taken for the slot of a value."""
    return text.replace("{", "(").replace("}", ")")


def _fields(schema: Mapping[str, Any], path: Path, optional: tuple[Path, ...], tool: str) -> Iterator[Field]:
    schema = _branch(schema)
    kind = schema.get("type")
    items = _branch(schema["items"]) if isinstance(schema.get("items"), Mapping) else {}
    if kind == "object" or (not path and kind is None):
        needed = set(schema.get("required", ()))
        for key, inner in schema.get("properties", {}).items():
            here = (*path, key)
            yield from _fields(inner, here, optional if key in needed else (*optional, here), tool)
    elif kind == "array" and items.get("type") == "object" and items.get("properties"):
        yield from _fields(items, (*path, 0), optional, tool)
    elif kind in ("string", "integer", "number", "boolean", "array", "null", None):
        examples = schema.get("x-examples")
        seen = tuple(examples) if isinstance(examples, Sequence) and not isinstance(examples, str) else ()
        yield Field(path, {**schema, "items": items} if items else schema, not optional, seen, optional)
    else:
        raise UserError(f"The tool {tool!r} can't be tuned: its parameter {path[-1]!r} is of the type {kind!r}.")


def _branch(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A union by its first kind of value."""
    branches = schema.get("anyOf")
    if not branches:
        return schema
    return {**branches[0], **{word: value for word, value in schema.items() if word != "anyOf"}}


def _renamed(schema: Any) -> Any:
    """The schema with its examples and defaults under names that `plain_schema` keeps."""
    if isinstance(schema, list):
        return [_renamed(entry) for entry in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {}
    for word, value in schema.items():
        if word in ("properties", "$defs"):
            found[word] = {key: _renamed(inner) for key, inner in value.items()}
        else:
            found[KEPT.get(word, word)] = value if word in KEPT else _renamed(value)
    return found


def get(arguments: JSON, path: Path) -> tuple[bool, JSON]:
    """Whether there is a value at `path`, and which."""
    value: Any = arguments
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or len(value) != 1:
                return False, None
        elif not isinstance(value, Mapping) or step not in value:
            return False, None
        value = value[step]
    return True, value


def put(arguments: dict[str, Any], path: Path, value: JSON) -> None:
    """Sets the value at `path`, with the objects and arrays around it."""
    node: Any = arguments
    for step, following in pairwise(path):
        inner: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if not node:
                node.append(inner)
            node = node[0]
        else:
            node = node.setdefault(step, inner)
    last = path[-1]
    if isinstance(last, int):
        node.append(value)
    else:
        node[last] = value
