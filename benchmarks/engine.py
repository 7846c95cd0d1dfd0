"""Our engine against transformers' `generate()`: the same weights, prompts, settings and number of denoising steps.

    python benchmarks/engine.py [--quick] [--json FILE] [--plot FILE]
    python benchmarks/engine.py --device cuda --random-full-size [--json FILE] [--plot FILE]

A ratio is our throughput over theirs. `generate()` is given its best setting for each case: dynamic or static cache,
compiled too where that is worth trying (on CUDA; on a CPU with `--compiled`, which takes minutes), one torch thread or
all of them; ours runs as it comes. Both sides take turns, every repeat has prompts that no cache has seen, and medians
count. On the bundled model, or any checkpoint with `--model`:

    one_canvas        a short prompt and one canvas: 16 denoising steps, the stop rule off
    ragged_32         32 requests at once, of ragged prompt lengths, that need different numbers of steps and canvases;
                      at most 48 steps, each canvas until it is stable and confident. Our engine goes first and its
                      steps are noted; generate() gets the requests in batches, sorted by length or as they come,
                      whatever is best, and counts every canvas as finished after the steps that it took on our side.
                      So it does no more than its own batching forces: rows wait for the slowest row in each canvas
    first_draft       from the prompt to the first draft of its canvas
    peak_memory       what 16 canvases at once take beyond the weights
    prompt_growth     one canvas behind 256 to 8,192 tokens (random weights of the same size: the bundled model has
                      4,096 positions)
    canvas_growth     1 to 32 canvases at once
    vocabulary_growth one canvas over vocabularies of 4,096 to 262,144 tokens (random weights)

With `--random-full-size` the whole DiffusionGemma 26B-A4B with random weights, in bfloat16 on the device: 1, 4 and 16
canvases of 16 steps, the stop rule off, each behind 256 tokens; a step is also compared with the time that reading the
weights once takes. `--quantization int8`, `int4` or `float8` holds the weights in 8 or 4 bits (both sides run the same
modules).
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import torch
from chart import bars
from full_size import bandwidth, full_size, random_on, step_bytes
from measure import alternately, machine, resident, say, stop_rule
from rich.console import Console
from rich.table import Table
from sides import Generate, Ours, Request, Setting, Slower, twin
from transformers import DiffusionGemmaForBlockDiffusion
from workload import one_request, ragged_requests, random_prompts

from agentkit import bundled
from agentkit.dialects import Gemma4, Tokenizer
from agentkit_model import checkpoint
from agentkit_model.quantize import Quantization, weight_bytes

Figures = dict[str, Any]
STEPS = 16
QUICK = 40  # seconds after which --quick begins no further round of requests


@dataclass
class Bench:
    """What is measured, on what, and how long it may take."""

    model: str
    device: torch.device
    repeats: int
    quick: bool
    compiled: bool
    requests: int = 32
    quantization: Quantization | None = None
    _first: list[Setting] = field(default_factory=list)

    @cached_property
    def folder(self) -> Path:
        return bundled.folder() if self.model == "bundled" else Path(self.model)

    @cached_property
    def dialect(self) -> Gemma4:
        return Gemma4(Tokenizer.from_pretrained(self.folder))

    def load(self) -> DiffusionGemmaForBlockDiffusion:
        dtype = torch.float32 if self.device.type == "cpu" else "auto"
        return checkpoint.load(self.folder, device=self.device, dtype=dtype)

    def random(self, **text: Any) -> DiffusionGemmaForBlockDiffusion:
        """A network of the checkpoint's sizes, some of them changed, with random weights."""
        config = copy.deepcopy(self.load().config)
        for name, value in text.items():
            setattr(config.text_config, name, value)
        return checkpoint.random_model(config, seed=0, device=self.device, dtype=self.load().dtype)

    @property
    def settings(self) -> list[Setting]:
        """How generate() may be run here."""
        ways = [("dynamic", False), ("static", False), *([("static", True)] if self.compiled else [])]
        threads = (0,) if self.device.type != "cpu" else sorted({1, torch.get_num_threads()})
        return [Setting(cache, compiled, count) for cache, compiled in ways for count in threads]

    def best(self, model: DiffusionGemmaForBlockDiffusion, work: Callable[[Generate, int], float]) -> Generate:
        """generate() in the setting that does the work fastest, the compiled ones warmed up. With `quick` only the
        first case tries all of them."""
        taken: dict[Setting, float] = {}
        for setting in self._first or self.settings:
            side = Generate(model, setting)
            try:
                work(side, -1)
                taken[setting] = min(work(side, -2 - trial) for trial in range(1 if self._first else 2))
            except Exception as error:  # what a compiler or a cache may raise has no common kind
                say(f"generate() with {setting} did not run: {type(error).__name__}: {error}")
        best = min(taken, key=taken.__getitem__)
        if self.quick:
            self._first = [best]
        return Generate(model, best)


