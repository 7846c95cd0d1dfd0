"""Asking another agent, as the tool of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from agentkit.agent_tool import AgentTool
from agentkit.approval import take_decisions
from agentkit.calls import PreparedCall
from agentkit.errors import ApprovalRequired, RunCancelled, ToolFailed
from agentkit.events import DelegatedEvent, Event
from agentkit.messages import Paused

if TYPE_CHECKING:
    from agentkit.options import RunOptions
    from agentkit.run import Run


class AgentWaits(ApprovalRequired):
    """The agent that was asked waits for a person."""

    def __init__(self, message: str, paused: Paused) -> None:
        super().__init__(message, paused.pending)
        self.paused = paused


async def delegate(run: Run, prepared: PreparedCall) -> Any:
    """Asks the other agent, or goes on with it after a person has decided or a process was stopped; gives its output.

    Raises `ToolFailed` when it stops without one, and `AgentWaits`.
    """
    tool, call = prepared.tool, prepared.call
    assert isinstance(tool, AgentTool)

    async def emit(event: Event) -> None:
        await run.emit(DelegatedEvent(call.id, tool.agent.name, event))

    options: RunOptions[Any] = {"deps": run.deps, "budget": run.budget, "cancellation_token": run.token}
    paused, session = run.paused.pop(call.id, None), run.journal.inside(run, call.id)
    if session is not None:
        options["session"] = session
    elif paused is not None:
        options["message_history"] = paused.messages
    decisions = take_decisions(run, call, paused.pending if paused is not None else ())
    if paused is not None:
        options["deferred_tool_results"] = decisions
    begun = paused is not None or (session is not None and session.entries)
    still_running: list[str] = []
    try:
        prompt = None if begun else prepared.values["prompt"]
        result = await tool.agent._run(prompt, emit, options, drafts=run.drafts, still_running=still_running)
    except RunCancelled:
        raise ToolFailed(f"{tool.name} was cancelled.") from None
    except anyio.get_cancelled_exc_class():
        if still_running:
            run.unknown.add(call.id)
        raise
    finally:
        run.still_running += still_running
    if result.stop_reason == "finished":
        return result.output
    if result.stop_reason == "approval_required":
        raise AgentWaits(f"{tool.name}: {result.stop_detail}", Paused(result.all_messages(), result.pending_calls))
    written = f" Until then it wrote: {result.output}" if result.has_output and result.output else ""
    raise ToolFailed(f"{tool.name} stopped ({result.stop_reason}): {result.stop_detail}{written}")
