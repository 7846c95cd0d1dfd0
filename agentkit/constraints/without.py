"""Nodes without one of their values: what must not be written again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from agentkit.constraints.lengths import EXACT_LENGTH, MOST_ITEMS, MOST_LENGTH
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
    is_multiple,
    union,
)
from agentkit.messages import JSON

_MOST_BRANCHES = 64
"""Branches of a node up to which an object or an array is forbidden: each multiplies them by its members."""

_MOST_VALUES = 256
"""Values of a node up to which they are spelt out, to forbid some of them."""

FORBIDDEN = "all that could be written here is forbidden"


def without(node: Node, values: Sequence[JSON], *, exact: bool = False) -> Node:
    """The node without some values.

    An array that is not a given one has another length or another item, and an object another member: these are its
    branches. Where there would be too many of them, the node is left as it is; with `exact`, there are then only those
    values that differ from all the given ones in the same way.

    Raises:
        Refused: nothing is left; the pointer is empty.
    """
    given = node
    for value in values:
        flats = flat_nodes(node)
        if isinstance(value, list | dict) and len(flats) > _MOST_BRANCHES:
            if exact:
                return _apart(given, values)
            continue
        node = _any(other for flat in flats for other in _others(flat, value))
    return node


def _any(nodes: Iterable[Node]) -> Node:
    left = list(nodes)
    if not left:
        raise Refused("", FORBIDDEN)
    return union(left)


def _apart(node: Node, values: Sequence[JSON]) -> Node:
    """What differs from all the values in the same way: in one item, in one member, or in their number.

    Of a node that has few values, it is all the others.
    """
    there = every(node, _MOST_VALUES)
    if there is not None:
        return without(Choice(tuple(there)), values) if there else _any(())
    return _any(other for flat in flat_nodes(node) for other in _ways_apart(flat, values))


Scalars: TypeAlias = Callable[[Text | Number, int], Sequence[JSON] | None]
"""All strings or numbers of a node; None where there are more than so many."""


def every(node: Node, most: int, scalars: Scalars = lambda node, most: None) -> list[JSON] | None:
    """All values of a node, each once; None where there are more than so many, or where they can't be listed.

    Args:
        scalars: lists strings and numbers, which takes automata (`scalars.scalars`); without it, they are not listed.
    """
    found: dict[str, JSON] = {}
    for flat in flat_nodes(node):
        values = _every(flat, most, scalars)
        if values is None:
            return None
        found |= {identity(value): value for value in values}
    return list(found.values()) if len(found) <= most else None


def _every(flat: Flat, most: int, scalars: Scalars) -> Sequence[JSON] | None:
    if isinstance(flat, Choice):
        return flat.values
    if isinstance(flat, Text | Number):
        return scalars(flat, most)
    if isinstance(flat, Object):
        return _every_object(flat, most, scalars)
    return _every_array(flat, most, scalars) if isinstance(flat, Array) else _every_map(flat, most, scalars)


def _every_array(node: Array, most: int, scalars: Scalars) -> list[JSON] | None:
    if node.ends_at is None:
        return None
    found: list[JSON] = []
    rows: list[list[JSON]] = [[]]
    for count, item in enumerate((*node.spread(node.ends_at), None)):
        if count >= node.min_items:
            found += rows
        values = [] if item is None or not rows else every(item, most, scalars)
        if values is None:
            return None
        rows = [[*row, value] for row in rows for value in values if not (node.unique and _among(value, row))]
        if len(found) + len(rows) > most:
            return None
    return found


def _every_map(node: Map, most: int, scalars: Scalars) -> list[dict[str, JSON]] | None:
    names, values = every(node.names, most, scalars), every(node.values, most, scalars)
    if node.begun or names is None or values is None:
        return None
    members = (Property(str(name), Choice(tuple(values)), False) for name in names) if values else ()
    return _every_object(Object(tuple(members), node.min_properties, node.max_properties), most, scalars)


def _among(value: JSON, others: Sequence[JSON]) -> bool:
    return identity(value) in map(identity, others)


def _every_object(node: Object, most: int, scalars: Scalars) -> list[dict[str, JSON]] | None:
    rows: list[dict[str, JSON]] = [{}]
    for member in node.properties:
        values = every(member.node, most, scalars)
        if values is None or len(rows) * len(values) > most:
            return None
        with_it = [{**row, member.key: value} for row in rows for value in values]
        rows = with_it if member.required else rows + with_it
    end = len(node.properties) if node.max_properties is None else node.max_properties
    return [row for row in rows if node.min_properties <= len(row) <= end]


def _ways_apart(node: Flat, values: Sequence[JSON]) -> Iterator[Node]:
    lists = [value for value in values if isinstance(value, list)]
    dicts = [value for value in values if isinstance(value, dict)]
    longest = max(map(len, lists if isinstance(node, Array) else dicts), default=0)
    if isinstance(node, Array):
        if not node.unique and (node.ends_at is None or longest < node.ends_at):
            yield replace(node, min_items=max(node.min_items, longest + 1))
        items = node.spread(1 if node.unique else longest)  # what is behind them then has to differ from them as well
        for index, item in enumerate(items):
            there = [value[index] for value in lists if index < len(value)]
            for other in _try(item, there):
                prefix = (*items[:index], other, *items[index + 1 :])
                yield replace(node, prefix=prefix, min_items=max(node.min_items, index + 1))
    elif isinstance(node, Object):
        for member in node.properties:
            there = [value[member.key] for value in dicts if member.key in value]
            for other in _try(member.node, there):
                yield from _possibly(_with(node, Property(member.key, other, True)))
    elif isinstance(node, Map):
        if node.max_properties is None or longest < node.max_properties:
            yield replace(node, min_properties=max(node.min_properties, longest + 1))
        names = replace(node.names, excluded=(*node.names.excluded, *{key for value in dicts for key in value}))
        yield replace(node, names=names, min_properties=max(node.min_properties, 1))
    else:
        yield from _try(node, values)


def _others(node: Flat, value: JSON) -> Iterator[Node]:
    """Nodes for all that a node writes but a value."""
    if isinstance(node, Choice):
        kept = tuple(other for other in node.values if identity(other) != identity(value))
        if kept:
            yield Choice(kept)
    elif isinstance(node, Text) and isinstance(value, str):
        yield replace(node, excluded=(*node.excluded, value), max_length=_longest(node, value))
    elif isinstance(node, Number) and isinstance(value, int | float) and not isinstance(value, bool):
        strict = node.strict or not (node.decimal or all(is_multiple(value, step) for step in node.multiples))
        yield replace(node, excluded=(*node.excluded, value), strict=strict)
    elif isinstance(node, Array) and isinstance(value, list):
        yield from _other_arrays(node, value)
    elif isinstance(node, Object) and isinstance(value, dict):
        yield from _other_objects(node, value)
    elif isinstance(node, Map) and isinstance(value, dict):
        yield from _other_maps(node, value)
    else:
        yield node


def _longest(node: Text, value: str) -> int | None:
    """The greatest length of another text than this one, which may have been too long."""
    counted = EXACT_LENGTH if node.min_length <= EXACT_LENGTH else MOST_LENGTH
    if node.uncounted and len(value) > counted:
        return counted
    if node.max_length is not None and len(value) > node.max_length:  # that could not be held
        return max(node.min_length, node.max_length // 4)
    return node.max_length


def _other_arrays(node: Array, value: list[JSON]) -> Iterator[Node]:
    count, end = len(value), node.ends_at
    if count < node.min_items or (end is not None and count > end):
        yield node
        return
    counted = MOST_ITEMS + max(len(node.prefix), node.min_items)
    if node.uncounted is not None and count > (most := min(counted, node.uncounted)):
        yield replace(node, max_items=most, uncounted=None)  # it was too long
        return
    if count > node.min_items:
        yield replace(node, max_items=count - 1)
    if end is None or count < end:
        yield replace(node, min_items=count + 1)
    items = node.spread(count)
    for index, item in enumerate(value):
        for other in _try(items[index], [item]):
            prefix = (*items[:index], other, *items[index + 1 :])
            yield Array(prefix, None, count, count, node.unique, pointer=node.pointer)


def _other_objects(node: Object, value: dict[str, JSON]) -> Iterator[Node]:
    keys = {member.key for member in node.properties}
    if not value.keys() <= keys or any(member.required and member.key not in value for member in node.properties):
        yield node
        return
    for member in node.properties:
        if member.key not in value:
            yield from _possibly(_with(node, replace(member, required=True)))
            continue
        if not member.required:
            left = tuple(other for other in node.properties if other.key != member.key)
            yield from _possibly(replace(node, properties=left))
        for other in _try(member.node, [value[member.key]]):
            yield from _possibly(_with(node, Property(member.key, other, True)))


def _with(node: Object, member: Property) -> Object:
    """The object with this member in place of its own of the same key."""
    return replace(node, properties=tuple(member if own.key == member.key else own for own in node.properties))


def _possibly(node: Object) -> Iterator[Object]:
    if not node.impossible:
        yield node


def _other_maps(node: Map, value: dict[str, JSON]) -> Iterator[Node]:
    count = len(value)
    if not value.keys().isdisjoint(node.names.excluded):  # it is none of them
        yield node
        return
    if node.uncounted and count > (most := MOST_ITEMS + node.min_properties):
        yield replace(node, max_properties=most, uncounted=False)  # it was too long
        return
    if node.max_properties is None or count < node.max_properties:
        yield replace(node, min_properties=max(node.min_properties, count + 1))
    for key in value:
        yield replace(node, names=replace(node.names, excluded=(*node.names.excluded, key)))
    if count >= node.min_properties:
        members = (Property(key, node.values, True) for key in sorted(value, key=lambda key: (key.lower(), key)))
        yield from _other_objects(Object(tuple(members)), value)


def _try(node: Node, values: Sequence[JSON]) -> Iterator[Node]:
    try:
        yield without(node, values)
    except Refused:
        return
