"""Whether a value is one that a node writes."""

from __future__ import annotations

import json
from itertools import pairwise

from agentkit.constraints.nodes import Array, Choice, Flat, Map, Node, Number, Object, Text, flat_nodes, identity
from agentkit.constraints.scalars import number_bytes, text_bytes
from agentkit.messages import JSON


def fits(node: Node, value: JSON) -> bool:
    """Whether a node writes the value."""
    return any(_fits(flat, value) for flat in flat_nodes(node))


def _fits(node: Flat, value: JSON) -> bool:
    if isinstance(node, Choice):
        return identity(value) in map(identity, node.values)
    if isinstance(value, str):
        return isinstance(node, Text) and text_bytes(node)[0].accepts(value)
    if isinstance(value, list):
        return isinstance(node, Array) and _array(node, value)
    if isinstance(value, dict):
        return _map(node, value) if isinstance(node, Map) else isinstance(node, Object) and _object(node, value)
    if isinstance(value, bool) or value is None:
        return False
    return isinstance(node, Number) and number_bytes(node)[0].accepts(json.dumps(value))


def _array(node: Array, value: list[JSON]) -> bool:
    most = node.ends_at
    if len(value) < node.min_items or (most is not None and len(value) > most):
        return False
    if node.unique and any(one == two for one, two in pairwise(sorted(map(identity, value)))):
        return False
    return all(fits(item, inner) for item, inner in zip(node.spread(len(value)), value, strict=True))


def _object(node: Object, value: dict[str, JSON]) -> bool:
    members = {member.key: member for member in node.properties}
    most = len(members) if node.max_properties is None else node.max_properties
    if not value.keys() <= members.keys() or not node.min_properties <= len(value) <= most:
        return False
    return all(
        fits(member.node, value[key]) if key in value else not member.required for key, member in members.items()
    )


def _map(node: Map, value: dict[str, JSON]) -> bool:
    most = len(value) if node.max_properties is None else node.max_properties
    if not node.min_properties <= len(value) <= most:
        return False
    return all(fits(node.names, key) and fits(node.values, inner) for key, inner in value.items())
