"""A run's last turn, left open where its calls wait, or closed."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.calls import told, unknown
from agentkit.errors import OutcomeUnknown
from agentkit.messages import (
    AssistantMessage,
    AssistantPart,
    TextPart,
    ThoughtPart,
    ToolMessage,
    open_calls,
)
from agentkit.run import Run


def leave_turn_open(run: Run) -> None:
    """Keeps the results that are there; the other calls of the turn stay without one."""
    outcomes = sorted(run.outcomes.items())
    results = tuple(outcome.result for _, outcome in outcomes if not outcome.waits)
    if results or run.paused:
        run.messages.append(ToolMessage(results, dict(run.paused)))


def break_off(run: Run) -> None:
    """Keeps what is known of the calls of a turn in which the run failed: none that has begun is to run again.

    Text that the model wrote is dropped: it is asked for an answer again.
    """
    for index, call in enumerate(open_calls(run.messages)):
        if index not in run.outcomes and call.id in run.begun | run.unknown:
            run.outcomes[index] = unknown(call)
    match run.messages[run.new_from :]:
        case [*_, AssistantMessage(calls=())]:
            run.messages.pop()
        case _ if open_calls(run.messages):
            leave_turn_open(run)


def close_turn(run: Run, reason: str) -> None:
    """Brings an interrupted turn into order: text committed so far is kept, calls without a result get `reason`."""
    calls = open_calls(run.messages)
    parts = () if calls else run.plan.model.parts_of(run.turn_canvases) or run.turn_parts
    if parts:
        run.messages.append(AssistantMessage(_joined(parts), model=run.plan.model.name))
    run.turn_parts.clear()
    run.canvases.extend(run.turn_canvases)
    run.turn_canvases.clear()
    if calls:
        answered = {index: outcome.result for index, outcome in run.outcomes.items() if not outcome.waits}
        reasons = {call.id: _reason(run, call.id, reason) for call in calls}
        results = tuple(answered.get(index) or told(call, reasons[call.id]) for index, call in enumerate(calls))
        run.messages.append(ToolMessage(results))
    run.approved.clear()
    run.denied.clear()
    run.decided = False
    run.paused.clear()


def _reason(run: Run, call_id: str, reason: str) -> str:
    """Why a call has no result: nobody knows what came of it, it was not finished, or `reason`."""
    if call_id in run.unknown:
        return str(OutcomeUnknown())
    return "This call was not finished: it waited for a person." if call_id in run.paused else reason


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
