"""Faults on purpose: which, where and when."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import Agent, CancellationToken, ModelSettings, RunCancelled, UsageLimits, UserError, tool
from agentkit.testing import FaultyModel, ScriptedModel, call, toy_model
from agentkit.testing.faulty import _changed, _pointers

pytestmark = pytest.mark.anyio


@tool
def book(city: str, guests: int = 1, address: dict[str, str] | None = None) -> str:
    return "booked"


async def first_call(model, **options):
    result = await Agent(model, tools=[book], **options).run("?")
    return result.tool_calls[0]


async def test_only_the_chosen_spans_are_corrupted():
    script = [call("book", city="Oslo", guests=2, address={"street": "Storgata", "zip": "0155"}), "done"]
    for pointer in ("/city", "/guests", "/address/zip"):
        for seed in range(4):
            model = FaultyModel(ScriptedModel(script), corrupt=1, spans=[pointer], seed=seed)
            wrong = await first_call(model, retries=2)
            assert pointer in str(wrong.error) and model.faults == ["corrupt"]
    untouched = FaultyModel(ScriptedModel(script), corrupt=1, spans=["/nothing"])
    assert (await first_call(untouched)).result.content == "booked" and untouched.faults == []


LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text("a/~0", max_size=3)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a/~1", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("a/~1", max_size=2), VALUES, min_size=1, max_size=3), st.data())
def test_corrupting_changes_the_value_at_its_pointer_and_nothing_else(arguments, data):
    pointer = data.draw(st.sampled_from(_pointers(arguments)))
    changed = _changed(arguments, pointer.split("/")[1:])
    assert type(at(changed, pointer)) is not type(at(arguments, pointer))
    for other in _pointers(arguments):
        if not (f"{other}/".startswith(f"{pointer}/") or f"{pointer}/".startswith(f"{other}/")):
            assert at(changed, other) == at(arguments, other)


def at(value, pointer):
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


async def test_only_the_chosen_turns_are_spoiled():
    script = [call("book", city="Oslo"), call("book", city="Rome"), "done"]
    model = FaultyModel(ScriptedModel(script), rename=1, turns=[1])
    result = await Agent(model, tools=[book], retries=2).run("?")
    assert [finished.call.name for finished in result.tool_calls] == ["book", "book_x"]


async def test_a_repair_of_the_wrapped_model_mends_what_was_corrupted():
    inner = ScriptedModel([call("book", city="Oslo"), "done"], repairs=[{"city": "Oslo"}])
    model = FaultyModel(inner, corrupt=1, turns=[0])
    mended = await first_call(model)
    assert mended.result.content == "booked" and inner.wrong[0].pointers == ("/city",)


async def test_a_model_that_stalls_meets_the_runs_limits_and_can_be_cancelled():
    agent = Agent(FaultyModel(ScriptedModel(["never", "said"]), stall=1))
    result = await agent.run("?", usage_limits=UsageLimits(seconds=0.05))
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "seconds")
    token = CancellationToken()
    async with anyio.create_task_group() as group:
        group.start_soon(cancel_soon, token)
        with pytest.raises(RunCancelled):
            await agent.run("?", cancellation_token=token)
    late = FaultyModel(ScriptedModel(["late"]), stall=1, stall_seconds=0.01)
    assert (await Agent(late).run("?")).output == "late" and late.faults == ["stall"]


async def cancel_soon(token):
    await anyio.sleep(0.02)
    token.cancel()


async def test_it_raises_what_it_is_told_to():
    with pytest.raises(ConnectionError, match="gone"):
        await Agent(FaultyModel(ScriptedModel(["a"]), fail=1, error=ConnectionError("gone"))).run("?")


async def test_noise_needs_a_model_that_writes_tokens():
    with pytest.raises(UserError, match="writes no tokens"):
        FaultyModel(ScriptedModel([]), noise=1)


async def test_noise_on_a_canvas_changes_the_tokens_of_the_chosen_value_and_no_others():
    settings = ModelSettings(seed=0, tool_choice="book", repairs=0, max_tokens=96)
    clean = await first_call(toy_model(), model_settings=settings)
    for seed in range(3):
        model = FaultyModel(toy_model(), noise=1, spans=["/city"], turns=[0], seed=seed)
        noised = await first_call(model, model_settings=settings, retries=0)
        assert model.faults == ["noise"] and noised.call.name == "book"
        assert noised.call.raw != clean.call.raw
        assert noised.call.raw.split("city:")[0] == clean.call.raw.split("city:")[0]
