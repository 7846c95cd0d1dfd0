"""The engine with random weights, thousands of generated schemas, and not one invalid call."""

from collections.abc import Iterator
from typing import Any

import anyio
import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator

from agentkit import ModelSettings, ToolDefinition, UserMessage
from agentkit.models.base import ModelRequest
from agentkit.models.diffusion import DiffusionModel
from agentkit.settings import Constraints
from agentkit.testing import toy_model
from tests.agentkit.constraints.schemas import Case, differing

SCHEMAS, PARTS = 2_000, 4
GENERATED = settings(
    max_examples=SCHEMAS // PARTS,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)


@pytest.fixture(scope="module")
def models() -> Iterator[list[DiffusionModel]]:
    made = [toy_model(seed=seed) for seed in range(3)]
    assert all(isinstance(model, DiffusionModel) for model in made)
    yield made  # type: ignore[misc]
    for model in made:
        model.engine.close_sync()  # type: ignore[attr-defined]


async def nowhere(event: object) -> None:
    pass


async def calls(model: DiffusionModel, schema: dict[str, Any], seed: int) -> tuple[Any, ...]:
    """What random weights make of a tool: the calls of a turn that has to make one."""
    tool = ToolDefinition("f", "Do it.", schema)
    asked = ModelSettings(
        tool_choice="required",
        seed=seed,
        max_tokens=320,
        max_denoising_steps=2 if seed % 4 == 0 else 1,
        constraints=Constraints(bonus=float(seed % 3) * 10, from_step=seed % 2),
    )
    request = ModelRequest((UserMessage("Go."),), (tool,), asked)
    async with model.converse() as conversation:
        response = await conversation.respond(request, nowhere)
    assert response.faults == ()
    message = response.message
    assert response.finish == "tool_calls"
    assert message.text == ""
    assert {call.name for call in message.calls} == {"f"}
    return tuple(call.arguments for call in message.calls)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_call_is_valid_whatever_the_weights(models: list[DiffusionModel], part: int) -> None:
    seen = 0

    @hypothesis.seed(part)
    @GENERATED
    @given(differing)
    def check(case: Case) -> None:
        nonlocal seen
        number, seen = part + PARTS * seen, seen + 1
        for arguments in anyio.run(calls, models[number % len(models)], case.schema, number):
            validator = Draft202012Validator(case.schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
            assert [error.message for error in validator.iter_errors(arguments)] == []

    check()
    assert seen >= SCHEMAS // PARTS
