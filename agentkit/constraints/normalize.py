"""JSON Schemas to nodes: references followed, alternatives spelt out, what has to hold together merged.

A schema is first brought to alternatives, each of which is a list of plain schemas that all have to hold. The plain
schemas of one alternative are then merged, type by type (`merge`). What a node cannot say is noted as unheld, with the
pointer of its schema: it has to be checked afterwards.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from agentkit.constraints.drafts import modern, validator
from agentkit.constraints.exclusive import Tags, exclusive
from agentkit.constraints.merge import merged
from agentkit.constraints.nodes import Choice, Flat, Node, Object, Refused, flat_nodes, identity, union
from agentkit.constraints.opposite import lacks, opposites
from agentkit.constraints.places import Place, plain_not
from agentkit.constraints.size import MOST, size
from agentkit.messages import JSON
from agentkit.references import resolver

DEPTH = 4
"""How many levels of a schema that refers to itself are written."""

FREE_DEPTH = 2
"""How deep values may be nested of which the schema says nothing."""

_SAYS_NOTHING = frozenset(
    ("type", "title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs", "definitions")
)
_ALTERNATIVES = 64  # alternatives of one place that are looked at
_FEW = 8  # alternatives from which on those that contradict themselves are looked for
_NAMING = frozenset(("const", "enum", "type", "title", "description", "default"))
_NODES = 4000  # above it, a recursive schema is unrolled less ...
_MOST_NODES = 6000  # ... and above this one, none is held

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
        Refused: no arguments can be valid, a reference leads nowhere, or the schema is too large.
    """
    for depth in range(DEPTH, 0, -1):
        try:
            return _Normalizer(schema, depth).run()
        except _TooLarge:
            continue
    try:
        return _Normalizer(schema, 1, limit=_MOST_NODES).run()
    except _TooLarge as error:
        raise Refused("", str(error)) from None


class _TooLarge(Exception):
    """The schema unrolls to too much; the message tells to what."""


class _Again(Exception):
    """A `oneOf` has to be spelt out: its branches overlap."""


