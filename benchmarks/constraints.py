"""What constraints cost: compiling a tool's schema, and the most probable path at every denoising step.

    python benchmarks/constraints.py [--quick] [--json FILE]

1. Compiling a call of three arguments over a synthetic vocabulary of 262,144 tokens, as large as the released models':
   cold (nothing on disk or in memory), with the vocabulary's bytes on disk, and again in the same process. In seconds
   of the CPU; each tool beside the vocabulary, and all three one after the other.
2. What `maxLength` and large enums cost: states, edges and bytes of the automaton.
3. The share of the denoising time that finding the path takes, on the bundled model with one to six tools in view: one
   canvas of 48 tokens at a time, the checkpoint's own stop rule (at most 48 steps); and what a path takes when 1, 8 or
   16 canvases share the step.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import torch
from rich.console import Console

from agentkit import ModelSettings, UserMessage, bundled
from agentkit.constraints.vocabulary import Vocabulary
from agentkit.dialects import GEMMA_MARKERS, Tokenizer
from agentkit.dialects.gemma4_grammar import call_automaton
from agentkit.models.base import ModelRequest
from agentkit_model import Hold, runner
from agentkit_model.path import best_paths
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


def share(cases: int) -> dict[str, Any]:
    """The path's share of the denoising steps' time on the bundled model, one thread."""
    torch.set_num_threads(1)
    model = bundled.load()
    spent = {"path": 0.0, "step": 0.0, "steps": 0.0}
    seen: list[tuple[Hold, torch.Tensor]] = []
    name = "best_paths" if hasattr(runner, "best_paths") else "best_path"
    search, step = getattr(runner, name), runner.Runner.step

    def timed_search(hold: Any, logits: Any, *arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        found = search(hold, logits, *arguments, **options)
        spent["path"] += time.perf_counter() - started
        seen.extend([(hold, logits)] if name == "best_path" else zip(hold, logits, strict=True))
        return found

    def timed_step(self: Any, rows: Any) -> Any:
        started = time.perf_counter()
        found = step(self, rows)
        spent["step"] += time.perf_counter() - started
        spent["steps"] += len(rows)
        return found

    async def run() -> None:
        for index in range(cases):
            tools, case = evaluation_case("known", index)
            async with model.converse() as conversation:
                request = ModelRequest((UserMessage(case.prompt),), tuple(tools), ModelSettings(seed=index))
                await conversation.respond(request, _nowhere)

    anyio.run(run)  # warm
    setattr(runner, name, timed_search)
    runner.Runner.step = timed_step  # type: ignore[method-assign]
    try:
        anyio.run(run)
    finally:
        setattr(runner, name, search)
        runner.Runner.step = step  # type: ignore[method-assign]
        model.engine.close_sync()
    milliseconds = {name: 1000 * spent[name] / spent["steps"] for name in ("path", "step")}
    return {
        "path_share": round(spent["path"] / spent["step"], 4),
        "path_ms_per_step": round(milliseconds["path"], 3),
        "step_ms": round(milliseconds["step"], 3),
        "steps_per_canvas": round(spent["steps"] / cases, 2),
        "path_ms_by_company": {str(count): company(seen, count) for count in (1, 8, 16)},
    }


def company(seen: list[tuple[Hold, torch.Tensor]], count: int) -> float:
    """Milliseconds that a canvas' path takes when so many are looked for together: the best of five rounds."""
    took = []
    for _ in range(5):
        started = time.perf_counter()
        for begin in range(0, len(seen), count):
            holds, logits = zip(*seen[begin : begin + count], strict=True)
            best_paths(holds, logits, [True] * len(holds))
        took.append(time.perf_counter() - started)
    return round(1000 * min(took) / len(seen), 3)


async def _nowhere(event: object) -> None:
    """Nobody looks."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
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
    Console().print_json(data=figures)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