# -- the cases


def one_canvas(bench: Bench) -> Figures:
    model = bench.load()
    theirs = bench.best(twin(model), lambda side, repeat: side.fill([one_request(bench.dialect, repeat)], STEPS))
    ours = Ours(model)

    def run(side: Ours | Generate, steps: int) -> Callable[[int], float]:
        return lambda repeat: side.fill([one_request(bench.dialect, 2 * repeat + (steps > 1))], steps)

    ours.fill([one_request(bench.dialect, -1)], STEPS)
    sides = {("ours", steps): run(ours, steps) for steps in (1, STEPS)}
    sides |= {("theirs", steps): run(theirs, steps) for steps in (1, STEPS)}
    seconds = alternately({f"{side} {steps}": work for (side, steps), work in sides.items()}, repeats=bench.repeats)
    ours.close()
    return figures(seconds, STEPS, theirs.setting)


def ragged(bench: Bench) -> Figures:
    model = bench.load()
    other, ours = twin(model), Ours(model)
    ours.serve(ragged_requests(bench.dialect, 2, -1))
    rounds: list[Round] = []
    end = time.monotonic() + (QUICK if bench.quick else 900)
    while len(rounds) < bench.repeats and (not rounds or time.monotonic() < end):
        requests = ragged_requests(bench.dialect, bench.requests, len(rounds))
        seconds, steps = ours.serve(requests)
        ways = [rounds[0].way] if rounds else batch_ways(bench)
        way, theirs = best_way(other, requests, steps, ways)
        rounds.append(Round(seconds, theirs, way, [count for row in steps for count in row]))
    ours.close()
    mine, generates = (median(getattr(entry, side) for entry in rounds) for side in ("ours", "theirs"))
    counts = [count for entry in rounds for count in entry.steps]
    return {
        "ratio": round(generates / mine, 2),
        "ours_ms": ms(mine),
        "generate_ms": ms(generates),
        "generate_setting": str(rounds[0].way),
        "requests": bench.requests,
        "rounds": len(rounds),
        "canvases": len(counts) // len(rounds),
        "steps_per_canvas": round(sum(counts) / len(counts), 2),
        "stop_rule": stop_rule(ours.engine.sampler),
    }


@dataclass(frozen=True)
class Way:
    """How generate() is given many requests."""

    setting: Setting
    size: int
    by_length: bool

    def __str__(self) -> str:
        return f"{self.setting}, batches of {self.size}{' by length' if self.by_length and self.size > 1 else ''}"


@dataclass(frozen=True)
class Round:
    """The seconds of both sides for one set of requests, and the steps of its canvases."""

    ours: float
    theirs: float
    way: Way
    steps: list[int]


def batch_ways(bench: Bench) -> list[Way]:
    """What is tried, one by one first: then nothing waits for a slower row."""
    sizes = (1, 4, 16) if bench.quick else (1, 2, 4, 8, 16, 32)
    sizes_and_orders = [(1, True), *((n, True) for n in sizes[1:]), *((n, False) for n in sizes[1:] if not bench.quick)]
    settings = bench._first or bench.settings
    return [Way(setting, *rest) for rest in sizes_and_orders for setting in settings if rest[0] <= bench.requests]


def best_way(
    model: DiffusionGemmaForBlockDiffusion, requests: list[Request], steps: list[list[int]], ways: list[Way]
) -> tuple[Way, float]:
    """The way that serves the requests fastest, and its seconds. A way is given up when it takes longer than the best
    one before it."""
    best, least = ways[0], float("inf")
    for way in ways:
        order = list(range(len(requests)))
        if way.by_length:
            order.sort(key=lambda index: len(requests[index].prompt))
        given = [requests[index] for index in order], [steps[index] for index in order]
        try:
            best, least = way, Generate(model, way.setting).serve(*given, way.size, limit=least)
        except Slower:
            continue
    return best, least


