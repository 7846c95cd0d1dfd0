"""JSON Schemas to nodes: references followed, alternatives spelt out, what has to hold together merged.

A schema is first brought to alternatives, each of which is a list of plain schemas that all have to hold. The plain
schemas of one alternative are then merged, type by type (`merge`). What a node cannot say is noted as unheld, with the
pointer of its schema: it has to be checked afterwards.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from agentkit.constraints.exclusive import Tags, exclusive
from agentkit.constraints.merge import merged
from agentkit.constraints.nodes import Choice, Flat, Node, Object, Refused, flat_nodes, union
from agentkit.constraints.places import Place
from agentkit.messages import JSON

DEPTH = 4
"""How many levels of a schema that refers to itself are written."""

FREE_DEPTH = 2
"""How deep values may be nested of which the schema says nothing."""

_SAYS_NOTHING = frozenset(
    ("type", "title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs")
)
_ALTERNATIVES = 64  # alternatives of one place that are looked at
_NODES = 4000  # above it, a recursive schema is unrolled less

Unheld: TypeAlias = tuple[str, str]
"""The pointer of a schema, and the keyword of it that an automaton doesn't hold."""


@dataclass(frozen=True, slots=True)
class Normalized:
    """The arguments of a tool. The node is an object, a map, or a union of such."""

    node: Node
    unheld: tuple[Unheld, ...]


Alternative: TypeAlias = tuple[tuple[Place, ...], Tags]
"""Schemas that all have to hold, and which branch this is of which `oneOf` (by its pointer)."""


def normalized(schema: Mapping[str, JSON]) -> Normalized:
    """The same as `normalize`, remembered."""
    return _normalized(json.dumps(schema))


@lru_cache(maxsize=256)
def _normalized(schema: str) -> Normalized:
    return normalize(json.loads(schema))


def normalize(schema: Mapping[str, JSON]) -> Normalized:
    """The nodes of a tool's schema.

    Raises:
        Refused: no arguments can be valid, or a reference leads nowhere.
    """
    for depth in range(DEPTH, 0, -1):
        try:
            return _Normalizer(schema, depth).run()
        except _TooLarge:
            continue
    return _Normalizer(schema, 1, limit=None).run()


class _TooLarge(Exception):
    """The schema unrolls to too many nodes."""


