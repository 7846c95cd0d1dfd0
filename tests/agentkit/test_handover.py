"""Handing a conversation over to another agent."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import (
    Agent,
    AssistantMessage,
    CancellationToken,
    DeferredToolResults,
    DropOldResults,
    HandedOver,
    Handoff,
    MemorySession,
    Message,
    ModelRetry,
    ModelSettings,
    RunCancelled,
    RunContext,
    Summarise,
    SystemMessage,
    ToolCallPart,
    ToolMessage,
    ToolResult,
    UsageLimits,
    UserError,
    UserMessage,
    tool,
)
from agentkit.handover import HANDED_OVER, handovers, with_handovers
from agentkit.messages import last_prompt
from agentkit.output import collect_outputs
from agentkit.run import Plan
from agentkit.testing import FunctionModel, ScriptedModel, call, toy_model
from tests.agentkit.sessions.cutting import Fragile, Killed

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


async def test_an_agent_without_a_name_is_called_by_the_name_that_is_given():
    assert Handoff(Agent(ScriptedModel([])), name="to_billing").description.endswith("to another agent.")
    assert Handoff(Agent(ScriptedModel([]), name="客服"), name="to_support").description.endswith("to 客服.")


async def test_an_agent_that_can_be_called_is_an_agent():
    class Callable(Agent):
        def __call__(self, prompt: str) -> None: ...

    billing = Callable(ScriptedModel(["Paid."]), name="billing")
    desk = Agent(ScriptedModel([call("transfer_to_billing")]), output_type=Handoff(billing), name="desk")
    assert (await desk.run("My bill?")).output == "Paid."


async def test_agents_that_send_each_other_on_are_stopped():
    def ping() -> Agent:
        return first

    second = Agent(FunctionModel(lambda r: call("to_first")), output_type=Handoff(ping, name="to_first"), name="second")
    first: Agent = Agent(FunctionModel(lambda r: call("transfer_to_second")), output_type=Handoff(second), name="first")
    result = await first.run("?")
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "handoffs")
    assert result.usage.handoffs == 10
    result = await first.run("?", usage_limits=UsageLimits(handoffs=0))
    assert (result.stop_detail, result.agent, result.usage.handoffs) == ("handoffs", "first", 0)


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


@pytest.mark.parametrize("most", [1, 4])
async def test_as_many_tools_run_side_by_side_as_the_other_allows(most):
    now = peak = 0

    async def look(at: int) -> None:
        nonlocal now, peak
        now, peak = now + 1, max(peak, now + 1)
        await anyio.sleep(0.01)
        now -= 1

    calls = [call("look", at=number) for number in range(4)]
    other = Agent(ScriptedModel([calls, "done"]), tools=[look], name="other", max_parallel_tools=most)
    desk = Agent(ScriptedModel([call("transfer_to_other")]), output_type=Handoff(other), max_parallel_tools=2)
    await desk.run("?")
    assert peak == most


async def test_a_cancelled_run_is_not_handed_over():
    token = CancellationToken()

    def reply(request):
        token.cancel()
        return call("transfer_to_other")

    other = Agent(ScriptedModel([]), name="other")
    with pytest.raises(RunCancelled) as caught:
        await Agent(FunctionModel(reply), output_type=Handoff(other)).run("?", cancellation_token=token)
    assert caught.value.result.usage.handoffs == 0


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


# -- histories that are made shorter


class Office:
    """Three agents, of whom each looks twice and then hands over; how far they came survives their process."""

    def __init__(self, policy) -> None:
        self.policy = policy
        self.looked: set[int] = set()
        self.asked: list[str] = []

    def desk(self) -> Agent:
        archive = self.agent("archive", (5, 6), "Found it.", str)
        billing = self.agent("billing", (3, 4), call("transfer_to_archive"), Handoff(archive))
        return self.agent("desk", (1, 2), call("transfer_to_billing"), Handoff(billing))

    def agent(self, name: str, looks: tuple[int, ...], end, output_type) -> Agent:
        @tool(idempotent=True)
        def look(n: int) -> str:
            """Look something up."""
            self.looked.add(n)
            return f"{n}: " + "It is a long story. " * 10

        def reply(request):
            if request.messages[-1] == UserMessage(Summarise().instructions):
                return "They looked."
            self.asked.append(name)
            left = [n for n in looks if n not in self.looked]
            return call("look", n=left[0]) if left else end

        return Agent(FunctionModel(reply), tools=[look], output_type=output_type, name=name, compaction=self.policy)


def summary_in_between(history) -> list[Message]:
    first, *others = history.messages
    return [first, UserMessage("A summary."), *others[-2:]] if others else [first]


@pytest.mark.parametrize(
    "policy",
    [
        Summarise(keep=1, over=0),
        DropOldResults(keep=0, over=0),
        lambda history: history.messages[-2:],
        summary_in_between,
        lambda history: [message for message in history.messages if message not in history.handovers[:-2]],
    ],
    ids=["summarise", "drop", "last", "summary in between", "cut them"],
)
async def test_whoever_has_the_conversation_keeps_it_wherever_a_shortened_run_is_cut_off(policy):
    for cut in range(1, 60):
        office, session = Office(policy), MemorySession()
        try:
            result = await office.desk().run("Find it.", session=Fragile(session, cut))
        except Killed:
            result = await office.desk().run(None, session=session)
        else:
            break  # it was not cut off at all
        assert (result.output, result.agent) == ("Found it.", "archive")
        assert office.asked == sorted(office.asked, key=["desk", "billing", "archive"].index), f"cut {cut}"
    assert 20 < cut < 59
    assert (result.output, result.agent, result.usage.handoffs) == ("Found it.", "archive", 2)


async def test_the_turns_that_handed_over_are_not_summarised_again_and_again():
    asked = []

    def reply(request):
        if request.messages[-1] == UserMessage(Summarise().instructions):
            asked.append(request.messages)
            return "They looked."
        return call("transfer_to_other")

    other = Agent(ScriptedModel(["Hello."]), name="other", compaction=Summarise(keep=1, over=0))
    desk = Agent(FunctionModel(reply), output_type=Handoff(other), name="desk", compaction=Summarise(keep=1, over=0))
    assert (await desk.run("?")).output == "Hello."
    assert asked == []


async def test_a_policy_that_cuts_the_prompt_from_between_turns_is_the_developers():
    def look() -> int:
        return 1

    def without_prompts(history) -> list[Message]:
        said = [message for message in history.messages if not isinstance(message, UserMessage)]
        return [*said] if len(said) > 3 else [*history.messages]

    agent = Agent(ScriptedModel([call("look"), "1", call("look"), "1"]), tools=[look], compaction=without_prompts)
    first = await agent.run("?")
    with pytest.raises(UserError, match="the last prompt was cut, and these calls before it stayed: call_1"):
        await agent.run("Again?", message_history=first.all_messages())


def turn_of(id: str) -> list[Message]:
    return [AssistantMessage((ToolCallPart("look", {}, id=id),)), ToolMessage((ToolResult(id, "look", HANDED_OVER),))]


@given(st.lists(st.sampled_from(["turn", "handover"]), max_size=6), st.data())
def test_no_policy_can_cut_a_handover(kinds: list[str], data: st.DataObject) -> None:
    turns = [turn_of(f"c{number}") for number in range(len(kinds))]
    ids = tuple(f"c{number}" for number, kind in enumerate(kinds) if kind == "handover")
    plan = Plan(ScriptedModel([]), {}, handed_over_by=ids)
    before = [UserMessage("?"), *(message for turn in turns for message in turn)]
    stay = handovers(plan, before)
    assert stay == tuple(
        message for turn, kind in zip(turns, kinds, strict=True) if kind == "handover" for message in turn
    )

    steps: list[list[Message]] = [[UserMessage("?")], *turns]
    kept = [step for step in steps if data.draw(st.booleans())]
    if data.draw(st.booleans()):
        kept.insert(data.draw(st.integers(0, len(kept))), [UserMessage("A summary.")])
    given_ = [message for step in kept for message in step]
    after = with_handovers(plan, stay, given_)

    since = [message for message in after[last_prompt(after) :] if isinstance(message, ToolMessage)]
    found = [result.call_id for message in since for result in message.results if result.call_id in ids]
    assert found == list(ids), "they are there, in their order, behind the last prompt"
    assert len([message for message in after if message in stay]) == len(stay), "and nowhere else"
    others = [message for message in given_ if message not in stay]
    assert [message for message in after if message not in stay] == others, "nothing else is touched"
    assert with_handovers(plan, stay, after) == after


async def test_a_call_of_the_turn_that_is_to_be_approved_is_not_lost():
    paid = []

    @tool(requires_approval=lambda context, arguments: arguments["amount"] > 100)
    def pay(amount: int) -> None:
        if amount < 10:
            raise ModelRetry("too little", argument="amount")
        paid.append(amount)

    billing = Agent(ScriptedModel(["Paid, says billing."]), name="billing")
    model = ScriptedModel([[call("transfer_to_billing"), call("pay", amount=1)]], repairs=[{"amount": 500}])
    desk = Agent(model, tools=[pay], output_type=[str, Handoff(billing)], name="desk")
    first = await desk.run("Pay, then go.")
    assert (first.stop_reason, first.agent) == ("approval_required", "desk")
    decided = DeferredToolResults({first.pending_calls[0].id: True})
    result = await desk.run(None, message_history=first.all_messages(), deferred_tool_results=decided)
    assert (result.output, result.agent, paid) == ("Paid, says billing.", "billing", [500])
