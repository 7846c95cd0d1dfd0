"""The tuning itself: a training run that takes a given time, whatever the machine's speed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from agentkit.dialects.tokenizer import Tokenizer

from ..network import Architecture
from ..settings import TrainSettings
from ..train import Run
from .packs import OwnWriter
from .tool import OwnTool

DECAY = 0.6  # of the time, over which the learning rate falls to zero


def settings_for(shards: int, seed: int) -> TrainSettings:
    """All weights are trained: there are few, and what is to be learned is new to most of them."""
    return TrainSettings(
        seed=seed,
        steps=sys.maxsize,
        warmup=20,
        learning_rate=1.6e-3,
        muon_rate=0.016,
        shards=shards,
        prefixes=1,
        branches=8,
        answer_share=0.2,
        drill_steps=0,
        few_tools_steps=0,
        own_samples_from=0,
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
    ) -> None:
        writer = OwnWriter(tokenizer, tools, canvas_length=Architecture().canvas_length, refused=refused)
        super().__init__(folder, tokenizer, settings, "cpu", writer)
        self.budget = budget

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


@contextmanager
def one_thread_a_shard() -> Iterator[None]:
    """Small products are fastest on one thread each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
