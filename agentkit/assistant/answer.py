"""What an assistant was asked, on its way: followed, awaited and cancelled from any thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any, Generic

from agentkit.assistant.signal import Signal
from agentkit.cancellation import CancellationToken
from agentkit.events import CanvasDraft, DelegatedEvent, Event
from agentkit.result import AgentRunResult, OutputT
from agentkit.tasks import refuse_running_loop


class Answer(Generic[OutputT]):
    """The answer to one `Assistant.ask`. Every method may be called from any thread, at any time.

    Iterate over it for the run's events, with `for` in a thread that may wait and with `async for` in any event loop;
    what the run raises, the iteration raises. `poll()` gives the events so far and never waits, for a GUI's timer.
    Whoever takes an event takes it from the others. A reader that is slow misses drafts that newer ones have replaced,
    and nothing else.

    As a context manager it cancels the run if it is left before the end. So does a task that awaits it and is
    cancelled, as with any coroutine, unless somebody else waits for the answer too; with `asyncio.shield(answer)` the
    run goes on.
    """

    def __init__(self, prompt: str | None, conversation: str) -> None:
        self.prompt = prompt
        self.conversation = conversation
        self._token = CancellationToken()
        self._changed = Signal()
        self._awaiting = 0  # tasks
        self._followed = False  # by somebody who does not await it
        self._events: deque[Event] = deque()
        self._outcome: AgentRunResult[OutputT] | Exception | None = None

    @property
    def done(self) -> bool:
        """Whether the run is over, by an answer, an error or cancellation."""
        return self._outcome is not None

    def cancel(self) -> None:
        """Ends the run at its next await, between two denoising steps at the latest; it then raises `RunCancelled`."""
        self._token.cancel()

    def result(self, timeout: float | None = None) -> AgentRunResult[OutputT]:
        """Waits for the result.

        Raises what the run raised, `TimeoutError` after `timeout` seconds, and `UserError` where waiting would block a
        running event loop: use `await answer` there.
        """
        if not self.done:
            refuse_running_loop("result", "await answer")
        if not self.wait(timeout):
            raise TimeoutError(f"There is no answer after {timeout:g} seconds; the run goes on.")
        return self._settled()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until the run is over, whatever ended it, or for `timeout` seconds; whether it is over."""
        self._followed = True
        return self._changed.wait(lambda: self.done, timeout)

    def poll(self) -> list[Event]:
        """The events that nobody has taken yet. Never waits."""
        self._followed = True
        with self._changed.lock:
            events = list(self._events)
            self._events.clear()
            return events

    def __iter__(self) -> Answer[OutputT]:
        refuse_running_loop("iterating", "async for event in answer")
        self._followed = True
        return self

    def __next__(self) -> Event:
        while not self._at_end():
            self._changed.wait(self._has_more)
            with self._changed.lock:
                if self._events:
                    return self._events.popleft()
        self._settled()
        raise StopIteration

    def __aiter__(self) -> Answer[OutputT]:
        self._followed = True
        return self

    async def __anext__(self) -> Event:
        while not self._at_end():
            await self._changed.arrival(self._has_more)
            with self._changed.lock:
                if self._events:
                    return self._events.popleft()
        self._settled()
        raise StopAsyncIteration

    def __await__(self) -> Generator[Any, Any, AgentRunResult[OutputT]]:
        return self._finished().__await__()

    def __enter__(self) -> Answer[OutputT]:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.done:
            self.cancel()

    def __repr__(self) -> str:
        return f"Answer({self.prompt!r}, conversation={self.conversation!r}, done={self.done})"

    async def _finished(self) -> AgentRunResult[OutputT]:
        with self._changed.lock:
            self._awaiting += 1
        try:
            await self._over()
        finally:
            with self._changed.lock:
                self._awaiting -= 1
                given_up = not (self.done or self._awaiting or self._followed)
            if given_up:
                self.cancel()
        return self._settled()

    async def _over(self) -> None:
        """Suspends this task until the run is over, whatever ended it."""
        await self._changed.arrival(lambda: self.done)

    def _has_more(self) -> bool:
        return bool(self._events) or self.done

    def _at_end(self) -> bool:
        """Whether no event is left and none will come. An event that was there may be gone: another reader took it."""
        with self._changed.lock:
            return self.done and not self._events

    def _settled(self) -> AgentRunResult[OutputT]:
        assert self._outcome is not None
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def _put(self, event: Event) -> None:
        """The run's next event; from the assistant."""
        with self._changed.lock:
            drawn = _canvas_of(event)
            if drawn is not None and self._events and _canvas_of(self._events[-1]) == drawn:
                self._events.pop()  # nobody has looked at it, and it is replaced
            self._events.append(event)
        self._changed.fire()

    def _settle(self, outcome: AgentRunResult[OutputT] | Exception) -> None:
        """What the run came to; from the assistant."""
        with self._changed.lock:
            self._outcome = outcome
        self._changed.fire()


def _canvas_of(event: Event) -> tuple[str | int, ...] | None:
    """Which canvas a draft is of: the calls that asked its agent, and its index; None for other events."""
    match event:
        case CanvasDraft(canvas):
            return (canvas,)
        case DelegatedEvent(call_id, event=inner):
            within = _canvas_of(inner)
            return None if within is None else (call_id, *within)
    return None
