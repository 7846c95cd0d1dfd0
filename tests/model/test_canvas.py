"""One canvas: clamps, repair, drafts, greedy decoding, cancellation."""

import itertools
from dataclasses import replace
from typing import Any

import anyio
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit_model import CanvasCancelled, CanvasPlan, CanvasResult, ContextError, Draft, Engine, PlanError

STEADY: dict[str, Any] = {"confidence_threshold": 0.0}
CONFIDENT: dict[str, Any] = {"max_denoising_steps": 30, "t_min": 0.02, "t_max": 0.1, "entropy_bound": 3.0}


def fill(engine: Engine, plan: CanvasPlan, prompt: Any = range(2, 14)) -> tuple[list[Draft], CanvasResult]:
    with engine.sync.open(prompt) as context, context.fill(plan) as canvas:
        return list(canvas), canvas.result()


def test_a_seed_gives_the_same_canvas_again(engine: Engine) -> None:
    _, first = fill(engine, CanvasPlan())
    _, again = fill(engine, CanvasPlan(seed=first.seed))
    _, other = fill(engine, CanvasPlan())
    assert first == again
    assert first.seed != other.seed


def test_drafts_show_every_step_and_looking_changes_nothing(engine: Engine) -> None:
    plan = CanvasPlan(seed=4, confidence_threshold=0.1, **CONFIDENT)
    drafts, watched = fill(engine, plan)
    with engine.sync.open(range(2, 14)) as context, context.fill(plan) as canvas:
        assert canvas.result() == watched
    assert [draft.step for draft in drafts] == list(range(1, watched.steps + 1))
    assert drafts[-1].tokens == watched.tokens
    assert drafts[-1].entropies == watched.entropies
    assert all(any(draft.accepted) for draft in drafts)  # the most certain position always is


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    clamped=st.dictionaries(st.integers(0, 7), st.integers(0, 47)),
    seed=st.integers(0, 100),
    bound=st.sampled_from([0.1, 3.0]),
)
def test_clamped_positions_are_held_at_every_step(
    engine: Engine, clamped: dict[int, int], seed: int, bound: float
) -> None:
    drafts, result = fill(engine, CanvasPlan(seed=seed, clamped=clamped, max_denoising_steps=4, entropy_bound=bound))
    for draft in drafts:
        assert {position: draft.tokens[position] for position in clamped} == clamped
        assert all(draft.accepted[position] and draft.entropies[position] == 0 for position in clamped)
        free = [position for position in range(8) if position not in clamped]
        # Clamps take nothing from the budget: the free positions accepted are those they alone would have.
        cost = sorted(draft.entropies[position] for position in free if draft.accepted[position])
        assert sum(cost[:-1]) <= bound + 1e-5
        assert not free or any(draft.accepted[position] for position in free)
    assert all(result.tokens[position] == token for position, token in clamped.items())


def test_the_stop_rule_averages_over_the_free_positions(engine: Engine) -> None:
    """With 7 of 8 positions clamped, a mean over all would be an eighth of the free position's entropy."""
    plan = CanvasPlan(seed=3, clamped=dict.fromkeys(range(7), 9), stability_threshold=0, max_denoising_steps=1)
    _, one = fill(engine, plan)
    entropy = one.entropies[7]
    assert entropy > 0

    def reason(threshold: float) -> str:
        with engine.sync.open(range(2, 14)) as context:
            clamped = dict.fromkeys(range(7), 9)
            plan = CanvasPlan(
                seed=3, clamped=clamped, stability_threshold=0, max_denoising_steps=1, confidence_threshold=threshold
            )
            with context.fill(plan) as canvas:
                return canvas.result().reason

    assert reason(entropy * 0.99) == "max_steps"
    assert reason(entropy * 1.01) == "stable"


def test_a_canvas_with_every_position_clamped_takes_no_step(engine: Engine) -> None:
    drafts, result = fill(engine, CanvasPlan(clamped=dict.fromkeys(range(8), 7)))
    assert (drafts, result.tokens, result.steps, result.reason) == ([], (7,) * 8, 0, "stable")


