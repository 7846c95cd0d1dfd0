"""The adapter between agents and the engine, on the real engine with random weights."""

import gc
from collections.abc import Iterator
from dataclasses import replace

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agentkit import (
    AssistantMessage,
    CanvasCommitted,
    CanvasDraft,
    CanvasRecord,
    ModelError,
    ModelSettings,
    SpanRenoised,
    TextPart,
    ToolCallPart,
    ToolDefinition,
    ToolMessage,
    ToolResult,
    UserError,
    UserMessage,
)
from agentkit.budget import Budget
from agentkit.models.base import ModelRequest, WrongCall
from agentkit.models.diffusion import DiffusionModel, _common_prefix
from agentkit.settings import Constraints
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


async def test_what_an_earlier_run_began_with_is_reported_as_cached(
    model: DiffusionModel, anyio_backend_name: str
) -> None:
    budget = Budget()
    for city in ("Paris", "Rome"):
        text = f"{anyio_backend_name}: weather in {city}?"  # new to the engine, which the backends share
        asked = replace(request(UserMessage(text), max_tokens=8), budget=budget)
        async with model.converse() as conversation:
            await conversation.respond(asked, nowhere)
    assert 0 < budget.usage.cached_tokens < budget.usage.prompt_tokens  # tools and instructions


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


# -- held to the schemas

TRANSFER = ToolDefinition(
    "transfer",
    "Send money.",
    {
        "type": "object",
        "properties": {
            "amount": {"type": "integer", "minimum": 1, "maximum": 500},
            "currency": {"enum": ["EUR", "USD"]},
            "to": {"type": "string", "minLength": 1, "maxLength": 6},
        },
        "required": ["amount", "currency", "to"],
        "additionalProperties": False,
    },
)


def transfer(prompt: str = "Send 20 EUR to Ada", **settings: object) -> ModelRequest:
    settings = {"seed": 3, "tool_choice": "required", "max_tokens": 64} | settings
    return ModelRequest((UserMessage(prompt),), (TRANSFER, WEATHER), ModelSettings(**settings))  # type: ignore[arg-type]


def valid(call: ToolCallPart) -> bool:
    schema = {tool.name: tool.parameters for tool in (TRANSFER, WEATHER)}[call.name]
    return Draft202012Validator(schema).is_valid(call.arguments)


@pytest.mark.parametrize("bonus", [0.0, 4.0, 30.0])
@pytest.mark.parametrize("seed", range(4))
async def test_every_required_call_is_valid_whatever_the_weights(
    model: DiffusionModel, seed: int, bonus: float
) -> None:
    held = transfer(seed=seed, constraints=Constraints(bonus=bonus, from_step=1))
    async with model.converse() as conversation:
        response = await conversation.respond(held, nowhere)
    assert response.faults == ()
    assert response.finish == "tool_calls"
    assert response.message.calls
    assert all(map(valid, response.message.calls))
    assert not response.message.text


