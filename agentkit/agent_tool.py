"""An agent as a tool of another one, and the calls inside it that a person is asked about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentkit.calls import overridden
from agentkit.errors import UserError
from agentkit.messages import JSON, AssistantMessage, Message, ToolMessage
from agentkit.pauses import inside
from agentkit.tools import Tool

if TYPE_CHECKING:
    from agentkit.agent import Agent


class AgentTool(Tool):
    """The tool that asks another agent; `agentkit.delegation.delegate` is what it does."""

    goes_on = True

    def __init__(self, agent: Agent[Any, Any], *, name: str | None, description: str | None, **options: Any) -> None:
        named = name or called(agent)
        super().__init__(_ask, name=named, description=description or agent.instructions or f"Ask {named}.", **options)
        self.agent = agent


async def _ask(prompt: str) -> Any:
    """What is called is not this, but the other agent."""


def called(agent: Agent[Any, Any]) -> str:
    """The agent's name as a tool can have it. Raises `UserError` if it has none, or none of ASCII."""
    name = re.sub(r"\W+", "_", agent.name or "", flags=re.ASCII).strip("_")
    if agent.name and not name:
        raise UserError(f"A tool can't be called {agent.name!r}, as the agent is: give it a name of ASCII with name=.")
    if not name:
        raise UserError(f"An agent that others call needs a name: Agent(..., name='assistant'). It is {agent!r}.")
    return name if not name[0].isdigit() else f"_{name}"


def with_arguments(
    tool: Tool | None, messages: Sequence[Message], call_id: str, arguments: dict[str, JSON]
) -> tuple[Message, ...]:
    """The conversation of the agent that `tool` asks, with other arguments for a call at its end, or for one inside.

    Raises `UserError` when the call can't be made with them.
    """
    tools, changed = _tools_of(tool), list(messages)
    place = max(index for index, message in enumerate(messages) if isinstance(message, AssistantMessage))
    message, last = messages[place], messages[-1]
    assert isinstance(message, AssistantMessage)
    for call in message.calls:
        if call.id == call_id:
            changed[place] = message.with_call(call, overridden(call, arguments, tools))
        elif call_id.startswith(inside(call.id)) and isinstance(last, ToolMessage):
            paused, inner_id = last.paused[call.id], call_id.removeprefix(inside(call.id))
            within = with_arguments(tools.get(call.name), paused.messages, inner_id, arguments)
            changed[-1] = replace(last, paused=last.paused | {call.id: replace(paused, messages=within)})
    return tuple(changed)


def _tools_of(tool: Tool | None) -> Mapping[str, Tool]:
    """What the agent may call that the tool asks."""
    return {**tool.agent.tools, **tool.agent._outputs.tools} if isinstance(tool, AgentTool) else {}
