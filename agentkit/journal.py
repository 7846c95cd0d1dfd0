"""What a run reaches, written into its session before anything rests on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from agentkit.errors import UserError
from agentkit.messages import JSON, Message
from agentkit.models.base import CanvasRecord
from agentkit.options import RunOptions
from agentkit.sessions.base import SessionWriter
from agentkit.sessions.entries import (
    AnswerEntry,
    BegunEntry,
    CanvasEntry,
    CountsEntry,
    DecisionsEntry,
    Entry,
    InsideEntry,
    MessagesEntry,
    OutputEntry,
    PausedEntry,
    SessionState,
    StopEntry,
    UsageEntry,
)
from agentkit.sessions.inner import InnerSession
from agentkit.usage import Usage, UsageLimits

if TYPE_CHECKING:
    from agentkit.calls import Outcome, PreparedCall
    from agentkit.run import Run


class Journal:
    """Keeps a session level with its run; `state` is what is written. Without a writer nothing is kept.

    A `history` is what a new session begins with: it is in the state, and written when the run is first saved.
    Every method returns only when what it wrote is safe, and raises `SessionConflict` when the session has gone to
    another run.
    """

    def __init__(
        self,
        state: SessionState,
        writer: SessionWriter | None = None,
        limits: UsageLimits | None = None,
        history: Sequence[Message] = (),
    ) -> None:
        self.state = state
        self.limits = limits
        self._writer = writer
        self._unwritten = [MessagesEntry(0, tuple(history))] if history else []
        for entry in self._unwritten:
            state.add(entry)
        self._spent_before: Usage = state.usage

    async def save(self, run: Run) -> None:
        """Writes what has changed in the conversation, in a person's decisions, and that the run has stopped."""
        entries: list[Entry] = list(self._unwritten)
        start = _first_change(self.state.messages, run.messages)
        changed = start < max(len(self.state.messages), len(run.messages))
        if changed:
            entries.append(MessagesEntry(start, tuple(run.messages[start:])))
        if (run.approved, run.denied) != (self.state.approved, self.state.denied):
            entries.append(DecisionsEntry(dict(run.approved), dict(run.denied)))
        if run.paused != self.state.paused and run.stop_reason is None:
            entries.append(PausedEntry(dict(run.paused)))
        if run.counts != self.state.counts:
            new = run.counts.turns[len(self.state.counts.turns) :]
            entries.append(CountsEntry(dict(run.counts.retries), tuple(sorted(run.counts.bad_calls)), tuple(new)))
        if run.stop_reason is not None:
            stop = StopEntry(run.stop_reason, run.stop_detail, tuple(call.id for call in run.pending))
            if changed or stop != self.state.stop:
                entries.append(stop)
        if entries:
            await self._write(run, *entries)
        self._unwritten = []

    async def canvas(self, run: Run, canvas: CanvasRecord) -> None:
        await self._write(run, CanvasEntry(canvas))

    async def begun(self, run: Run, prepared: PreparedCall) -> None:
        await self._write(run, BegunEntry(prepared.call.id))

    async def answered(self, run: Run, outcome: Outcome) -> None:
        """What is there is kept, even if the run is being cancelled."""
        with anyio.CancelScope(shield=True):
            await self._write(run, AnswerEntry(outcome.result, outcome.faulty, outcome.costs_retry))

    async def output(self, run: Run, prepared: PreparedCall, value: JSON) -> None:
        """What the function of an output made, even if the run is being cancelled."""
        with anyio.CancelScope(shield=True):
            await self._write(run, OutputEntry(prepared.call.id, value))

    async def spent(self, run: Run) -> None:
        """What was spent until now, of a run that raises: it counts towards the session all the same."""
        await self._write(run)

    def inside(self, run: Run, call_id: str) -> InnerSession | None:
        """The session of the agent that a call asks; None where nothing is kept, as of a call that began early."""
        if call_id not in self.state.begun:
            return None

        async def write(entries: Sequence[Entry]) -> None:
            kept = (entry for entry in entries if not isinstance(entry, UsageEntry))  # it is in the usage of this run
            await self._write(run, *(InsideEntry(call_id, entry) for entry in kept))

        return InnerSession(self.state.log_inside(call_id), write)

    async def _write(self, run: Run, *entries: Entry) -> None:
        if self._writer is None:
            return
        written = (*entries, UsageEntry(self._spent_before + run.usage()))
        await self._writer.append(written)
        for entry in written:
            self.state.add(entry)


@asynccontextmanager
async def open_journal(options: RunOptions[Any]) -> AsyncIterator[Journal]:
    """The journal of a run that is about to start, with the conversation that it goes on from."""
    session, history = options.get("session"), options.get("message_history") or ()
    if session is None:
        yield Journal(SessionState(messages=list(history)))
        return
    async with session.writing() as writer:
        state = SessionState.of(writer.entries)
        if history and state.messages:
            raise UserError("The session has its own history: leave out message_history, or give a new session.")
        yield Journal(state, writer, session.usage_limits, history)


def _first_change(before: list[Message], now: list[Message]) -> int:
    """Where two conversations part; what was not touched is the same object."""
    pairs = enumerate(zip(before, now, strict=False))
    return next((index for index, (old, new) in pairs if old is not new), min(len(before), len(now)))
