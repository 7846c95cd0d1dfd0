"""What a model is to the loop: something to converse with, one method wide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from agentkit.budget import Budget
from agentkit.messages import (
    JSON,
    AssistantMessage,
    AssistantPart,
    Message,
    TextPart,
    ThoughtPart,
    ToolCallPart,
    ToolDefinition,
)
from agentkit.schema import ArgumentFault
from agentkit.settings import ModelSettings
from agentkit.usage import Usage

if TYPE_CHECKING:
    from agentkit.dialects.base import Fault, Outline
    from agentkit.events import Event

Emit: TypeAlias = "Callable[[Event], Awaitable[None]]"
"""Where a model's events go."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told how far the opening of a model has come: a stage ("import", "download" in bytes, "weights" in tensors), how much
of it is done, and of how much; 0 where that isn't known. It must be quick."""

Finish: TypeAlias = Literal["stop", "tool_calls", "length"]


@dataclass(frozen=True, slots=True)
class CanvasRecord:
    """One committed canvas of a run.

    index      0 for the run's first canvas
    tokens     the committed token ids, up to and including the stop
    entropies  the denoiser's uncertainty (nats) at each of them
    steps      denoising steps it took
    reason     why denoising ended: "stable" or "max_steps"
    stopped    whether a stop token ended the turn here
    text       the tokens as text, control tokens shown literally
    probabilities  that the model itself gave each of the tokens in the last step
    departures     positions at which the constraints chose another token than the model
    """

    index: int
    tokens: tuple[int, ...] = ()
    entropies: tuple[float, ...] = ()
    steps: int = 0
    reason: str = ""
    seed: int | None = None
    stopped: bool = False
    text: str = ""
    probabilities: tuple[float, ...] = ()
    departures: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One turn asked of a model.

    messages   the whole conversation, the SystemMessage first where there are instructions
    tools      the tools it may call (none under `tool_choice="none"`)
    output_tools       tools whose call is the answer and ends the run
    allow_text_output  whether text is an answer; if not, the turn has to call a tool or an output tool
    budget     ask it before each canvas, with `held(...)` for what the canvas may spend or at least `check_canvas()`,
               and call `spend(...)` as it goes; all raise `UsageLimitExceeded`
    drafts     whether anybody looks at `CanvasDraft` events; when False none need be made
    written    canvases of this turn that were committed in a process that was stopped: a model that can goes on after
               them, one that can't writes the turn anew
    canvases   how many canvases of the run were committed before this turn
    early      takes calls that the model will probably make, while it still writes, so that their tools may begin; None
               where no tool could. To be used as `settings.early_tools` says, in the event loop and until the turn ends
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    settings: ModelSettings = field(default_factory=ModelSettings)
    budget: Budget = field(default_factory=Budget)
    drafts: bool = False
    early: Callable[[ToolCallPart], None] | None = None
    output_tools: tuple[ToolDefinition, ...] = ()
    allow_text_output: bool = True
    written: tuple[CanvasRecord, ...] = ()
    canvases: int = 0

    @property
    def declared(self) -> tuple[ToolDefinition, ...]:
        """All that the model may call."""
        return (*self.tools, *self.output_tools)


@dataclass(frozen=True, slots=True)
class ModelResponse:
    """One turn of a model.

    finish   "stop", "tool_calls", or "length" when the turn was cut off by a limit of the model or by `max_tokens`
    faults   what was wrong with it, with token spans
    doubts   arguments that the model itself is unsure of, by the call's place in the turn
    usage    what it cost; whatever was already spent on the request's budget is not counted again
    """

    message: AssistantMessage
    faults: tuple[Fault, ...] = ()
    finish: Finish = "stop"
    doubts: Mapping[int, Sequence[ArgumentFault]] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    canvases: tuple[CanvasRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class WrongCall:
    """A call of a turn that has to be written again.

    index     which of the turn's calls it is
    pointers  JSON pointers of the arguments at fault; `""` is all of them
    reason    what was wrong
    banned    values that were wrong there, by pointer
    """

    index: int
    pointers: tuple[str, ...]
    reason: str
    banned: Mapping[str, Sequence[JSON]] = field(default_factory=dict)


class Conversation(ABC):
    """One run's talk with a model; it may hold what can be reused between turns, such as a cache of the prefix."""

    @abstractmethod
    async def respond(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Writes the next turn.

        Emits the canvases and parts as they are committed. Raises `UsageLimitExceeded` when the budget ends and
        `ModelError` when the model fails. It must be cancellable at its awaits.
        """

    async def repair(
        self, request: ModelRequest, message: AssistantMessage, wrong: WrongCall, emit: Emit
    ) -> AssistantMessage | None:
        """The turn with one call's wrong arguments written again and all else kept.

        `request` is what `message` answered. None means that it can't be, and the model has to be told in words: where
        nothing else may stand there, and so it is with every model that doesn't write on canvases.
        """
        return None


class Model(ABC):
    """A model that agents can talk to. Many runs may use it at once, each through a conversation of its own.

    `settings` are what holds where a run says nothing.
    """

    name: str = "model"
    settings: ModelSettings = ModelSettings()

    def parts_of(self, canvases: Sequence[CanvasRecord]) -> Sequence[AssistantPart]:
        """What the canvases of a turn say that was interrupted: its text and thoughts, no calls.

        Nothing, for a model whose canvases say nothing by themselves.
        """
        return ()

    @property
    def context_length(self) -> int | None:
        """The most tokens that a prompt and what is written after it can have; None where the model doesn't say."""
        return None

    def outline(self, request: ModelRequest) -> Outline | None:
        """The tokens of the parts of a prompt; None where the model doesn't count them."""
        return None

    @abstractmethod
    def converse(self) -> AbstractAsyncContextManager[Conversation]:
        """Opens a conversation; whatever it holds is released on leaving."""


async def emit_parts(message: AssistantMessage, emit: Emit) -> None:
    """Emits a whole message's text and thoughts as committed, for models that don't stream."""
    from agentkit.events import TextCommitted, ThoughtCommitted

    for part in message.parts:
        if isinstance(part, TextPart):
            await emit(TextCommitted(part.text))
        elif isinstance(part, ThoughtPart):
            await emit(ThoughtCommitted(part.text))
