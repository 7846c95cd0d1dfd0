"""Whatever the way to its tokens, a context equals a fresh prefill of them."""

import gc
from typing import Any

import anyio
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from agentkit_model import CanvasPlan, ContextError, Engine
from agentkit_model.context import Context
from agentkit_model.sync import SyncContext
from agentkit_model.waiting import Signal

TOKENS = st.lists(st.integers(0, 47), max_size=15)


def keys_and_values(context: Context) -> list[torch.Tensor]:
    """What the cache holds for the context's tokens: for each layer (kv_heads, tokens, head_dim), keys then values."""
    store, length = context._cache.store, len(context)
    return [layer[:, :length].clone() for layer in store.keys + store.values]


@pytest.fixture(scope="module")
def machine(tiny_config: Any) -> Any:
    """Contexts that are opened, extended, forked, rewound, committed to and closed in any order."""
    engine = Engine.from_config(tiny_config(), device="cpu")
    sync = engine.sync

    class Contexts(RuleBasedStateMachine):
        contexts = Bundle("contexts")

        def __init__(self) -> None:
            super().__init__()
            self.expected: dict[SyncContext, tuple[int, ...]] = {}

        @initialize(target=contexts, tokens=TOKENS)
        def open(self, tokens: list[int]) -> SyncContext:
            context = sync.open(tokens)
            self.expected[context] = tuple(tokens)
            return context

        @rule(context=contexts, tokens=TOKENS)
        def extend(self, context: SyncContext, tokens: list[int]) -> None:
            context.extend(tokens)
            self.expected[context] += tuple(tokens)

        @rule(target=contexts, context=contexts)
        def fork(self, context: SyncContext) -> SyncContext:
            fork = context.fork()
            self.expected[fork] = self.expected[context]
            return fork

        @rule(context=contexts, data=st.data())
        def rewind(self, context: SyncContext, data: st.DataObject) -> None:
            length = data.draw(st.integers(0, len(context)))
            context.rewind(length)
            self.expected[context] = self.expected[context][:length]

        @rule(context=contexts, seed=st.integers(0, 5))
        def fill_and_commit(self, context: SyncContext, seed: int) -> None:
            with context.fill(CanvasPlan(seed=seed, max_denoising_steps=2)) as canvas:
                result = canvas.result()
            context.commit(result)
            self.expected[context] += result.tokens[: result.length]

        @rule(context=contexts, seed=st.integers(0, 5))
        def fill_for_nothing(self, context: SyncContext, seed: int) -> None:
            with context.fill(CanvasPlan(seed=seed, max_denoising_steps=1)) as canvas:
                canvas.result()

        @rule(target=contexts, context=contexts)
        def close_a_fork(self, context: SyncContext) -> Any:
            context.fork().close()
            return multiple()

        @invariant()
        def tokens_are_right(self) -> None:
            for context, tokens in self.expected.items():
                assert context.tokens == tokens

        def teardown(self) -> None:
            plan = CanvasPlan(seed=9, max_denoising_steps=3)
            for context, tokens in self.expected.items():
                with sync.open(tokens) as fresh:
                    with context.fill(plan) as canvas, fresh.fill(plan) as reference:
                        assert canvas.result().tokens == reference.result().tokens
                    pairs = zip(keys_and_values(context.context), keys_and_values(fresh.context), strict=True)
                    assert all(torch.equal(ours, expected) for ours, expected in pairs)  # bit for bit

    with engine:
        yield Contexts


def test_any_way_to_the_tokens_equals_a_fresh_prefill(machine: Any) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=12, deadline=None, derandomize=True)
    )


def test_a_fork_shares_the_cache_until_it_diverges(engine: Engine) -> None:
    context = engine.open_sync(range(20))
    prefilled = engine.stats.prefilled_tokens
    fork = context.fork()
    assert fork._cache.store is context._cache.store
    assert engine.stats.prefilled_tokens == prefilled
    fork.extend_sync([3, 4])
    assert fork._cache.store is not context._cache.store
    assert (len(context), len(fork)) == (20, 22)


