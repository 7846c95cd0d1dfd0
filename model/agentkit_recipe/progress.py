"""A progress bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """`with Progress("training", total=100) as p: p.update(3, loss=0.5)`. Off a terminal it prints every `every`
    seconds; `hidden`, nothing."""

    def __init__(self, title: str, *, total: int, done: int = 0, every: float = 20.0, hidden: bool = False) -> None:
        self.console = Console(stderr=True, quiet=hidden)
        self.title, self.total, self.every = title, total, every
        self.last = time.monotonic()
        self.done = done
        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task(title, total=total, completed=done, figures="")

    def __enter__(self) -> Progress:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def advance(self) -> None:
        """One more is done."""
        self.update(self.done + 1)

    def update(self, done: int, **figures: float) -> None:
        self.done = done
        text = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
        self.bar.update(self.task, completed=done, figures=text)
        now = time.monotonic()
        if not self.console.is_terminal and (now - self.last > self.every or done == self.total):
            self.last = now
            self.console.print(f"{self.title}: {done}/{self.total} {text}")
