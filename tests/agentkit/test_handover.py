"""Handing a conversation over to another agent."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from agentkit import (
    Agent,
    DeferredToolResults,
    HandedOver,
    Handoff,
    MemorySession,
    ModelRetry,
    ModelSettings,
    RunContext,
    SystemMessage,
    ToolMessage,
    UsageLimits,
    UserError,
    tool,
)
from agentkit.output import collect_outputs
from agentkit.testing import FunctionModel, ScriptedModel, call, toy_model

pytestmark = pytest.mark.anyio


@dataclass
class Bill:
    amount: int


def told(result) -> list:
    messages = [message for message in result.new_messages() if isinstance(message, ToolMessage)]
    return [(answer.content, answer.is_error) for message in messages for answer in message.results]


async def test_the_other_agent_answers_with_its_own_parts():
    def lookup(context: RunContext[str]) -> str:
        return context.deps

    billing = Agent(
        ScriptedModel([call("lookup"), call("final_result", amount=7)]),
        instructions="You do bills.",
        tools=[lookup],
        output_type=Bill,
        name="billing",
    )
    desk_model = ScriptedModel([call("transfer_to_billing")])
    desk: Agent[str, str | Bill] = Agent(
        desk_model, instructions="You send people on.", output_type=[str, Handoff(billing)], name="desk"
    )
    async with desk.run_stream_events("My bill?", deps="mine") as stream:
        events = [event async for event in stream]
    result = events[-1].result
    assert (result.output, result.agent, result.stop_reason) == (Bill(7), "billing", "finished")
    assert [event for event in events if isinstance(event, HandedOver)] == [HandedOver("desk", "billing")]
    assert told(result) == [
        ("The conversation was handed over.", False),
        ("mine", False),
        ("Final result processed.", False),
    ]
    first, second = billing.model.requests
    assert first.messages[0] == SystemMessage("You do bills.")
    assert first.messages[1].text == "My bill?"
    assert [definition.name for definition in first.tools] == ["lookup"]
    assert (result.usage.turns, result.usage.handoffs, result.usage.tool_calls) == (3, 1, 1)
    assert [canvas.index for canvas in result.canvases] == [0, 1, 2]
    assert [request.canvases for request in (*desk_model.requests, first, second)] == [0, 1, 2]


async def test_without_a_handover_the_first_agent_answers():
    other = Agent(ScriptedModel([]), name="other")
    result = await Agent(ScriptedModel(["Hello."]), output_type=[str, Handoff(other)], name="desk").run("Hi")
    assert (result.output, result.agent) == ("Hello.", "desk")


async def test_what_it_is_called():
    billing = Agent(ScriptedModel([]), name="bills & money")
    plain, named = Handoff(billing), Handoff(lambda: billing, name="to_billing", description="About money.")
    tools = collect_outputs([plain, named, Bill]).tools
    assert list(tools) == ["transfer_to_bills_money", "to_billing", "final_result"]
    assert tools["transfer_to_bills_money"].description == "Hand the conversation over to bills_money."
    assert tools["to_billing"].description == "About money."
    assert tools["to_billing"].parameters["properties"] == {}
    with pytest.raises(UserError, match="needs a name"):
        Handoff(Agent(ScriptedModel([])))
    with pytest.raises(UserError, match="needs a name"):
        Handoff(lambda: billing)


async def test_agents_that_send_each_other_on_are_stopped():
    def ping() -> Agent:
        return first

    second = Agent(FunctionModel(lambda r: call("to_first")), output_type=Handoff(ping, name="to_first"), name="second")
    first: Agent = Agent(FunctionModel(lambda r: call("transfer_to_second")), output_type=Handoff(second), name="first")
    result = await first.run("?")
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "handoffs")
    assert result.usage.handoffs == 11
    result = await first.run("?", usage_limits=UsageLimits(handoffs=0))
    assert (result.stop_detail, result.agent) == ("handoffs", "first")


async def test_tools_of_the_same_turn_run_and_further_outputs_do_not():
    def note() -> str:
        return "noted"

    other = Agent(ScriptedModel(["Hello."]), name="other")
    model = ScriptedModel([[call("transfer_to_other"), call("final_result", amount=3), call("note")]])
    result = await Agent(model, tools=[note], output_type=[Bill, Handoff(other)]).run("?")
    assert result.output == "Hello."
    assert [content for content, _ in told(result)] == [
        "The conversation was handed over.",
        "This was not used: there is a final result already.",
        "noted",
    ]


async def test_settings_go_along_and_what_is_required_is_required_anew():
    def look() -> int:
        return 1

    model = ScriptedModel([call("look"), "done"])
    required = ModelSettings(tool_choice="look", seed=1)
    other = Agent(model, tools=[look], name="other", model_settings=required)
    desk_model = ScriptedModel([[call("see"), call("transfer_to_other")]])
    desk = Agent(desk_model, tools=[tool(name="see")(look)], output_type=Handoff(other))
    await desk.run("?", model_settings=ModelSettings(tool_choice="see", seed=5))
    asked = [request.settings for request in (*desk_model.requests, *model.requests)]
    assert [(settings.tool_choice, settings.seed) for settings in asked] == [("see", 5), ("look", 5), ("auto", 5)]


async def test_retries_begin_anew():
    def look(word: str) -> str:
        raise ModelRetry("no")

    other = Agent(ScriptedModel([call("look", word="b"), "done"]), tools=[look], name="other")
    model = ScriptedModel([[call("look", word="a"), call("transfer_to_other")]])
    result = await Agent(model, tools=[look], output_type=Handoff(other)).run("?")
    assert (result.output, result.stop_reason) == ("done", "finished")


async def test_a_run_that_waits_goes_on_with_whom_it_was_handed_to():
    @tool(requires_approval=True)
    def pay(amount: int) -> int:
        """Pay."""
        return amount

    billing = Agent(ScriptedModel([call("pay", amount=3), "Paid."]), tools=[pay], name="billing")
    desk = Agent(ScriptedModel([call("transfer_to_billing")]), output_type=[str, Handoff(billing)], name="desk")
    session = MemorySession()
    stopped = await desk.run("Pay.", session=session)
    (waiting,) = stopped.pending_calls
    assert (stopped.stop_reason, stopped.agent) == ("approval_required", "billing")
    decided = DeferredToolResults({waiting.id: True})
    result = await desk.run(None, session=session, deferred_tool_results=decided)
    assert (result.output, result.agent) == ("Paid.", "billing")
    assert result.tool_calls[0].result.content == 3


async def test_the_next_prompt_is_the_first_agents_again():
    other = Agent(ScriptedModel(["Other here."]), name="other")
    desk = Agent(
        ScriptedModel([call("transfer_to_other"), "Desk here."]), output_type=[str, Handoff(other)], name="desk"
    )
    first = await desk.run("?")
    second = await desk.run("Again?", message_history=first.all_messages())
    assert (first.agent, second.agent, second.output) == ("other", "desk", "Desk here.")


async def test_an_agent_that_is_overridden_is_handed_to_as_such():
    other = Agent("no/such-model", name="other")
    desk = Agent(ScriptedModel([call("transfer_to_other")]), output_type=Handoff(other))
    with other.override(model=ScriptedModel(["Stand-in."])):
        assert (await desk.run("?")).output == "Stand-in."


async def test_the_real_engine_hands_over():
    model = toy_model(seed=0)
    settings = ModelSettings(seed=2, max_tokens=64)
    other = Agent(model, output_type=bool, name="other", model_settings=settings)
    desk = Agent(model, output_type=Handoff(other), name="desk", model_settings=settings)
    result = await desk.run("Go.")
    assert (type(result.output), result.agent) == (bool, "other")
    assert [canvas.index for canvas in result.canvases] == list(range(len(result.canvases)))
    assert len({canvas.seed for canvas in result.canvases}) == len(result.canvases)
