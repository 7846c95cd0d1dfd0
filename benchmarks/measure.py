"""Stopwatches for two sides that share one machine and its noise."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import torch

from agentkit_model.sampler import SamplerSettings

Run = Callable[[int], float]
"""Does the work of repeat 0, 1, ... and returns the seconds it took."""


def alternately(sides: Mapping[str, Run], *, repeats: int, seconds: float = float("inf")) -> dict[str, float]:
    """The median seconds of each side. The sides take turns, in changing order, so that what else the machine does
    hits them alike; no new round begins after `seconds`, but there always is one. Warm up before."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    end = time.monotonic() + seconds
    for repeat in range(repeats):
        order = list(sides) if repeat % 2 == 0 else list(reversed(sides))
        for name in order:
            taken[name].append(sides[name](repeat))
        if time.monotonic() > end:
            break
    return {name: median(values) for name, values in taken.items()}


def machine(device: torch.device) -> str:
    """What figures were measured on, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()}, {platform.system()}, {os.cpu_count()} cores, torch {torch.__version__}"


def stop_rule(sampler: SamplerSettings) -> str:
    """When a canvas is finished, in words; no figure means anything without it."""
    stable = f"stable for {sampler.stability_threshold} step{'s' * (sampler.stability_threshold > 1)}"
    confident = f"mean entropy below {sampler.confidence_threshold} nats"
    return f"{stable} and {confident}, at most {sampler.max_denoising_steps} steps"


def resident(kind: str) -> int:
    """Bytes of this process' memory, "RSS" now or "HWM" at its highest; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith(f"Vm{kind}:"))
    return int(line.split()[1]) * 1024


def save(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Writes what was measured on this machine's CPU to a file, where one is named."""
    if path is not None:
        path.write_text(json.dumps({"machine": machine(torch.device("cpu")), **figures}, indent=2) + "\n")


def say(*words: object) -> None:
    """A line of progress; the figures go to stdout, this goes elsewhere."""
    print(*words, file=sys.stderr, flush=True)
