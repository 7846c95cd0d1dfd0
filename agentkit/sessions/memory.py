"""A session that lives as long as its process: for tests, and where nothing has to last."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from agentkit.errors import SessionConflict
from agentkit.sessions.base import Session, SessionWriter
from agentkit.sessions.entries import Entry
from agentkit.usage import UsageLimits


class MemorySession(Session):
    """A conversation in memory. One run at a time may write it, from any thread."""

    def __init__(self, *, usage_limits: UsageLimits | None = None) -> None:
        self.usage_limits = usage_limits
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    async def read(self) -> Sequence[Entry]:
        return tuple(self._entries)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SessionWriter]:
        if not self._lock.acquire(blocking=False):
            raise SessionConflict("This session")
        try:
            yield _Writer(self._entries)
        finally:
            self._lock.release()


class _Writer:
    def __init__(self, log: list[Entry]) -> None:
        self._log = log
        self.entries: Sequence[Entry] = tuple(log)

    async def append(self, entries: Sequence[Entry]) -> None:
        self._log.extend(entries)
