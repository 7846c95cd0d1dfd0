"""The loop: ask the model, run the tools it calls, tell it what came back, until it answers or has to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import anyio

from agentkit.calls import PreparedCall, free_id, identity, prepare, told
from agentkit.cancellation import CancellationToken
from agentkit.early import EarlyCalls, with_early_calls
from agentkit.errors import RunCancelled, UsageLimitExceeded
from agentkit.execution import run_calls
from agentkit.messages import (
    AssistantMessage,
    AssistantPart,
    Message,
    SystemMessage,
    TextPart,
    ThoughtPart,
    ToolCallPart,
    ToolMessage,
    UserMessage,
    open_calls,
)
from agentkit.models.base import Conversation, Emit, ModelRequest, ModelResponse
from agentkit.repair import Repairs
from agentkit.result import AgentRunResult
from agentkit.run import Plan, Run
from agentkit.tools import Tool
from agentkit.usage import Budget


def begin(
    plan: Plan,
    prompt: str | None,
    *,
    deps: Any,
    history: Sequence[Message],
    emit: Emit,
    budget: Budget | None = None,
    drafts: bool = False,
) -> Run:
    """A run that is about to start. Calls at the end of the history that nothing answered are answered as not run."""
    messages = [message for message in history if not (plan.instructions and isinstance(message, SystemMessage))]
    new_from = len(messages)
    left_open = open_calls(messages)
    if left_open:
        messages.append(ToolMessage(tuple(told(call, "This call was not run.") for call in left_open)))
    if prompt is not None:
        messages.append(UserMessage(prompt))
    return Run(plan, messages, new_from, deps, emit, drafts, budget=Budget(plan.limits, parent=budget))


async def execute(run: Run, token: CancellationToken | None = None) -> AgentRunResult[str]:
    """Runs to the end. Raises `RunCancelled` when the token (or a tool) cancelled it, and what the model raises."""
    with anyio.CancelScope() as scope, run.token.linked_to(token), run.token.cancelling(scope):
        await _within_limits(run)
    if run.token.cancelled:
        run.stop("cancelled", "The run was cancelled.")
        _close_turn(run, "The run was cancelled before this call was finished.")
        raise RunCancelled(result=_result(run), still_running=tuple(run.still_running))
    return _result(run)


async def _within_limits(run: Run) -> None:
    seconds = run.plan.limits.seconds
    try:
        with anyio.move_on_after(seconds) as deadline:
            await _turns(run)
        if deadline.cancelled_caught and seconds is not None:
            raise UsageLimitExceeded("seconds", seconds)
    except UsageLimitExceeded as limit:
        run.stop("usage_limit", limit.limit)
        _close_turn(run, f"This call was not finished. {limit}")


async def _turns(run: Run) -> None:
    async with run.plan.model.converse() as conversation:
        while run.stop_reason is None:
            await with_early_calls(run, _callable_tools(run), partial(_turn, run, conversation))


async def _turn(run: Run, conversation: Conversation, early: EarlyCalls) -> None:
    request = await _request(run, early)
    response = await conversation.respond(request, run.emit)
    request.budget.settle(response.usage)
    calls = _take(run, response, early)
    await early.discard_unclaimed()
    if calls:
        repairs = Repairs(run, conversation, request, _callable_tools(run), response.doubts)
        await _answer(run, calls, repairs, early)
    else:
        _finish(run, response)


def _callable_tools(run: Run) -> dict[str, Tool]:
    return {} if run.plan.settings.tool_choice == "none" else run.plan.tools


async def _request(run: Run, early: EarlyCalls) -> ModelRequest:
    """1. What the model is asked for its next turn; the turn is spent."""
    await run.stop_if_cancelled()
    run.budget.check_turn()
    run.budget.spend(turns=1)
    plan, settings = run.plan, run.plan.settings
    instructions = (SystemMessage(plan.instructions),) if plan.instructions else ()
    if run.budget.usage.tool_calls > run.discarded and settings.tool_choice not in (None, "auto", "none"):
        settings = replace(settings, tool_choice="auto")  # the call that was required has been made
    tools = tuple(tool.definition for tool in _callable_tools(run).values())
    return ModelRequest((*instructions, *run.messages), tools, settings, run.budget.child(), run.drafts, early.hook)


def _take(run: Run, response: ModelResponse, early: EarlyCalls) -> tuple[ToolCallPart, ...]:
    """2. Puts the model's turn into the conversation; every call gets an id of its own, or that it began early with."""
    taken = run.call_ids()
    parts: list[AssistantPart] = []
    for part in response.message.parts:
        if isinstance(part, ToolCallPart):
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


