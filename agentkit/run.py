"""One run: what it was given, and all that it has reached."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from agentkit.budget import Budget, Near
from agentkit.calls import NO_CALL, Outcome, PreparedCall, identity
from agentkit.cancellation import CancellationToken
from agentkit.compaction import Compaction
from agentkit.context import RunContext
from agentkit.counts import Counts
from agentkit.events import (
    CanvasCommitted,
    CanvasStarted,
    Event,
    TextCommitted,
    ThoughtCommitted,
    ToolCallFinished,
    UsageWarning,
)
from agentkit.hooks import Hooks
from agentkit.journal import Journal
from agentkit.messages import (
    AssistantMessage,
    AssistantPart,
    Message,
    Paused,
    TextPart,
    ThoughtPart,
    ToolCallPart,
    ToolDefinition,
)
from agentkit.models.base import CanvasRecord, Emit, Model
from agentkit.observer import Observer
from agentkit.output import Output, Outputs
from agentkit.result import StopReason
from agentkit.sessions.entries import SessionState
from agentkit.settings import ModelSettings
from agentkit.tasks import awaited
from agentkit.tools import Tool
from agentkit.usage import Usage, UsageLimits


@dataclass(frozen=True, slots=True)
class Plan:
    """What an agent's runs have in common; `handed_over_by` are the calls by which a run came to this agent."""

    model: Model
    tools: dict[str, Tool]
    outputs: Outputs = field(default_factory=Outputs)
    hooks: Hooks = field(default_factory=Hooks)
    compaction: Compaction | None = None
    instructions: str = ""
    settings: ModelSettings = field(default_factory=ModelSettings)
    limits: UsageLimits = field(default_factory=UsageLimits)
    retries: int = 1
    tool_timeout: float | None = None
    max_parallel_tools: int = 8
    asked: ModelSettings | None = None
    name: str | None = None
    handed_over_by: tuple[str, ...] = ()
    observer: Observer = field(default_factory=Observer)

    @property
    def callable_tools(self) -> dict[str, Tool]:
        """The tools that may be called before the run ends."""
        return {} if self.settings.tool_choice == "none" else self.tools

    @property
    def known_tools(self) -> dict[str, Tool]:
        """All that the model may call: the tools, and the outputs that end the run."""
        return {**self.callable_tools, **self.outputs.tools}


