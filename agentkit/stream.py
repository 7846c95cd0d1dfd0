"""The events of a run as an async iterator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NoReturn

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from agentkit.errors import UserError
from agentkit.events import Event, RunFinished
from agentkit.models.base import Emit
from agentkit.result import AgentRunResult
from agentkit.tasks import flat_errors, is_meant

_AHEAD = 64  # events a run may be ahead of whoever looks


class EventStream:
    """Iterates over a run's events; `RunFinished` is the last. What the run raises, the iteration raises."""

    def __init__(self, receive: MemoryObjectReceiveStream[Event]) -> None:
        self._receive = receive
        self._error: BaseException | None = None

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self._receive.receive()
        except anyio.EndOfStream:
            error, self._error = self._error, None
            if error is not None:
                raise error from None
            raise StopAsyncIteration from None


class StreamBlock(AbstractAsyncContextManager[EventStream]):
    """`async with` around a run's events; whoever forgets it is told."""

    def __init__(self, start: Callable[[Emit], Awaitable[AgentRunResult[Any]]]) -> None:
        self._block = open_stream(start)

    async def __aenter__(self) -> EventStream:
        return await self._block.__aenter__()

    async def __aexit__(self, *error: Any) -> bool | None:
        return await self._block.__aexit__(*error)

    def __aiter__(self) -> NoReturn:
        raise UserError(
            "The events stand in a block that ends the run when it is left: write "
            "`async with agent.run_stream_events(...) as events:`, and `async for event in events:` inside."
        )


@asynccontextmanager
async def open_stream(start: Callable[[Emit], Awaitable[AgentRunResult[Any]]]) -> AsyncIterator[EventStream]:
    """Runs in the background of the `async with` body; leaving the body early ends the run."""
    send, receive = anyio.create_memory_object_stream[Event](_AHEAD)
    stream = EventStream(receive)

    async def produce() -> None:
        async with send:
            try:
                await send.send(RunFinished(await start(send.send)))
            except BaseException as error:  # raised in a task, SystemExit would end the event loop
                if is_meant(error):
                    raise
                stream._error = error

    with flat_errors():
        async with receive, anyio.create_task_group() as group:
            group.start_soon(produce)
            yield stream
            group.cancel_scope.cancel()
