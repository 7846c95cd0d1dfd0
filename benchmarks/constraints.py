"""What constraints cost: compiling a tool's schema, and the most probable path at every denoising step.

    python benchmarks/constraints.py [--quick] [--full-size] [--json FILE]

1. Compiling a call of three arguments over a synthetic vocabulary of 262,144 tokens, as large as the released models':
   cold (nothing on disk or in memory), with the vocabulary's bytes on disk, and again in the same process. In seconds
   of the CPU; each tool beside the vocabulary, and all three one after the other.
2. What `maxLength` and large enums cost: states, edges and bytes of the automaton.
3. The share of the denoising time that finding the path takes, on the bundled model with one to six tools in view: one
   canvas of 48 tokens at a time, the checkpoint's own stop rule (at most 48 steps).
4. With `--full-size` the same share at the geometry of DiffusionGemma 26B-A4B, on the device at hand: the path of the
   weather tool's call over a canvas of 256 tokens and a vocabulary of 262,144. It is an extrapolation: a network of one
   sliding and one full layer with random bfloat16 weights (5 GB) is run, and each layer's time taken 25 and 5 times.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import anyio
import torch
from full_size import full_size, random_on
from measure import machine
from rich.console import Console

from agentkit import ModelSettings, UserMessage, bundled
from agentkit.constraints.vocabulary import Vocabulary
from agentkit.dialects import GEMMA_MARKERS, Tokenizer
from agentkit.dialects.gemma4_grammar import call_automaton
from agentkit.dialects.gemma4_turn import turn_automaton
from agentkit.models.base import ModelRequest
from agentkit_model import CanvasPlan, Engine, Hold, network, runner
from agentkit_recipe.conversation import evaluation_case

SIZE = 262_144
TOOLS: dict[str, dict[str, Any]] = {
    "weather": {"city": {"type": "string"}, "days": {"type": "integer", "maximum": 14}, "unit": {"enum": ["C", "F"]}},
    "booking": {
        "date": {"type": "string", "format": "date"},
        "code": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
        "price": {"type": "number", "minimum": 0},
    },
    "mail": {
        "to": {"type": "string", "format": "email"},
        "subject": {"type": "string", "maxLength": 80},
        "body": {"type": "string"},
    },
}


def schema(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": False}


def large_tokenizer(size: int = SIZE) -> Tokenizer:
    """A byte-level vocabulary of random words, as many and about as long as the released models' tokens."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import decoders, models, pre_tokenizers

    rng = random.Random(0)
    words = {character: index for index, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    letters = "abcdefghijklmnopqrstuvwxyz"
    while len(words) < size - len(GEMMA_MARKERS):
        word = "".join(rng.choices(letters, k=rng.randint(2, 10)))
        words.setdefault(
            ("\u0120" if rng.random() < 0.5 else "") + (word.capitalize() if rng.random() < 0.3 else word), len(words)
        )
    backend = Backend(models.BPE(vocab=words, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(list(GEMMA_MARKERS))
    return Tokenizer(backend.to_str())


@contextmanager
def timed(figures: dict[str, float], name: str) -> Iterator[None]:
    """Notes the CPU's seconds, which other work on the machine does not change."""
    started = time.process_time()
    yield
    figures[name] = round(time.process_time() - started, 3)


def compiling(definition: Path) -> dict[str, Any]:
    """CPU seconds to compile in this process; the vocabulary first, then each tool, then the last again."""
    tokenizer = Tokenizer.from_file(definition)
    figures: dict[str, Any] = {}
    with timed(figures, "vocabulary"):
        vocabulary = Vocabulary(tokenizer)
    for name, properties in TOOLS.items():
        with timed(figures, name):
            call_automaton(tokenizer, vocabulary, name, schema(properties))
    with timed(figures, "again"):
        call_automaton(tokenizer, vocabulary, "mail", schema(TOOLS["mail"]))
    return figures


def compile_cold_and_warm() -> dict[str, Any]:
    """The same in two fresh processes, the second of which finds the first one's files."""
    with tempfile.TemporaryDirectory() as folder:
        definition = Path(folder) / "tokenizer.json"
        definition.write_text(large_tokenizer()._definition, encoding="utf-8")
        environment = os.environ | {"AGENTKIT_CACHE": str(Path(folder) / "cache")}
        command = [sys.executable, __file__, "--compile", str(definition)]
        runs = [subprocess.run(command, env=environment, check=True, capture_output=True, text=True) for _ in range(2)]
    return dict(zip(("cold", "warm"), (json.loads(run.stdout) for run in runs), strict=True))


def sizes(quick: bool) -> list[dict[str, Any]]:
    """How automata grow with lengths and enums, over the bundled vocabulary."""
    tokenizer = Tokenizer.from_pretrained(bundled.folder())
    vocabulary = Vocabulary(tokenizer)
    cases = {f"maxLength {length}": {"type": "string", "maxLength": length} for length in (10, 100, 1000, 100_000)}
    for count in (10, 100, 1000) if quick else (10, 100, 1000, 10_000):
        cases[f"enum of {count}"] = {"enum": [f"value number {index * 7919 % 99_991}" for index in range(count)]}
    rows = []
    for name, value in cases.items():
        tracemalloc.start()
        automaton = call_automaton(tokenizer, vocabulary, "f", schema({"value": value}))
        arrays = (automaton.source, automaton.target, automaton.label, automaton.cost)
        held = sum(array.nbytes for array in arrays) + sum({id(s): s.nbytes for s in automaton.sets}.values())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        edges = len(automaton.source)
        rows.append({"case": name, "states": automaton.size, "edges": edges, "bytes": held, "peak_bytes": peak})
    return rows


Watched = dict[str, list[tuple[float, Any]]]
"""What calls took, in seconds, and what was noted of their arguments, by key."""


@contextmanager
def watching(
    found: Watched, calls: dict[str, tuple[Any, str, Callable[..., Any]]], clock: Callable[[], float]
) -> Iterator[None]:
    """Notes what calls take: of (owner, name, what to note of the arguments), under their keys."""
    originals = {key: getattr(owner, name) for key, (owner, name, _) in calls.items()}

    def watched(key: str, note: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            started = clock()
            result = originals[key](*arguments, **options)
            found.setdefault(key, []).append((clock() - started, note(*arguments)))
            return result

        return call

    for key, (owner, name, note) in calls.items():
        setattr(owner, name, watched(key, note))
    try:
        yield
    finally:
        for key, (owner, name, _) in calls.items():
            setattr(owner, name, originals[key])


def share(cases: int) -> dict[str, Any]:
    """The path's share of the denoising steps' time on the bundled model, in seconds of the CPU, one thread."""
    torch.set_num_threads(1)
    model = bundled.load()
    found: Watched = {}

    async def run() -> None:
        for index in range(cases):
            tools, case = evaluation_case("known", index)
            async with model.converse() as conversation:
                request = ModelRequest((UserMessage(case.prompt),), tuple(tools), ModelSettings(seed=index))
                await conversation.respond(request, _nowhere)

    anyio.run(run)  # warm
    calls = {
        "path": (runner, "best_path", lambda *_: "path"),
        "step": (runner.Runner, "step", lambda _, rows, *chunks: len(rows)),
    }
    with watching(found, calls, time.process_time):
        anyio.run(run)
    model.engine.close_sync()
    steps = [seconds for seconds, rows in found["step"] if rows]  # without passes that only read a prompt
    paths = [seconds for seconds, _ in found["path"]]
    return {
        "path_share": round(sum(paths) / sum(steps), 4),
        "path_ms_per_step": round(1000 * sum(paths) / len(steps), 3),
        "step_ms": round(1000 * sum(steps) / len(steps), 3),
        "steps_per_canvas": round(len(steps) / cases, 2),
    }


def full_size_share() -> dict[str, Any]:
    """The path's share of a denoising step of 30 layers, extrapolated from one layer of each kind.

    On a CPU the times are seconds of the CPU.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    config = full_size()
    config.text_config.layer_types = ["sliding_attention", "full_attention"]
    config.text_config.num_hidden_layers = 2
    tokenizer = large_tokenizer()
    vocabulary = Vocabulary(tokenizer)
    call = call_automaton(tokenizer, vocabulary, "weather", schema(TOOLS["weather"]))
    automaton = turn_automaton(tokenizer, vocabulary, [call], required=True)
    found: Watched = {}
    calls = {
        "layer": (network.Layer, "__call__", lambda layer, *_: layer.kind),
        "path": (runner, "best_path", lambda *_: "path"),
        "step": (runner.Runner, "step", lambda _, rows, *chunks: "step" if rows else "read"),
    }

    def clock() -> float:
        if device.type != "cuda":
            return time.process_time()
        torch.cuda.synchronize(device)
        return time.perf_counter()

    with watching(found, calls, clock), Engine(random_on(config, device, torch.bfloat16)) as engine:
        context = engine.open_sync(list(range(1000, 1256)))
        plan = CanvasPlan(seed=0, hold=Hold(automaton=automaton, bonus=8.0), max_denoising_steps=4)
        context.fill(plan).result_sync()

    def typical(kind: str) -> float:
        """The median of all calls but the first, which warms up."""
        return median([seconds for times in found.values() for seconds, noted in times if noted == kind][1:])

    step, path, sliding, full = map(typical, ("step", "path", "sliding_attention", "full_attention"))
    whole = step - sliding - full + 25 * sliding + 5 * full
    return {
        "extrapolated_from": "one layer of each kind, the head, the sampler and self-conditioning, on this device",
        "device": machine(device),
        "path_share": round(path / whole, 5),
        "path_ms": round(1000 * path, 2),
        "step_ms_of_30_layers": round(1000 * whole, 1),
        "sliding_layer_ms": round(1000 * sliding, 2),
        "full_layer_ms": round(1000 * full, 2),
        "head_sampler_and_self_conditioning_ms": round(1000 * (step - sliding - full - path), 2),
        "states": automaton.size,
        "edges": len(automaton.source),
    }


async def _nowhere(event: object) -> None:
    """Nobody looks."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full-size", action="store_true", help="also at the geometry of the 26B-A4B (5 GB, minutes)")
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--compile", type=Path, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compile is not None:
        print(json.dumps(compiling(options.compile)))
        return
    figures: dict[str, Any] = {"machine": f"{platform.machine()}, {platform.system()}"}
    figures["compile_seconds_at_262144_tokens"] = compile_cold_and_warm()
    figures["sizes"] = sizes(options.quick)
    figures["bundled_model"] = share(20 if options.quick else 100)
    if options.full_size:
        figures["full_size"] = full_size_share()
    Console().print_json(data=figures)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