class _Normalizer:
    def __init__(self, root: Mapping[str, Any], depth: int, *, limit: int | None = _NODES) -> None:
        self._root = root
        self._depth = depth
        self._limit = limit
        self._count = 0
        self.exact = '"oneOf":' in json.dumps(root)  # whose branches can be told apart only if their nodes are
        self.unheld: dict[Unheld, None] = {}

    def run(self) -> Normalized:
        root = Place("", self._root)
        if not self._root.keys() - _SAYS_NOTHING:  # an object of which nothing is said takes no arguments
            return Normalized(Object(), ())
        node = self.node([root, Place("", {"type": "object"})])
        return Normalized(node, tuple(self.unheld))

    def note(self, pointer: str, keyword: str) -> None:
        """Notes that a keyword is not held."""
        self.unheld[pointer, keyword] = None

    def node(self, places: Sequence[Place], free: int = FREE_DEPTH) -> Node:
        """What may be written where all the schemas have to hold.

        Args:
            places: the schemas; none means anything.
            free: how deep a value may be nested if nothing is said of it.
        """
        self._count += 1
        if self._limit is not None and self._count > self._limit:
            raise _TooLarge
        found: list[tuple[Flat, Tags]] = []
        refusal: Refused | None = None
        for plain, chosen in self._all(places):
            for build in merged(self, plain, free):
                try:
                    found += [(flat, chosen) for flat in flat_nodes(build())]
                except Refused as error:
                    if error.broken:
                        raise
                    refusal = refusal or error
        if not found:
            raise refusal or self._nothing(places)
        if not any(chosen for _, chosen in found):
            return union(flat for flat, _ in found)
        for pointer in exclusive(found):
            self.note(pointer, "oneOf")
        return self._chosen(union(flat for flat, _ in found), places)

    def _chosen(self, node: Node, places: Sequence[Place]) -> Node:
        """The node without the values of its choice that more than one branch of a `oneOf` takes."""
        left: list[Node] = []
        for flat in flat_nodes(node):
            if isinstance(flat, Choice):
                values = tuple(value for value in flat.values if self.valid(value, places))
                left += [Choice(values)] if values else []
            else:
                left.append(flat)
        if not left:
            raise Refused(places[0].pointer, "each value fits several branches of a oneOf")
        return union(left)

    def valid(self, value: JSON, places: Iterable[Place]) -> bool:
        """Whether jsonschema takes the value in all these places."""
        try:
            return all(self._validator.evolve(schema=place.schema).is_valid(value) for place in places)
        except RecursionError:
            return False

    def _nothing(self, places: Sequence[Place]) -> Refused:
        for place in places:
            if any(place.refs.count(reference) >= self._depth for reference in _references(place.schema)):
                return Refused(place.pointer, "the schema refers to itself without an end")
        return Refused(places[0].pointer if places else "", "no value can be valid here")

    def _all(self, places: Iterable[Place]) -> list[Alternative]:
        """The alternatives of schemas that all have to hold."""
        return _product([((), ())], *(self._alternatives(place) for place in places))

    def _alternatives(self, place: Place) -> list[Alternative]:
        """The alternatives of one schema; none where nothing is valid, or where it is nested too deep in itself."""
        schema = place.schema
        if schema.get("not") in ({}, True):
            return []
        parts: list[list[Alternative]] = [[((place,), ())]]
        for reference in _references(schema):
            if place.refs.count(reference) >= self._depth:
                return []
            parts.append(self._alternatives(self._target(place, reference)))
        parts += [self._alternatives(place.at("allOf", index)) for index in range(len(schema.get("allOf", ())))]
        parts += [list(self._branches(place, keyword)) for keyword in ("anyOf", "oneOf") if keyword in schema]
        return _product(*parts)

    def _branches(self, place: Place, keyword: str) -> Iterator[Alternative]:
        for index in range(len(place.schema[keyword])):
            for plain, chosen in self._alternatives(place.at(keyword, index)):
                yield plain, (chosen if keyword == "anyOf" else (*chosen, (place.pointer, index)))

    def _target(self, place: Place, reference: str) -> Place:
        """The schema that a reference names. Only the root document is looked at."""
        try:
            target = self._resolver.lookup(reference).contents
        except Exception:  # the library raises several, and KeyError and more besides
            target = None
        if not isinstance(target, Mapping | bool):
            raise Refused(f"{place.pointer}/$ref", f"{reference!r} names nothing in this schema", broken=True)
        pointer = reference[1:] if reference.startswith("#/") or reference == "#" else f"{place.pointer}/$ref"
        return Place.of(pointer, target, (*place.refs, reference))

    @cached_property
    def _resolver(self) -> Any:
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012, specification_with

        dialect = specification_with(str(self._root.get("$schema", "")), default=DRAFT202012)
        return Registry().with_resource("", dialect.create_resource(self._root)).resolver("")

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import validators
        from referencing import Registry

        kind = validators.validator_for(self._root, default=validators.Draft202012Validator)
        return kind(self._root, format_checker=kind.FORMAT_CHECKER, registry=Registry())


def _references(schema: Mapping[str, Any]) -> list[str]:
    return [schema[keyword] for keyword in ("$ref", "$dynamicRef", "$recursiveRef") if keyword in schema]


def _product(*parts: Sequence[Alternative]) -> list[Alternative]:
    """What holds if one alternative of every part does; the first `_ALTERNATIVES` of them."""
    found: list[Alternative] = [((), ())]
    for part in parts:
        pairs = itertools.product(found, part)
        found = [(one + two, tags + more) for (one, tags), (two, more) in itertools.islice(pairs, _ALTERNATIVES)]
    return found
