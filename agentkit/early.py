"""Calls whose tools begin while the model still writes, and whose results are used if it ends up writing them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

import anyio
from anyio.abc import TaskGroup

from agentkit.calls import Outcome, PreparedCall, free_id, identity, prepare
from agentkit.events import ToolCallDiscarded
from agentkit.execution import announce, run_tool
from agentkit.messages import ToolCallPart
from agentkit.run import Run
from agentkit.tasks import flat_errors
from agentkit.tools import Tool


@dataclass(eq=False, slots=True)
class EarlyCall:
    """One call that was accepted. `begun` once its tool has; `outcome` when it is done, unless it was stopped."""

    prepared: PreparedCall
    begun: bool = False
    outcome: Outcome | None = None
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)


class EarlyCalls:
    """The early calls of one turn.

    They are accepted while the model writes (`offer`), then found again among the calls of the finished turn
    (`claim`), and answer those in place of a second run (`outcome`), each at most once. What isn't is discarded.
    """

    def __init__(self, run: Run, tools: Mapping[str, Tool], group: TaskGroup) -> None:
        self._run = run
        self._tools = {name: tool for name, tool in tools.items() if _may_begin_early(run, tool)}
        self._sequential = {name for name, tool in tools.items() if tool.options.sequential}
        self._group = group
        self._offered: list[EarlyCall] = []
        self._claimed: dict[str, EarlyCall] = {}
        self._closed = not self._tools

    @property
    def hook(self) -> Callable[[ToolCallPart], None] | None:
        """Where the model offers calls; None when no tool may begin early."""
        return self.offer if self._tools else None

    def offer(self, call: ToolCallPart) -> None:
        """Begins a call if its tool and arguments allow it and a tool call is left to spend; otherwise does nothing."""
        if self._closed or self._run.token.cancelled or not self._affordable():
            return
        call = replace(call, id=free_id(call.id, self._run.call_ids()))
        prepared = prepare(call, self._tools)
        if prepared.wrong is None:
            early = EarlyCall(prepared)
            self._run.early_ids.add(call.id)
            self._offered.append(early)
            self._group.start_soon(self._answer, early)

    def claim(self, call: ToolCallPart) -> str | None:
        """The id of an early call that is this one, the next of the finished turn; it will not be given again.

        None from the first sequential call on: what follows that has to run after it.
        """
        self._closed = self._closed or call.name in self._sequential
        wanted = identity(call)
        found = (early for early in self._offered if identity(early.prepared.call) == wanted)
        early = None if self._closed else next(found, None)
        if early is None:
            return None
        self._offered.remove(early)
        self._claimed[early.prepared.call.id] = early
        return early.prepared.call.id

    def begun(self, call: ToolCallPart) -> bool:
        """Whether `outcome` will have an answer that is already paid for."""
        early = self._claimed.get(call.id)
        return early is not None and early.begun and identity(early.prepared.call) == identity(call)

    async def outcome(self, call: ToolCallPart) -> Outcome | None:
        """The answer to a claimed call, once it is there; None when the call has to run, having changed since."""
        early = self._claimed.pop(call.id, None)
        if early is None:
            return None
        if identity(early.prepared.call) != identity(call):
            await self._discard(early)
            return None
        await early.ended.wait()
        return early.outcome

    async def discard_unclaimed(self) -> None:
        """Stops what the finished turn doesn't ask for; nothing is accepted any more."""
        self._closed = True
        while self._offered:
            await self._discard(self._offered.pop(0))

    async def discard(self) -> None:
        """Stops everything that was not used."""
        await self.discard_unclaimed()
        while self._claimed:
            await self._discard(self._claimed.popitem()[1])

    async def _discard(self, early: EarlyCall) -> None:
        early.scope.cancel()
        await early.ended.wait()
        if early.begun:
            self._run.discarded += 1
            await self._run.emit(ToolCallDiscarded(early.prepared.call))

    async def _answer(self, early: EarlyCall) -> None:
        try:
            with early.scope:
                async with self._run.slots:
                    await announce(self._run, early.prepared)
                    early.begun = True
                    early.outcome = await run_tool(self._run, early.prepared)
        finally:
            early.ended.set()

    def _affordable(self) -> bool:
        """Whether a tool call is left, beside those that were accepted and have not begun."""
        waiting = sum(not early.begun for early in self._offered)
        left = self._run.budget.left("tool_calls")
        return left is None or left > waiting


async def with_early_calls(run: Run, tools: Mapping[str, Tool], turn: Callable[[EarlyCalls], Awaitable[None]]) -> None:
    """A turn during which calls may begin early; when it ends, for whatever reason, none of them goes on."""
    with flat_errors():
        async with anyio.create_task_group() as group:
            early = EarlyCalls(run, tools, group)
            await turn(early)
            await early.discard()


def _may_begin_early(run: Run, tool: Tool) -> bool:
    options = tool.options
    return run.plan.hooks.before_tool is None and options.read_only and not options.may_ask and not options.sequential
