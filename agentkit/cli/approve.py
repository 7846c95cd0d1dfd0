"""Asking the person at the terminal about calls that need approval."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentkit.agent_tool import AgentTool
from agentkit.approval import Decision, DeferredToolResults, ToolApproved, ToolDenied
from agentkit.calls import prepare
from agentkit.display import describe_call
from agentkit.handover import handoff_in
from agentkit.messages import Message, ToolCallPart, last_prompt, open_calls
from agentkit.pauses import inside, paused_agents
from agentkit.result import AgentRunResult

if TYPE_CHECKING:
    from agentkit.agent import Agent
    from agentkit.cli.chat import Chat

QUESTION = "  [y]es, [n]o, no and say [w]hy, [e]dit the arguments, [a]lways for this tool? "


def approve(chat: Chat, result: AgentRunResult[Any]) -> DeferredToolResults:
    """What the person decides about each call. Whoever does not answer has not agreed."""
    decisions: dict[str, bool | Decision] = {}
    for call in result.pending_calls:
        decisions[call.id] = _decide(chat, call, *_whose(chat.agent, result.all_messages(), call.id))
    return DeferredToolResults(decisions)


def _whose(
    agent: Agent[Any, Any], messages: Sequence[Message], call_id: str
) -> tuple[Agent[Any, Any] | None, tuple[str, ...]]:
    """Which agent's call it is that waits, where that is known, and the names of the tools on the way to it."""
    agent = _speaking(agent, messages)
    for call in open_calls(messages):
        if call.id == call_id:
            return agent, (call.name,)
        if call_id.startswith(inside(call.id)):
            tool, within = agent.tools.get(call.name), paused_agents(messages)[call.id].messages
            if not isinstance(tool, AgentTool):
                return None, (call.name, call_id)
            asked, names = _whose(tool.agent, within, call_id.removeprefix(inside(call.id)))
            return asked, (call.name, *names)
    return None, (call_id,)


def _speaking(agent: Agent[Any, Any], messages: Sequence[Message]) -> Agent[Any, Any]:
    """The agent that the conversation has been handed over to since its last prompt."""
    for message in messages[last_prompt(messages) :]:
        if found := handoff_in(message, agent._outputs.tools):
            agent = found[0].handoff.agent
    return agent


def _decide(chat: Chat, call: ToolCallPart, agent: Agent[Any, Any] | None, names: tuple[str, ...]) -> Decision:
    """`names` lead to the tool: those of the agents that were asked, and its own."""
    asked = "".join(f"{name}: " for name in names[:-1])
    chat.say(f"approve   {asked}{describe_call(call)}{_certainty(call)}", "bold yellow")
    if (agent, names) in chat.allowed:
        chat.say("  always, as you said")
        return ToolApproved()
    try:
        while True:
            match chat.editor.read(QUESTION).strip().lower():
                case "y" | "yes":
                    return ToolApproved()
                case "a" | "always":
                    chat.allowed.add((agent, names))
                    return ToolApproved()
                case "n" | "no" | "":
                    return ToolDenied()
                case "w" | "why":
                    return ToolDenied(chat.editor.read("  why? ").strip() or ToolDenied().message)
                case "e" | "edit" if (arguments := _edited(chat, call, agent)) is not None:
                    return ToolApproved(arguments)
    except (EOFError, KeyboardInterrupt):
        chat.say("\n  no")
        return ToolDenied()


def _edited(chat: Chat, call: ToolCallPart, agent: Agent[Any, Any] | None) -> dict[str, Any] | None:
    """Other arguments that the tool can be called with; None when there are none yet."""
    chat.say(f"  now: {json.dumps(call.arguments, ensure_ascii=False)}")
    text = chat.editor.read("  arguments as JSON: ")
    try:
        arguments = json.loads(text)
    except ValueError as error:
        chat.say(f"  that is no JSON: {error}", "red")
        return None
    if not isinstance(arguments, dict):
        chat.say('  that is no JSON object, such as {"name": "value"}', "red")
        return None
    known = {} if agent is None else {**agent.tools, **agent._outputs.tools}
    edited = replace(call, arguments=arguments, raw="", fault=None)
    wrong = prepare(edited, known).wrong if call.name in known else None
    if wrong is not None:
        chat.say(f"  {wrong}", "red")
        return None
    return arguments


def _certainty(call: ToolCallPart) -> str:
    """How sure the model is of each argument, where it tells."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in call.certainty.items())
    return f"  (certainty: {shares})" if shares else ""
