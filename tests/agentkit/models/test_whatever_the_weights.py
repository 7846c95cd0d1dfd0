"""The engine with random weights, thousands of generated schemas, and not one invalid call."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import anyio
import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator

from agentkit import ModelSettings, ToolDefinition, UserMessage
from agentkit.models.base import ModelRequest, WrongCall
from agentkit.models.diffusion import DiffusionModel
from agentkit.repair import REPAIRS
from agentkit.settings import Constraints
from agentkit.testing import toy_model
from tests.agentkit.constraints.schemas import Case, tools

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
    """What random weights make of a tool: the calls of a turn that has to make one.

    The one thing that can be wrong is a key that a map holds twice, which no automaton excludes: such a call is written
    again, as in every run. Noise may repeat itself even then: those calls are None, and a run would refuse them.
    """
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
        assert {fault.kind for fault in response.faults} <= {"duplicate"}
        message = response.message
        longer = replace(request, settings=replace(asked, max_tokens=2_000))
        for _ in range(REPAIRS):
            wrong = next((index for index, call in enumerate(message.calls) if call.fault), None)
            if wrong is None:
                break
            repaired = await conversation.repair(longer, message, WrongCall(wrong, ("",), "a key twice"), nowhere)
            assert repaired is not None
            message = repaired
    assert response.finish == "tool_calls"
    assert message.text == ""
    assert {call.name for call in message.calls} == {"f"}
    assert all("twice" in call.fault for call in message.calls if call.fault)
    return tuple(call.arguments for call in message.calls)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_call_is_valid_whatever_the_weights(models: list[DiffusionModel], part: int) -> None:
    seen = twice = 0

    @hypothesis.seed(part)
    @GENERATED
    @given(tools)
    def check(case: Case) -> None:
        nonlocal seen, twice
        number, seen = part + PARTS * seen, seen + 1
        for arguments in anyio.run(calls, models[number % len(models)], case.schema, number):
            if arguments is None:
                twice += 1
                continue
            validator = Draft202012Validator(case.schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
            assert [error.message for error in validator.iter_errors(arguments)] == []

    check()
    assert seen >= SCHEMAS // PARTS
    assert twice <= seen // 50
