"""Conversations that wait for a person, and those of the agents they asked, which may be the ones that wait.

The calls of an agent that was asked are known to who asked it by ids of their own: `inside` the call that asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from agentkit.messages import Message, Paused, ToolCallPart, ToolMessage


def inside(call_id: str) -> str:
    """What the ids of calls begin with that are those of the agent which that call asked."""
    return f"{call_id}/"


def asking(call_id: str, asked: Iterable[str]) -> str | None:
    """Which of the calls it is, or which asked the agent whose call it is; None if it is none of them."""
    return next((id for id in asked if call_id == id or call_id.startswith(inside(id))), None)


def paused_agents(messages: Sequence[Message]) -> Mapping[str, Paused]:
    """The agents that are paused at the end of a conversation, by the ids of the calls that asked them."""
    last = messages[-1] if messages else None
    return last.paused if isinstance(last, ToolMessage) else {}


def asked_about(calls: Iterable[ToolCallPart], paused: Mapping[str, Paused]) -> tuple[ToolCallPart, ...]:
    """What a person is asked about: the calls, and in the place of one whose agent is paused, that agent's calls."""
    found: list[ToolCallPart] = []
    for call in calls:
        agent = paused.get(call.id)
        pending = (call,) if agent is None else agent.pending
        prefix = "" if agent is None else inside(call.id)
        found += [replace(waits, id=prefix + waits.id) for waits in pending]
    return tuple(found)
