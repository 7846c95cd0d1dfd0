"""The loop: ask the model, run the tools it calls, tell it what came back, until it answers or has to stop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import anyio

from agentkit.answer import finish, restore, run_outputs
from agentkit.approval import check_decided, waiting
from agentkit.calls import PreparedCall, free_id, legible, prepare, refusal
from agentkit.cancellation import CancellationToken
from agentkit.early import EarlyCalls, with_early_calls
from agentkit.errors import RunCancelled, SessionError, UsageLimitExceeded
from agentkit.execution import run_calls
from agentkit.handover import take_over
from agentkit.hooks import before_tools
from agentkit.messages import (
    AssistantMessage,
    AssistantPart,
    Message,
    ToolCallPart,
    open_calls,
)
from agentkit.models.base import Conversation, ModelRequest, ModelResponse
from agentkit.output import OutputTool
from agentkit.pauses import asked_about
from agentkit.repair import Repairs
from agentkit.request import seen_tools, turn_request
from agentkit.result import NO_OUTPUT, AgentRunResult, tell_reached
from agentkit.run import Plan, Run
from agentkit.shortening import compact
from agentkit.stuck import stop_if_stuck
from agentkit.tasks import awaited, flat_errors, leaves
from agentkit.turn import break_off, close_turn, leave_turn_open


async def execute(run: Run, token: CancellationToken | None = None) -> AgentRunResult[Any]:
    """Runs to the end. Raises `RunCancelled` when the token (or a tool) cancelled it, and what the model raises.

    What was reached is in the `result` of whatever is raised.
    """
    try:
        with run.plan.observer.run(run) as ended:
            result = await _executed(run, token)
            ended(result)
    except BaseException as error:
        if run.stop_reason is None:
            run.stop("failed", f"The run raised {type(error).__name__}.")
            break_off(run)
        tell_reached(error, _result(run))
        raise
    return result


async def _executed(run: Run, token: CancellationToken | None) -> AgentRunResult[Any]:
    with anyio.CancelScope() as scope, run.token.linked_to(token), run.token.cancelling(scope):
        await _hooked(run)
    if run.token.cancelled:
        run.stop("cancelled", "The run was cancelled.")
        close_turn(run, "The run was cancelled before this call was finished.")
        await _save_shielded(run)
        raise RunCancelled(result=_result(run), still_running=tuple(run.still_running))
    return _result(run)


async def _hooked(run: Run) -> None:
    hooks = run.plan.hooks
    if hooks.before_run is not None:
        await awaited(hooks.before_run(run.context()))
    await _within_limits(run)
    if hooks.after_run is not None and not run.token.cancelled:
        await awaited(hooks.after_run(run.context(), _result(run)))


async def _within_limits(run: Run) -> None:
    try:
        with flat_errors():
            try:
                await _in_time(run)
            except* UsageLimitExceeded as met:  # what else was raised, beside it, is raised
                limit = next(error for error in leaves(met) if isinstance(error, UsageLimitExceeded))
                run.stop("usage_limit", limit.limit)
                close_turn(run, f"This call was not finished. {limit}")
                await _save_shielded(run)
                await run.warn()
    except BaseException:
        with anyio.CancelScope(shield=True), suppress(SessionError):
            await run.journal.spent(run)
        raise
    finally:
        run.budget.close()


async def _in_time(run: Run) -> None:
    seconds = run.budget.left("seconds")
    with anyio.move_on_after(seconds) as deadline:
        async with anyio.create_task_group() as group:
            group.start_soon(_watch_clock, run)
            await _turns(run)
            group.cancel_scope.cancel()
    if deadline.cancelled_caught:
        raise run.budget.exceeded("seconds")


async def _watch_clock(run: Run) -> None:
    """Warns of the limits on time."""
    while (seconds := run.budget.seconds_to_near()) is not None:
        await anyio.sleep(seconds)
        run.budget.look_at_clock()
        await run.warn()


async def _save_shielded(run: Run) -> None:
    """How the run ended is kept, whatever ended it."""
    with anyio.CancelScope(shield=True):
        await run.journal.save(run)


async def _turns(run: Run) -> None:
    if not (run.decided and open_calls(run.messages)):  # decisions are kept once all of them are known to fit
        await run.journal.save(run)
    if run.stop_reason == "finished":
        await restore(run)
    while run.stop_reason is None:
        await _converse(run, run.plan)


async def _converse(run: Run, plan: Plan) -> None:
    """The turns of one agent, until the run stops or is another one's."""
    async with plan.model.converse() as conversation:
        if open_calls(run.messages):
            await with_early_calls(run, {}, partial(_resume, run, conversation))
        while run.stop_reason is None and run.plan is plan:
            await with_early_calls(run, plan.callable_tools, partial(_turn, run, conversation))


async def _resume(run: Run, conversation: Conversation, early: EarlyCalls) -> None:
    """Goes on with a turn that the model has finished, and whose calls are not all answered."""
    *before, message = run.messages
    assert isinstance(message, AssistantMessage)
    request = _request(run, before, early)
    await _answer(run, message.calls, Repairs(run, conversation, request, run.plan.known_tools, {}), early)
    await run.journal.save(run)


async def _turn(run: Run, conversation: Conversation, early: EarlyCalls) -> None:
    """1. Asks the model for its next turn; the turn is spent."""
    await run.stop_if_cancelled()
    run.budget.check_turn()
    run.budget.charge(turns=1)
    await compact(run)
    request = _request(run, run.messages, early)
    with run.plan.observer.turn(run, request) as ended:
        response = await conversation.respond(request, run.emit)
        ended(response)
    request.budget.settle(response.usage)
    calls = _take(run, response, early)
    if not calls:
        await finish(run, response)
    await run.journal.save(run)
    await early.discard_unclaimed()
    if calls:
        repairs = Repairs(run, conversation, request, run.plan.known_tools, response.doubts)
        await _answer(run, calls, repairs, early)
        await run.journal.save(run)
    await run.warn()


