"""What a run gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from agentkit.errors import ApprovalRequired, RunStopped
from agentkit.messages import Message, ToolCallPart
from agentkit.models.base import CanvasRecord
from agentkit.tasks import leaves
from agentkit.usage import Usage

if TYPE_CHECKING:
    from agentkit.events import ToolCallFinished

OutputT = TypeVar("OutputT", default=str)

StopReason: TypeAlias = Literal[
    "finished",
    "max_tokens",
    "empty_answer",
    "usage_limit",
    "retries_exhausted",
    "repeated_call",
    "approval_required",
    "cancelled",
    "failed",
]


class NoOutput(Enum):
    """Stands where a run has no output."""

    NO_OUTPUT = "no output"


NO_OUTPUT = NoOutput.NO_OUTPUT


@dataclass(frozen=True)
class AgentRunResult(Generic[OutputT]):
    """What a run reached.

    output        the answer, of the agent's `output_type`; where text is one, a run that did not finish has the text
                  that was written until then
    stop_reason   "finished", or why there is no answer:
                    "max_tokens"          the answer was cut off by `ModelSettings.max_tokens`
                    "empty_answer"        the model wrote neither text nor call
                    "usage_limit"         a field of `UsageLimits`, named in `stop_detail`
                    "retries_exhausted"   a tool's calls stayed wrong
                    "repeated_call"       the model wrote the same bad call twice in a row
                    "approval_required"   `pending_calls` wait for a person
                    "cancelled"           only inside `RunCancelled.result`
                    "failed"              only inside the `result` of what the run raised
    stop_detail   the reason in words (for "usage_limit" the limit's name)
    agent         the name of the agent that answered: another one's, where the conversation was handed over
    tool_calls    every call that was answered, with its result and, where it failed, the exception
    """

    _output: OutputT | NoOutput
    stop_reason: StopReason
    usage: Usage
    stop_detail: str = ""
    canvases: tuple[CanvasRecord, ...] = ()
    tool_calls: tuple[ToolCallFinished, ...] = ()
    pending_calls: tuple[ToolCallPart, ...] = ()
    agent: str | None = None
    _messages: tuple[Message, ...] = field(default=(), repr=False)
    _new_from: int = field(default=0, repr=False)

    @property
    def has_output(self) -> bool:
        """Whether there is an `output`."""
        return self._output is not NO_OUTPUT

    @property
    def output(self) -> OutputT:
        """The answer. Raises what `raise_for_stop` raises where the run ended without one."""
        if self._output is NO_OUTPUT:
            self.raise_for_stop()
            raise AssertionError("a finished run has an output")
        return self._output

    def all_messages(self) -> tuple[Message, ...]:
        """The conversation with this run's messages at its end; give it to the next run as `message_history`.

        The agent's instructions are not in it: each run puts its own agent's at the front.
        """
        return self._messages

    def new_messages(self) -> tuple[Message, ...]:
        """The messages of this run alone, the prompt first."""
        return self._messages[self._new_from :]

    def raise_for_stop(self) -> None:
        """Raises `ApprovalRequired` or `RunStopped` unless the run finished with an answer."""
        if self.stop_reason == "approval_required":
            raise ApprovalRequired(self.stop_detail, self.pending_calls)
        if self.stop_reason != "finished":
            raise RunStopped(f"The run stopped without an answer ({self.stop_reason}): {self.stop_detail}", result=self)


def tell_reached(error: BaseException, result: AgentRunResult[Any]) -> None:
    """Puts what a run reached into what it raises, as `.result`, unless that means something else there."""
    for leaf in leaves(error):
        if isinstance(getattr(leaf, "result", None), AgentRunResult | None):
            vars(leaf)["result"] = result


def reached(error: BaseException) -> AgentRunResult[Any] | None:
    """What the run reached that raised this; None where it doesn't tell."""
    told = (getattr(leaf, "result", None) for leaf in leaves(error))
    return next((result for result in told if isinstance(result, AgentRunResult)), None)