def test_temperature_0_is_greedy(engine: Engine) -> None:
    """Everything is certain, so everything is accepted, and the canvas stops as soon as it repeats itself."""
    drafts, result = fill(engine, CanvasPlan(seed=1, t_min=0, t_max=0, max_denoising_steps=30))
    assert all(all(draft.accepted) and not any(draft.entropies) for draft in drafts)
    repeats = [a.tokens == b.tokens for a, b in itertools.pairwise(drafts)]
    assert result.reason == ("stable" if repeats and repeats[-1] else "max_steps")
    assert not any(repeats[:-1])


def test_a_schedule_may_end_at_0(engine: Engine) -> None:
    _, result = fill(engine, CanvasPlan(seed=1, t_min=0.0, t_max=0.5, max_denoising_steps=5))
    assert result.steps <= 5


def test_an_initial_canvas_may_be_given_in_part(engine: Engine) -> None:
    settled = (4,) * 8
    plan = CanvasPlan(seed=2, initial=settled, max_denoising_steps=1)
    _, first = fill(engine, plan)
    _, seeded = fill(engine, CanvasPlan(seed=2, max_denoising_steps=1))
    _, none = fill(engine, CanvasPlan(seed=2, initial=[None] * 8, max_denoising_steps=1))
    assert first.entropies != seeded.entropies
    assert none == seeded


def test_repair_denoises_the_spans_and_holds_the_rest(engine: Engine) -> None:
    context = engine.sync.open(range(2, 14))
    with context.fill(CanvasPlan(seed=2, max_denoising_steps=3)) as canvas:
        result = canvas.result()
    repaired = [context.repair(result, [(2, 4), (3, 6)], CanvasPlan(seed=seed)) for seed in range(5)]
    for other in repaired:
        assert other.tokens[:2] == result.tokens[:2]
        assert other.tokens[6:] == result.tokens[6:]
        assert other.position == result.position
    held = context.repair(result, [(2, 6)], CanvasPlan(clamped={3: 40, 0: 41}))
    assert held.tokens[3] == 40
    assert held.tokens[0] == result.tokens[0]  # what lies outside of the spans is the result's
    context.commit(repaired[0])
    with pytest.raises(ContextError, match="cannot repair: the canvas continues 12 tokens"):
        context.repair(result, [(2, 4)])


@pytest.mark.parametrize("span", [(3, 3), (-1, 2), (5, 9), (4, 2)])
def test_repair_refuses_spans_outside_of_the_canvas(engine: Engine, span: tuple[int, int]) -> None:
    context = engine.sync.open([2])
    with context.fill(CanvasPlan(max_denoising_steps=1)) as canvas:
        result = canvas.result()
    with pytest.raises(ContextError, match="empty or outside of the canvas"):
        context.repair(result, [span])


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"clamped": {8: 1}}, "a clamped position must be between 0 and 7, not 8"),
        ({"clamped": {0: 48}}, r"clamped\[0\] must be between 0 and 47, not 48"),
        ({"clamped": {0: 3.5}}, r"clamped\[0\] must be a whole number, not 3.5"),
        ({"initial": [1, 2]}, "initial has 2 entries; the canvas has 8 positions"),
        ({"initial": [1] * 7 + [99]}, r"initial\[7\] must be between 0 and 47, not 99"),
        ({"initial": [1] * 7 + ["a"]}, r"initial\[7\] must be a whole number, not 'a'"),
        ({"seed": -1}, "seed must be between 0"),
        ({"seed": 1.5}, "seed must be a whole number, not 1.5"),
        ({"max_denoising_steps": 0}, "max_denoising_steps must be at least 1"),
        ({"max_denoising_steps": 2**31}, r"max_denoising_steps must be a whole number below 2\*\*31"),
        ({"stability_threshold": 0.5}, r"stability_threshold must be a whole number below 2\*\*31"),
        ({"entropy_bound": float("inf")}, "entropy_bound must be a finite number"),
        ({"entropy_bound": -0.1}, "entropy_bound must be a finite number of at least 0"),
        ({"t_max": float("nan")}, "t_max must be a finite number"),
        ({"t_max": 0.1, "t_min": 0.2}, r"t_max \(0.1\) must not be below t_min \(0.2\)"),
    ],
)
def test_plans_that_make_no_sense_are_refused(engine: Engine, plan: dict[str, Any], message: str) -> None:
    with engine.sync.open([2]) as context, pytest.raises(PlanError, match=message):
        context.fill(CanvasPlan(**plan))


