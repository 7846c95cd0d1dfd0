"""From what a model thinks of its own values to how often it is right: a monotone map, fitted on cases it never saw."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from agentkit.errors import UserError

LEAST = 20  # judged values that a step of the map rests on


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map of certainties, linear between its points; without points nothing is changed.

    raw    certainties as the model gives them, rising, from 0 to 1
    right  the share of values of such a certainty that are right, never falling
    """

    raw: tuple[float, ...] = ()
    right: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in pairwise(self.raw))
        falling = any(a > b for a, b in pairwise(self.right))
        within = all(0 <= value <= 1 for value in (*self.raw, *self.right))
        if len(self.raw) != len(self.right) or not rising or falling or not within:
            raise UserError(f"A calibration maps rising shares to shares that don't fall: {self!r}.")

    def __call__(self, certainty: float) -> float:
        """The share of values of this certainty that are right."""
        if not self.raw:
            return certainty
        at = bisect_right(self.raw, certainty)
        if at == 0 or at == len(self.raw):
            return self.right[max(at - 1, 0)]
        low, high = self.raw[at - 1], self.raw[at]
        share = (certainty - low) / (high - low)
        return self.right[at - 1] + share * (self.right[at] - self.right[at - 1])

    @classmethod
    def fit(cls, judged: Iterable[tuple[float, bool]]) -> Calibration:
        """The map of values whose certainty is known, and whether they were right.

        Isotonic regression by pooling adjacent violators (Zadrozny and Elkan 2002, Transforming Classifier Scores into
        Accurate Multiclass Probability Estimates), from steps of at least `LEAST` values each, those of one certainty
        together; a point for each pool, at its mean certainty. Without values nothing is changed.
        """
        pairs = sorted((round(certainty, 6), right) for certainty, right in judged)
        pools: list[tuple[int, float, float]] = []  # values, sum of certainties, right ones
        while pairs:
            end = bisect_right(pairs, (pairs[:LEAST][-1][0], True))
            step, pairs = pairs[:end], pairs[end:]
            pools.append((len(step), sum(c for c, _ in step), sum(right for _, right in step)))
            while len(pools) > 1 and pools[-2][2] / pools[-2][0] >= pools[-1][2] / pools[-1][0]:
                (n, c, r), (m, d, s) = pools.pop(), pools.pop()
                pools.append((n + m, c + d, r + s))
        points = {round(certainty / count, 6): round(right / count, 6) for count, certainty, right in pools}
        return cls(tuple(points), tuple(points.values()))
