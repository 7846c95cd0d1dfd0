"""What a checkpoint can do, on cases it never saw. Decoded by the engine with the checkpoint's own sampler settings,
freely and held to the tools' schemas side by side."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import jsonschema
from rich.console import Console
from rich.table import Table

from agentkit.dialects.base import Parsed
from agentkit.dialects.gemma4 import Gemma4
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import ToolDefinition, ToolMessage, ToolResult, UserMessage
from agentkit.models.base import ModelRequest
from agentkit.models.hold import turn_hold
from agentkit.settings import Constraints
from agentkit_model import CanvasPlan, Context, Engine

from .cases import Case
from .conversation import DATA_VERSION, evaluation_case
from .progress import Progress

SETS = ("known", "invented", "families", "composed", "irrelevant", "chat")
MAX_CANVASES = 3


@dataclass
class Outcome:
    """What came of one case."""

    case: Case
    written: str
    steps: list[int]
    tool: bool = False  # the right tool was called, and no other
    valid: bool = False  # what was called obeys its schema
    exact: bool = False  # the right tool with the right arguments; for text, the right words
    called: bool = False
    answer: bool | None = None  # given the result, the answer holds what it has to say


@dataclass
class Figures:
    """Shares over a set's cases, and what they cost."""

    cases: int
    tool: float
    valid: float
    exact: float
    called: float
    answer: float | None
    steps_per_canvas: float
    wrong: list[Outcome] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "wrong"}


class Evaluation:
    """Runs cases through an engine, many at a time: they share its passes. Without constraints, freely."""

    def __init__(self, engine: Engine, tokenizer: Tokenizer, constraints: Constraints | None = None) -> None:
        self.engine = engine
        self.constraints = constraints
        self.dialect = Gemma4(tokenizer)
        self.tokenizer = tokenizer

    async def case(self, tools: Sequence[ToolDefinition], case: Case, seed: int) -> Outcome:
        request = ModelRequest((UserMessage(case.prompt),), tuple(tools))
        context = await self.engine.open(self.dialect.render(request.messages, tools))
        tokens, steps = await self.turn(context, seed, request)
        parsed = self.dialect.parse(tokens)
        outcome = Outcome(case, self.tokenizer.decode(tokens, markers=True), steps, called=bool(parsed.calls))
        if case.view is None:
            outcome.exact = not parsed.calls and parsed.text == case.answer
        else:
            judge(outcome, parsed, tools)
            if outcome.exact:
                outcome.answer = await self.answers(context, case, seed, request)
        await context.close()
        return outcome

    async def answers(self, context: Context, case: Case, seed: int, request: ModelRequest) -> bool:
        """Whether the model, given the tool's result, says what the result holds."""
        assert case.view is not None
        result = ToolResult("0", case.view.definition.name, case.result, is_error=case.failed)
        await context.extend(self.dialect.render_response(result, opened=True))
        request = replace(request, messages=(*request.messages, ToolMessage((result,))))
        tokens, _ = await self.turn(context, seed + 1, request)
        return self.dialect.parse(tokens).text == case.answer

    async def turn(self, context: Context, seed: int, request: ModelRequest) -> tuple[list[int], list[int]]:
        """The tokens of one turn and the denoising steps of its canvases."""
        tokens: list[int] = []
        steps: list[int] = []
        hold = None
        if self.constraints is not None:
            hold = turn_hold(self.dialect, self.tokenizer, request, self.constraints)
            hold = replace(hold, limit=MAX_CANVASES * self.engine.canvas_length)
        for index in range(MAX_CANVASES):
            async with context.fill(CanvasPlan(seed=seed * 100 + index, hold=hold)) as canvas:
                result = await canvas.result()
            if hold is not None and hold.limit is not None:
                hold = replace(hold, state=result.states[-1], limit=hold.limit - len(result.tokens))
            await context.commit(result)
            tokens += result.tokens[: result.length]
            steps.append(result.steps)
            if result.stopped:
                break
        return tokens, steps

    async def run(self, name: str, count: int, advance: Callable[[], None]) -> Figures:
        outcomes: list[Outcome | None] = [None] * count
        limiter = anyio.CapacityLimiter(16)

        async def one(index: int) -> None:
            async with limiter:
                tools, case = evaluation_case(name, index)
                outcomes[index] = await self.case(tools, case, index)
                advance()

        async with anyio.create_task_group() as group:
            for index in range(count):
                group.start_soon(one, index)
        return summarise([outcome for outcome in outcomes if outcome is not None])


