"""What a run spends, and what it may spend."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Real

from agentkit.errors import UserError


@dataclass(slots=True)
class Usage:
    """What was spent.

    turns             answers asked of the model
    canvases          canvases denoised
    denoising_steps   passes over a canvas
    prompt_tokens     tokens read into the context; a prefix that was reused is not counted again
    cached_tokens     those of them that an earlier prompt on the same engine began with, which cost next to nothing
    output_tokens     tokens the model wrote and committed
    repairs           times that a call's wrong arguments were re-noised
    tool_calls        tools that began
    handoffs          times that the conversation was handed to another agent
    seconds           wall-clock time
    """

    turns: int = 0
    canvases: int = 0
    denoising_steps: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    repairs: int = 0
    tool_calls: int = 0
    handoffs: int = 0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and output tokens together."""
        return self.prompt_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Usage)})


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLimits:
    """The most a run may spend; None is no limit. The defaults stop a loop that has run away.

    A run that meets a limit ends with `stop_reason="usage_limit"` and what it reached until then. Limits hold while a
    canvas is denoised: it gets the steps and tokens that are left, and ends between two steps when the time is over.

    identical_calls   how often in a row the same calls may bring the same results, alone or in turns (A, B, A, B, ...),
                      before the run ends with `stop_reason="repeated_call"`; at least 2
    """

    turns: int | None = 25
    canvases: int | None = 200
    denoising_steps: int | None = 10_000
    repairs: int | None = 100
    tool_calls: int | None = 100
    handoffs: int | None = 10
    tokens: int | None = 500_000
    seconds: float | None = None
    identical_calls: int | None = 5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 2 if field.name == "identical_calls" else 0
            if value is not None and not (isinstance(value, Real) and float(value) >= least):
                raise UserError(f"UsageLimits.{field.name} must be at least {least} or None, and is {value!r}.")

    @classmethod
    def none(cls) -> UsageLimits:
        """No limits at all."""
        return cls(**{field.name: None for field in fields(cls)})


LIMITS = tuple(field.name for field in fields(UsageLimits) if field.name != "identical_calls")
"""What is counted: every limit but the one on repetition."""