@dataclass(slots=True)
class Run:
    """One run, as far as it has come. It is filled as things happen, so that nothing is lost whatever ends it.

    new_from       index of this run's first message in `messages`
    counts         what shows whether it gets any further
    turn_parts, turn_canvases   what the model committed of a turn that it hasn't finished yet
    successor      what goes on in place of `plan` when the turn is over
    calls_before   how many tools had begun when the agent that now answers took over
    output         what the run ends with, once it is there
    canvases_before   how many canvases the run has committed in a process that was stopped
    outcomes       how the calls of the last turn were answered, by their place in the turn
    begun          the ids of calls that are under way
    unknown        the ids of calls that were under way when something stopped them, or the process of an earlier run
    approved       the calls that a person agreed to: their identity, by id
    denied         what the model is told about those that a person did not agree to, by id
    decided        whether that was as this run began
    paused         agents that were asked and wait for a person, by the ids of the calls that asked
    still_running  synchronous tools whose threads were left behind
    in_view        the tools that its turns are told about, once they are chosen
    early_ids      the ids of calls that were to begin early, used or not
    discarded      how many calls began early in vain
    near           limits that have come near, and of which nobody is told yet
    slots          what tools hold while they run, so that no more than `max_parallel_tools` do
    """

    plan: Plan
    messages: list[Message]
    new_from: int
    deps: Any
    emit_to: Emit
    drafts: bool = False
    token: CancellationToken = field(default_factory=CancellationToken)
    budget: Budget = field(default_factory=Budget)
    journal: Journal = field(default_factory=lambda: Journal(SessionState()))
    canvases: list[CanvasRecord] = field(default_factory=list)
    canvases_before: int = 0
    tool_calls: list[ToolCallFinished] = field(default_factory=list)
    still_running: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    begun: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    approved: dict[str, str] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    decided: bool = False
    paused: dict[str, Paused] = field(default_factory=dict)
    pending: tuple[ToolCallPart, ...] = ()
    successor: Plan | None = None
    calls_before: int = 0
    output: Output | None = None
    stop_reason: StopReason | None = None
    stop_detail: str = ""
    turn_parts: list[AssistantPart] = field(default_factory=list)
    turn_canvases: list[CanvasRecord] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    in_view: tuple[ToolDefinition, ...] | None = None
    early_ids: set[str] = field(default_factory=set)
    discarded: int = 0
    near: deque[Near] = field(default_factory=deque)
    slots: anyio.CapacityLimiter = field(init=False)

    def __post_init__(self) -> None:
        self.slots = anyio.CapacityLimiter(self.plan.max_parallel_tools)

    def stop(self, reason: StopReason, detail: str = "") -> None:
        self.stop_reason, self.stop_detail = reason, detail

    def usage(self) -> Usage:
        """What was spent until now."""
        return self.budget.usage

    async def stop_if_cancelled(self) -> None:
        """Goes no further in a cancelled run: the cancellation is on its way and ends the wait."""
        await checkpoint_if_cancelled()
        if self.token.cancelled:
            await anyio.sleep_forever()

    @property
    def next_canvas(self) -> int:
        """The index of the run's next canvas."""
        return self.canvases_before + len(self.canvases)

    async def emit(self, event: Event) -> None:
        """Keeps what has to survive an interrupted turn, and passes the event on."""
        match event:
            case TextCommitted(text):
                self.turn_parts.append(TextPart(text))
            case ThoughtCommitted(text):
                self.turn_parts.append(ThoughtPart(text))
            case CanvasCommitted(canvas):
                self.turn_canvases.append(canvas)
                await self.journal.canvas(self, canvas)
        await self.emit_to(event)
        await self._hook(event)
        await self.warn()

    async def warn(self) -> None:
        """Tells of the limits that have come near."""
        while self.near:
            await self.emit_to(UsageWarning(*self.near.popleft()))

    async def _hook(self, event: Event) -> None:
        hooks = self.plan.hooks
        if hooks.before_canvas is not None and isinstance(event, CanvasStarted):
            await awaited(hooks.before_canvas(self.context(), event.canvas))
        elif hooks.after_canvas is not None and isinstance(event, CanvasCommitted):
            await awaited(hooks.after_canvas(self.context(), event.canvas))

    def call_ids(self) -> set[str]:
        """The ids that are taken: of all calls in the conversation, and of those that began early."""
        answers = (message for message in self.messages if isinstance(message, AssistantMessage))
        return {call.id for message in answers for call in message.calls} | self.early_ids

    def replace_call(self, call: ToolCallPart, changed: ToolCallPart) -> None:
        """Puts another call in the place of one of the last turn's."""
        message = self.messages[-1]
        assert isinstance(message, AssistantMessage)
        self.messages[-1] = message.with_call(call, changed)

    def max_retries(self, prepared: PreparedCall) -> int:
        own = prepared.tool.options.retries if prepared.tool is not None else None
        return self.plan.retries if own is None else own

    def timeout(self, tool: Tool) -> float | None:
        return self.plan.tool_timeout if tool.options.timeout is None else tool.options.timeout

    def context(self, prepared: PreparedCall = NO_CALL) -> RunContext[Any]:
        """What the tool of a call gets to know, and what is no tool where there is no call."""
        return RunContext(
            deps=self.deps,
            messages=tuple(self.messages),
            usage=self.usage(),
            budget=self.budget,
            tool_name=prepared.call.name,
            tool_call_id=prepared.call.id,
            tool_call_approved=self.approved.get(prepared.call.id) == identity(prepared.call),
            certainty=prepared.call.certainty,
            retry=self.counts.retries[prepared.retry_key],
            max_retries=self.max_retries(prepared),
            cancellation_token=self.token,
        )
