"""Who looks on at runs: around a run, a turn of its model, a repair and a tool. By itself it sees nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from agentkit.calls import Outcome, PreparedCall
    from agentkit.messages import AssistantMessage
    from agentkit.models.base import ModelRequest, ModelResponse, WrongCall
    from agentkit.result import AgentRunResult
    from agentkit.run import Run

ResultT = TypeVar("ResultT")

Around: TypeAlias = "AbstractContextManager[Callable[[ResultT], None]]"
"""Is entered before something begins, gives what is to be called with its result, and left whatever happened."""


class Observer:
    """Override what you want to see. What a method raises, the run raises."""

    def run(self, run: Run) -> Around[AgentRunResult[Any]]:
        """Around a run; for a run that is cancelled the result is in the exception."""
        return nullcontext(_unseen)

    def turn(self, run: Run, request: ModelRequest) -> Around[ModelResponse]:
        """Around a turn of the model."""
        return nullcontext(_unseen)

    def repair(self, run: Run, request: ModelRequest, wrong: WrongCall) -> Around[AssistantMessage | None]:
        """Around the repair of a call; its result is None where the model can't."""
        return nullcontext(_unseen)

    def tool(self, run: Run, call: PreparedCall) -> Around[Outcome]:
        """Around a tool that runs."""
        return nullcontext(_unseen)


def _unseen(result: Any) -> None:
    pass
