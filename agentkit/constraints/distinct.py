"""What has to differ, in a value that is being written: the keys of maps, and the items of unique arrays.

No automaton holds that, so what is written is looked at. Values are known by their JSON pointers; an object or an array
is open until it has a value of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentkit.constraints.nodes import Array, Flat, Map, Node, Object, flat_nodes, identity
from agentkit.messages import JSON
from agentkit.pointers import unescaped


def repeated(node: Node, values: Mapping[str, JSON]) -> list[str]:
    """The pointers of items that are equal to an earlier one of their array, where all have to differ."""
    found: list[str] = []
    seen: dict[str, set[str]] = {}
    for pointer, value in values.items():
        if differs(node, pointer):
            known = seen.setdefault(pointer.rpartition("/")[0], set())
            if (same := identity(value)) in known:
                found.append(pointer)
            known.add(same)
    return found


def begun(node: Node, keys: Iterable[str], values: Mapping[str, JSON]) -> dict[str, JSON]:
    """What stands in open objects and arrays, by pointer; nothing if nothing that comes has to differ from it.

    Args:
        keys: the pointers of the members whose keys stand.
        values: the values that are complete.
    """
    inner = {pointer: values.get(pointer) for pointer in dict.fromkeys((*keys, *values)) if pointer}
    open_ = {pointer: value for pointer, value in inner.items() if pointer.rpartition("/")[0] not in values}
    parents = {pointer.rpartition("/")[0] for pointer in open_}
    return open_ if any(_differ(node, parent) for parent in parents) else {}


def differs(node: Node, pointer: str) -> bool:
    """Whether the value at a pointer is an item of an array in which all have to differ."""
    array, _, step = pointer.rpartition("/")
    return step.isdecimal() and any(isinstance(flat, Array) and flat.unique for flat in _at(node, array))


def _differ(node: Node, pointer: str) -> bool:
    """Whether keys or items have to differ at a pointer."""
    return any(isinstance(flat, Map) or (isinstance(flat, Array) and flat.unique) for flat in _at(node, pointer))


def _at(node: Node, pointer: str) -> list[Flat]:
    """What may stand at a pointer."""
    flats = [*flat_nodes(node)]
    for step in map(unescaped, pointer.split("/")[1:]):
        flats = [inner for flat in flats for node in below(flat, step) for inner in flat_nodes(node)]
    return flats


def below(flat: Flat, step: str) -> Iterable[Node]:
    """What may stand in a node one step of a JSON pointer further; the step is a key or an index."""
    if isinstance(flat, Map):
        return (flat.values,)
    if isinstance(flat, Object):
        return (member.node for member in flat.properties if member.key == step)
    return flat.spread(int(step) + 1)[int(step) :] if isinstance(flat, Array) and step.isdecimal() else ()
