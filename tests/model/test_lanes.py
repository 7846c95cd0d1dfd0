"""Canvases shared out to threads come out as they would in one."""

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agentkit_model import CanvasPlan, CanvasResult, DenoisingError, Engine, native
from agentkit_model.lanes import LEAST, Lanes, compute_alone, shares
from tests.model.kinds import KINDS


@pytest.fixture
def torch_threads() -> Iterator[Callable[[int], None]]:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    lanes = Lanes(3)
    yield lanes
    lanes.close()


def test_items_are_worked_on_in_threads_of_their_own_and_come_back_in_order(lanes: Lanes) -> None:
    barrier = threading.Barrier(3, timeout=30)

    def work(item: int) -> tuple[int, str, int]:
        barrier.wait()  # all three are at work at once
        return item, threading.current_thread().name, torch.get_num_threads()

    results = lanes.map(work, [1, 2, 3])
    assert [item for item, _, _ in results] == [1, 2, 3]
    assert len({name for _, name, _ in results}) == 3 and results[0][1] == threading.current_thread().name
    assert [threads for _, _, threads in results[1:]] == [1, 1]


def test_an_error_is_raised_when_all_are_done(lanes: Lanes) -> None:
    done = []

    def work(item: int) -> None:
        if item == 1:
            raise ValueError("one")
        done.append(item)

    with pytest.raises(ValueError, match="one"):
        lanes.map(work, [0, 1, 2])
    assert sorted(done) == [0, 2]


