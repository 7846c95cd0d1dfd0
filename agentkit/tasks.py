"""What tasks and threads need of each other: errors that come out as they went in, and ways into an event loop."""

from __future__ import annotations

import asyncio
import inspect
import math
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from anyio import current_effective_deadline, get_cancelled_exc_class, get_current_task
from anyio.lowlevel import current_token

from agentkit.errors import UserError


@contextmanager
def flat_errors() -> Iterator[None]:
    """Around a task group: a single error leaves it as itself, not wrapped in an ExceptionGroup.

    So does the first of several of one class, with the others as notes. Errors of several classes leave it as one
    group, however deep task groups are nested.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        first, *others = leaves(group)
        if any(type(other) is not type(first) for other in others):
            raise group.derive([first, *others]) from None
        for text in dict.fromkeys(map(_said, others)):
            if text != _said(first):
                first.add_note(f"Beside it: {text}")
        raise first from first.__cause__


def _said(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(type(error), error)).strip()


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def cancelled() -> bool:
    """Whether what runs here is being cancelled: by a scope around it, or by asyncio itself."""
    return _by_scope() or bool((task := _asyncio_task()) and task.cancelling())


@contextmanager
def fails_alone(who: str) -> Iterator[None]:
    """Around code of others in an event loop: whatever it raises is an `Exception`, and ends no more than its caller.

    `sys.exit`, an extension's panic, or a cancellation that nobody asked for would end all that runs beside it. What is
    being cancelled ends as it is to, and so does Ctrl-C, which comes to the main thread.
    """
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        if is_meant(error):
            raise
        raise RuntimeError(f"{who} raised {error!r}") from error


def is_meant(error: BaseException) -> bool:
    """Whether an error is to end what runs here: a cancellation that was asked for, or Ctrl-C in the main thread."""
    errors = list(leaves(error))
    if threading.current_thread() is threading.main_thread() and _any(errors, KeyboardInterrupt):
        return True
    return cancelled() and _any(errors, get_cancelled_exc_class())


def _any(errors: Iterable[BaseException], kind: type[BaseException]) -> bool:
    return any(isinstance(error, kind) for error in errors)


async def awaited(value: Any) -> Any:
    """What a function of others gave back, which may be async or not."""
    return await value if inspect.isawaitable(value) else value


def put_off_cancellation() -> None:
    """What is being cancelled goes on until it waits for something again."""
    if not _by_scope() and (task := _asyncio_task()) is not None and task.cancelling():
        task.uncancel()
        task.cancel()


def _by_scope() -> bool:
    return current_effective_deadline() == -math.inf


def _asyncio_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # the event loop is trio's, whose every cancellation is a scope's
        return None


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