def test_without_forks_extending_copies_nothing_while_there_is_room(engine: Engine) -> None:
    context = engine.open_sync(range(20))
    store = context._cache.store
    context.extend_sync([1, 2, 3])
    context.rewind_sync(5)
    context.extend_sync([4])
    assert context._cache.store is store


def test_a_canvas_copies_nothing_even_if_the_context_has_forks(engine: Engine) -> None:
    context = engine.sync.open(range(20))
    forks = [context.fork() for _ in range(3)]
    for index, fork in enumerate(forks):
        with fork.fill(CanvasPlan(seed=index, max_denoising_steps=2)) as canvas:
            canvas.result()
        assert fork.context._cache.store is context.context._cache.store


def test_long_prompts_are_prefilled_in_chunks(tiny_config: Any, twin: Any) -> None:
    config = tiny_config(max_position_embeddings=4096)
    tokens = [(7 * index) % 48 for index in range(2500)]
    with Engine.from_config(config, device="cpu") as engine:
        whole = engine.open_sync(tokens)
        pieces = engine.open_sync(tokens[:1])
        for start in range(1, len(tokens), 611):
            pieces.extend_sync(tokens[start : start + 611])
        for ours, expected in zip(keys_and_values(whole), keys_and_values(pieces), strict=True):
            torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-4)


def test_commit_keeps_tokens_up_to_the_stop_and_never_the_tail(engine: Engine) -> None:
    context = engine.sync.open([2, 3])
    with context.fill(CanvasPlan(seed=1, max_denoising_steps=1, clamped={3: 5, 5: 1})) as canvas:
        result = canvas.result()
    assert (result.stopped, result.length <= 4, result.tokens[result.length - 1] in {1, 5}) == (True, True, True)
    context.commit(result)
    assert context.tokens == (2, 3, *result.tokens[: result.length])


def test_what_is_committed_is_read_with_what_follows(engine: Engine) -> None:
    """In one pass with the tokens appended next, or before the next canvas; not at all if nothing follows."""
    context = engine.sync.open(range(10))
    result = context.fill(CanvasPlan(seed=1, max_denoising_steps=2)).result()
    before = engine.stats
    context.commit(result)
    fork = context.fork()
    assert engine.stats == before and len(fork) == len(context) == 10 + result.length
    context.extend([7, 8])
    assert engine.stats.forward_passes == before.forward_passes + 1
    assert engine.stats.prefilled_tokens == before.prefilled_tokens + result.length + 2
    canvases = [fork.fill(CanvasPlan(seed=seed, max_denoising_steps=2)) for seed in range(3)]
    for canvas in canvases:
        canvas.canvas.start()
    assert [canvas.result().position for canvas in canvases] == [len(fork)] * 3
    assert engine.stats.prefilled_tokens == before.prefilled_tokens + 2 * result.length + 2
    fork.rewind(12)
    assert fork.context.tokens == context.context.tokens[:12]


def test_a_canvas_left_before_what_was_committed_is_read_leaves_a_usable_context(engine: Engine) -> None:
    context = engine.sync.open(range(10))
    context.commit(context.fill(CanvasPlan(seed=1, max_denoising_steps=2)).result())
    for _ in range(20):
        with context.fill(CanvasPlan(seed=2)) as canvas:
            canvas.canvas.start()
    expected = engine.sync.open(context.context.tokens).fill(CanvasPlan(seed=3, max_denoising_steps=3)).result()
    assert context.fill(CanvasPlan(seed=3, max_denoising_steps=3)).result().tokens == expected.tokens


