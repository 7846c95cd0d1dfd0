"""A canvas as its owner sees it: drafts while it is denoised, then a result."""

from collections.abc import AsyncGenerator, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agentkit_model.plan import CanvasResult, Draft
from agentkit_model.work import Denoising

if TYPE_CHECKING:
    from agentkit_model.context import Context


class Canvas:
    """One canvas of a context, from `context.fill()`. An async context manager and an async iterator of drafts.

        async with context.fill() as canvas:
            async for draft in canvas:      # optional: who does not look pays nothing for drafts
                ...
            result = await canvas.result()

    Denoising starts with the first look, be it the iteration or `result()`, so no draft is missed. Leaving the block
    before the canvas is finished (an exception, a cancelled task) drops it before its next denoising step.
    """

    def __init__(self, context: "Context", work: Denoising) -> None:
        self._context = context
        self._work = work
        self._started = False

    @property
    def seed(self) -> int:
        """The seed of the canvas' noise, drawn if the plan has none."""
        return self._work.seed

    @property
    def steps(self) -> int:
        """Denoising steps that were done until now."""
        return self._work.step

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    async def result(self) -> CanvasResult:
        """Waits for the finished canvas.

        Raises:
            CanvasCancelled: the block was left before the canvas was finished.
            DenoisingError, OutOfMemoryError, EngineClosedError: see there.
        """
        self.start()
        await self._work.signal.arrival(lambda: self._work.ended)
        return self._work.outcome()

    async def __aiter__(self) -> AsyncGenerator[Draft, None]:
        """The drafts of all steps from now on; ends with the canvas."""
        drafts = self._work.watch()
        try:
            self.start()
            while True:
                await self._work.signal.arrival(lambda: bool(drafts) or self._work.ended)
                if not drafts:
                    self._work.outcome()
                    return
                yield drafts.popleft()
        finally:
            self._work.unwatch(drafts)

    # The same for threads without an event loop; `engine.sync` builds on these.

    def result_sync(self) -> CanvasResult:
        self.start()
        self._work.signal.wait(lambda: self._work.ended)
        return self._work.outcome()

    def drafts_sync(self) -> Generator[Draft, None, None]:
        drafts = self._work.watch()
        try:
            self.start()
            while True:
                self._work.signal.wait(lambda: bool(drafts) or self._work.ended)
                if not drafts:
                    self._work.outcome()
                    return
                yield drafts.popleft()
        finally:
            self._work.unwatch(drafts)

    def start(self) -> None:
        """Lets denoising begin now, without waiting for anything."""
        with self._work.signal.lock:
            begin, self._started = not self._started and not self._work.ended, True
        if begin:
            try:
                self._context._submit(self._work)
            except BaseException as error:
                self._work.fail(error)
                raise

    def leave(self) -> None:
        """Drops the canvas if it is not finished; afterwards the context may be extended again."""
        self._work.abandon()
        self._context._left(self._work)
