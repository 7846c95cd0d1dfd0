"""Prompts that begin alike are prefilled once, and nobody can tell from their canvases."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit_model import CanvasPlan, Engine, OutOfMemoryError, native
from agentkit_model.runner import Chunk
from tests.model.kinds import KINDS

SYSTEM = [random.Random(0).randrange(48) for _ in range(150)]
PROMPTS = st.lists(
    st.builds(
        lambda shared, own: SYSTEM[:shared] + own,
        st.sampled_from([0, 10, 64, 100, 128, 150]),
        st.lists(st.integers(0, 47), max_size=80),
    ),
    min_size=1,
    max_size=5,
)
PLAN = CanvasPlan(seed=3, max_denoising_steps=4)


def fill(engine: Engine, tokens: list[int]) -> tuple[Any, int]:
    """A canvas behind these tokens, and how many of them were reused."""
    with engine.sync.open(tokens) as context:
        return context.fill(PLAN).result(), context.context.reused


@pytest.fixture(scope="module")
def plain(tiny_config: Any) -> Any:
    with Engine.from_config(tiny_config(), device="cpu", prefix_memory=0) as engine:
        yield engine


@settings(deadline=None, max_examples=25)
@given(PROMPTS)
def test_canvases_are_those_of_an_engine_that_remembers_nothing(
    tiny_config: Any, plain: Engine, prompts: list[list[int]]
) -> None:
    with Engine.from_config(tiny_config(), device="cpu") as engine:
        for prompt in prompts:
            result, reused = fill(engine, prompt)
            assert result == fill(plain, prompt)[0]
            assert reused % 64 == 0 and reused <= len(prompt)
        assert engine.stats.reused_tokens + engine.stats.prefilled_tokens == sum(map(len, prompts))
        again = engine.stats.prefilled_tokens
        assert fill(engine, prompts[0])[0] == fill(plain, prompts[0])[0]
        assert engine.stats.prefilled_tokens - again == len(prompts[0]) % 64


@pytest.fixture(scope="module")
def exact(tiny_config: Any) -> Iterator[Engine]:
    with Engine.from_config(tiny_config(**KINDS["compiled"]), device="cpu", prefix_memory=0) as engine:
        yield engine


@pytest.mark.skipif(native.library() is None, reason="there are no kernels for this machine")
@settings(deadline=None, max_examples=25)
@given(PROMPTS)
def test_where_every_row_is_computed_by_itself_each_token_counts(
    tiny_config: Any, exact: Engine, prompts: list[list[int]]
) -> None:
    """So the next turn of a conversation is read from where the last one ended."""

    def alike(some: list[int], others: list[int]) -> int:
        return next((i for i, pair in enumerate(zip(some, others, strict=False)) if len(set(pair)) == 2), len(some))

    with Engine.from_config(tiny_config(**KINDS["compiled"]), device="cpu") as engine:
        for number, prompt in enumerate(prompts):
            longest = max((min(alike(prompt, each), len(each)) for each in prompts[:number]), default=0)
            result, reused = fill(engine, prompt)
            assert result == fill(exact, prompt)[0]
            assert reused == (longest if longest >= 64 else 0)


@pytest.mark.skipif(native.library() is None, reason="there are no kernels for this machine")
def test_what_follows_on_a_closed_context_takes_its_place(tiny_config: Any) -> None:
    with Engine.from_config(tiny_config(**KINDS["compiled"]), device="cpu") as engine:
        fill(engine, SYSTEM)
        (store,) = engine._runner.memory.stores
        with engine.sync.open([*SYSTEM, 1, 2, 3]) as context:
            assert context.context.reused == len(SYSTEM)
            assert set(engine._runner.memory.stores) == {store}  # nothing was copied
        assert fill(engine, [*SYSTEM, 1, 2, 3, 4])[1] == len(SYSTEM) + 3


def test_of_prompts_that_come_together_the_beginning_is_read_once(tiny_config: Any, plain: Engine) -> None:
    """Those that begin alike wait for the first one, and are then read in one pass; others are read with the first."""
    prompts = [[*SYSTEM, *[number] * 9] for number in range(5)]
    others = [[number, *[5] * 70] for number in (7, 8)]

    async def open_all(engine: Engine) -> int:
        before = engine.stats.forward_passes
        async with anyio.create_task_group() as group:
            for prompt in (*prompts, *others):
                group.start_soon(engine.open, prompt)
        return engine.stats.forward_passes - before

    with Engine.from_config(tiny_config(), device="cpu") as engine:
        choose = engine._worker._choose_reading
        release = threading.Event()  # so that all of them have come before the first one is read

        def choose_late() -> list[Chunk]:
            release.wait(10)
            return choose()

        engine._worker._choose_reading = choose_late  # type: ignore[method-assign]
        threading.Timer(0.3, release.set).start()
        assert anyio.run(open_all, engine) == 2
        assert engine.stats.reused_tokens == 4 * 128
        for prompt in (*prompts, *others):
            assert fill(engine, prompt)[0] == fill(plain, prompt)[0]


def test_a_live_context_shares_its_beginning_and_goes_its_own_way(tiny_config: Any, plain: Engine) -> None:
    def branch(engine: Engine) -> list[Any]:
        with engine.sync.open(SYSTEM) as first, engine.sync.open([*SYSTEM[:140], 1, 2, 3]) as second:
            reused.append(second.context.reused)
            first.extend([5, 6])
            second.extend([7])
            return [context.fill(PLAN).result() for context in (first, second)]

    reused: list[int] = []
    with Engine.from_config(tiny_config(), device="cpu") as engine:
        assert branch(engine) == branch(plain)
    assert reused == [128, 0]


def test_a_rewound_context_does_not_write_over_what_is_remembered(tiny_config: Any, plain: Engine) -> None:
    with Engine.from_config(tiny_config(), device="cpu") as engine:
        with engine.sync.open(SYSTEM) as context:
            context.rewind(70)
            context.extend([9] * 60)
        result, reused = fill(engine, SYSTEM)
        assert reused == 128 and result == fill(plain, SYSTEM)[0]


def test_the_memory_of_closed_contexts_is_bounded_and_the_oldest_goes_first(tiny_config: Any) -> None:
    prompts = [[number] * 128 for number in range(4)]
    with Engine.from_config(tiny_config(), device="cpu") as probe:
        fill(probe, prompts[0])
        size = next(iter(probe._runner.memory.stores)).bytes
    with Engine.from_config(tiny_config(), device="cpu", prefix_memory=2 * size) as engine:
        for prompt in [*prompts, prompts[0]]:
            fill(engine, prompt)
        assert engine.stats.reused_tokens == 0  # the first had to go
        assert fill(engine, prompts[3])[1] == 128
        assert soon(lambda: engine._runner.memory.used <= 2 * size)


def soon(ready: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not ready() and time.monotonic() < deadline:
        time.sleep(0.01)
    return ready()


def test_an_engine_that_rests_keeps_no_more_either_and_a_closed_one_nothing(tiny_config: Any) -> None:
    with Engine.from_config(tiny_config(), device="cpu", prefix_memory=100_000) as engine:
        contexts = [engine.sync.open([number] * 100) for number in range(6)]
        memory = engine._runner.memory
        assert memory.used > 300_000
        for context in contexts[1:]:
            context.close()
        assert soon(lambda: memory.used <= 100_000 + memory.used // len(memory.stores))
        (live,) = (store for store in memory.stores if store.holders)
        assert len(memory.stores) > 1
    assert set(memory.stores) == {live}
    del live
    contexts[0].close()
    assert not memory.stores


def test_a_prompt_that_finds_no_memory_fails_alone(tiny_config: Any) -> None:
    with Engine.from_config(tiny_config(), device="cpu", cache_memory=1 << 20, memory_timeout=0) as engine:
        with engine.sync.open(SYSTEM) as context:
            expected = context.fill(PLAN).result()
            others = []
            with pytest.raises(OutOfMemoryError, match="over the engine's cache_memory of 1 MiB: close contexts"):
                for number in range(40):
                    others.append(engine.sync.open([number] * 300))
            assert len(others) >= 2
            assert context.fill(PLAN).result() == expected
            for other in others:
                other.close()
            assert len(engine.sync.open([41] * 300)) == 300  # what was remembered of the closed ones made room


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_cancelled_prompt_leaves_its_context_empty(tiny_config: Any, anyio_backend: str) -> None:
    async with Engine.from_config(tiny_config(max_position_embeddings=60_000), device="cpu") as engine:
        (await engine.open(SYSTEM)).close_sync()
        context = await engine.open()
        with anyio.move_on_after(0.01) as scope:
            await context.extend(SYSTEM + [4] * 50_000)
        assert scope.cancelled_caught and context.tokens == () and context.reused == 0
        await context.extend([7, 8])
        async with context.fill(PLAN) as canvas, (await engine.open([7, 8])).fill(PLAN) as fresh:
            assert await canvas.result() == await fresh.result()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_short_prompt_does_not_wait_behind_a_long_one(tiny_config: Any, anyio_backend: str) -> None:
    ended: list[str] = []

    async def extend(name: str, count: int) -> None:
        await (await engine.open()).extend([len(name)] * count)
        ended.append(name)

    async with Engine.from_config(tiny_config(max_position_embeddings=60_000), device="cpu") as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(extend, "long", 30_000)
            while engine.stats.prefilled_tokens == 0:  # noqa: ASYNC110
                await anyio.sleep(0.001)
            for number in range(3):
                tasks.start_soon(extend, f"short {number}", 40)
    assert ended[-1] == "long"
