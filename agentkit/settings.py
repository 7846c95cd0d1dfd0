"""How a model is asked to write."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from agentkit.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Settings of a model's turn. None leaves the choice to the model, or to the settings this is merged onto.

    max_tokens            most tokens of one turn, thoughts and calls included
    max_denoising_steps   most denoising steps of one canvas
    entropy_bound         how much joint entropy (nats) may be accepted in one denoising step
    temperature           (t_max, t_min): the temperature falls from the first to the second over a canvas; 0 is greedy
    seed                  makes a run repeatable: canvas n of the run is denoised with a seed that follows from it
    tool_choice           "auto", "required", "none" or a tool's name; after the first call it is "auto" again
    thinking              whether the model writes thoughts
    candidates            how many drafts of each canvas are denoised side by side
    """

    max_tokens: int | None = None
    max_denoising_steps: int | None = None
    entropy_bound: float | None = None
    temperature: tuple[float, float] | None = None
    seed: int | None = None
    tool_choice: str | None = None
    thinking: bool | None = None
    candidates: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_tokens", "max_denoising_steps", "candidates"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"ModelSettings.{name} must be at least 1, and is {value!r}.")
        if self.entropy_bound is not None and not self.entropy_bound >= 0:
            raise UserError(f"ModelSettings.entropy_bound must be at least 0 nats, and is {self.entropy_bound!r}.")
        if self.temperature is not None:
            t_max, t_min = _pair(self.temperature)
            if not 0 <= t_min <= t_max:
                raise UserError(
                    f"ModelSettings.temperature is (t_max, t_min), 0 <= t_min <= t_max: {self.temperature!r}."
                )

    def merge(self, over: ModelSettings | None) -> ModelSettings:
        """These settings with those of `over` that are not None in their place."""
        if over is None:
            return self
        given = {f.name: getattr(over, f.name) for f in fields(over) if getattr(over, f.name) is not None}
        return replace(self, **given)


def _pair(value: object) -> tuple[float, float]:
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return value[0], value[1]
    raise UserError(f"ModelSettings.temperature is a pair (t_max, t_min), not {value!r}.")
