"""The end of a run: the output that the model wrote, validated, or why it is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio

from agentkit.calls import NO_CALL, Outcome, PreparedCall, costly, in_words, logger, prepare, refusal, told, too_late
from agentkit.context import RunContext
from agentkit.errors import ApprovalRequired, ModelRetry, ToolError, ToolFailed, UserError
from agentkit.execution import invoke, look_at
from agentkit.handover import HandoffTool, hand_over
from agentkit.jsonable import NotJsonable
from agentkit.messages import AssistantMessage, ToolMessage, ToolResult, UserMessage
from agentkit.models.base import ModelResponse
from agentkit.output import OutputTool
from agentkit.run import Plan, Run

PROCESSED = "Final result processed."


def made_output(plan: Plan, result: ToolResult) -> bool:
    """Whether the call that is answered so made a run's output. What a tool says in the same words did not."""
    return result.name in plan.outputs.tools and result.content == PROCESSED and not result.is_error


async def run_outputs(run: Run, calls: Sequence[PreparedCall], indices: Sequence[int]) -> None:
    """Makes the first right one of these calls the run's output, or hands over; those behind it are of no use.

    None is looked at while a call before it waits for a person, or a tool of the same turn.
    """
    if any(outcome.waits for outcome in run.outcomes.values()):
        return
    for index in indices:
        prepared = calls[index]
        if run.output is not None or run.successor is not None:
            run.outcomes[index] = Outcome(told(prepared.call, "This was not used: there is a final result already."))
        else:
            outcome = refusal(run, prepared) or await _ended(run, prepared, index)
            if outcome.result.is_error and not outcome.waits:
                await run.journal.answered(run, outcome)
            run.outcomes[index] = outcome
            if outcome.waits:
                return


async def _ended(run: Run, prepared: PreparedCall, index: int) -> Outcome:
    """How a call is answered that ends the run, or this agent's part of it."""
    if isinstance(prepared.tool, HandoffTool):
        return await hand_over(run, prepared)
    return await _produced(run, prepared, index)


async def finish(run: Run, response: ModelResponse) -> None:
    """Ends the run with a turn that made no calls, if such a turn may end it."""
    if response.finish == "length":
        run.stop("max_tokens", "The answer was cut off: ModelSettings.max_tokens was reached.")
    elif not response.message.text.strip():
        run.stop("empty_answer", "The model wrote neither text nor a call.")
    else:
        await _finish_with(run, response.message.text)


async def _finish_with(run: Run, text: str) -> None:
    """Ends the run with the text, unless that is no answer or a validator asks for another one."""
    if not run.plan.outputs.allow_text:
        _ask_again(run, f"Text is no answer here: call {' or '.join(run.plan.outputs.tools)}.")
        return
    try:
        run.output = await run.plan.outputs.validated(run.context(), text)
        run.stop("finished")
    except ModelRetry as error:
        _ask_again(run, error.message)


async def restore(run: Run) -> None:
    """Makes the output of a finished run again, which was not given back.

    Where that is none any more, since a validator refuses it now, the run goes on: its last turn is open again, with
    an answer to each call.
    """
    message = run.messages[run.new_from]
    assert isinstance(message, AssistantMessage)
    run.stop_reason = None
    if not message.calls:
        await _finish_with(run, message.text)
        await run.journal.save(run)
        return
    answered = run.messages[-1]
    assert isinstance(answered, ToolMessage)
    for index, (call, result) in enumerate(zip(message.calls, answered.results, strict=True)):
        prepared = prepare(call, run.plan.known_tools)
        if made_output(run.plan, result) and isinstance(prepared.tool, OutputTool) and prepared.wrong is None:
            _check_kept(run, prepared, prepared.tool)
            run.outcomes[index] = await _produced(run, prepared, index)
        else:
            run.outcomes[index] = Outcome(result)
    if run.output is not None:
        run.stop("finished")
    else:
        run.messages.pop()


async def _produced(run: Run, prepared: PreparedCall, index: int) -> Outcome:
    """Makes the output and shows it to the validators. Errors that aren't meant for the model are raised.

    A function may say `ToolFailed`, as a tool may; a validator may not.

    What a function has done is done, and its value is kept, even if the run ends while they look: the call at `index`
    is answered before they do.
    """
    tool, call = prepared.tool, prepared.call
    assert isinstance(tool, OutputTool)
    context, seconds = run.context(prepared), run.timeout(tool)
    processed = Outcome(ToolResult(call.id, call.name, PROCESSED))
    try:
        with anyio.move_on_after(seconds) as deadline:
            try:
                value = await _value(run, prepared, tool, context, index)
                if tool.acts:
                    run.outcomes[index] = processed
                await look_at(tool, value)
            except ToolFailed as error:
                return Outcome(told(call, error.message), error=error)
            run.output = await run.plan.outputs.validated(context, value)
    except ModelRetry as error:
        return costly(call, tool.rooted(error))
    except ApprovalRequired as error:
        return Outcome(told(call, error.message), error=error, waits=True)
    if deadline.cancelled_caught:
        run.unknown.discard(call.id)
        return too_late(call, seconds, done=index in run.outcomes)
    return processed


async def _value(run: Run, prepared: PreparedCall, tool: OutputTool, context: RunContext[Any], index: int) -> Any:
    """What the call amounts to. A function that has finished in a process that was stopped does not run again."""
    function, kept = tool.bind(prepared.values, context), run.journal.state.outputs
    if not tool.acts:
        return await invoke(run, prepared, function)
    if prepared.call.id in kept:
        return tool.loaded(kept[prepared.call.id])
    await run.journal.begun(run, prepared)
    await run.stop_if_cancelled()
    run.unknown.discard(prepared.call.id)
    try:
        value = await invoke(run, prepared, function)
    except ToolError:
        raise
    except Exception as error:
        run.outcomes[index] = Outcome(told(prepared.call, in_words(error)), error=error)
        await run.journal.answered(run, run.outcomes[index])
        raise
    try:
        with anyio.CancelScope(shield=True):
            await run.journal.output(run, prepared, tool.dumped(value))
    except NotJsonable as error:
        logger.warning("What %r gave back can't be kept in a session: %s", tool.name, error)
    return value


def _check_kept(run: Run, prepared: PreparedCall, tool: OutputTool) -> None:
    """Raises `UserError` when a function that has finished would have to run again for its value."""
    if tool.acts and not tool.options.may_repeat and prepared.call.id not in run.journal.state.outputs:
        raise UserError(
            f"{tool.name!r} has finished, and its value is lost: JSON can't hold it, so that the session did not keep "
            f"it. Let the function give back what JSON can hold, or declare it: ToolOutput(function, idempotent=True)."
        )


def _ask_again(run: Run, reason: str) -> None:
    """Tells the model why its text won't do, as often as it may try again."""
    run.counts.retries[NO_CALL.retry_key] += 1
    if run.counts.retries[NO_CALL.retry_key] > run.plan.retries:
        run.stop("retries_exhausted", f"The answers stayed wrong. The last: {reason}")
    else:
        run.messages.append(UserMessage(reason, is_retry=True))
