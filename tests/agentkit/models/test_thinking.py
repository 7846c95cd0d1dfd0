"""Thoughts: on canvases of their own length, as parts and events, and within their budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agentkit import (
    Agent,
    AssistantMessage,
    Constraints,
    ModelSettings,
    ThoughtCommitted,
    ThoughtPart,
    UsageLimits,
    UserError,
    UserMessage,
)
from agentkit.dialects.base import ThoughtRegion
from agentkit.models.diffusion import DiffusionModel
from agentkit.testing import FunctionModel, ScriptedModel, call, toy_model

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def model() -> Iterator[DiffusionModel]:
    made: Any = toy_model(seed=0)
    yield made
    made.engine.close_sync()


def look(n: int) -> str:
    """Look something up."""
    return "found"


def thoughts(model: DiffusionModel, message: AssistantMessage) -> list[int]:
    """How many tokens stand between the markers of each thought."""
    assert message.tokens is not None
    parsed = model.dialect.parse(message.tokens)
    assert parsed.faults == ()
    return [region.span[1] - region.span[0] - 2 for region in parsed.regions if isinstance(region, ThoughtRegion)]


def test_no_thought_is_longer_than_its_budget(model: DiffusionModel) -> None:
    seen: list[int] = []

    @hypothesis.seed(0)
    @settings(
        max_examples=60,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(budget=st.integers(1, 40), seed=st.integers(0, 999), with_tool=st.booleans())
    def check(budget: int, seed: int, with_tool: bool) -> None:
        asked = ModelSettings(thinking=budget, seed=seed, max_tokens=96, constraints=Constraints(from_step=seed % 2))
        agent = Agent(model, tools=[look] if with_tool else [], output_type=bool, model_settings=asked)
        result = agent.run_sync("Go.", usage_limits=UsageLimits(turns=2))
        assert result.has_output or result.tool_calls
        for message in result.all_messages():
            if isinstance(message, AssistantMessage):
                found = thoughts(model, message)
                assert len(found) <= 1
                assert all(count <= budget for count in found)
                seen.extend(budget - count for count in found)

    check()
    assert len(seen) > 5  # noise opens a thought every now and then, and never closes it by itself
    assert 0 in seen


def test_a_thought_without_a_budget_ends_in_time_for_the_output(model: DiffusionModel) -> None:
    counts = []
    for seed in range(12):
        asked = ModelSettings(thinking=True, seed=seed, max_tokens=64)
        result = Agent(model, output_type=bool, model_settings=asked).run_sync("Go.")
        assert isinstance(result.output, bool)
        said = [message for message in result.all_messages() if isinstance(message, AssistantMessage)]
        counts += [count for message in said for count in thoughts(model, message)]
    assert max(counts) > 16


async def test_thoughts_are_parts_and_events_of_their_own():
    script = ScriptedModel(
        [[ThoughtPart("I have to look."), call("look", n=1)], [ThoughtPart("Found."), "It is there."]]
    )
    agent = Agent(script, tools=[look], model_settings=ModelSettings(thinking=True))
    async with agent.run_stream_events("Is it there?") as stream:
        events = [event async for event in stream]
    assert [event.text for event in events if isinstance(event, ThoughtCommitted)] == ["I have to look.", "Found."]
    result = events[-1].result
    assert result.output == "It is there."
    said = [message for message in result.all_messages() if isinstance(message, AssistantMessage)]
    assert [message.thoughts for message in said] == ["I have to look.", "Found."]


async def test_the_budget_reaches_models_of_ones_own():
    model = FunctionModel(lambda request: str(request.settings.thinking))
    assert (await Agent(model, model_settings=ModelSettings(thinking=7)).run("?")).output == "7"
    off = ModelSettings(thinking=False)
    assert (await Agent(model, model_settings=ModelSettings(thinking=7)).run("?", model_settings=off)).output == "False"


async def test_a_budget_that_nothing_can_hold_is_refused(model: DiffusionModel):
    agent = Agent(model, model_settings=ModelSettings(thinking=9, constraints=False))
    with pytest.raises(UserError, match="thinking=9"):
        await agent.run("?")
    with pytest.raises(UserError, match="thinking"):
        ModelSettings(thinking=-1)


def test_a_prompt_says_whether_to_think(model: DiffusionModel) -> None:
    think = model.tokenizer.control["<|think|>"]
    for thinking, said in ((True, True), (5, True), (0, False), (False, False), (None, False)):
        assert (think in model.dialect.render([UserMessage("Hi")], thinking=bool(thinking))) is said
        asked = ModelSettings(thinking=thinking)
        report = Agent(model, model_settings=asked).prompt_report("Hi")
        assert report.total == len(model.dialect.render([UserMessage("Hi")], thinking=said))
