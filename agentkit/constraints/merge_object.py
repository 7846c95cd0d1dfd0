"""Objects: plain schemas that all have to hold, merged into one node."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from agentkit.constraints.lengths import MOST_FEWEST, MOST_ITEMS
from agentkit.constraints.nodes import Choice, Map, Node, Object, Property, Refused, Text, flat_nodes, union
from agentkit.constraints.places import Bound, Context, Place, Places, excluded, least, most, telling, writable
from agentkit.constraints.without import without

_ANY_KEYS = {
    "additionalProperties",
    "patternProperties",
    "minProperties",
}  # say that there are keys beside declared ones
_KINDS = 16  # of members that a map of any keys may have


def merged_object(context: Context, places: Places, free: int) -> Node:
    """An object: of known keys where any are declared, else a map. Raises `Refused`."""
    required = {name for place in places for name in _list(place.schema.get("required"))}
    declared = required.union(*(place.schema.get("properties", {}) for place in places))
    told = {keyword for place in places for keyword, value in place.schema.items() if value is not False}
    node: Node
    if declared or ("properties" in told and not told & _ANY_KEYS):
        node = _known(context, places, free, declared, required)
    else:
        node = _map(context, places, free)
    try:
        return without(node, [value for value in excluded(places) if isinstance(value, dict)], exact=True)
    except Refused as error:
        raise Refused(telling(places, {"not"}), error.reason) from None


def _known(context: Context, places: Places, free: int, declared: set[str], required: set[str]) -> Object:
    members = []
    closed = any(place.schema.get("additionalProperties") is False for place in places)
    for name in sorted(declared):
        try:
            members.append(Property(name, _member(context, places, name, free), name in required))
        except Refused as error:
            if name in required or error.broken:
                raise
            closed = False  # for what follows from a key that is never written, see `exclusive`
    return _counted(places, Object(tuple(members), closed=closed))


def _counted(places: Places, node: Object) -> Object:
    """The object with its members in the order in which they are written, and so many of them as there may be."""
    members = tuple(sorted(node.properties, key=lambda member: (member.key.lower(), member.key)))
    low, high = most(places, "minProperties"), least(places, "maxProperties")
    fewest, end = _whole(low) or 0, _whole(high)
    required = sum(member.required for member in members)
    if end is not None and max(required, fewest) > end:
        raise Refused(_where(high), f"there can be at most {end} members, and there must be {max(required, fewest)}")
    if fewest > len(members):
        raise Refused(_where(low), f"there can be at most {len(members)} members, and there must be {fewest}")
    if fewest == len(members):
        members, required = tuple(replace(member, required=True) for member in members), fewest
    if end == required:
        members = tuple(member for member in members if member.required)
    fewest = fewest if fewest > required else min(fewest, 1)
    return replace(
        node,
        properties=members,
        min_properties=fewest,
        max_properties=end if end is not None and end < len(members) else None,
    )


def _member(context: Context, places: Places, name: str, free: int) -> Node:
    """The node of the member with this key. Raises `Refused`."""
    if not writable(name):
        raise Refused(places[0].pointer, f"the key {name!r} is no text")
    for place in places:
        if "propertyNames" in place.schema and not context.valid(name, [place.at("propertyNames")]):
            raise Refused(f"{place.pointer}/propertyNames", f"it forbids the key {name!r}")
    found = [inner for place in places for inner in _own(place, name)]
    for place in places:
        if "unevaluatedProperties" in place.schema:
            inner = place.parts(places)
            others = (part for part in inner if part is not place and "unevaluatedProperties" in part.schema)
            if not any(others) and not any(_own(part, name) for part in inner):
                found.append(place.at("unevaluatedProperties"))
    return context.node(found, free)


def _own(place: Place, name: str) -> list[Place]:
    """What one place says of a member."""
    schema = place.schema
    found = [place.at("properties", name)] if name in schema.get("properties", {}) else []
    for pattern in schema.get("patternProperties", {}):
        try:
            if re.search(pattern, name):
                found.append(place.at("patternProperties", pattern))
        except re.error as error:
            where = place.at("patternProperties", pattern).pointer
            raise Refused(where, f"the pattern is not valid: {error}", broken=True) from None
    if not found and "additionalProperties" in schema:
        found.append(place.at("additionalProperties"))
    return found


def _map(context: Context, places: Places, free: int) -> Node:
    """An object of which no key is known: all of its members are of one kind."""
    low, high = most(places, "minProperties"), least(places, "maxProperties")
    fewest, end = _whole(low) or 0, _whole(high)
    if high and end is not None and fewest > end:
        raise Refused(high.where, f"there can be at most {end} members, and there must be {fewest}")
    if end == 0:
        return Object()
    if low and fewest > MOST_FEWEST:
        raise Refused(low.where, f"more than {MOST_FEWEST} members are not counted")
    uncounted = end is not None and end > MOST_ITEMS + fewest
    found: list[Node] = []
    for kind in itertools.islice(itertools.product(*(_kinds(place, places) for place in places)), _KINDS):
        names = [place.at("propertyNames") for place in places if "propertyNames" in place.schema]
        names += [name for of_place, _ in kind for name in of_place]
        try:
            keys = context.node([*names, Place(places[0].pointer if places else "", {"type": "string"})], free)
            inner = context.node([value for _, of_place in kind for value in of_place], free)
        except Refused as error:
            if error.broken:
                raise
            continue
        for flat in flat_nodes(keys):
            if isinstance(flat, Text):
                pointer = telling(places, {"minProperties"})
                found.append(Map(flat, inner, fewest, None if uncounted else end, uncounted=uncounted, pointer=pointer))
            elif isinstance(flat, Choice):
                members = tuple(Property(str(key), inner, False) for key in flat.values)
                if fewest <= len(members):
                    found.append(_counted(places, Object(members)))
    if high and uncounted and any(isinstance(node, Map) for node in found):
        context.note(high.pointer, high.keyword)
    return union(found) if found else _counted(places, Object())


def _kinds(place: Place, places: Places) -> Iterator[tuple[list[Place], list[Place]]]:
    """The kinds of members that one place allows: what it says of their names, and of their values."""
    rest = "additionalProperties" if "additionalProperties" in place.schema else "unevaluatedProperties"
    parts = place.parts(places) if rest == "unevaluatedProperties" else [place]
    others = [part for part in parts if part is not place]
    patterns = list(dict.fromkeys(pattern for part in parts for pattern in part.schema.get("patternProperties", {})))
    for pattern in patterns:
        names = [place.saying(type="string", pattern=pattern), *_unlike(place, patterns, pattern)]
        own = pattern in place.schema.get("patternProperties", {})
        yield names, [place.at("patternProperties", pattern)] if own else []
    said = rest in place.schema and not any({"additionalProperties", rest} & part.schema.keys() for part in others)
    yield _unlike(place, patterns), [place.at(rest)] if said else []


def _unlike(place: Place, patterns: list[str], besides: str | None = None) -> list[Place]:
    """That a name is like none of the patterns but one."""
    return [place.saying(type="string", **{"not": {"pattern": pattern}}) for pattern in patterns if pattern != besides]


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else []  # in draft 3, a member is said to be required by itself


def _whole(bound: Bound | None) -> int | None:
    return None if bound is None else int(bound.value)


def _where(bound: Bound | None) -> str:
    return bound.where if bound else ""
