"""A call on its way: read and checked, then answered."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agentkit.errors import ModelRetry, OutcomeUnknown, UserError
from agentkit.jsonable import MAX_DEPTH, clean, too_deep
from agentkit.messages import JSON, Paused, ToolCallPart, ToolResult
from agentkit.schema import InvalidArguments
from agentkit.tools import Tool

if TYPE_CHECKING:
    from agentkit.run import Run

logger = logging.getLogger("agentkit")


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A call with the tool and the values it will run with, or with what is wrong with it."""

    call: ToolCallPart
    tool: Tool | None = None
    values: dict[str, Any] = field(default_factory=dict)
    wrong: str | None = None
    error: Exception | None = None

    @property
    def retry_key(self) -> str:
        """Retries are counted by tool; calls of tools that don't exist are counted together."""
        return self.tool.name if self.tool is not None else ""


NO_CALL = PreparedCall(ToolCallPart("", None, id=""))
"""Stands where a run does something that is no call."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call was answered.

    faulty       the call itself was wrong: unreadable, of an unknown tool, or with invalid arguments
    costs_retry  one of the tool's retries is spent
    waits        the tool asked for approval; `result` is then of no use
    paused       the agent that the tool asked, if it is that one which waits
    """

    result: ToolResult
    error: Exception | None = None
    faulty: bool = False
    costs_retry: bool = False
    waits: bool = False
    paused: Paused | None = None
    seconds: float = 0.0


def prepare(call: ToolCallPart, tools: Mapping[str, Tool]) -> PreparedCall:
    """Finds the call's tool and checks its arguments; nothing runs yet."""
    call = legible(call)
    tool = tools.get(call.name)
    if call.fault is not None or call.arguments is None:
        return PreparedCall(call, tool, wrong=f"The call could not be read: {call.fault or 'no arguments were found'}")
    if tool is None:
        known = ", ".join(tools) or "none"
        return PreparedCall(call, wrong=f"There is no tool called {call.name!r}. The tools are: {known}.")
    try:
        return PreparedCall(call, tool, tool.check(call.arguments))
    except InvalidArguments as error:
        return PreparedCall(call, tool, wrong=f"The arguments are wrong. {error}", error=error)
    except Exception as error:  # a developer's own validator that broke
        logger.error("Checking the arguments of tool %r failed", call.name, exc_info=error)
        return PreparedCall(call, tool, wrong=f"The arguments could not be checked. {in_words(error)}", error=error)


def legible(call: ToolCallPart) -> ToolCallPart:
    """The call, as one that could not be read where its arguments are nested deeper than can be kept."""
    if not too_deep(call.arguments):
        return call
    fault = f"the arguments are nested too deeply, more than {MAX_DEPTH} levels"
    return replace(call, arguments=None, fault=fault, certainty={})


def refusal(run: Run, prepared: PreparedCall) -> Outcome | None:
    """How a call is answered without its tool; None when the tool is to run."""
    call = prepared.call
    if call.id in run.denied:
        return Outcome(told(call, run.denied[call.id]))
    if call.id in run.unknown and not (prepared.tool and (prepared.tool.goes_on or prepared.tool.options.may_repeat)):
        return unknown(call)
    if prepared.wrong is not None:
        return Outcome(told(call, prepared.wrong), error=prepared.error, faulty=True, costs_retry=True)
    return None


def identity(call: ToolCallPart) -> str:
    """Equal for calls of one tool with the same arguments; 1, 1.0 and True are not the same."""
    return json.dumps([call.name, call.raw if call.arguments is None else call.arguments], sort_keys=True, default=str)


def overridden(call: ToolCallPart, arguments: dict[str, JSON], tools: Mapping[str, Tool]) -> ToolCallPart:
    """The call with a person's arguments. Raises `UserError` when its tool, where it is known, won't take them."""
    changed = legible(replace(call, arguments=arguments, raw="", fault=None, certainty={}))
    wrong = prepare(changed, tools).wrong if call.name in tools else changed.fault
    if wrong is not None:
        raise UserError(f"deferred_tool_results: override_args of call {call.id} ({call.name}): {wrong}")
    return changed


def free_id(wanted: str, taken: Collection[str]) -> str:
    """The wanted id of a call, or another one where that is empty or taken."""
    number = len(taken) + 1
    while not wanted or wanted in taken:
        wanted, number = f"call_{number}", number + 1
    return wanted


def told(call: ToolCallPart, message: str) -> ToolResult:
    """An error result."""
    return ToolResult(call.id, call.name, clean(message), is_error=True)


def unknown(call: ToolCallPart) -> Outcome:
    """How a call is answered of which nobody knows whether it was carried out."""
    error = OutcomeUnknown()
    return Outcome(told(call, str(error)), error=error)


def costly(call: ToolCallPart, error: ModelRetry) -> Outcome:
    """What the model is told when it has to try again."""
    where = f"{error.argument}: " if error.argument else ""
    return Outcome(told(call, where + error.message), error=error, costs_retry=True)


def too_late(call: ToolCallPart, seconds: float | None, *, done: bool = False) -> Outcome:
    """What the model is told when its call was given up after so many seconds, or its output, once it was `done`."""
    what = "This was carried out, but its result was not checked" if done else "The tool did not finish"
    error = TimeoutError(f"{what} within {seconds or 0:g} seconds.")
    return Outcome(told(call, str(error)), error=error, costs_retry=True)


def unchecked(call: ToolCallPart) -> ToolResult:
    """What the model is told when a run ends while a hook still looks at what the call's tool gave back."""
    return told(call, "This was carried out, but its result was not checked before the run ended.")


def in_words(error: Exception) -> str:
    """What the model is told of an exception: its type and message, no traceback."""
    try:
        text = str(error).strip()
    except Exception:  # what it has to say is broken as well
        text = ""
    return f"The tool failed: {type(error).__name__}{': ' + text if text else ''}"