async def test_unconstrained_weights_do_no_such_thing(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        response = await conversation.respond(transfer(constraints=False), nowhere)
    assert not all(call.arguments is not None and valid(call) for call in response.message.calls)


async def test_a_named_tool_is_the_only_one_called(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        response = await conversation.respond(transfer(tool_choice="get_weather"), nowhere)
    assert {call.name for call in response.message.calls} == {"get_weather"}


async def test_no_tool_is_called_where_none_may_be(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        response = await conversation.respond(transfer(tool_choice="none"), nowhere)
    assert response.message.calls == ()
    assert response.faults == ()


async def test_a_call_that_cannot_be_written_within_the_limit_is_refused(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        with pytest.raises(ModelError, match="the limit is 5"):
            await conversation.respond(transfer(max_tokens=5), nowhere)


async def test_inferred_values_come_from_the_conversation(model: DiffusionModel) -> None:
    inferred = Constraints(grounding="inferred", preference=1000.0)
    async with model.converse() as conversation:
        response = await conversation.respond(transfer(constraints=inferred), nowhere)
    for call in response.message.calls:
        assert call.arguments is not None
        if call.name == "transfer":
            assert call.arguments["amount"] == 20
            assert call.arguments["to"] in "Send 20 EUR to Ada"
        else:
            assert call.arguments["city"] in "Send 20 EUR to Ada"


async def test_every_argument_has_a_certainty(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        response = await conversation.respond(transfer(), nowhere)
    for call in response.message.calls:
        assert call.certainty.keys() == (call.arguments or {}).keys()
        assert all(0 <= certainty <= 1 for certainty in call.certainty.values())


async def test_an_unsure_value_is_reported(model: DiffusionModel) -> None:
    async with model.converse() as conversation:
        unsure = await conversation.respond(transfer(doubt=0.0), nowhere)
        sure = await conversation.respond(transfer(doubt=1e9), nowhere)
    call = unsure.message.calls[0]
    assert {fault.pointer for fault in unsure.doubts[0]} == {f"/{key}" for key in call.arguments or {}}
    assert sure.doubts == {}


async def test_the_most_certain_of_several_candidates_is_kept(model: DiffusionModel) -> None:
    def doubt(canvas: CanvasRecord) -> float:
        return sum(canvas.entropies) / len(canvas.tokens)

    async with model.converse() as conversation:
        one = await conversation.respond(transfer(max_tokens=16, tool_choice="none"), nowhere)
        best = await conversation.respond(transfer(max_tokens=16, tool_choice="none", candidates=6), nowhere)
        again = await conversation.respond(transfer(max_tokens=16, tool_choice="none", candidates=6), nowhere)
    assert doubt(best.canvases[0]) <= doubt(one.canvases[0])
    assert len(best.canvases) == 1
    assert best.usage.canvases == again.usage.canvases == 1


# -- repairs


async def mended(
    model: DiffusionModel, written: dict[str, object], wrong: WrongCall, **settings: object
) -> tuple[AssistantMessage, list[object], ModelRequest]:
    """What becomes of a turn that says something and then makes two calls, the first of them wrong."""
    render = model.dialect.render_call  # type: ignore[attr-defined]
    tokens = [*model.tokenizer.encode("So: "), *render("transfer", written)]
    tokens += render("get_weather", {"city": "Oslo"}, stop=True)
    parts = (
        TextPart("So:"),
        ToolCallPart("transfer", written, "a"),
        ToolCallPart("get_weather", {"city": "Oslo"}, "b"),
    )
    message = AssistantMessage(parts, model=model.name, tokens=tuple(tokens))
    seen: list[object] = []

    async def look(event: object) -> None:
        seen.append(event)

    request_ = transfer(max_tokens=200, **settings)
    async with model.converse() as conversation:
        repaired = await conversation.repair(request_, message, wrong, look)
    assert repaired is not None
    return repaired, seen, request_


async def test_what_a_second_reading_does_not_expect_is_re_noised(model: DiffusionModel) -> None:
    renoised: list[SpanRenoised] = []
    for seed in range(3):
        seen: list[object] = []

        async def look(event: object, seen: list[object] = seen) -> None:
            seen.append(event)

        asked = transfer(review=0.0, seed=seed, temperature=(0.0, 0.0), max_denoising_steps=60)
        async with model.converse() as conversation:
            response = await conversation.respond(asked, look)
        assert all(map(valid, response.message.calls))
        assert response.usage.denoising_steps == asked.budget.usage.denoising_steps
        lengths = {e.canvas.index: len(e.canvas.tokens) for e in seen if isinstance(e, CanvasCommitted)}
        for event in (event for event in seen if isinstance(event, SpanRenoised)):
            assert (event.pointer, event.reason) == (None, "the encoder expected another token there")
            assert 0 < event.span[0] < event.span[1] == lengths[event.canvas] and event.steps > 0
            renoised.append(event)
    assert renoised


@pytest.mark.parametrize("seed", range(4))
async def test_only_the_wrong_argument_is_written_again(model: DiffusionModel, seed: int) -> None:
    written = {"amount": 20, "currency": "EUR", "to": "Atlantis"}
    wrong = WrongCall(0, ("/to",), "/to: too long", {"/to": ["Atlantis"]})
    repaired, seen, request_ = await mended(model, written, wrong, seed=seed)
    call, other = repaired.calls
    assert call.arguments is not None
    assert (call.id, call.arguments["amount"], call.arguments["currency"]) == ("a", 20, "EUR")
    assert valid(call)
    assert call.arguments["to"] != "Atlantis"
    assert (repaired.text, other) == ("So:", ToolCallPart("get_weather", {"city": "Oslo"}, "b"))
    assert model.dialect.parse(repaired.tokens or ()).faults == ()
    (renoised,) = [event for event in seen if isinstance(event, SpanRenoised)]
    assert (renoised.pointer, renoised.reason) == ("/to", "/to: too long")
    assert renoised.steps == request_.budget.usage.denoising_steps > 0
    assert request_.budget.usage.repairs == 1


async def test_a_banned_value_is_not_written_again(model: DiffusionModel) -> None:
    written = {"amount": 20, "currency": "EUR", "to": "Ada"}
    wrong = WrongCall(0, ("/currency",), "closed", {"/currency": ["EUR"]})
    repaired, _, _ = await mended(model, written, wrong)
    assert repaired.calls[0].arguments == {"amount": 20, "currency": "USD", "to": "Ada"}


async def test_a_whole_call_can_be_written_again(model: DiffusionModel) -> None:
    wrong = WrongCall(0, ("",), "unreadable")
    repaired, _, _ = await mended(model, {"amount": "many"}, wrong)
    assert valid(repaired.calls[0])
    assert repaired.calls[1].arguments == {"city": "Oslo"}


async def test_a_repaired_turn_is_what_the_next_turn_reads(model: DiffusionModel) -> None:
    written = {"amount": 20, "currency": "EUR", "to": "Atlantis"}
    repaired, _, request_ = await mended(model, written, WrongCall(0, ("/to",), "no", {"/to": ["Atlantis"]}))
    told = ToolMessage(tuple(ToolResult(call.id, call.name, "done") for call in repaired.calls))
    history = (*request_.messages, repaired, told)
    rendered = model.dialect.render(history, request_.tools, model=model.name)
    assert model.tokenizer.decode(rendered).count("Atlantis") == 0
    async with model.converse() as conversation:
        await conversation.respond(request(*history), nowhere)


NOTE = ToolDefinition(
    "note",
    "Write a note.",
    {
        "type": "object",
        "properties": {"body": {"type": "string"}, "urgent": {"enum": ["no", "yes, as soon as it can be done at all"]}},
        "required": ["body", "urgent"],
    },
)


async def renewed(model: DiffusionModel, body: str, **settings: object) -> AssistantMessage | None:
    """What becomes of a note that is not to be urgent, whose body was spelt letter by letter."""
    arguments = {"body": body, "urgent": "no"}
    tokens, whole = model.dialect.render_call("note", arguments, stop=True), model.tokenizer.encode(body)  # type: ignore[attr-defined]
    at = next(index for index in range(len(tokens)) if tokens[index : index + len(whole)] == whole)
    spelt = [token for letter in body for token in model.tokenizer.encode(letter)]
    tokens[at : at + len(whole)] = spelt
    assert len(spelt) > len(whole)
    message = AssistantMessage((ToolCallPart("note", arguments, "a"),), model=model.name, tokens=tuple(tokens))
    asked = ModelRequest((UserMessage("Go."),), (NOTE,), ModelSettings(seed=3, **settings))  # type: ignore[arg-type]
    async with model.converse() as conversation:
        return await conversation.repair(asked, message, WrongCall(0, ("/urgent",), "no", {"/urgent": ["no"]}), nowhere)


@pytest.mark.parametrize("body", ["tomatoes", "tomatoes and bananas and potatoes"])
async def test_what_is_kept_may_have_been_written_in_any_tokens(model: DiffusionModel, body: str) -> None:
    repaired = await renewed(model, body, max_tokens=300)
    assert repaired is not None
    assert repaired.calls[0].arguments == {"body": body, "urgent": "yes, as soon as it can be done at all"}


async def test_a_call_that_would_become_too_long_is_not_repaired(model: DiffusionModel) -> None:
    assert await renewed(model, "tomatoes", max_tokens=24) is None


async def test_another_models_turn_is_not_repaired(model: DiffusionModel) -> None:
    call = ToolCallPart("transfer", {"amount": 0}, "a")
    async with model.converse() as conversation:
        message = AssistantMessage((call,), model="other", tokens=(1, 2, 3))
        assert await conversation.repair(transfer(), message, WrongCall(0, ("/amount",), "no"), nowhere) is None


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


async def test_whoever_fails_while_looking_leaves_no_generator_behind(model: DiffusionModel) -> None:
    async def look(event: object) -> None:
        raise RuntimeError("enough")

    watched = replace(request(UserMessage("Hello"), max_tokens=16), drafts=True)
    async with model.converse() as conversation:
        with pytest.raises(RuntimeError, match="enough"):
            await conversation.respond(watched, look)
        gc.collect()  # under trio, one that is found here is a warning, and with that an error
        assert (await conversation.respond(request(UserMessage("Hello"), max_tokens=16), nowhere)).canvases


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


@pytest.mark.parametrize("room", [-1000, 15])
async def test_a_conversation_that_is_too_long_says_what_to_do(
    model: DiffusionModel, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can't be read, or it leaves no room for the canvas."""
    asked = request(UserMessage("much " * 2000))
    count = len(model.dialect.render(asked.messages, [WEATHER]))
    monkeypatch.setattr(model.engine, "max_tokens", count + room)
    told = f"has {count} tokens, and the model reads {count + room}, .*message_history.* compaction=Summarise"
    async with model.converse() as conversation:
        with pytest.raises(ModelError, match=told):
            await conversation.respond(asked, nowhere)


async def test_a_turn_that_outgrows_the_context_says_what_to_do(
    model: DiffusionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = {"type": "string", "minLength": 300}
    note = ToolDefinition("note", "", {"type": "object", "properties": {"text": text}, "required": ["text"]})
    asked = replace(request(UserMessage("Note it."), tool_choice="note"), tools=(note,))
    count = len(model.dialect.render(asked.messages, [note]))
    monkeypatch.setattr(model.engine, "max_tokens", count + 20)  # for one canvas
    async with model.converse() as conversation:
        with pytest.raises(ModelError, match=f"has {count + 16} tokens, and the model reads {count + 20}"):
            await conversation.respond(asked, nowhere)


async def test_what_the_engine_refuses_is_a_model_error() -> None:
    model = toy_model()
    assert isinstance(model, DiffusionModel)
    model.engine.close_sync()
    async with model.converse() as conversation:
        with pytest.raises(ModelError, match="closed"):
            await conversation.respond(request(UserMessage("Hello")), nowhere)


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