def first_draft(bench: Bench) -> Figures:
    model = bench.load()
    theirs = bench.best(twin(model), lambda side, repeat: side.first_draft(one_request(bench.dialect, repeat), 2))
    ours = Ours(model)
    ours.first_draft(one_request(bench.dialect, -1), 2)
    seconds = alternately(
        {
            "ours": lambda repeat: ours.first_draft(one_request(bench.dialect, repeat), 2),
            "theirs": lambda repeat: theirs.first_draft(one_request(bench.dialect, repeat), 2),
        },
        repeats=2 * bench.repeats,
    )
    ours.close()
    return {
        "ratio": round(seconds["theirs"] / seconds["ours"], 2),
        "ours_ms": ms(seconds["ours"]),
        "generate_ms": ms(seconds["theirs"]),
        "generate_setting": str(theirs.setting),
    }


def peak_memory(bench: Bench) -> Figures:
    setting = bench._first[0] if bench._first else Setting()
    taken = {}
    for side in ("ours", "generate"):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            taken[side] = process.submit(memory_of, side, bench.model, str(bench.device), setting).result()
    ratio = round(taken["generate"] / taken["ours"], 2) if all(taken.values()) else None
    return {"ratio": ratio, "ours_bytes": taken["ours"], "generate_bytes": taken["generate"], "canvases": 16}


def memory_of(side: str, model: str, device: str, setting: Setting) -> int:
    """Bytes that 16 canvases of 4 steps behind 256 tokens take at most, beyond what one canvas had left behind. To be
    called in a process of its own."""
    bench = Bench(model, torch.device(device), 1, False, False)
    network = bench.load()
    runner: Ours | Generate = Ours(network) if side == "ours" else Generate(network, setting)
    vocabulary = network.config.text_config.vocab_size
    runner.fill(random_prompts(vocabulary, 1, 256, "warm"), 2)
    if bench.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    else:
        before = resident("RSS")
        if (reset := Path("/proc/self/clear_refs")).exists():
            reset.write_text("5")  # forgets the highest point so far
    runner.fill(random_prompts(vocabulary, 16, 256, "measured"), 4)
    after = torch.cuda.max_memory_allocated() if bench.device.type == "cuda" else resident("HWM")
    if isinstance(runner, Ours):
        runner.close()
    return max(0, after - before)


def prompt_growth(bench: Bench) -> Figures:
    lengths = (256, 8192) if bench.quick else (256, 1024, 2048, 4096, 8192)
    model = bench.random(max_position_embeddings=16_384)
    return grown({str(length): point(bench, model, 1, length) for length in lengths})


def canvas_growth(bench: Bench) -> Figures:
    counts = (1, 32) if bench.quick else (1, 2, 4, 8, 16, 32)
    model = bench.load()
    return grown({str(count): point(bench, model, count, 256) for count in counts})


def vocabulary_growth(bench: Bench) -> Figures:
    sizes = (4096, 262_144) if bench.quick else (4096, 16_384, 65_536, 262_144)
    return grown({str(size): point(bench, bench.random(vocab_size=size), 1, 256) for size in sizes})


def point(bench: Bench, model: DiffusionGemmaForBlockDiffusion, count: int, length: int) -> Figures:
    """A point of a curve: so many canvases at once, each behind so many random tokens."""
    vocabulary, steps = model.config.text_config.vocab_size, 4 if bench.quick else 8

    def prompts(repeat: int, kind: int = 0) -> list[list[int]]:
        return random_prompts(vocabulary, count, length, f"{repeat}/{kind}")

    theirs = bench.best(twin(model), lambda side, repeat: side.fill(prompts(repeat), 2))
    ours = Ours(model, max_batch=max(16, count))
    ours.fill(prompts(-1), 2)

    def run(side: Ours | Generate, steps: int) -> Callable[[int], float]:
        return lambda repeat: side.fill(prompts(repeat, steps), steps)

    sides = {f"{name} {s}": run(side, s) for name, side in (("ours", ours), ("theirs", theirs)) for s in (1, steps)}
    seconds = alternately(sides, repeats=1 if bench.quick else bench.repeats, seconds=60)
    ours.close()
    return figures(seconds, steps, theirs.setting)


