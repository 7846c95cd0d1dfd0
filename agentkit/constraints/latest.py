"""What was made last, kept."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Latest(Generic[Value]):
    """The values that were asked for last, at most so many. Any thread may ask, at any time.

    Two threads that ask for a value that is not kept, at the same time, may both make it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[object, Value] = {}  # the one asked for last is the last one
        self._lock = Lock()

    def get(self, key: object, make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not kept. What `make` raises is raised, and nothing is kept."""
        with self._lock:
            if key in self._kept:
                self._kept[key] = found = self._kept.pop(key)
                return found
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return made
