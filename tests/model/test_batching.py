"""Canvases share passes through the network, and none of them can tell."""

import random
from typing import Any

import anyio
import pytest

from agentkit_model import CanvasPlan, CanvasResult, Context, Engine

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def fill(context: Context, plan: CanvasPlan) -> CanvasResult:
    async with context.fill(plan) as canvas:
        return await canvas.result()


async def fill_all(pairs: list[tuple[Context, CanvasPlan]]) -> list[CanvasResult]:
    """All canvases at the same time."""
    results: dict[int, CanvasResult] = {}

    async def one(index: int, context: Context, plan: CanvasPlan) -> None:
        results[index] = await fill(context, plan)

    async with anyio.create_task_group() as tasks:
        for index, (context, plan) in enumerate(pairs):
            tasks.start_soon(one, index, context, plan)
    return [results[index] for index in range(len(pairs))]


def random_plan(rng: random.Random) -> CanvasPlan:
    """Plans of all kinds side by side: own steps, temperatures, bounds, clamps."""
    return CanvasPlan(
        seed=rng.randrange(10**6),
        max_denoising_steps=rng.randint(1, 3),
        t_max=rng.choice([0.0, 0.05, 0.8]),
        t_min=0.0,
        entropy_bound=rng.choice([0.1, 3.0]),
        confidence_threshold=rng.choice([0.005, 0.5]),
        clamped={rng.randrange(5): rng.randrange(37) for _ in range(rng.choice([0, 0, 3]))},
    )


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({"num_hidden_layers": 2, "layer_types": ["sliding_attention", "full_attention"]}, 1000),
        ({"canvas_length": 5, "hidden_size": 20, "intermediate_size": 12, "vocab_size": 37, "sliding_window": 5}, 200),
        ({"num_experts": 4, "top_k_experts": 2}, 100),
    ],
    ids=["two layers", "odd sizes", "experts"],
)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_canvas_is_the_same_alone_and_in_any_company(
    tiny_config: Any, config: dict[str, Any], count: int, anyio_backend: str
) -> None:
    rng = random.Random(0)
    async with Engine.from_config(tiny_config(**config), device="cpu", max_batch=24) as engine:
        contexts = [await engine.open([rng.randrange(37) for _ in range(length)]) for length in range(0, 40, 3)]
        pairs = [(rng.choice(contexts), random_plan(rng)) for _ in range(count)]
        alone = [await fill(context, plan) for context, plan in pairs]
        passes = engine.stats.forward_passes
        assert await fill_all(pairs) == alone
        if "num_hidden_layers" in config:  # the others are run one by one: runner.Runner says why
            assert engine.stats.forward_passes - passes < sum(result.steps for result in alone) / 4


async def test_a_finished_canvas_leaves_and_a_waiting_one_joins_at_the_next_step(tiny_config: Any) -> None:
    """Ten canvases of one to ten steps in a batch of three: no pass is run for a canvas that is done."""
    lengths = [10, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    async with Engine.from_config(tiny_config(), device="cpu", max_batch=3) as engine:
        context = await engine.open(range(10))
        await fill_all(
            [(context, CanvasPlan(seed=i, max_denoising_steps=1)) for i in range(6)]
        )  # the first of each size
        before = engine.stats
        results = await fill_all([(context, CanvasPlan(seed=i, max_denoising_steps=n)) for i, n in enumerate(lengths)])
        after = engine.stats
    assert [result.steps for result in results] == lengths
    assert after.denoising_steps - before.denoising_steps == sum(lengths) == 55
    # 55 steps fit into 19 passes of 3 at best; the last ones run with fewer, and the first may start before the others.
    assert after.forward_passes - before.forward_passes <= 19 + 10


async def test_contexts_may_be_opened_while_canvases_are_under_way(engine: Engine) -> None:
    context = await engine.open(range(10))
    plan = CanvasPlan(seed=5, max_denoising_steps=40, confidence_threshold=0.0)
    expected = await fill(context, plan)
    async with context.fill(plan) as canvas:
        canvas.start()
        others = [await engine.open(range(length)) for length in range(1, 10)]
        assert await canvas.result() == expected
    assert [len(other) for other in others] == list(range(1, 10))


async def test_in_half_precision_what_is_committed_shares_passes_with_canvases(tiny_config: Any) -> None:
    """In float32 on the CPU it does not, so that canvases come out the same in any company to the last bit."""
    passes = {}
    for dtype in ("bfloat16", "float32"):
        async with Engine.from_config(tiny_config(), device="cpu", dtype=dtype) as engine:
            context = await engine.open(range(10))
            plan = CanvasPlan(seed=5, max_denoising_steps=60, confidence_threshold=0.0)
            before = engine.stats.forward_passes
            async with context.fill(plan) as canvas:
                canvas.start()
                for length in range(1, 20):
                    other = await engine.open(range(length))
                    assert len(other) == length
                await canvas.result()
            passes[dtype] = engine.stats.forward_passes - before
            assert engine.stats.prefilled_tokens == 10 + sum(range(1, 20))
    assert passes["bfloat16"] < passes["float32"] == 60 + 19


def test_greedy_canvases_do_not_tell_whether_others_may_share_a_product(tiny_config: Any) -> None:
    """Their self-conditioning is a token's own embedding, the same in any company."""
    engine = Engine.from_config(tiny_config())
    greedy = CanvasPlan(seed=1, max_denoising_steps=4, t_min=0.0, t_max=0.0, confidence_threshold=0.0)
    with engine.sync.open([2]) as one, engine.sync.open([3]) as other:
        canvases = [one.fill(greedy), other.fill(greedy)]
        for canvas in canvases:
            canvas.canvas.start()
        assert [canvas.result().steps for canvas in canvases] == [4, 4]
    assert not any(what == "soften" for what, *_ in engine._runner._shareable)
