"""What a wrong tool call costs: error turns, regeneration, constraints in the loop, repaired spans.

    python benchmarks/correction.py [--quick] [--json FILE] [--picture FILE] [--table FILE]

On the bundled model, or any checkpoint with `--model`. Two parts, the same cases and seeds for every row:

- requests: held-out requests, half of them for tools that were trained on and half for tools with invented names
- corrupted calls: the right call with one argument spoiled (wrong type, wrong enum, two values swapped, a value cut
  off, a copy misspelt); a tool that knows the right value refuses it and names the argument

and four ways to handle a call that is refused, each with at most `RETRIES` more tries:

    error-turns           unconstrained; the call and an error stay in the history, and the model writes another turn
    regenerate            unconstrained; the canvas is denoised again with another seed, and has to make a call
    constrained           held to the schemas while denoising; denoised again in the same way
    constrained+repair    held to the schemas; the argument's span is re-noised, the rest of the call kept

Besides, what inferred grounding brings: the requests held to the schemas, with values that prefer what the user said
and without. Where a way corrects nothing, its steps a corrected call are those of all its tries.

Steps per canvas and the stop rule are the checkpoint's own: at most 48 steps, until the canvas stays the same for one
step and its mean entropy is below 0.05 nats.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import torch
from chart import bars
from rich.console import Console
from rich.table import Table

from agentkit import (
    AssistantMessage,
    ModelSettings,
    ToolCallPart,
    ToolDefinition,
    ToolMessage,
    ToolResult,
    UserMessage,
    bundled,
)
from agentkit.models.base import Conversation, ModelRequest, WrongCall
from agentkit.models.diffusion import DiffusionModel
from agentkit.settings import Constraints
from agentkit_recipe.cases import Case
from agentkit_recipe.conversation import evaluation_case
from agentkit_recipe.figures import same
from agentkit_recipe.progress import Progress

ROWS = ("error-turns", "regenerate", "constrained", "constrained+repair")
KINDS = ("type", "enum", "swapped", "truncated", "misspelt")
RETRIES = 2


@dataclass
class Task:
    """One request with the call that answers it, and for the second part the call that was spoiled."""

    tools: list[ToolDefinition]
    case: Case
    kind: str  # the held-out set, or the corruption
    seed: int
    spoiled: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        assert self.case.call is not None
        return self.case.call.view.definition.name

    @property
    def wanted(self) -> dict[str, Any]:
        assert self.case.call is not None
        return self.case.call.arguments

    def complaint(self, call: ToolCallPart | None) -> tuple[str, tuple[str, ...]] | None:
        """What a tool that knows better says about a call, and which arguments it names; None if all is well."""
        if call is None:
            return "a tool has to be called", ()
        schema = next((tool.parameters for tool in self.tools if tool.name == call.name), None)
        if call.arguments is None or schema is None:
            return call.fault or f"there is no tool called {call.name!r}", ("",)
        closed = {**schema, "additionalProperties": False}
        errors = list(jsonschema.Draft202012Validator(closed).iter_errors(call.arguments))
        if errors:
            places = tuple(dict.fromkeys("".join(f"/{step}" for step in error.absolute_path) for error in errors))
            return f"{places[0] or 'arguments'}: {errors[0].message}", places
        if self.spoiled is None or call.name != self.name:
            return None  # only the second part's tool knows which values are right
        wanted = self.wanted
        wrong = [key for key in {**wanted, **call.arguments} if not same(wanted.get(key), call.arguments.get(key))]
        return (f"{wrong[0]}: no such value", tuple(f"/{key}" for key in wrong)) if wrong else None


@dataclass
class Outcome:
    """How a task went."""

    task: Task
    call: ToolCallPart | None
    steps: int = 0
    tries: int = 0  # beyond the first call
    turns: int = 0
    history: int = 0  # tokens of the conversation in the end
    seconds: float = 0.0
    valid: bool = False
    right: bool = False
    first_steps: int = 0
    canvases: int = 0

    def judge(self) -> Outcome:
        schemas = {tool.name: {**tool.parameters, "additionalProperties": False} for tool in self.task.tools}
        if self.call is not None and self.call.arguments is not None and self.call.name in schemas:
            self.valid = jsonschema.Draft202012Validator(schemas[self.call.name]).is_valid(self.call.arguments)
            self.right = self.valid and self.call.name == self.task.name
            self.right = self.right and same(self.call.arguments, self.task.wanted)
        return self


@dataclass
class Bench:
    """Runs tasks in one of the four ways."""

    model: DiffusionModel
    constraints: Constraints
    console: Console = field(default_factory=Console)

    async def task(self, row: str, task: Task) -> Outcome:
        free = row in ("error-turns", "regenerate")
        settings = ModelSettings(seed=task.seed, constraints=False if free else self.constraints)
        messages = (UserMessage(task.case.prompt),)
        request = ModelRequest(messages, tuple(task.tools), settings)
        outcome = Outcome(task, None)
        async with self.model.converse() as conversation:
            started = time.perf_counter()
            message = await self._first(conversation, request, outcome)
            for attempt in range(1, RETRIES + 1):
                outcome.call = message.calls[0] if message.calls else None
                complaint = task.complaint(outcome.call)
                if complaint is None or (outcome.call is None and task.spoiled is None):
                    break
                outcome.tries = attempt
                again = await self._again(row, conversation, request, message, complaint, outcome)
                if again is None:
                    break
                request, message = again
            outcome.call = message.calls[0] if message.calls else None
            outcome.seconds = time.perf_counter() - started
        rendered = self.model.dialect.render([*request.messages, message], request.tools, model=self.model.name)
        outcome.history = len(rendered)
        return outcome.judge()

    async def _first(self, conversation: Conversation, request: ModelRequest, outcome: Outcome) -> AssistantMessage:
        """The model's own call; in the second part the spoiled one, which counts for nothing."""
        task = outcome.task
        if task.spoiled is not None:
            tokens = tuple(self.model.dialect.render_call(task.name, task.spoiled, stop=True))  # type: ignore[attr-defined]
            part = ToolCallPart(task.name, task.spoiled, "call_0")
            return AssistantMessage((part,), model=self.model.name, tokens=tokens)
        message = await self._respond(conversation, request, outcome)
        outcome.first_steps = outcome.steps
        return message

    async def _again(
        self,
        row: str,
        conversation: Conversation,
        request: ModelRequest,
        message: AssistantMessage,
        complaint: tuple[str, tuple[str, ...]],
        outcome: Outcome,
    ) -> tuple[ModelRequest, AssistantMessage] | None:
        reason, pointers = complaint
        if row == "error-turns":
            results = tuple(ToolResult(call.id, call.name, reason, is_error=True) for call in message.calls)
            request = replace(request, messages=(*request.messages, message, ToolMessage(results)))
        elif row == "constrained+repair" and pointers:
            call = message.calls[0]
            arguments = call.arguments or {}
            banned = {pointer: [arguments[pointer[1:]]] for pointer in pointers if pointer[1:] in arguments}
            wrong = WrongCall(0, pointers, reason, banned)
            before = replace(request.budget.usage)
            repaired = await conversation.repair(request, message, wrong, _nowhere)
            outcome.steps += request.budget.usage.denoising_steps - before.denoising_steps
            outcome.canvases += request.budget.usage.canvases - before.canvases
            return None if repaired is None else (request, repaired)
        else:
            seed = (request.settings.seed or 0) + 7_777
            request = replace(request, settings=replace(request.settings, seed=seed, tool_choice="required"))
        return request, await self._respond(conversation, request, outcome)

    async def _respond(self, conversation: Conversation, request: ModelRequest, outcome: Outcome) -> AssistantMessage:
        response = await conversation.respond(request, _nowhere)
        outcome.turns += 1
        outcome.steps += response.usage.denoising_steps
        outcome.canvases += response.usage.canvases
        return response.message


