"""`agent.override`: other parts for a while, for whoever is inside and nobody else."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from agentkit import Agent, ModelSettings, RunContext, SystemMessage, ToolDefinitionError, UserError
from agentkit.testing import FunctionModel, ScriptedModel, call

pytestmark = pytest.mark.anyio


def city(context: RunContext[str]) -> str:
    """The city."""
    return context.deps


agent = Agent("no/such-model", tools=[city], instructions="Be brief.", deps_type=str)


async def test_every_part_can_be_another():
    def other() -> int:
        """Another tool."""
        return 1

    model = ScriptedModel([call("other"), "done"])
    settings = ModelSettings(seed=7)
    with agent.override(model=model, tools=[other], deps="Oslo", instructions="Be long.", model_settings=settings):
        assert agent.model is model
        assert list(agent.tools) == ["other"]
        result = await agent.run("?", deps="Lima", model_settings=ModelSettings(seed=3, max_tokens=9))
    assert result.output == "done"
    request = model.requests[0]
    assert request.messages[0] == SystemMessage("Be long.")
    assert (request.settings.seed, request.settings.max_tokens) == (7, 9)
    assert (agent.model, list(agent.tools)) == ("no/such-model", ["city"])


async def test_deps_are_those_of_the_override():
    with agent.override(model=FunctionModel(lambda r: call("city") if len(r.messages) == 2 else "done"), deps="Oslo"):
        result = await agent.run("?", deps="Lima")
    assert result.tool_calls[0].result.content == "Oslo"


async def test_tools_may_come_from_anything_that_gives_them_once():
    with agent.override(model=ScriptedModel([call("city"), "done"]), tools=(function for function in [city])):
        assert list(agent.tools) == list(agent.tools) == ["city"]
        result = await agent.run("?", deps="Lima")
    assert result.tool_calls[0].result.content == "Lima"


async def test_overrides_nest_and_end():
    with agent.override(model=ScriptedModel(["outer", "outer"])):
        with agent.override(instructions="Be kind."):
            assert (await agent.run("?", deps="")).output == "outer"
        with pytest.raises(RuntimeError, match="on purpose"), agent.override(model=ScriptedModel(["inner"])):
            assert (await agent.run("?", deps="")).output == "inner"
            raise RuntimeError("on purpose")
        assert (await agent.run("?", deps="")).output == "outer"
    assert agent.model == "no/such-model"


async def test_tasks_side_by_side_have_their_own():
    outputs: dict[int, str] = {}

    async def one(number: int) -> None:
        async def answer(request) -> str:
            await anyio.sleep(0.001 * (number % 3))
            return f"model {number}"

        with agent.override(model=FunctionModel(answer)):
            await anyio.lowlevel.checkpoint()
            outputs[number] = (await agent.run("?", deps="")).output

    async with anyio.create_task_group() as group:
        for number in range(12):
            group.start_soon(one, number)
    assert outputs == {number: f"model {number}" for number in range(12)}


async def test_batches_and_streams_and_threads_begun_inside_have_it():
    with agent.override(model=FunctionModel(lambda request: "ours")):
        assert [result.output for result in await agent.run_batch(["1", "2"], deps="")] == ["ours", "ours"]
        async with agent.run_stream_events("?", deps="") as events:
            *_, finished = [event async for event in events]
        assert finished.result.output == "ours"
        thread = await anyio.to_thread.run_sync(lambda: agent.run_sync("?", deps=""))
        assert thread.output == "ours"


async def test_another_agent_is_left_alone():
    other = Agent(ScriptedModel(["theirs"]))
    with agent.override(model=ScriptedModel(["ours"])):
        assert (await other.run("?")).output == "theirs"


async def test_what_cannot_be_is_refused():
    def final_result() -> None:
        """Nothing."""

    typed = Agent(ScriptedModel([]), output_type=int)
    with typed.override(tools=[final_result]), pytest.raises(ToolDefinitionError, match="final_result"):
        await typed.run("?")
    with pytest.raises(UserError, match="tools takes a list"), agent.override(tools=final_result):
        pass
    with pytest.raises(UserError, match="instructions takes a str"), agent.override(instructions=city):
        pass
    with pytest.raises(TypeError, match=r"Agent.override takes no tool; it takes model, tools, "):
        agent.override(tool=[])
    with agent.override(tools=[]), pytest.raises(UserError, match="names none"):
        await agent.run("?", deps="", model_settings=ModelSettings(tool_choice="city"))
