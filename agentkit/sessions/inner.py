"""The session of an agent that another one asks: a log inside the log of who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from agentkit.sessions.base import Session, SessionWriter
from agentkit.sessions.entries import Entry


class InnerSession(Session):
    """Belongs to one run, which has claimed the session around it.

    log    what is written of it
    write  writes more of it into the session around it
    """

    def __init__(self, log: Sequence[Entry], write: Callable[[Sequence[Entry]], Awaitable[None]]) -> None:
        self._log = list(log)
        self.entries: Sequence[Entry] = self._log
        self._write = write

    async def read(self) -> Sequence[Entry]:
        return tuple(self._log)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SessionWriter]:
        yield self

    async def append(self, entries: Sequence[Entry]) -> None:
        await self._write(entries)
        self._log += entries
