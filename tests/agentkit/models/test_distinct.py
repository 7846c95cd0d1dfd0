"""Keys and items that have to differ do, over canvases and repairs, on the real engine with random weights."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from agentkit import ModelSettings, ToolDefinition, UserMessage
from agentkit.models.base import ModelRequest, WrongCall
from agentkit.models.diffusion import DiffusionModel
from agentkit.testing import toy_model

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def model() -> Iterator[DiffusionModel]:
    toy = toy_model(seed=1)
    assert isinstance(toy, DiffusionModel)
    yield toy
    toy.engine.close_sync()


async def nowhere(event: object) -> None:
    pass


def request(schema: dict[str, Any], seed: int, max_tokens: int = 160) -> ModelRequest:
    tool = ToolDefinition("f", "Do it.", {"type": "object", "properties": {"x": schema}, "required": ["x"]})
    asked = ModelSettings(tool_choice="required", seed=seed, max_tokens=max_tokens, max_denoising_steps=1)
    return ModelRequest((UserMessage("Go."),), (tool,), asked)


def keys(pattern: str, values: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {"type": "object", "patternProperties": {pattern: values}, "additionalProperties": False, **keywords}


@pytest.mark.parametrize("seed", range(4))
async def test_all_of_few_keys_are_written_once(model: DiffusionModel, seed: int) -> None:
    inner = keys("^[ab]$", {"type": "integer"}, minProperties=2)
    asked = request(keys("^(?:x|yy|zzz)$", inner, minProperties=3), seed)
    async with model.converse() as conversation:
        response = await conversation.respond(asked, nowhere)
    assert response.faults == ()
    for call in response.message.calls:
        assert call.arguments is not None
        assert call.arguments["x"].keys() == {"x", "yy", "zzz"}
        assert all(value.keys() == {"a", "b"} for value in call.arguments["x"].values())


@pytest.mark.parametrize(
    ("items", "count"),
    [
        ({"enum": ["sea", "snow", 1]}, 3),
        ({"type": "integer", "minimum": 8, "maximum": 11}, 4),
        ({"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}, 2),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 1}, 2),
    ],
)
async def test_all_of_few_items_are_written_once(model: DiffusionModel, items: dict[str, Any], count: int) -> None:
    schema = {"type": "array", "items": items, "uniqueItems": True, "minItems": count}
    for seed in range(3):
        async with model.converse() as conversation:
            response = await conversation.respond(request(schema, seed), nowhere)
        for call in response.message.calls:
            assert call.arguments is not None
            assert len({repr(item) for item in call.arguments["x"]}) == len(call.arguments["x"]) == count


async def test_an_array_ends_where_its_items_are_too_many_to_tell_apart(model: DiffusionModel) -> None:
    items = {"type": "array", "items": {"type": "integer", "minimum": 8, "maximum": 11}, "minItems": 1, "maxItems": 4}
    schema = {"type": "array", "items": items, "uniqueItems": True}
    for seed in range(3):
        async with model.converse() as conversation:
            response = await conversation.respond(request(schema, seed, max_tokens=300), nowhere)
        for call in response.message.calls:
            assert call.arguments is not None
            assert len({repr(item) for item in call.arguments["x"]}) == len(call.arguments["x"])


async def test_a_repair_repeats_nothing_either(model: DiffusionModel) -> None:
    asked = request(keys("^(?:x|yy)$", {"type": "integer"}, minProperties=2), seed=0)
    async with model.converse() as conversation:
        message = (await conversation.respond(asked, nowhere)).message
        wrong = WrongCall(0, ("/x",), "not this one", {"/x": [message.calls[0].arguments["x"]]})  # type: ignore[index]
        repaired = await conversation.repair(asked, message, wrong, nowhere)
    assert repaired is not None
    assert repaired.calls[0].arguments != message.calls[0].arguments
    assert repaired.calls[0].arguments["x"].keys() == {"x", "yy"}  # type: ignore[index]


async def test_what_is_free_to_differ_costs_no_canvas(model: DiffusionModel) -> None:
    asked = request({"type": "array", "items": {"enum": ["sea", "snow"]}, "maxItems": 6}, seed=0)
    async with model.converse() as conversation:
        response = await conversation.respond(asked, nowhere)
    lengths = [len(canvas.tokens) for canvas in response.canvases]
    assert set(lengths[:-1]) <= {model.engine.canvas_length}


@pytest.mark.parametrize("max_tokens", [1, 5, 18])
async def test_a_turn_that_may_end_at_once_is_written_in_whatever_room_there_is(
    model: DiffusionModel, max_tokens: int
) -> None:
    asked = request(keys("^[ab]$", {"type": "integer"}), seed=2)
    asked = replace(asked, settings=replace(asked.settings, tool_choice="auto", max_tokens=max_tokens))
    async with model.converse() as conversation:
        response = await conversation.respond(asked, nowhere)
    assert 1 <= sum(len(canvas.tokens) for canvas in response.canvases) <= max_tokens
