"""How a run begins: with a prompt, or with what an earlier run left to do."""

from __future__ import annotations

from typing import Any

from agentkit.answer import made_output
from agentkit.approval import decide
from agentkit.budget import Budget
from agentkit.calls import Outcome
from agentkit.errors import UserError
from agentkit.journal import Journal
from agentkit.messages import AssistantMessage, SystemMessage, ToolMessage, UserMessage, last_prompt, open_calls
from agentkit.models.base import Emit
from agentkit.options import RunOptions
from agentkit.run import Plan, Run
from agentkit.sessions.entries import SessionState
from agentkit.turn import close_turn


def check_start(prompt: str | None, options: RunOptions[Any], state: SessionState) -> None:
    """Raises `UserError` for what can't be run: no str, or nothing to go on with."""
    if prompt is not None and options.get("deferred_tool_results") is not None:
        raise UserError("deferred_tool_results goes on with an earlier prompt: give None as the prompt.")
    if prompt is not None and not isinstance(prompt, str):
        raise UserError(f"The prompt is a str, not {prompt!r}.")
    if prompt is None and not _is_unfinished(state):
        raise UserError(
            "Without a prompt, message_history or the session has to end with something that is yet to be answered."
        )


def begin(
    plan: Plan, prompt: str | None, options: RunOptions[Any], journal: Journal, emit: Emit, *, drafts: bool = False
) -> Run:
    """A run that is about to start. Without a prompt it goes on with what is at the end of the conversation.

    Calls that nothing has answered are run; a prompt goes before them, and they are answered as not run. Raises
    `UserError` when the decisions about them don't fit.
    """
    state = journal.state
    decisions = options.get("deferred_tool_results")
    messages = [m for m in state.messages if not (plan.instructions and isinstance(m, SystemMessage))]
    run = Run(plan, messages, len(messages), options.get("deps"), emit, drafts, journal=journal)
    run.budget = _budget(run, options)
    _reopen_turn(run, state)
    if decisions is not None:
        decide(run, decisions)
    if prompt is None:
        _go_on(run, state)
    else:
        run.turn_canvases.extend(state.canvases)
        close_turn(run, "This call was not run.")
        run.canvases.clear()  # they are an earlier run's
        run.messages.append(UserMessage(prompt))
    return run


def _budget(run: Run, options: RunOptions[Any]) -> Budget:
    """What the run may spend: its own limits, inside the session's, inside those of whoever asked for it."""
    outer, journal = options.get("budget"), run.journal
    if journal.limits is not None:
        spent = journal.state.usage
        outer = Budget(journal.limits, parent=outer, spent=spent, scope="session", clock=True)
    return Budget(run.plan.limits, parent=outer, scope="run", clock=True, near=run.near.append)


def _reopen_turn(run: Run, state: SessionState) -> None:
    """Takes up a turn that was left open: what answers some of its calls becomes their outcomes again."""
    if not open_calls(run.messages):
        return
    answers = {id: Outcome(a.result, faulty=a.faulty, costs_retry=a.costs_retry) for id, a in state.answers.items()}
    if isinstance(run.messages[-1], ToolMessage):
        message = run.messages.pop()
        assert isinstance(message, ToolMessage)
        run.paused.update(message.paused)
        answers = {result.call_id: Outcome(result) for result in message.results} | answers
    run.outcomes.update(
        {index: answers[call.id] for index, call in enumerate(open_calls(run.messages)) if call.id in answers}
    )
    run.unknown |= state.begun
    run.paused.update(state.paused)
    run.approved.update(state.approved)
    run.denied.update(state.denied)
    run.new_from = len(run.messages)


def _go_on(run: Run, state: SessionState) -> None:
    run.counts = state.counts.copy()
    run.canvases_before = state.next_canvas - len(state.canvases)
    if any(isinstance(message, ToolMessage) for message in run.messages[last_prompt(run.messages) :]):
        run.calls_before = -1  # a call that is required has been made
    if _is_cut_off(state):
        run.messages.pop()  # the turn is written anew
        run.new_from = len(run.messages)
    elif _is_over(run.plan, state):
        assert state.stop is not None
        said = (index for index, message in enumerate(run.messages) if isinstance(message, AssistantMessage))
        run.new_from = max(said)  # the answer is there, and only was not given back
        if _has_output(run.plan, state):
            run.stop("finished")
        else:
            run.stop(state.stop.reason, state.stop.detail)
    elif not open_calls(state.messages):
        run.turn_canvases.extend(state.canvases)


def _is_unfinished(state: SessionState) -> bool:
    """Whether something is left to do: a turn, calls to run, or an answer to give back."""
    last = state.messages[-1] if state.messages else None
    unanswered = isinstance(last, (UserMessage, ToolMessage)) or bool(open_calls(state.messages))
    return unanswered or (state.stop is not None and _ends_with_text(state))


def _is_cut_off(state: SessionState) -> bool:
    """Whether the last run was cancelled or met a limit, with what it had of an answer at the end."""
    return state.stop is not None and state.stop.reason in ("cancelled", "usage_limit") and _ends_with_text(state)


def _is_over(plan: Plan, state: SessionState) -> bool:
    """Whether the last run got to its end, with an answer or with what it had of one."""
    if state.stop is None or _is_cut_off(state):
        return False
    return state.stop.reason == "finished" or _ends_with_text(state) or _has_output(plan, state)


def _has_output(plan: Plan, state: SessionState) -> bool:
    """Whether the last turn made an output, even if the run was cancelled or met a limit before it was given back."""
    last = state.messages[-1] if state.messages else None
    if not isinstance(last, ToolMessage) or open_calls(state.messages):
        return False
    return any(made_output(plan, result) for result in last.results)


def _ends_with_text(state: SessionState) -> bool:
    last = state.messages[-1] if state.messages else None
    return isinstance(last, AssistantMessage) and not last.calls
