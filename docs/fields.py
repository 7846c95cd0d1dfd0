"""Turns the aligned lists of our docstrings into Markdown lists, for the reference.

name    what it is,
        over several lines
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

FIELD = re.compile(r'^( *)("?[\w]+"?(?:, "?\w+"?)*(?: \([^)]*\))?)(?: {2,})(\S.*)$')


class Fields(Extension):
    """Rewrites docstrings before they are rendered."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = with_lists(obj.docstring.value)


def with_lists(text: str) -> str:
    """The text with `name   description` lines as list items; code and everything else stay as they are."""
    lines, within = [], False
    for line in text.splitlines():
        field = FIELD.match(line)
        if field is not None:
            if not within and lines and lines[-1].strip():
                lines.append("")
            indent, name, description = field.groups()
            lines.append(f"{indent[: len(indent) // 4 * 4]}- `{name}`: {description}")
        elif within and line.startswith("  "):
            lines.append(f"  {line.strip()}")
            continue
        else:
            lines.append(line)
        within = field is not None
    return "\n".join(lines)
