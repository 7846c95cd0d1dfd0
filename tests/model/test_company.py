"""Joining and leaving a batch at any step, from contexts made in any way, changes nobody's canvas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit_model import CanvasPlan, CanvasResult, Engine
from agentkit_model.sync import SyncContext
from agentkit_model.work import Denoising

TOKENS = [(11 * place + 5) % 48 for place in range(90)]


@dataclass(frozen=True)
class Guest:
    """A canvas that joins at a step of the batch and may leave after some of its own, finished or not."""

    length: int
    made: str  # how its context came to its tokens
    seed: int
    steps: int
    joins: int
    leaves: int | None
    threshold: float

    @property
    def plan(self) -> CanvasPlan:
        return CanvasPlan(
            seed=self.seed, max_denoising_steps=self.steps, t_max=0.3, t_min=0.0, confidence_threshold=self.threshold
        )


GUESTS = st.builds(
    Guest,
    length=st.integers(0, 80),
    made=st.sampled_from(["opened", "extended", "forked", "rewound"]),
    seed=st.integers(0, 9),
    steps=st.integers(1, 6),
    joins=st.integers(0, 6),
    leaves=st.none() | st.integers(0, 5),
    threshold=st.sampled_from([0.0, 0.3]),
)


@pytest.fixture(scope="module", params=[{}, {"num_experts": 4, "top_k_experts": 2}], ids=["one expert", "experts"])
def host(request: pytest.FixtureRequest, tiny_config: Any) -> Iterator[Engine]:
    config = tiny_config(num_hidden_layers=2, layer_types=["sliding_attention", "full_attention"], **request.param)
    with Engine.from_config(config, device="cpu", prefix_memory=0) as engine:
        yield engine


def context_of(engine: Engine, guest: Guest) -> SyncContext:
    tokens = TOKENS[: guest.length]
    if guest.made == "extended":
        context = engine.sync.open(tokens[: guest.length // 2])
        context.extend(tokens[guest.length // 2 :])
    elif guest.made == "forked":
        context = engine.sync.open(tokens).fork()
    elif guest.made == "rewound":
        context = engine.sync.open([*tokens, 7, 7, 7])
        context.rewind(guest.length)
    else:
        context = engine.sync.open(tokens)
    return context


def together(engine: Engine, guests: list[Guest], contexts: list[SyncContext]) -> list[CanvasResult | None]:
    """Runs the batch step by step in this thread, the engine's own being idle; None for who left too early."""
    runner = engine._runner
    rows = [
        Denoising(context.context._cache, len(context), guest.plan, guest.plan.settings(engine.sampler), guest.seed)
        for guest, context in zip(guests, contexts, strict=True)
    ]
    results: list[CanvasResult | None] = [None] * len(guests)
    gone: set[int] = set()
    with torch.inference_mode():
        for step in range(20):
            live = []
            for index, guest in enumerate(guests):
                if guest.joins == step:
                    runner.admit(rows[index])
                if guest.joins <= step and index not in gone:
                    if rows[index].step == guest.leaves:
                        rows[index].release()
                        gone.add(index)
                    else:
                        live.append(index)
            made = runner.step([rows[index] for index in live]) if live else []
            for index, result in zip(live, made, strict=True):
                if result is not None:
                    results[index] = result
                    gone.add(index)
                    rows[index].release()
    assert len(gone) == len(guests)
    return results


@settings(max_examples=40, deadline=None, derandomize=True)
@given(guests=st.lists(GUESTS, min_size=1, max_size=7))
def test_company_changes_nothing(host: Engine, guests: list[Guest]) -> None:
    contexts = [context_of(host, guest) for guest in guests]
    alone = [context.fill(guest.plan).result() for guest, context in zip(guests, contexts, strict=True)]
    for guest, expected, result in zip(guests, alone, together(host, guests, contexts), strict=True):
        if guest.leaves is None or guest.leaves >= expected.steps:
            assert result == expected
        else:
            assert result is None
    for context in contexts:
        context.close()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(guest=GUESTS, forks=st.integers(2, 5))
def test_forks_share_a_store_within_a_pass(host: Engine, guest: Guest, forks: int) -> None:
    """Canvases over one context put their keys behind the same prefix, one after the other."""
    context = context_of(host, guest)
    guests = [Guest(guest.length, "forked", seed, guest.steps, seed % 3, None, 0.0) for seed in range(forks)]
    contexts = [context.fork() for _ in guests]
    alone = [context.fill(guest.plan).result() for guest in guests]
    assert together(host, guests, contexts) == alone
    for fork in contexts:
        fork.close()
    context.close()