def judge(outcome: Outcome, parsed: Parsed, tools: Sequence[ToolDefinition]) -> None:
    """Fills in how right the calls are."""
    case = outcome.case
    assert case.view is not None
    schemas = {tool.name: tool.parameters for tool in tools}
    outcome.tool = [call.name for call in parsed.calls] == [case.view.definition.name]
    outcome.valid = (
        bool(parsed.calls)
        and not parsed.faults
        and all(call.name in schemas and valid(call.arguments, schemas[call.name]) for call in parsed.calls)
    )
    outcome.exact = outcome.tool and outcome.valid and same(parsed.calls[0].arguments, case.arguments)


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
    answered = [outcome.answer for outcome in outcomes if outcome.answer is not None]
    steps = [step for outcome in outcomes for step in outcome.steps]

    def share(name: str) -> float:
        return round(sum(bool(getattr(outcome, name)) for outcome in outcomes) / len(outcomes), 4)

    return Figures(
        cases=len(outcomes),
        tool=share("tool"),
        valid=share("valid"),
        exact=share("exact"),
        called=share("called"),
        answer=round(sum(answered) / len(answered), 4) if answered else None,
        steps_per_canvas=round(sum(steps) / len(steps), 2),
        wrong=[outcome for outcome in outcomes if not outcome.exact],
    )


def evaluate(
    model: Path, *, sets: Sequence[str], cases: int, report: Path | None = None, show: int = 0
) -> dict[str, Any]:
    """Measures the checkpoint in `model` on `cases` cases of each set; prints a table and returns the figures."""
    console = Console()
    started = time.perf_counter()
    ways = {"free": None, "constrained": Constraints(grounding="inferred")}
    figures: dict[str, dict[str, Figures]] = {way: {} for way in ways}
    with Engine.from_pretrained(model, device="cpu", dtype="float32") as engine:
        tokenizer = Tokenizer.from_pretrained(model)
        with Progress("evaluating", total=cases * len(sets) * len(ways)) as progress:
            done = 0

            def advance() -> None:
                nonlocal done
                done += 1
                progress.update(done)

            for way, constraints in ways.items():
                evaluation = Evaluation(engine, tokenizer, constraints)
                for name in sets:
                    figures[way][name] = anyio.run(evaluation.run, name, cases, advance)
        sampler = vars_of(engine.sampler)
    for way, found in figures.items():
        console.print(table(found, f"{way} decoding, held-out cases"))
        for name, figure in found.items():
            for outcome in figure.wrong[:show]:
                shown = f"{outcome.case.prompt}\n  {outcome.written}\n  wanted {outcome.case.arguments}"
                console.print(f"[{way} {name}] {shown}", markup=False)
    everything = {
        "data_version": DATA_VERSION,
        "sampler": sampler,
        "constraints": vars_of(ways["constrained"]),
        "machine": f"{platform.machine()}, {platform.system()}, float32 on the CPU",
        "seconds": round(time.perf_counter() - started, 1),
        "sets": {name: figure.as_json() for name, figure in figures["free"].items()},
        "constrained": {name: figure.as_json() for name, figure in figures["constrained"].items()},
    }
    if report is not None:
        report.write_text(json.dumps(everything, indent=2) + "\n")
    return everything


def vars_of(settings: Any) -> dict[str, Any]:
    """A dataclass with slots as a dict."""
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def table(figures: dict[str, Figures], title: str) -> Table:
    rows = Table(title=title)
    for heading in ("set", "cases", "right tool", "valid call", "exact", "called", "answer right", "steps per canvas"):
        rows.add_column(heading, justify="left" if heading == "set" else "right")
    for name, f in figures.items():
        called_set = name not in ("irrelevant", "chat")
        rows.add_row(
            name,
            str(f.cases),
            f"{f.tool:.1%}" if called_set else "",
            f"{f.valid:.1%}" if called_set else "",
            f"{f.exact:.1%}",
            f"{f.called:.1%}",
            "" if f.answer is None else f"{f.answer:.1%}",
            f"{f.steps_per_canvas:.1f}",
        )
    return rows
