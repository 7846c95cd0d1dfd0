"""Nodes narrowed to what a repair may write: some values fixed, some forbidden, some arguments left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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


def restrict(
    node: Node,
    *,
    fixed: Mapping[str, JSON],
    banned: Mapping[str, Sequence[JSON]],
    only: frozenset[str] | None = None,
) -> Node:
    """The node with values fixed or forbidden by the JSON pointer at which they stand.

    What a fixed value stands in is written as well, where the node has a place for it. Objects and arrays can't be
    forbidden where the schema leaves them open, nor can anything within a map.

    Args:
        only: the members of the outermost object that are written, as far as it has them, and no others; None leaves it
            at what the node says.

    Raises:
        Refused: nothing is left; its pointer is one into the value.
    """
    if only is not None:
        node = _selected(node, only)
    return _Restriction(fixed, banned).node(node, "")


def _selected(node: Node, only: frozenset[str]) -> Node:
    """The objects that have most of these members, with nothing but these. Keys that none has are left out."""
    found: dict[int, list[Node]] = {}
    for flat in flat_nodes(node):
        if isinstance(flat, Map):
            flat = Object(tuple(Property(key, flat.values, True) for key in sorted(only, key=str.lower)))
        if isinstance(flat, Object):
            kept = tuple(replace(member, required=True) for member in flat.properties if member.key in only)
            found.setdefault(len(kept), []).append(replace(flat, properties=kept, min_properties=0))
    return union(found[max(found)])


@dataclass(frozen=True, slots=True)
class _Restriction:
    fixed: Mapping[str, JSON]
    banned: Mapping[str, Sequence[JSON]]

    def node(self, node: Node, pointer: str) -> Node:
        if pointer in self.fixed:
            return Choice((self.fixed[pointer],))
        if not self._steps(pointer) and pointer not in self.banned:
            return node
        found: list[Node] = []
        refusal = Refused(pointer, "all that could be written here is forbidden")
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
        steps = self._steps(pointer, written=True)
        if isinstance(node, Object):
            return steps <= {_escaped(member.key) for member in node.properties}
        return not steps or isinstance(node, Array | Map)

    def _flat(self, node: Flat, pointer: str) -> Node:
        values = self.banned.get(pointer, ())
        if isinstance(node, Choice):
            forbidden = {identity(value) for value in values}
            kept = tuple(value for value in node.values if identity(value) not in forbidden)
            if not kept:
                raise Refused(pointer, "all that could be written here is forbidden")
            return Choice(kept)
        if isinstance(node, Text):
            return replace(node, excluded=node.excluded + tuple(value for value in values if isinstance(value, str)))
        if isinstance(node, Number):
            numbers = (value for value in values if isinstance(value, int | float) and not isinstance(value, bool))
            return replace(node, excluded=node.excluded + tuple(numbers))
        if isinstance(node, Array):
            return self._array(node, pointer)
        if isinstance(node, Object):
            return self._object(node, pointer)
        keys = self._steps(pointer, written=True)
        if not keys:
            return node
        members = (Property(key, node.values, True) for key in sorted(map(_unescaped, keys), key=str.lower))
        return self._object(Object(tuple(members)), pointer)

    def _object(self, node: Object, pointer: str) -> Node:
        members = []
        for member in node.properties:
            step = _escaped(member.key)
            required = member.required or step in self._steps(pointer, written=True)
            try:
                members.append(Property(member.key, self.node(member.node, f"{pointer}/{step}"), required))
            except Refused:
                if required:
                    raise
        if len(members) < node.min_properties:
            raise Refused(pointer, "all that could be written here is forbidden")
        return replace(node, properties=tuple(members))

    def _array(self, node: Array, pointer: str) -> Node:
        count = _count(self._steps(pointer))
        count = count if node.max_items is None else min(count, node.max_items)
        if node.items is None:
            count = min(count, len(node.prefix))
        items = [*node.prefix, *([] if node.items is None else [node.items] * (count - len(node.prefix)))]
        for index in range(count):
            items[index] = self.node(items[index], f"{pointer}/{index}")
        fewest = min(_count(self._steps(pointer, written=True)), count)
        return replace(node, prefix=tuple(items), min_items=max(node.min_items, fewest))

    def _steps(self, pointer: str, *, written: bool = False) -> set[str]:
        """The steps below a pointer that lead to a restriction; with `written`, to a value that is fixed."""
        pointers = [*self.fixed] if written else [*self.fixed, *self.banned]
        return {inner[len(pointer) + 1 :].split("/")[0] for inner in pointers if inner.startswith(f"{pointer}/")}


def _count(steps: set[str]) -> int:
    """How many items an array needs to have them all."""
    return max((int(step) + 1 for step in steps if step.isdecimal()), default=0)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
