"""The branches of a `oneOf` kept apart: a value that one of them writes must not be valid in another."""

from __future__ import annotations

import math
from dataclasses import replace

from agentkit.constraints.nodes import (
    Array,
    Choice,
    Flat,
    Map,
    Node,
    Number,
    Object,
    Property,
    Text,
    flat_nodes,
    identity,
)

Tags = tuple[tuple[str, int], ...]
"""Which branch (an index) of which `oneOf` (a pointer) a node belongs to."""


def exclusive(found: list[tuple[Flat, Tags]]) -> list[str]:
    """Narrows the nodes, in place, so that no `oneOf` has two branches for one value.

    Choices are left alone: their values can be checked one by one.

    Returns:
        The pointers of those of which that can't be said.
    """
    original = list(found)
    overlapping: dict[str, None] = {}
    for index, (_, tags) in enumerate(original):
        for other, other_tags in original:
            for pointer, branch in tags:
                if branch == dict(other_tags).get(pointer, branch):
                    continue
                narrowed = _without(found[index][0], other)
                if narrowed is None:
                    overlapping[pointer] = None
                else:
                    found[index] = narrowed, tags
    return list(overlapping)


def _without(node: Flat, other: Flat) -> Flat | None:
    """The node such that it writes nothing that is valid in the other; None where that can't be said."""
    if isinstance(node, Choice):
        return node
    if isinstance(other, Choice):
        if isinstance(node, Text):
            return replace(node, excluded=node.excluded + tuple(v for v in other.values if isinstance(v, str)))
        if isinstance(node, Number):
            numbers = (v for v in other.values if isinstance(v, int | float) and not isinstance(v, bool))
            return replace(node, excluded=node.excluded + tuple(numbers))
        kind = list if isinstance(node, Array) else dict
        return None if any(isinstance(value, kind) for value in other.values) else node
    if isinstance(node, Object) and isinstance(other, Object):
        return _apart(node, other)
    return node if _disjoint(node, other) else None


def _apart(node: Object, other: Object) -> Object | None:
    own = {member.key: member for member in node.properties}
    others = {member.key: member for member in other.properties}
    for key, member in own.items():  # a tag is always written, even where the schema would not need it
        if key in others and isinstance(member.node, Choice) and _all_disjoint(member.node, others[key].node):
            return _changed(node, replace(member, required=True))
    if _disjoint(node, other):
        return node
    for key, member in own.items():  # and so is what only this one has
        differs = _all_disjoint(member.node, others[key].node) if key in others else other.closed
        if differs:
            return _changed(node, replace(member, required=True))
    for key, member in others.items():  # what the other one needs is never written
        if member.required and key in own and not own[key].required:
            return replace(node, properties=tuple(mine for mine in node.properties if mine.key != key))
    return None


def _changed(node: Object, member: Property) -> Object:
    return replace(node, properties=tuple(member if mine.key == member.key else mine for mine in node.properties))


def _disjoint(node: Flat, other: Flat) -> bool:
    """Whether nothing that the node writes is valid in the other."""
    if isinstance(node, Choice) and isinstance(other, Choice):
        return not {identity(value) for value in node.values} & {identity(value) for value in other.values}
    if isinstance(node, Choice) or isinstance(other, Choice):
        choice, kind = (node, _kind(other)) if isinstance(node, Choice) else (other, _kind(node))
        return not isinstance(choice, Choice) or not any(_kind_of(value) == kind for value in choice.values)
    if _kind(node) != _kind(other):
        return True
    if isinstance(node, Object) and isinstance(other, Object):
        return _objects_disjoint(node, other)
    if isinstance(node, Object) and isinstance(other, Map):
        return any(member.required and _all_disjoint(member.node, other.values) for member in node.properties)
    return _range_before(node, other) or _range_before(other, node)


def _objects_disjoint(node: Object, other: Object) -> bool:
    own = {member.key: member for member in node.properties}
    others = {member.key: member for member in other.properties}
    if any(member.required and key not in own for key, member in others.items()):
        return True
    written = [member for member in own.values() if member.required]
    if other.closed and any(member.key not in others for member in written):
        return True
    return any(member.key in others and _all_disjoint(member.node, others[member.key].node) for member in written)


def _all_disjoint(node: Node, other: Node) -> bool:
    return all(_disjoint(one, two) for one in flat_nodes(node) for two in flat_nodes(other))


def _range_before(node: Flat, other: Flat) -> bool:
    """Whether every number, length or count of the one is below those of the other."""
    if isinstance(node, Number) and isinstance(other, Number):
        upper = [bound for bound in (node.maximum, node.exclusive_maximum) if bound is not None]
        lower = [bound for bound in (other.minimum, other.exclusive_minimum) if bound is not None]
        if not upper or not lower or min(upper) != max(lower):
            return bool(upper and lower) and min(upper) < max(lower)
        return min(upper) == node.exclusive_maximum or max(lower) == other.exclusive_minimum
    if isinstance(node, Text) and isinstance(other, Text):
        return (math.inf if node.max_length is None else node.max_length) < other.min_length
    if isinstance(node, Array) and isinstance(other, Array):
        return (math.inf if node.max_items is None else node.max_items) < other.min_items
    if isinstance(node, Map) and isinstance(other, Map):
        return (math.inf if node.max_properties is None else node.max_properties) < other.min_properties
    return False


def _kind(node: Flat) -> str:
    if isinstance(node, Object | Map):
        return "object"
    return type(node).__name__.lower()


def _kind_of(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "word"
    return {str: "text", int: "number", float: "number", list: "array", dict: "object"}[type(value)]
