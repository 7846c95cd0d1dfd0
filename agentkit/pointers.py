"""The steps of JSON pointers (RFC 6901)."""

from __future__ import annotations


def escaped(key: str) -> str:
    """A key as a step."""
    return key.replace("~", "~0").replace("/", "~1")


def unescaped(step: str) -> str:
    """The key that a step names."""
    return step.replace("~1", "/").replace("~0", "~")
