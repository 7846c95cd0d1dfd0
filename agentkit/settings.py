"""How a model is asked to write."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite
from numbers import Integral, Real
from typing import Literal

from agentkit.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """How canvases are held to the tools' schemas while they are denoised; measured on the bundled model.

    bonus      added to the logits of the most probable allowed path, so that the rest of the canvas adapts to it; from
               about 20 on the path is the canvas, at 0 the canvas is held only at the end
    from_step  the first denoising step (0, 1, ...) in which the path is bound; until then the canvas finds itself
    settle     share of its marginal that the model must give to the kind of a turn (text, thought, call) before the
               canvas is held to it
    patience   denoising steps after which it is held to the likeliest kind, settled or not
    grounding  "declared": only parameters declared as grounded take their values from the conversation; "inferred": the
               others prefer to
    sources    where grounded values stand: the "conversation" (all user messages and tool results), what the "user"
               said, or the latest "request" alone
    preference nats a token by which an inferred value has to be less probable than another one to lose against it
    twice      nats that each two values of a call, or items of a list, cost that take the same word of the
               conversation; at 0 what was said once may be written as often as there are values
    naming     nats a token that values cost, where grounding is inferred, for words that stand in their tool's name,
               and a third of it for those in its description: who says them speaks of the tool. The word of a
               parameter's own name is free behind one that describes it: the front door of lock_door(door)
    labels     nats that a value costs, where grounding is inferred, beside words that name another parameter ("20
               percent", "from Oslo to Rome"), or as such a name; half of it where its own name stands elsewhere. So
               does a yes where no was said, and a no where yes was; five eighths of it is what leaving out an optional
               value costs that the request speaks of ("in quiet mode", "with breakfast"), and twice that for a number
               with a label ("the last 50 lines"). With it, words that belong together ("light bulbs") are not parted
    relevance  nats that a call costs for each point (BM25) by which its tool's words fit the request worse than
               another's; a quarter of it, for each beyond 1, is in favour of a call where the turn begins. For small
               models, which miss what plain words say
    """

    bonus: float = 8.0
    from_step: int = 2
    settle: float = 0.9
    patience: int = 4
    grounding: Literal["declared", "inferred"] = "declared"
    sources: Literal["conversation", "user", "request"] = "conversation"
    preference: float = 8.0
    twice: float = 16.0
    naming: float = 12.0
    labels: float = 8.0
    relevance: float = 0.0

    def __post_init__(self) -> None:
        numbers = [getattr(self, field.name) for field in fields(self) if field.name not in ("grounding", "sources")]
        if not (all(number >= 0 for number in numbers) and self.settle <= 1):
            raise UserError(f"Constraints: every number is at least 0, and settle at most 1: {self!r}.")
        for name in ("labels", "relevance"):
            if not isfinite(getattr(self, name)):
                raise UserError(f"Constraints.{name} is a finite number of nats, not {getattr(self, name)!r}.")
        if self.grounding not in ("declared", "inferred"):
            raise UserError(f'Constraints.grounding is "declared" or "inferred", not {self.grounding!r}.')
        if self.sources not in ("conversation", "user", "request"):
            raise UserError(f'Constraints.sources is "conversation", "user" or "request", not {self.sources!r}.')


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyTools:
    """When a call on a canvas that is still being denoised may begin; measured on the bundled model.

    steps      denoising steps through which the call has stayed the same since it was complete; 0: at once
    certainty  the largest mean entropy (nats) over the call's tokens
    """

    steps: int = 1
    certainty: float = 0.5

    def __post_init__(self) -> None:
        if not (self.steps >= 0 and self.certainty >= 0):
            raise UserError(f"EarlyTools: steps and certainty are at least 0: {self!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Settings of a model's turn. None leaves the choice to the model, or to the settings this is merged onto.

    max_tokens            most tokens of one turn, thoughts and calls included
    max_denoising_steps   most denoising steps of one canvas
    entropy_bound         how much joint entropy (nats) may be accepted in one denoising step
    temperature           (t_max, t_min): the temperature falls from the first to the second over a canvas; 0 is greedy
    seed                  makes a run repeatable: canvas n of the run is denoised with a seed that follows from it
    max_tools             most tools that a turn is told about: of more, those whose words fit the request best
    tool_choice           "auto", "required", "none" or a tool's name; after the first call it is "auto" again
    thinking              whether the model writes thoughts; a number: one in a turn, of at most so many tokens
    candidates            how many drafts of each canvas are denoised side by side; the one with the fewest faults, then
                          the most certain, is kept
    constraints           how canvases are held to the tools' schemas; False: not at all
    repairs               how often a call's wrong arguments are re-noised before the model is told about them
    doubt                 mean entropy (nats) over an argument's tokens above which it counts as wrong; None: never
    review                nats by which the encoder, reading a finished canvas from left to right, has to expect another
                          allowed token in a call more than the one there for the canvas to be re-noised from there,
                          before other ways are tried; None: it is not read. Only for models whose encoder was trained
                          to predict, as the bundled one's was
    early_tools           when calls of read-only tools begin before their canvas is done; None or False: never
    """

    max_tokens: int | None = None
    max_denoising_steps: int | None = None
    entropy_bound: float | None = None
    temperature: tuple[float, float] | None = None
    seed: int | None = None
    max_tools: int | None = None
    tool_choice: str | None = None
    thinking: bool | int | None = None
    candidates: int | None = None
    constraints: Constraints | Literal[False] | None = None
    repairs: int | None = None
    doubt: float | None = None
    review: float | None = None
    early_tools: EarlyTools | Literal[False] | None = None

    def __post_init__(self) -> None:
        for name in ("max_tokens", "max_denoising_steps", "max_tools", "candidates"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, Real) and float(value) >= 1):
                raise UserError(f"ModelSettings.{name} must be at least 1, and is {value!r}.")
        for name in ("thinking", "repairs", "doubt", "review"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, Real) and float(value) >= 0):
                raise UserError(f"ModelSettings.{name} must be at least 0, and is {value!r}.")
        if not isinstance(self.seed, Integral | None):
            raise UserError(f"ModelSettings.seed is a whole number, not {self.seed!r}.")
        if self.constraints is not False and not isinstance(self.constraints, Constraints | None):
            raise UserError(f"ModelSettings.constraints is a Constraints or False, not {self.constraints!r}.")
        if self.early_tools is not False and not isinstance(self.early_tools, EarlyTools | None):
            raise UserError(f"ModelSettings.early_tools is an EarlyTools or False, not {self.early_tools!r}.")
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
