"""Handing a conversation over to another agent, whose answer is the run's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from agentkit.agent_tool import called
from agentkit.calls import Outcome, PreparedCall
from agentkit.errors import UserError
from agentkit.events import HandedOver
from agentkit.messages import AssistantMessage, Message, ToolMessage, ToolResult, is_prompt, last_prompt
from agentkit.output import OutputTool, ToolOutput
from agentkit.result import OutputT

if TYPE_CHECKING:
    from agentkit.agent import Agent
    from agentkit.run import Plan, Run

HANDED_OVER = "The conversation was handed over."


class Handoff(ToolOutput[OutputT]):
    """Another agent as an alternative of `output_type`: it gets the conversation, and its answer is the output.

    agent        the agent, or a function that gives it, for agents that hand over to each other
    name         what the model calls; `transfer_to_` and the agent's name
    description  when to hand over

    The other agent goes on in the same run: with its own model, instructions, tools, hooks and outputs, with the run's
    `deps`, and from the run's budget. `UsageLimits.handoffs` bounds how often that happens.
    """

    def __init__(
        self,
        agent: Agent[Any, OutputT] | Callable[[], Agent[Any, OutputT]],
        *,
        name: str | None = None,
        description: str | None = None,
    ) -> None:
        from agentkit.agent import Agent  # here, since agents have outputs

        if isinstance(agent, Agent):
            self._given: Callable[[], Agent[Any, OutputT]] = lambda: agent
            named = called(agent) if name is None else agent.name
        elif name is None:
            raise UserError("Handoff: a function that gives an agent needs a name: Handoff(lambda: ..., name='...').")
        else:
            self._given, named = agent, None
        super().__init__(
            cast(Any, _over),
            name=name or f"transfer_to_{named}",
            description=description or f"Hand the conversation over to {named or 'another agent'}.",
        )

    @property
    def agent(self) -> Agent[Any, OutputT]:
        return self._given()

    def tool(self, *, several: bool) -> OutputTool:
        assert self.name is not None
        return HandoffTool(self)


async def _over() -> Any:
    """What is called is not this, but the other agent."""


class HandoffTool(OutputTool):
    """The call that hands over."""

    acts = False

    def __init__(self, handoff: Handoff[Any]) -> None:
        super().__init__(handoff.output_type, name=handoff.name, description=handoff.description)
        self.handoff = handoff


async def hand_over(run: Run, prepared: PreparedCall) -> Outcome:
    """Finds who goes on. Raises `UsageLimitExceeded` when it has been handed over often enough."""
    assert isinstance(prepared.tool, HandoffTool)
    await run.stop_if_cancelled()
    run.budget.charge(handoffs=1)
    run.successor = await _successor(run.plan, prepared.tool, prepared.call.id)
    await run.emit(HandedOver(run.plan.name, run.successor.name))
    return Outcome(ToolResult(prepared.call.id, prepared.call.name, HANDED_OVER))


def take_over(run: Run) -> None:
    """From here on the run is the other agent's."""
    assert run.successor is not None
    run.plan, run.successor = run.successor, None
    run.slots.total_tokens = run.plan.max_parallel_tools
    run.in_view = None
    run.counts.forget_wrong()
    run.calls_before = run.budget.usage.tool_calls - run.discarded


async def follow(plan: Plan, messages: Sequence[Message]) -> Plan:
    """The plan of the agent that a conversation has been handed over to since its last prompt."""
    for message in messages[last_prompt(messages) :]:
        if found := handoff_in(message, plan.outputs.tools):
            plan = await _successor(plan, *found)
    return plan


def handoff_in(message: Message, outputs: Mapping[str, OutputTool]) -> tuple[HandoffTool, str] | None:
    """The handoff that a message tells of, of an agent with these outputs, and the id of its call."""
    for result in message.results if isinstance(message, ToolMessage) else ():
        tool = outputs.get(result.name)
        if isinstance(tool, HandoffTool) and not result.is_error:
            return tool, result.call_id
    return None


def handovers(plan: Plan, messages: Sequence[Message]) -> tuple[Message, ...]:
    """The turns by which a conversation came to the plan's agent: each a message with the call, then its results."""
    turns = (turn for turn in pairwise(messages) if isinstance(turn[1], ToolMessage))
    return tuple(message for turn in turns if _ids(turn[1]) & set(plan.handed_over_by) for message in turn)


def with_handovers(plan: Plan, turns: Sequence[Message], messages: Sequence[Message]) -> list[Message]:
    """The messages, with those of the `handovers` that are missing behind their last prompt, where `follow` looks."""
    ids, said = set(plan.handed_over_by), last_prompt(messages)
    kept = [message for index, message in enumerate(messages) if index >= said or not _ids(message) & ids]
    place = last_prompt(kept) + any(map(is_prompt, kept))
    for call, answers in zip(turns[::2], turns[1::2], strict=True):
        there = (at for at, message in enumerate(kept) if isinstance(message, ToolMessage) and at > place)
        found = next((at for at in there if _ids(kept[at]) & _ids(answers) & ids), None)
        if found is None:
            kept[place:place] = [call, answers]
        place = place + 2 if found is None else found + 1
    return kept


def _ids(message: Message) -> set[str]:
    """Of the calls in a message, or of those that it answers."""
    if isinstance(message, ToolMessage):
        return {result.call_id for result in message.results}
    return {call.id for call in message.calls} if isinstance(message, AssistantMessage) else set()


async def _successor(plan: Plan, tool: HandoffTool, call_id: str) -> Plan:
    """What the other agent goes on with: its own parts, and the run's limits, settings and observer."""
    asked = None if plan.asked is None else replace(plan.asked, tool_choice=None)
    agent = tool.handoff.agent
    own = agent._plan(await agent._opened(), asked, plan.limits)
    return replace(own, observer=plan.observer, handed_over_by=(*plan.handed_over_by, call_id))
