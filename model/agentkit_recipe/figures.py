"""How right an outcome is, and the figures of many.

*Tool*, *valid*, *exact* and *called* are shares of the cases. *Arguments* is the share of single arguments that are as
expected, over calls of the right tool. *No-call* precision and recall judge the decision to call nothing, over all sets
together. *Calibration* sets the certainty of single arguments (`ToolCallPart.certainty`) against how often they are
right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jsonschema
from rich.table import Table

from agentkit.dialects.base import CallRegion, Parsed
from agentkit.messages import ToolDefinition
from agentkit.models.calibration import Calibration

from .cases import Call, Case
from .families import spoken

BINS = 10


@dataclass
class Outcome:
    """What came of one case."""

    case: Case
    written: list[str] = field(default_factory=list)  # each turn
    steps: list[int] = field(default_factory=list)  # of each canvas
    tool: bool = False  # in every round the right tools were called, and no other
    valid: bool = False  # what was called obeys its schema
    exact: bool = False  # the right tools with the right arguments; for text, the right words
    called: bool = False
    answer: bool | None = None  # given the results, the answer holds what it has to say
    arguments: list[bool] = field(default_factory=list)  # of the right tools: each argument, given or missing, is right
    certainty: list[tuple[float, bool]] = field(default_factory=list)  # of each that was given, and whether it is right

    def judge_text(self, parsed: Parsed) -> None:
        """Fills in how right a turn is that should call nothing: the whole reply, or the answer after the calls."""
        if not self.case.rounds:
            self.called = bool(parsed.calls)
            self.exact = not parsed.calls and parsed.text == self.case.answer
        else:
            self.answer = not parsed.calls and tells(parsed.text, self.case)

    def judge_calls(
        self, parsed: Parsed, calls: Sequence[Call], tools: Sequence[ToolDefinition], probabilities: Sequence[float]
    ) -> bool:
        """Fills in how right a round of calls is, in any order; returns whether it is as it should be.

        `probabilities` are those of the tokens that `parsed` was read from.
        """
        schemas = {tool.name: tool.parameters for tool in tools}
        pairs = matched(parsed.calls, calls)
        self.called = bool(parsed.calls)
        self.tool = pairs is not None
        self.valid = (
            bool(parsed.calls)
            and not parsed.faults
            and all(call.name in schemas and valid(call.arguments, schemas[call.name]) for call in parsed.calls)
        )
        self.exact = self.valid and pairs is not None and all(same(m.arguments, c.arguments) for m, c in pairs)
        for made, call in pairs or ():
            given, expected = made.arguments or {}, call.arguments
            right = {
                key: key in given and key in expected and same(given[key], expected[key]) for key in given | expected
            }
            self.arguments += right.values()
            self.certainty += [(sure, right[key]) for key, sure in made.certainty(probabilities).items()]
        return self.exact


@dataclass
class Figures:
    """Shares over a set's cases, and what they cost."""

    cases: int
    tool: float
    arguments: float | None
    valid: float
    exact: float
    called: float
    answer: float | None
    steps_per_canvas: float
    outcomes: list[Outcome] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "outcomes"}

    @property
    def wrong(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.exact]


def matched(made: Sequence[CallRegion], calls: Sequence[Call]) -> list[tuple[CallRegion, Call]] | None:
    """Each call that was made beside the one it should be, of the same name; None if they are not of the same tools.

    Of several calls of one tool, those with the same arguments belong together, and the rest in their order.
    """
    left = list(made)
    pairs = []
    for call in sorted(calls, key=lambda call: not any(likely(m, call) for m in made)):
        named = [m for m in left if m.name == call.view.definition.name]
        if not named:
            return None
        chosen = next((m for m in named if likely(m, call)), named[0])
        left.remove(chosen)
        pairs.append((chosen, call))
    return None if left else pairs


def likely(made: CallRegion, call: Call) -> bool:
    return made.name == call.view.definition.name and same(made.arguments, call.arguments)


