"""Schemas and where they stand, and what several of them say together."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from agentkit.constraints.nodes import Node
from agentkit.messages import JSON


@dataclass(frozen=True, slots=True)
class Place:
    """A schema and where it stands.

    refs    the references that were followed to it from the root
    within  the schemas, by their pointers, that it is a part of and that say something of the same value
    """

    pointer: str
    schema: Mapping[str, Any]
    refs: tuple[str, ...] = ()
    within: tuple[str, ...] = ()

    @classmethod
    def of(cls, pointer: str, schema: Mapping[str, Any] | bool, refs: tuple[str, ...] = ()) -> Place:
        """A schema that may be true or false, which become `{}` and `{"not": {}}`."""
        if isinstance(schema, bool):
            schema = {} if schema else {"not": {}}
        return cls(pointer, schema, refs)

    def at(self, *steps: str | int) -> Place:
        """The schema that stands there within this one."""
        schema: Any = self.schema
        for step in steps:
            schema = schema[step]
        return Place.of(self.pointer + "".join(map(_step, steps)), schema, self.refs)

    def part(self, *steps: str | int) -> Place:
        """The schema that stands there within this one, and says something of the same value."""
        return replace(self.at(*steps), within=(*self.within, self.pointer))

    def saying(self, **keywords: Any) -> Place:
        """A schema of these keywords, which says something of the same value."""
        return Place(self.pointer, keywords, self.refs)

    def parts(self, places: Places) -> list[Place]:
        """This place, and those that are a part of it."""
        return [place for place in places if place is self or self.pointer in place.within]


Places: TypeAlias = Sequence[Place]


class Context(Protocol):
    """What merging needs of the whole schema.

    exact    types are left out only where the schema says so
    formats  those that values are checked for; any text has one that is not among them
    """

    exact: bool

    @property
    def formats(self) -> Container[str]: ...

    def node(self, places: Places, free: int) -> Node:
        """The node of schemas that all have to hold. Raises `Refused`."""

    def valid(self, value: JSON, places: Places) -> bool:
        """Whether the value is valid in all these places."""

    def note(self, pointer: str, keyword: str) -> None:
        """Notes that a keyword is not held."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A keyword's number, and the pointer of the schema that it stands in."""

    value: float
    pointer: str
    keyword: str

    @property
    def where(self) -> str:
        """The pointer of the keyword itself."""
        return f"{self.pointer}/{self.keyword}"


def most(places: Places, keyword: str) -> Bound | None:
    """The greatest number that any of the places gives a keyword."""
    return _bound(places, keyword, max)


def least(places: Places, keyword: str) -> Bound | None:
    """The least number that any of the places gives a keyword."""
    return _bound(places, keyword, min)


def given(places: Places, keyword: str) -> tuple[Any, ...]:
    """The different values that the places give a keyword."""
    return tuple(dict.fromkeys(place.schema[keyword] for place in places if keyword in place.schema))


_OFFSETS = ("optional", "none")
"""What `x-offset` says of a time's offset from UTC. RFC 3339, and so JSON Schema's format, asks for one."""


def format_of(schema: Mapping[str, Any]) -> str:
    """The format that a schema with `format` asks for: `date-time optional` where `x-offset` is "optional"."""
    name, offset = schema["format"], schema.get("x-offset")
    return f"{name} {offset}" if offset in _OFFSETS and name in ("time", "date-time") else name


def telling(places: Places, keywords: set[str]) -> str:
    """The pointer of the last place that has one of the keywords, or else of the first place."""
    found = [place.pointer for place in places if place.schema.keys() & keywords]
    return found[-1] if found else places[0].pointer if places else ""


def excluded(places: Places) -> list[JSON]:
    """The values that `not` forbids one by one."""
    found: list[JSON] = []
    for forbidden in _plain_nots(places):
        found += [forbidden["const"]] if "const" in forbidden else forbidden.get("enum", [])
    return found


def forbidden(places: Places, keyword: str) -> tuple[Any, ...]:
    """The values of a keyword that stands by itself in a `not`: of `type`, `pattern`, `format` or `multipleOf`."""
    return tuple(forbidden[keyword] for forbidden in _plain_nots(places) if forbidden.keys() & _SAYING == {keyword})


def plain_not(schema: Mapping[str, Any]) -> bool:
    """Whether nodes know what a schema's `not` forbids: types, single values, and of strings a pattern or a format."""
    forbidden = schema["not"]
    if not isinstance(forbidden, Mapping) or not forbidden.keys() <= _SAYING | _ANNOTATIONS:
        return False
    keywords = forbidden.keys() & _SAYING
    if keywords in ({"pattern"}, {"format"}):
        return schema.get("type") == "string"
    if keywords == {"multipleOf"}:
        return schema.get("type") in ("number", "integer")
    return keywords == {"type"} or (keywords <= {"type", "enum", "const"} and bool(keywords & {"enum", "const"}))


_SAYING = frozenset(("type", "enum", "const", "pattern", "format", "multipleOf"))  # in a `not` that is plain
_ANNOTATIONS = frozenset(("title", "description"))


def _plain_nots(places: Places) -> Iterator[Mapping[str, Any]]:
    for place in places:
        if "not" in place.schema and plain_not(place.schema):
            yield place.schema["not"]


def writable(text: str) -> bool:
    """Whether a text can be written as UTF-8: a lone surrogate cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _bound(places: Places, keyword: str, pick: Callable[..., Bound]) -> Bound | None:
    bounds = [
        Bound(value, place.pointer, keyword)
        for place in places
        if isinstance(value := place.schema.get(keyword), int | float) and not isinstance(value, bool)
    ]
    return pick(bounds, key=lambda bound: bound.value) if bounds else None


def _step(step: str | int) -> str:
    return f"/{str(step).replace('~', '~0').replace('/', '~1')}"
