"""Running the calls of one turn side by side, each answered in words the model can use."""

from __future__ import annotations

import inspect
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from agentkit.agent_tool import AgentTool
from agentkit.calls import Outcome, PreparedCall, costly, in_words, logger, refusal, told, too_late
from agentkit.delegation import AgentWaits, delegate
from agentkit.errors import ApprovalRequired, ModelRetry, SessionError, ToolFailed
from agentkit.events import ToolCallFinished, ToolCallStarted
from agentkit.jsonable import NotJsonable, to_json_value
from agentkit.messages import ToolResult
from agentkit.run import Run
from agentkit.tasks import flat_errors
from agentkit.tools import Tool

if TYPE_CHECKING:
    from agentkit.early import EarlyCalls


async def run_calls(run: Run, calls: Sequence[PreparedCall], indices: Sequence[int], early: EarlyCalls) -> None:
    """Answers the calls at `indices` into `run.outcomes`: those of sequential tools alone, the others side by side.

    A call that began early is not run again.
    """
    batch: list[int] = []
    for index in indices:
        prepared = calls[index]
        if prepared.tool is not None and prepared.tool.options.sequential:
            await _run_batch(run, calls, batch, early)
            await _run_batch(run, calls, [index], early)
            batch = []
        else:
            batch.append(index)
    await _run_batch(run, calls, batch, early)


async def _run_batch(run: Run, calls: Sequence[PreparedCall], batch: Sequence[int], early: EarlyCalls) -> None:
    async def answer(index: int) -> None:
        outcome = await early.outcome(calls[index].call) or await _answer(run, calls[index])
        run.outcomes[index] = outcome
        if outcome.paused is not None:
            run.paused[calls[index].call.id] = outcome.paused
        if not outcome.waits:
            await run.journal.answered(run, outcome)
            await run.emit(ToolCallFinished(calls[index].call, outcome.result, outcome.seconds, outcome.error))

    with flat_errors():
        async with anyio.create_task_group() as group:
            for index in batch:
                group.start_soon(answer, index)


async def _answer(run: Run, prepared: PreparedCall) -> Outcome:
    refused = refusal(run, prepared)
    if refused is not None:
        return refused
    async with run.slots:
        await announce(run, prepared)
        await run.journal.begun(run, prepared)
        await run.stop_if_cancelled()
        run.unknown.discard(prepared.call.id)
        return await run_tool(run, prepared)


async def announce(run: Run, prepared: PreparedCall) -> None:
    """Says that a tool begins, and spends the call; in a cancelled run nothing begins."""
    await run.stop_if_cancelled()
    await run.emit(ToolCallStarted(prepared.call))
    await run.stop_if_cancelled()
    run.budget.charge(tool_calls=1)


async def run_tool(run: Run, prepared: PreparedCall) -> Outcome:
    """Runs the tool of a call that nothing is wrong with."""
    assert prepared.tool is not None
    started = time.monotonic()
    with run.plan.observer.tool(run, prepared) as ended:
        outcome = await _call(run, prepared, prepared.tool)
        ended(outcome)
    outcome = replace(outcome, seconds=time.monotonic() - started)
    if run.plan.hooks.after_tool is None or outcome.waits:
        return outcome
    changed = await run.plan.hooks.after_tool(run.context(prepared), prepared.call, outcome.result)
    return outcome if changed is None else replace(outcome, result=changed)


async def _call(run: Run, prepared: PreparedCall, tool: Tool) -> Outcome:
    """Runs the tool. The class of what it raises says who is told what."""
    call = prepared.call
    seconds = run.timeout(tool)
    try:
        with anyio.move_on_after(seconds) as deadline:
            if isinstance(tool, AgentTool):
                value = await delegate(run, prepared)
            else:
                value = await invoke(run, tool, tool.bind(prepared.values, run.context(prepared)))
            if tool.options.check is not None:
                tool.options.check(value)
            return Outcome(ToolResult(call.id, call.name, to_json_value(value)))
    except ModelRetry as error:
        return costly(call, error)
    except ToolFailed as error:
        return Outcome(told(call, error.message), error=error)
    except AgentWaits as error:
        return Outcome(told(call, error.message), error=error, waits=True, paused=error.paused)
    except ApprovalRequired as error:
        return Outcome(told(call, error.message), error=error, waits=True)
    except NotJsonable as error:
        logger.error("Tool %r returned what JSON can't hold: %s", tool.name, error)
        return Outcome(told(call, f"The tool ran, but its result can't be shown: {error}."), error=error)
    except Exception as error:
        if isinstance(error, SessionError) and isinstance(tool, AgentTool):
            raise  # what the other agent keeps is kept in this run's session
        logger.error("Tool %r failed (call %s)", tool.name, call.id, exc_info=error)
        return Outcome(told(call, in_words(error)), error=error)
    assert deadline.cancelled_caught
    return too_late(call, seconds)


async def invoke(run: Run, tool: Tool, function: Callable[[], Any]) -> Any:
    """Calls a tool's function, a synchronous one in a thread."""
    if tool.is_async:
        return await function()
    value = await _in_thread(run, tool, function)
    return await value if inspect.isawaitable(value) else value


async def _in_thread(run: Run, tool: Tool, function: Callable[[], Any]) -> Any:
    """Runs a synchronous tool in a thread. A thread left behind takes no place that other tools need."""
    entry = _Entry(function)
    try:
        await anyio.to_thread.run_sync(entry.run, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(math.inf))
    except anyio.get_cancelled_exc_class():
        if entry.close():
            run.still_running.append(tool.name)
            logger.warning("Tool %r is synchronous and can't be stopped: its thread runs on.", tool.name)
        raise
    return entry.value


class _Entry:
    """The door to a worker thread: once closed, a function that hasn't begun never will."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._state = "waiting"
        self.value: Any = None

    def run(self) -> None:
        with self._lock:
            if self._state == "closed":
                return
            self._state = "running"
        try:
            self.value = self._function()
        except StopIteration as error:  # it can't pass through a future
            raise RuntimeError("the tool raised StopIteration") from error
        finally:
            with self._lock:
                self._state = "done"

    def close(self) -> bool:
        """Closes the door; says whether the function is running behind it."""
        with self._lock:
            running = self._state == "running"
            self._state = "closed"
        return running
