"""Agents on our engine against the same loop on transformers' `generate()`: the same weights on both sides.

    python benchmarks/agents.py [--quick] [--json FILE] [--plot FILE]

Both cases run on the bundled model, with its own sampler settings (at most 48 denoising steps a canvas, until it stays
the same for one step and its mean entropy is below 0.05 nats). A ratio is our throughput over theirs.

    loop_20      twenty agents at once, each with a session of prompts that need tools (calculator, unit converter,
                 clock): `Agent.run` as it comes, canvases held to the tools' schemas. Then generate() does the same
                 turns: it renders, denoises, parses, runs the tools and goes on with its cache, and every canvas counts
                 as finished after as many steps as it took on our side. The agents go one by one or in batches,
                 whichever is best, and the tools' declarations are read once and their cache copied
    right_calls  right tool calls a second on held-out requests, each side as it would be used. Ours: canvases held to
                 the schemas, values grounded in the request, prefixes reused. Theirs: free canvases, parsed; a call
                 that its schema refuses is answered with the error, at most twice. A call is right when tool and
                 arguments are

Both sides take turns, and medians count. Every repeat has prompts that were not seen before; the tools stay, as they do
in an application.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import anyio
import torch
from chart import bars
from chats import Chat, Group, Prefix, Replay, Turn, message_of
from correction import RETRIES, Outcome, Task
from measure import machine, say, stop_rule
from rich.console import Console
from rich.table import Table
from sides import Generate, Setting, Slower, torch_threads, twin
from transformers import DiffusionGemmaForBlockDiffusion

from agentkit import (
    Agent,
    AgentRunResult,
    AssistantMessage,
    ModelSettings,
    Tool,
    ToolDefinition,
    ToolMessage,
    ToolResult,
    UserMessage,
    bundled,
)
from agentkit.dialects import Gemma4, Tokenizer
from agentkit.messages import Message
from agentkit.models.base import ModelRequest
from agentkit.models.defaults import read_defaults
from agentkit.models.diffusion import DiffusionModel
from agentkit_model import Engine, checkpoint
from agentkit_recipe.catalogue import KNOWN
from agentkit_recipe.conversation import Mix, ask, choose_views
from agentkit_tools import calculate, convert_units, current_time

Figures = dict[str, Any]
QUICK = 40  # seconds after which --quick begins no further round
TOOLS = (calculate, convert_units, current_time)
CITIES = ("Tokyo", "Paris", "New York", "Sydney", "Cairo", "London", "Berlin", "Lima", "Oslo", "Delhi")
UNITS = (("miles", "kilometers"), ("kg", "pounds"), ("liters", "gallons"), ("feet", "meters"), ("hours", "minutes"))


@dataclass
class Bench:
    """Both sides over one set of weights."""

    agents: int
    prompts: int
    requests: int
    repeats: int
    quick: bool
    model: DiffusionModel = field(init=False)
    other: DiffusionGemmaForBlockDiffusion = field(init=False)

    def __post_init__(self) -> None:
        folder = bundled.folder()
        network = checkpoint.load(folder, device="cpu", dtype=torch.float32)
        self.other = twin(network)
        settings = ModelSettings(constraints=bundled.CONSTRAINTS)
        settings = read_defaults(folder).settings.merge(settings)
        tokenizer = Tokenizer.from_pretrained(folder)
        self.model = DiffusionModel(Engine(network), tokenizer, name="bundled", settings=settings)

    @property
    def dialect(self) -> Gemma4:
        assert isinstance(self.model.dialect, Gemma4)
        return self.model.dialect

    def ways(self, count: int) -> list[Way]:
        """How generate() may be given so many conversations: one by one first, where nothing waits for others."""
        if self.quick:
            return [Way(size, True, self.threads) for size in sorted({1, min(20, count)})]
        threads = sorted({1, torch.get_num_threads()})
        sizes = [size for size in (1, 5, 10, 20) if size <= count]
        return [Way(size, reuse, n) for size in sizes for reuse in (True, False) for n in threads if reuse or size > 1]

    @cached_property
    def threads(self) -> int:
        """The number of torch threads with which a canvas of generate() is faster."""
        ids = [[token % self.model.engine.vocab_size for token in range(16, 216)]]
        taken = {}
        for count in sorted({1, torch.get_num_threads()}):
            side = Generate(self.other, Setting(threads=count))
            taken[count] = min(side.fill(ids, 2) for _ in range(3))
        return min(taken, key=taken.__getitem__)

    def serve(self, chats: Sequence[Chat], way: Way, *, shared: bool, limit: float = float("inf")) -> Served:
        """What generate() takes for these conversations. `shared`: they begin alike, and what they share is read once.
        Raises `Slower` after `limit` seconds."""
        steps = canvases = 0
        with torch_threads(way.threads):
            start = time.perf_counter()
            prefix = Prefix(self.other, [chat.prompt() for chat in chats]) if shared and way.reuse else None
            for first in range(0, len(chats), way.size):
                group = Group(self.other, chats[first : first + way.size], reuse=way.reuse, prefix=prefix)
                group.run(deadline=start + limit)
                steps, canvases = steps + group.steps, canvases + group.canvases
            return Served(time.perf_counter() - start, steps, canvases)


@dataclass(frozen=True)
class Served:
    """The seconds, denoising steps and canvases of some conversations."""

    seconds: float
    steps: int
    canvases: int


@dataclass(frozen=True)
class Way:
    """How generate() is given many conversations."""

    size: int
    reuse: bool
    threads: int

    def __str__(self) -> str:
        kept = "cache reused" if self.reuse else "read anew each turn"
        return f"batches of {self.size}, {kept}, {self.threads} thread{'s' * (self.threads > 1)}"


# -- twenty agents in a loop


def loop(bench: Bench) -> Figures:
    tools = {tool.name: (tool.definition, tool.function) for tool in map(Tool, TOOLS)}
    agent = Agent(bench.model, tools=TOOLS)
    anyio.run(run_sessions, agent, sessions(bench.agents, 1, "warm"))  # the tools' automata are made once
    rounds: list[tuple[float, float]] = []
    counts: list[int] = []
    way: Way | None = None
    end = time.monotonic() + (QUICK if bench.quick else 600)
    while len(rounds) < bench.repeats and (not rounds or time.monotonic() < end):
        asked = sessions(bench.agents, bench.prompts, f"{len(rounds)}")
        seconds, done = anyio.run(run_sessions, agent, asked)
        replayed = [
            list(zip(prompts, map(turns, runs), strict=True)) for prompts, runs in zip(asked, done, strict=True)
        ]
        least = float("inf")
        for candidate in [way] if way is not None else bench.ways(bench.agents):
            chats = [Replay(bench.dialect, tools, session) for session in replayed]
            try:
                served = bench.serve(chats, candidate, shared=True, limit=least)
            except Slower:
                continue
            assert served.steps == sum(record.steps for runs in done for run in runs for record in run.canvases)
            way, least = candidate, served.seconds
        rounds.append((seconds, least))
        counts += [record.steps for runs in done for run in runs for record in run.canvases]
    ours, theirs = (median(column) for column in zip(*rounds, strict=True))
    return {
        "ratio": round(theirs / ours, 2),
        "ours_seconds": round(ours, 3),
        "generate_seconds": round(theirs, 3),
        "generate_ran": str(way),
        "agents": bench.agents,
        "prompts_each": bench.prompts,
        "rounds": len(rounds),
        "canvases": len(counts) // len(rounds),
        "tool_calls": sum(len(run.tool_calls) for runs in done for run in runs),
        "steps_per_canvas": round(sum(counts) / len(counts), 2),
        "stop_rule": stop_rule(bench.model.engine.sampler),
    }


def sessions(agents: int, prompts: int, key: str) -> list[list[str]]:
    """For each agent the prompts of its session."""
    rng = random.Random(f"sessions/{key}")
    return [[prompt(rng) for _ in range(prompts)] for _ in range(agents)]


def prompt(rng: random.Random) -> str:
    unit, other = rng.choice(UNITS)
    return rng.choice(
        (
            f"Calculate {rng.randint(2, 99)} * {rng.randint(2, 99)}",
            f"Convert {rng.randint(2, 500)} {unit} to {other}",
            f"What time is it in {rng.choice(CITIES)}?",
        )
    )


async def run_sessions(agent: Agent[Any, str], asked: list[list[str]]) -> tuple[float, list[list[AgentRunResult[str]]]]:
    """The seconds that all sessions take at the same time, and the runs of each."""
    done: list[list[AgentRunResult[str]]] = [[] for _ in asked]

    async def one(index: int) -> None:
        history: Sequence[Message] = ()
        for number, text in enumerate(asked[index]):
            settings = ModelSettings(seed=100 * index + number)
            result = await agent.run(text, message_history=history, model_settings=settings)
            done[index].append(result)
            history = result.all_messages()

    start = time.perf_counter()
    async with anyio.create_task_group() as group:
        for index in range(len(asked)):
            group.start_soon(one, index)
    return time.perf_counter() - start, done


def turns(run: AgentRunResult[str]) -> list[Turn]:
    """A run's canvases by turns: each ends where one stopped."""
    found: list[Turn] = []
    tokens: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    for record in run.canvases:
        tokens, steps = tokens + record.tokens, (*steps, record.steps)
        if record.stopped:
            found.append(Turn(tokens, steps))
            tokens, steps = (), ()
    return [*found, Turn(tokens, steps)] if tokens else found


