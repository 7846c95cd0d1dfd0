"""What no automaton holds is repaired without what was wrong, on the real engine with random weights."""

from collections.abc import Iterator
from typing import Any

import pytest

from agentkit import Agent, ModelSettings, Tool, UsageLimits
from agentkit.models.diffusion import DiffusionModel
from agentkit.testing import toy_model

FLAGS = {key: {"type": "boolean"} for key in "abcd"}
SCHEMAS: dict[str, dict[str, Any]] = {
    "a text that is too long": {"type": "string", "maxLength": 120},
    "a member that asks for another": {"type": "object", "properties": FLAGS, "dependentRequired": {"a": ["b"]}},
    "too many members": {"type": "object", "properties": FLAGS, "maxProperties": 2},
    "a pair that is not allowed": {
        "type": "object",
        "properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2]}},
        "required": ["a", "b"],
        "not": {"properties": {"a": {"const": 1}, "b": {"const": 2}}},
    },
}


@pytest.fixture(scope="module")
def model() -> Iterator[DiffusionModel]:
    toy = toy_model(seed=1)
    assert isinstance(toy, DiffusionModel)
    yield toy
    toy.engine.close_sync()


@pytest.mark.parametrize("name", SCHEMAS)
def test_two_repairs_suffice_nearly_always(model: DiffusionModel, name: str) -> None:
    schema = {"type": "object", "properties": {"x": SCHEMAS[name]}, "required": ["x"]}
    tool = Tool.from_schema(lambda x: "done", name="f", description="Do it.", json_schema=schema)
    agent = Agent(model, tools=[tool], usage_limits=UsageLimits(turns=1))
    made = refused = repairs = 0
    for seed in range(5):
        asked = ModelSettings(tool_choice="required", seed=seed, max_tokens=120, max_denoising_steps=1, repairs=2)
        result = agent.run_sync("Go.", model_settings=asked)
        made += len(result.tool_calls)
        refused += sum(finished.error is not None for finished in result.tool_calls)
        repairs += result.usage.repairs
    assert made >= 5 and repairs > 0
    assert refused <= made // 10