class _Normalizer:
    """Makes the nodes of one schema.

    Branches of a `oneOf` that overlap are only met when their nodes are compared. It then begins again, knowing so.
    """

    def __init__(self, root: Mapping[str, Any], depth: int, *, limit: int = _NODES) -> None:
        self._root = modern(root)
        self._depth = depth
        self._limit = limit
        self._count = 0
        self._overlapping: set[str] = set()
        self._vague: dict[Unheld, set[str]] = {}  # the keywords of which it can't be said what they forbid
        self.exact = '"oneOf":' in json.dumps(root)  # whose branches can be told apart only if their nodes are
        self.unheld: dict[Unheld, None] = {}

    def run(self) -> Normalized:
        if not self._root.keys() - _SAYS_NOTHING:  # an object of which nothing is said takes no arguments
            return Normalized(Object(), ())
        while True:
            self._count, self.unheld = 0, {}
            try:
                node = self.node([Place("", self._root), Place("", {"type": "object"})])
                if size(node) > MOST:
                    raise _TooLarge("what it counts is too much to be held; ask for fewer items, members or characters")
                return Normalized(node, tuple(self.unheld))
            except _Again:
                continue
            except Refused as refusal:
                if refusal.broken:
                    raise
                for (pointer, keyword), unsaid in self._vague.items():
                    reason = f"it can't be held that {', '.join(sorted(unsaid))} must not be met"
                    raise Refused(f"{pointer}/{keyword}", reason) from None
                raise

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
        if self._count > self._limit:
            raise _TooLarge(f"with its references followed it has more than {self._limit} schemas, too many to be held")
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
        overlapping = set(exclusive(found))
        if overlapping:
            self._overlapping |= overlapping
            raise _Again
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
        parts += [self._alternatives(place.part("allOf", index)) for index in range(len(schema.get("allOf", ())))]
        parts += [list(self._branches(place, keyword)) for keyword in ("anyOf", "oneOf") if keyword in schema]
        return _product(*parts, *self._conditions(place))

    def _branches(self, place: Place, keyword: str) -> Iterator[Alternative]:
        count = len(place.schema[keyword])
        overlapping = keyword == "oneOf" and place.pointer in self._overlapping
        for index in range(count):
            branch = self._alternatives(place.part(keyword, index))
            if overlapping:
                others = (place.part(keyword, other) for other in range(count) if other != index)
                branch = _product(branch, *(self._opposites(other, place, keyword) for other in others))
            for plain, chosen in branch:
                yield plain, (chosen if keyword == "anyOf" or overlapping else (*chosen, (place.pointer, index)))

    def _conditions(self, place: Place) -> Iterator[list[Alternative]]:
        """What a schema says of what is valid only together with something else, or only without it."""
        schema = place.schema
        if "not" in schema and not plain_not(schema):
            yield self._opposites(place.at("not"), place, "not")
        if "if" in schema and schema.keys() & {"then", "else"}:
            met = self._alternatives(place.part("if"))
            unmet = self._opposites(place.at("if"), place, "if")
            then, otherwise = (
                self._alternatives(place.part(word)) if word in schema else [((), ())] for word in ("then", "else")
            )
            yield _product(met, then) + _product(unmet, otherwise)
        for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
            for key, asked in schema.get(keyword, {}).items():
                there = place.saying(required=[key, *(asked if isinstance(asked, list) else ())])
                also = [((), ())] if isinstance(asked, list) else self._alternatives(place.part(keyword, key))
                yield [*_product([((there,), ())], also), ((place.saying(**lacks(key)),), ())]

    def _opposites(self, place: Place, owner: Place, keyword: str) -> list[Alternative]:
        """The alternatives of what is not valid in a schema; where they can't be said, that is noted of its owner."""
        schemas, unsaid = opposites(place.schema)
        found = [one for schema in schemas for one in self._alternatives(Place(place.pointer, schema, place.refs))]
        for reference in _references(place.schema):
            if place.refs.count(reference) < self._depth:
                found += self._opposites(self._target(place, reference), owner, keyword)
        if unsaid:
            self._vague.setdefault((owner.pointer, keyword), set()).update(unsaid)
        return found

    def _target(self, place: Place, reference: str) -> Place:
        """The schema that a reference names."""
        target = self._resolver(reference)
        if target is None:
            raise Refused(f"{place.pointer}/$ref", f"{reference!r} names nothing in this schema", broken=True)
        pointer = reference[1:] if reference.startswith("#/") or reference == "#" else f"{place.pointer}/$ref"
        found = Place.of(pointer, target, (*place.refs, reference))
        return replace(found, within=(*place.within, place.pointer))

    @cached_property
    def _resolver(self) -> Callable[[str], Any]:
        return resolver(self._root)

    @property
    def formats(self) -> Container[str]:
        checkers: Container[str] = self._validator.format_checker.checkers
        return checkers

    @cached_property
    def _validator(self) -> Any:
        return validator(self._root)


def _references(schema: Mapping[str, Any]) -> list[str]:
    return [schema[keyword] for keyword in ("$ref", "$dynamicRef", "$recursiveRef") if keyword in schema]


def _product(*parts: Sequence[Alternative]) -> list[Alternative]:
    """What holds if one alternative of every part does; the first `_ALTERNATIVES` of them."""
    found: list[Alternative] = [((), ())]
    for part in parts:
        pairs = itertools.product(found, part)
        both = ((one + two, tags + more) for (one, tags), (two, more) in pairs)
        if len(found) * len(part) > _FEW:
            both = (alternative for alternative in both if not _contradict(alternative[0]))
        found = list(itertools.islice(both, _ALTERNATIVES))
    return found


def _contradict(places: Iterable[Place]) -> bool:
    """Whether places plainly contradict each other: in the values of a key that has to be there."""
    required: set[str] = set()
    allowed: dict[str, set[str]] = {}
    forbidden: dict[str, set[str]] = {}
    for place in places:
        required.update(place.schema.get("required", ()))
        for key, member in place.schema.get("properties", {}).items():
            if (values := _named(member)) is not None:
                allowed[key] = allowed.get(key, values) & values
            elif isinstance(member, Mapping) and (values := _named(member.get("not"))) is not None:
                forbidden.setdefault(key, set()).update(values)
    return any(not allowed[key] - forbidden.get(key, set()) for key in required & allowed.keys())


def _named(schema: Any) -> set[str] | None:
    """The values of a schema that says nothing but which they are."""
    if not isinstance(schema, Mapping) or not schema.keys() & {"const", "enum"} or schema.keys() - _NAMING:
        return None
    return set(map(identity, [schema["const"]] if "const" in schema else schema["enum"]))
