import anyio
import pytest

from agentkit import (
    Agent,
    CanvasCommitted,
    CanvasStarted,
    ModelError,
    RunFinished,
    TextCommitted,
    ThoughtCommitted,
    ThoughtPart,
    ToolCallFinished,
    ToolCallStarted,
    UsageLimits,
    UserError,
    tool,
)
from agentkit.testing import FunctionModel, ScriptedModel, call

pytestmark = pytest.mark.anyio


@tool
async def now() -> str:
    return "noon"


async def test_events_come_in_order_and_the_result_last():
    model = ScriptedModel([[ThoughtPart("The clock."), call("now")], "It is noon."])
    async with Agent(model, tools=[now]).run_stream_events("What time is it?") as events:
        seen = [event async for event in events]
    assert [type(event) for event in seen] == [
        CanvasStarted,
        CanvasCommitted,
        ThoughtCommitted,
        ToolCallStarted,
        ToolCallFinished,
        CanvasStarted,
        CanvasCommitted,
        TextCommitted,
        RunFinished,
    ]
    finished, result = seen[4], seen[-1].result
    assert (finished.call.name, finished.result.content, finished.error) == ("now", "noon", None)
    assert result.output == "It is noon."
    assert result.tool_calls == (finished,)


async def test_a_refused_call_never_starts():
    async with Agent(ScriptedModel([call("later"), "Hm."]), tools=[now]).run_stream_events("?") as events:
        seen = [event async for event in events]
    assert ToolCallStarted not in map(type, seen)
    assert next(event for event in seen if isinstance(event, ToolCallFinished)).result.is_error


async def test_drafts_are_wanted_only_where_somebody_looks():
    model = ScriptedModel(["a", "b"])
    agent = Agent(model)
    await agent.run("?")
    async with agent.run_stream_events("?") as events:
        async for _ in events:
            pass
    assert [request.drafts for request in model.requests] == [False, True]


async def test_what_the_run_raises_the_iteration_raises():
    agent = Agent(ScriptedModel([ModelError("out of ink")]))
    with pytest.raises(ModelError, match="out of ink"):
        async with agent.run_stream_events("?") as events:
            async for _ in events:
                pass


async def test_without_its_block_it_says_how_to_write_it():
    with pytest.raises(UserError, match=r"async with agent\.run_stream_events"):
        async for _ in Agent(ScriptedModel([])).run_stream_events("?"):
            pass


async def test_leaving_early_ends_the_run():
    cancelled = anyio.Event()

    @tool
    async def forever() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    async with Agent(ScriptedModel([call("forever")]), tools=[forever]).run_stream_events("?") as events:
        async for event in events:
            if isinstance(event, ToolCallStarted):
                break
    assert cancelled.is_set()


async def test_an_error_in_the_block_comes_out_as_itself():
    with pytest.raises(ZeroDivisionError):
        async with Agent(FunctionModel(lambda request: anyio.sleep_forever())).run_stream_events("?"):
            raise ZeroDivisionError


async def test_a_slow_reader_holds_the_run_back():
    model = FunctionModel(lambda request: call("now"))
    limits = UsageLimits(identical_calls=None)
    async with Agent(model, tools=[now], retries=0).run_stream_events("?", usage_limits=limits) as events:
        await anyio.wait_all_tasks_blocked()
        turns = len(model.requests)
        assert 0 < turns < 25
        seen = [event async for event in events]
    assert isinstance(seen[-1], RunFinished)
    assert seen[-1].result.stop_detail == "turns"


async def test_two_streams_at_once():
    agent = Agent(FunctionModel(lambda request: request.messages[-1].text.upper()))
    async with agent.run_stream_events("a") as first, agent.run_stream_events("b") as second:
        texts = [[e.text async for e in stream if isinstance(e, TextCommitted)] for stream in (second, first)]
    assert texts == [["B"], ["A"]]
