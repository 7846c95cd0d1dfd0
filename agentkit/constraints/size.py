"""How large the automaton of a node is, roughly: what is counted stands in it once for each count."""

from __future__ import annotations

from agentkit.constraints.nodes import Array, Flat, Map, Node, Object, Text, flat_nodes

MOST = 30_000
"""The largest one that is made: some seconds, and some 700,000 edges."""

MOST_COUNTED = 4_000
"""Up to which the items of an array are counted to a greatest number."""

_VALUE = 5  # a value is as large as so many characters that are counted


def size(node: Node) -> int:
    """The characters of strings whose length is counted, and some for each value."""
    return sum(map(_size, flat_nodes(node)))


def _size(node: Flat) -> int:
    if isinstance(node, Text):
        return _VALUE + max(node.min_length, node.max_length or 0)
    if isinstance(node, Array):
        prefix, rest = len(node.prefix), 0 if node.items is None else size(node.items)
        count = max(node.min_items, prefix + 1) if node.ends_at is None else node.ends_at
        return sum(map(size, node.prefix[:count])) + rest * max(count - prefix, 0)
    if isinstance(node, Map):
        count = max(node.min_properties, 1) if node.max_properties is None else node.max_properties
        return count * (size(node.names) + size(node.values))
    if isinstance(node, Object):
        count = max(node.min_properties, 1) if node.max_properties is None else node.max_properties
        return count * sum(size(member.node) for member in node.properties)
    return _VALUE
