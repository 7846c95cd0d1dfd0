"""What happens in a run, as it happens. One stream carries all of it, in order, and `RunFinished` is its last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from agentkit.budget import Scope
from agentkit.messages import Message, ToolCallPart, ToolResult
from agentkit.models.base import CanvasRecord
from agentkit.result import AgentRunResult


@dataclass(frozen=True, slots=True)
class CanvasStarted:
    """A canvas is about to be denoised. One that continues or repairs a turn is one more canvas of the run.

    canvas  index of the canvas in the run
    """

    canvas: int


@dataclass(frozen=True, slots=True)
class CanvasDraft:
    """A canvas after a denoising step. It replaces the draft before it: nothing of it is final.

    canvas     index of the canvas in the run
    step       1 after the first denoising step
    tokens     token ids of the whole canvas, texts the same decoded one by one
    entropies  the denoiser's uncertainty (nats) per position
    accepted   per position, whether the sampler holds the token; empty when the model doesn't say
    """

    canvas: int
    step: int
    tokens: tuple[int, ...]
    texts: tuple[str, ...]
    entropies: tuple[float, ...]
    accepted: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class CanvasCommitted:
    """A canvas is final and in the context."""

    canvas: CanvasRecord


@dataclass(frozen=True, slots=True)
class SpanRenoised:
    """A span of a canvas was wrong and was denoised again, the rest held: an argument, or what comes behind a token
    that the encoder did not expect (`ModelSettings.review`).

    span      (start, end), token indices in the canvas
    reason    what was wrong
    pointer   JSON pointer of the argument at fault, if it is one
    steps     denoising steps the repair took
    """

    canvas: int
    span: tuple[int, int]
    reason: str
    pointer: str | None = None
    steps: int = 0


@dataclass(frozen=True, slots=True)
class TextCommitted:
    """A stretch of the answer's text is final."""

    text: str


@dataclass(frozen=True, slots=True)
class ThoughtCommitted:
    """A stretch of a thought is final."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallStarted:
    """A tool begins. A call that is refused never has this event.

    With `ModelSettings.early_tools` it may begin before the canvas with its call is done.
    """

    call: ToolCallPart


@dataclass(frozen=True, slots=True)
class ToolCallDiscarded:
    """A tool that began early was not needed after all, and was stopped: the canvas ended with another call or none.

    Nothing of it is in the conversation. A call that began early has this event or `ToolCallFinished`, under the id it
    began with; neither when the run itself is interrupted.
    """

    call: ToolCallPart


@dataclass(frozen=True, slots=True)
class ToolCallFinished:
    """A call was answered: by its tool, or by what was wrong with it.

    error     the exception behind an error result, with its traceback; the model sees only `result`
    seconds   how long the tool ran; 0 for a call that was refused
    """

    call: ToolCallPart
    result: ToolResult
    seconds: float = 0.0
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class HistoryCompacted:
    """The agent's `compaction` has shortened the conversation; the model and `result.all_messages()` have `after`.

    tokens_before, tokens_after  of the whole prompt; None where the model doesn't count them
    """

    before: tuple[Message, ...]
    after: tuple[Message, ...]
    tokens_before: int | None = None
    tokens_after: int | None = None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The conversation is another agent's from here on; both by their names."""

    before: str | None
    agent: str | None


@dataclass(frozen=True, slots=True)
class DelegatedEvent:
    """Something happened in the run of an agent that a tool of this run asks.

    call_id  the call that asked it
    agent    its name
    event    what happened; of an agent that this one asks in turn it is a `DelegatedEvent` again
    """

    call_id: str
    agent: str | None
    event: Event


@dataclass(frozen=True, slots=True)
class UsageWarning:
    """80% of a limit is spent; comes once for each limit.

    limit     the field of `UsageLimits`
    used      what is spent of it, of `maximum`
    scope     whose limit it is: the "run"'s, the "session"'s, or one of a `Budget` that is "shared"
    """

    limit: str
    used: float
    maximum: float
    scope: Scope


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is over; `result` is what `Agent.run` returns."""

    result: AgentRunResult[Any]


Event: TypeAlias = (
    CanvasStarted
    | CanvasDraft
    | CanvasCommitted
    | SpanRenoised
    | TextCommitted
    | ThoughtCommitted
    | ToolCallStarted
    | ToolCallDiscarded
    | ToolCallFinished
    | HistoryCompacted
    | HandedOver
    | DelegatedEvent
    | UsageWarning
    | RunFinished
)