# -- right calls


@dataclass
class Attempt:
    """A held-out request on generate(): calls that are refused are answered with the error."""

    dialect: Gemma4
    task: Task
    messages: list[Message] = field(default_factory=list)
    tries: int = 0
    over: bool = False
    right: bool = False
    steps: None = None

    def __post_init__(self) -> None:
        self.messages.append(UserMessage(self.task.case.prompt))

    def prompt(self) -> list[int]:
        return self.dialect.render(self.messages, self.task.tools, model="generate")

    def take(self, written: Sequence[int]) -> None:
        stop = next((i + 1 for i, token in enumerate(written) if token in self.dialect.stop_tokens), len(written))
        message = message_of(self.dialect, written[:stop], len(self.messages))
        answer = refusal(self.task, message)
        if answer is None or self.tries == RETRIES:
            self.over, self.right = True, is_right(self.task, message)
            return
        self.tries += 1
        self.messages += [message, answer]


def refusal(task: Task, message: AssistantMessage) -> ToolMessage | None:
    """What is answered to calls that their schema refuses; None where there is nothing to refuse."""
    call = message.calls[0] if message.calls else None
    complaint = task.complaint(call)
    if call is None or complaint is None:
        return None
    return ToolMessage(tuple(ToolResult(c.id, c.name, complaint[0], is_error=True) for c in message.calls))


