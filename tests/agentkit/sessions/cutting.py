"""Sessions whose process ends, as far as a test can play it inside its own."""

from contextlib import asynccontextmanager

from agentkit.sessions import Session

BEGUN = 4
"""Entries until the first call of a run is under way: the prompt, the canvas, the turn, and that the call has begun."""


class Killed(BaseException):
    """The end of the process, as far as a test can play it."""


class Fragile(Session):
    """A session whose process ends after so many entries were written."""

    def __init__(self, session: Session, entries: int) -> None:
        self.session = session
        self.left = entries

    async def read(self):
        return await self.session.read()

    @asynccontextmanager
    async def writing(self):
        async with self.session.writing() as writer:
            append = writer.append

            async def some(entries):
                if self.left <= 0:
                    raise Killed
                self.left -= 1
                await append(entries)

            writer.append = some
            yield writer
