"""The tuning itself: a training run that takes a given time, whatever the machine's speed."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from agentkit.dialects.tokenizer import Tokenizer

from ..network import Architecture, Packed
from ..settings import Speed, TrainSettings
from ..train import Run, collate
from .packs import OwnWriter
from .tool import OwnTool
from .workers import Found, Workers

DECAY = 0.6  # of the time, over which the learning rate falls to zero
LONG = 180  # seconds of training from which compiling pays: it takes half a minute where it was never done before


def settings_for(shards: int, seed: int) -> TrainSettings:
    """All weights are trained: there are few, and what is to be learned is new to most of them."""
    return TrainSettings(
        seed=seed,
        steps=sys.maxsize,
        warmup=20,
        learning_rate=0.8e-3,
        muon_rate=0.008,
        shards=shards,
        prefixes=1,
        branches=16,  # many requests behind each prompt, which is long ...
        canvases=1,  # ... each noised once: other words teach more than other noise
        answer_share=0.2,
        drill_steps=0,
        few_tools_steps=0,
        own_samples_from=0,
        pair_share=0.0,
        declaration_weight=0.0,  # they are the same few again and again
        average=0.99,
    )


class TuneRun(Run):
    """A run that ends after so many seconds of training, over all the times that it was carried on."""

    def __init__(
        self,
        folder: Path,
        tokenizer: Tokenizer,
        settings: TrainSettings,
        tools: tuple[OwnTool, ...],
        *,
        refused: tuple[str, ...],
        budget: float,
        speed: Speed | None = None,
    ) -> None:
        self.own = OwnWriter(tokenizer, tools, canvas_length=Architecture().canvas_length, refused=refused)
        super().__init__(folder, tokenizer, settings, "cpu", self.own, speed)
        self.budget = budget
        self.workers = Workers([])

    @property
    def reached(self) -> int:
        return min(int(self.seconds), self.total)

    @property
    def total(self) -> int:
        return max(1, round(self.budget))

    def schedule(self) -> float:
        rise = min(1.0, (self.step + 1) / self.settings.warmup)
        left = max(0.0, 1 - self.seconds / self.budget)
        return rise * min(1.0, left / DECAY)

    def batch(self, shard: int) -> Packed:
        """The requests of one shard of this step: as long as those of the others, which wait for each other."""
        s = self.settings
        rng = random.Random(f"{s.seed}/{self.step}")
        answers = rng.random() < s.answer_share
        width = s.narrow_length if rng.random() < s.narrow_share else self.own.canvas_length
        view = self.own.tools_in_view(rng)
        packs = [
            self.own.pack_of(
                view, f"{s.seed}/{self.step}/{shard}/{i}", branches=s.branches, canvases=s.canvases, answers=answers
            )
            for i in range(s.prefixes)
        ]
        return collate(packs, self.device, width)

    def shard_steps(self) -> list[Found]:
        return self.workers.make(self)


def speed_for(budget: float) -> Speed:
    """How this machine makes its steps: compiled, where that works and there is time for it, and with products in
    bfloat16 where its cores have units for them."""
    known: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # older torch does not tell
    return Speed(
        bfloat16=bool(known.get("amx_bf16")),
        compiler="inductor" if budget >= LONG and compiles() else None,
    )


def compiles() -> bool:
    """Whether torch.compile works here: it needs a C++ compiler and Python's headers."""
    try:
        torch.compile(lambda x: x.sin() + 1, backend="inductor")(torch.ones(8))
    except Exception:  # whatever it misses
        return False
    return True


@contextmanager
def one_thread_a_shard() -> Iterator[None]:
    """Small products are fastest on one thread each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
