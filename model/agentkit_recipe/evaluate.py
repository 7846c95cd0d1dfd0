"""What a checkpoint can do, on cases it never saw. Decoded by the engine with the checkpoint's own sampler settings,
freely and held to the tools' schemas side by side."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console

from agentkit import bundled
from agentkit.dialects.gemma4 import Gemma4
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import Message, ToolDefinition, UserMessage
from agentkit.models.base import ModelRequest
from agentkit.models.calibration import Calibration
from agentkit.models.defaults import read_defaults
from agentkit.models.hold import turn_hold
from agentkit.settings import Constraints
from agentkit_model import CanvasPlan, Context, Engine
from agentkit_model.quantize import Quantization

from .cases import Case, results
from .conversation import DATA_VERSION, EVALUATION_VERSION, evaluation_case, response
from .figures import Figures, Outcome, calibration, no_call, summarise, table
from .progress import Progress

MAX_CANVASES = 3
AT_ONCE = 16  # cases that share the engine's passes
ALONE = 12  # cases that the time of a step is measured on, one after the other


class Turn:
    """The tokens of one turn, the model's probability of each, and the denoising steps of its canvases."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.probabilities: list[float] = []
        self.steps: list[int] = []


class Evaluation:
    """Runs cases through an engine, many at a time: they share its passes. Without constraints, freely.

    plan: how canvases are denoised, but for their seeds; by default with the checkpoint's own sampler.
    """

    def __init__(
        self,
        engine: Engine,
        tokenizer: Tokenizer,
        constraints: Constraints | None = None,
        plan: CanvasPlan | None = None,
    ) -> None:
        self.engine = engine
        self.constraints = constraints
        self.plan = plan or CanvasPlan()
        self.dialect = Gemma4(tokenizer)
        self.tokenizer = tokenizer

    async def case(self, tools: Sequence[ToolDefinition], case: Case, seed: int) -> Outcome:
        """Runs `case` for as long as its calls are as they should be, each answered with its result."""
        messages: tuple[Message, ...] = (*case.history, UserMessage(case.prompt))
        request = ModelRequest(messages, tuple(tools))
        outcome = Outcome(case)
        async with await self.engine.open(self.dialect.render(messages, tools)) as context:
            for index, calls in enumerate((*case.rounds, ())):
                turn = await self.turn(context, seed + index, request)
                parsed = self.dialect.parse(turn.tokens)
                outcome.steps += turn.steps
                outcome.written.append(self.tokenizer.decode(turn.tokens, markers=True))
                if not calls:
                    outcome.judge_text(parsed)
                elif not outcome.judge_calls(parsed, calls, tools, turn.probabilities):
                    break
                else:
                    await context.extend(response(self.dialect, calls))
                    request = replace(request, messages=(*request.messages, results(calls)))
        return outcome

    async def turn(self, context: Context, seed: int, request: ModelRequest) -> Turn:
        turn = Turn()
        hold = None
        if self.constraints is not None:
            hold = turn_hold(self.dialect, self.tokenizer, request, self.constraints)
            hold = replace(hold, limit=MAX_CANVASES * self.engine.canvas_length)
        for index in range(MAX_CANVASES):
            async with context.fill(replace(self.plan, seed=seed * 100 + index, hold=hold)) as canvas:
                result = await canvas.result()
            if hold is not None and hold.limit is not None:
                hold = replace(hold.behind(result), limit=hold.limit - len(result.tokens))
            await context.commit(result)
            turn.tokens += result.tokens[: result.length]
            turn.probabilities += result.probabilities[: result.length]
            turn.steps.append(result.steps)
            if result.stopped:
                break
        return turn

    async def run(self, name: str, count: int, advance: Callable[[], None], first: int = 0) -> Figures:
        """The figures of `count` cases of a set, from the case `first` on."""
        outcomes: list[Outcome | None] = [None] * count
        limiter = anyio.CapacityLimiter(AT_ONCE)

        async def one(index: int) -> None:
            async with limiter:
                tools, case = evaluation_case(name, first + index)
                outcomes[index] = await self.case(tools, case, first + index)
                advance()

        async with anyio.create_task_group() as group:
            for index in range(count):
                group.start_soon(one, index)
        return summarise([outcome for outcome in outcomes if outcome is not None])

    async def milliseconds_per_step(self, name: str, count: int) -> float:
        """Of denoising alone, with one canvas in the batch: prefill, and building what canvases are held to, apart."""
        seconds, steps = 0.0, 0
        for index in range(count):
            tools, case = evaluation_case(name, index)
            request = ModelRequest((UserMessage(case.prompt),), tuple(tools))
            hold = None
            if self.constraints is not None:
                hold = turn_hold(self.dialect, self.tokenizer, request, self.constraints)
            async with await self.engine.open(self.dialect.render(request.messages, tools)) as context:
                started = time.perf_counter()
                async with context.fill(replace(self.plan, seed=index, hold=hold)) as canvas:
                    result = await canvas.result()
                seconds, steps = seconds + time.perf_counter() - started, steps + result.steps
        return round(seconds / steps * 1000, 1)


