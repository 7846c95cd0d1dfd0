"""An evaluation as one HTML file that needs nothing else: figures, plots, and every case."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path

from agentkit.evaluation import charts
from agentkit.evaluation.figures import HEADINGS, Evaluation, VariantOutcomes, row
from agentkit.evaluation.judge import Made, Outcome

STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --faint: #6e7781; --line: #d0d7de; --back: #fff;
        --right: #2da44e33; --wrong: #cf222e33; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --faint: #8b949e; --line: #30363d; --back: #0d1117; --right: #2ea04355;
          --wrong: #f8514955; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 60rem;
       margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: 14px; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .5rem; text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: 600; }
td.right { background: var(--right); } td.wrong { background: var(--wrong); }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em; }
.scroll { overflow-x: auto; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--text); }
svg text.strong { font-weight: 600; } svg text.faint, .faint { fill: var(--faint); color: var(--faint); }
svg .track { fill: var(--line); opacity: .4; } svg .axis { stroke: var(--line); }
svg .interval, svg .median { stroke: var(--text); fill: none; stroke-width: 1.5; }
code { font: 12.5px ui-monospace, monospace; overflow-wrap: anywhere; }
"""


def report(evaluation: Evaluation, path: str | Path, *, title: str = "Evaluation") -> None:
    """Writes the report, with "?" for lone surrogates, which are no text."""
    Path(path).write_text(page(evaluation, title), encoding="utf-8", errors="replace")


def page(evaluation: Evaluation, title: str) -> str:
    """The whole document."""
    figures = {variant.name: variant.figures for variant in evaluation.variants}
    kinds = {
        "passed": "passed",
        "right calls": "right_calls",
        "valid calls": "valid_calls",
        "right answers": "right_answers",
    }
    groups = {
        heading: {name: getattr(of, field) for name, of in figures.items()}
        for heading, field in kinds.items()
        if any(getattr(of, field) is not None for of in figures.values())
    }
    ran = {variant.name: [o for o in variant.outcomes if not o.error] for variant in evaluation.variants}
    steps = {name: [o.steps / o.canvases for o in outcomes if o.canvases] for name, outcomes in ran.items()}
    times = {name: [o.milliseconds for o in outcomes] for name, outcomes in ran.items()}
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f"{_figures(evaluation)}"
        f"<h2>Right and wrong</h2>{charts.shares(groups)}"
        '<p class="faint">The lines are 95% intervals: variants whose lines overlap much can\'t be told apart by these '
        "cases.</p>"
        f"<h2>Denoising steps a canvas</h2>{charts.dots(steps, 'steps')}"
        f"<h2>Time</h2>{charts.dots(times, 'ms')}"
        '<p class="faint">A dot is a run, the line their median.</p>'
        f"<h2>Cases</h2>{_cases(evaluation)}</body></html>\n"
    )


def _figures(evaluation: Evaluation) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in HEADINGS)
    rows = "".join(
        f"<tr><td>{_key(index)}{escape(variant.name)}{_settings(variant)}</td>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row(variant)[1:])
        + "</tr>"
        for index, variant in enumerate(evaluation.variants)
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _settings(variant: VariantOutcomes) -> str:
    said = f"{variant.model} {json.dumps(variant.settings, ensure_ascii=False)}" if variant.settings else variant.model
    return f'<br><code class="faint">{escape(said)}</code>'


def _cases(evaluation: Evaluation) -> str:
    """A row for each case, a column for each variant."""
    head = "".join(f"<th>{_key(i)}{escape(v.name)}</th>" for i, v in enumerate(evaluation.variants))
    prompts = {outcome.case: outcome.prompt for variant in evaluation.variants for outcome in variant.outcomes}
    rows = "".join(
        f"<tr><td><b>{escape(case)}</b><br>{escape(prompt)}</td>"
        + "".join(_cell([o for o in variant.outcomes if o.case == case]) for variant in evaluation.variants)
        + "</tr>"
        for case, prompt in prompts.items()
    )
    return f'<div class="scroll"><table><thead><tr><th>case</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(outcomes: Iterable[Outcome]) -> str:
    outcomes = list(outcomes)
    kind = "right" if all(outcome.passed for outcome in outcomes) else "wrong"
    return f'<td class="{kind}">{"<hr>".join(map(_outcome, outcomes))}</td>'


def _outcome(outcome: Outcome) -> str:
    lines = [_call(call) for call in outcome.calls]
    if outcome.output is not None:
        lines.append(escape(str(outcome.output)))
    if outcome.right_calls is False and not outcome.error:
        lines.append("<i>not the expected calls</i>")
    if outcome.why:
        lines.append(f"<i>{escape(outcome.why)}</i>")
    if outcome.stop_reason not in ("", "finished"):
        lines.append(f"<i>stopped: {escape(outcome.stop_reason)}</i>")
    cost = f"{outcome.steps} steps, {outcome.milliseconds:.0f} ms"
    return "<br>".join([*lines, f'<span class="faint">{cost}</span>'])


def _call(call: Made) -> str:
    arguments = "" if call.arguments is None else json.dumps(call.arguments, ensure_ascii=False)
    return f"<code>{escape(call.name)} {escape(arguments)}</code>{'' if call.valid else ' <i>(invalid)</i>'}"


def _key(index: int) -> str:
    return f'<span class="key" style="background:{charts.colour(index)}"></span>'
