"""Runs on the real engine with random weights: whatever it writes, the loop keeps its promises."""

import anyio
import pytest

from agentkit import (
    Agent,
    AgentRunResult,
    CancellationToken,
    CanvasCommitted,
    CanvasDraft,
    ModelSettings,
    RunCancelled,
    RunFinished,
    UsageLimits,
)
from agentkit.testing import toy_model

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def model():
    return toy_model(seed=0)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def outline(result: AgentRunResult):
    return result.all_messages(), result.stop_reason, result.stop_detail


async def test_a_seed_makes_a_run_repeatable(model):
    agent = Agent(model, tools=[add])
    alone = [outline(await agent.run("1 + 2?", model_settings=ModelSettings(seed=seed))) for seed in range(3)]
    again = [outline(await agent.run("1 + 2?", model_settings=ModelSettings(seed=seed))) for seed in range(3)]
    assert alone == again
    assert alone[0] != alone[1]


async def test_a_batch_says_what_its_runs_say_alone(model):
    agent = Agent(model, tools=[add], model_settings=ModelSettings(seed=5))
    prompts = [f"{n} + {n}?" for n in range(12)]
    batch = await agent.run_batch(prompts)
    assert [outline(result) for result in batch] == [outline(await agent.run(prompt)) for prompt in prompts]


async def test_usage_counts_what_the_canvases_show(model):
    result = await Agent(model, model_settings=ModelSettings(seed=1, max_tokens=40)).run("Write.")
    assert result.usage.canvases == len(result.canvases) > 1
    assert result.usage.denoising_steps == sum(canvas.steps for canvas in result.canvases)
    assert result.usage.output_tokens == sum(len(canvas.tokens) for canvas in result.canvases) <= 40
    assert result.usage.prompt_tokens > 0
    assert [canvas.index for canvas in result.canvases] == list(range(len(result.canvases)))


async def test_limits_hold_within_a_turn(model):
    result = await Agent(model).run(
        "Write.", usage_limits=UsageLimits(canvases=2), model_settings=ModelSettings(seed=1)
    )
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "canvases")
    assert result.usage.canvases == len(result.canvases) == 2


async def test_drafts_lead_to_their_canvas(model):
    async with Agent(model, model_settings=ModelSettings(seed=2)).run_stream_events("Write.") as events:
        seen = [event async for event in events]
    drafts = [event for event in seen if isinstance(event, CanvasDraft)]
    canvases = [event.canvas for event in seen if isinstance(event, CanvasCommitted)]
    assert [draft.step for draft in drafts if draft.canvas == 0] == list(range(1, canvases[0].steps + 1))
    for draft in drafts:
        assert len(draft.tokens) == len(draft.texts) == len(draft.entropies) == 16
    assert isinstance(seen[-1], RunFinished)


async def test_cancelling_between_denoising_steps_leaves_the_model_usable(model):
    agent = Agent(model, model_settings=ModelSettings(seed=3))
    expected = outline(await agent.run("Write."))
    for steps in range(1, 9):
        token = CancellationToken()
        with pytest.raises(RunCancelled):
            async with agent.run_stream_events("Write.", cancellation_token=token) as events:
                async for event in events:
                    if isinstance(event, CanvasDraft):
                        steps -= 1
                        if steps == 0:
                            token.cancel()
                            await anyio.lowlevel.checkpoint()
    assert outline(await agent.run("Write.")) == expected
