"""The engine without async: the same names and rules, each call blocks its thread."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Self

from agentkit_model.canvas import Canvas
from agentkit_model.context import Context
from agentkit_model.plan import CanvasPlan, CanvasResult, Draft

if TYPE_CHECKING:
    from agentkit_model.engine import Engine


class SyncEngine:
    """`engine.sync`: opens contexts for a thread without an event loop."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def open(self, tokens: Sequence[int] = ()) -> "SyncContext":
        return SyncContext(self.engine.open_sync(tokens))

    def close(self) -> None:
        self.engine.close_sync()


class SyncContext:
    """A `Context` whose operations block; see there for what each does and raises."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def tokens(self) -> tuple[int, ...]:
        return self.context.tokens

    def __len__(self) -> int:
        return len(self.context)

    def fork(self) -> "SyncContext":
        return SyncContext(self.context.fork())

    def extend(self, tokens: Sequence[int]) -> None:
        self.context.extend_sync(tokens)

    def commit(self, result: CanvasResult) -> None:
        self.context.commit_sync(result)

    def rewind(self, length: int) -> None:
        self.context.rewind_sync(length)

    def close(self) -> None:
        self.context.close_sync()

    def fill(self, plan: CanvasPlan | None = None) -> "SyncCanvas":
        return SyncCanvas(self.context.fill(plan))

    def repair(
        self, result: CanvasResult, spans: Sequence[tuple[int, int]], plan: CanvasPlan | None = None
    ) -> CanvasResult:
        return self.context.repair_sync(result, spans, plan)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SyncCanvas:
    """A `Canvas` whose operations block: a context manager and an iterable of drafts."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def result(self) -> CanvasResult:
        return self.canvas.result_sync()

    def __iter__(self) -> Iterator[Draft]:
        return self.canvas.drafts_sync()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.canvas.leave()
