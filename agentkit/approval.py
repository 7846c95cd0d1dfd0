"""Calls that a person has to agree to: which they are, and what became of them.

Whatever is in doubt needs approval: a predicate that fails or answers None, a number that compares with nothing, a
certainty that is too small or that the model doesn't tell. A call that can't be read never gets here: it does not run.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from agentkit.calls import PreparedCall, identity, logger, prepare, refusal
from agentkit.errors import UserError
from agentkit.messages import JSON, ToolCallPart, open_calls

if TYPE_CHECKING:
    from agentkit.run import Run
    from agentkit.tools import ApprovalPredicate, Tool


@dataclass(frozen=True, slots=True)
class ToolApproved:
    """The call may run.

    override_args   run with these arguments instead of the model's. They are checked as the model's are, and the
                    conversation then holds the call as it was run.
    """

    override_args: dict[str, JSON] | None = None
    kind: Literal["tool-approved"] = field(default="tool-approved", repr=False)


@dataclass(frozen=True, slots=True)
class ToolDenied:
    """The call does not run; the model is told `message`."""

    message: str = "The tool call was denied."
    kind: Literal["tool-denied"] = field(default="tool-denied", repr=False)


Decision: TypeAlias = ToolApproved | ToolDenied


@dataclass(frozen=True, slots=True)
class DeferredToolResults:
    """What a person decided about the calls that a run stopped for, by the calls' ids; True and False for short.

    Give it to `agent.run(None, message_history=..., deferred_tool_results=...)`. All `pending_calls` have to be
    decided; the other calls of their turn may be.
    """

    approvals: Mapping[str, bool | Decision]


def decide(run: Run, results: DeferredToolResults) -> None:
    """Takes the decisions over into the run. Raises `UserError` when they don't fit its open calls."""
    answered = {outcome.result.call_id for outcome in run.outcomes.values()}
    calls = {call.id: call for call in open_calls(run.messages) if call.id not in answered}
    strangers = sorted(results.approvals.keys() - calls.keys())
    if strangers:
        raise UserError(
            f"deferred_tool_results decides about {', '.join(strangers)}, but the calls at the end of the conversation "
            f"that wait are {', '.join(calls) or 'none'}: give the message_history that the run stopped with."
        )
    for id, given in results.approvals.items():
        match ToolApproved() if given is True else ToolDenied() if given is False else given:
            case ToolDenied(message):
                run.denied[id] = message
            case ToolApproved(override_args):
                call = calls[id] if override_args is None else _changed(run, calls[id], override_args)
                run.approved[id] = identity(call)
            case other:
                raise UserError(f"A decision is a bool, ToolApproved or ToolDenied, not {other!r} (call {id}).")


async def waiting(run: Run, calls: Iterable[PreparedCall]) -> list[ToolCallPart]:
    """Those of the calls that would run, and that nobody has agreed to yet."""
    return [prepared.call for prepared in calls if refusal(run, prepared) is None and await _asks(run, prepared)]


def check_decided(run: Run, turn: Iterable[ToolCallPart], held: Sequence[ToolCallPart]) -> None:
    """Raises `UserError` when a person decided about some calls of the turn, and not about all that are held."""
    missing = [call.id for call in held]
    if missing and any(call.id in run.approved or call.id in run.denied for call in turn):
        raise UserError(
            f"deferred_tool_results says nothing about {', '.join(missing)}: all calls that wait have to be decided."
        )


async def _asks(run: Run, prepared: PreparedCall) -> bool:
    assert prepared.tool is not None
    call, tool, options = prepared.call, prepared.tool, prepared.tool.options
    if run.approved.get(call.id) == identity(call):
        return False
    if options.min_certainty is not None and not _is_certain(call, options.min_certainty):
        return True
    if isinstance(options.requires_approval, bool):
        return options.requires_approval
    return not _is_ordered(call.arguments) or await _says(options.requires_approval, run, tool, prepared)


async def _says(predicate: ApprovalPredicate, run: Run, tool: Tool, prepared: PreparedCall) -> bool:
    try:
        needed = predicate(run.context(prepared), {**tool.defaults, **prepared.values})
        if inspect.isawaitable(needed):
            needed = await needed
        return needed is None or bool(needed)
    except Exception as error:
        logger.error("requires_approval of tool %r failed: a person is asked", prepared.call.name, exc_info=error)
        return True


def _is_certain(call: ToolCallPart, least: float) -> bool:
    return all(call.certainty.get(name, 0.0) >= least for name in call.arguments or {})


def _is_ordered(value: JSON) -> bool:
    """Whether all numbers in it compare as numbers do; NaN is neither above nor below a bound."""
    if isinstance(value, float):
        return not math.isnan(value)
    if isinstance(value, dict):
        return all(map(_is_ordered, value.values()))
    return not isinstance(value, list) or all(map(_is_ordered, value))


def _changed(run: Run, call: ToolCallPart, arguments: dict[str, JSON]) -> ToolCallPart:
    """The call with other arguments, put into the conversation in its place."""
    changed = replace(call, arguments=arguments, raw="", fault=None, certainty={})
    wrong = prepare(changed, run.plan.known_tools).wrong
    if wrong is not None:
        raise UserError(f"deferred_tool_results: override_args of call {call.id} ({call.name}): {wrong}")
    run.replace_call(call, changed)
    return changed
