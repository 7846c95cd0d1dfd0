"""Where the time of a denoising step goes, by torch's own profiler.

    python benchmarks/step_profile.py [--canvases N] [--prompt TOKENS] [--steps N] [--device cuda] [--trace FILE]

Canvases of the bundled model (or of `--model`) are denoised at the same time behind a prompt, the stop rule off; the
table gives the share of each operation in the time of all of them, without what it calls. `--trace` writes what a
browser's tracing page or https://ui.perfetto.dev shows.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import anyio
import torch
from measure import machine
from rich.console import Console
from rich.table import Table
from sides import torch_threads
from torch._C._profiler import _ExperimentalConfig
from torch.profiler import ProfilerActivity, profile, record_function
from workload import random_prompts

from agentkit import bundled
from agentkit_model import CanvasPlan, Engine
from agentkit_model.compiled import Compiled


def named(cls: type, name: str, label: str) -> None:
    """Has the profiler see calls of a method that leave torch, by this label."""
    plain = getattr(cls, name)

    def seen(*arguments: object) -> object:
        with record_function(label):
            return plain(*arguments)

    setattr(cls, name, seen)


async def fill(engine: Engine, canvases: int, tokens: int, steps: int) -> tuple[float, profile]:
    """Seconds of the denoising steps without a profiler, and the profile of as many again."""
    (prompt,) = random_prompts(engine.vocab_size, 1, tokens, "profile")
    plan = CanvasPlan(max_denoising_steps=steps, confidence_threshold=0.0)
    context = await engine.open(prompt)

    async def one() -> None:
        async with context.fill(plan) as canvas:
            await canvas.result()

    async def everybody() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(canvases):
                group.start_soon(one)

    await everybody()  # warms up
    start = time.perf_counter()
    await everybody()
    seconds = time.perf_counter() - start
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if engine.device.type == "cuda" else [])]
    # The engine computes in a thread of its own.
    with profile(activities=activities, experimental_config=_ExperimentalConfig(profile_all_threads=True)) as profiled:
        await everybody()
    return seconds, profiled


def table(profiled: profile, rows: int, *, cuda: bool) -> Table:
    """The operations that take most of the time themselves; on CUDA by the time of their kernels."""
    events = profiled.key_averages()

    def own(event: object) -> float:
        return float(getattr(event, "self_device_time_total" if cuda else "self_cpu_time_total"))

    total = sum(map(own, events))
    shown = Table(title="one denoising step")
    for heading in ("operation", "share", "calls"):
        shown.add_column(heading, justify="left" if heading == "operation" else "right")
    first = sorted(events, key=own, reverse=True)[:rows]
    for event in first:
        shown.add_row(event.key, f"{own(event) / total:.1%}", str(event.count))
    rest = total - sum(map(own, first))
    shown.add_row("the rest", f"{rest / total:.1%}", str(sum(event.count for event in events if event not in first)))
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=None, help="a checkpoint's folder; the bundled one without it")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--canvases", type=int, default=1)
    parser.add_argument("--prompt", type=int, default=256, help="tokens before the canvas")
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--threads", type=int, default=0, help="of torch; as they are without it")
    parser.add_argument("--rows", type=int, default=12)
    parser.add_argument("--trace", type=Path, default=None)
    parser.add_argument("--plain", action="store_true", help="by torch, also where there are compiled kernels")
    options = parser.parse_args()
    for name in ("run", "look", "draw", "weigh"):
        named(Compiled, name, f"compiled: {name}")
    with torch_threads(options.threads):
        source = options.model or bundled.folder()
        settings = {"max_batch": max(16, options.canvases), "compiled": not options.plain}
        with Engine.from_pretrained(source, device=options.device, **settings) as engine:
            seconds, profiled = anyio.run(fill, engine, options.canvases, options.prompt, options.steps)
        threads = torch.get_num_threads()
    console = Console()
    console.print(table(profiled, options.rows, cuda=options.device.startswith("cuda")))
    step = 1000 * seconds / options.steps
    console.print(
        f"{step:.2f} ms a step of {options.canvases} canvas(es) without the profiler, {options.steps} steps, stop rule "
        f"off, {options.prompt} tokens before; {machine(torch.device(options.device))}, {threads} thread(s)"
    )
    if options.trace is not None:
        profiled.export_chrome_trace(str(options.trace))


if __name__ == "__main__":
    main()
