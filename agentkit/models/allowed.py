"""Whether real models may be opened. They may, but in tests that say otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agentkit.errors import UserError


@dataclass(frozen=True, eq=False, slots=True)
class _Word:
    """What was said: why models are forbidden, or None where they are allowed after all."""

    reason: str | None


_said: list[_Word] = []


@contextmanager
def forbid_models(reason: str) -> Iterator[None]:
    """While inside, opening a real model, in any thread, raises `UserError` with the reason."""
    with _saying(reason):
        yield


@contextmanager
def allow_models() -> Iterator[None]:
    """While inside, real models may be opened, whatever was said outside."""
    with _saying(None):
        yield


def check_allowed(name: str) -> None:
    """Raises `UserError` where real models are forbidden."""
    reason = _said[-1].reason if _said else None
    if reason is not None:
        raise UserError(f"The model {name!r} may not be opened: {reason}")


@contextmanager
def _saying(reason: str | None) -> Iterator[None]:
    word = _Word(reason)
    _said.append(word)
    try:
        yield
    finally:
        _said.remove(word)
