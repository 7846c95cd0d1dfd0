"""One engine for many threads and event loops, with and without async; closing it; its numbers."""

import gc
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio
import pytest

from agentkit_model import CanvasPlan, CanvasResult, Engine, EngineClosedError

PLAN = CanvasPlan(seed=7, max_denoising_steps=6)
PROMPTS = [list(range(length)) for length in range(1, 13)]


def engine_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "agentkit-engine"}


async def fill_async(engine: Engine, prompt: list[int]) -> CanvasResult:
    async with await engine.open(prompt) as context, context.fill(PLAN) as canvas:
        async for draft in canvas:
            assert draft.step <= 6
        return await canvas.result()


def fill_sync(engine: Engine, prompt: list[int]) -> CanvasResult:
    with engine.sync.open(prompt) as context, context.fill(PLAN) as canvas:
        return canvas.result()


def test_several_threads_and_event_loops_use_one_engine_at_the_same_time(engine: Engine) -> None:
    expected = {tuple(prompt): fill_sync(engine, prompt) for prompt in PROMPTS}
    failures: list[BaseException] = []

    def in_loop(backend: str) -> Callable[[], None]:
        async def main() -> None:
            async def one(prompt: list[int]) -> None:
                assert await fill_async(engine, prompt) == expected[tuple(prompt)]

            async with anyio.create_task_group() as tasks:
                for prompt in random.sample(PROMPTS, len(PROMPTS)):
                    tasks.start_soon(one, prompt)

        return lambda: anyio.run(main, backend=backend)

    def blocking() -> None:
        for prompt in random.sample(PROMPTS, len(PROMPTS)):
            assert fill_sync(engine, prompt) == expected[tuple(prompt)]

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    works = [in_loop("asyncio"), in_loop("trio"), in_loop("asyncio"), blocking, blocking]
    threads = [threading.Thread(target=guarded, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_event_loop_is_never_blocked(engine: Engine, backend: str) -> None:
    async def main() -> None:
        async def tick() -> None:
            for _ in range(11):
                await anyio.sleep(0.002)
            scope.cancel()

        context = await engine.open(range(10))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tick)
            plan = CanvasPlan(max_denoising_steps=10**6, confidence_threshold=0.0)
            with anyio.CancelScope() as scope:
                async with context.fill(plan) as canvas:
                    await canvas.result()
        assert scope.cancelled_caught  # the clock ticked while the canvas was denoised

    anyio.run(main, backend=backend)


def test_sync_and_async_are_the_same_engine(engine: Engine) -> None:
    async def main() -> CanvasResult:
        return await fill_async(engine, PROMPTS[5])

    assert anyio.run(main) == fill_sync(engine, PROMPTS[5])


def test_the_sync_face_has_the_whole_life_of_a_context(engine: Engine) -> None:
    context = engine.sync.open([2, 3, 4])
    with context.fill(PLAN) as canvas:
        drafts = list(canvas)
        result = canvas.result()
    assert drafts[-1].tokens == result.tokens
    repaired = context.repair(result, [(0, 2)])
    assert repaired.tokens[2:] == result.tokens[2:]
    fork = context.fork()
    context.commit(repaired)
    context.extend([9])
    context.rewind(4)
    assert (fork.tokens, len(context)) == ((2, 3, 4), 4)
    context.close()


def test_closing_ends_the_thread_and_pending_work_gets_a_clear_error(tiny_config: Any) -> None:
    before = engine_threads()
    engine = Engine.from_config(tiny_config(), device="cpu")
    (own,) = engine_threads() - before
    context = engine.sync.open(range(10))
    errors = []

    def wait() -> None:
        with context.fill(CanvasPlan(max_denoising_steps=10**6, confidence_threshold=0.0)) as canvas:
            try:
                for _ in canvas:
                    under_way.set()
            except EngineClosedError as error:
                errors.append(error)

    under_way = threading.Event()
    thread = threading.Thread(target=wait)
    thread.start()
    under_way.wait()
    engine.close_sync()
    thread.join()
    assert "closed before this was done" in str(errors[0])
    assert not own.is_alive()
    assert engine.closed
    with pytest.raises(EngineClosedError, match="open another one"):
        context.extend([3])
    with pytest.raises(EngineClosedError), context.fill() as canvas:
        canvas.result()
    engine.close_sync()  # again does nothing


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_block_closes_its_engine(tiny_config: Any, backend: str) -> None:
    before = engine_threads()

    async def main() -> Engine:
        with anyio.CancelScope() as scope:
            async with Engine.from_config(tiny_config(), device="cpu") as engine:
                scope.cancel()
                await anyio.sleep_forever()
        return engine

    assert anyio.run(main, backend=backend).closed
    assert engine_threads() <= before


def test_an_engine_nobody_refers_to_ends_its_thread(tiny_config: Any) -> None:
    before = engine_threads()
    engine = Engine.from_config(tiny_config(), device="cpu")
    (own,) = engine_threads() - before
    del engine
    gc.collect()
    own.join(60)
    assert not own.is_alive()


def test_canvases_may_come_while_the_worker_looks_whether_there_is_work(engine: Engine) -> None:
    worker = engine._worker
    looked = []

    class Coming:
        """Something that waits, and another one that comes the moment the worker looks at it."""

        after, ended = None, False

    class Watched(Coming):
        @property
        def ended(self) -> bool:  # type: ignore[override]
            looked.append(self)
            worker._waiting.append(Coming())  # type: ignore[arg-type]
            return False

    class Row:
        ended = False
        after = Watched()

    with worker._bell.condition:  # the thread itself sleeps
        worker._waiting.extend([Row(), Row()])  # type: ignore[list-item]
        try:
            assert worker._has_work() is False
        finally:
            worker._waiting.clear()
    assert len(looked) == 2


def test_a_closed_canvas_under_way_does_not_hold_up_others(engine: Engine) -> None:
    with engine.sync.open([2]) as context, context.fill(CanvasPlan(max_denoising_steps=10**6)) as canvas:
        next(iter(canvas))
    assert fill_sync(engine, PROMPTS[2]).steps <= 6


def test_an_engine_is_at_rest_when_its_last_canvas_was_left(tiny_config: Any) -> None:
    with Engine.from_config(tiny_config()) as engine, engine.sync.open([2]) as context:
        with context.fill(replace(PLAN, max_denoising_steps=10**6, confidence_threshold=0.0)) as canvas:
            for draft in canvas:
                if draft.step == 2:
                    break
        deadline, worker = time.monotonic() + 60, engine._worker
        while (worker._busy or worker._has_work()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not worker._busy and not worker._has_work()
        assert engine.stats.cancelled == 1


def test_a_canvas_whose_engine_was_closed_says_so_whenever_it_is_asked(tiny_config: Any) -> None:
    engine = Engine.from_config(tiny_config())
    canvas = engine.sync.open([2]).fill()
    engine.close_sync()
    for _ in range(2):
        with pytest.raises(EngineClosedError):
            canvas.result()


FORKED = """
import os
from agentkit.testing import toy_model
from agentkit_model import EngineClosedError
engine = toy_model().engine
context = engine.sync.open([2])
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert len(context.fill().result().tokens)
else:
    assert engine.closed
    for use in (lambda: engine.sync.open([2]), lambda: context.fill().result()):
        try:
            use()
        except EngineClosedError as error:
            assert "forked" in str(error)
        else:
            os._exit(1)
    engine.close_sync()
    os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_forked_process_has_no_engine(tiny_config: Any) -> None:
    subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED], check=True)


def test_collecting_an_engine_waits_for_nobody(tiny_config: Any) -> None:
    """The garbage collector may come in a thread that the engine waits for."""
    engine = Engine.from_config(tiny_config())
    context, worker = engine._empty_context(), engine._worker
    begun, goes_on, step = threading.Event(), threading.Event(), worker.step

    def slow_step() -> None:
        begun.set()
        goes_on.wait(60)
        step()

    worker.step = slow_step  # type: ignore[method-assign]
    prefill = context._extension([2])
    assert begun.wait(60)
    del engine
    gc.collect()
    assert worker.closed and not prefill.ended
    goes_on.set()
    prefill.wait()


def test_what_an_engine_tells_about_its_model(tiny_config: Any) -> None:
    with Engine.from_config(tiny_config(), device="cpu") as engine:
        assert (engine.canvas_length, engine.vocab_size, engine.max_tokens) == (8, 48, 512)
        assert (engine.stop_tokens, engine.pad_token) == ({1, 5}, 0)
        assert (engine.sampler.max_denoising_steps, engine.sampler.t_max) == (48, 0.8)
        result = fill_sync(engine, [2, 3])
        stats = engine.stats
    assert (stats.canvases, stats.denoising_steps, stats.prefilled_tokens) == (1, result.steps, 2)
    assert stats.forward_passes == 1 + result.steps


def test_random_weights_depend_on_the_seed_alone(tiny_config: Any) -> None:
    results = []
    for seed in (1, 1, 2):
        with Engine.from_config(tiny_config(), seed=seed, device="cpu") as engine:
            results.append(fill_sync(engine, PROMPTS[6]).entropies)
    assert results[0] == results[1] != results[2]


def test_bfloat16_runs(tiny_config: Any) -> None:
    with Engine.from_config(tiny_config(), device="cpu", dtype="bfloat16") as engine:
        assert 1 <= fill_sync(engine, PROMPTS[6]).steps <= 6
