"""Which keywords of a JSON Schema hold schemas, and which refer to some, in whatever draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

REFERRING = ("$ref", "$dynamicRef", "$recursiveRef")
DEFINITIONS = ("$defs", "definitions")
DATA = {"enum", "const", "default", "examples", "example", "required", "dependentRequired"}
_MAPS_OF_SCHEMAS = {"properties", "patternProperties", "dependentSchemas", "dependencies", *DEFINITIONS}


def walk_keyword(key: str, value: Any, walk: Callable[[Any], Any]) -> Any:
    """The value of a keyword with what `walk` makes of each schema in it."""
    if key in DATA:
        return value
    if key in _MAPS_OF_SCHEMAS and isinstance(value, Mapping):
        return {name: walk(schema) for name, schema in value.items()}
    if isinstance(value, list):
        return [walk(item) for item in value]
    return walk(value)
