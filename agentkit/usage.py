"""What a run spends, and what it may spend."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from agentkit.errors import UsageLimitExceeded, UserError


@dataclass(slots=True)
class Usage:
    """What was spent.

    turns             answers asked of the model
    canvases          canvases denoised
    denoising_steps   passes over a canvas
    prompt_tokens     tokens read into the context; a prefix that was reused is not counted again
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

    A run that meets a limit ends with `stop_reason="usage_limit"` and what it reached until then.
    """

    turns: int | None = 25
    canvases: int | None = 200
    denoising_steps: int | None = 10_000
    repairs: int | None = 100
    tool_calls: int | None = 100
    handoffs: int | None = 10
    tokens: int | None = 500_000
    seconds: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not value >= 0:
                raise UserError(f"UsageLimits.{field.name} must be at least 0 or None, and is {value!r}.")

    @classmethod
    def none(cls) -> UsageLimits:
        """No limits at all."""
        return cls(**{field.name: None for field in fields(cls)})


class Budget:
    """Counts what is spent and holds it to the limits.

    Budgets nest: what is spent on a child is spent on its parent as well, and the tightest limit holds. A model gets a
    child of its run's budget for each turn; it asks `check_canvas()` before a canvas and calls `spend(...)` as it goes.
    """

    def __init__(
        self, limits: UsageLimits | None = None, *, parent: Budget | None = None, spent: Usage | None = None
    ) -> None:
        self.limits = limits if limits is not None else UsageLimits.none()
        self.usage = replace(spent) if spent is not None else Usage()
        self._parent = parent

    def child(self, limits: UsageLimits | None = None) -> Budget:
        return Budget(limits, parent=self)

    def spend(self, **amounts: Any) -> None:
        """Adds to the usage, by the fields' names. Raises `UsageLimitExceeded` once a maximum is exceeded."""
        self._add(amounts)
        self._check(set(amounts))

    def check_turn(self) -> None:
        """Raises `UsageLimitExceeded` when no turn is left."""
        self._check_left("turns", 1)
        self._check_left("tokens", 1)
        self.check_canvas()

    def check_canvas(self) -> None:
        """Raises `UsageLimitExceeded` when no canvas, denoising step or token is left. Call it before each canvas."""
        for name in ("canvases", "denoising_steps", "tokens"):
            self._check_left(name, 1)

    def check_tool_calls(self, count: int) -> None:
        """Raises `UsageLimitExceeded` when `count` calls are more than are left."""
        self._check_left("tool_calls", count)

    def check(self) -> None:
        """Raises `UsageLimitExceeded` when a maximum is exceeded."""
        for field in fields(UsageLimits):
            self._check_left(field.name, 0)

    def left(self, name: str) -> float | None:
        """How much of a limit, by its field's name, is left; None without a limit."""
        maximum = getattr(self.limits, name)
        own = None if maximum is None else max(0, maximum - getattr(self.usage, name))
        outer = self._parent.left(name) if self._parent is not None else None
        return own if outer is None else outer if own is None else min(own, outer)

    def settle(self, usage: Usage) -> None:
        """Adds what `usage` reports beyond what was already spent here, so nothing counts twice. Raises nothing."""
        missing = {f.name: getattr(usage, f.name) - getattr(self.usage, f.name) for f in fields(Usage)}
        self._add({name: amount for name, amount in missing.items() if amount > 0})

    def _add(self, amounts: dict[str, Any]) -> None:
        for name, amount in amounts.items():
            setattr(self.usage, name, getattr(self.usage, name) + amount)
        if self._parent is not None:
            self._parent._add(amounts)

    def _check(self, spent: set[str]) -> None:
        for name in spent:
            limit = "tokens" if name in ("prompt_tokens", "output_tokens") else name
            self._check_left(limit, 0)

    def _check_left(self, name: str, wanted: int) -> None:
        maximum = getattr(self.limits, name)
        if maximum is not None and getattr(self.usage, name) + wanted > maximum:
            raise UsageLimitExceeded(name, maximum)
        if self._parent is not None:
            self._parent._check_left(name, wanted)
