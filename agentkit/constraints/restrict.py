"""Nodes narrowed to what a repair may write: some values fixed, some forbidden, some arguments left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agentkit.constraints.distinct import below
from agentkit.constraints.fits import fits
from agentkit.constraints.nodes import (
    Array,
    Choice,
    Flat,
    Map,
    Node,
    Object,
    Property,
    Refused,
    flat_nodes,
    union,
)
from agentkit.constraints.without import FORBIDDEN, without
from agentkit.messages import JSON
from agentkit.pointers import escaped, unescaped


def restrict(
    node: Node,
    *,
    fixed: Mapping[str, JSON],
    banned: Mapping[str, Sequence[JSON]],
    only: frozenset[str] | None = None,
    begun: Mapping[str, JSON] | None = None,
) -> Node:
    """The node with values fixed or forbidden by the JSON pointer at which they stand.

    What a fixed value stands in is written as well, where the node has a place for it.

    Args:
        only: the members of the outermost object that are written, as far as it has them, and no others; None leaves it
            at what the node says.
        begun: what the value begins with, by pointer: the items that stand in arrays, and the members in objects, that
            are not closed yet. They are not fixed, but what has to differ from them does.

    Raises:
        Refused: nothing is left; its pointer is one into the value.
    """
    if only is not None:
        node = _selected(node, only)
    return _Restriction(fixed, banned, begun or {}).node(node, "")


def _selected(node: Node, only: frozenset[str]) -> Node:
    """The objects of these members alone, as many as they have. Keys that none has are left out.

    Objects that need others are taken where all do, and with the fewest of those.
    """
    found: dict[tuple[int, int], list[Node]] = {}
    for flat in flat_nodes(node):
        if isinstance(flat, Map):
            flat = Object(tuple(Property(key, flat.values, True) for key in sorted(only, key=str.lower)))
        if isinstance(flat, Object):
            members = [member for member in flat.properties if member.required or member.key in only]
            more = sum(member.key not in only for member in members)
            kept = tuple(replace(member, required=True) for member in members)
            alone = replace(flat, properties=kept, min_properties=0, max_properties=None)
            found.setdefault((-more, len(kept)), []).append(alone)
    return union(found[max(found)])


@dataclass(frozen=True, slots=True)
class _Restriction:
    fixed: Mapping[str, JSON]
    banned: Mapping[str, Sequence[JSON]]
    begun: Mapping[str, JSON]

    def node(self, node: Node, pointer: str) -> Node:
        if pointer in self.fixed:
            return Choice((self.fixed[pointer],))
        found: list[Node] = []
        try:
            node = without(node, self.banned.get(pointer, ()))
        except Refused:
            raise Refused(pointer, FORBIDDEN) from None
        if not _steps(pointer, self.fixed, self.banned, self.begun):
            return node
        refusal = Refused(pointer, FORBIDDEN)
        flats = flat_nodes(node)
        for flat in [flat for flat in flats if self._holds(flat, pointer)] or flats:
            try:
                found.append(self._flat(flat, pointer))
            except Refused as error:
                refusal = error
        if not found:
            raise refusal
        return union(found)

    def _holds(self, node: Flat, pointer: str) -> bool:
        """Whether all that is fixed below a pointer can stand in the node."""
        return all(
            any(
                self._takes(flat, f"{pointer}/{step}")
                for inner in below(node, unescaped(step))
                for flat in flat_nodes(inner)
            )
            for step in _steps(pointer, self.fixed)
        )

    def _takes(self, node: Flat, pointer: str) -> bool:
        return fits(node, self.fixed[pointer]) if pointer in self.fixed else self._holds(node, pointer)

    def _flat(self, node: Flat, pointer: str) -> Node:
        if isinstance(node, Array):
            return self._array(node, pointer)
        if isinstance(node, Object):
            return self._object(node, pointer)
        return self._map(node, pointer) if isinstance(node, Map) else node

    def _object(self, node: Object, pointer: str) -> Node:
        members = []
        for member in node.properties:
            step = escaped(member.key)
            required = member.required or step in _steps(pointer, self.fixed)
            try:
                members.append(Property(member.key, self.node(member.node, f"{pointer}/{step}"), required))
            except Refused:
                if required:
                    raise
        left = replace(node, properties=tuple(members))
        if left.impossible:
            raise Refused(pointer, FORBIDDEN)
        return left

    def _map(self, node: Map, pointer: str) -> Node:
        known = [unescaped(step) for step in _steps(pointer, self.fixed, self.banned)]
        if known:
            members = (Property(key, node.values, True) for key in sorted(known, key=lambda key: (key.lower(), key)))
            return self._object(Object(tuple(members)), pointer)
        begun = (
            Property(unescaped(step), self.node(node.values, f"{pointer}/{step}"), True)
            for step in _steps(pointer, self.begun)
        )
        return replace(node, begun=tuple(begun))

    def _array(self, node: Array, pointer: str) -> Node:
        restricted = _steps(pointer, self.fixed, self.banned, self.begun)
        count = _count(restricted)
        count = count if node.max_items is None else min(count, node.max_items)
        standing = [self.begun[inner] for step in restricted if (inner := f"{pointer}/{step}") in self.begun]
        if node.unique and standing:
            node = _different(node, standing)
        items = list(node.spread(count))
        for index, item in enumerate(items):
            items[index] = self.node(item, f"{pointer}/{index}")
        fewest = min(_count(_steps(pointer, self.fixed, self.begun)), len(items))
        return replace(node, prefix=(*items, *node.prefix[count:]), min_items=max(node.min_items, fewest))


def _different(node: Array, standing: Sequence[JSON]) -> Array:
    """The array behind some items, with none that is equal to one of them; it ends where that can't be held.

    Raises:
        Refused: it must not end there.
    """
    count = len(standing)
    items, end, rest = list(node.spread(count)), node.max_items, None
    try:
        for item in node.prefix[count:]:
            items.append(without(item, standing, exact=True))
        rest = None if node.items is None else without(node.items, standing, exact=True)
    except Refused:
        end = len(items)
        if end < node.min_items:
            raise
    return replace(node, prefix=tuple(items), items=rest, max_items=end)


def _steps(pointer: str, *restrictions: Mapping[str, object]) -> list[str]:
    """The steps below a pointer that lead to a restriction, in their order."""
    below = (inner for pointers in restrictions for inner in pointers if inner.startswith(f"{pointer}/"))
    return list(dict.fromkeys(inner[len(pointer) + 1 :].split("/")[0] for inner in below))


def _count(steps: Sequence[str]) -> int:
    """How many items an array needs to have them all."""
    return max((int(step) + 1 for step in steps if step.isdecimal()), default=0)