# -- the full size


def whole(bench: Bench) -> dict[str, Figures]:
    """The 26B-A4B architecture with random weights: 1, 4 and 16 canvases."""
    say("making random weights on the device")
    model = random_on(full_size(), bench.device, torch.bfloat16, quantization=bench.quantization)
    return {f"full_size_{count}": full_point(bench, model, count) for count in (1, 4, 16)}


def full_point(bench: Bench, model: DiffusionGemmaForBlockDiffusion, count: int) -> Figures:
    """So many canvases of 16 steps at once, each behind 256 tokens."""
    vocabulary, length = model.config.text_config.vocab_size, model.config.canvas_length

    def prompts(key: str) -> list[list[int]]:
        return random_prompts(vocabulary, count, 256, key)

    theirs = bench.best(twin(model), lambda side, repeat: side.fill(prompts(f"{repeat}"), STEPS))
    graphs = bench.device.type == "cuda" and graphs_pay(model, prompts)
    ours = Ours(model, graphs=graphs)
    for steps in (1, STEPS):
        ours.fill(prompts(f"warm/{steps}"), steps)
        theirs.fill(prompts(f"warm/{steps}"), steps)

    def run(side: Ours | Generate, steps: int) -> Callable[[int], float]:
        return lambda repeat: side.fill(prompts(f"{repeat}/{steps}"), steps)

    sides = {f"{name} {s}": run(side, s) for name, side in (("ours", ours), ("theirs", theirs)) for s in (1, STEPS)}
    seconds = alternately(sides, repeats=bench.repeats)
    ours.close()
    found = figures(seconds, STEPS, theirs.setting) | {"ours_setting": "CUDA graphs" if graphs else "without graphs"}
    size = step_bytes(model.config, bench.quantization, torch.bfloat16)
    limit = size / bandwidth(bench.device)
    for name, key in (("ours", "ours"), ("theirs", "generate")):
        step = (seconds[f"{name} {STEPS}"] - seconds[f"{name} 1"]) / (STEPS - 1)
        found[f"{key}_tokens_per_second"] = round(count * length / seconds[f"{name} {STEPS}"], 1)
        found[f"{key}_share_of_bandwidth_limit"] = round(limit / step, 3)
    peak = torch.cuda.max_memory_allocated() if bench.device.type == "cuda" else resident("HWM")
    sizes = {"gigabytes_per_step": round(size / 1e9, 2), "peak_gigabytes": round(peak / 1e9, 2)}
    return found | {"limit_ms_per_step": ms(limit), **sizes}


def graphs_pay(model: DiffusionGemmaForBlockDiffusion, prompts: Callable[[str], list[list[int]]]) -> bool:
    """Whether our engine is faster with its passes recorded as CUDA graphs: the best of three rounds of each."""
    took = {}
    for graphs in (False, True):
        side = Ours(model, graphs=graphs)
        took[graphs] = min(side.fill(prompts(f"graphs/{repeat}"), STEPS) for repeat in range(4))  # the first warms up
        side.close()
    return took[True] < took[False]


# -- what is shown


def ms(seconds: float) -> float:
    return round(1000 * seconds, 2)


def figures(seconds: dict[str, float], steps: int, setting: Setting) -> Figures:
    """From the seconds of both sides for one step and for `steps` steps. A step's own time is None where what varies
    from run to run is more."""
    beyond = {name: (seconds[f"{name} {steps}"] - seconds[f"{name} 1"]) / (steps - 1) for name in ("ours", "theirs")}
    per_step = {name: ms(found) if found > 0 else None for name, found in beyond.items()}
    return {
        "ratio": round(seconds[f"theirs {steps}"] / seconds[f"ours {steps}"], 2),
        "ours_ms": ms(seconds[f"ours {steps}"]),
        "generate_ms": ms(seconds[f"theirs {steps}"]),
        "ours_ms_per_step": per_step["ours"],
        "generate_ms_per_step": per_step["theirs"],
        "generate_setting": str(setting),
        "steps_per_canvas": steps,
        "stop_rule": "off",
    }


def grown(points: dict[str, Figures]) -> Figures:
    """A curve, with the ratio where it is least."""
    return {"ratio": min(figure["ratio"] for figure in points.values()), "points": points}


