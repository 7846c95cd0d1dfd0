"""What an automaton doesn't hold at once is held once a value was wrong, on the real engine with random weights."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agentkit import Agent, ModelRetry, ModelSettings, Tool, UsageLimits
from agentkit.models.diffusion import DiffusionModel
from agentkit.testing import toy_model

SCHEMAS: dict[str, dict[str, Any]] = {
    "a text that is too long": {"type": "string", "maxLength": 120},
    "a text of a form whose length can't be counted": {"type": "string", "format": "email", "maxLength": 20},
    "a list that is too long": {"type": "array", "items": {"type": "boolean"}, "maxItems": 17},
    "a map that is too long": {"type": "object", "additionalProperties": {"type": "boolean"}, "maxProperties": 17},
    "no multiple, for a division of floats": {"type": "number", "multipleOf": 0.01},
    "no multiple of a large step": {"type": "integer", "multipleOf": 7919},
}


@pytest.fixture(scope="module")
def model() -> Iterator[DiffusionModel]:
    toy = toy_model(seed=1)
    assert isinstance(toy, DiffusionModel)
    yield toy
    toy.engine.close_sync()


@pytest.mark.parametrize("name", SCHEMAS)
def test_two_repairs_suffice(model: DiffusionModel, name: str) -> None:
    schema = {"type": "object", "properties": {"x": SCHEMAS[name]}, "required": ["x"]}
    tool = Tool.from_schema(lambda x: "done", name="f", description="Do it.", json_schema=schema)
    agent = Agent(model, tools=[tool], usage_limits=UsageLimits(turns=1, canvases=200))
    made = 0
    for seed in range(4):
        asked = ModelSettings(tool_choice="required", seed=seed, max_tokens=160, max_denoising_steps=1, repairs=2)
        result = agent.run_sync("Go.", model_settings=asked)
        made += len(result.tool_calls)
        for finished in result.tool_calls:
            assert finished.error is None
            assert Draft202012Validator(schema).is_valid(finished.call.arguments)
    assert made >= 4


@pytest.mark.parametrize("name", ["a text that is too long", "no multiple of a large step"])
def test_a_value_that_was_wrong_is_written_again_at_once(model: DiffusionModel, name: str) -> None:
    schema = {"type": "object", "properties": {"x": SCHEMAS[name]}, "required": ["x"]}
    tool = Tool.from_schema(lambda x: "done", name="f", description="Do it.", json_schema=schema)
    agent = Agent(model, tools=[tool], usage_limits=UsageLimits(turns=1, canvases=200))
    asked = ModelSettings(tool_choice="required", seed=0, max_tokens=160, max_denoising_steps=1)
    result = agent.run_sync("Go.", model_settings=asked)
    assert 1 <= result.usage.repairs <= 2 * len(result.tool_calls)


def test_where_nothing_else_may_stand_the_model_is_told(model: DiffusionModel) -> None:
    def switch(state: bool) -> str:
        """Switch it."""
        raise ModelRetry("not now", argument="state")

    asked = ModelSettings(tool_choice="required", seed=0, max_tokens=16, max_denoising_steps=1, repairs=5)
    result = Agent(model, tools=[switch], usage_limits=UsageLimits(turns=1)).run_sync("Go.", model_settings=asked)
    assert result.usage.repairs == 1  # after both values there is no third
    states = [(finished.call.arguments or {})["state"] for finished in result.tool_calls]
    assert sorted(states) == [False, True]
    assert "not now" in repr(result.all_messages())
