"""Models on tape: what was recorded on the real engine is played without it."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from agentkit import (
    Agent,
    AssistantMessage,
    CanvasCommitted,
    CanvasDraft,
    ModelSettings,
    SpanRenoised,
    ToolCallPart,
    ToolMessage,
    ToolResult,
    UsageLimits,
    UserError,
    UserMessage,
)
from agentkit.models.base import ModelRequest
from agentkit.testing import CassetteError, CassetteModel, FaultyModel, RecordingModel, ScriptedModel, toy_model

pytestmark = pytest.mark.anyio

SETTINGS = ModelSettings(seed=0, tool_choice="book", max_tokens=96)


def book(city: str, guests: int = 1) -> str:
    """Book a room."""
    return f"{guests} in {city}"


def agent(model, **options) -> Agent:
    return Agent(model, tools=[book], model_settings=SETTINGS, usage_limits=UsageLimits(turns=2), **options)


def outline(result):
    return result.all_messages(), result.stop_reason, result.stop_detail, result.canvases


async def recorded(path: Path, *prompts: str):
    model = RecordingModel(toy_model())
    results = [await agent(model).run(prompt) for prompt in prompts]
    model.save(path)
    return results


async def test_a_played_run_is_the_recorded_one(tmp_path: Path):
    results = await recorded(tmp_path / "a.json", "one", "two")
    model = CassetteModel(tmp_path / "a.json")
    assert model.name == "toy-0"
    played = await agent(model).run_batch(["two", "one"])  # in any order, side by side
    assert [outline(result) for result in played] == [outline(result) for result in reversed(results)]
    for one, other in zip(played, reversed(results), strict=True):
        assert one.usage.denoising_steps == other.usage.denoising_steps > 0
        assert one.usage.prompt_tokens == other.usage.prompt_tokens > 0
        assert one.usage.output_tokens == other.usage.output_tokens
    model.assert_complete()


async def test_a_conversation_with_numbers_that_json_lacks_is_played(tmp_path: Path):
    wrote = AssistantMessage((ToolCallPart("book", {"city": "Ulm", "guests": math.nan}, "call_1"),))
    history = (UserMessage("Ulm"), wrote, ToolMessage((ToolResult("call_1", "book", "no"),)))
    recording = RecordingModel(toy_model())
    result = await agent(recording).run("one", message_history=history)
    recording.save(tmp_path / "a.json")
    played = await agent(CassetteModel(tmp_path / "a.json")).run("one", message_history=history)
    assert played.output == result.output and played.canvases == result.canvases
    with pytest.raises(CassetteError, match=r"message 3 was .*one.* and is .*two"):
        await agent(CassetteModel(tmp_path / "a.json")).run("two", message_history=history)


async def test_the_drafts_of_every_step_are_on_the_tape_though_nobody_looked(tmp_path: Path):
    await recorded(tmp_path / "a.json", "one")

    async def drafts_of(model):
        async with agent(model).run_stream_events("one") as events:
            return [event async for event in events if isinstance(event, CanvasDraft)]

    real, played = await drafts_of(toy_model()), await drafts_of(CassetteModel(tmp_path / "a.json"))
    assert len(real) > 4
    for one, other in zip(real, played, strict=True):
        assert (one.canvas, one.step, one.tokens, one.texts) == (other.canvas, other.step, other.tokens, other.texts)
        assert one.accepted == other.accepted
        assert one.entropies == pytest.approx(other.entropies, abs=1e-4)


async def test_another_prompt_is_an_error_that_says_what_is_different(tmp_path: Path):
    await recorded(tmp_path / "a.json", "Book in Oslo")

    async def complaint(make, prompt="Book in Oslo"):
        with pytest.raises(CassetteError) as raised:
            await make(CassetteModel(tmp_path / "a.json")).run(prompt)
        return str(raised.value)

    said = await complaint(agent, "Book in Rome")
    assert "message 0 was" in said and "Oslo" in said and "Rome" in said and "record it again" in said
    assert "message 0 was" in await complaint(lambda model: agent(model, instructions="Be brief."))
    assert "tool 0 was" in await complaint(lambda model: Agent(model, tools=[], model_settings=ModelSettings(seed=0)))
    quiet = SETTINGS.merge(ModelSettings(tool_choice="auto"))
    assert "setting" in await complaint(lambda model: Agent(model, tools=[book], model_settings=quiet))


async def test_a_take_is_played_once(tmp_path: Path):
    await recorded(tmp_path / "a.json", "one")
    model = CassetteModel(tmp_path / "a.json")
    with pytest.raises(AssertionError, match=r"takes of .* were not played"):
        model.assert_complete()
    await agent(model).run("one")
    with pytest.raises(CassetteError, match=r"one more turn was asked for|asked something else"):
        await agent(model).run("one")


async def test_repairs_are_on_the_tape(tmp_path: Path):
    settings = SETTINGS.merge(ModelSettings(doubt=0.0, repairs=1))  # the model doubts everything

    async def events_of(model):
        runner = Agent(model, tools=[book], model_settings=settings, usage_limits=UsageLimits(turns=1))
        async with runner.run_stream_events("Book") as events:
            seen = [event async for event in events]
        return [event for event in seen if isinstance(event, SpanRenoised)], seen[-1].result

    recording = RecordingModel(toy_model())
    spans, result = await events_of(recording)
    recording.save(tmp_path / "a.json")
    assert spans and result.usage.repairs == 1
    played_spans, played = await events_of(CassetteModel(tmp_path / "a.json"))
    assert played_spans == spans
    assert played.usage.repairs == 1
    assert [finished.call for finished in played.tool_calls] == [finished.call for finished in result.tool_calls]


async def test_limits_hold_while_a_tape_is_played(tmp_path: Path):
    await recorded(tmp_path / "a.json", "one")
    result = await agent(CassetteModel(tmp_path / "a.json")).run("one", usage_limits=UsageLimits(canvases=1))
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "canvases")


async def test_a_turn_that_was_half_written_goes_on_after_what_is_there(tmp_path: Path):
    (result,) = await recorded(tmp_path / "a.json", "one")
    first_turn = result.all_messages()[:2]
    request = ModelRequest(
        first_turn[:1], tuple(tool.definition for tool in agent(ScriptedModel([])).tools.values()), SETTINGS
    )
    whole = [canvas for canvas in result.canvases if canvas.index < 3][: len(first_turn[1].tokens or ()) // 16 + 1]

    async def play(written):
        events = []

        async def emit(event):
            events.append(event)

        async with CassetteModel(tmp_path / "a.json").converse() as conversation:
            response = await conversation.respond(replace(request, written=tuple(written)), emit)
        return response, [event.canvas for event in events if isinstance(event, CanvasCommitted)]

    response, committed = await play([])
    assert response.message == first_turn[1] and len(committed) > 1
    again, rest = await play(committed[:1])
    assert again.message == response.message and again.canvases == response.canvases
    assert rest == committed[1:] and whole[0] == committed[0]


async def test_what_prompts_cost_is_on_the_tape(tmp_path: Path):
    filled = []

    def policy(history):
        filled.append((history.tokens, history.context))
        return history.messages

    recording = RecordingModel(toy_model())
    reports = [str(agent(model).prompt_report("one")) for model in (toy_model(), recording, FaultyModel(recording))]
    await agent(recording, compaction=policy).run("one")
    recording.save(tmp_path / "a.json")
    model = CassetteModel(tmp_path / "a.json")
    assert {str(agent(model).prompt_report("one"))} == set(reports)
    recorded_at, filled[:] = list(filled), []
    await agent(model, compaction=policy).run("one")
    assert filled == recorded_at and all(tokens and context for tokens, context in filled)
    with pytest.raises(UserError, match="doesn't tell what its prompts cost"):
        agent(model).prompt_report("two")


async def test_another_fault_is_another_repair(tmp_path: Path):
    settings = SETTINGS.merge(ModelSettings(doubt=0.0, repairs=1))

    def runner(model, **options):
        return Agent(model, tools=[book], model_settings=settings, usage_limits=UsageLimits(turns=1), **options)

    recording = RecordingModel(toy_model())
    mended = await runner(recording).run("Book")
    recording.save(tmp_path / "a.json")
    tape = json.loads((tmp_path / "a.json").read_text())
    repair = next(take for take in tape["takes"] if take["kind"] == "repair")
    at_fault = repair["wrong"]["pointers"]
    repair["wrong"]["pointers"] = ["/nothing"]
    (tmp_path / "a.json").write_text(json.dumps(tape))
    with pytest.raises(CassetteError, match=r"the fault was .*/nothing"):
        await runner(CassetteModel(tmp_path / "a.json")).run("Book")

    repair["wrong"]["pointers"], repair["tokens"], repair["usage"]["repairs"] = at_fault, None, 0  # it could not
    (tmp_path / "a.json").write_text(json.dumps(tape))
    unmended = await runner(CassetteModel(tmp_path / "a.json")).run("Book")
    assert unmended.usage.repairs == 0
    assert unmended.tool_calls[0].call.arguments != mended.tool_calls[0].call.arguments


@pytest.mark.parametrize("content", [None, "", "[]", '{"format": 2}', "not json"])
async def test_a_file_that_is_no_cassette(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    with pytest.raises(CassetteError, match="cassette"):
        CassetteModel(tmp_path / "a.json")


async def test_a_cassette_of_another_format_or_dialect_says_so(tmp_path: Path):
    await recorded(tmp_path / "a.json", "one")
    tape = json.loads((tmp_path / "a.json").read_text())
    (tmp_path / "b.json").write_text(json.dumps({**tape, "format": 99}))
    with pytest.raises(CassetteError, match="format 99"):
        CassetteModel(tmp_path / "b.json")
    (tmp_path / "b.json").write_text(json.dumps({**tape, "dialect": "esperanto"}))
    with pytest.raises(CassetteError, match="esperanto"):
        CassetteModel(tmp_path / "b.json")


async def test_only_models_that_write_on_canvases_can_be_recorded():
    with pytest.raises(UserError, match="can't be recorded"):
        RecordingModel(ScriptedModel([]))


def test_playing_needs_no_engine(tmp_path: Path):
    (result,) = anyio.run(recorded, tmp_path / "a.json", "one")
    program = """
import sys
for heavy in ("torch", "transformers", "tokenizers", "numpy", "agentkit_model"):
    sys.modules[heavy] = None  # importing it is an error
from agentkit import Agent, ModelSettings, UsageLimits
from agentkit.testing import CassetteModel
def book(city: str, guests: int = 1) -> str:
    "Book a room."
    return f"{guests} in {city}"
settings = ModelSettings(seed=0, tool_choice="book", max_tokens=96)
agent = Agent(CassetteModel("a.json"), tools=[book], model_settings=settings, usage_limits=UsageLimits(turns=2))
print(agent.run_sync("one").usage.denoising_steps)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=240
    )
    assert done.stdout == f"{result.usage.denoising_steps}\n", done.stderr
