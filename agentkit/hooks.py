"""Functions of yours around a run, its canvases and its tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from agentkit.calls import PreparedCall, prepare
from agentkit.context import RunContext
from agentkit.errors import ModelRetry, ToolFailed, UserError
from agentkit.messages import ToolCallPart, ToolResult
from agentkit.models.base import CanvasRecord
from agentkit.output import OutputTool
from agentkit.result import AgentRunResult

if TYPE_CHECKING:
    from agentkit.run import Run

Context: TypeAlias = RunContext[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Async functions that are called as a run goes on; the run waits for them. What they raise ends the run.

    before_run     (context), before the model is asked for anything
    after_run      (context, result), when the run is over; not when it raises
    before_canvas  (context, index), before the first denoising step of a canvas
    after_canvas   (context, canvas), when a canvas is committed
    before_tool    (context, call), before a valid call runs, and before a person is asked about it. It may give back
                   another call in its place, with other arguments, which the conversation then holds; or raise
                   `ToolFailed` or `ModelRetry`: then the tool does not run, and the model is told. Under it no tool
                   begins early
    after_tool     (context, call, result), when a tool has run; it may give back another result
    """

    before_run: Callable[[Context], Awaitable[None]] | None = None
    after_run: Callable[[Context, AgentRunResult[Any]], Awaitable[None]] | None = None
    before_canvas: Callable[[Context, int], Awaitable[None]] | None = None
    after_canvas: Callable[[Context, CanvasRecord], Awaitable[None]] | None = None
    before_tool: Callable[[Context, ToolCallPart], Awaitable[ToolCallPart | None]] | None = None
    after_tool: Callable[[Context, ToolCallPart, ToolResult], Awaitable[ToolResult | None]] | None = None


async def before_tools(run: Run, calls: list[PreparedCall], indices: Sequence[int]) -> None:
    """Shows the calls at `indices` that would run to the hook, and puts in their place what it makes of them."""
    hook = run.plan.hooks.before_tool
    for index in indices if hook is not None else ():
        prepared = calls[index]
        if prepared.wrong is not None or prepared.call.id in run.denied or isinstance(prepared.tool, OutputTool):
            continue
        assert hook is not None
        try:
            changed = await hook(run.context(prepared), prepared.call)
        except ToolFailed as error:
            run.denied[prepared.call.id] = error.message
        except ModelRetry as error:
            calls[index] = replace(prepared, wrong=error.message, error=error)
        else:
            if changed is not None and changed != prepared.call:
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
