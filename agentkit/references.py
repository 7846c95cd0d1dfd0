"""What the references of a JSON Schema lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin

from agentkit.keywords import REFERRING, walk_keyword
from agentkit.pointers import escaped


def resolver(root: Mapping[str, Any]) -> Callable[..., Any]:
    """What finds the schema that a reference names from a base URI (the root's own by default), or None.

    Only the root document is looked at.
    """
    from referencing import Registry

    found = Registry().with_resource("", _dialect(root).create_resource(root))

    def target(reference: str, base: str = "") -> Any:
        try:
            schema = found.resolver(base).lookup(reference).contents
        except Exception:  # the library raises several, and KeyError and more besides
            return None
        return schema if isinstance(schema, Mapping | bool) else None

    return target


def rooted(root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with its references as they read from its root: an `$id` within it has those beneath begin there.

    Such an `$id` is left out then. What names nothing in the schema is a URI.
    """
    target, id_of = resolver(root), _dialect(root).id_of
    pointers: dict[int, str] = {}

    def note(node: Any, pointer: str) -> None:
        pointers[id(node)] = pointer
        if isinstance(node, Mapping | list):
            for key, value in node.items() if isinstance(node, Mapping) else enumerate(node):
                note(value, f"{pointer}/{escaped(str(key))}")

    def read(reference: str, base: str) -> str:
        found = target(reference, base)
        if found is None:
            return urljoin(base, reference)
        if reference.startswith("#") and target(reference) is found:
            return reference
        return f"#{pointers[id(found)].replace('%', '%25')}"

    def walk(node: Any, base: str) -> Any:
        if not isinstance(node, Mapping):
            return node
        own = id_of(node)
        base = urljoin(base, own) if own else base
        found = {key: walk_keyword(key, value, lambda inner: walk(inner, base)) for key, value in node.items()}
        found |= {key: read(node[key], base) for key in REFERRING if isinstance(node.get(key), str)}
        return found if own is None or node is root else {key: found[key] for key in found if key not in ("$id", "id")}

    note(root, "")
    walked: Mapping[str, Any] = walk(root, "")
    return walked


def _dialect(root: Mapping[str, Any]) -> Any:
    from referencing.jsonschema import DRAFT202012, specification_with

    return specification_with(str(root.get("$schema", "")), default=DRAFT202012)