def evaluate(
    model: Path,
    *,
    sets: Sequence[str],
    cases: int,
    report: Path | None = None,
    show: int = 0,
    quantization: Quantization | None = None,
    unread: bool = False,
) -> dict[str, Any]:
    """Measures the checkpoint in `model` on `cases` cases of each set; prints tables and returns the figures.

    sets: names of sets, or "known:1000" for another number of cases of that one.
    unread: finished canvases are not read once more, whatever the checkpoint says.
    """
    console = Console()
    started = time.perf_counter()
    ways = {"free": None, "constrained": bundled.CONSTRAINTS}
    figures: dict[str, dict[str, Figures]] = {way: {} for way in ways}
    counts = {name: int(own or cases) for name, _, own in (each.partition(":") for each in sets)}
    milliseconds: dict[str, float] = {}
    defaults = read_defaults(model)
    plan = CanvasPlan(review=None if unread else defaults.settings.review)
    with Engine.from_pretrained(model, device="cpu", dtype="float32", quantization=quantization) as engine:
        tokenizer = Tokenizer.from_pretrained(model)
        with Progress("evaluating", total=sum(counts.values()) * len(ways)) as progress:
            for way, constraints in ways.items():
                evaluation = Evaluation(engine, tokenizer, constraints, plan)
                for name, count in counts.items():
                    figures[way][name] = anyio.run(evaluation.run, name, count, progress.advance)
                first = next(iter(counts))
                milliseconds[way] = anyio.run(evaluation.milliseconds_per_step, first, min(cases, ALONE))
        sampler = vars_of(engine.sampler)
    told = defaults.calibration
    overall = {way: decision(found, milliseconds[way], told) for way, found in figures.items()}
    for way, found in figures.items():
        console.print(table(found, f"{way} decoding, held-out cases"))
        console.print({name: value for name, value in overall[way].items() if name != "reliability"})
        for name, figure in found.items():
            for outcome in figure.wrong[:show]:
                calls = [(call.view.definition.name, call.arguments) for r in outcome.case.rounds for call in r]
                shown = f"{outcome.case.prompt}\n  {outcome.written}\n  wanted {calls} {outcome.case.answer}"
                console.print(f"[{way} {name}] {shown}", markup=False)
    everything = {
        "data_version": DATA_VERSION,
        "evaluation_version": EVALUATION_VERSION,
        "sampler": sampler,
        "constraints": vars_of(ways["constrained"]),
        "review": plan.review,
        "machine": f"{platform.machine()}, {platform.system()}, float32 on the CPU",
        "memory_mb": memory_mb(),
        "seconds": round(time.perf_counter() - started, 1),
        "overall": overall,
        "sets": {name: figure.as_json() for name, figure in figures["free"].items()},
        "constrained": {name: figure.as_json() for name, figure in figures["constrained"].items()},
    }
    if report is not None:
        report.write_text(json.dumps(everything, indent=2) + "\n")
    return everything


def decision(figures: dict[str, Figures], milliseconds: float, told: Calibration) -> dict[str, Any]:
    """What is told over all sets together: calls that should not be, certainty as told, and the time of a step."""
    outcomes = [outcome for figure in figures.values() for outcome in figure.outcomes]
    refusals = {f"no_call_{name}": value for name, value in no_call(outcomes).items()}
    return {**refusals, "milliseconds_per_step": milliseconds, **calibration(outcomes, told)}


def memory_mb() -> float | None:
    """The most memory that this process has had, in MB; None where the system doesn't tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)  # bytes there, KiB elsewhere


def vars_of(settings: Any) -> dict[str, Any]:
    """A dataclass with slots as a dict."""
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}
