"""Calls that a person has to agree to: which they are, and what became of them.

Whatever is in doubt needs approval: a predicate that fails or answers None, a number that compares with nothing, a
certainty that is too small or that the model doesn't tell. A call that can't be read never gets here: it does not run.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import TypeAdapter

from agentkit.agent_tool import with_arguments
from agentkit.calls import PreparedCall, identity, logger, overridden, refusal
from agentkit.errors import UserError
from agentkit.jsonable import clean
from agentkit.messages import JSON, ToolCallPart, open_calls
from agentkit.pauses import asked_about, asking, inside

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

_ANY: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True, slots=True)
class DeferredToolResults:
    """What a person decided about the calls that a run stopped for, by the calls' ids; True and False for short.

    Give it to `agent.run(None, message_history=..., deferred_tool_results=...)`. All `pending_calls` have to be
    decided; the other calls of their turn may be.
    """

    approvals: Mapping[str, bool | Decision]


def decide(run: Run, results: DeferredToolResults) -> None:
    """Takes the decisions over into the run, in the place of those that are kept about the same calls.

    Raises `UserError` when they don't fit its open calls.
    """
    answered = {outcome.result.call_id for outcome in run.outcomes.values()}
    turn = [call for call in open_calls(run.messages) if call.id not in answered]
    calls = {call.id: call for call in asked_about(turn, run.paused)}
    strangers = sorted(results.approvals.keys() - calls.keys())
    if strangers:
        raise UserError(
            f"deferred_tool_results decides about {', '.join(strangers)}, but the calls at the end of the conversation "
            f"that are open are {', '.join(calls) or 'none'}: give the message_history that the run stopped with, and "
            f"decide about no call that has run since."
        )
    for id, given in results.approvals.items():
        match ToolApproved() if given is True else ToolDenied() if given is False else given:
            case ToolDenied(message):
                run.approved.pop(id, None)
                run.denied[id] = clean(str(message))
            case ToolApproved(override_args):
                run.denied.pop(id, None)
                run.approved[id] = identity(calls[id])
                if override_args is not None:
                    asker = next(call for call in turn if asking(id, [call.id]))
                    run.approved[id] = _changed(run, asker, id, override_args)
            case other:
                raise UserError(f"A decision is a bool, ToolApproved or ToolDenied, not {other!r} (call {id}).")
    run.decided = True


def take_decisions(run: Run, call: ToolCallPart, pending: Iterable[ToolCallPart]) -> DeferredToolResults:
    """What a person decided about the pending calls of the agent that `call` asked, by the ids that these have there.

    The run keeps none of it: that agent may ask again, about the same call as well.
    """
    prefix = inside(call.id)
    denied = {id: ToolDenied(message) for id, message in run.denied.items()}
    decided: dict[str, bool | Decision] = {**dict.fromkeys(run.approved, True), **denied}
    for id in [id for id in decided if id.startswith(prefix)]:
        run.approved.pop(id, None)
        run.denied.pop(id, None)
    asked = {prefix + waits.id: waits.id for waits in pending}
    return DeferredToolResults({asked[id]: decision for id, decision in decided.items() if id in asked})


async def waiting(run: Run, calls: Iterable[PreparedCall]) -> list[ToolCallPart]:
    """Those of the calls that would run, and that nobody has agreed to yet."""
    return [prepared.call for prepared in calls if refusal(run, prepared) is None and await _asks(run, prepared)]


def check_decided(run: Run, held: Sequence[ToolCallPart]) -> None:
    """Raises `UserError` when a person decided about some calls of the turn, and not about all that are held."""
    missing = [call.id for call in asked_about(held, run.paused) if not _is_decided(run, call.id)]
    if missing and run.decided:
        raise UserError(
            f"deferred_tool_results says nothing about {', '.join(missing)}: all calls that wait have to be decided."
        )


async def _asks(run: Run, prepared: PreparedCall) -> bool:
    assert prepared.tool is not None
    call, tool, options = prepared.call, prepared.tool, prepared.tool.options
    if call.id in run.paused:
        return not all(_is_decided(run, waits.id) for waits in asked_about([call], run.paused))
    if run.approved.get(call.id) == identity(call):
        return False
    if options.min_certainty is not None and not _is_certain(call, options.min_certainty):
        return True
    if isinstance(options.requires_approval, bool):
        return options.requires_approval
    return not _is_ordered(call.arguments) or await _says(options.requires_approval, run, tool, prepared)


def _is_decided(run: Run, call_id: str) -> bool:
    return call_id in run.approved or call_id in run.denied


async def _says(predicate: ApprovalPredicate, run: Run, tool: Tool, prepared: PreparedCall) -> bool:
    try:
        if not _is_ordered(_ANY.dump_python(prepared.values)):  # with what is inside models and the like
            return True
        needed = predicate(run.context(prepared), {**tool.defaults, **prepared.values})
        if inspect.isawaitable(needed):
            needed = await needed
        return needed is None or bool(needed)
    except Exception as error:
        logger.error("requires_approval of tool %r failed: a person is asked", prepared.call.name, exc_info=error)
        return True


def _is_certain(call: ToolCallPart, least: float) -> bool:
    return all(call.certainty.get(name, 0.0) >= least for name in call.arguments or {})


def _is_ordered(value: Any) -> bool:
    """Whether all numbers in it compare as numbers do; NaN is neither above nor below a bound."""
    if isinstance(value, float | Decimal):
        return not math.isnan(value)
    if isinstance(value, Mapping):
        return all(map(_is_ordered, (*value, *value.values())))
    return isinstance(value, str | bytes) or not isinstance(value, Collection) or all(map(_is_ordered, value))


def _changed(run: Run, asker: ToolCallPart, id: str, arguments: dict[str, JSON]) -> str:
    """Puts other arguments into the conversation, or that of the agent which `asker` asked; the call's identity."""
    if id == asker.id:
        changed = overridden(asker, arguments, run.plan.known_tools)
        run.replace_call(asker, changed)
        return identity(changed)
    paused, tool = run.paused[asker.id], run.plan.known_tools.get(asker.name)
    messages = with_arguments(tool, paused.messages, id.removeprefix(inside(asker.id)), arguments)
    run.paused[asker.id] = replace(paused, messages=messages)
    return ""  # that agent finds it in its conversation
