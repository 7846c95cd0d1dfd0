"""Arrays and objects: plain schemas that all have to hold, merged into one node."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentkit.constraints.nodes import Array, Choice, Map, Node, Object, Property, Refused, Text
from agentkit.constraints.places import Bound, Context, Place, Places, least, most, note_conditions, telling, writable

_COUNTS = {"minItems", "uniqueItems"}

MOST_ITEMS = 16
"""How many items of an array, or members of a map, are counted."""


def merged_array(context: Context, places: Places, free: int) -> Node:
    """An array. Raises `Refused`."""
    note_conditions(context, places, scalar=False)
    low, high = most(places, "minItems"), least(places, "maxItems")
    fewest, end = _whole(low) or 0, _whole(high)
    prefix_length = max((len(_prefix(place)) for place in places), default=0)
    items: list[Node] = []
    rest: Node | None = None
    refusal: Refused | None = None
    try:
        for index in range(prefix_length if end is None else min(prefix_length, end)):
            items.append(context.node(_items(places, index), free))
        if end is None or end > prefix_length:
            rest = context.node(_items(places, prefix_length), free)
    except Refused as error:
        if error.broken:
            raise
        refusal = error
    if rest is None:
        end = len(items)
    if end is not None and fewest > end:
        if refusal:
            raise refusal
        raise Refused(_where(high or low), f"there can be at most {end} items, and there must be {fewest}")
    unique = [place for place in places if place.schema.get("uniqueItems") is True and (end is None or end > 1)]
    for place in unique:
        context.note(place.pointer, "uniqueItems")
    for place in places:
        if "contains" in place.schema:
            context.note(place.pointer, "contains")
    counted = MOST_ITEMS + len(items)
    if low and fewest > counted:
        context.note(low.pointer, low.keyword)
    if high and end is not None and end > counted:
        context.note(high.pointer, high.keyword)
    end = None if end is None or end > counted else end
    return Array(tuple(items), rest, min(fewest, counted), end, bool(unique), telling(places, _COUNTS))


def _prefix(place: Place) -> Sequence[Any]:
    """The schemas of the first items; up to draft 7 they stand in `items`."""
    prefix = place.schema.get("prefixItems", place.schema.get("items"))
    return prefix if isinstance(prefix, list) else ()


def _items(places: Places, index: int) -> list[Place]:
    """The schemas of the item at an index."""
    found = []
    for place in places:
        schema = place.schema
        if index < len(_prefix(place)):
            found.append(place.at("prefixItems" if "prefixItems" in schema else "items", index))
            continue
        rest = "additionalItems" if isinstance(schema.get("items"), list) else "items"
        rest = rest if rest in schema else "unevaluatedItems"
        if rest in schema:
            found.append(place.at(rest))
    return found


def merged_object(context: Context, places: Places, free: int) -> Node:
    """An object: of known keys where any are declared, else a map. Raises `Refused`."""
    note_conditions(context, places, scalar=False)
    for place in places:
        for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
            if keyword in place.schema:
                context.note(place.pointer, keyword)
    required = {name for place in places for name in _list(place.schema.get("required"))}
    declared = required.union(*(place.schema.get("properties", {}) for place in places))
    if declared or any("properties" in place.schema for place in places):
        return _known(context, places, free, declared, required)
    return _map(context, places, free)


def _known(context: Context, places: Places, free: int, declared: set[str], required: set[str]) -> Node:
    members = []
    closed = any(place.schema.get("additionalProperties") is False for place in places)
    for name in sorted(declared):
        try:
            members.append(Property(name, _member(context, places, name, free), name in required))
        except Refused as error:
            if name in required or error.broken:
                raise
            closed = False  # for what follows from a key that is never written, see `exclusive`
    return _counted(context, places, Object(tuple(members), closed=closed))


def _counted(context: Context, places: Places, node: Object) -> Object:
    """The object with its members in the order in which they are written, and their number held or noted."""
    members = tuple(sorted(node.properties, key=lambda member: (member.key.lower(), member.key)))
    low, high = most(places, "minProperties"), least(places, "maxProperties")
    fewest, end = _whole(low) or 0, _whole(high)
    required = sum(member.required for member in members)
    if end is not None and max(required, fewest) > end:
        raise Refused(_where(high), f"there can be at most {end} members, and there must be {max(required, fewest)}")
    if fewest > len(members):
        raise Refused(_where(low), f"there can be at most {len(members)} members, and there must be {fewest}")
    if fewest == len(members):
        members = tuple(replace(member, required=True) for member in members)
    elif low and fewest > max(required, 1):
        context.note(low.pointer, low.keyword)
    if end is not None and end == required:
        members = tuple(member for member in members if member.required)
    elif high and end is not None and end < len(members):
        context.note(high.pointer, high.keyword)
    return replace(node, properties=members, min_properties=min(fewest, 1))


def _member(context: Context, places: Places, name: str, free: int) -> Node:
    """The node of the member with this key. Raises `Refused`."""
    if not writable(name):
        raise Refused(places[0].pointer, f"the key {name!r} is no text")
    for place in places:
        if "propertyNames" in place.schema and not context.valid(name, [place.at("propertyNames")]):
            raise Refused(f"{place.pointer}/propertyNames", f"it forbids the key {name!r}")
    found = [inner for place in places for inner in _member_places(context, place, name)]
    for place in places:
        if "unevaluatedProperties" in place.schema and name not in place.schema.get("properties", {}):
            if not found:
                found = [place.at("unevaluatedProperties")]
            else:  # whether another place's properties count here depends on where they stand
                context.note(place.pointer, "unevaluatedProperties")
    return context.node(found, free)


def _member_places(context: Context, place: Place, name: str) -> list[Place]:
    """What one place says of a member."""
    schema = place.schema
    found = [place.at("properties", name)] if name in schema.get("properties", {}) else []
    for pattern in schema.get("patternProperties", {}):
        try:
            if re.search(pattern, name):
                found.append(place.at("patternProperties", pattern))
        except re.error:
            context.note(place.pointer, "patternProperties")
    if not found and "additionalProperties" in schema:
        found.append(place.at("additionalProperties"))
    return found


def _map(context: Context, places: Places, free: int) -> Node:
    """An object of which no key is known."""
    names = [place.at("propertyNames") for place in places if "propertyNames" in place.schema]
    values: list[Place] = []
    for place in places:
        schema = place.schema
        patterns = list(schema.get("patternProperties", {}))
        rest = "additionalProperties" if "additionalProperties" in schema else "unevaluatedProperties"
        if len(patterns) == 1 and schema.get(rest) is False:  # every key has to match it
            names.append(replace(place, schema={"pattern": patterns[0]}))
            values.append(place.at("patternProperties", patterns[0]))
            continue
        if patterns:
            context.note(place.pointer, "patternProperties")
        if rest in schema:
            values.append(place.at(rest))
    try:
        keys = context.node([*names, Place(places[0].pointer if places else "", {"type": "string"})], free)
        inner = context.node(values, free)
    except Refused as error:
        if error.broken:
            raise
        return _counted(context, places, Object())
    if isinstance(keys, Choice):
        known = tuple(Property(str(key), inner, False) for key in keys.values)
        return _counted(context, places, Object(known))
    if not isinstance(keys, Text):
        context.note(places[0].pointer, "propertyNames")
        keys = Text()
    low, high = most(places, "minProperties"), least(places, "maxProperties")
    fewest, end = _whole(low) or 0, _whole(high)
    if end is not None and fewest > end:
        raise Refused(_where(high), f"there can be at most {end} members, and there must be {fewest}")
    if end == 0:
        return Object()
    for bound in (low, high):
        if bound and bound.value > MOST_ITEMS:
            context.note(bound.pointer, bound.keyword)
    end = None if end is None or end > MOST_ITEMS else end
    return Map(keys, inner, min(fewest, MOST_ITEMS), end, pointer=telling(places, {"minProperties"}))


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else []  # in draft 3, a member is said to be required by itself


def _whole(bound: Bound | None) -> int | None:
    return None if bound is None else int(bound.value)


def _where(bound: Bound | None) -> str:
    return bound.where if bound else ""