def tells(text: str, case: Case) -> bool:
    """Whether an answer holds the facts of the last results: those of their values that the expected answer names.

    Where it names none ("Done."), the answer has to be the expected one.
    """
    facts = [spoken(value) for call in case.rounds[-1] for value in scalars(call.result)]
    needed = [fact for fact in facts if fact and fact in case.answer]
    return all(fact in text for fact in needed) if needed else text == case.answer


def scalars(value: Any) -> list[Any]:
    """The values in a JSON result that are neither an object nor an array."""
    if isinstance(value, Mapping):
        return [leaf for inner in value.values() for leaf in scalars(inner)]
    return [leaf for inner in value for leaf in scalars(inner)] if isinstance(value, list) else [value]


def valid(arguments: Any, schema: dict[str, Any]) -> bool:
    """Whether the arguments obey the schema and name no parameter that it lacks."""
    closed = {**schema, "additionalProperties": False}
    return bool(jsonschema.Draft202012Validator(closed).is_valid(arguments))


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: 1 and true differ, 1 and 1.0 do not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def summarise(outcomes: Sequence[Outcome]) -> Figures:
    def share(name: str) -> float:
        return round(sum(bool(getattr(outcome, name)) for outcome in outcomes) / len(outcomes), 4)

    steps = [step for outcome in outcomes for step in outcome.steps]
    return Figures(
        cases=len(outcomes),
        tool=share("tool"),
        arguments=mean([right for outcome in outcomes for right in outcome.arguments]),
        valid=share("valid"),
        exact=share("exact"),
        called=share("called"),
        answer=mean([outcome.answer for outcome in outcomes if outcome.answer is not None]),
        steps_per_canvas=round(sum(steps) / len(steps), 2),
        outcomes=list(outcomes),
    )


def mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def no_call(outcomes: Iterable[Outcome]) -> dict[str, float | None]:
    """Precision and recall of calling nothing: of those that called nothing, and of those that should."""
    decided = [(not outcome.called, not outcome.case.rounds) for outcome in outcomes]
    return {
        "precision": mean([should for did, should in decided if did]),
        "recall": mean([did for did, should in decided if should]),
    }


def calibration(outcomes: Iterable[Outcome], told: Calibration = Calibration()) -> dict[str, Any]:  # noqa: B008
    """The expected calibration error of single arguments' certainty as it is `told`, and its reliability table in ten
    equal bins.

    Naeini et al. 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning: the mean of |certainty - share
    right| over the bins, weighted by how many arguments each holds.
    """
    judged = [(told(certainty), right) for outcome in outcomes for certainty, right in outcome.certainty]
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for certainty, right in judged:
        bins[min(int(certainty * BINS), BINS - 1)].append((certainty, right))
    table = [
        {
            "from": index / BINS,
            "to": (index + 1) / BINS,
            "arguments": len(pairs),
            "certainty": mean([certainty for certainty, _ in pairs]),
            "right": mean([right for _, right in pairs]),
        }
        for index, pairs in enumerate(bins)
    ]
    gaps = [abs(sum(certainty - right for certainty, right in pairs)) for pairs in bins]
    error = round(sum(gaps) / len(judged), 4) if judged else None
    return {"expected_calibration_error": error, "arguments": len(judged), "reliability": table}


def table(figures: Mapping[str, Figures], title: str) -> Table:
    rows = Table(title=title)
    headings = ("set", "cases", "right tool", "arguments", "valid call", "exact", "called", "answer right", "steps")
    for heading in headings:
        rows.add_column(heading, justify="left" if heading == "set" else "right")
    for name, f in figures.items():
        calls = any(bool(outcome.case.rounds) for outcome in f.outcomes)
        rows.add_row(
            name,
            str(f.cases),
            percent(f.tool) if calls else "",
            percent(f.arguments),
            percent(f.valid) if calls else "",
            percent(f.exact),
            percent(f.called),
            percent(f.answer),
            f"{f.steps_per_canvas:.1f}",
        )
    return rows


def percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