def test_a_forgotten_canvas_leaves_no_reading_of_what_was_committed_behind(tiny_config: Any) -> None:
    """It would be written into the cache beside what is read in its stead."""
    plan = CanvasPlan(seed=1, max_denoising_steps=3)
    with Engine.from_config(tiny_config(), device="cpu") as engine, Engine.from_config(tiny_config()) as other:
        context = engine.sync.open([number % 48 for number in range(100)])
        context.commit(context.fill(CanvasPlan(seed=0, max_denoising_steps=2)).result())
        context.fill()
        context.rewind(5)
        assert context.context._flushing is not None and context.context._flushing.ended
        for tokens in ([30] * 95, [31] * 5):
            context.extend(tokens)
        expected = other.sync.open(context.tokens).fill(plan).result()
        assert context.fill(plan).result() == engine.sync.open(context.tokens).fill(plan).result() == expected


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_what_was_read_before_a_task_heard_that_it_is_cancelled_is_not_appended(
    engine: Engine, anyio_backend: str
) -> None:
    context, plan = await engine.open([3] * 20), CanvasPlan(seed=1, max_denoising_steps=3)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            with engine._worker._turn:  # nothing is read before the task waits for it
                tasks.start_soon(context.extend, [5] * 10)
                await anyio.wait_all_tasks_blocked()
            assert context._extending is not None
            context._extending.wait()  # the event loop is busy meanwhile
            scope.cancel()
    assert scope.cancelled_caught and context.tokens == (3,) * 20
    await context.extend([7])
    async with context.fill(plan) as canvas, (await engine.open([3] * 20 + [7])).fill(plan) as fresh:
        assert await canvas.result() == await fresh.result()


def test_what_was_read_before_ctrl_c_came_is_not_appended(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    context, wait = engine.sync.open([3] * 20), Signal.wait

    def interrupted(signal: Signal, ready: Any) -> None:
        wait(signal, ready)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Signal, "wait", interrupted)
        context.extend([5] * 10)
    assert context.tokens == (3,) * 20
    context.extend([7])
    assert context.tokens == (*[3] * 20, 7)


def test_the_result_of_a_fork_can_be_committed_to_its_origin(engine: Engine) -> None:
    context = engine.sync.open(range(9))
    with context.fork() as fork, fork.fill(CanvasPlan(seed=1, max_denoising_steps=2)) as canvas:
        result = canvas.result()
    context.commit(result)
    assert context.tokens == (*range(9), *result.tokens[: result.length])
    with pytest.raises(ContextError, match="the canvas continues 9 tokens, the context has"):
        context.commit(result)


def test_what_a_context_refuses(engine: Engine) -> None:
    context = engine.sync.open(range(9))
    with pytest.raises(ContextError, match=r"token 1 is 48, outside of the vocabulary \(0 to 47\)"):
        context.extend([3, 48])
    with pytest.raises(ContextError, match="token 0 is -1"):
        engine.sync.open([-1])
    with pytest.raises(ContextError, match="cannot rewind to 10: the context has 9 tokens"):
        context.rewind(10)
    with pytest.raises(ContextError, match="more than the 512 positions"):
        context.extend([3] * 504)
    with context.fill() as canvas:
        with pytest.raises(ContextError, match="a canvas is being filled"):
            context.extend([3])
        canvas.result()
        context.extend([3])
    full = engine.sync.open([3] * 508)
    with pytest.raises(ContextError, match="no place for a canvas of 8"):
        full.fill()
    context.close()
    with pytest.raises(ContextError, match="the context is closed"):
        context.extend([3])


def test_a_canvas_that_was_never_begun_and_is_forgotten_holds_up_nothing(engine: Engine) -> None:
    with engine.sync.open([2]) as context:
        context.fill()
        gc.collect()
        context.extend([3])
        assert context.fill(CanvasPlan(max_denoising_steps=1)).result().position == 2
        gc.collect()
        assert not context.context._filling


def test_a_prompt_takes_little_more_than_its_own_memory(tiny_config: Any) -> None:
    with Engine.from_config(tiny_config(), prefix_memory=0) as engine:
        with engine.sync.open([2] * 64):
            position = engine._runner.memory.used / 128  # 64 tokens and as many to spare
        for length in (64, 200, 450):
            with engine.sync.open([2] * length):
                assert engine._runner.memory.used / position <= length + max(256, length // 4) + 64


def test_an_empty_context_can_be_filled(engine: Engine) -> None:
    with engine.sync.open() as context, context.fill(CanvasPlan(seed=1)) as canvas:
        assert canvas.result().position == 0