def is_right(task: Task, message: AssistantMessage) -> bool:
    return Outcome(task, message.calls[0] if message.calls else None).judge().right


def right_calls(bench: Bench) -> Figures:
    anyio.run(answer_all, bench.model, tasks(bench.requests, "warm")[:8])
    rounds: list[dict[str, Any]] = []
    way: Way | None = None
    end = time.monotonic() + (QUICK if bench.quick else 600)
    while len(rounds) < bench.repeats and (not rounds or time.monotonic() < end):
        asked = tasks(bench.requests, f"{len(rounds)}")
        seconds, right, steps, canvases = anyio.run(answer_all, bench.model, asked)
        ours = {"rate": right / seconds, "right": right, "steps": steps / canvases}
        found: dict[Way, dict[str, float]] = {}
        for candidate in [way] if way is not None else bench.ways(bench.requests):
            attempts = [Attempt(bench.dialect, task) for task in asked]
            served = bench.serve(attempts, candidate, shared=False)
            right = sum(attempt.right for attempt in attempts)
            rate, steps_each = right / served.seconds, served.steps / served.canvases
            found[candidate] = {"rate": rate, "right": right, "steps": steps_each}
        way = max(found, key=lambda candidate: found[candidate]["rate"])
        rounds.append({"ours": ours, "generate": found[way]})
    rates = {side: median(entry[side]["rate"] for entry in rounds) for side in ("ours", "generate")}
    shown: Figures = {"ratio": round(rates["ours"] / rates["generate"], 2)}
    for side, rate in rates.items():
        shown[f"{side}_right_per_second"] = round(rate, 3)
        shown[f"{side}_right"] = round(
            sum(entry[side]["right"] for entry in rounds) / (len(rounds) * bench.requests), 4
        )
        shown[f"{side}_steps_per_canvas"] = round(sum(entry[side]["steps"] for entry in rounds) / len(rounds), 2)
    return shown | {
        "generate_ran": str(way),
        "requests": bench.requests,
        "rounds": len(rounds),
        "stop_rule": stop_rule(bench.model.engine.sampler),
    }


