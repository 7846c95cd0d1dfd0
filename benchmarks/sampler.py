"""What the sampler's settings cost and bring: denoising steps per canvas against right calls.

    python benchmarks/sampler.py [--model FOLDER] [--cases N] [--sets known invented ...] [--free] [--quick]
                                 [--json FILE] [--plot FILE]

A checkpoint (the bundled one by default) serves the same held-out requests under each setting of a grid: how much
entropy may be accepted in a step, how unsure a canvas may be to count as confident, and from which temperature to which
the schedule falls; everything else as the checkpoint has it, at most 48 denoising steps, a canvas ends when it is
stable and confident. Held to the tools' schemas, or with `--free` not.

    steps   denoising steps per canvas
    tool    share of requests for which the right tool was called, and no other
    exact   share for which its arguments were right as well
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from html import escape
from itertools import product
from pathlib import Path
from typing import Any

import anyio
import torch
from measure import machine
from rich.console import Console
from rich.table import Table

from agentkit import bundled
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.settings import Constraints
from agentkit_model import CanvasPlan, Engine
from agentkit_recipe.evaluate import Evaluation
from agentkit_recipe.progress import Progress

ENTROPY_BOUNDS = (0.1, 0.5, 2.0)
CONFIDENCES = (0.05, 0.005, 0.5)
TEMPERATURES = ((0.8, 0.4), (0.4, 0.2))
WIDTH, HEIGHT, MARGIN = 640, 400, 56


def settings(quick: bool) -> list[dict[str, float]]:
    """The grid; with `quick`, the first and the last of each axis."""
    axes = (ENTROPY_BOUNDS, CONFIDENCES, TEMPERATURES)
    chosen = [(axis[0], axis[-1]) for axis in axes] if quick else axes
    return [
        {"entropy_bound": bound, "confidence_threshold": confidence, "t_max": heats[0], "t_min": heats[1]}
        for bound, confidence, heats in product(*chosen)
    ]


def measure(
    engine: Engine,
    tokenizer: Tokenizer,
    constraints: Constraints | None,
    plan: CanvasPlan,
    sets: Sequence[str],
    cases: int,
    advance: Callable[[], None],
) -> dict[str, float]:
    """The figures of canvases denoised after `plan`, over so many cases of each set."""
    evaluation = Evaluation(engine, tokenizer, constraints, plan)
    figures = [anyio.run(evaluation.run, name, cases, advance) for name in sets]
    steps = [step for figure in figures for outcome in figure.outcomes for step in outcome.steps]
    return {
        "steps": round(sum(steps) / len(steps), 2),
        "tool": round(sum(figure.tool for figure in figures) / len(figures), 4),
        "exact": round(sum(figure.exact for figure in figures) / len(figures), 4),
    }


def plot(rows: Sequence[dict[str, Any]], title: str) -> str:
    """Steps against exact calls as SVG: what lies further up and to the left is better."""
    most = max(row["steps"] for row in rows) * 1.05
    low = min(row["exact"] for row in rows) - 0.02
    high = max(row["exact"] for row in rows) + 0.02
    span = max(high - low, 0.01)

    def at(row: dict[str, Any]) -> tuple[float, float]:
        x = MARGIN + (WIDTH - 2 * MARGIN) * row["steps"] / most
        return x, HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (row["exact"] - low) / span

    parts = [f'<text x="0" y="20" font-weight="bold">{escape(title)}</text>']
    for share in range(5):
        value = low + span * share / 4
        y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share / 4
        parts.append(f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y:.1f}" y2="{y:.1f}" stroke="#8b949e55"/>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.1%}</text>')
        steps = most * share / 4
        x = MARGIN + (WIDTH - 2 * MARGIN) * share / 4
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - MARGIN + 20}" text-anchor="middle">{steps:.1f}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 10}" text-anchor="middle">denoising steps per canvas</text>')
    for row in rows:
        x, y = at(row)
        colour = "#2fa36b" if row["default"] else "#5b8def"
        shown = ", ".join(f"{name} {value}" for name, value in row["settings"].items())
        dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6 if row["default"] else 4}" fill="{colour}"/>'
        parts.append(f"<g><title>{escape(shown)}</title>{dot}</g>")
        if row["default"]:
            parts.append(f'<text x="{x + 9:.1f}" y="{y + 4:.1f}">as shipped</text>')
    style = "text{font-family:system-ui,sans-serif;font-size:13px;fill:#57606a}"
    frame = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {frame} role="img"><style>{style}</style>{"".join(parts)}</svg>\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=None, help="a checkpoint's folder; the bundled one without it")
    parser.add_argument("--cases", type=int, default=100, help="of each set")
    parser.add_argument("--sets", nargs="+", default=["known", "invented"])
    parser.add_argument("--free", action="store_true", help="without constraints")
    parser.add_argument(
        "--quick", action="store_true", help="the first and the last of each axis, and a fifth of the cases"
    )
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--plot", type=Path, default=None)
    options = parser.parse_args()
    cases = max(1, options.cases // 5) if options.quick else options.cases
    source = options.model or bundled.folder()
    tokenizer = Tokenizer.from_pretrained(source)
    constraints = None if options.free else bundled.CONSTRAINTS
    rows: list[dict[str, Any]] = []
    with Engine.from_pretrained(source, device="cpu", dtype="float32") as engine:
        shipped = engine.sampler
        grid = settings(options.quick)
        with Progress("sampler", total=len(grid) * len(options.sets) * cases) as progress:
            for chosen in grid:
                plan = CanvasPlan(**chosen)
                figures = measure(engine, tokenizer, constraints, plan, options.sets, cases, progress.advance)
                rows.append({"settings": chosen, "default": plan.settings(shipped) == shipped, **figures})
    title = f"{'free' if options.free else 'constrained'} decoding, {cases} cases each of {', '.join(options.sets)}"
    table = Table(title=title)
    for heading in ("entropy bound", "confidence", "temperature", "steps", "tool", "exact", ""):
        table.add_column(heading, justify="right")
    for row in sorted(rows, key=lambda row: row["steps"]):
        of = row["settings"]
        table.add_row(
            str(of["entropy_bound"]),
            str(of["confidence_threshold"]),
            f"{of['t_max']} to {of['t_min']}",
            f"{row['steps']:.2f}",
            f"{row['tool']:.1%}",
            f"{row['exact']:.1%}",
            "as shipped" if row["default"] else "",
        )
    Console().print(table)
    if options.json is not None:
        found = {"title": title, "machine": machine(torch.device("cpu")), "rows": rows}
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    if options.plot is not None:
        options.plot.write_text(plot(rows, title))


if __name__ == "__main__":
    main()
