"""A context: tokens with their keys and values cached, and the canvases that continue them."""

import contextlib
import operator
import secrets
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Self

from agentkit_model.cache import Cache
from agentkit_model.canvas import Canvas
from agentkit_model.errors import ContextError
from agentkit_model.plan import CanvasPlan, CanvasResult
from agentkit_model.sampler import SamplerSettings
from agentkit_model.work import Denoising, Prefill
from agentkit_model.worker import Worker


class Limits:
    """What tokens and canvases of an engine must keep to, and its defaults."""

    def __init__(self, *, vocab_size: int, canvas_length: int, max_tokens: int, sampler: SamplerSettings) -> None:
        self.vocab_size = vocab_size
        self.canvas_length = canvas_length
        self.max_tokens = max_tokens
        self.sampler = sampler

    def check(self, tokens: Sequence[int], before: int) -> tuple[int, ...]:
        """The tokens as a tuple; ContextError if one is not in the vocabulary or they are too many."""
        try:
            checked = tuple(map(operator.index, tokens))
        except TypeError as error:
            raise ContextError(f"tokens are whole numbers: {error}") from None
        for index, token in enumerate(checked):
            if not 0 <= token < self.vocab_size:
                raise ContextError(f"token {index} is {token}, outside of the vocabulary (0 to {self.vocab_size - 1})")
        if before + len(checked) > self.max_tokens:
            raise ContextError(
                f"{before} + {len(checked)} tokens are more than the {self.max_tokens} positions of the model; "
                "shorten the context or rewind it"
            )
        return checked


