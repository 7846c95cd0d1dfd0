"""An agent as a tool of another one."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import anyio
import anyio.to_thread
import pytest

from agentkit import (
    Agent,
    Budget,
    CancellationToken,
    DelegatedEvent,
    ModelError,
    ModelSettings,
    RunCancelled,
    RunContext,
    ToolMessage,
    UsageLimits,
    UserError,
)
from agentkit.testing import FunctionModel, ScriptedModel, call

pytestmark = pytest.mark.anyio


@dataclass
class City:
    name: str


def told(result) -> list:
    messages = [message for message in result.new_messages() if isinstance(message, ToolMessage)]
    return [(answer.content, answer.is_error) for message in messages for answer in message.results]


async def test_an_agent_asks_another_one():
    expert = Agent(ScriptedModel([call("final_result", name="Oslo")]), output_type=City, name="city expert")
    tool = expert.as_tool(description="Knows cities.")
    assert (tool.name, tool.description) == ("city_expert", "Knows cities.")
    assert list(tool.parameters["properties"]) == ["prompt"]

    asking = Agent(ScriptedModel([call("city_expert", prompt="Norway's capital?"), "It is Oslo."]), tools=[tool])
    result = await asking.run("What is the capital of Norway?")
    assert result.output == "It is Oslo."
    assert told(result) == [({"name": "Oslo"}, False)]
    assert expert.model.requests[0].messages[-1].text == "Norway's capital?"


async def test_a_name_and_a_description_come_from_the_agent():
    named = Agent(ScriptedModel([]), name="2nd opinion", instructions="Be strict.").as_tool()
    assert (named.name, named.description) == ("_2nd_opinion", "Be strict.")
    other = Agent(ScriptedModel([]), name="a").as_tool(name="b", timeout=3)
    assert (other.name, other.description, other.options.timeout) == ("b", "Ask b.", 3)
    with pytest.raises(UserError, match="needs a name"):
        Agent(ScriptedModel([])).as_tool()
    support = Agent(ScriptedModel([]), name="客服")
    with pytest.raises(UserError, match=r"'客服'.*name="):
        support.as_tool()
    assert support.as_tool(name="support").name == "support"


async def test_they_share_deps_and_the_budget():
    seen = []

    def look(context: RunContext[str]) -> int:
        seen.append(context.deps)
        return 1

    inner = Agent(ScriptedModel([call("look"), "1"] * 2), tools=[look], name="inner", deps_type=str)
    outer = Agent(ScriptedModel([call("inner", prompt="?"), "done"] * 2), tools=[inner.as_tool()], deps_type=str)
    result = await outer.run("?", deps="mine")
    assert seen == ["mine"]
    assert (result.usage.turns, result.usage.tool_calls) == (4, 2)
    shared = Budget()
    await outer.run("?", deps="mine", budget=shared)
    assert shared.usage.turns == 4


async def test_the_asking_agents_limits_hold_for_both():
    def look() -> int:
        return 1

    inner = Agent(FunctionModel(lambda request: call("look")), tools=[look], name="inner")
    outer = Agent(ScriptedModel([call("inner", prompt="?"), "Alas."] * 2), tools=[inner.as_tool()])
    result = await outer.run("?", usage_limits=UsageLimits(tool_calls=4))
    assert (result.output, result.usage.tool_calls) == ("Alas.", 4)
    assert told(result) == [("inner stopped (usage_limit): tool_calls", True)]
    result = await outer.run("?", usage_limits=UsageLimits(turns=4))
    assert (result.stop_reason, result.stop_detail, result.usage.turns) == ("usage_limit", "turns", 4)


@pytest.mark.parametrize(
    ("script", "limits", "words"),
    [
        (["The first half"], UsageLimits(turns=0), "inner stopped (usage_limit): turns"),
        ([""], None, "inner stopped (empty_answer): "),
        ([ModelError("no weights")], None, "The tool failed: ModelError: no weights"),
    ],
)
async def test_what_stops_the_other_is_a_failed_call(script, limits, words):
    inner = Agent(ScriptedModel(script), name="inner", usage_limits=limits)
    outer = Agent(ScriptedModel([call("inner", prompt="?"), "Alas."]), tools=[inner.as_tool()])
    result = await outer.run("?")
    ((content, is_error),) = told(result)
    assert is_error
    assert content.startswith(words)
    assert result.output == "Alas."


async def test_text_that_was_reached_is_told():
    def look() -> int:
        return 1

    inner = Agent(
        ScriptedModel([["I looked.", call("look")]]), tools=[look], name="inner", usage_limits=UsageLimits(turns=1)
    )
    outer = Agent(ScriptedModel([call("inner", prompt="?"), "Alas."]), tools=[inner.as_tool()])
    ((content, _),) = told(await outer.run("?"))
    assert content == "inner stopped (usage_limit): turns Until then it wrote: I looked."


async def test_cancelling_the_one_cancels_the_other():
    token = CancellationToken()
    began = []

    async def wait() -> None:
        began.append("wait")
        token.cancel()
        await anyio.sleep(60)

    def after() -> None:
        began.append("after")

    inner = Agent(ScriptedModel([call("wait"), call("after"), "done"]), tools=[wait, after], name="inner")
    outer = Agent(ScriptedModel([call("inner", prompt="?"), "done"]), tools=[inner.as_tool()])
    with pytest.raises(RunCancelled):
        await outer.run("?", cancellation_token=token)
    assert began == ["wait"]


@pytest.mark.parametrize("limits", [None, UsageLimits(seconds=0.2)])
async def test_a_thread_that_is_left_behind_in_the_other_is_reported(limits):
    token, begun, release = CancellationToken(), threading.Event(), threading.Event()

    def wire() -> None:
        begun.set()
        if limits is None:
            token.cancel()
        release.wait(60)

    inner = Agent(ScriptedModel([call("wire")]), tools=[wire], name="inner")
    outer = Agent(ScriptedModel([call("inner", prompt="?")]), tools=[inner.as_tool()])
    try:
        if limits is None:
            with pytest.raises(RunCancelled) as caught:
                await outer.run("?", cancellation_token=token)
            assert caught.value.still_running == ("wire",)
            result = caught.value.result
        else:
            result = await outer.run("?", usage_limits=limits)
    finally:
        release.set()
    assert begun.is_set()
    ((content, _),) = told(result)
    assert "It is not known whether it was carried out" in content


async def test_the_other_may_cancel_itself_alone():
    def give_up(context: RunContext) -> None:
        context.cancel()

    inner = Agent(ScriptedModel([call("give_up")]), tools=[give_up], name="inner")
    outer = Agent(ScriptedModel([call("inner", prompt="?"), "Alas."]), tools=[inner.as_tool()])
    result = await outer.run("?")
    assert (told(result), result.output) == ([("inner was cancelled.", True)], "Alas.")


async def test_what_happens_in_the_other_is_in_the_stream():
    def look() -> int:
        return 1

    third = Agent(ScriptedModel(["3"]), name="third")
    inner = Agent(
        ScriptedModel([[call("look"), call("third", prompt="?")], "1"]), tools=[look, third.as_tool()], name="2"
    )
    outer = Agent(ScriptedModel([call("second", prompt="?"), "done"]), tools=[inner.as_tool(name="second")])
    async with outer.run_stream_events("?") as stream:
        events = [event async for event in stream]

    def path(event) -> list[str]:
        is_inner = isinstance(event, DelegatedEvent)
        return [f"{event.agent}({event.call_id})", *path(event.event)] if is_inner else [type(event).__name__]

    paths = [path(event) for event in events]
    assert [len(names) for names in paths].count(3) > 0
    assert ["ToolCallStarted"] in paths and ["2(call_1)", "ToolCallStarted"] in paths
    assert ["2(call_1)", "third(call_2)", "TextCommitted"] in paths
    assert (
        paths.index(["ToolCallStarted"])
        < paths.index(["2(call_1)", "TextCommitted"])
        < paths.index(["ToolCallFinished"])
    )
    assert paths[-1] == ["RunFinished"]
    assert sum(names[-1] == "RunFinished" for names in paths) == 1


@pytest.mark.parametrize("watched", [True, False])
async def test_drafts_come_from_the_other_where_somebody_looks(watched):
    seen = []

    def reply(request) -> str:
        seen.append(request.drafts)
        return "1"

    inner = Agent(FunctionModel(reply), name="inner")
    outer = Agent(ScriptedModel([call("inner", prompt="?"), "done"]), tools=[inner.as_tool()])
    if watched:
        async with outer.run_stream_events("?") as stream:
            async for _ in stream:
                pass
    else:
        await outer.run("?")
    assert seen == [watched]


async def test_a_limit_of_the_asking_agent_that_comes_near_in_the_other_is_told_then():
    inner = Agent(FunctionModel(lambda request: "1"), name="inner")
    outer = Agent(ScriptedModel([call("inner", prompt="?"), "done"]), tools=[inner.as_tool()])
    async with outer.run_stream_events("?", usage_limits=UsageLimits(turns=3)) as stream:
        events = [event async for event in stream]
    kinds = [type(event).__name__ for event in events]
    assert kinds.index("UsageWarning") < kinds.index("RunFinished")


async def test_an_agent_that_cannot_be_run_is_the_developers_affair():
    inner = Agent(ScriptedModel([]), name="inner", model_settings=ModelSettings(tool_choice="nothing"))
    outer = Agent(ScriptedModel([call("inner", prompt="?"), "Alas."]), tools=[inner.as_tool()])
    ((content, is_error),) = told(await outer.run("?"))
    assert is_error and "tool_choice='nothing'" in content
