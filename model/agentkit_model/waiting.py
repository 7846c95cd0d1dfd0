"""Waiting for the worker thread, from any thread and from any event loop, with one implementation for both."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

import anyio
import anyio.lowlevel


class Signal:
    """A condition that plain threads and async tasks (asyncio or trio, in any number of loops) can wait on.

    Whoever waits names what it waits for; `fire` makes all of them look again. State that the waiters look at is
    changed and read under `lock`.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._condition = threading.Condition(self.lock)
        self._wakers: list[Callable[[], None]] = []

    def fire(self) -> None:
        """Makes every waiter look again. Never blocks on an event loop."""
        with self.lock:
            self._condition.notify_all()
            wakers, self._wakers = self._wakers, []
        for wake in wakers:
            wake()

    def wait(self, ready: Callable[[], bool]) -> None:
        """Blocks this thread until `ready()`."""
        with self.lock:
            self._condition.wait_for(ready)

    async def arrival(self, ready: Callable[[], bool]) -> None:
        """Suspends this task until `ready()`; a cancelled task leaves nothing behind."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        while True:
            with self.lock:
                if ready():
                    return
                event = anyio.Event()
                waker = _waker(event.set)
                self._wakers.append(waker)
            try:
                await event.wait()
            finally:
                with self.lock, contextlib.suppress(ValueError):
                    self._wakers.remove(waker)


class Bell:
    """A condition and a count of what happened. Anybody may ring it at any time, also the garbage collector."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.rings = 0

    def ring(self) -> None:
        with self.condition:
            self.rings += 1
            self.condition.notify_all()


def _waker(call: Callable[[], object]) -> Callable[[], None]:
    """A function for any thread that has `call` called soon in the running event loop, if that still runs."""
    schedule: Callable[[Callable[[], object]], object]
    try:
        schedule = asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        import trio

        schedule = trio.lowlevel.current_trio_token().run_sync_soon

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            schedule(call)

    return wake
