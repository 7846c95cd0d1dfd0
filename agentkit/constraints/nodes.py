"""What a JSON value may be, in few words: the nodes that every JSON Schema is brought down to (see `normalize`).

A node says what may be written. It allows nothing that its schema forbids, except for the keywords that are listed as
unheld; it may allow less where an automaton has to be finite or where nobody would write the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from agentkit.messages import JSON


class Refused(Exception):
    """Nothing can be written for this schema.

    Attributes:
        pointer: where in the schema, a JSON pointer.
        reason: why, as a sentence without its full stop.
        broken: the schema can't be read, so that it is refused even where nothing has to be written.
    """

    def __init__(self, pointer: str, reason: str, *, broken: bool = False) -> None:
        super().__init__(f"{pointer or 'the root'}: {reason}")
        self.pointer = pointer
        self.reason = reason
        self.broken = broken


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values, at least one: `enum`, `const`, booleans and null."""

    values: tuple[JSON, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A string; lengths in code points.

    patterns  regular expressions that all have to be found in it
    formats   names of formats that it all has to have; unknown ones mean nothing
    forbidden regular expressions that must not be found in it
    excluded  what it must not be
    declared  the schema says that the value is grounded
    uncounted the schema has a greatest length that is beyond what is counted
    pointer   where the schema stands
    """

    min_length: int = 0
    max_length: int | None = None
    patterns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    declared: bool = False
    uncounted: bool = field(default=False, compare=False, repr=False)
    pointer: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number. Of an integer, the bounds are integers and inclusive.

    apart   what it must not be a multiple of
    strict  only multiples that are certain to be taken for some (see `numbers`), which are fewer
    decimal multiples are those that decimals are: 0.3 of 0.1
    """

    integer: bool = False
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    multiples: tuple[float, ...] = ()
    apart: tuple[float, ...] = ()
    excluded: tuple[float, ...] = ()
    declared: bool = False
    strict: bool = False
    decimal: bool = False
    pointer: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Array:
    """A list: the nodes of `prefix` one by one, then as many of `items` as the bounds allow (None: no further ones).

    `max_items` is None where there is no end, and where it is not counted (then it is `uncounted`). The items of a
    `unique` one are all different: no automaton holds that, so what is written of it is looked at (see `distinct`).
    """

    prefix: tuple[Node, ...] = ()
    items: Node | None = None
    min_items: int = 0
    max_items: int | None = None
    unique: bool = False
    uncounted: int | None = field(default=None, compare=False, repr=False)
    pointer: str = field(default="", compare=False, repr=False)

    @property
    def ends_at(self) -> int | None:
        """The most items there can be; None for any number."""
        if self.items is not None:
            return self.max_items
        return len(self.prefix) if self.max_items is None else min(len(self.prefix), self.max_items)

    def spread(self, count: int) -> tuple[Node, ...]:
        """The nodes of the first `count` items, of fewer where there can't be so many."""
        rest = () if self.items is None else (self.items,) * (count - len(self.prefix))
        return (*self.prefix[:count], *rest)


@dataclass(frozen=True, slots=True)
class Property:
    """A member of an object whose key is known."""

    key: str
    node: Node
    required: bool


@dataclass(frozen=True, slots=True)
class Object:
    """An object of known keys, in the order of `properties`: so many of them as the bounds allow (None: no end).

    closed  whether the schema forbids any other key (none is written in any case)
    """

    properties: tuple[Property, ...] = ()
    min_properties: int = 0
    max_properties: int | None = None
    closed: bool = False

    @property
    def impossible(self) -> bool:
        """Whether there are too few members, or too many that are required."""
        required = sum(member.required for member in self.properties)
        fits = self.max_properties is None or max(required, self.min_properties) <= self.max_properties
        return not fits or len(self.properties) < self.min_properties


@dataclass(frozen=True, slots=True)
class Map:
    """An object of any keys that are `names`, from `min_properties` to `max_properties` (None: no end) of them.

    `uncounted` says that the schema has an end that is beyond what is counted.

    No automaton holds that they are different, so what is written of it is looked at (see `distinct`): the first
    members have the keys of `begun`, and no other one has any of these.
    """

    names: Text
    values: Node
    min_properties: int = 0
    max_properties: int | None = None
    begun: tuple[Property, ...] = ()
    uncounted: bool = field(default=False, compare=False, repr=False)
    pointer: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Union:
    """Any of some nodes, none of which is a union; at most one of them is a choice."""

    branches: tuple[Flat, ...]


_MOST_NUMBER = 1e15  # above it, a number of 15 digits may not be within bounds
_PLACES = 6  # beyond which a number may be too fine to be written
_NARROW = 1e-5  # of a number: bounds that are no further apart may have none between them

Flat: TypeAlias = Choice | Text | Number | Array | Object | Map
Node: TypeAlias = Flat | Union


def union(nodes: Iterable[Node]) -> Node:
    """Any of the nodes, of which there is at least one."""
    others: dict[str, Flat] = {}  # by what they say: for == a choice of 1 would be one of true
    values: dict[str, JSON] = {}
    for node in nodes:
        for flat in flat_nodes(node):
            if isinstance(flat, Choice):
                for value in flat.values:
                    values.setdefault(identity(value), value)
            else:
                others.setdefault(repr(flat), flat)
    branches = (*([Choice(tuple(values.values()))] if values else ()), *others.values())
    return branches[0] if len(branches) == 1 else Union(branches)


def flat_nodes(node: Node) -> tuple[Flat, ...]:
    """The branches of a union, or the node itself."""
    return node.branches if isinstance(node, Union) else (node,)


def all_nodes(node: Node) -> Iterator[Flat]:
    """The node's branches, and all that is within them."""
    for flat in flat_nodes(node):
        yield flat
        inner: list[Node] = []
        if isinstance(flat, Array):
            inner = [*flat.prefix, *([] if flat.items is None else [flat.items])]
        elif isinstance(flat, Object):
            inner = [member.node for member in flat.properties]
        elif isinstance(flat, Map):
            inner = [flat.names, flat.values]
        for one in inner:
            yield from all_nodes(one)


def doubtful(node: Flat) -> bool:
    """Whether it takes an automaton to tell if its keywords can be held, and if anything fits them all."""
    if isinstance(node, Text):
        lengths = node.min_length > 0 or node.max_length is not None
        return bool(node.patterns or node.forbidden) or len(node.formats) + lengths + bool(node.excluded) > 1
    if isinstance(node, Number):
        given = (node.minimum, node.maximum, node.exclusive_minimum, node.exclusive_maximum)
        bounds = [bound for bound in given if bound is not None]
        rough = any(abs(bound) >= _MOST_NUMBER or round(bound, _PLACES) != bound for bound in bounds)
        narrow = len(bounds) > 1 and max(bounds) - min(bounds) < _NARROW * max(1, *map(abs, bounds))
        return bool(node.multiples or node.apart or node.excluded) or rough or (narrow and not node.integer)
    if isinstance(node, Array):
        return node.unique and node.min_items > 1
    if isinstance(node, Object):
        return (node.min_properties, node.max_properties) != (0, None)
    return isinstance(node, Map) and node.min_properties > 1 and node.names != Text()


def is_multiple(value: float, step: float) -> bool:
    """Whether jsonschema takes a number for a multiple: a quotient of floats has to be whole."""
    return not (value / step) % 1 if isinstance(step, float) else not value % step


def identity(value: JSON) -> str:
    """The same text for what JSON Schema takes as equal, and for nothing else: 1 is 1.0 but not true."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: JSON) -> JSON:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
