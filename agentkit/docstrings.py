"""What a function's docstring says about it and its parameters: Google, NumPy or Sphinx style, read by griffe."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Description:
    """`text` is the prose before the first section; `parameters` maps names to their descriptions."""

    text: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def describe(function: Callable[..., Any]) -> Description:
    """Reads the function's docstring in the style that finds the most in it."""
    docstring = inspect.getdoc(function)
    if not docstring:
        return Description()
    from griffe import Docstring, parse_google, parse_numpy, parse_sphinx

    source = Docstring(docstring)
    readings: list[list[Any]] = [
        list(parse_google(source, warnings=False)),
        list(parse_numpy(source, warnings=False)),
        list(parse_sphinx(source, warnings=False)),
    ]
    best = max(readings, key=lambda sections: (len(_parameters(sections)), len(sections)))
    return Description(_text(best), _parameters(best))


def _text(sections: list[Any]) -> str:
    """The prose up to the first section of another kind."""
    first = sections[0] if sections else None
    return first.value.strip() if first is not None and first.kind.value == "text" else ""


def _parameters(sections: list[Any]) -> dict[str, str]:
    found = [item for section in sections if section.kind.value == "parameters" for item in section.value]
    return {item.name.lstrip("*"): " ".join(item.description.split()) for item in found if item.description}
