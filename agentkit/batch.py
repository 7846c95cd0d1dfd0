"""Many prompts side by side, each a run of its own, given back as they are done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from agentkit.cancellation import CancellationToken
from agentkit.errors import RunCancelled, UserError
from agentkit.result import AgentRunResult
from agentkit.tasks import flat_errors


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What came of one prompt of a batch: its run's result, or what the run raised.

    index   the prompt's place among the prompts, from 0
    result  None exactly where there is an `error`
    """

    index: int
    prompt: str
    result: AgentRunResult[Any] | None = None
    error: Exception | None = None


@asynccontextmanager
async def open_batch(
    run: Callable[[str], Awaitable[AgentRunResult[Any]]],
    prompts: Iterable[str],
    max_concurrent: int,
    token: CancellationToken | None = None,
) -> AsyncIterator[AsyncIterator[BatchItem]]:
    """Runs in the background of the `async with` body; leaving the body early ends all runs.

    A prompt is taken when a run is free for it, and a run is free when its last item was taken: no more than
    `max_concurrent` prompts and results are held. When `token` is cancelled, the items end and `RunCancelled` is
    raised.
    """
    if isinstance(prompts, str):
        raise UserError(f"A batch takes several prompts, not one text: write [{prompts!r}].")
    if max_concurrent < 1:
        raise UserError(f"A batch runs at least one prompt at a time: max_concurrent={max_concurrent!r}.")
    waiting = enumerate(prompts)
    cancelled: list[RunCancelled] = []
    send, receive = anyio.create_memory_object_stream[BatchItem]()

    async def work(items: MemoryObjectSendStream[BatchItem]) -> None:
        async with items:
            for index, prompt in waiting:  # shared by all workers, each prompt goes to one of them
                item = await one(index, prompt)
                if isinstance(item.error, RunCancelled) and token is not None and token.cancelled:
                    cancelled.append(item.error)
                    return
                await items.send(item)

    async def one(index: int, prompt: str) -> BatchItem:
        try:
            return BatchItem(index, prompt, result=await run(prompt))
        except Exception as error:
            return BatchItem(index, prompt, error=error)

    with flat_errors():
        async with receive, anyio.create_task_group() as group:
            async with send:
                for _ in range(max_concurrent):
                    group.start_soon(work, send.clone())
            yield receive
            group.cancel_scope.cancel()
    if cancelled:
        raise cancelled[0]
