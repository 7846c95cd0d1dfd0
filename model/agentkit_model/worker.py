"""The threads in which everything of an engine is computed.

Mostly it is one. A small network's passes on a CPU are computed by kernels that need no Python (`compiled`): there each
core has a thread, which takes its share of the canvases, runs their step and comes back for more. None waits for the
others' steps, so one's Python runs beside the others' kernels. What is to be done next they choose one at a time.
"""

import atexit
import contextlib
import functools
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from agentkit_model.cache import GRAIN
from agentkit_model.errors import EngineClosedError
from agentkit_model.lanes import compute_alone
from agentkit_model.line import Line
from agentkit_model.plan import CanvasResult
from agentkit_model.runner import Chunk, Runner
from agentkit_model.work import Denoising, Prefill, Work, failing

PREFILL_BUDGET = 1024  # tokens prefilled between two denoising steps while canvases are waiting for them


@dataclass(slots=True)
class Stats:
    """Counts since the engine was made.

    Attributes:
        forward_passes: calls of the network, prefills included.
        denoising_steps: steps of single canvases; a pass that runs 8 canvases makes 8 of them.
        canvases: finished ones.
        cancelled: canvases left before they were finished.
        prefilled_tokens: tokens run through the encoder.
        reused_tokens: tokens that were not, since a prompt before began with them.
    """

    forward_passes: int = 0
    denoising_steps: int = 0
    canvases: int = 0
    cancelled: int = 0
    prefilled_tokens: int = 0
    reused_tokens: int = 0


_running: "weakref.WeakSet[Worker]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """At the interpreter's exit no thread may be within torch any more."""
    for worker in list(_running):
        worker.close()


