"""Asking the person at the terminal about calls that need approval."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentkit.agent_tool import found_tool
from agentkit.approval import Decision, DeferredToolResults, ToolApproved, ToolDenied
from agentkit.calls import prepare
from agentkit.display import describe_call
from agentkit.messages import ToolCallPart
from agentkit.result import AgentRunResult
from agentkit.tools import Tool

if TYPE_CHECKING:
    from agentkit.cli.chat import Chat

QUESTION = "  [y]es, [n]o, no and say [w]hy, [e]dit the arguments, [a]lways for this tool? "


def approve(chat: Chat, result: AgentRunResult[Any]) -> DeferredToolResults:
    """What the person decides about each call. Whoever does not answer has not agreed."""
    decisions: dict[str, bool | Decision] = {}
    for call in result.pending_calls:
        names, tool = found_tool(chat.tools, result.all_messages(), call.id)
        decisions[call.id] = _decide(chat, call, names, tool)
    return DeferredToolResults(decisions)


def _decide(chat: Chat, call: ToolCallPart, names: tuple[str, ...], tool: Tool | None) -> Decision:
    """`names` lead to the tool: those of the agents that were asked, and its own."""
    asked = "".join(f"{name}: " for name in names[:-1])
    chat.say(f"approve   {asked}{describe_call(call)}{_certainty(call)}", "bold yellow")
    if names in chat.allowed:
        chat.say("  always, as you said")
        return ToolApproved()
    try:
        while True:
            match chat.editor.read(QUESTION).strip().lower()[:1]:
                case "y":
                    return ToolApproved()
                case "a":
                    chat.allowed.add(names)
                    return ToolApproved()
                case "n":
                    return ToolDenied()
                case "w":
                    return ToolDenied(chat.editor.read("  why? ").strip() or ToolDenied().message)
                case "e" if (arguments := _edited(chat, call, tool)) is not None:
                    return ToolApproved(arguments)
    except (EOFError, KeyboardInterrupt):
        chat.say("\n  no")
        return ToolDenied()


def _edited(chat: Chat, call: ToolCallPart, tool: Tool | None) -> dict[str, Any] | None:
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
    known = {} if tool is None else {call.name: tool}
    wrong = prepare(replace(call, arguments=arguments, raw="", fault=None), known).wrong if known else None
    if wrong is not None:
        chat.say(f"  {wrong}", "red")
        return None
    return arguments


def _certainty(call: ToolCallPart) -> str:
    """How sure the model is of each argument, where it tells."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in call.certainty.items())
    return f"  (certainty: {shares})" if shares else ""
