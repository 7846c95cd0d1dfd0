"""Threads side by side, for networks so small that a thread team costs more than it saves.

torch can share out a single product to several threads. For a small network that is the wrong grain: the threads wait
for each other thousands of times a second, and where another program wants the processor, for it, too. So the engine of
a small network on a CPU computes with one thread a product, and shares out the canvases of a step instead: each lane
runs a part of them through the whole step by itself.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

SMALL = 50_000_000  # parameters up to which a network is small
LEAST = 4  # canvases that are worth a lane: Python runs in one lane at a time

T = TypeVar("T")
R = TypeVar("R")


class Lanes:
    """Threads that each compute by themselves, the calling one among them; as many as torch may use, or `count`."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count or torch.get_num_threads()
        self._pool = (
            ThreadPoolExecutor(self.count - 1, "agentkit-lane", initializer=compute_alone) if self.count > 1 else None
        )

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """`work` on each item side by side, the first one in the calling thread.

        An error of one is raised when all are done.
        """
        if self._pool is None or len(items) < 2:
            return [work(item) for item in items]
        others = [self._pool.submit(_without_gradients, work, item) for item in items[1:]]
        try:
            first = work(items[0])
        finally:
            done = [other.exception() for other in others]  # waits for all of them
        for error in done:
            if error is not None:
                raise error
        return [first, *(other.result() for other in others)]

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False)


def compute_alone() -> None:
    """From now on, torch uses one thread for what this thread computes; others are not concerned."""
    before = torch.get_num_threads()
    if before == 1:
        return
    torch.set_num_threads(1)  # for this thread, and for those that have not computed yet
    other = threading.Thread(target=torch.set_num_threads, args=(before,))  # for the latter, as it was
    other.start()
    other.join()


def _without_gradients(work: Callable[[T], R], item: T) -> R:
    with torch.inference_mode():
        return work(item)


def shares(weights: Sequence[int], groups: Sequence[object], count: int) -> list[list[int]]:
    """Shares out items of some weight to at most `count` lanes, about evenly; those of one group stay together.

    Returns the places of each lane's items, in ascending order. No lane is empty, and there are only as many as leave
    LEAST items for each.
    """
    count = max(1, min(count, len(weights) // LEAST))
    together: dict[object, list[int]] = {}
    for place, group in enumerate(groups):
        together.setdefault(group, []).append(place)
    heaviest = sorted(together.values(), key=lambda places: -sum(weights[place] for place in places))
    lanes: list[list[int]] = [[] for _ in range(min(count, len(heaviest)))]
    for places in heaviest:  # each to the lane that has least
        min(lanes, key=lambda lane: sum(weights[place] for place in lane)).extend(places)
    return [sorted(lane) for lane in lanes]