def test_plans_may_hold_the_numbers_of_other_libraries_and_change_later(engine: Engine) -> None:
    plain = {"clamped": {1: 3, 2: 4}, "initial": [None] * 7 + [5], "stability_threshold": 1, "entropy_bound": 2**70}
    _, expected = fill(engine, CanvasPlan(seed=3, max_denoising_steps=4, **plain))
    clamped, initial = {np.int32(1): np.int32(3), 2: torch.tensor(4)}, [None] * 7 + [np.int64(5)]
    plan = CanvasPlan(
        seed=np.int64(3), max_denoising_steps=4.0, clamped=clamped, initial=initial, stability_threshold=1.0,
        entropy_bound=1e38,
    )  # fmt: skip
    with engine.sync.open(range(2, 14)) as context, context.fill(plan) as canvas:
        clamped[0] = 10**9
        initial[0] = 10**9
        assert canvas.result() == expected


def test_who_breaks_off_looking_gets_no_more_drafts(engine: Engine) -> None:
    with engine.sync.open([2]) as context, context.fill(CanvasPlan(max_denoising_steps=8, **STEADY)) as canvas:
        for _ in canvas:
            break
        assert canvas.result().steps == 8
        assert not canvas.canvas._work.watched


def test_all_who_look_see_every_draft_until_they_leave(engine: Engine) -> None:
    with engine.sync.open([2]) as context, context.fill(CanvasPlan(max_denoising_steps=200, **STEADY)) as canvas:
        one, other, hasty = (canvas.canvas.drafts_sync() for _ in range(3))
        seen = [next(one).step]
        later = [draft.step for draft in itertools.islice(other, 1)]
        next(hasty, None)
        hasty.close()
        assert [*seen, *(draft.step for draft in one)] == list(range(1, 201))
        later += [draft.step for draft in other]
        assert later == list(range(201 - len(later), 201))


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_cancelling_at_any_step_leaves_engine_and_context_usable(engine: Engine, anyio_backend: str) -> None:
    context = await engine.open(range(2, 14))
    plan = CanvasPlan(seed=1, max_denoising_steps=12, confidence_threshold=0.0)
    async with context.fill(plan) as canvas:
        expected = await canvas.result()
    endless = replace(plan, max_denoising_steps=10**6)  # else a slow reader may find it finished
    for step in range(1, 12):
        with anyio.CancelScope() as scope:
            async with context.fill(endless) as canvas:
                async for draft in canvas:
                    if draft.step == step:
                        scope.cancel()
                raise AssertionError("the canvas went on")
        with pytest.raises(CanvasCancelled):
            await canvas.result()
        async with context.fill(plan) as canvas:
            assert await canvas.result() == expected
    await context.extend([3])
    assert len(context) == 13


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_cancelled_canvas_takes_no_further_step(tiny_config: Any, anyio_backend: str) -> None:
    async with Engine.from_config(tiny_config(), device="cpu") as engine:
        context = await engine.open(range(10))
        with anyio.CancelScope() as scope:
            async with context.fill(CanvasPlan(max_denoising_steps=10**6, confidence_threshold=0.0)) as canvas:
                async for _ in canvas:
                    scope.cancel()
        async with context.fill(CanvasPlan(max_denoising_steps=3, confidence_threshold=0.0)) as canvas:
            await canvas.result()
        before = engine.stats
        await anyio.sleep(0.05)
        assert engine.stats == before
        assert (before.cancelled, before.canvases) == (1, 1)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_cancelled_prefill_appends_nothing(tiny_config: Any, anyio_backend: str) -> None:
    async with Engine.from_config(tiny_config(max_position_embeddings=60_000), device="cpu") as engine:
        context = await engine.open([2, 3])
        with anyio.move_on_after(0.01) as scope:
            await context.extend([4] * 50_000)
        assert scope.cancelled_caught
        assert context.tokens == (2, 3)
        await context.rewind(1)
        await context.extend([7, 8])
        assert context.tokens == (2, 7, 8)
        plan = CanvasPlan(seed=1)
        async with context.fill(plan) as canvas, (await engine.open([2, 7, 8])).fill(plan) as fresh:
            assert await canvas.result() == await fresh.result()
