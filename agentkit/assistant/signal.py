"""Waiting for something that another thread changes, in plain threads and in any event loop."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import anyio
import anyio.lowlevel

from agentkit.tasks import soon

IN_SLICES = sys.platform == "win32"
"""Whether Ctrl-C reaches a thread only when its wait has an end."""


class Signal:
    """What is waited for is looked at, and changed, under `lock`; after a change, `fire()`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._condition = threading.Condition(self.lock)
        self._wakers: list[Callable[[], None]] = []

    def fire(self) -> None:
        """Makes all who wait look again. Never waits itself."""
        with self.lock:
            self._condition.notify_all()
            wakers, self._wakers = self._wakers, []
        for wake in wakers:
            wake()

    def wait(self, ready: Callable[[], bool], timeout: float | None = None) -> bool:
        """Blocks this thread until `ready()`, or for `timeout` seconds; whether it is ready."""
        with self.lock:
            while timeout is None and IN_SLICES:
                if self._condition.wait_for(ready, 0.1):
                    return True
            return self._condition.wait_for(ready, timeout)

    async def arrival(self, ready: Callable[[], bool]) -> None:
        """Suspends this task until `ready()`; a cancelled one leaves nothing behind."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        while True:
            with self.lock:
                if ready():
                    return
                woken = anyio.Event()
                waker = soon(woken.set)
                self._wakers.append(waker)
            try:
                await woken.wait()
            finally:
                with self.lock:
                    if waker in self._wakers:
                        self._wakers.remove(waker)
