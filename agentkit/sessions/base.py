"""What a session is to a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from agentkit.messages import Message, ToolCallPart, open_calls
from agentkit.pauses import asked_about, paused_agents
from agentkit.sessions.entries import Entry, SessionState
from agentkit.usage import Usage, UsageLimits


class SessionWriter(Protocol):
    """A session in the hands of the one run that may write it."""

    entries: Sequence[Entry]
    """The log as it was when the session was claimed."""

    async def append(self, entries: Sequence[Entry]) -> None:
        """Adds to the log, all of the entries or none. When it returns, they survive whatever happens.

        Raises `SessionConflict` once the session is in other hands.
        """


class Session(ABC):
    """A conversation that runs continue, and that survives the process they are in.

    `agent.run(prompt, session=session)` goes on from its end; `agent.run(None, session=session)` takes up a run that
    did not get to its end. A store of your own has two methods: `read` and `writing`.

    usage_limits   what all runs of the session may spend together
    """

    usage_limits: UsageLimits | None = None

    @abstractmethod
    async def read(self) -> Sequence[Entry]:
        """The log as it is now."""

    @abstractmethod
    def writing(self) -> AbstractAsyncContextManager[SessionWriter]:
        """Claims the session for one run, until the block is left or the process has ended.

        Raises `SessionConflict` while another run has it.
        """

    async def state(self) -> SessionState:
        """What the log amounts to."""
        return SessionState.of(await self.read())

    async def messages(self) -> tuple[Message, ...]:
        """The conversation."""
        return tuple((await self.state()).messages)

    async def usage(self) -> Usage:
        """What all runs of the session have spent."""
        return (await self.state()).usage

    async def open_calls(self) -> tuple[ToolCallPart, ...]:
        """The calls at the end of the conversation that are not answered, also those that nobody has to approve.

        In the place of a call that asked an agent which waits for a person stand that agent's calls.
        """
        state = await self.state()
        calls = (call for call in open_calls(state.messages) if call.id not in state.answers)
        return asked_about(calls, {**paused_agents(state.messages), **state.paused})
