"""Runs that get no further: a call that stays wrong, and calls that go round in circles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from agentkit.calls import PreparedCall, identity
from agentkit.messages import ToolMessage
from agentkit.run import Run


def stop_if_stuck(run: Run, calls: Sequence[PreparedCall]) -> None:
    """Stops the run when the turn that was just answered shows that it gets no further."""
    _count_circles(run, calls)
    _count_wrong(run, calls)


def period_of(turns: Sequence[str], times: int) -> int | None:
    """The length of the shortest stretch that the turns end with `times` times in a row; None without one."""
    for period in range(1, len(turns) // times + 1):
        end = turns[-period * times :]
        if all(turn == end[index % period] for index, turn in enumerate(end)):
            return period
    return None


def _count_circles(run: Run, calls: Sequence[PreparedCall]) -> None:
    answered = run.messages[-1]
    assert isinstance(answered, ToolMessage)
    pairs = zip(calls, answered.results, strict=True)
    made = [[identity(prepared.call), answer.content, answer.is_error] for prepared, answer in pairs]
    turn = json.dumps(made, sort_keys=True)
    run.counts.turns.append(hashlib.sha256(turn.encode()).hexdigest())
    most = run.plan.limits.identical_calls
    if most is not None and (period := period_of(run.counts.turns, most)) is not None:
        what = "The same calls" if period == 1 else f"The calls of the last {period} turns"
        run.stop("repeated_call", f"{what} brought the same results {most} times in a row: {turn}")


def _count_wrong(run: Run, calls: Sequence[PreparedCall]) -> None:
    """Counts wrong calls: the same one may not come twice in a row, others as often as there are retries."""
    bad_calls, wrong, right = set(), {}, set()
    for index, prepared in enumerate(calls):
        outcome = run.outcomes.get(index)
        if outcome is not None and outcome.faulty:
            bad_calls.add(identity(prepared.call))
        if outcome is not None and outcome.costs_retry:
            wrong[prepared.retry_key] = (prepared, outcome.result.content)
        else:
            right.add(prepared.retry_key)
    repeated = bad_calls & run.counts.bad_calls
    run.counts.bad_calls = bad_calls
    for key in right - wrong.keys():
        run.counts.retries.pop(key, None)
    run.counts.retries.update(wrong.keys())
    if repeated:
        run.stop("repeated_call", f"The model repeated a bad call that it had been told about: {min(repeated)}")
        return
    for key, (prepared, reason) in wrong.items():
        if run.counts.retries[key] > run.max_retries(prepared):
            run.stop("retries_exhausted", f"The calls of {prepared.call.name!r} stayed wrong. The last: {reason}")
