"""What early tools save: the latency of a turn with them, over that of the same turn without.

    python benchmarks/early_tools.py [--quick] [--unconstrained] [--json FILE]

On the bundled model, or any checkpoint with `--model`. Each of the held-out requests, half of them for tools that were
trained on and half for tools with invented names, is run for one turn: the prompt is read, the canvas denoised and
committed, and its call answered by a read-only tool that waits for so many milliseconds. Every request is run once to
warm up, then with and without early tools right after one another, with the same seed; which of them comes first
alternates. Turns without a call are left out, since nothing waits there.

    ratio      latency with early tools over latency without: of the sums over all turns, and the median of the turns
    saved      milliseconds of a turn, mean
    used       early calls whose result was used, as a share of the calls answered
    discarded  early calls begun in vain, as a share of the same

Steps per canvas are in the table. The stop rule is the checkpoint's own: at most 48 steps, until the canvas stays the
same for one step and its mean entropy is below 0.05 nats; with constraints (the default) the entropy is that of the
canvas held to its path.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import anyio
import torch
from rich.console import Console
from rich.table import Table

from agentkit import Agent, EarlyTools, ModelSettings, RunContext, Tool, ToolDefinition, UsageLimits, UserMessage
from agentkit.models.diffusion import DiffusionModel
from agentkit_recipe.conversation import evaluation_case
from agentkit_recipe.progress import Progress

DELAYS = (20, 50, 100)  # milliseconds
ONE_TURN = UsageLimits(turns=1)


@dataclass
class Turn:
    """One turn, from the request to the answered calls."""

    seconds: float
    calls: list[Any]
    used: int
    discarded: int
    steps: int
    canvases: int


@dataclass
class Pair:
    """A turn without early tools, and the same with them."""

    plain: Turn
    early: Turn


class Waiting:
    """A request's tools, read-only and slow."""

    def __init__(self, definitions: list[ToolDefinition], milliseconds: float) -> None:
        self.seconds = milliseconds / 1000
        self.early = 0
        self.tools = [self._tool(definition) for definition in definitions]

    async def wait(self, context: RunContext, **arguments: Any) -> str:
        self.early += isinstance(context.messages[-1], UserMessage)  # the call itself is not in the conversation yet
        await anyio.sleep(self.seconds)
        return "done"

    def _tool(self, definition: ToolDefinition) -> Tool:
        return Tool.from_schema(
            self.wait,
            name=definition.name,
            description=definition.description,
            json_schema=definition.parameters,
            takes_context=True,
            read_only=True,
        )


