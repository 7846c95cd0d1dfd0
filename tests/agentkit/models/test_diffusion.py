"""The adapter between agents and the engine, on the real engine with random weights."""

from collections.abc import Iterator

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import (
    AssistantMessage,
    CanvasCommitted,
    CanvasDraft,
    ModelError,
    ModelSettings,
    ToolDefinition,
    ToolMessage,
    ToolResult,
    UserError,
    UserMessage,
)
from agentkit.models.base import ModelRequest
from agentkit.models.diffusion import DiffusionModel, _common_prefix
from agentkit.testing import toy_model

pytestmark = pytest.mark.anyio

WEATHER = ToolDefinition(
    "get_weather",
    "Get the weather.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


@pytest.fixture(scope="module")
def model() -> Iterator[DiffusionModel]:
    toy = toy_model(seed=0)
    assert isinstance(toy, DiffusionModel)
    yield toy
    toy.engine.close_sync()


def request(*messages: object, **settings: object) -> ModelRequest:
    return ModelRequest(tuple(messages), (WEATHER,), ModelSettings(seed=3, **settings))  # type: ignore[arg-type]


async def nowhere(event: object) -> None:
    pass


async def test_a_later_turn_reads_only_what_is_new(model: DiffusionModel) -> None:
    prompt = UserMessage("Weather in Paris?")
    async with model.converse() as conversation:
        first = await conversation.respond(request(prompt, tool_choice="get_weather"), nowhere)
        called = first.message.calls[0]
        told = ToolMessage((ToolResult(called.id, called.name, "sunny"),))
        second = await conversation.respond(request(prompt, first.message, told), nowhere)
    whole = model.dialect.render([prompt, first.message, told], [WEATHER], model=model.name)
    assert first.usage.prompt_tokens == len(model.dialect.render([prompt], [WEATHER]))
    assert second.usage.prompt_tokens == len(whole) - first.usage.prompt_tokens - first.usage.output_tokens


async def test_a_reused_cache_gives_what_a_fresh_one_gives(model: DiffusionModel) -> None:
    prompt, later = UserMessage("Hello"), UserMessage("And now?")
    async with model.converse() as conversation:
        first = await conversation.respond(request(prompt, max_tokens=16), nowhere)
        reused = await conversation.respond(request(prompt, first.message, later), nowhere)
    async with model.converse() as conversation:
        await conversation.respond(request(UserMessage("Something else"), max_tokens=16), nowhere)
        fresh = await conversation.respond(request(prompt, first.message, later), nowhere)
    assert reused.message.tokens == fresh.message.tokens  # both are the second canvas on, so the seeds are the same


@pytest.mark.parametrize("choice", ["required", "get_weather"])
async def test_a_tool_that_has_to_be_called_is_held_on_the_canvas(model: DiffusionModel, choice: str) -> None:
    async with model.converse() as conversation:
        response = await conversation.respond(request(UserMessage("Hello"), tool_choice=choice), nowhere)
    opening = model.dialect.render_call_opening(None if choice == "required" else choice)
    assert response.message.tokens is not None
    assert list(response.message.tokens[: len(opening)]) == opening
    assert response.message.calls


async def test_drafts_are_made_when_somebody_looks(model: DiffusionModel) -> None:
    seen: list[object] = []

    async def look(event: object) -> None:
        seen.append(event)

    async with model.converse() as conversation:
        watched = request(UserMessage("Hello"), max_tokens=16)
        response = await conversation.respond(
            ModelRequest(watched.messages, watched.tools, watched.settings, drafts=True), look
        )
    drafts = [event for event in seen if isinstance(event, CanvasDraft)]
    assert [draft.step for draft in drafts] == list(range(1, response.canvases[0].steps + 1))
    assert all(len(d.texts) == len(d.entropies) == model.engine.canvas_length for d in drafts)
    assert [event.canvas for event in seen if isinstance(event, CanvasCommitted)] == list(response.canvases)


async def test_max_tokens_cuts_the_last_canvas(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        response = await conversation.respond(request(UserMessage("Write."), max_tokens=21), nowhere)
    assert response.usage.output_tokens <= 21
    assert sum(len(canvas.tokens) for canvas in response.canvases) == response.usage.output_tokens
    if response.finish == "length":
        assert response.usage.output_tokens == 21


async def test_a_cancelled_turn_leaves_conversation_and_engine_usable(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        with anyio.move_on_after(0.001):
            await conversation.respond(request(UserMessage("Hello"), max_tokens=600), nowhere)
        response = await conversation.respond(request(UserMessage("Hello")), nowhere)
    assert response.canvases


async def test_what_the_engine_refuses_is_a_model_error(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        with pytest.raises(ModelError, match="positions"):
            await conversation.respond(request(UserMessage("much " * 20_000)), nowhere)


async def test_replayed_tokens_are_those_of_the_same_model(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        response = await conversation.respond(request(UserMessage("Hello")), nowhere)
    message = response.message
    assert message.model == model.name
    other = AssistantMessage(message.parts, model="other", tokens=message.tokens)
    history = [UserMessage("Hello"), other, UserMessage("More")]
    assert model.dialect.render(history, model=model.name) == model.dialect.render(history, model=None)


def test_an_unknown_dialect_is_named(model: DiffusionModel) -> None:
    with pytest.raises(UserError, match="'latin'"):
        DiffusionModel(model.engine, model.tokenizer, dialect="latin")


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_common_prefix(left: list[int], right: list[int]) -> None:
    length = _common_prefix(left, right)
    assert left[:length] == right[:length]
    assert length == min(len(left), len(right)) or left[length] != right[length]