def _finish(run: Run, response: ModelResponse) -> None:
    if response.finish == "length":
        run.stop("max_tokens", "The answer was cut off: ModelSettings.max_tokens was reached.")
    elif not response.message.text.strip():
        run.stop("empty_answer", "The model wrote neither text nor a call.")
    else:
        run.stop("finished")


async def _answer(run: Run, calls: Sequence[ToolCallPart], repairs: Repairs, early: EarlyCalls) -> None:
    """3. Runs the calls and answers them, wrong ones as well. Nothing runs when one of them waits for approval."""
    tools = _callable_tools(run)
    prepared = await repairs.checked([prepare(call, tools) for call in calls])
    waiting = [p.call for p in prepared if p.wrong is None and p.tool and p.tool.options.requires_approval]
    if waiting:
        _wait_for_approval(run, waiting)
        return
    pending = list(range(len(prepared)))
    while pending:
        ready = sum(prepared[index].wrong is None and not early.begun(prepared[index].call) for index in pending)
        run.budget.check()
        run.budget.check_tool_calls(ready)
        await run_calls(run, prepared, pending, early)
        pending = await _retried(run, repairs, prepared, pending)
    waiting = [prepared[index].call for index, outcome in run.outcomes.items() if outcome.waits]
    _close_turn(run, "This call was not run: a person has to approve it first.")
    if waiting:
        _wait_for_approval(run, waiting)
    else:
        _count_retries(run, prepared)


async def _retried(run: Run, repairs: Repairs, prepared: list[PreparedCall], done: Sequence[int]) -> list[int]:
    """The calls whose tools asked for another argument and got one: they run again."""
    again: list[int] = []
    for index in done:
        call = await repairs.retried(index, prepared[index], run.outcomes[index])
        if call is not None:
            prepared[index] = call
            again.append(index)
    return again


def _wait_for_approval(run: Run, calls: Sequence[ToolCallPart]) -> None:
    run.pending = tuple(calls)
    run.stop("approval_required", f"A person has to approve: {', '.join(call.name for call in calls)}.")


def _count_retries(run: Run, calls: Sequence[PreparedCall]) -> None:
    """4. Stops the run when the model wrote the same bad call twice in a row, or has no retry left."""
    bad_calls, wrong, right = set(), {}, set()
    for index, prepared in enumerate(calls):
        outcome = run.outcomes.get(index)
        if outcome is not None and outcome.faulty:
            bad_calls.add(identity(prepared.call))
        if outcome is not None and outcome.costs_retry:
            wrong[prepared.retry_key] = (prepared, outcome.result.content)
        else:
            right.add(prepared.retry_key)
    repeated = bad_calls & run.bad_calls
    run.bad_calls = bad_calls
    for key in right - wrong.keys():
        run.retries.pop(key, None)
    run.retries.update(wrong.keys())
    if repeated:
        run.stop("repeated_call", f"The model repeated a bad call that it had been told about: {min(repeated)}")
        return
    for key, (prepared, reason) in wrong.items():
        if run.retries[key] > run.max_retries(prepared):
            run.stop("retries_exhausted", f"The calls of {prepared.call.name!r} stayed wrong. The last: {reason}")


def _close_turn(run: Run, reason: str) -> None:
    """Brings an interrupted turn into order: text committed so far is kept, calls without a result get `reason`."""
    if run.turn_parts:
        run.messages.append(AssistantMessage(_joined(run.turn_parts), model=run.plan.model.name))
        run.turn_parts.clear()
    run.canvases.extend(run.turn_canvases)
    run.turn_canvases.clear()
    calls = open_calls(run.messages)
    if calls:
        answered = {index: outcome.result for index, outcome in run.outcomes.items() if not outcome.waits}
        results = tuple(answered.get(index) or told(call, reason) for index, call in enumerate(calls))
        run.messages.append(ToolMessage(results))


def _joined(parts: Sequence[AssistantPart]) -> tuple[AssistantPart, ...]:
    """The parts with neighbours of one kind made one."""
    joined: list[AssistantPart] = []
    for part in parts:
        match joined[-1:], part:
            case [TextPart(text)], TextPart(more):
                joined[-1] = TextPart(text + more)
            case [ThoughtPart(text)], ThoughtPart(more):
                joined[-1] = ThoughtPart(text + more)
            case _:
                joined.append(part)
    return tuple(joined)


def _result(run: Run) -> AgentRunResult[str]:
    new = run.messages[run.new_from :]
    output = next((message.text for message in reversed(new) if isinstance(message, AssistantMessage)), "")
    return AgentRunResult(
        output=output,
        stop_reason=run.stop_reason or "finished",
        stop_detail=run.stop_detail,
        usage=run.usage(),
        canvases=tuple(run.canvases),
        tool_calls=tuple(run.tool_calls),
        pending_calls=run.pending,
        _messages=tuple(run.messages),
        _new_from=run.new_from,
    )
