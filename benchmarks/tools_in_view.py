"""How many tools a turn of the bundled model should be told about: `ModelSettings.max_tools`.

    python benchmarks/tools_in_view.py [--quick] [--most 4 6 8 12] [--json FILE]

Two catalogues that were written by hand, apart from what the model was trained on, with requests written by hand: tools
of all kinds (`agentkit_recipe.own_words`), and the twelve of `examples/tuning`. Each request is made of an agent that
has the whole catalogue. Tools are not run, and what would be said about their results is not judged.

    in view   share of the requests for a tool of which the turn was told about it
    tool      the right tool and no other was called, or none where none should be
    exact     with the right arguments
    steps     denoising steps a canvas
"""

from __future__ import annotations

import argparse
import runpy
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from measure import save
from rich.console import Console
from rich.table import Table

from agentkit import Agent, ModelSettings, Tool, UsageLimits, UserMessage
from agentkit.evaluation import Case, ExpectedCall, Variant, evaluate, read_cases
from agentkit.retrieval import tools_in_view
from agentkit.tools import collect_tools
from agentkit_recipe import own_words
from agentkit_recipe.tune.measure import AT_ONCE, not_run, summarised

WORKSHOP = Path(__file__).parents[1] / "examples" / "tuning"
MOST = (4, 6, 8, 12)
Catalogue = tuple[list[Tool], list[Case]]


def catalogues() -> dict[str, Catalogue]:
    """Tools and cases by name."""
    asked = [
        Case(prompt, calls=(ExpectedCall(own_words.TOOLS[function].name, arguments),))
        for function, prompt, arguments in own_words.ASKED
    ]
    workshop = collect_tools(runpy.run_path(str(WORKSHOP / "workshop.py"))["functions"])
    return {
        "of all kinds": (list(own_words.TOOLS.values()), asked),
        "a workshop": (list(workshop.values()), read_cases(WORKSHOP / "held_out.jsonl")),
    }


def figures_of(name: str, catalogue: Catalogue, most: Sequence[int]) -> list[dict[str, Any]]:
    """The figures of a catalogue with each number of tools in view."""
    tools, cases = catalogue
    agent = Agent("bundled", tools=tools, usage_limits=UsageLimits(turns=1))
    variants = [Variant(name=str(count), settings=ModelSettings(seed=0, max_tools=count)) for count in most]
    found = anyio.run(partial(evaluate, agent, not_run(tools, cases), variants, max_concurrent=AT_ONCE))
    definitions = [tool.definition for tool in tools]
    rows = []
    for count, variant in zip(most, found.variants, strict=True):
        seen = [
            case.calls[0].name in {tool.name for tool in tools_in_view(definitions, [UserMessage(case.prompt)], count)}
            for case in cases
            if case.calls
        ]
        figures = summarised(cases, variant.outcomes)
        rows.append(
            {
                "catalogue": name,
                "tools": len(tools),
                "cases": len(cases),
                "most": count,
                "in_view": round(sum(seen) / len(seen), 4),
                "tool": round(figures.tool, 4),
                "exact": round(figures.exact, 4),
                "steps_per_canvas": round(figures.steps, 2),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a few cases: only to see that it runs")
    parser.add_argument("--most", type=int, nargs="+", default=MOST, help="numbers of tools in view")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    rows = []
    for name, (tools, cases) in catalogues().items():
        rows += figures_of(name, (tools, cases[:3] if options.quick else cases), options.most)
    table = Table(title="the bundled model, by how many tools a turn is told about")
    for heading in ("catalogue", "tools", "cases", "most", "in view", "tool", "exact", "steps"):
        table.add_column(heading, justify="left" if heading == "catalogue" else "right")
    for row in rows:
        shares = [f"{row[key]:.1%}" for key in ("in_view", "tool", "exact")]
        counts = [str(row[key]) for key in ("tools", "cases", "most")]
        table.add_row(row["catalogue"], *counts, *shares, f"{row['steps_per_canvas']:.1f}")
    Console().print(table)
    save(options.json, {"rows": rows})


if __name__ == "__main__":
    main()
