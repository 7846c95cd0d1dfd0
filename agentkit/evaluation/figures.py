"""Outcomes in figures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from agentkit.evaluation.judge import Outcome
from agentkit.messages import JSON


@dataclass(frozen=True)
class Share:
    """How many of how many, with the 95% interval of the share (Wilson's score interval, 1927)."""

    count: int
    of: int

    @property
    def value(self) -> float:
        return self.count / self.of

    @property
    def interval(self) -> tuple[float, float]:
        z, n, p = 1.959964, self.of, self.value
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        return f"{self.value:.1%}"


@dataclass(frozen=True)
class Figures:
    """What a variant's outcomes come to. A share of nothing is None.

    passed       all that was judged is right
    right_calls, valid_calls, right_answers   of those in which there was something to judge
    errors       runs that raised
    steps_per_canvas, canvases_per_case, repairs_per_case
    milliseconds, milliseconds_median   of a run
    """

    runs: int
    errors: int
    passed: Share | None
    right_calls: Share | None
    valid_calls: Share | None
    right_answers: Share | None
    steps_per_canvas: float
    canvases_per_case: float
    repairs_per_case: float
    milliseconds: float
    milliseconds_median: float

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Figures:
        ran = [outcome for outcome in outcomes if not outcome.error]
        canvases = sum(outcome.canvases for outcome in ran)
        return cls(
            runs=len(outcomes),
            errors=len(outcomes) - len(ran),
            passed=_share(outcome.passed for outcome in outcomes),
            right_calls=_share(outcome.right_calls for outcome in outcomes),
            valid_calls=_share(outcome.valid_calls for outcome in outcomes),
            right_answers=_share(outcome.right_answer for outcome in outcomes),
            steps_per_canvas=sum(outcome.steps for outcome in ran) / canvases if canvases else 0.0,
            canvases_per_case=canvases / len(ran) if ran else 0.0,
            repairs_per_case=sum(outcome.repairs for outcome in ran) / len(ran) if ran else 0.0,
            milliseconds=fmean(outcome.milliseconds for outcome in ran) if ran else 0.0,
            milliseconds_median=median(outcome.milliseconds for outcome in ran) if ran else 0.0,
        )


@dataclass(frozen=True)
class VariantOutcomes:
    """A variant's outcomes, repetition by repetition, the cases in their order."""

    name: str
    model: str
    settings: dict[str, JSON]
    outcomes: tuple[Outcome, ...]

    @property
    def figures(self) -> Figures:
        return Figures.of(self.outcomes)


@dataclass(frozen=True)
class Evaluation:
    """What came of all cases with all variants."""

    variants: tuple[VariantOutcomes, ...]

    def as_json(self) -> dict[str, Any]:
        """Figures and outcomes, for files."""
        return {
            "variants": [
                {
                    "name": variant.name,
                    "model": variant.model,
                    "settings": variant.settings,
                    "figures": _figures_as_json(variant.figures),
                    "outcomes": [{**asdict(outcome), "passed": outcome.passed} for outcome in variant.outcomes],
                }
                for variant in self.variants
            ]
        }

    def save(self, path: str | Path) -> None:
        """Writes `as_json()`, with "?" for lone surrogates, which are no text."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n"
        Path(path).write_text(text, encoding="utf-8", errors="replace")

    def table(self) -> Table:
        """The figures for a terminal of 80 columns or more."""
        table = Table(box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False)
        rows = [row(variant) for variant in self.variants]
        for heading, *cells in zip(HEADINGS, *rows, strict=True):
            variants = heading == HEADINGS[0]
            width = max(map(len, [*heading.split(), *(() if variants else cells)]))
            table.add_column(heading, justify="left" if variants else "right", min_width=width, overflow="fold")
        for cells_of_variant in rows:
            table.add_row(*cells_of_variant)
        return table


HEADINGS = (
    "variant",
    "runs",
    "passed",
    "right calls",
    "valid calls",
    "right answers",
    "steps a canvas",
    "ms a run",
    "median",
    "errors",
)


def row(variant: VariantOutcomes) -> tuple[str, ...]:
    """A variant's figures under `HEADINGS`."""
    figures = variant.figures
    shares = (figures.passed, figures.right_calls, figures.valid_calls, figures.right_answers)
    return (
        variant.name,
        str(figures.runs),
        *("" if share is None else str(share) for share in shares),
        f"{figures.steps_per_canvas:.1f}",
        f"{figures.milliseconds:.0f}",
        f"{figures.milliseconds_median:.0f}",
        str(figures.errors),
    )


def _share(values: Iterable[bool | None]) -> Share | None:
    judged = [value for value in values if value is not None]
    return Share(sum(judged), len(judged)) if judged else None


def _figures_as_json(figures: Figures) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Share):
            low, high = value.interval
            return {"share": value.value, "count": value.count, "of": value.of, "low": low, "high": high}
        return value

    return {name: plain(getattr(figures, name)) for name in figures.__dataclass_fields__}