async def _nowhere(event: object) -> None:
    """Nobody looks."""


def requests(count: int) -> list[Task]:
    """Held-out requests, half for known tools and half for invented names."""
    tasks = []
    for index in range(count):
        kind = ("known", "invented")[index % 2]
        tools, case = evaluation_case(kind, index // 2)
        tasks.append(Task(tools, case, kind, seed=index))
    return tasks


def corrupted(count: int) -> list[Task]:
    """Right calls of held-out requests, each with one argument spoiled, the kinds in turn as far as they apply."""
    tasks: list[Task] = []
    index = 0
    while len(tasks) < count:
        set_name = ("known", "invented")[index % 2]
        tools, case = evaluation_case(set_name, 10_000 + index // 2)
        rng = random.Random(f"corrupted/{index}")
        order = [KINDS[(len(tasks) + offset) % len(KINDS)] for offset in range(len(KINDS))]
        found = ((kind, spoiled) for kind in order if (spoiled := spoil(kind, case, rng)) is not None)
        chosen = next(found, None)
        if chosen is not None:
            tasks.append(Task(tools, case, chosen[0], seed=index, spoiled=chosen[1]))
        index += 1
    return tasks


def spoil(kind: str, case: Case, rng: random.Random) -> dict[str, Any] | None:
    """The case's arguments with one of them wrong in this way; None where it can't be."""
    assert case.call is not None
    arguments = dict(case.call.arguments)
    properties = case.call.view.definition.parameters["properties"]
    texts = [key for key, value in arguments.items() if isinstance(value, str) and "enum" not in properties[key]]
    longer = [key for key in texts if len(arguments[key]) > 3]
    if kind == "type" and arguments:
        key = rng.choice(sorted(arguments))
        return {**arguments, key: 7 if isinstance(arguments[key], str) else "several"}
    if kind == "enum" and (named := [key for key in arguments if "enum" in properties[key]]):
        return {**arguments, rng.choice(named): "something else"}
    if kind == "swapped":
        pairs = [(a, b) for a in texts for b in texts if a < b and arguments[a] != arguments[b]]
        if pairs:
            first, second = rng.choice(pairs)
            return {**arguments, first: arguments[second], second: arguments[first]}
    if kind == "truncated" and longer:
        key = rng.choice(longer)
        return {**arguments, key: arguments[key][: len(arguments[key]) // 2].strip() or arguments[key][:1]}
    if kind == "misspelt" and longer:
        key = rng.choice(longer)
        text = arguments[key]
        place = rng.randrange(1, len(text) - 1)
        return {**arguments, key: text[:place] + text[place + 1] + text[place] + text[place + 2 :] + "e"}
    return None


def figures(row: str, part: str, outcomes: list[Outcome]) -> dict[str, Any]:
    """A row of the table."""
    count = len(outcomes)
    tried = [outcome for outcome in outcomes if outcome.tries]
    extra = sum(outcome.steps - outcome.first_steps for outcome in tried)
    return {
        "part": part,
        "name": row,
        "cases": count,
        "valid": round(sum(o.valid for o in outcomes) / count, 4),
        "right": round(sum(o.right for o in outcomes) / count, 4),
        "right_by_kind": {
            kind: round(sum(o.right for o in chosen) / len(chosen), 4)
            for kind in dict.fromkeys(o.task.kind for o in outcomes)
            if (chosen := [o for o in outcomes if o.task.kind == kind])
        },
        "steps_per_task": round(sum(o.steps for o in outcomes) / count, 2),
        "steps_per_canvas": round(sum(o.steps for o in outcomes) / max(1, sum(o.canvases for o in outcomes)), 2),
        "corrected": sum(o.right for o in tried),
        "steps_per_corrected_call": round(extra / max(1, sum(o.right for o in tried)), 2),
        "milliseconds_per_task": round(1000 * sum(o.seconds for o in outcomes) / count, 1),
        "turns": round(sum(o.turns for o in outcomes) / count, 2),
        "tokens_in_history": round(sum(o.history for o in outcomes) / count, 1),
    }


HEADINGS = ("part", "way", "valid", "right", "steps a task", "steps a corrected call", "ms a task", "turns")
HEADINGS += ("tokens in history",)


def cells(row: dict[str, Any]) -> list[str]:
    """A row of the table, as it stands in the documentation."""
    corrected = f"{row['steps_per_corrected_call']:.1f}" if row["corrected"] and row["part"] != "requests" else ""
    return [
        row["part"],
        row["name"],
        f"{row['valid']:.1%}",
        f"{row['right']:.1%}",
        f"{row['steps_per_task']:.1f}",
        corrected,
        f"{row['milliseconds_per_task']:.0f}",
        f"{row['turns']:.1f}",
        f"{row['tokens_in_history']:.0f}",
    ]


def table(rows: list[dict[str, Any]]) -> Table:
    shown = Table(title="tool calls: valid, right, and what they cost")
    for heading in HEADINGS:
        shown.add_column(heading, justify="left" if heading in ("part", "way") else "right")
    for row in rows:
        shown.add_row(*cells(row))
    return shown


def markdown(rows: list[dict[str, Any]]) -> str:
    """The same for the documentation."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *map(cells, rows)]
    return "".join("|" + "".join(f" {cell} |" if cell else "  |" for cell in line) + "\n" for line in lines)


def picture(rows: list[dict[str, Any]]) -> str:
    """The table as a chart."""
    first, second = ([row for row in rows if row["part"] == part] for part in ("requests", "corrupted calls"))
    return bars(
        "Tool calls of the bundled model",
        {
            "Held-out requests: right calls": [(r["name"], r["right"], f"{r['right']:.1%}") for r in first],
            "Held-out requests: denoising steps a task": [
                (r["name"], r["steps_per_task"], f"{r['steps_per_task']:.1f}") for r in first
            ],
            "One argument corrupted: right in the end": [(r["name"], r["right"], f"{r['right']:.1%}") for r in second],
            "One argument corrupted: denoising steps a corrected call": [
                (r["name"], r["steps_per_corrected_call"], f"{r['steps_per_corrected_call']:.1f}")
                if r["corrected"]
                else (r["name"], 0, "none corrected")
                for r in second
            ],
        },
    )


async def measure(bench: Bench, parts: dict[str, list[Task]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of both parts; and of the first one, held to the schemas, by grounding."""
    rows: list[dict[str, Any]] = []
    total = sum(len(tasks) for tasks in parts.values()) * len(ROWS) + len(parts["requests"])
    with Progress("measuring", total=total) as progress:
        done = 0

        async def outcomes(bench: Bench, row: str, tasks: list[Task]) -> list[Outcome]:
            nonlocal done
            found = []
            for task in tasks:
                found.append(await bench.task(row, task))
                done += 1
                progress.update(done)
            return found

        for part, tasks in parts.items():
            for row in ROWS:
                rows.append(figures(row, part, await outcomes(bench, row, tasks)))
        other = "declared" if bench.constraints.grounding == "inferred" else "inferred"
        ungrounded = replace(bench, constraints=replace(bench.constraints, grounding=other))
        found = await outcomes(ungrounded, "constrained", parts["requests"])
        grounding = {bench.constraints.grounding: rows[2], other: figures("constrained", "requests", found)}
    return rows, grounding


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=None, help="a checkpoint's folder; the bundled one without it")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--corrupted", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="60 cases of each part")
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--picture", type=Path, default=None, help="write the chart as SVG")
    parser.add_argument("--table", type=Path, default=None, help="write the table as Markdown")
    options = parser.parse_args()
    if options.quick:
        options.requests, options.corrupted = 60, 60
    if options.model is None:
        model = bundled.load()
    else:
        settings = ModelSettings(constraints=bundled.CONSTRAINTS)
        model = DiffusionModel.from_pretrained(options.model, device="cpu", dtype="float32", settings=settings)
    configured = model.settings.constraints
    bench = Bench(model, configured if isinstance(configured, Constraints) else Constraints())
    parts = {"requests": requests(options.requests), "corrupted calls": corrupted(options.corrupted)}
    rows, grounding = anyio.run(measure, bench, parts)
    bench.console.print(table(rows))
    for name, row in sorted(grounding.items()):
        bench.console.print(f"{name} grounding: {row['right']:.1%} right, {row['steps_per_task']:.1f} steps a task")
    if options.json is not None:
        machine = f"{platform.machine()}, {platform.system()}, {torch.get_num_threads()} threads"
        sampler = {name: getattr(model.engine.sampler, name) for name in model.engine.sampler.__dataclass_fields__}
        figures_ = {"machine": machine, "sampler": sampler, "constraints": repr(bench.constraints), "rows": rows}
        figures_["grounding"] = grounding
        options.json.write_text(json.dumps(figures_, indent=2) + "\n")
    if options.picture is not None:
        options.picture.write_text(picture(rows))
    if options.table is not None:
        options.table.write_text(markdown(rows))
    model.engine.close_sync()


if __name__ == "__main__":
    main()
