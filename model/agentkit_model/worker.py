"""The one thread in which everything of an engine is computed."""

import atexit
import functools
import os
import threading
import weakref
from collections import deque
from collections.abc import Sequence
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

    def __init__(self, runner: Runner, max_batch: int, memory_timeout: float = 0.0) -> None:
        self.runner = runner
        self.max_batch = max_batch
        self.memory_timeout = memory_timeout
        self.stats = Stats()
        self._prefills: list[Prefill] = []
        self._waiting: deque[Denoising] = deque()
        self._live: list[Denoising] = []
        self._line = Line(runner.memory)
        self._bell = runner.memory.bell
        self._closed = False
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run_until_closed, name="agentkit-engine", daemon=True)
        self._thread.start()
        _running.add(self)

    def submit(self, work: Prefill | Denoising) -> None:
        """Hands work over; from now on only the worker's thread touches it, except to abandon it."""
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
        """Ends the thread after the step at hand; work that is not done fails with EngineClosedError."""
        self.end()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def end(self) -> None:
        """Has the thread end soon. It waits for nobody: the garbage collector may call it in any thread, also in one
        that this thread waits for."""
        if self._process == os.getpid():
            with self._bell.condition:
                self._closed = True
                self._bell.condition.notify()

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
            with self._bell.condition:
                self._closed = True
            pending: list[Work[Any]] = [*self._prefills, *self._waiting, *self._live]
            for work in pending:
                work.fail(EngineClosedError("the engine was closed before this was done"))
            self._prefills.clear()
            self._waiting.clear()
            self._live.clear()
            self._line.sweep()
            if lanes is not None:
                lanes.close()

    def _wait_for_work(self) -> bool:
        """Sleeps until there is something to do; False when the engine is closed. If all that there is waits for memory
        and none is given back for too long, it has waited enough."""
        if not self._has_work():
            self._line.untangle()
        patience = self.memory_timeout if self._line else None
        with self._bell.condition:
            woken = self._bell.condition.wait_for(lambda: self._closed or self._has_work(), patience)
        if not woken:
            self._line.give_up()
        return not self._closed

    def _has_work(self) -> bool:
        """Whether anything can go on, or could be tried again."""
        if self._live or self._line.moves or any(work not in self._line for work in list(self._prefills)):
            return True
        known = list(self._waiting)  # others may come meanwhile
        ready = (row for row in known if row.after is None or row.after.ended or row.ended)
        return any(row not in self._line for row in ready)

    def step(self) -> None:
        """Chooses what is read and which canvases go on, runs them, and applies what came out."""
        self._line.sweep()
        chunks = self._choose_reading()
        batch = self._choose()
        if batch:
            self._apply(batch, self._run(batch, chunks))
        elif chunks:
            with failing(*(chunk.work for chunk in chunks)):
                self.runner.read(chunks)
        self._advance(chunks)

    def _choose_reading(self) -> list[Chunk]:
        """What is read in the next pass: half of it of the prompt that waits longest, the rest of the shortest ones.

        So a short turn does not wait behind a long prompt, a long prompt gets on whatever else comes, and neither holds
        up the canvases under way for long. Where passes are not shared with canvases, it is read here and now.
        """
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
        if self.runner.shares_passes:
            return chunks
        if chunks:
            with failing(*(chunk.work for chunk in chunks)):
                self.runner.read(chunks)
            self._advance(chunks)
        return []

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
        self.stats.forward_passes = self.runner.forward_passes
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
        """The canvases of the next pass: those under way that nobody left, and waiting ones while there is place."""
        batch = self._live = [row for row in self._live if not self._dropped(row)]
        for row in list(self._waiting):
            if len(batch) == self.max_batch:
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
                        batch.append(row)
                    else:
                        continue  # for room
            self._waiting.remove(row)
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

    def _apply(self, batch: list[Denoising], results: list[CanvasResult | None]) -> None:
        """Finished canvases leave, the others stay; a failed pass has no results, and all of its canvases are gone."""
        self.stats.forward_passes = self.runner.forward_passes
        self.stats.denoising_steps += len(results)
        self._live = []
        if not results:
            for row in batch:
                row.release()
        for row, result in zip(batch, results, strict=False):
            if result is None:
                self._live.append(row)
            else:
                self._finish(row, result)

    def _finish(self, row: Denoising, result: CanvasResult) -> None:
        self.stats.canvases += 1
        row.release()
        row.finish(lambda: result)
