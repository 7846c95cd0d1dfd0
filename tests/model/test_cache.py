"""Contexts fit into the memory that their own tokens take."""

from collections.abc import Iterator
from typing import Any

import pytest

from agentkit_model import CanvasPlan, CanvasResult, Engine, OutOfMemoryError
from agentkit_model.sync import SyncContext

PROMPT = [number % 48 for number in range(120)]
STORE = 98_304  # bytes of a store of 256 positions, which these tokens get
PLAN = CanvasPlan(seed=3, max_denoising_steps=3)


@pytest.fixture(scope="module")
def plain(tiny_config: Any) -> Iterator[Engine]:
    """One that has as much memory as it likes."""
    with Engine.from_config(tiny_config(), device="cpu", prefix_memory=0) as engine:
        yield engine


def fresh(plain: Engine, context: SyncContext) -> CanvasResult:
    """The canvas behind these tokens where they were read at once."""
    with plain.sync.open(context.tokens) as other:
        return other.fill(PLAN).result()


@pytest.mark.parametrize("remembered", [0, 1 << 28])
def test_what_is_only_remembered_makes_way(tiny_config: Any, plain: Engine, remembered: int) -> None:
    memory = {"cache_memory": STORE * 5 // 4, "prefix_memory": remembered}
    with Engine.from_config(tiny_config(), device="cpu", **memory) as engine:
        context = engine.sync.open(PROMPT)
        context.rewind(110)
        context.extend([5] * 10)
        assert context.fill(PLAN).result() == fresh(plain, context)
        context.rewind(70)
        assert context.fill(PLAN).result() == fresh(plain, context)
        assert engine._runner.memory.used == STORE
        context.close()
        with engine.sync.open(PROMPT) as other:  # is not taken for what was written over it
            assert other.fill(PLAN).result() == fresh(plain, other)


@pytest.mark.parametrize("remembered", [0, 1 << 28])
def test_a_context_that_outgrows_half_of_the_memory_is_read_anew(
    tiny_config: Any, plain: Engine, remembered: int
) -> None:
    memory = {"cache_memory": STORE * 5 // 2, "prefix_memory": remembered}
    with Engine.from_config(tiny_config(), device="cpu", **memory) as engine:
        context = engine.sync.open(PROMPT)
        context.extend([5] * 140)
        assert engine.stats.prefilled_tokens == 120 + 260
        assert context.fill(PLAN).result() == fresh(plain, context)
        context.extend([6] * 10)
        assert engine.stats.prefilled_tokens == 120 + 260 + 10
        assert context.fill(PLAN).result() == fresh(plain, context)


def test_one_that_finds_no_room_for_that_is_read_when_it_is_needed(tiny_config: Any, plain: Engine) -> None:
    memory = {"cache_memory": STORE * 5 // 2, "memory_timeout": 0.01}
    with Engine.from_config(tiny_config(), device="cpu", **memory) as engine:
        context, other = engine.sync.open(PROMPT), engine.sync.open([7] * 120)
        with pytest.raises(OutOfMemoryError, match="too little was given back"):
            context.extend([5] * 140)
        assert context.tokens == tuple(PROMPT)
        assert context.fill(PLAN).result() == fresh(plain, context)
        other.close()
        context.extend([5] * 140)
        assert context.fill(PLAN).result() == fresh(plain, context)
