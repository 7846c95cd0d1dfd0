"""Who joins, leaves or fails at any step of a batch, from a context made in any way, changes nobody else's canvas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from agentkit_model import CanvasPlan, CanvasResult, DenoisingError, Engine, Hold, TokenAutomaton
from agentkit_model.noise import Noise
from agentkit_model.sync import SyncContext
from agentkit_model.tables import Tables
from agentkit_model.work import Denoising
from tests.model.kinds import KINDS

TOKENS = [(11 * place + 5) % 48 for place in range(90)]


class FaultyNoise(Noise):
    """Noise of which one draw fails: of a step's uniform numbers, or of the tokens behind it."""

    def __init__(self, seed: int, kind: str, step: int) -> None:
        super().__init__(seed)
        self.left = {kind: step if kind == "uniforms" else step + 1}  # the canvas' start is a draw of tokens

    def draw(self, kind: str) -> None:
        self.left[kind] = self.left.get(kind, -1) - 1
        if self.left[kind] == -1:
            raise RuntimeError(f"no {kind} today")

    def uniforms(self, count: int) -> Tensor:
        if "uniforms" in self.left:
            self.draw("uniforms")
        return super().uniforms(count)

    def tokens(self, count: int, vocab_size: int) -> Tensor:
        if "tokens" in self.left:
            self.draw("tokens")
        return super().tokens(count, vocab_size)


class FaultyTables(Tables):
    """They fail whenever a path is looked for."""

    @property
    def source(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no path today")

    @source.setter
    def source(self, source: Any) -> None: ...


class FaultyAutomaton(TokenAutomaton):
    @property
    def tables(self) -> Any:  # type: ignore[override]
        return FaultyTables(self)


FAULTY = FaultyAutomaton(
    size=1,
    source=[0],
    target=[0],
    label=[0],
    cost=[0.0],
    sets=[range(9, 30)],
    start=0,
    final=0,
    pad=0,
    stops=frozenset((1,)),
)


@dataclass(frozen=True)
class Fault:
    """What of a canvas fails, and in which of its steps: 0 for the first."""

    kind: str
    step: int

    def put_into(self, row: Denoising) -> None:
        if self.kind == "path":
            row.plan = replace(row.plan, hold=Hold(automaton=FAULTY, from_step=self.step + 1))
        else:
            row.noise = FaultyNoise(row.seed, self.kind, self.step)

    def comes(self, guest: Guest, stays: int) -> bool:
        """Whether it happens to a canvas that would stay for so many steps. Without its path it stays for all of them,
        and in the last one looks for the path at any rate."""
        if self.kind == "path":
            return min(self.step, guest.steps - 1) < (guest.steps if guest.leaves is None else guest.leaves)
        return self.step < stays


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
    fault: Fault | None = None

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
FAULTS = st.builds(Fault, kind=st.sampled_from(["path", "uniforms", "tokens"]), step=st.integers(0, 4))
FAULTY_GUESTS = st.builds(replace, GUESTS, fault=FAULTS)


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
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


Outcome = CanvasResult | BaseException | None


def together(engine: Engine, guests: list[Guest], contexts: list[SyncContext]) -> list[Outcome]:
    """Runs the batch step by step in this thread, the engine's own being idle; None for who left too early, and for who
    failed the error."""
    runner = engine._runner
    rows = [
        Denoising(context.context._cache, len(context), guest.plan, guest.plan.settings(engine.sampler), guest.seed)
        for guest, context in zip(guests, contexts, strict=True)
    ]
    for guest, row in zip(guests, rows, strict=True):
        if guest.fault is not None:
            guest.fault.put_into(row)
    results: list[Outcome] = [None] * len(guests)
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
                if result is not None or rows[index].ended:
                    results[index] = result or rows[index].error
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


@settings(max_examples=40, deadline=None, derandomize=True)
@given(guests=st.lists(GUESTS | FAULTY_GUESTS, min_size=1, max_size=6), faulty=FAULTY_GUESTS)
def test_who_fails_fails_alone(host: Engine, guests: list[Guest], faulty: Guest) -> None:
    guests = [*guests, faulty]
    contexts = [context_of(host, guest) for guest in guests]
    alone = [context.fill(guest.plan).result() for guest, context in zip(guests, contexts, strict=True)]
    for guest, expected, result in zip(guests, alone, together(host, guests, contexts), strict=True):
        stays = expected.steps if guest.leaves is None else min(guest.leaves, expected.steps)
        if guest.fault is not None and guest.fault.comes(guest, stays):
            assert isinstance(result, DenoisingError)
            assert f"no {guest.fault.kind} today" in str(result)
        else:
            assert result == (expected if stays == expected.steps else None)
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
