"""An event loop in a thread of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from typing import Any, Literal, TypeAlias

import anyio
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal

from agentkit.tasks import scheduler

Task: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class LoopThread:
    """Tasks begin in it from any thread, without waiting; they end with it."""

    def __init__(self, backend: Literal["asyncio", "trio"], name: str) -> None:
        self._held = ExitStack()
        portal = self._held.enter_context(start_blocking_portal(backend, name=name))
        self._spawn, self._end = portal.start_task(self._live)[1]

    def spawn(self, task: Task) -> None:
        """Begins a task. Nothing happens once the thread has ended."""
        self._spawn(task)

    def close(self) -> None:
        """Cancels all tasks, and waits until the thread has ended."""
        self._end()
        self._held.close()

    @staticmethod
    async def _live(*, task_status: TaskStatus[tuple[Callable[[Task], None], Callable[[], None]]]) -> None:
        call_soon = scheduler()
        send, receive = anyio.create_memory_object_stream[Task](math.inf)
        async with send, receive, anyio.create_task_group() as group:
            end = partial(call_soon, group.cancel_scope.cancel)
            task_status.started((lambda task: call_soon(partial(send.send_nowait, task)), end))
            async for task in receive:
                group.start_soon(task)