def weights() -> dict[str, float]:
    """Gigabytes that the weights of the 26B-A4B take, by arithmetic."""
    kinds: tuple[Quantization | None, ...] = (None, "int8", "int4", "float8")
    return {kind or "bfloat16": round(weight_bytes(full_size(), kind) / 1e9, 1) for kind in kinds}


def table(found: dict[str, Figures]) -> Table:
    shown = Table(title="agentkit's engine and transformers' generate()")
    for heading in ("case", "ours", "generate()", "ratio", "steps a canvas", "ms a step", "generate() ran with"):
        shown.add_column(heading, justify="left" if heading in ("case", "generate() ran with") else "right")
    for name, figure in flat(found):
        steps = (
            f"{figure['ours_ms_per_step'] or '?'} : {figure['generate_ms_per_step'] or '?'}"
            if "ours_ms_per_step" in figure
            else ""
        )
        shown.add_row(
            name,
            *(amount(figure, side) for side in ("ours", "generate")),
            f"{figure['ratio']}×",
            str(figure.get("steps_per_canvas", "")),
            steps,
            figure.get("generate_setting", ""),
        )
    return shown


def amount(figure: Figures, side: str) -> str:
    if f"{side}_bytes" in figure:
        return f"{figure[f'{side}_bytes'] / 2**20:.1f} MiB"
    return f"{figure[f'{side}_ms']:.1f} ms"


def flat(found: dict[str, Figures]) -> list[tuple[str, Figures]]:
    """The rows of a table: the points of a curve one by one."""
    rows = []
    for name, figure in found.items():
        rows += [(f"{name} {label}", entry) for label, entry in figure.get("points", {"": figure}).items()]
    return [(name.strip(), figure) for name, figure in rows]


def picture(found: dict[str, Figures], on: str) -> str:
    panels = {}
    for name, figure in flat(found):
        kind = "bytes" if "ours_bytes" in figure else "ms"
        rows = [("generate()", "generate"), ("agentkit", "ours")]
        panels[f"{name}: {figure['ratio']}×"] = [
            (label, float(figure[f"{side}_{kind}"]), amount(figure, side)) for label, side in rows
        ]
    return bars(f"agentkit's engine and generate(), {on}", panels)


CASES: dict[str, Callable[[Bench], Figures]] = {
    "one_canvas": one_canvas,
    "ragged_32": ragged,
    "first_draft": first_draft,
    "peak_memory": peak_memory,
    "prompt_growth": prompt_growth,
    "canvas_growth": canvas_growth,
    "vocabulary_growth": vocabulary_growth,
}


def run(bench: Bench, cases: Sequence[str], full: bool) -> dict[str, Figures]:
    if full:
        return whole(bench)
    found = {}
    for name in cases:
        start = time.monotonic()
        found[name] = CASES[name](bench)
        say(f"{name}: {found[name]['ratio']}× after {time.monotonic() - start:.0f} s")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bundled", help="a checkpoint's folder; the bundled one without it")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--quick", action="store_true", help="few repeats, and of each curve the ends")
    parser.add_argument("--repeats", type=int, default=None)
    parser.add_argument("--requests", type=int, default=32, help="how many ragged requests at once")
    parser.add_argument("--compiled", action="store_true", help="try generate() compiled on a CPU, too")
    parser.add_argument("--random-full-size", action="store_true", help="the 26B-A4B architecture, random weights")
    parser.add_argument("--quantization", choices=["int8", "int4", "float8"], help="of the full size's weights")
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--plot", type=Path, default=None, help="write a chart as SVG")
    options = parser.parse_args()
    device = torch.device(options.device)
    compiled = options.compiled or device.type == "cuda"
    repeats = options.repeats or (3 if options.quick else 7)
    bench = Bench(options.model, device, repeats, options.quick, compiled, options.requests, options.quantization)
    found = run(bench, options.cases, options.random_full_size)
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    console.print(table(found))
    console.print(", ".join(f"{kind}: {size} GB" for kind, size in weights().items()), "of weights at full size")
    console.print(f"measured on {machine(device)}; fixed steps with the stop rule off where nothing else is said")
    if options.json is not None:
        options.json.write_text(
            json.dumps({"machine": machine(device), "gigabytes_at_full_size": weights(), **found}, indent=2) + "\n"
        )
    if options.plot is not None:
        options.plot.write_text(picture(found, machine(device)))


if __name__ == "__main__":
    main()
