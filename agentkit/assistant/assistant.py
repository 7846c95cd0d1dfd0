"""An agent inside an app: it lives in a thread of its own, and any thread may ask it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal

import anyio
import anyio.to_thread
from typing_extensions import Unpack

from agentkit.agent import Agent
from agentkit.assistant.answer import Answer
from agentkit.assistant.conversations import Conversations
from agentkit.assistant.loader import AssistantState, Loader, Loading
from agentkit.assistant.thread import LoopThread
from agentkit.calls import logger
from agentkit.context import DepsT
from agentkit.errors import RunCancelled, UserError
from agentkit.events import Event, RunFinished
from agentkit.messages import Message, ToolMessage, last_prompt
from agentkit.options import RunOptions, check_options
from agentkit.result import AgentRunResult, OutputT, reached
from agentkit.tasks import fails_alone, refuse_running_loop


@dataclass(frozen=True, slots=True)
class _Question(Generic[DepsT, OutputT]):
    """What was asked; `before` are the answers in its conversation that it has to wait for."""

    answer: Answer[OutputT]
    before: Sequence[Answer[OutputT]]
    options: RunOptions[DepsT]
    on_event: Callable[[Event], object] | None
    on_done: Callable[[Answer[OutputT]], object] | None


class Assistant(Generic[DepsT, OutputT]):
    """An agent for GUI and web apps. Every method may be called from any thread, and none but `wait` and `close` waits.

        with Assistant(Agent("bundled", tools=[add_item])) as assistant:
            for event in assistant.ask("Add milk to the shopping list"):
                ...

    agent              an `Agent`; or a function that makes one, called in the background: there a model can be opened
                       with options of its own
    threads            CPU threads of the network. torch has one such number in a process; it holds for engines that
                       are opened after it was set
    max_runs           how many answers may be under way at once; others wait their turn
    max_conversations  how many conversations are kept; the one that was asked longest ago is forgotten. None: all
    backend            the event loop that tools and models run in, "asyncio" or "trio"

    `conversations` holds what was said, by the names that the app gives them: read it, replace it, delete from it.
    Questions in one conversation are answered one after the other, those in different ones side by side. Any number of
    assistants live side by side; those that name the same model share it.
    """

    def __init__(
        self,
        agent: Agent[DepsT, OutputT] | Callable[[], Agent[DepsT, OutputT]],
        *,
        threads: int | None = None,
        max_runs: int = 8,
        max_conversations: int | None = None,
        backend: Literal["asyncio", "trio"] = "asyncio",
    ) -> None:
        if min(max_runs, threads or 1, max_conversations or 1) < 1 or 0 in (threads, max_conversations):
            raise UserError("Assistant: threads, max_runs and max_conversations are at least 1.")
        self.conversations = Conversations(max_conversations)
        self._loader = Loader(agent, threads)
        self._backend = backend
        self._lock = threading.RLock()
        self._thread: LoopThread | None = None
        self._answers: set[Answer[OutputT]] = set()
        self._max_runs = max_runs
        self._places: anyio.CapacityLimiter | None = None  # made in the thread whose event loop it belongs to
        self._closer: threading.Thread | None = None

    @property
    def state(self) -> AssistantState:
        """ "new" until it is started, "loading", then "ready" or "failed"; "closed" in the end."""
        return self._loader.state

    @property
    def loading(self) -> Loading:
        """How far the model is, while the state is "loading"."""
        return self._loader.loading

    @property
    def error(self) -> Exception | None:
        """Why the model could not be loaded, when the state is "failed"."""
        return self._loader.error

    def start(self) -> Assistant[DepsT, OutputT]:
        """Begins to load the model in the background and gives the assistant itself. After a failure it tries again."""
        with self._lock:
            self._refuse_closed()
            if self._thread is None:
                self._thread = LoopThread(self._backend, "agentkit-assistant", self._ended)
            self._loader.begin(self._thread.spawn)
        return self

    def wait(self, timeout: float | None = None) -> None:
        """Waits until the model is loaded; starts it where nobody has.

        Raises what went wrong while loading, `TimeoutError` after `timeout` seconds, and `UserError` where it would
        block a running event loop (use `anyio.to_thread.run_sync(assistant.wait)` there) or when it is closed.
        """
        refuse_running_loop("wait", "await anyio.to_thread.run_sync(assistant.wait)")
        self._start_if_new()
        self._loader.wait(timeout)
        self._refuse_closed()

    def ask(
        self,
        prompt: str | None,
        *,
        conversation: str = "default",
        on_event: Callable[[Event], object] | None = None,
        on_done: Callable[[Answer[OutputT]], object] | None = None,
        **options: Unpack[RunOptions[DepsT]],
    ) -> Answer[OutputT]:
        """Begins an answer, and gives it at once: iterate over it, poll it or await it. Loads the model if need be.

        on_event  is called with each event until the run is cancelled, in a worker thread, one after the other; if it
                  takes long, its own answer waits for it and no other does. What it raises is logged
        on_done   is called likewise, once, when the run is over, whatever ended it; `close` does not wait for it
        options   as `Agent.run` takes them, but for the history, which is the conversation's, or that of a `session`

        An error, also one of loading the model, comes out where the answer is awaited. After a cancelled run the
        conversation has what was reached, and so after one that failed once calls were made; else it is what it was.
        """
        check_options(options)
        if options.get("message_history") is not None:
            raise UserError("ask: the history is the assistant's own: put other messages into assistant.conversations.")
        answer: Answer[OutputT] = Answer(prompt, conversation)
        answer._followed = on_done is not None
        with self._lock:
            self._start_if_new()
            before = [other for other in self._answers if other.conversation == conversation]
            self._answers.add(answer)
            self.conversations.asked(conversation)
            assert self._thread is not None
            self._thread.spawn(partial(self._answer, _Question(answer, before, options, on_event, on_done)))
        return answer

    def cancel(self, conversation: str | None = None) -> None:
        """Cancels the answers under way and those that wait, of one conversation or of all."""
        for answer in self._under_way():
            if conversation in (None, answer.conversation):
                answer.cancel()

    def close(self, *, wait: bool = True) -> None:
        """Cancels what is under way and ends the assistant's thread; with `wait=False` without waiting for that.

        Raises `UserError` where waiting would block a running event loop; it is closed all the same.
        """
        with self._lock:
            if self._closer is None:
                self._loader.close()
                self._closer = threading.Thread(target=self._shut, name="agentkit-assistant-closer", daemon=True)
                self._closer.start()
        if wait:
            refuse_running_loop("close", "assistant.close(wait=False)")
            self._closer.join()

    def __enter__(self) -> Assistant[DepsT, OutputT]:
        refuse_running_loop("with", "async with Assistant(...) as assistant")
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Assistant[DepsT, OutputT]:
        return self.start()

    async def __aexit__(self, *_: object) -> None:
        self.close(wait=False)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close)

    def __repr__(self) -> str:
        return f"<Assistant {self.state}, {len(self._under_way())} answers under way>"

    def _start_if_new(self) -> None:
        self._refuse_closed()
        if self.state == "new":
            self.start()

    def _refuse_closed(self) -> None:
        if self.state == "closed":
            raise UserError("The assistant is closed; make another one.")

    def _under_way(self) -> tuple[Answer[OutputT], ...]:
        with self._lock:
            return tuple(self._answers)

    def _shut(self) -> None:
        """In a thread of its own."""
        answers = self._under_way()
        for answer in answers:
            answer.cancel()
        for answer in answers:
            answer.wait()
        if self._thread is not None:
            self._thread.close()

    # -- in the assistant's thread

    def _ended(self) -> None:
        """The event loop has ended, whatever ended it: the assistant is closed, and nobody waits any more."""
        with self._lock:
            self._loader.close()
            answers, self._answers = self._answers, set()
        for answer in answers:
            answer._settle(RunCancelled())

    async def _answer(self, asked: _Question[DepsT, OutputT]) -> None:
        outcome: AgentRunResult[OutputT] | Exception = RunCancelled()
        try:
            token = asked.options.get("cancellation_token")
            with fails_alone("the agent's code"), asked.answer._token.linked_to(token):
                outcome = await self._run(asked)
        except Exception as error:
            outcome = error
        finally:
            self.conversations.over(asked.answer.conversation)
            with self._lock:
                self._answers.discard(asked.answer)
            asked.answer._settle(outcome)
            if asked.on_done is not None:
                _begin(partial(asked.on_done, asked.answer))

    async def _run(self, asked: _Question[DepsT, OutputT]) -> AgentRunResult[OutputT]:
        answer, token = asked.answer, asked.answer._token
        async with AsyncExitStack() as held:
            with anyio.CancelScope() as scope, token.cancelling(scope):
                agent = await self._loader.agent()
                for other in asked.before:
                    await other._over()
                self._places = self._places or anyio.CapacityLimiter(self._max_runs)
                await held.enter_async_context(self._places)
            token.check()
            conversation = self.conversations.of(answer.conversation)
            given: RunOptions[DepsT] = {**asked.options, "cancellation_token": token}
            if given.get("session") is None:
                given["message_history"] = conversation.messages
            try:
                async with agent.run_stream_events(answer.prompt, **given) as events:
                    async for event in events:
                        answer._put(event)
                        if asked.on_event is not None and not token.cancelled:
                            with anyio.CancelScope() as scope, token.cancelling(scope):
                                await _call(partial(asked.on_event, event))
            except BaseException as error:
                if (result := reached(error)) is not None:
                    new = _answered(result.all_messages()) - _answered(conversation.messages)
                    if new or isinstance(error, RunCancelled):
                        conversation.messages = result.all_messages()
                raise
            assert isinstance(event, RunFinished)
            conversation.messages = event.result.all_messages()
            return event.result


def _answered(messages: Sequence[Message]) -> set[str]:
    """The calls since the last prompt that have an answer, by their ids."""
    answers = (message for message in messages[last_prompt(messages) :] if isinstance(message, ToolMessage))
    return {result.call_id for answer in answers for result in answer.results}


async def _call(callback: Callable[[], object]) -> None:
    """Calls in a worker thread; what is raised is logged. Whoever is cancelled meanwhile leaves the thread behind.

    However many callbacks take long, they take no thread that others need.
    """
    call, limiter = partial(_logged, callback), anyio.CapacityLimiter(math.inf)
    await anyio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=limiter)


def _begin(callback: Callable[[], object]) -> None:
    """Calls in a thread of its own, also where the event loop is about to end, and nobody waits for it."""
    call = partial(copy_context().run, _logged, callback)
    threading.Thread(target=call, name="agentkit-assistant-callback", daemon=True).start()


def _logged(callback: Callable[[], object]) -> None:
    try:
        callback()
    except BaseException:
        logger.exception("A callback of Assistant.ask failed")
