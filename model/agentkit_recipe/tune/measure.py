"""How a model does on the held-out cases: through an `Agent`, as it will be used, with no tool being run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from rich.box import SIMPLE_HEAD
from rich.table import Table

from agentkit import bundled
from agentkit.agent import Agent
from agentkit.evaluation import Case, evaluate
from agentkit.evaluation.judge import Outcome
from agentkit.models.diffusion import DiffusionModel
from agentkit.settings import ModelSettings
from agentkit.tools import Tool
from agentkit.usage import UsageLimits

AT_ONCE = 8  # runs that share the engine's passes
SETTINGS = ModelSettings(constraints=bundled.CONSTRAINTS, max_tools=bundled.MAX_TOOLS)
"""How a tuned model is asked where nobody says otherwise: as the bundled one is, with as many tools in view as are at
most while it is tuned."""


@dataclass(frozen=True)
class Figures:
    """Of one held-out set. `tool` and `exact` are shares of the cases: the right tool and no other was called (or
    none, where none should be), and with the right arguments; `steps` are denoising steps a canvas."""

    cases: int
    tool: float
    exact: float
    steps: float


Measured = Mapping[str, Figures]


def measure(
    model: Path, tools: Sequence[Tool], sets: Mapping[str, Sequence[Case]], advance: Callable[[], None]
) -> tuple[dict[str, Figures], list[tuple[Case, Outcome]]]:
    """The figures of each set, and the cases that went wrong with what was called instead."""
    limits = UsageLimits(turns=1)  # what is said about the results is not judged
    settings = SETTINGS.merge(ModelSettings(seed=0))
    opened = DiffusionModel.from_pretrained(model, device="cpu", dtype="float32")
    agent = Agent(opened, tools=tools, model_settings=settings, usage_limits=limits)
    figures, wrong = {}, []
    for name, cases in sets.items():
        told = not_run(tools, cases)
        evaluation = anyio.run(
            partial(evaluate, agent, told, max_concurrent=AT_ONCE, progress=lambda outcome: advance())
        )
        outcomes = evaluation.variants[0].outcomes
        figures[name] = summarised(cases, outcomes)
        wrong += [(c, outcome) for c, outcome in zip(cases, outcomes, strict=True) if not outcome.right_calls]
    return figures, wrong


def not_run(tools: Sequence[Tool], cases: Sequence[Case]) -> list[Case]:
    """The cases by their places, in which no tool is run."""
    results = {tool.name: "done" for tool in tools}
    return [Case(case.prompt, id=str(i), calls=case.calls, results=results) for i, case in enumerate(cases)]


def summarised(cases: Sequence[Case], outcomes: Sequence[Outcome]) -> Figures:
    canvases = sum(outcome.canvases for outcome in outcomes)
    right = [
        [call.name for call in case.calls or ()] == [call.name for call in outcome.calls]
        for case, outcome in zip(cases, outcomes, strict=True)
    ]
    return Figures(
        cases=len(cases),
        tool=sum(right) / len(cases),
        exact=sum(bool(outcome.right_calls) for outcome in outcomes) / len(cases),
        steps=sum(outcome.steps for outcome in outcomes) / canvases if canvases else 0.0,
    )


def table(before: Measured, after: Measured) -> Table:
    """Both side by side, for a terminal of 80 columns."""
    found = Table(box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False)
    for heading in ("held out", "cases", "", "right tool", "exact", "steps a canvas"):
        found.add_column(heading, justify="left" if heading in ("held out", "") else "right")
    for name in before:
        for when, figures in (("before", before[name]), ("after", after[name])):
            first = (name, str(figures.cases)) if when == "before" else ("", "")
            found.add_row(*first, when, f"{figures.tool:.1%}", f"{figures.exact:.1%}", f"{figures.steps:.1f}")
    return found


def as_json(measured: Measured) -> dict[str, Any]:
    return {name: asdict(figures) for name, figures in measured.items()}


def from_json(found: Mapping[str, Any]) -> dict[str, Figures]:
    return {name: Figures(**figures) for name, figures in found.items()}


def shown(case: Case, outcome: Outcome) -> str:
    """A case that went wrong, in a line."""
    made = ", ".join(f"{call.name}({call.arguments})" for call in outcome.calls) or repr(outcome.output)
    return f"{case.prompt} -> {made}"


def save_cases(path: Path, sets: Mapping[str, Sequence[Case]]) -> None:
    """The held-out cases as `agentkit eval` reads them, so that anybody can measure again."""
    import json

    lines = [
        {"id": f"{name} {index}", "prompt": case.prompt, "calls": [asdict(call) for call in case.calls or ()]}
        for name, cases in sets.items()
        for index, case in enumerate(cases)
    ]
    path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
