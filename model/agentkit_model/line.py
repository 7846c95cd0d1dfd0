"""Who waits for memory, and who gets it next."""

import time
from collections.abc import Callable

from agentkit_model.cache import Memory, NoRoom
from agentkit_model.errors import OutOfMemoryError
from agentkit_model.work import Denoising, Prefill


class Line:
    """Prefills and canvases for which there is no memory yet. Used by one of the worker's threads at a time.

    What becomes free goes to those whose contexts hold memory already, since they are the ones that can finish and give
    it back, and then to the others; among either to whom was first. Who needs no memory passes.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        # Since when each waits, the bell's count at its last attempt, and why that failed; who came first is first.
        self._waiting: dict[Prefill | Denoising, tuple[float, int, str]] = {}

    def __contains__(self, work: Prefill | Denoising) -> bool:
        return work in self._waiting

    def __len__(self) -> int:
        return len(self._waiting)

    def asks(self, work: Prefill | Denoising) -> bool:
        """Whether memory for this work might be there now: it has not asked yet, or something happened since it did."""
        _, asked, _ = self._waiting.get(work, (0.0, None, ""))
        return asked != self._memory.bell.rings

    def admits(self, work: Prefill | Denoising, take: Callable[[], None]) -> bool:
        """Whether `take` found the memory that it needs for this work; if not, the work waits in the line."""
        if not self.asks(work):
            return False
        rings = self._memory.bell.rings
        self._memory.spoken_for = any(not other.ended for other in self._before(work))
        try:
            take()
        except NoRoom as error:
            since, _, _ = self._waiting.get(work, (time.monotonic(), rings, ""))
            self._waiting[work] = since, rings, str(error)
            return False
        finally:
            self._memory.spoken_for = False
        self._leave(work)
        return True

    def sweep(self) -> None:
        """Lets those leave who gave up, or have failed."""
        for work in [work for work in self._waiting if work.ended]:
            self._leave(work)

    def untangle(self) -> None:
        """If all who hold memory wait for one another, the last of them fails. To be called when nothing goes on."""
        holding = [work for work in self._waiting if _holds(work)]
        moves = any(map(self.asks, self._waiting))
        if holding and not self._memory.held_by_others({work.cache for work in holding}) and not moves:
            self._fail(holding[-1], "all of them wait for one another")

    @property
    def since(self) -> float:
        """Since when the first one waits."""
        return next(iter(self._waiting.values()))[0]

    def give_up(self, before: float) -> None:
        """Fails those who wait since before a time, since too little was given back for too long."""
        for work in [work for work, (since, _, _) in self._waiting.items() if since <= before]:
            self._fail(work, "too little was given back while this waited")

    def _before(self, work: Prefill | Denoising) -> list[Prefill | Denoising]:
        """Those in the line who come before this work, which may be in it or not."""
        ranked = sorted(dict.fromkeys([*self._waiting, work]), key=lambda each: not _holds(each))
        return ranked[: ranked.index(work)]

    def _fail(self, work: Prefill | Denoising, why: str) -> None:
        _, _, reason = self._waiting[work]
        work.fail(OutOfMemoryError(f"{reason} ({why})"))
        self._leave(work)

    def _leave(self, work: Prefill | Denoising) -> None:
        if self._waiting.pop(work, None) is not None:
            self._memory.bell.ring()  # who comes behind may ask again


def _holds(work: Prefill | Denoising) -> bool:
    return work.cache.store.capacity > 0