def test_computing_alone_concerns_one_thread_only() -> None:
    before = torch.get_num_threads()
    seen: list[int] = []
    torch.set_num_threads(2)
    try:
        for work in (compute_alone, lambda: None):
            thread = threading.Thread(target=lambda work=work: (work(), seen.append(torch.get_num_threads())))
            thread.start()
            thread.join()
        assert (seen, torch.get_num_threads()) == ([1, 2], 2)
    finally:
        torch.set_num_threads(before)


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 5)), min_size=1, max_size=40), st.integers(1, 6))
def test_shares_hold_everything_once_and_groups_together(items: list[tuple[int, int]], count: int) -> None:
    weights, groups = [weight for weight, _ in items], [group for _, group in items]
    lanes = shares(weights, groups, count)
    assert sorted(place for lane in lanes for place in lane) == list(range(len(items)))
    assert all(lanes) and len(lanes) <= max(1, min(count, len(items) // LEAST))
    assert sum(len({groups[place] for place in lane}) for lane in lanes) == len(set(groups))


def test_shares_are_about_even() -> None:
    lanes = shares([5, 4, 3, 3, 3, 2, 2, 2], list(range(8)), 2)
    assert sorted(sum([5, 4, 3, 3, 3, 2, 2, 2][place] for place in lane) for lane in lanes) == [12, 12]


PROMPTS = [list(range(2, 3 + length)) for length in range(14)]


async def fill_all(engine: Engine) -> list[CanvasResult]:
    """Canvases behind all prompts, and one behind a fork of each, all at once."""
    results: dict[int, CanvasResult] = {}

    async def fill(place: int, context: Any) -> None:
        plan = CanvasPlan(seed=place, max_denoising_steps=5, confidence_threshold=0.0)
        async with context, context.fill(plan) as canvas:
            results[place] = await canvas.result()

    contexts = [await engine.open(prompt) for prompt in PROMPTS]
    contexts += [context.fork() for context in contexts]
    async with anyio.create_task_group() as group:
        for place, context in enumerate(contexts):
            group.start_soon(fill, place, context)
    return [results[place] for place in range(len(contexts))]


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_canvases_are_the_same_in_lanes(
    tiny_config: Any, text: dict[str, int], torch_threads: Callable[[int], None]
) -> None:
    """Forks stand on one store, and so must not be in two lanes, unless kernels have room of their own: then each lane
    takes its canvases by itself."""
    found = []
    for count in (1, 3):
        torch_threads(count)
        with Engine.from_config(tiny_config(**text), seed=1, device="cpu", max_batch=28) as engine:
            assert engine._runner.threads == (count if engine._runner.network.independent else 1)
            found.append(anyio.run(fill_all, engine))
    assert found[0] == found[1]


@pytest.mark.skipif(native.library() is None, reason="no kernels here")
def test_canvases_of_one_thread_do_not_wait_for_those_of_another(
    tiny_config: Any, torch_threads: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_threads(2)
    with Engine.from_config(tiny_config(**KINDS["compiled"]), seed=1, device="cpu") as engine:
        step, begun, others = engine._runner._step, threading.Event(), threading.Event()

        def slow(rows: Any, chunks: Any = ()) -> Any:
            if any(row.position == 5 for row in rows):
                begun.set()
                assert others.wait(60)
            return step(rows, chunks)

        monkeypatch.setattr(engine._runner, "_step", slow)
        held_up = engine.sync.open([2] * 5)
        results: list[CanvasResult] = []
        thread = threading.Thread(target=lambda: results.append(held_up.fill(CanvasPlan(seed=1)).result()))
        thread.start()
        assert begun.wait(60)
        with engine.sync.open([2, 3]) as context:  # is read, and filled, meanwhile
            context.fill(CanvasPlan(seed=0)).result()
        assert not results
        others.set()
        thread.join()
        assert len(results) == 1


def test_a_lane_that_fails_takes_its_own_canvases_along(tiny_config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with Engine.from_config(tiny_config(), seed=1, device="cpu", max_batch=28) as engine:
        engine._runner.lanes = lanes = Lanes(2)
        step = engine._runner._step

        def failing(rows: Any, chunks: Any = ()) -> Any:
            if any(row.position == len(PROMPTS[0]) for row in rows):
                raise RuntimeError("this lane is broken")
            return step(rows, chunks)

        monkeypatch.setattr(engine._runner, "_step", failing)

        async def main() -> list[bool]:
            broken = []

            async def fill(prompt: list[int]) -> None:
                async with await engine.open(prompt) as context, context.fill(CanvasPlan(seed=0)) as canvas:
                    try:
                        await canvas.result()
                        broken.append(False)
                    except DenoisingError as error:
                        assert "this lane is broken" in str(error)
                        broken.append(True)

            async with anyio.create_task_group() as group:
                for prompt in PROMPTS:
                    group.start_soon(fill, prompt)
            return broken

        assert True in anyio.run(main)
        monkeypatch.undo()
        with engine.sync.open([2, 3]) as context, context.fill(CanvasPlan(seed=0)) as canvas:
            canvas.result()
        lanes.close()


LENGTHS = (10, 64, 130, 200, 333, 1)


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_prompts_are_read_in_lanes_as_in_one(tiny_config: Any, text: dict[str, int]) -> None:
    """Also one that is shared out to several lanes, each of which has to wait for what the one before it writes."""
    rng = random.Random(5)
    prompts = [[rng.randrange(6, 40) for _ in range(length)] for length in LENGTHS]

    async def read(engine: Engine) -> list[list[Any]]:
        contexts: dict[int, Any] = {}

        async def open_one(place: int) -> None:
            contexts[place] = await engine.open(prompts[place])
            await contexts[place].extend(prompts[-2][: place * 40])

        async with anyio.create_task_group() as group:
            for place in range(len(prompts)):
                group.start_soon(open_one, place)
        stores = [(contexts[place]._cache.store, len(contexts[place])) for place in range(len(prompts))]
        return [[part[:, :length].tolist() for part in store.keys + store.values] for store, length in stores]

    found, passes = [], []
    for count in (1, 2, 3):
        with Engine.from_config(tiny_config(**text), seed=1, device="cpu", prefix_memory=0) as engine:
            engine._runner.lanes = lanes = Lanes(count)
            for _ in range(2):  # in the first round, how many blocks may share a pass is found out
                found.append(anyio.run(read, engine))
            run, shared = lanes.map, []
            lanes.map = lambda work, parts, run=run, shared=shared: (shared.append(len(parts)), run(work, parts))[1]  # type: ignore[method-assign]
            found.append(anyio.run(read, engine))
            passes.append(max(shared, default=1))
            lanes.close()
    assert all(each == found[0] for each in found)
    assert passes == [1, 2, 3]


def test_a_lane_that_fails_to_read_keeps_nobody_waiting(tiny_config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with Engine.from_config(tiny_config(), seed=1, device="cpu", prefix_memory=0) as engine:
        engine._runner.lanes = lanes = Lanes(2)
        prompt = [6 + number % 30 for number in range(300)]
        expected = engine.sync.open(prompt).fill(CanvasPlan(seed=0)).result()
        run = engine._runner._pass

        def failing(rows: Any, blocks: Any = ()) -> Any:
            if blocks and blocks[0].reading._behind is None:
                raise RuntimeError("this lane is broken")  # the first one, for which the other waits
            return run(rows, blocks)

        monkeypatch.setattr(engine._runner, "_pass", failing)
        with pytest.raises(DenoisingError, match="this lane is broken"):
            engine.sync.open(prompt)
        monkeypatch.undo()
        assert engine.sync.open(prompt).fill(CanvasPlan(seed=0)).result() == expected
        lanes.close()
