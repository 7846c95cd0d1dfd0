"""What tasks and threads need of each other: errors that come out as they went in, and ways into an event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from anyio import get_current_task
from anyio.lowlevel import current_token

from agentkit.errors import UserError


@contextmanager
def flat_errors() -> Iterator[None]:
    """Around a task group: a single error leaves it as itself, not wrapped in an ExceptionGroup; so do equal ones."""
    try:
        yield
    except BaseExceptionGroup as group:
        errors = list(_leaves(group))
        if len({(type(error), str(error)) for error in errors}) > 1:
            raise
        raise errors[0] from errors[0].__cause__


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def refuse_running_loop(name: str, instead: str) -> None:
    """Raises `UserError` in a thread whose event loop is running."""
    try:
        get_current_task()
    except RuntimeError:
        return
    raise UserError(f"{name} would block the event loop that runs here: use `{instead}`.")


def scheduler() -> Callable[[Callable[[], object]], None]:
    """What has a function called soon in the event loop that runs here: for any thread, without waiting, in order.

    Once the loop is closed it does nothing.
    """
    loop: Any = current_token().native_token
    schedule = loop.call_soon_threadsafe if hasattr(loop, "call_soon_threadsafe") else loop.run_sync_soon

    def call_soon(function: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the event loop is closed, and what ran in it is gone
            schedule(function)

    return call_soon


def soon(function: Callable[[], object]) -> Callable[[], None]:
    """A function for any thread that has `function` called soon in the event loop that runs here."""
    return partial(scheduler(), function)
