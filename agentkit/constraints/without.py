"""Nodes without one of their values: what must not be written again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from agentkit.constraints.lengths import EXACT_LENGTH
from agentkit.constraints.nodes import (
    Array,
    Choice,
    Flat,
    Map,
    Node,
    Number,
    Object,
    Property,
    Refused,
    Text,
    flat_nodes,
    identity,
    union,
)
from agentkit.messages import JSON

_MOST_BRANCHES = 64
"""Branches of a node up to which an object or an array is forbidden: each multiplies them by its members."""

FORBIDDEN = "all that could be written here is forbidden"


def without(node: Node, values: Iterable[JSON], *, exact: bool = False) -> Node:
    """The node without some values.

    An array that is not a given one has another length or another item, and an object another member: these are its
    branches. Where there would be too many of them, the node is left as it is.

    Raises:
        Refused: nothing is left, or with `exact` a value can't be left out; the pointer is empty.
    """
    for value in values:
        flats = flat_nodes(node)
        if isinstance(value, list | dict) and len(flats) > _MOST_BRANCHES:
            if exact:
                raise Refused("", f"more than {_MOST_BRANCHES} ways to differ are not told apart")
            continue
        left = [other for flat in flats for other in _others(flat, value)]
        if not left:
            raise Refused("", FORBIDDEN)
        node = union(left)
    return node


def _others(node: Flat, value: JSON) -> Iterator[Node]:
    """Nodes for all that a node writes but a value."""
    if isinstance(node, Choice):
        kept = tuple(other for other in node.values if identity(other) != identity(value))
        if kept:
            yield Choice(kept)
    elif isinstance(node, Text) and isinstance(value, str):
        longest = EXACT_LENGTH if node.uncounted and len(value) > EXACT_LENGTH else node.max_length
        yield replace(node, excluded=(*node.excluded, value), max_length=longest)
    elif isinstance(node, Number) and isinstance(value, int | float) and not isinstance(value, bool):
        yield replace(node, excluded=(*node.excluded, value))
    elif isinstance(node, Array) and isinstance(value, list):
        yield from _other_arrays(node, value)
    elif isinstance(node, Object) and isinstance(value, dict):
        yield from _other_objects(node, value)
    elif isinstance(node, Map) and isinstance(value, dict):
        yield from _other_maps(node, value)
    else:
        yield node


def _other_arrays(node: Array, value: list[JSON]) -> Iterator[Node]:
    count = len(value)
    end = node.max_items if node.items is not None else min(len(node.prefix), node.max_items or len(node.prefix))
    if count < node.min_items or (end is not None and count > end):
        yield node
        return
    if count > node.min_items:
        yield replace(node, max_items=count - 1)
    if end is None or count < end:
        yield replace(node, min_items=count + 1)
    items = node.spread(count)
    for index, item in enumerate(value):
        for other in _try(items[index], item):
            yield Array((*items[:index], other, *items[index + 1 :]), None, count, count, node.unique, node.pointer)


def _other_objects(node: Object, value: dict[str, JSON]) -> Iterator[Node]:
    keys = {member.key for member in node.properties}
    if not value.keys() <= keys or any(member.required and member.key not in value for member in node.properties):
        yield node
        return
    for index, member in enumerate(node.properties):
        before, after = node.properties[:index], node.properties[index + 1 :]
        if member.key not in value:
            yield replace(node, properties=(*before, replace(member, required=True), *after))
            continue
        if not member.required and (before or after or not node.min_properties):
            yield replace(node, properties=(*before, *after))
        for other in _try(member.node, value[member.key]):
            yield replace(node, properties=(*before, Property(member.key, other, True), *after))


def _other_maps(node: Map, value: dict[str, JSON]) -> Iterator[Node]:
    count = len(value)
    if node.max_properties is None or count < node.max_properties:
        yield replace(node, min_properties=max(node.min_properties, count + 1))
    for key in value:
        yield replace(node, names=replace(node.names, excluded=(*node.names.excluded, key)))
    if count >= node.min_properties:
        members = (Property(key, node.values, True) for key in sorted(value, key=lambda key: (key.lower(), key)))
        yield from _other_objects(Object(tuple(members)), value)


def _try(node: Node, value: JSON) -> Iterator[Node]:
    try:
        yield without(node, [value])
    except Refused:
        return
