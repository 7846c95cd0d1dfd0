"""Running the calls of one turn side by side, each answered in words the model can use."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import anyio
import anyio.to_thread

from agentkit.agent_tool import AgentTool
from agentkit.calls import Outcome, PreparedCall, costly, in_words, logger, refusal, told, too_late
from agentkit.delegation import AgentWaits, delegate
from agentkit.errors import ApprovalRequired, ModelRetry, SessionError, ToolFailed, UserError
from agentkit.events import ToolCallFinished, ToolCallStarted
from agentkit.hooks import after_tool
from agentkit.jsonable import NotJsonable, to_json_value
from agentkit.messages import ToolResult
from agentkit.run import Run
from agentkit.tasks import awaited, fails_alone, flat_errors, put_off_cancellation
from agentkit.tools import Tool

if TYPE_CHECKING:
    from agentkit.early import EarlyCalls

_State: TypeAlias = Literal["waiting", "running", "done", "closed"]


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
            finished = ToolCallFinished(calls[index].call, outcome.result, outcome.seconds, outcome.error)
            run.tool_calls.append(finished)
            await run.journal.answered(run, outcome)
            await run.emit(finished)

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
        run.begun.add(prepared.call.id)
        outcome = await run_tool(run, prepared)
        run.begun.discard(prepared.call.id)
        return outcome


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
    return outcome if outcome.waits else await after_tool(run, prepared, outcome)


async def _call(run: Run, prepared: PreparedCall, tool: Tool) -> Outcome:
    """Runs the tool. The class of what it raises says who is told what."""
    call = prepared.call
    seconds = run.timeout(tool)
    try:
        with anyio.move_on_after(seconds) as deadline, fails_alone("the tool"):
            if isinstance(tool, AgentTool):
                value = await delegate(run, prepared)
            else:
                value = await invoke(run, prepared, tool.bind(prepared.values, run.context(prepared)))
            await look_at(tool, value)
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
    run.unknown.discard(call.id)
    return too_late(call, seconds)


async def invoke(run: Run, prepared: PreparedCall, function: Callable[[], Any]) -> Any:
    """Calls a tool's function, a synchronous one in a thread. Whatever it raises ends the call alone.

    It can't wait for a person in the name of a run of its own, whose calls nobody could find again.
    """
    assert prepared.tool is not None
    with fails_alone("the tool"):
        try:
            if prepared.tool.is_async:
                return await function()
            return await awaited(await _in_thread(run, prepared.tool, prepared.call.id, function))
        except ApprovalRequired as error:
            if not error.calls:
                raise
            names = ", ".join(call.name for call in error.calls)
            raise UserError(
                f"The agent that it ran waits for a person to approve {names}, and nobody is asked. Give that agent as "
                f"a tool, with agent.as_tool(): then the outer run asks."
            ) from error


async def look_at(tool: Tool, value: Any) -> None:
    """Shows what a tool gave back to its `check`."""
    if tool.options.check is not None:
        await awaited(tool.options.check(value))


async def _in_thread(run: Run, tool: Tool, call_id: str, function: Callable[[], Any]) -> Any:
    """Runs a synchronous tool in a thread. A thread left behind takes no place that other tools need."""
    entry = _Entry(function)
    try:
        await anyio.to_thread.run_sync(entry.run, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(math.inf))
    except anyio.get_cancelled_exc_class():
        state = entry.close()
        if state == "running":
            run.still_running.append(tool.name)
            run.unknown.add(call_id)
            logger.warning("Tool %r is synchronous and can't be stopped: its thread runs on.", tool.name)
        if state != "done":
            raise
        put_off_cancellation()  # what came of the call is known, and is to be kept
    return entry.result()


class _Entry:
    """The door to a worker thread: once closed, a function that hasn't begun never will."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._state: _State = "waiting"
        self._value: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        with self._lock:
            if self._state == "closed":
                return
            self._state = "running"
        try:
            self._value = self._function()
        except BaseException as error:
            self._error = error
        finally:
            with self._lock:
                self._state = "done"

    def result(self) -> Any:
        """What the function gave back, or raises what it raised; Ctrl-C comes to the main thread, and never to this."""
        if isinstance(self._error, KeyboardInterrupt):
            raise RuntimeError(f"the tool raised {self._error!r}") from self._error
        if self._error is not None:
            raise self._error
        return self._value

    def close(self) -> _State:
        """Closes the door; says whether the function is running behind it, or done."""
        with self._lock:
            before = self._state
            self._state = "closed"
        return before
