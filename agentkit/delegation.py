"""An agent as a tool of another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agentkit.context import RunContext
from agentkit.errors import RunCancelled, ToolFailed, UserError
from agentkit.tools import Tool

if TYPE_CHECKING:
    from agentkit.agent import Agent


def agent_tool(agent: Agent[Any, Any], name: str | None, description: str | None, options: dict[str, Any]) -> Tool:
    """See `agentkit.agent.Agent.as_tool`."""
    named = name or called(agent)

    async def ask(context: RunContext[Any], prompt: str) -> Any:
        try:
            result = await agent.run(
                prompt, deps=context.deps, budget=context.budget, cancellation_token=context.cancellation_token
            )
        except RunCancelled:
            raise ToolFailed(f"{named} was cancelled.") from None
        if result.stop_reason == "finished":
            return result.output
        written = f" Until then it wrote: {result.output}" if result.has_output and result.output else ""
        raise ToolFailed(f"{named} stopped ({result.stop_reason}): {result.stop_detail}{written}")

    return Tool(ask, name=named, description=description or agent.instructions or f"Ask {named}.", **options)


def called(agent: Agent[Any, Any]) -> str:
    """The agent's name as a tool can have it. Raises `UserError` if it has none."""
    name = re.sub(r"\W+", "_", agent.name or "", flags=re.ASCII).strip("_")
    if not name:
        raise UserError(f"An agent that others call needs a name: Agent(..., name='assistant'). It is {agent!r}.")
    return name if not name[0].isdigit() else f"_{name}"
