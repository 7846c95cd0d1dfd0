"""Functions of yours around a run, its canvases and its tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio

from agentkit.calls import Outcome, PreparedCall, identity, prepare, unchecked
from agentkit.context import RunContext
from agentkit.errors import ModelRetry, ToolFailed, UserError
from agentkit.jsonable import NotJsonable, to_json_value
from agentkit.messages import ToolCallPart, ToolResult
from agentkit.models.base import CanvasRecord
from agentkit.output import OutputTool
from agentkit.result import AgentRunResult
from agentkit.tasks import awaited, fails_alone, put_off_cancellation

if TYPE_CHECKING:
    from agentkit.run import Run

Context: TypeAlias = RunContext[Any]
T = TypeVar("T")
Given: TypeAlias = T | Awaitable[T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Functions, async or not, that are called as a run goes on; it waits for them. What they raise ends the run.

    before_run     (context), before the model is asked for anything
    after_run      (context, result), when the run is over; not when it raises
    before_canvas  (context, index), before the first denoising step of a canvas
    after_canvas   (context, canvas), when a canvas is committed
    before_tool    (context, call), before a valid call runs, and before a person is asked about it. It may give back
                   another call in its place, or write in its arguments, which the conversation then holds; or raise
                   `ToolFailed` or `ModelRetry`: then the tool does not run, and the model is told. What a person
                   agreed to, it may still refuse, but it is not changed any more. Under it no tool begins early
    after_tool     (context, call, result), when a tool has run; it may give back another result
    """

    before_run: Callable[[Context], Given[None]] | None = None
    after_run: Callable[[Context, AgentRunResult[Any]], Given[None]] | None = None
    before_canvas: Callable[[Context, int], Given[None]] | None = None
    after_canvas: Callable[[Context, CanvasRecord], Given[None]] | None = None
    before_tool: Callable[[Context, ToolCallPart], Given[ToolCallPart | None]] | None = None
    after_tool: Callable[[Context, ToolCallPart, ToolResult], Given[ToolResult | None]] | None = None


async def before_tools(run: Run, calls: list[PreparedCall], indices: Sequence[int]) -> None:
    """Shows the calls at `indices` that would run to the hook, and puts in their place what it makes of them.

    Those that began before the run was interrupted, or while it waited, have been shown: they go on as they began.
    """
    hook = run.plan.hooks.before_tool
    settled = {*run.denied, *run.unknown, *run.paused}
    for index in indices if hook is not None else ():
        prepared = calls[index]
        if prepared.wrong is not None or prepared.call.id in settled or isinstance(prepared.tool, OutputTool):
            continue
        assert hook is not None
        shown = replace(prepared.call, arguments=deepcopy(prepared.call.arguments))  # the hook may write in it
        try:
            changed = await awaited(hook(run.context(prepared), shown))
        except ToolFailed as error:
            run.denied[prepared.call.id] = error.message
        except ModelRetry as error:
            calls[index] = replace(prepared, wrong=error.message, error=error)
        else:
            changed = _checked(changed if changed is not None else shown, ToolCallPart, "before_tool", prepared.call)
            if changed != prepared.call and run.approved.get(prepared.call.id) != identity(prepared.call):
                calls[index] = _changed(run, prepared.call, changed)


def _changed(run: Run, call: ToolCallPart, changed: ToolCallPart) -> PreparedCall:
    changed = replace(changed, id=call.id, raw="", fault=None, certainty={})
    prepared = prepare(changed, run.plan.callable_tools)
    if prepared.wrong is not None:
        raise UserError(
            f"Hooks.before_tool changed call {call.id} ({call.name}) into one that can't run: {prepared.wrong}"
        )
    run.replace_call(call, changed)
    return prepared


async def after_tool(run: Run, prepared: PreparedCall, outcome: Outcome) -> Outcome:
    """Shows what a tool gave back to the hook; the outcome with what the hook makes of it.

    What the hook has not looked at to its end is not told: it may be there to keep it back.
    """
    hook, call = run.plan.hooks.after_tool, prepared.call
    if hook is None:
        return outcome
    try:
        with fails_alone("Hooks.after_tool"):
            changed = await awaited(hook(run.context(prepared), call, outcome.result))
    except anyio.get_cancelled_exc_class():
        put_off_cancellation()  # what the tool did is done, and that is known
        return replace(outcome, result=unchecked(call))
    if changed is None:
        return outcome
    result = _checked(changed, ToolResult, "after_tool", call)
    try:
        content = to_json_value(result.content)
    except NotJsonable as error:
        what = f"it gave a result of tool {call.name!r} that JSON can't hold: {error}."
        raise UserError(f"Hooks.after_tool: {what} Give it content that JSON can hold.") from error
    return replace(outcome, result=replace(result, call_id=call.id, name=call.name, content=content))


def _checked(given: Any, kind: type[T], name: str, call: ToolCallPart) -> T:
    """What a hook gave back. Raises `UserError` when it is something else than it may give."""
    if not isinstance(given, kind):
        raise UserError(
            f"Hooks.{name} gave back a {type(given).__name__} for call {call.id} ({call.name}): give back a "
            f"{kind.__name__}, as by dataclasses.replace, or None."
        )
    return given
