"""An event loop in a thread of its own."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any, Literal, TypeAlias

import anyio

from agentkit.calls import logger
from agentkit.tasks import scheduler

Task: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
_Ways: TypeAlias = tuple[Callable[[Task], None], Callable[[], None]]


class LoopThread:
    """Tasks begin in it from any thread, without waiting; they end with it.

    `ended` is called in the end, in the thread itself, whatever ended the event loop.
    """

    def __init__(self, backend: Literal["asyncio", "trio"], name: str, ended: Callable[[], None]) -> None:
        begun: Future[_Ways] = Future()
        self._thread = threading.Thread(target=self._run, args=(backend, begun, ended), name=name, daemon=True)
        self._thread.start()
        self._spawn, self._end = begun.result()

    def spawn(self, task: Task) -> None:
        """Begins a task. Nothing happens once the thread has ended."""
        self._spawn(task)

    def close(self) -> None:
        """Cancels all tasks, and waits until the thread has ended."""
        self._end()
        self._thread.join()

    def _run(self, backend: Literal["asyncio", "trio"], begun: Future[_Ways], ended: Callable[[], None]) -> None:
        try:
            anyio.run(self._live, begun, backend=backend)
        except BaseException as error:
            if not begun.done():
                begun.set_exception(error)
                return
            logger.error("The event loop of %s has ended", self._thread.name, exc_info=error)
        ended()

    @staticmethod
    async def _live(begun: Future[_Ways]) -> None:
        call_soon = scheduler()
        send, receive = anyio.create_memory_object_stream[Task](math.inf)
        async with send, receive, anyio.create_task_group() as group:
            end = partial(call_soon, group.cancel_scope.cancel)
            begun.set_result((lambda task: call_soon(partial(send.send_nowait, task)), end))
            async for task in receive:
                group.start_soon(task)