def _request(run: Run, messages: Sequence[Message], early: EarlyCalls) -> ModelRequest:
    """What the model is asked for a turn after `messages`."""
    request = turn_request(run.plan, messages, seen_tools(run))
    settings = request.settings
    called = run.budget.usage.tool_calls - run.discarded > run.calls_before
    if called and settings.tool_choice not in (None, "auto", "none"):
        settings = replace(settings, tool_choice="auto")  # the call that was required has been made
    return replace(
        request,
        settings=settings,
        budget=run.budget.child(),
        drafts=run.drafts,
        early=early.hook,
        written=tuple(run.turn_canvases),
        canvases=run.next_canvas,
    )


def _take(run: Run, response: ModelResponse, early: EarlyCalls) -> tuple[ToolCallPart, ...]:
    """2. Puts the model's turn into the conversation; every call gets an id of its own, or that it began early with."""
    taken = run.call_ids()
    parts: list[AssistantPart] = []
    for part in response.message.parts:
        if isinstance(part, ToolCallPart):
            part = legible(part)
            part = replace(part, id=early.claim(part) or free_id(part.id, taken))
            taken.add(part.id)
        parts.append(part)
    message = replace(response.message, parts=tuple(parts))
    run.messages.append(message)
    run.canvases.extend(response.canvases or run.turn_canvases)
    run.turn_parts.clear()
    run.turn_canvases.clear()
    run.outcomes.clear()
    return message.calls


async def _answer(run: Run, calls: Sequence[ToolCallPart], repairs: Repairs, early: EarlyCalls) -> None:
    """3. Runs the calls and answers them, wrong ones as well. Nothing runs when one of them waits for approval."""
    prepared = await repairs.checked([prepare(call, run.plan.known_tools) for call in calls], skip=run.outcomes)
    pending = [index for index in range(len(prepared)) if index not in run.outcomes]
    await before_tools(run, prepared, pending)
    held = await waiting(run, [prepared[index] for index in pending])
    check_decided(run, held)
    while pending and not held:
        due = _due(prepared, pending)
        await _run(run, prepared, due, early)
        again = await _retried(run, repairs, prepared, due)
        pending = again + [index for index in pending if index not in due]
        await before_tools(run, prepared, pending)
        held = await waiting(run, [prepared[index] for index in pending])
    held += [prepared[index].call for index, outcome in sorted(run.outcomes.items()) if outcome.waits]
    if held:
        _wait_for_approval(run, held)
    else:
        close_turn(run, "This call was not run.")
        _conclude(run, prepared)


def _due(prepared: Sequence[PreparedCall], pending: Sequence[int]) -> Sequence[int]:
    """Which of the calls are next: those of tools, until none is to run again, then those that end the run."""
    return [index for index in pending if not _ends(prepared[index])] or pending


async def _run(run: Run, prepared: Sequence[PreparedCall], due: Sequence[int], early: EarlyCalls) -> None:
    """Runs calls if there are as many left to spend: all of tools, or all such that end the run."""
    run.budget.check()
    await run.journal.save(run)
    if _ends(prepared[due[0]]):
        await run_outputs(run, prepared, due)
    else:
        run.budget.check_tool_calls(sum(_will_begin(run, prepared[index], early) for index in due))
        await run_calls(run, prepared, due, early)


def _ends(prepared: PreparedCall) -> bool:
    """Whether the call ends the run, or this agent's part of it."""
    return isinstance(prepared.tool, OutputTool)


def _will_begin(run: Run, prepared: PreparedCall, early: EarlyCalls) -> bool:
    """Whether answering the call begins a tool that isn't paid for yet."""
    return refusal(run, prepared) is None and not early.begun(prepared.call)


async def _retried(run: Run, repairs: Repairs, prepared: list[PreparedCall], done: Sequence[int]) -> list[int]:
    """The calls whose tools asked for another argument and got one: they are to run again."""
    again: list[int] = []
    for index in done:
        outcome = run.outcomes.get(index)
        call = await repairs.retried(index, prepared[index], outcome) if outcome is not None else None
        if call is not None:
            prepared[index] = call
            again.append(index)
            del run.outcomes[index]
    return again


def _wait_for_approval(run: Run, calls: Sequence[ToolCallPart]) -> None:
    leave_turn_open(run)
    run.pending = asked_about(calls, run.paused)
    run.stop("approval_required", f"A person has to approve: {', '.join(call.name for call in run.pending)}.")


def _conclude(run: Run, calls: Sequence[PreparedCall]) -> None:
    """4. Ends the run that has its output, hands it over, or stops it when it gets no further."""
    if run.output is not None:
        run.stop("finished")
    elif run.successor is not None:
        take_over(run)
    else:
        stop_if_stuck(run, calls)


def _result(run: Run) -> AgentRunResult[Any]:
    return AgentRunResult(
        _output=_output(run),
        stop_reason=run.stop_reason or "finished",
        stop_detail=run.stop_detail,
        usage=run.usage(),
        canvases=tuple(run.canvases),
        tool_calls=tuple(run.tool_calls),
        pending_calls=run.pending,
        agent=run.plan.name,
        _messages=tuple(run.messages),
        _new_from=run.new_from,
    )


def _output(run: Run) -> Any:
    """The output; of a run that was to answer by text and did not finish, the text written until then."""
    if run.output is not None:
        return run.output.value
    if run.plan.outputs.tools:
        return NO_OUTPUT
    new = run.messages[run.new_from :]
    return next((message.text for message in reversed(new) if isinstance(message, AssistantMessage)), "")