class Bench:
    def __init__(self, model: DiffusionModel, rule: EarlyTools, *, unconstrained: bool) -> None:
        self.model = model
        self.rule = rule
        self.constraints: Literal[False] | None = False if unconstrained else None

    async def pairs(self, index: int) -> list[Pair]:
        """The turns of one request, for each of the delays."""
        definitions, case = evaluation_case(("known", "invented")[index % 2], index // 2)
        await self._turn(definitions, case.prompt, index, 0, None)
        pairs = []
        for number, delay in enumerate(DELAYS):
            order = (None, self.rule) if (index // 2 + number) % 2 else (self.rule, None)
            first, second = [await self._turn(definitions, case.prompt, index, delay, rule) for rule in order]
            pair = Pair(first, second) if order[0] is None else Pair(second, first)
            assert pair.plain.calls == pair.early.calls
            pairs.append(pair)
        return pairs

    async def _turn(
        self, definitions: list[ToolDefinition], prompt: str, seed: int, delay: float, rule: EarlyTools | None
    ) -> Turn:
        waiting = Waiting(definitions, delay)
        settings = ModelSettings(seed=seed, early_tools=rule, constraints=self.constraints)
        agent = Agent(self.model, tools=waiting.tools, model_settings=settings, usage_limits=ONE_TURN)
        started = time.perf_counter()
        result = await agent.run(prompt)
        seconds = time.perf_counter() - started
        answered = [call for call in result.tool_calls if not call.result.is_error]
        discarded = result.usage.tool_calls - len(answered)
        return Turn(
            seconds=seconds,
            calls=[(call.call.name, call.call.arguments) for call in answered],
            used=waiting.early - discarded,
            discarded=discarded,
            steps=result.usage.denoising_steps,
            canvases=result.usage.canvases,
        )


def figures(delay: float, pairs: list[Pair]) -> dict[str, Any]:
    """A row of the table."""
    kept = [pair for pair in pairs if pair.plain.calls]
    plain, early = sum(pair.plain.seconds for pair in kept), sum(pair.early.seconds for pair in kept)
    calls = sum(len(pair.early.calls) for pair in kept)
    return {
        "tool_milliseconds": delay,
        "turns": len(kept),
        "requests": len(pairs),
        "milliseconds_without": round(1000 * plain / len(kept), 1),
        "milliseconds_with": round(1000 * early / len(kept), 1),
        "saved": round(1000 * (plain - early) / len(kept), 1),
        "ratio": round(early / plain, 4),
        "median_ratio": round(median(pair.early.seconds / pair.plain.seconds for pair in kept), 4),
        "calls": calls,
        "used": round(sum(pair.early.used for pair in kept) / calls, 4),
        "discarded": round(sum(pair.early.discarded for pair in kept) / calls, 4),
        "steps_per_canvas": round(
            sum(pair.early.steps for pair in kept) / max(1, sum(pair.early.canvases for pair in kept)), 2
        ),
    }


def table(rows: list[dict[str, Any]], caption: str) -> Table:
    shown = Table(title="a turn with early tools, over the same turn without", caption=caption)
    headings = ("tool ms", "without", "with", "saved ms", "ratio", "used", "discarded")
    for heading in (*headings, "steps"):
        shown.add_column(heading, justify="right")
    for row in rows:
        shown.add_row(
            str(row["tool_milliseconds"]),
            *(f"{row[name]:.1f}" for name in ("milliseconds_without", "milliseconds_with", "saved")),
            f"{row['ratio']:.3f}",
            *(f"{row[name]:.1%}" for name in ("used", "discarded")),
            f"{row['steps_per_canvas']:.1f}",
        )
    return shown


async def measure(bench: Bench, requests: int) -> list[dict[str, Any]]:
    pairs: list[list[Pair]] = []
    with Progress("measuring", total=requests) as progress:
        for index in range(requests):
            pairs.append(await bench.pairs(index))
            progress.update(index + 1)
    return [figures(delay, list(of_delay)) for delay, of_delay in zip(DELAYS, zip(*pairs, strict=True), strict=True)]


def main() -> None:
    default = EarlyTools()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=None, help="a checkpoint's folder; the bundled one without it")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="30 requests")
    parser.add_argument("--unconstrained", action="store_true", help="without constraints: more steps a canvas")
    parser.add_argument("--steps", type=int, default=default.steps, help="EarlyTools.steps")
    parser.add_argument("--certainty", type=float, default=default.certainty, help="EarlyTools.certainty, in nats")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    if options.model is None:
        from agentkit import bundled

        model = bundled.load()
    else:
        model = DiffusionModel.from_pretrained(options.model, device="cpu", dtype="float32")
    rule = EarlyTools(steps=options.steps, certainty=options.certainty)
    bench = Bench(model, rule, unconstrained=options.unconstrained)
    rows = anyio.run(measure, bench, 30 if options.quick else options.requests)
    turns = rows[0]["turns"]
    machine = f"{platform.machine()}, {platform.system()}, {torch.get_num_threads()} threads"
    Console().print(
        table(rows, f"{turns} turns; {machine}; {rule}{', unconstrained' if options.unconstrained else ''}")
    )
    if options.json is not None:
        sampler = {name: getattr(model.engine.sampler, name) for name in model.engine.sampler.__dataclass_fields__}
        settings = {"rule": asdict(rule), "unconstrained": options.unconstrained, "sampler": sampler}
        options.json.write_text(json.dumps({"machine": machine, **settings, "rows": rows}, indent=2) + "\n")
    model.engine.close_sync()


if __name__ == "__main__":
    main()
