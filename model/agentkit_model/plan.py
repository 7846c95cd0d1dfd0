"""What is asked of a canvas, what can be seen of it on the way, and what comes out: plain values without tensors."""

import operator
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, SupportsIndex

from agentkit_model.errors import PlanError
from agentkit_model.path import Hold
from agentkit_model.sampler import SamplerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CanvasPlan:
    """How to fill one canvas. None means the checkpoint's default.

    Attributes:
        seed: of the canvas' own noise; None draws one, which the result reports.
        max_denoising_steps, entropy_bound, t_min, t_max, stability_threshold, confidence_threshold: of SamplerSettings.
            If only one of t_min and t_max is given and the other's default contradicts it, the other follows.
        clamped: position -> token id, held from the first step to the last.
        initial: the canvas to start from, one entry for each position; None entries start as noise.
        hold: the automaton that the canvas obeys, and how strongly.
        review: nats by which the encoder, reading a canvas that is held and done, has to expect another token more than
            the one that stands there for the canvas to be denoised anew from there, before other ways are tried (see
            `agentkit_model.review`). None: it is not read.
    """

    seed: int | None = None
    max_denoising_steps: int | None = None
    entropy_bound: float | None = None
    t_min: float | None = None
    t_max: float | None = None
    stability_threshold: int | None = None
    confidence_threshold: float | None = None
    clamped: Mapping[int, int] = field(default_factory=dict)
    initial: Sequence[int | None] | None = None
    hold: Hold | None = None
    review: float | None = None

    def settings(self, defaults: SamplerSettings) -> SamplerSettings:
        """The checkpoint's settings with this plan's put over them."""
        names = SamplerSettings.__dataclass_fields__
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        if "t_max" in given and "t_min" not in given:
            given["t_min"] = min(defaults.t_min, given["t_max"])
        if "t_min" in given and "t_max" not in given:
            given["t_max"] = max(defaults.t_max, given["t_min"])
        return replace(defaults, **given)

    def checked(self, canvas_length: int, vocab_size: int) -> "CanvasPlan":
        """The plan with plain numbers of its own; raises PlanError where one does not fit the model."""
        seed = None if self.seed is None else _whole(self.seed, "seed", 2**63)
        clamped: dict[int, int] = {}
        for position, token in dict(self.clamped).items():
            place = _whole(position, "a clamped position", canvas_length)
            clamped[place] = _whole(token, f"clamped[{place}]", vocab_size)
        if self.hold is not None:
            self.hold.check(vocab_size)
        if self.review is not None and not self.review >= 0:
            raise PlanError(f"review is a number of nats of at least 0, or None, not {self.review!r}")
        initial = None if self.initial is None else tuple(self.initial)
        if initial is not None:
            if len(initial) != canvas_length:
                raise PlanError(f"initial has {len(initial)} entries; the canvas has {canvas_length} positions")
            initial = tuple(
                None if entry is None else _whole(entry, f"initial[{position}]", vocab_size)
                for position, entry in enumerate(initial)
            )
        return replace(self, seed=seed, clamped=clamped, initial=initial)


def _whole(value: SupportsIndex, name: str, end: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise PlanError(f"{name} must be a whole number, not {value!r}") from None
    if not 0 <= number < end:
        raise PlanError(f"{name} must be between 0 and {end - 1}, not {number}")
    return number


@dataclass(frozen=True, slots=True)
class Draft:
    """A canvas after one step, as somebody who looks on sees it.

    Attributes:
        step: 1 for the first.
        tokens: what would be the result now: the most probable path of the plan's automaton, or without one the most
            probable token of each position (not the sampled one).
        entropies: of each position, in nats, at the step's temperature, whatever is held.
        accepted: which positions the sampler accepted in this step; the others are noise again.
        departures: positions where the path is not what the model alone would have written.
    """

    step: int
    tokens: tuple[int, ...]
    entropies: tuple[float, ...]
    accepted: tuple[bool, ...]
    departures: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CanvasResult:
    """A finished canvas.

    Attributes:
        tokens: the most probable token of each position, the whole canvas, as transformers' generate() returns it;
            under a hold the most probable path.
        length: tokens up to and including the first stop token; the whole canvas if there is none.
        stopped: whether there is a stop token.
        entropies: of each position in the last step, in nats, at that step's temperature.
        steps: denoising steps taken; 0 if every position was clamped.
        reason: "stable" (and confident), or "max_steps" when the steps ran out first.
        seed: of the noise; a plan with it and the same context gives the same canvas again.
        position: the number of tokens in the context that the canvas continues.
        probabilities: that the model itself gave each token in the last step, at temperature 1.
        departures: positions where a hold's path is not what the model alone would have written.
        states: the automaton's state behind each position; empty without a hold.
        renoised: the first position from which the canvas was denoised anew, since the encoder expected another token
            there, and the steps of all that came of it; None if it was not.
    """

    tokens: tuple[int, ...]
    length: int
    stopped: bool
    entropies: tuple[float, ...]
    steps: int
    reason: Literal["stable", "max_steps"]
    seed: int
    position: int
    probabilities: tuple[float, ...] = ()
    departures: tuple[int, ...] = ()
    states: tuple[int, ...] = ()
    renoised: tuple[int, int] | None = None

    @classmethod
    def of(
        cls,
        tokens: Sequence[int],
        entropies: Sequence[float],
        *,
        stop_tokens: Collection[int],
        steps: int,
        reason: Literal["stable", "max_steps"],
        seed: int,
        position: int,
        probabilities: Sequence[float] = (),
        departures: Sequence[int] = (),
        states: Sequence[int] = (),
    ) -> "CanvasResult":
        """The result for a whole canvas: finds the first stop token."""
        stop = next((index for index, token in enumerate(tokens) if token in stop_tokens), None)
        length = len(tokens) if stop is None else stop + 1
        return cls(
            tokens=tuple(tokens),
            length=length,
            stopped=stop is not None,
            entropies=tuple(entropies),
            steps=steps,
            reason=reason,
            seed=seed,
            position=position,
            probabilities=tuple(probabilities),
            departures=tuple(departures),
            states=tuple(states),
        )
