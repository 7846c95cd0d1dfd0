"""Wrong arguments are put right before the model is told about them, and told about when they can't be."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import AfterValidator

from agentkit import Agent, ModelRetry, ModelSettings, Tool, ToolMessage, UsageLimits, tool
from agentkit.events import SpanRenoised, ToolCallStarted
from agentkit.testing import ScriptedModel, bad_call, call

pytestmark = pytest.mark.anyio

CITIES = ("Lima", "Oslo")


def weather(city: str, days: int = 1) -> str:
    """Tell the weather."""
    if city not in CITIES:
        raise ModelRetry("no such city", argument="city")
    return f"{days} days of sun in {city}"


def short(city: str) -> str:
    if len(city) > 8:
        raise ValueError("too long")
    return city


def told(result) -> list:
    messages = [message for message in result.new_messages() if isinstance(message, ToolMessage)]
    return [(answer.content, answer.is_error) for message in messages for answer in message.results]


async def test_an_argument_of_a_wrong_type_is_repaired_and_never_told():
    model = ScriptedModel([call("weather", city="Oslo", days="many"), "Sunny."], repairs=[{"days": 3}])
    async with Agent(model, tools=[weather]).run_stream_events("Weather?") as stream:
        events = [event async for event in stream]
    result = events[-1].result
    assert told(result) == [("3 days of sun in Oslo", False)]
    assert "many" not in repr(result.all_messages())
    assert result.usage.repairs == 1
    assert result.usage.turns == 2
    (wrong,) = model.wrong
    assert (wrong.index, wrong.pointers, wrong.banned) == (0, ("/days",), {"/days": ["many"]})
    (renoised,) = [event for event in events if isinstance(event, SpanRenoised)]
    assert renoised.pointer == "/days"
    assert "should be a valid integer" in renoised.reason
    (started,) = [event for event in events if isinstance(event, ToolCallStarted)]
    assert started.call.arguments == {"city": "Oslo", "days": 3}


async def test_a_tool_that_wants_another_value_gets_one():
    model = ScriptedModel([call("weather", city="Atlantis"), "Sunny."], repairs=[{"city": "Lost"}, {"city": "Lima"}])
    result = await Agent(model, tools=[weather]).run("Weather?")
    assert told(result) == [("1 days of sun in Lima", False)]
    assert [wrong.banned for wrong in model.wrong][-1] == {"/city": ["Atlantis", "Lost"]}
    assert result.usage.tool_calls == 3
    assert "Atlantis" not in repr(result.all_messages())


async def test_another_value_that_is_none_is_written_again():
    model = ScriptedModel([call("weather", city="Atlantis"), "Sunny."], repairs=[{"city": 5}, {"city": "Lima"}])
    result = await Agent(model, tools=[weather]).run("Weather?")
    assert told(result) == [("1 days of sun in Lima", False)]
    assert [wrong.banned for wrong in model.wrong][-1] == {"/city": ["Atlantis", 5]}
    assert result.usage.tool_calls == 2, "no tool began with what is no city"


async def test_a_call_that_stays_wrong_is_told_about_as_the_tool_refused_it():
    def find(city: Annotated[str, AfterValidator(short)]) -> str:
        """Find a city."""
        return weather(city)

    model = ScriptedModel(
        [call("find", city="Atlantis"), "Sorry."], repairs=[{"city": "Avalonia I"}, {"city": "Avalonia II"}]
    )
    result = await Agent(model, tools=[find]).run("Where?")
    (written,) = result.all_messages()[1].calls
    assert written.arguments == result.tool_calls[0].call.arguments == {"city": "Atlantis"}
    assert told(result) == [("city: no such city", True)]
    assert len(model.wrong) == 2


async def test_after_so_many_repairs_the_model_is_told():
    model = ScriptedModel(
        [call("weather", city="A"), call("weather", city="Oslo"), "Sunny."], repairs=[{"city": "B"}, {"city": "C"}]
    )
    settings = ModelSettings(repairs=1)
    result = await Agent(model, tools=[weather], model_settings=settings).run("Weather?")
    assert told(result) == [("city: no such city", True), ("1 days of sun in Oslo", False)]
    assert len(model.wrong) == 1
    none = ScriptedModel(
        [call("weather", city="A"), call("weather", city="Oslo"), "Sunny."], repairs=[{"city": "Lima"}]
    )
    await Agent(none, tools=[weather], model_settings=ModelSettings(repairs=0)).run("Weather?")
    assert none.wrong == []


async def test_a_model_that_cannot_repair_is_told_as_ever():
    model = ScriptedModel([call("weather", city="A"), call("weather", city="Oslo"), "Sunny."])
    result = await Agent(model, tools=[weather]).run("Weather?")
    assert told(result) == [("city: no such city", True), ("1 days of sun in Oslo", False)]
    assert result.usage.repairs == 0


async def test_a_call_that_could_not_be_read_is_written_again():
    model = ScriptedModel([bad_call("weather", "call:weather{city:"), "Sunny."], repairs=[{"city": "Oslo"}])
    result = await Agent(model, tools=[weather]).run("Weather?")
    assert told(result) == [("1 days of sun in Oslo", False)]
    assert model.wrong[0].pointers == ("",)


async def test_an_unknown_tool_is_not_repaired():
    model = ScriptedModel([call("wether", city="Oslo"), "Sorry."], repairs=[{"city": "Oslo"}])
    result = await Agent(model, tools=[weather]).run("Weather?")
    assert model.wrong == []
    assert told(result)[0][1]


async def test_only_the_call_at_fault_runs_again():
    ran = []

    @tool
    def note(text: str) -> str:
        """Take a note."""
        ran.append(text)
        return "noted"

    model = ScriptedModel([[call("note", text="a"), call("weather", city="A")], "Done."], repairs=[{"city": "Lima"}])
    result = await Agent(model, tools=[note, weather]).run("Note it.")
    assert ran == ["a"]
    assert told(result) == [("noted", False), ("1 days of sun in Lima", False)]


async def test_a_check_of_the_result_may_be_async():
    async def enough(found: int) -> None:
        if found < 10:
            raise ModelRetry("too few", argument="limit")

    model = ScriptedModel([call("search", limit=1), "done"], repairs=[{"limit": 20}])
    result = await Agent(model, tools=[Tool(lambda limit: limit, name="search", check=enough)]).run("Find cats.")
    assert [finished.result.content for finished in result.tool_calls][-1] == 20


async def test_a_check_of_the_result_asks_for_another_value():
    def enough(found: list) -> None:
        if not found:
            raise ModelRetry("nothing was found", argument="words")

    def search(words: str) -> list[str]:
        """Search."""
        return [words] if words == "cats" else []

    model = ScriptedModel([call("search", words="dogs"), "Cats."], repairs=[{"words": "cats"}])
    result = await Agent(model, tools=[Tool(search, check=enough)]).run("Find cats.")
    assert told(result) == [(["cats"], False)]
    assert model.wrong[0].reason == "/words: nothing was found"


async def test_repairs_count_against_the_limits():
    model = ScriptedModel([call("weather", city="A"), "Sunny."], repairs=[{"city": "Lima"}])
    result = await Agent(model, tools=[weather], usage_limits=UsageLimits(tool_calls=1)).run("Weather?")
    assert result.stop_reason == "usage_limit"
