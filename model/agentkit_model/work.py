"""What the worker works on: prefills and canvases in the making. They are handed over once and owned by its thread.

A piece of work ends exactly once: with an outcome, an error, or because it was abandoned.
"""

import contextlib
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from agentkit_model.attention import Seat
from agentkit_model.cache import Cache, Store
from agentkit_model.errors import CanvasCancelled, DenoisingError, EngineError, OutOfMemoryError
from agentkit_model.network import Rope
from agentkit_model.noise import Noise
from agentkit_model.plan import CanvasPlan, CanvasResult, Draft
from agentkit_model.review import Search, Way
from agentkit_model.sampler import SamplerSettings
from agentkit_model.sight import Asked
from agentkit_model.vocabulary import Decided
from agentkit_model.waiting import Bell, Signal

T = TypeVar("T")


class Work(Generic[T]):
    """Something the worker does for somebody who waits."""

    def __init__(self) -> None:
        self.signal = Signal()
        self.bell: Bell | None = None  # of whoever works on it, who may be asleep when it is abandoned
        self.abandoned = False
        self._value: T | None = None
        self._error: BaseException | None = None
        self._ended = False

    @property
    def ended(self) -> bool:
        return self._ended

    def finish(self, make: Callable[[], T]) -> bool:
        """Ends the work with the value of `make`, unless it has ended before: then `make` is not called."""
        with self.signal.lock:
            if self.abandoned or self._ended:
                return False
            self._value, self._ended = make(), True
        self.signal.fire()
        return True

    def fail(self, error: BaseException) -> None:
        with self.signal.lock:
            if self._ended:
                return
            self._error, self._ended = error, True
        self.signal.fire()

    def abandon(self) -> None:
        """Tells the worker to drop this before its next step. Has no effect on work that has ended."""
        with self.signal.lock:
            self.abandoned = True
        self.fail(CanvasCancelled("the work was abandoned before it was done"))
        if self.bell is not None:
            self.bell.ring()

    @property
    def error(self) -> BaseException | None:
        """Why there is no outcome."""
        return self._error

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]

    def wait(self) -> T:
        """Blocks until the work has ended. If the wait is interrupted, the work is abandoned."""
        try:
            self.signal.wait(lambda: self._ended)
        except BaseException:
            self.abandon()
            raise
        return self.outcome()

    async def arrival(self) -> T:
        """Awaits the end of the work. If the task is cancelled, the work is abandoned."""
        try:
            await self.signal.arrival(lambda: self._ended)
        except BaseException:
            self.abandon()
            raise
        return self.outcome()


class Prefill(Work[None]):
    """Tokens to be appended to a cache that holds those `before`. If it gives them up for lack of memory, all are read.

    They are written into `target`: the cache itself, or one that begins with a prompt that was remembered, whose store
    the cache takes over in the end. `done` counts the tokens that are cached already, `reused` those of them that were
    remembered and not run; `settled` is called when all count, and let go of then.
    """

    def __init__(
        self, cache: Cache, before: tuple[int, ...], tokens: tuple[int, ...], settled: Callable[[], None]
    ) -> None:
        super().__init__()
        self.cache = cache
        self.before = before
        self.tokens = tokens
        self.settled: Callable[[], None] | None = settled
        self.target = cache
        self.store: Store | None = None
        self.done = 0
        self.reused = 0


class Denoising(Work[CanvasResult]):
    """A canvas in the making: the one object that moves through the engine. L is the canvas length."""

    def __init__(self, cache: Cache, position: int, plan: CanvasPlan, settings: SamplerSettings, seed: int) -> None:
        super().__init__()
        self.cache = cache
        self.position = position
        self.plan = plan
        self.given = plan.clamped  # whatever way is tried
        self.settings = settings
        self.seed = seed
        self.noise = Noise(seed)
        self.after: Prefill | None = None  # what has to be read before it can begin
        self.watchers: list[deque[Draft]] = []  # for each who looks, the drafts that it has not seen yet
        self.step = 0
        # From here on set by the runner when the canvas joins.
        self.seat: Seat
        self.rope: Rope
        self.canvas: Tensor  # (L,) int64
        self.soft: Tensor  # (L, H)
        self.decided: Decided | None = None  # of (L,); None = all free
        self.asked: Asked | None = None
        self.shown: Tensor | None = None  # (L,) int64, what would have been the result behind the last step
        self.unchanged = 0  # steps in a row that left it as it was
        # Where it is read once more when it is done.
        self.began = 0  # the step in which what it is now began as noise
        self.draft: CanvasResult | None = None  # what is to be read
        self.search = Search()
        self.way: Way | None = None  # the one that is being tried

    @property
    def age(self) -> int:
        """How many steps what it is now has taken."""
        return self.step - self.began

    @property
    def last(self) -> bool:
        """Whether the step at hand is the last one that the canvas may take."""
        return self.step + 1 == self.settings.max_denoising_steps

    @property
    def finished(self) -> bool:
        """Whether it has taken all its steps."""
        return self.step == self.settings.max_denoising_steps

    @property
    def watched(self) -> bool:
        """Whether anybody looks at its drafts."""
        return bool(self.watchers)

    def post(self, draft: Draft) -> None:
        with self.signal.lock:
            for drafts in self.watchers:
                drafts.append(draft)
        self.signal.fire()

    def watch(self) -> deque[Draft]:
        """Where somebody who looks finds its drafts from now on."""
        drafts: deque[Draft] = deque()
        with self.signal.lock:
            self.watchers.append(drafts)
        return drafts

    def unwatch(self, drafts: deque[Draft]) -> None:
        """Who looked here does not any more."""
        with self.signal.lock:
            self.watchers = [each for each in self.watchers if each is not drafts]

    def release(self) -> None:
        """Drops the tensors of a canvas that has left, whoever still holds the handle."""
        empty: Any = torch.empty(0)
        self.canvas = self.soft = self.seat = empty
        self.rope = {}
        self.shown = self.decided = self.asked = None


@contextlib.contextmanager
def failing(*works: Work[Any]) -> Iterator[None]:
    """Turns any error of the block into the end of these works; what others are at goes on."""
    try:
        yield
    except Exception as error:
        _drop_frames(error)
        reason = _explain(error)
        for work in works:
            work.fail(reason)


def _drop_frames(error: BaseException) -> None:
    """Notes where an error and those behind it were raised in place of their tracebacks: these hold what the functions
    had at hand, and who keeps the error would keep caches with it."""
    known = [error]
    for each in known:
        if each.__traceback__ is not None:
            lines = "".join(traceback.format_tb(each.__traceback__))
            each.add_note(f"In the engine's thread (most recent call last):\n{lines}".rstrip())
            each.__traceback__ = None
        known += [other for other in (each.__cause__, each.__context__) if other is not None and other not in known]


def _explain(error: Exception) -> EngineError:
    if isinstance(error, EngineError):
        return error
    explained: EngineError
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "not enough memory" in str(error):
        explained = OutOfMemoryError(f"a step ran out of memory: use shorter contexts or a smaller max_batch ({error})")
    else:
        explained = DenoisingError(f"a step failed: {type(error).__name__}: {error}")
    explained.__cause__ = error
    return explained
