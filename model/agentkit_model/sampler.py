"""The entropy-bound sampler: pure functions over the logits of one canvas.

All of them follow transformers' `generation_diffusion_gemma.py`; the acceptance rule is Ben-Hamu et al., "Accelerated
sampling from masked diffusion models via entropy bounded unmasking" (https://arxiv.org/abs/2505.24857). L is the canvas
length, V the vocabulary size. Every function works on a single canvas, so a canvas never sees its batch.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Protocol

import torch
from torch import Tensor

from agentkit_model.errors import PlanError


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerSettings:
    """How a canvas is denoised. The defaults are those of transformers; a checkpoint brings its own.

    Attributes:
        max_denoising_steps: steps after which the canvas is taken as it is; the temperature schedule spans them.
        entropy_bound: nats of joint entropy that the tokens accepted in one step may add up to (see `accept`).
        t_min: temperature that the schedule falls towards; 0 is greedy.
        t_max: temperature of the first step.
        stability_threshold: steps in a row that the most probable canvas must have stayed the same.
        confidence_threshold: nats of mean entropy below which the canvas counts as confident.
    """

    max_denoising_steps: int = 48
    entropy_bound: float = 0.1
    t_min: float = 0.4
    t_max: float = 0.8
    stability_threshold: int = 1
    confidence_threshold: float = 0.005

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value < 0:
                raise PlanError(f"{field.name} must be a finite number of at least 0, not {value!r}")
        if self.max_denoising_steps < 1 or self.max_denoising_steps != int(self.max_denoising_steps):
            raise PlanError(f"max_denoising_steps must be a whole number of at least 1, not {self.max_denoising_steps}")
        if self.stability_threshold != int(self.stability_threshold):
            raise PlanError(f"stability_threshold must be a whole number, not {self.stability_threshold}")
        if self.t_max < self.t_min:
            raise PlanError(f"t_max ({self.t_max}) must not be below t_min ({self.t_min}): temperatures fall")


class Constraint(Protocol):
    """Something that may change a canvas' logits at every step, before temperature, sampling and acceptance."""

    def __call__(self, logits: Tensor, step: int) -> Tensor:
        """Logits (L, V) float32 of step 0, 1, ... in, logits to go on with out. May change its argument in place."""


class Clamp:
    """Holds positions at tokens: all probability on that token, so entropy 0 and nothing from the entropy budget."""

    def __init__(self, positions: Tensor, tokens: Tensor) -> None:
        self.positions = positions  # (K,) long
        self.tokens = tokens  # (K,) long

    def __call__(self, logits: Tensor, step: int) -> Tensor:
        logits[self.positions] = -torch.inf
        logits[self.positions, self.tokens] = 0.0
        return logits


def temperature(settings: SamplerSettings, step: int) -> Tensor:
    """The temperature of step 0, 1, ..., linear in the steps that remain: a float32 number on the CPU.

    It is computed in float32 as transformers does, so that the tempered logits agree to the last bit.
    """
    remaining = torch.tensor(settings.max_denoising_steps - step, dtype=torch.int32) / settings.max_denoising_steps
    return settings.t_min + (settings.t_max - settings.t_min) * remaining


def temper(logits: Tensor, temperature: Tensor) -> Tensor:
    """Divides logits (L, V) by the temperature; at 0 all the probability goes to the most probable token."""
    if temperature > 0:
        return logits / temperature
    best = logits.argmax(dim=-1, keepdim=True)  # (L, 1)
    return torch.full_like(logits, -torch.inf).scatter_(-1, best, 0.0)


def log_normalise(logits: Tensor) -> Tensor:
    """Logits (L, V) to log-probabilities (L, V)."""
    return logits - logits.logsumexp(dim=-1, keepdim=True)


def entropy(log_probs: Tensor, probs: Tensor) -> Tensor:
    """Entropy in nats of each position (L,), from (L, V) log-probabilities and probabilities."""
    return -(log_probs.clamp(min=torch.finfo(log_probs.dtype).min) * probs).sum(dim=-1)


def draw(probs: Tensor, uniforms: Tensor) -> Tensor:
    """One token per position (L,) by inverting the cumulated probabilities (L, V) at uniform numbers (L,) in [0, 1).

    A token of probability 0 is never drawn. One random number a position keeps the noise small enough to be drawn on
    the CPU for any vocabulary, so that a seed means the same on every device.
    """
    cumulated = probs.cumsum(dim=-1)  # (L, V)
    targets = uniforms[:, None] * cumulated[:, -1:]  # (L, 1)
    tokens = torch.searchsorted(cumulated, targets, right=True).squeeze(-1)  # (L,)
    # Rounding can lift a target to the very total; the most probable token stands in for "the last possible one".
    return torch.where(tokens < probs.shape[-1], tokens, probs.argmax(dim=-1))


def accept(entropies: Tensor, bound: float) -> Tensor:
    """Which positions (L,) to accept: in ascending order of entropy, as long as those before add up to at most `bound`.

    The sum of the accepted entropies without the largest bounds their mutual information. The most certain position is
    always accepted; positions of entropy 0 cost nothing.
    """
    ordered, order = entropies.sort(dim=-1)  # (L,), (L,)
    chosen = ordered.cumsum(dim=-1) - ordered <= bound  # (L,) ascending order
    return torch.zeros_like(chosen).scatter_(-1, order, chosen)


def stable(argmax: Tensor, history: Iterable[Tensor], threshold: int) -> Tensor | None:
    """Whether the most probable canvas (L,) equals the last `threshold` ones: bool (); None = not yet known."""
    past = list(history)
    if len(past) < threshold:
        return None
    if threshold == 0:
        return torch.ones((), dtype=torch.bool, device=argmax.device)
    return (torch.stack(past) == argmax).all()


def confident(entropies: Tensor, free: Tensor | None, threshold: float) -> Tensor:
    """Whether the mean entropy over the free positions is below the threshold: a bool of shape ().

    `free` (L,) bool leaves out clamped positions: they are certain by decree, and a mean that counts them would stop
    a canvas with few free positions far too early. None means that all are free.
    """
    if free is not None:
        return (entropies * free).sum(dim=-1) < threshold * free.sum(dim=-1)
    return entropies.mean(dim=-1) < threshold
