"""What a test's model says, written shortly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from agentkit.errors import UserError
from agentkit.messages import AssistantMessage, TextPart, ThoughtPart, ToolCallPart

Part: TypeAlias = str | TextPart | ThoughtPart | ToolCallPart
Reply: TypeAlias = Part | AssistantMessage | Sequence[Part] | Exception
"""One turn: text, a part, several parts, a whole message, or an exception to raise instead."""


def call(name: str, /, **arguments: Any) -> ToolCallPart:
    """A tool call to script; its id is given by the run."""
    return ToolCallPart(name, arguments, id="")


def bad_call(name: str, raw: str, fault: str = "the arguments are not closed") -> ToolCallPart:
    """A call that could not be read, as a dialect reports it."""
    return ToolCallPart(name, None, id="", raw=raw, fault=fault)


def as_message(reply: Reply, model: str) -> AssistantMessage:
    """The reply as a turn of the model of that name; raises it if it is an exception.

    Raises `UserError` for what is no turn, such as the None of a function that forgot its `return`.
    """
    if isinstance(reply, Exception):
        raise reply
    if isinstance(reply, AssistantMessage):
        return reply
    parts: Any = [reply] if isinstance(reply, Part) else reply
    if not isinstance(parts, Sequence) or not all(isinstance(part, Part) for part in parts):
        raise UserError(f"A turn is text, call(...), a list of these, a message or an exception, not {reply!r}.")
    return AssistantMessage(tuple(TextPart(part) if isinstance(part, str) else part for part in parts), model=model)
