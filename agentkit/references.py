"""What the references of a JSON Schema lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def resolver(root: Mapping[str, Any]) -> Callable[[str], Any]:
    """What finds the schema that a reference names, or None. Only the root document is looked at."""
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012, specification_with

    dialect = specification_with(str(root.get("$schema", "")), default=DRAFT202012)
    found = Registry().with_resource("", dialect.create_resource(root)).resolver("")

    def target(reference: str) -> Any:
        try:
            schema = found.lookup(reference).contents
        except Exception:  # the library raises several, and KeyError and more besides
            return None
        return schema if isinstance(schema, Mapping | bool) else None

    return target