class Worker:
    """Takes work from any thread and does it in its own, step by step."""

    # Locks are taken in this order: that of whose turn it is to choose, the bell's, those of single works.

    def __init__(self, runner: Runner, max_batch: int, memory_timeout: float = 0.0) -> None:
        self.runner = runner
        self.max_batch = max_batch
        self.memory_timeout = memory_timeout
        self.stats = Stats()
        self._prefills: list[Prefill] = []
        self._waiting: deque[Denoising] = deque()
        self._live: list[Denoising] = []  # canvases that wait for their next pass ...
        self._passing: list[Denoising] = []  # ... and those that are in one
        self._reading = False  # whether prompts are being read
        self._rested = time.monotonic()  # when the last pass ended
        self._trimmed = 0  # the bell's count when it was last looked whether too much is remembered
        self._turn = threading.Lock()
        self._line = Line(runner.memory)
        self._bell = runner.memory.bell
        self._closed = False
        self._process = os.getpid()
        self._threads = [
            threading.Thread(target=self._run_until_closed, name="agentkit-engine", daemon=True)
            for _ in range(runner.threads)
        ]
        self._serving = len(self._threads)
        for thread in self._threads:
            thread.start()
        _running.add(self)

    def submit(self, work: Prefill | Denoising) -> None:
        """Hands work over; from now on only the worker's threads touch it, except to abandon it."""
        if self._process != os.getpid():
            raise EngineClosedError("the engine belongs to the process that this one was forked from: open one here")
        work.bell = self._bell
        with self._bell.condition:
            if self._closed:
                raise EngineClosedError("the engine is closed; open another one")
            if isinstance(work, Prefill):
                self._prefills.append(work)
            else:
                self._waiting.append(work)
            self._bell.condition.notify()

    def close(self) -> None:
        """Ends the threads after their step at hand; work that is not done fails with EngineClosedError."""
        self.end()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def end(self) -> None:
        """Has the threads end soon. It waits for nobody: the garbage collector may call it in any thread, also in one
        that these wait for."""
        if self._process == os.getpid():
            with self._bell.condition:
                self._closed = True
                self._bell.condition.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed or self._process != os.getpid()

    def _run_until_closed(self) -> None:
        lanes = self.runner.lanes
        try:
            if lanes is not None:
                compute_alone()
            with torch.inference_mode():
                while self._wait_for_work():
                    self.step()
        finally:  # also if a step failed in a way nobody foresaw: then nobody may wait for ever
            self.end()
            with self._turn:
                self._serving -= 1
                if not self._serving:
                    self._leave()

    def _leave(self) -> None:
        """What the last thread does."""
        pending: list[Work[Any]] = [*self._prefills, *self._waiting, *self._live, *self._passing]
        for work in pending:
            work.fail(EngineClosedError("the engine was closed before this was done"))
        self._prefills.clear()
        self._waiting.clear()
        self._live.clear()
        self._passing.clear()
        self._line.sweep()
        self.runner.prefixes.clear()
        if self.runner.lanes is not None:
            self.runner.lanes.close()

    def _wait_for_work(self) -> bool:
        """Sleeps until there is something to do for this thread; False when the engine is closed. What waits for memory
        and is not given enough for too long has waited enough, if there is nothing else to do."""
        patience = None
        if not self._has_work():
            with self._turn:
                if not self._busy:
                    self._line.untangle()
                patience = self._patience()
        with self._bell.condition:
            woken = self._bell.condition.wait_for(lambda: self._closed or self._has_work() or self._overfull, patience)
        if not woken:
            with self._turn:
                if self._patience() == 0.0:
                    self._line.give_up(time.monotonic() - self.memory_timeout)
        if self._overfull:
            with self._turn:
                self._trimmed = self._bell.rings
                self.runner.prefixes.trim()
        return not self._closed

    @property
    def _overfull(self) -> bool:
        """Whether prompts may be remembered that are too much since a context was closed."""
        return self.runner.prefixes.full and self._trimmed != self._bell.rings

    def _patience(self) -> float | None:
        """How long the first one in the line waits yet if nothing happens. None if there is none, or as long as a pass
        is under way: its thread asks again."""
        if self._busy or not self._line:
            return None
        waited = time.monotonic() - max(self._rested, self._line.since)
        return min(max(self.memory_timeout - waited, 0.0), threading.TIMEOUT_MAX)

    @property
    def _busy(self) -> bool:
        """Whether a pass is under way."""
        return self._reading or bool(self._passing)

    def _has_work(self) -> bool:
        """Whether anything can go on that no thread is at, or could be tried again."""
        if self._live:
            return True
        known = list(self._prefills)  # others may come meanwhile
        if not self._reading and any(map(self._line.asks, known)):
            return True
        return self._places > 0 and any(map(self._may_join, list(self._waiting)))

    @property
    def _places(self) -> int:
        """How many canvases more there is place for."""
        return self.max_batch - len(self._live) - len(self._passing)

    def _may_join(self, row: Denoising) -> bool:
        """Whether a canvas waits for nothing but its place."""
        return (row.after is None or row.after.ended or row.ended) and self._line.asks(row)

    @contextlib.contextmanager
    def _choosing(self) -> Iterator[None]:
        """While a thread chooses what to do, or says what it did. Others look then what that leaves them."""
        with self._turn:
            yield
        with self._bell.condition:
            self._bell.condition.notify_all()

    def step(self) -> None:
        """Chooses what is read and which canvases go on, runs them, and applies what came out.

        Where prompts and canvases don't share passes, they take turns.
        """
        with self._choosing():
            self._line.sweep()
            chunks = self._choose_reading()
        if not self.runner.shares_passes:
            self._read(chunks)
            chunks = []
        with self._choosing():
            batch = self._choose()
        if not batch:
            return self._read(chunks)
        steps = sum(row.draft is None for row in batch)  # of the others, drafts are read
        results = self._run(batch, chunks)
        with self._choosing():
            self._apply(batch, results, steps if results else 0)
            self._advance(chunks)

    def _read(self, chunks: Sequence[Chunk]) -> None:
        """Reads in a pass without canvases."""
        if chunks:
            with failing(*(chunk.work for chunk in chunks)):
                self.runner.read(chunks, alone=not self._passing)
            with self._choosing():
                self.stats.forward_passes += 1
                self._advance(chunks)

    def _choose_reading(self) -> list[Chunk]:
        """What is read in the next pass: half of it of the prompt that waits longest, the rest of the shortest ones.

        So a short turn does not wait behind a long prompt, a long prompt gets on whatever else comes, and neither holds
        up the canvases under way for long. One thread reads at a time.
        """
        if self._reading:
            return []
        known = list(self._prefills)  # others may come meanwhile
        for work in [work for work in known if work.ended]:
            self._end_reading(work)  # before those that were asked for in their stead begin
        waiting = [work for work in known if not work.ended]
        shortest = sorted(waiting[1:], key=lambda work: len(work.tokens) - work.done)
        budget = PREFILL_BUDGET
        chunks: list[Chunk] = []
        for work in waiting[:1] + shortest:
            if budget <= 0:
                break
            most = budget // 2 if work is waiting[0] and shortest else budget
            if self._waits_for(work, chunks) or not self._begun(work):
                continue
            with failing(work):
                chunks.append(self.runner.chunk(work, most))
                budget -= chunks[-1].count
        self._reading = bool(chunks)
        return chunks

    def _waits_for(self, work: Prefill, chunks: Sequence[Chunk]) -> bool:
        """Whether a prompt had better begin when one of these is done, since it begins alike."""
        ending = [c.work.tokens for c in chunks if c.work.done + c.count == len(c.work.tokens) and not c.work.before]
        if work.store is not None or work.before or not ending or not self.runner.prefixes.memory:
            return False
        more = self.runner.prefixes.known(work.tokens) + GRAIN  # tokens that could be known then
        return len(work.tokens) >= more and any(tokens[:more] == work.tokens[:more] for tokens in ending)

    def _begun(self, work: Prefill) -> bool:
        """Begins to read a prompt if there is room for it; whether there is something of it to read now."""
        if work.store is None:
            with failing(work):
                if not self._line.admits(work, lambda: self.runner.begin(work)):
                    return False
                self.stats.reused_tokens += work.reused
            if work.ended or work.done == len(work.tokens):
                self._end_reading(work)
                return False
        return True

    def _advance(self, chunks: Sequence[Chunk]) -> None:
        """Counts what was read, and settles prompts that are done."""
        if chunks:
            self._reading, self._rested = False, time.monotonic()
        for chunk in chunks:
            if not chunk.work.ended:
                chunk.work.done += chunk.count
                self.stats.prefilled_tokens += chunk.count
                if chunk.work.done == len(chunk.work.tokens):
                    self._end_reading(chunk.work)

    def _end_reading(self, work: Prefill) -> None:
        self._prefills.remove(work)
        self._settle(work)

    def _settle(self, work: Prefill) -> None:
        """Makes the tokens of a finished prefill count, or forgets those of one that failed or was abandoned."""

        def count_tokens() -> None:
            work.target.settle(len(work.tokens) - work.reused)
            if work.target is not work.cache:
                work.cache.adopt(work.target.store, work.target.length)
            assert work.settled is not None
            work.settled()
            self.runner.prefixes.remember(work.cache, work.before + work.tokens)

        if not work.finish(count_tokens) and work.store is not None:
            work.target.settle(0)
        work.settled = work.store = None  # the context knows the work, and nothing of it is needed any more
        if work.target is not work.cache:
            work.target.release()

    def _choose(self) -> list[Denoising]:
        """The canvases of this thread's next pass: its share of those under way that nobody left, and of waiting ones
        while there is place. Who was in a pass last comes last."""
        self._live = [row for row in self._live if not self._dropped(row)]
        waiting = list(self._waiting)
        joining = min(self._places, sum(map(self._may_join, waiting)))
        share = -(-(len(self._live) + len(self._passing) + joining) // len(self._threads))
        for row in waiting:
            if not self._places or (self._live and len(self._live) >= share):
                break
            if row.after is not None and row.after.error is not None:
                row.fail(row.after.error)
            if row.after is not None and not row.after.ended and not row.ended:
                continue
            if not self._dropped(row):
                with failing(row):
                    if len(row.plan.clamped) == self.runner.canvas_length:
                        self._finish(row, self.runner.clamped_result(row))
                    elif self._line.admits(row, functools.partial(self.runner.admit, row)):
                        self._live.append(row)
                    else:
                        continue  # for room
            self._waiting.remove(row)
        batch = self._live[:share]
        self._passing += batch
        self._live = self._live[share:]
        return batch

    def _dropped(self, row: Denoising) -> bool:
        """Whether the canvas was left, or has failed."""
        if row.ended:
            self.stats.cancelled += row.abandoned
            row.release()
        return row.ended

    def _run(self, batch: list[Denoising], chunks: Sequence[Chunk]) -> list[CanvasResult | None]:
        results: list[CanvasResult | None] = []
        with failing(*batch, *(chunk.work for chunk in chunks)):
            results = self.runner.step(batch, chunks)
        return results

    def _apply(self, batch: list[Denoising], results: list[CanvasResult | None], steps: int) -> None:
        """Finished canvases leave, the others stay; a failed pass has no results, and all of its canvases are gone."""
        self.stats.forward_passes += 1
        self.stats.denoising_steps += steps
        if not results:
            for row in batch:
                row.release()
        for row, result in zip(batch, results, strict=False):
            if result is None:
                self._live.append(row)
            else:
                self._finish(row, result)
        self._passing = [row for row in self._passing if row not in batch]
        self._rested = time.monotonic()

    def _finish(self, row: Denoising, result: CanvasResult) -> None:
        self.stats.canvases += 1
        row.release()
        row.finish(lambda: result)
