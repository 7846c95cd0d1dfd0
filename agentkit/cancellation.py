"""Stopping runs from outside: from another thread, a signal handler, a button."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio

from agentkit.errors import RunCancelled
from agentkit.tasks import soon


class CancellationToken:
    """Cancels the runs it was given to; one token may serve many. `cancel()` is safe from any thread.

    A cancelled run raises `RunCancelled` at its next await, between two denoising steps at the latest. No tool begins
    after that. A synchronous tool that is under way can't be stopped: its thread is left behind and reported.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Cancels all runs with this token, those to come as well."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def check(self) -> None:
        """Raises `RunCancelled` once the token is cancelled."""
        if self._cancelled:
            raise RunCancelled()

    @contextmanager
    def linked_to(self, parent: CancellationToken | None) -> Iterator[None]:
        """While inside, cancelling `parent` cancels this token as well."""
        if parent is None:
            yield
            return
        with parent._calling(self.cancel):
            yield

    @contextmanager
    def cancelling(self, scope: anyio.CancelScope) -> Iterator[None]:
        """While inside, cancelling this token cancels `scope`, which belongs to the running event loop."""
        with self._calling(soon(scope.cancel)):
            yield

    @contextmanager
    def _calling(self, callback: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._callbacks.append(callback)
            cancelled = self._cancelled
        try:
            if cancelled:
                callback()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)