def tasks(count: int, key: str) -> list[Task]:
    """Held-out requests, eight for each set of tools, as an application's tools get many requests."""
    found: list[Task] = []
    for number in range(-(-count // 8)):
        rng = random.Random(f"right/{number}")  # the tools stay from repeat to repeat
        kind = ("known", "invented")[number % 2]
        names = "invented" if kind == "invented" else rng.choice(("usual", "synonym"))
        views = choose_views(KNOWN, rng, Mix(), names, "heldout")
        tools: list[ToolDefinition] = [view.definition for view in views]
        rng = random.Random(f"right/{number}/{key}")
        for index in range(8):
            found.append(Task(tools, ask(rng.choice(views), rng, "heldout"), kind, seed=8 * number + index))
    return found[:count]


async def answer_all(model: DiffusionModel, asked: list[Task]) -> tuple[float, int, int, int]:
    """The seconds that our side takes for all requests at once, its right calls, denoising steps and canvases."""
    right = steps = canvases = 0

    async def one(task: Task) -> None:
        nonlocal right, steps, canvases
        request = ModelRequest((UserMessage(task.case.prompt),), tuple(task.tools), ModelSettings(seed=task.seed))
        async with model.converse() as conversation:
            for attempt in range(1 + RETRIES):
                response = await conversation.respond(request, nowhere)
                steps += response.usage.denoising_steps
                canvases += response.usage.canvases
                answer = refusal(task, response.message)
                if answer is None or attempt == RETRIES:
                    break
                request = replace(request, messages=(*request.messages, response.message, answer))
        right += is_right(task, response.message)

    start = time.perf_counter()
    async with anyio.create_task_group() as group:
        for task in asked:
            group.start_soon(one, task)
    return time.perf_counter() - start, right, steps, canvases


async def nowhere(event: object) -> None:
    """Nobody looks."""


# -- what is shown


def table(found: dict[str, Figures]) -> Table:
    shown = Table(title="agents on agentkit and on generate()")
    for heading in ("case", "ours", "generate()", "ratio", "steps a canvas", "generate() ran"):
        shown.add_column(heading, justify="left" if heading in ("case", "generate() ran") else "right")
    for name, figure in found.items():
        mine, theirs = (written(figure, side) for side in ("ours", "generate"))
        steps = figure.get("steps_per_canvas")
        both = f"{steps}" if steps else f"{figure['ours_steps_per_canvas']} : {figure['generate_steps_per_canvas']}"
        shown.add_row(name, mine, theirs, f"{figure['ratio']}×", both, figure["generate_ran"])
    return shown


def written(figure: Figures, side: str) -> str:
    if f"{side}_seconds" in figure:
        return f"{figure[f'{side}_seconds']:.2f} s"
    return f"{figure[f'{side}_right_per_second']:.2f} right calls/s, {figure[f'{side}_right']:.0%} right"


def picture(found: dict[str, Figures], on: str) -> str:
    panels = {}
    for name, figure in found.items():
        key = "seconds" if "ours_seconds" in figure else "right_per_second"
        what = "seconds" if key == "seconds" else "right calls a second"
        panels[f"{name}, {what}: {figure['ratio']}×"] = [
            (label, float(figure[f"{side}_{key}"]), written(figure, side).split(",")[0])
            for label, side in (("generate()", "generate"), ("agentkit", "ours"))
        ]
    return bars(f"Agents on agentkit and on generate(), {on}", panels)


CASES: dict[str, Callable[[Bench], Figures]] = {"loop_20": loop, "right_calls": right_calls}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--quick", action="store_true", help="few prompts, requests and repeats")
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--prompts", type=int, default=None, help="of each agent's session")
    parser.add_argument("--requests", type=int, default=None, help="held-out requests of right_calls")
    parser.add_argument("--repeats", type=int, default=None)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--plot", type=Path, default=None, help="write a chart as SVG")
    options = parser.parse_args()
    prompts = options.prompts or (2 if options.quick else 4)
    requests = options.requests or (32 if options.quick else 128)
    bench = Bench(options.agents, prompts, requests, options.repeats or (2 if options.quick else 5), options.quick)
    found = {}
    for name in options.cases:
        start = time.monotonic()
        found[name] = CASES[name](bench)
        say(f"{name}: {found[name]['ratio']}× after {time.monotonic() - start:.0f} s")
    bench.model.engine.close_sync()
    console = Console()
    on = machine(torch.device("cpu"))
    if not console.is_terminal:
        console = Console(width=150)
    console.print(table(found))
    console.print(f"measured on {on}; at most 48 steps a canvas, until it is stable and confident")
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": on, **found}, indent=2) + "\n")
    if options.plot is not None:
        options.plot.write_text(picture(found, on))


if __name__ == "__main__":
    main()
