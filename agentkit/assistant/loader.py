"""Loading an agent's model in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias

import anyio.to_thread

from agentkit.agent import Agent
from agentkit.assistant.signal import Signal
from agentkit.assistant.thread import Task
from agentkit.context import DepsT
from agentkit.errors import RunCancelled, UserError
from agentkit.models import load_model
from agentkit.models.base import Model
from agentkit.result import OutputT
from agentkit.tasks import fails_alone

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


class Loader(Generic[DepsT, OutputT]):
    """Makes the agent, where it is given as a function, and opens its model. For any thread.

    state, loading, error   how far it is, and what went wrong; to be read
    """

    def __init__(
        self, source: Agent[DepsT, OutputT] | Callable[[], Agent[DepsT, OutputT]], threads: int | None
    ) -> None:
        if not isinstance(source, Agent) and not callable(source):
            raise UserError(
                f"Assistant takes an Agent, or a function that makes one, not {source!r}: write Agent(...)."
            )
        if threads is not None and isinstance(source, Agent) and isinstance(source.model, Model):
            raise UserError(
                "Assistant: threads comes too late for a model that is open; give a function that opens it."
            )
        self.state: AssistantState = "new"
        self.loading = Loading()
        self.error: Exception | None = None
        self._source = source
        self._threads = threads
        self._changed = Signal()
        self._agent: Agent[DepsT, OutputT] | None = None
        self._model: Model | None = None  # held, so that it stays loaded

    def begin(self, spawn: Callable[[Task], None]) -> None:
        """Begins to load unless that was done; once more after a failure."""
        with self._changed.lock:
            if self.state in ("new", "failed"):
                self.error = None
                self._become("loading")
                spawn(self._load)

    def wait(self, timeout: float | None) -> None:
        """Waits until loading is over. Raises what went wrong, and `TimeoutError`."""
        if not self._changed.wait(self._is_over, timeout):
            raise TimeoutError(f"The model is not loaded after {timeout:g} seconds; loading goes on.")
        if self.error is not None:
            raise self.error

    async def agent(self) -> Agent[DepsT, OutputT]:
        """The agent, once its model is loaded. Raises what went wrong, and `RunCancelled` when it was closed before."""
        await self._changed.arrival(self._is_over)
        if self.error is not None:
            raise self.error
        if self._agent is None:
            raise RunCancelled()
        return self._agent

    def close(self) -> None:
        """Nobody has to wait any more."""
        self._become("closed")

    async def _load(self) -> None:
        try:
            with fails_alone("loading the agent"):
                self._agent = await anyio.to_thread.run_sync(self._make, abandon_on_cancel=True)
            self._become("ready")
        except Exception as error:
            self.error = error
            self._become("failed")

    def _make(self) -> Agent[DepsT, OutputT]:
        """In a worker thread: the agent, with its model open."""
        if self._threads is not None:
            _limit_threads(self._threads)
        agent = self._source if isinstance(self._source, Agent) else self._source()
        if not isinstance(agent, Agent):
            raise UserError(f"Assistant: the function that makes the agent gave {agent!r}.")
        model = agent.model
        self._model = load_model(model, progress=self._tell) if isinstance(model, str) else model
        return agent

    def _tell(self, stage: str, done: int, total: int) -> None:
        self.loading = Loading(stage, done, total)

    def _is_over(self) -> bool:
        return self.state != "loading"

    def _become(self, state: AssistantState) -> None:
        with self._changed.lock:
            if self.state != "closed":
                self.state = state
        self._changed.fire()


def _limit_threads(count: int) -> None:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise UserError("Assistant: threads needs torch: pip install 'agentkit-diffusion[engine]'.") from error
    torch.set_num_threads(count)
