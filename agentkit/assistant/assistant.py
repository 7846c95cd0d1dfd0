"""An agent inside an app: it lives in a thread of its own, and any thread may ask it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Literal, TypeAlias

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal
from typing_extensions import Unpack

from agentkit.agent import Agent
from agentkit.assistant.answer import Answer
from agentkit.assistant.conversations import Conversations
from agentkit.calls import logger
from agentkit.context import DepsT
from agentkit.errors import RunCancelled, UserError
from agentkit.events import Event, RunFinished
from agentkit.models import load_model
from agentkit.models.base import Model
from agentkit.options import RunOptions, check_options
from agentkit.result import AgentRunResult, OutputT
from agentkit.tasks import refuse_running_loop, scheduler

Task: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
Spawn: TypeAlias = Callable[[Task], None]
"""Begins a task in the assistant's thread, from any thread and without waiting."""

AssistantState: TypeAlias = Literal["new", "loading", "ready", "failed", "closed"]


@dataclass(frozen=True, slots=True)
class Loading:
    """How far the opening of a model has come.

    stage   "import" (the engine's libraries), "download" (bytes), "weights" (tensors), or "" when nothing was told yet
    done, total   how much of the stage is done, and of how much; a total of 0 is not known
    """

    stage: str = ""
    done: int = 0
    total: int = 0

    @property
    def fraction(self) -> float | None:
        """The share of the stage that is done, 0 to 1; None when it isn't known."""
        return self.done / self.total if self.total else None


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
        if threads is not None and isinstance(agent, Agent) and isinstance(agent.model, Model):
            raise UserError(
                "Assistant: threads comes too late for a model that is open; give a function that opens it."
            )
        self._source = agent
        self._threads = threads
        self._backend = backend
        self.conversations = Conversations(max_conversations)
        self._changed = threading.Condition()
        self._state: AssistantState = "new"
        self._loading = Loading()
        self._error: Exception | None = None
        self._agent: Agent[DepsT, OutputT] | None = None
        self._model: Model | None = None  # held, so that it stays loaded while this assistant lives
        self._answers: set[Answer[OutputT]] = set()
        self._places = anyio.CapacityLimiter(max_runs)
        self._opened = anyio.Event()
        self._thread = ExitStack()
        self._spawn: Spawn | None = None
        self._end: Callable[[], None] = lambda: None
        self._closer: threading.Thread | None = None

    # -- the model

    @property
    def state(self) -> AssistantState:
        """ "new" until it is started, "loading", then "ready" or "failed"; "closed" in the end."""
        return self._state

    @property
    def loading(self) -> Loading:
        """How far the model is, while the state is "loading"."""
        return self._loading

    @property
    def error(self) -> Exception | None:
        """Why the model could not be loaded, when the state is "failed"."""
        return self._error

    def start(self) -> Assistant[DepsT, OutputT]:
        """Begins to load the model in the background and gives the assistant itself. After a failure it tries again."""
        with self._changed:
            self._refuse_closed()
            if self._spawn is None:
                portal = start_blocking_portal(self._backend, name="agentkit-assistant")
                self._spawn = self._thread.enter_context(portal).start_task(self._live)[1]
            if self._state in ("new", "failed"):
                self._opened, self._error = anyio.Event(), None
                self._become("loading")
                self._spawn(self._open)
        return self

    def wait(self, timeout: float | None = None) -> None:
        """Waits until the model is loaded; starts it where nobody has.

        Raises what went wrong while loading, `TimeoutError` after `timeout` seconds, and `UserError` where it would
        block a running event loop (use `anyio.to_thread.run_sync(assistant.wait)` there) or when it is closed.
        """
        refuse_running_loop("wait", "await anyio.to_thread.run_sync(assistant.wait)")
        with self._changed:
            if self._state == "new":
                self.start()
            if not self._changed.wait_for(lambda: self._state != "loading", timeout):
                raise TimeoutError(f"The model is not loaded after {timeout:g} seconds; loading goes on.")
            self._refuse_closed()
            if self._error is not None:
                raise self._error

    # -- questions

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

        An error, also one of loading the model, comes out where the answer is awaited. After a run that failed, the
        conversation is what it was before; after a cancelled one, it has what was reached.
        """
        check_options(options)
        if "message_history" in options:
            raise UserError("ask: the history is the assistant's own: put other messages into assistant.conversations.")
        answer: Answer[OutputT] = Answer(prompt, conversation)
        with self._changed:
            self._refuse_closed()
            if self._state == "new":
                self.start()
            before = [other for other in self._answers if other.conversation == conversation]
            self._answers.add(answer)
            assert self._spawn is not None
            self._spawn(partial(self._answer, _Question(answer, before, options, on_event, on_done)))
        return answer

    def cancel(self, conversation: str | None = None) -> None:
        """Cancels the answers under way and those that wait, of one conversation or of all."""
        for answer in self._under_way():
            if conversation in (None, answer.conversation):
                answer.cancel()

    # -- the end

    def close(self, *, wait: bool = True) -> None:
        """Cancels what is under way and ends the assistant's thread; with `wait=False` without waiting for that."""
        with self._changed:
            if self._closer is None:
                self._become("closed")
                self._closer = threading.Thread(target=self._shut, name="agentkit-assistant-closer", daemon=True)
                self._closer.start()
        if wait:
            refuse_running_loop("close", "assistant.close(wait=False)")
            self._closer.join()

    def __enter__(self) -> Assistant[DepsT, OutputT]:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Assistant {self._state}, {len(self._under_way())} answers under way>"

    def _shut(self) -> None:
        answers = self._under_way()
        for answer in answers:
            answer.cancel()
        for answer in answers:
            answer.wait()
        self._end()
        self._thread.close()

    def _refuse_closed(self) -> None:
        if self._state == "closed":
            raise UserError("The assistant is closed; make another one.")

    def _under_way(self) -> tuple[Answer[OutputT], ...]:
        with self._changed:
            return tuple(self._answers)

    def _become(self, state: AssistantState) -> None:
        with self._changed:
            if self._state != "closed":
                self._state = state
                self._changed.notify_all()

    # -- in the assistant's thread

    async def _live(self, *, task_status: TaskStatus[Spawn]) -> None:
        """Holds all tasks of the assistant until it ends."""
        call_soon = scheduler()
        send, receive = anyio.create_memory_object_stream[Task](math.inf)
        async with send, receive, anyio.create_task_group() as group:
            self._end = partial(call_soon, group.cancel_scope.cancel)
            task_status.started(lambda task: call_soon(partial(send.send_nowait, task)))
            async for task in receive:
                group.start_soon(task)

    async def _open(self) -> None:
        opened = self._opened
        try:
            self._agent = await anyio.to_thread.run_sync(self._make_agent, abandon_on_cancel=True)
            self._become("ready")
        except Exception as error:
            self._error = error
            self._become("failed")
        opened.set()

    def _make_agent(self) -> Agent[DepsT, OutputT]:
        """In a worker thread: the agent, with its model loaded."""
        if self._threads is not None:
            _limit_threads(self._threads)
        agent = self._source if isinstance(self._source, Agent) else self._source()
        if not isinstance(agent, Agent):
            raise UserError(f"Assistant: the function that makes the agent gave {agent!r}.")
        model = agent.model
        self._model = load_model(model, progress=self._tell) if isinstance(model, str) else model
        return agent

    def _tell(self, stage: str, done: int, total: int) -> None:
        self._loading = Loading(stage, done, total)

    async def _answer(self, asked: _Question[DepsT, OutputT]) -> None:
        outcome: AgentRunResult[OutputT] | Exception = RunCancelled()
        try:
            with asked.answer._token.linked_to(asked.options.get("cancellation_token")):
                outcome = await self._run(asked)
        except Exception as error:
            outcome = error
        finally:
            with self._changed:
                self._answers.discard(asked.answer)
            asked.answer._settle(outcome)
        if asked.on_done is not None:
            await _call(partial(asked.on_done, asked.answer))

    async def _run(self, asked: _Question[DepsT, OutputT]) -> AgentRunResult[OutputT]:
        answer, token = asked.answer, asked.answer._token
        async with AsyncExitStack() as held:
            with anyio.CancelScope() as scope, token.cancelling(scope):
                agent = await self._ready()
                for other in asked.before:
                    await other._over()
                await held.enter_async_context(self._places)
            token.check()
            conversation = held.enter_context(self.conversations.run_in(answer.conversation))
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
            except RunCancelled as cancelled:
                if cancelled.result is not None:
                    conversation.messages = cancelled.result.all_messages()
                raise
            assert isinstance(event, RunFinished)
            conversation.messages = event.result.all_messages()
            return event.result

    async def _ready(self) -> Agent[DepsT, OutputT]:
        await self._opened.wait()
        if self._error is not None:
            raise self._error
        assert self._agent is not None
        return self._agent


async def _call(callback: Callable[[], object]) -> None:
    """Calls in a worker thread; what is raised is logged. Whoever is cancelled meanwhile leaves the thread behind."""

    def call() -> None:
        try:
            callback()
        except Exception:
            logger.exception("A callback of Assistant.ask failed")

    await anyio.to_thread.run_sync(call, abandon_on_cancel=True)


def _limit_threads(count: int) -> None:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise UserError("Assistant: threads needs torch: pip install 'agentkit-diffusion[engine]'.") from error
    torch.set_num_threads(count)
