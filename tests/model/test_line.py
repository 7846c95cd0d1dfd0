"""Requests that find no memory wait for it, in an order that is fair, and never for ever."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from agentkit_model import CanvasPlan, CanvasResult, Context, Engine, EngineClosedError, OutOfMemoryError
from agentkit_model.cache import NoRoom
from agentkit_model.line import Line
from agentkit_model.work import Prefill

pytestmark = pytest.mark.anyio

PLAN = CanvasPlan(seed=3, max_denoising_steps=3)
LENGTH = 120
PROMPT = 98_304  # bytes that the keys and values of a prompt of 120 tokens take, with room for as many more


@pytest.fixture
def anyio_backend() -> str:
    """Where tasks go on in the order in which they were woken; trio shuffles those that it wakes at the same time."""
    return "asyncio"


@pytest.fixture
async def engine(tiny_config: Any) -> AsyncIterator[Engine]:
    """One with memory for nearly three prompts."""
    async with Engine.from_config(
        tiny_config(), device="cpu", cache_memory=PROMPT * 29 // 10, prefix_memory=0
    ) as engine:
        yield engine


def prompt(number: int, length: int = LENGTH) -> list[int]:
    return [(number + 7 * place) % 48 for place in range(length)]


async def fill(context: Context) -> CanvasResult:
    async with context.fill(PLAN) as canvas:
        return await canvas.result()


async def waiting(engine: Engine, count: int) -> None:
    """Until so many requests wait for memory."""
    while len(engine._worker._line) != count:  # noqa: ASYNC110 - a thread's state, which it tells nobody
        await anyio.sleep(0.005)


async def test_a_prompt_waits_until_a_context_is_closed(engine: Engine) -> None:
    first, second = await engine.open(prompt(1)), await engine.open(prompt(2))
    assert engine._runner.memory.used == 2 * PROMPT
    async with anyio.create_task_group() as tasks:
        opened: list[Context] = []

        async def open_third() -> None:
            opened.append(await engine.open(prompt(3)))

        tasks.start_soon(open_third)
        await waiting(engine, 1)
        result = await fill(first)  # who has its memory goes on meanwhile
        assert not opened
        await second.close()
    assert opened[0].tokens == tuple(prompt(3))
    assert await fill(first) == result


async def test_a_context_that_nobody_refers_to_makes_room(engine: Engine) -> None:
    contexts = [await engine.open(prompt(number)) for number in range(2)]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.open, prompt(2))
        await waiting(engine, 1)
        contexts.clear()
        gc.collect()
    assert contexts == []


async def test_who_waits_first_is_served_first_and_small_prompts_do_not_overtake(engine: Engine) -> None:
    contexts = [await engine.open(prompt(number)) for number in range(2)]
    order: list[int] = []

    async def visit(number: int, length: int) -> None:
        async with await engine.open(prompt(number, length)):
            order.append(number)

    async with anyio.create_task_group() as tasks:
        for count, (number, length) in enumerate([(5, LENGTH), (6, 20), (7, LENGTH), (8, 20)]):
            tasks.start_soon(visit, number, length)
            await waiting(engine, count + 1)
        await contexts[0].close()
    assert order == [5, 6, 7, 8]


async def test_who_holds_memory_goes_before_who_would_begin(engine: Engine) -> None:
    long, other = await engine.open(prompt(1)), await engine.open(prompt(2))
    order: list[str] = []

    async def begin() -> None:
        async with await engine.open(prompt(3)):
            order.append("begun")

    async def go_on() -> None:
        await long.extend(prompt(4, 140))  # takes a larger store
        order.append("gone on")
        await long.close()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(begin)
        await waiting(engine, 1)
        tasks.start_soon(go_on)
        await waiting(engine, 2)
        await other.close()
    assert order == ["gone on", "begun"]


async def test_who_gives_up_makes_way(engine: Engine) -> None:
    contexts = [await engine.open(prompt(number)) for number in range(2)]
    context = await engine.open()
    async with anyio.create_task_group() as tasks, anyio.create_task_group() as impatient:
        impatient.start_soon(context.extend, prompt(2, 250))
        await waiting(engine, 1)
        tasks.start_soon(engine.open, prompt(3, 20))  # there is room for it, but the other is first
        await waiting(engine, 2)
        impatient.cancel_scope.cancel()
    assert len(context) == 0 and len(engine._worker._line) == 0
    await context.extend(prompt(2, 20))
    assert len(contexts) == 2


async def test_a_canvas_waits_for_room_too(tiny_config: Any) -> None:
    limit = PROMPT * 9 // 4
    async with Engine.from_config(tiny_config(), device="cpu", cache_memory=limit, prefix_memory=10 * limit) as engine:
        origin, other = await engine.open(prompt(1)), await engine.open(prompt(2))
        context = origin.fork()
        await context.rewind(
            70
        )  # what the other one holds behind it is not written over: its canvas needs another store
        results: list[CanvasResult] = []

        async def fill_it() -> None:
            results.append(await fill(context))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fill_it)
            await waiting(engine, 1)
            await other.close()
        async with Engine.from_config(tiny_config(), device="cpu") as quiet:
            assert results == [await fill(await quiet.open(prompt(1)[:70]))]


async def test_what_never_fits_fails_at_once(engine: Engine) -> None:
    async with await engine.open(prompt(1)) as context:
        with pytest.raises(
            OutOfMemoryError, match=r"alone would take 0.3 MiB, which is over the engine's cache_memory"
        ):
            await engine.open(prompt(2, 500))
        with pytest.raises(OutOfMemoryError, match="shorten the prompt"):
            await context.extend(prompt(2, 380))
        assert context.tokens == tuple(prompt(1))
        assert (await fill(context)).steps == 3


async def test_a_fork_waits_until_the_store_is_its_own(tiny_config: Any) -> None:
    async with Engine.from_config(tiny_config(), device="cpu", cache_memory=PROMPT * 3 // 2) as engine:
        context = await engine.open(prompt(1))
        fork = context.fork()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fork.extend, prompt(2, 10))
            await waiting(engine, 1)
            await context.close()
        assert fork.tokens == (*prompt(1), *prompt(2, 10))
        assert engine._runner.memory.used == PROMPT  # nothing was copied


async def test_when_all_wait_for_one_another_the_last_fails(engine: Engine) -> None:
    contexts = [await engine.open(prompt(number)) for number in range(2)]
    errors: list[str] = []
    served: list[int] = []

    async def go_on(number: int) -> None:
        async with contexts[number] as context:
            try:
                await context.extend(prompt(5, 140))
                served.append(len(context))
            except OutOfMemoryError as error:
                errors.append(str(error))

    async with anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(go_on, number)
        tasks.start_soon(engine.open, prompt(6))
    assert len(errors) == 1 and errors[0].endswith("(all of them wait for one another)")
    assert served == [LENGTH + 140]


async def test_nobody_waits_for_contexts_that_stay(tiny_config: Any) -> None:
    options = {"cache_memory": PROMPT * 2, "memory_timeout": 0.01, "prefix_memory": 0}
    async with Engine.from_config(tiny_config(), device="cpu", **options) as engine:
        contexts = [await engine.open(prompt(number)) for number in range(2)]
        with pytest.raises(
            OutOfMemoryError, match=r"close contexts, .* \(too little was given back while this waited\)"
        ):
            await engine.open(prompt(2))
        await contexts[0].close()
        assert len(await engine.open(prompt(2))) == LENGTH
    with pytest.raises(ValueError, match="seconds from 0, not -1"):
        Engine.from_config(tiny_config(), device="cpu", memory_timeout=-1)


async def test_who_came_later_waits_longer(engine: Engine) -> None:
    line = Line(engine._runner.memory)

    def take() -> None:
        raise NoRoom("there is none")

    def come() -> Prefill:
        work = Prefill(engine._runner.new_cache(), (), (2, 3), lambda: None)
        assert not line.admits(work, take)
        time.sleep(0.05)
        return work

    first = come()
    then = time.monotonic()
    second = come()
    engine._runner.memory.bell.ring()  # to try once more is not to begin to wait anew
    assert not line.admits(first, take) and line.since < then
    line.give_up(then)
    assert isinstance(first.error, OutOfMemoryError) and not second.ended
    assert second in line and line.since > then


async def test_who_may_wait_for_ever_waits(tiny_config: Any) -> None:
    options = {"cache_memory": PROMPT * 2, "memory_timeout": float("inf"), "prefix_memory": 0}
    async with Engine.from_config(tiny_config(), device="cpu", **options) as engine:
        contexts = [await engine.open(prompt(number)) for number in range(2)]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.open, prompt(2))
            await waiting(engine, 1)
            await anyio.sleep(0.05)
            await contexts[0].close()


async def test_closing_the_engine_ends_the_waiting(engine: Engine) -> None:
    contexts = [await engine.open(prompt(number)) for number in range(2)]

    async def wait() -> None:
        with pytest.raises(EngineClosedError):
            await engine.open(prompt(2))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await waiting(engine, 1)
        await engine.close()
    assert len(contexts) == 2


async def test_many_agents_in_little_memory_all_finish_with_the_same_results(tiny_config: Any) -> None:
    """Forty of them come, go on, give up and leave as they like, in memory for three, beside what is remembered."""
    limit = 3 * PROMPT
    peak = 0
    results: dict[int, CanvasResult] = {}
    ends: list[str] = []

    async def visit(engine: Engine, number: int) -> None:
        rng = random.Random(number)
        with anyio.move_on_after(10**6 if number % 4 else rng.random() * 0.2) as scope:
            try:
                async with await engine.open(prompt(number % 5, rng.choice([30, 90, 120]))) as context:
                    await context.commit(await fill(context))
                    await context.extend(prompt(number, rng.choice([10, 40])))
                    results[number] = await fill(context)
                    ends.append("finished")
            except OutOfMemoryError as error:
                assert "wait for one another" in str(error)
                ends.append("tangled")
        ends.extend(["gave up"] * scope.cancelled_caught)

    def watched(check: Callable[..., None]) -> Callable[..., None]:
        def look(*arguments: Any) -> None:
            nonlocal peak
            check(*arguments)
            peak = max(peak, engine._runner.memory.used + arguments[0])

        return look

    memory = {"cache_memory": limit, "prefix_memory": 10 * PROMPT, "memory_timeout": 60}
    async with Engine.from_config(tiny_config(), device="cpu", **memory) as engine:
        engine._runner.memory.check = watched(engine._runner.memory.check)  # type: ignore[method-assign]
        async with anyio.create_task_group() as tasks:
            for number in range(40):
                tasks.start_soon(visit, engine, number)
        assert len(ends) == 40 and ends.count("finished") > 20
        assert 2 * PROMPT < peak <= limit
        assert len(engine._worker._line) == 0
    async with Engine.from_config(tiny_config(), device="cpu") as quiet:
        for number, result in results.items():
            rng = random.Random(number)
            if number % 4 == 0:
                rng.random()
            async with await quiet.open(prompt(number % 5, rng.choice([30, 90, 120]))) as context:
                await context.commit(await fill(context))
                await context.extend(prompt(number, rng.choice([10, 40])))
                assert await fill(context) == result
