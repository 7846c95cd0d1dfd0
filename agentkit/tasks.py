"""Task groups whose errors come out as they went in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from anyio import get_current_task

from agentkit.errors import UserError


@contextmanager
def flat_errors() -> Iterator[None]:
    """Around a task group: a single error leaves it as itself, not wrapped in an ExceptionGroup."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        if error is group:
            raise
        raise error from error.__cause__


def refuse_running_loop(name: str, instead: str) -> None:
    """Raises `UserError` in a thread whose event loop is running."""
    try:
        get_current_task()
    except RuntimeError:
        return
    raise UserError(f"{name} would block the event loop that runs here: use `{instead}`.")