class Context:
    """Tokens in the cache of an engine, from `engine.open()`. Cheap to fork, and can be rewound to any earlier point.

    A context is used by one task at a time, though several canvases may be filled over it side by side. Different
    contexts, forks included, are independent and may be used from any thread or event loop.
    """

    def __init__(self, worker: Worker, limits: Limits, cache: Cache, tokens: tuple[int, ...] = ()) -> None:
        self._worker = worker
        self._limits = limits
        self._cache = cache
        self._tokens = tokens  # those that are not in the cache are read when needed, as what was committed
        self._reused = 0
        self._lock = threading.Lock()
        self._extending: Prefill | None = None
        self._flushing: Prefill | None = None
        self._filling: weakref.WeakSet[Denoising] = weakref.WeakSet()
        self._closed = False
        weakref.finalize(cache, cache.store.memory.bell.ring).atexit = False  # nobody has to close a context

    @property
    def tokens(self) -> tuple[int, ...]:
        """All of its tokens. Those that were committed last are read into the cache when they are needed."""
        return self._tokens

    @property
    def reused(self) -> int:
        """How many of its tokens never had to be run, since their keys and values were remembered."""
        return self._reused

    def __len__(self) -> int:
        return len(self._tokens)

    def __repr__(self) -> str:
        return f"<Context of {len(self)} tokens>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close_sync()

    def fork(self) -> "Context":
        """A second context with the same tokens. Both share the cache until one of them goes on; nothing is copied."""
        with self._lock:
            self._check_usable("fork")
            return Context(self._worker, self._limits, self._cache.fork(), self._tokens)

    async def extend(self, tokens: Sequence[int]) -> None:
        """Appends tokens and runs them through the encoder. If the task is cancelled, none of them is appended.

        Raises:
            ContextError: a token outside of the vocabulary, too many tokens, or canvases that are still being filled.
            OutOfMemoryError: they do not fit into the engine's cache_memory; the context is as it was.
        """
        with self._all_or_none(tokens) as work:
            await work.arrival()

    async def commit(self, result: CanvasResult) -> None:
        """Appends a canvas' tokens up to and including its stop token, never the tail behind it.

        They are run through the encoder together with what is appended next, or before the next canvas: what nothing
        follows costs nothing. The result may come from a fork, as long as this context is as long as that was when the
        canvas was filled.
        """
        self.commit_sync(result)

    async def rewind(self, length: int) -> None:
        """Forgets all tokens but the first `length`; any earlier point, whatever the sliding window."""
        self.rewind_sync(length)

    async def close(self) -> None:
        """Gives up the cache and drops canvases under way. A context that is not referred to any more closes itself."""
        self.close_sync()

    def fill(self, plan: CanvasPlan | None = None) -> Canvas:
        """A canvas that continues these tokens: `async with context.fill(plan) as canvas`.

        Raises:
            PlanError: the plan holds something that does not fit the model.
            ContextError: no positions are left for a canvas, or tokens are just being appended.
        """
        limits = self._limits
        plan = (plan or CanvasPlan()).checked(limits.canvas_length, limits.vocab_size)
        settings = plan.settings(limits.sampler)
        seed = plan.seed if plan.seed is not None else secrets.randbits(63)
        with self._lock:
            self._check_usable("fill a canvas")
            if len(self) + limits.canvas_length > limits.max_tokens:
                raise ContextError(
                    f"{len(self)} tokens leave no place for a canvas of {limits.canvas_length} in the model's "
                    f"{limits.max_tokens} positions; rewind the context or open a shorter one"
                )
            work = Denoising(self._cache, len(self), plan, settings, seed)
            work.after = self._reading()
            self._filling.add(work)
        return Canvas(self, work)

    async def repair(
        self, result: CanvasResult, spans: Sequence[tuple[int, int]], plan: CanvasPlan | None = None
    ) -> CanvasResult:
        """Denoises the given spans of a canvas anew, from noise, with every other position held.

        spans: (start, end) positions in the canvas, end excluded; they may overlap. The plan's own clamps hold too,
        inside of the spans; its `initial` gives starting tokens within the spans. The context must be as long as it
        was when the canvas was filled.
        """
        async with self.fill(self._repair_plan(result, spans, plan)) as canvas:
            return await canvas.result()

    # The same for threads without an event loop; `engine.sync` builds on these.

    def extend_sync(self, tokens: Sequence[int]) -> None:
        with self._all_or_none(tokens) as work:
            work.wait()

    def commit_sync(self, result: CanvasResult) -> None:
        self._check_position(result, "commit")
        tokens = result.tokens[: result.length]
        with self._lock:
            self._check_usable("commit")
            self._check_not_filling("commit")
            self._tokens += self._limits.check(tokens, len(self))

    def rewind_sync(self, length: int) -> None:
        with self._lock:
            self._check_usable("rewind")
            self._check_not_filling("rewind")
            if not 0 <= length <= len(self):
                raise ContextError(f"cannot rewind to {length}: the context has {len(self)} tokens")
            self._tokens = self._tokens[:length]
            if length < self._cache.length:
                self._cache.rewind(length)

    def close_sync(self) -> None:
        with self._lock:
            self._closed = True
            extending, flushing, filling = self._extending, self._flushing, list(self._filling)
            self._extending = self._flushing = None
        for work in [extending, flushing, *filling]:
            if work is not None:
                work.abandon()
        self._cache.release()

    def repair_sync(
        self, result: CanvasResult, spans: Sequence[tuple[int, int]], plan: CanvasPlan | None = None
    ) -> CanvasResult:
        canvas = self.fill(self._repair_plan(result, spans, plan))
        try:
            return canvas.result_sync()
        finally:
            canvas.leave()

    # -- what both faces share

    @contextlib.contextmanager
    def _all_or_none(self, tokens: Sequence[int]) -> Iterator[Prefill]:
        """Hands the tokens to the worker; none of them is appended if the block that waits for it is interrupted."""
        before = len(self)
        work = self._extension(tokens)
        try:
            yield work
        except BaseException:
            if work.error is None:  # they were appended before the block heard of it
                with contextlib.suppress(ContextError):  # unless the context was closed
                    self.rewind_sync(before)
            raise

    def _extension(self, tokens: Sequence[int]) -> Prefill:
        """Hands the tokens to the worker."""
        with self._lock:
            self._check_usable("extend")
            self._check_not_filling("extend")
            checked = self._limits.check(tokens, len(self))
            self._extending = self._submit_reading(self._tokens + checked)
            return self._extending

    def _submit_reading(self, tokens: tuple[int, ...]) -> Prefill:
        """Has the worker read what of these tokens is not in the cache yet."""

        def settled() -> None:
            self._tokens = tokens
            self._reused += work.reused

        read = self._cache.length
        work = Prefill(self._cache, tokens[:read], tokens[read:], settled)
        self._worker.submit(work)
        return work

    def _reading(self) -> Prefill | None:
        """The reading of what was committed, which a canvas has to wait for."""
        if self._flushing is not None and not self._flushing.ended:
            return self._flushing
        self._flushing = self._submit_reading(self._tokens) if self._cache.length < len(self._tokens) else None
        return self._flushing

    def _repair_plan(
        self, result: CanvasResult, spans: Sequence[tuple[int, int]], plan: CanvasPlan | None
    ) -> CanvasPlan:
        self._check_position(result, "repair")
        plan = plan or CanvasPlan()
        length = len(result.tokens)
        for start, end in spans:
            if not 0 <= start < end <= length:
                raise ContextError(f"the span ({start}, {end}) is empty or outside of the canvas (0 to {length})")
        open_positions = {position for start, end in spans for position in range(start, end)}
        held = {position: token for position, token in enumerate(result.tokens) if position not in open_positions}
        return replace(plan, clamped={**plan.clamped, **held})

    def _submit(self, work: Denoising) -> None:
        with self._lock:
            self._check_usable("fill a canvas")
        self._worker.submit(work)

    def _left(self, work: Denoising) -> None:
        with self._lock:
            self._filling.discard(work)
            if self._flushing is not None and all(other.ended for other in self._filling):
                self._flushing.abandon()  # has no effect if it was read; else it is read when needed again

    def _check_usable(self, action: str) -> None:
        if self._closed:
            raise ContextError(f"cannot {action}: the context is closed")
        if self._extending is not None and not self._extending.ended:
            raise ContextError(f"cannot {action}: tokens are just being appended; await that first")

    def _check_not_filling(self, action: str) -> None:
        """Behind it the tokens may change, so what is read for canvases that nobody has any more is given up."""
        if any(not work.ended for work in self._filling):
            raise ContextError(f"cannot {action}: a canvas is being filled; leave its block or await its result first")
        if self._flushing is not None and not self._flushing.ended:
            self._flushing.abandon()

    def _check_position(self, result: CanvasResult, action: str) -> None:
        if result.position != len(self):
            raise ContextError(
                f"cannot {action}: the canvas continues {result.position} tokens, the context has {len(self)}"
            )
