"""What of the nodes automata can write, and what they don't hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agentkit.constraints.dfa import ByteDFA
from agentkit.constraints.nodes import (
    Array,
    Choice,
    Flat,
    Map,
    Node,
    Number,
    Object,
    Refused,
    Text,
    all_nodes,
    flat_nodes,
    union,
)
from agentkit.constraints.normalize import Normalized, Unheld
from agentkit.constraints.scalars import number_bytes, scalars, text_bytes
from agentkit.constraints.without import every

_MENDED = ("maxLength", "multipleOf")
"""Keywords that are held after all once a value was wrong (see `without`)."""

MOST_COUNTED = 64
"""Different values up to which it is counted whether there are enough."""


def unheld(normalized: Normalized) -> tuple[Unheld, ...]:
    """What of a schema no automaton holds, so that it has to be checked afterwards: pointers and keywords."""
    found = dict.fromkeys(normalized.unheld)
    for node in all_nodes(normalized.node):
        if isinstance(node, Text | Number):
            found |= dict.fromkeys((node.pointer, keyword) for keyword in _bytes(node)[1])
    return tuple(found)


def possible(node: Node) -> Node:
    """The node without the strings and numbers that nothing can be (a pattern that the length contradicts).

    Raises:
        Refused: nothing is left, or a keyword can't be held; the pointer is that of the schema.
    """
    found: list[Node] = []
    refusal: Refused | None = None
    for flat in flat_nodes(node):
        try:
            found.append(_possible(flat))
        except Refused as error:
            if error.broken:
                raise
            refusal = refusal or error
    if refusal and not found:
        raise refusal
    return union(found)


def _possible(node: Flat) -> Node:
    if isinstance(node, Choice):
        return node
    if isinstance(node, Text | Number):
        automaton, lost = _bytes(node)
        for keyword, reason in lost.items():
            if keyword not in _MENDED:
                raise Refused(f"{node.pointer}/{keyword}", reason, broken=True)
        if automaton.is_empty:
            raise Refused(node.pointer, "no value fits all of its keywords")
        return node
    if isinstance(node, Map):
        return _possible_map(node)
    return _possible_array(node) if isinstance(node, Array) else _possible_object(node)


def _bytes(node: Text | Number) -> tuple[ByteDFA, Mapping[str, str]]:
    return text_bytes(node) if isinstance(node, Text) else number_bytes(node)


def _possible_object(node: Object) -> Object:
    members = []
    for member in node.properties:
        try:
            members.append(replace(member, node=possible(member.node)))
        except Refused as error:
            if member.required or error.broken or len(node.properties) <= node.min_properties:
                raise
    left = replace(node, properties=tuple(members))
    if left.impossible:
        raise Refused("", "no object has as many members as it must have")
    return left


def _possible_map(node: Map) -> Node:
    try:
        possible(node.names)
        values = possible(node.values)
    except Refused as error:
        if node.min_properties or error.broken:
            raise
        return Object()
    begun = tuple(replace(member, node=possible(member.node)) for member in node.begun)
    end = _most_different(node.names, node.min_properties, node.max_properties, node.pointer)
    return replace(node, values=values, begun=begun, max_properties=end)


def _possible_array(node: Array) -> Array:
    prefix: list[Node] = []
    end, rest = node.max_items, None
    try:
        for item in node.prefix:
            prefix.append(possible(item))
        rest = None if node.items is None else possible(node.items)
    except Refused as error:
        if node.min_items > len(prefix) or error.broken:
            raise
        end = len(prefix)
    if node.unique and rest is not None:
        end = _most_different(rest, node.min_items, end, node.pointer, beside=len(prefix))
    return replace(node, prefix=tuple(prefix), items=rest, max_items=end)


def _most_different(node: Node, fewest: int, most: int | None, pointer: str, *, beside: int = 0) -> int | None:
    """The most values there can be if all have to differ: those of a node, and some beside. Raises `Refused`."""
    values = every(node, MOST_COUNTED, scalars)
    if values is None:
        return most
    there = len(values) + beside
    if there < fewest:
        raise Refused(pointer, f"there are only {there} that differ, and there must be {fewest}")
    return there if most is None else min(most, there)
