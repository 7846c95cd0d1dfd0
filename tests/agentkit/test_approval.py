"""Runs that stop for a person, and go on with what the person decided."""

import json
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agentkit import (
    Agent,
    ApprovalRequired,
    CancellationToken,
    DeferredToolResults,
    MemorySession,
    ModelRetry,
    RunCancelled,
    RunContext,
    Tool,
    ToolApproved,
    ToolCallPart,
    ToolCallStarted,
    ToolDefinitionError,
    ToolDenied,
    ToolMessage,
    UsageLimits,
    UserError,
    messages_from_json,
    messages_to_json,
    open_calls,
    tool,
)
from agentkit.settings import EarlyTools, ModelSettings
from agentkit.testing import FunctionModel, ScriptedModel, bad_call, call
from tests.agentkit.sessions.cutting import Fragile, Killed

pytestmark = pytest.mark.anyio


class Till:
    """Tools that pay and note, and what they did."""

    def __init__(self) -> None:
        self.done: list[object] = []

    @tool(requires_approval=True)
    def pay(self, amount: int) -> str:
        """Pay."""
        self.done.append(amount)
        return f"paid {amount}"

    @tool
    def note(self, text: str) -> str:
        """Note."""
        self.done.append(text)
        return "noted"

    def agent(self, *script) -> Agent:
        return Agent(ScriptedModel(script), tools=[self.pay, self.note])


def told(result) -> list:
    messages = [message for message in result.new_messages() if isinstance(message, ToolMessage)]
    return [(answer.content, answer.is_error) for message in messages for answer in message.results]


def stored(result):
    """The conversation, as another process would read it."""
    return messages_from_json(messages_to_json(result.all_messages()))


# -- stopping


async def test_nothing_of_a_turn_happens_before_a_person_has_decided():
    till = Till()
    result = await till.agent([call("note", text="x"), call("pay", amount=5), call("note", text="y")]).run("Pay.")
    assert till.done == []
    assert result.stop_reason == "approval_required"
    assert [pending.name for pending in result.pending_calls] == ["pay"]
    assert [waiting.name for waiting in open_calls(result.all_messages())] == ["note", "pay", "note"]
    with pytest.raises(ApprovalRequired) as caught:
        result.raise_for_stop()
    assert caught.value.calls == result.pending_calls


async def test_without_a_decision_the_same_calls_wait_again():
    till = Till()
    first = await till.agent(call("pay", amount=5)).run("Pay.")
    again = await till.agent().run(None, message_history=stored(first))
    assert (again.stop_reason, again.pending_calls) == ("approval_required", first.pending_calls)
    assert again.all_messages() == first.all_messages()
    assert again.usage.turns == 0


async def test_a_new_prompt_leaves_the_calls_undone():
    till = Till()
    first = await till.agent([call("note", text="x"), call("pay", amount=5)]).run("Pay.")
    later = await till.agent("As you like.").run("Never mind.", message_history=stored(first))
    assert told(later) == [("This call was not run.", True)] * 2
    assert till.done == []


# -- going on


async def test_an_approved_call_runs_with_all_of_its_turn_in_order():
    till = Till()
    first = await till.agent([call("note", text="x"), call("pay", amount=5)]).run("Pay.")
    approved = DeferredToolResults({first.pending_calls[0].id: True})
    agent = till.agent("Paid.")
    result = await agent.run(None, message_history=stored(first), deferred_tool_results=approved)
    assert (result.output, result.stop_reason) == ("Paid.", "finished")
    assert sorted(till.done, key=str) == [5, "x"]
    assert told(result) == [("noted", False), ("paid 5", False)]
    assert result.all_messages()[:2] == first.all_messages()
    assert result.usage.tool_calls == 2


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (False, "The tool call was denied."),
        (ToolDenied("Too expensive."), "Too expensive."),
        (ToolDenied("Not \ud800."), "Not ?."),
    ],
)
async def test_a_denied_call_does_not_run_and_the_model_is_told_why(decision, reason):
    till = Till()
    first = await till.agent([call("pay", amount=5), call("note", text="x")]).run("Pay.")
    results = DeferredToolResults({first.pending_calls[0].id: decision})
    limits = UsageLimits(tool_calls=1)  # what doesn't run isn't counted
    result = await till.agent("I see.").run(
        None, message_history=stored(first), deferred_tool_results=results, usage_limits=limits
    )
    assert told(result) == [(reason, True), ("noted", False)]
    assert till.done == ["x"]
    assert result.stop_reason == "finished"


async def test_changed_arguments_run_and_stand_in_the_conversation():
    till = Till()
    first = await till.agent([call("note", text="x"), call("pay", amount=500)]).run("Pay.")
    id = first.pending_calls[0].id
    result = await till.agent("Paid.").run(
        None,
        message_history=stored(first),
        deferred_tool_results=DeferredToolResults({id: ToolApproved(override_args={"amount": 5})}),
    )
    assert sorted(till.done, key=str) == [5, "x"]
    asked = result.all_messages()[1]
    assert [(made.name, made.arguments) for made in asked.calls] == [("note", {"text": "x"}), ("pay", {"amount": 5})]
    assert asked.tokens is None
    assert stored(result) == result.all_messages()


async def test_calls_that_need_no_approval_may_be_denied_too():
    till = Till()
    first = await till.agent([call("note", text="x"), call("pay", amount=5)]).run("Pay.")
    note, pay = open_calls(first.all_messages())
    results = DeferredToolResults({pay.id: True, note.id: ToolDenied("No notes.")})
    result = await till.agent("Paid.").run(None, message_history=stored(first), deferred_tool_results=results)
    assert till.done == [5]
    assert told(result) == [("No notes.", True), ("paid 5", False)]


async def test_the_next_turn_may_wait_again():
    till = Till()
    result = await till.agent(call("pay", amount=1)).run("Pay.")
    for amount in (2, 3):
        decided = DeferredToolResults({result.pending_calls[0].id: True})
        agent = till.agent(call("pay", amount=amount))
        result = await agent.run(None, message_history=stored(result), deferred_tool_results=decided)
        assert result.stop_reason == "approval_required"
    assert till.done == [1, 2]


def test_another_process_goes_on(tmp_path):
    till = Till()
    first = till.agent([call("note", text="x"), call("pay", amount=5)]).run_sync("Pay.")
    (tmp_path / "run.json").write_text(messages_to_json(first.all_messages()), encoding="utf-8")
    program = """
import json, sys
from agentkit import Agent, DeferredToolResults, messages_from_json, open_calls, tool
from agentkit.testing import ScriptedModel

done = []

@tool(requires_approval=True)
def pay(amount: int) -> None:
    done.append(amount)

@tool
def note(text: str) -> None:
    done.append(text)

history = messages_from_json(open(sys.argv[1], encoding="utf-8").read())
agent = Agent(ScriptedModel(["Paid."]), tools=[pay, note])
pending = agent.run_sync(None, message_history=history).pending_calls
decided = DeferredToolResults({waiting.id: True for waiting in pending})
result = agent.run_sync(None, message_history=history, deferred_tool_results=decided)
print(json.dumps([result.output, sorted(done, key=str)]))
"""
    command = [sys.executable, "-c", program, str(tmp_path / "run.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["Paid.", [5, "x"]]


ACTIONS = st.sampled_from(["approve", "deny", "change"])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), ACTIONS), min_size=1, max_size=6))
def test_exactly_what_was_agreed_to_runs_and_each_call_once(turn):
    till = Till()
    calls = [call("pay", amount=n) if pays else call("note", text=str(n)) for pays, n, _ in turn]
    first = till.agent(calls, "Done.").run_sync("Go.")
    assert [waiting.arguments for waiting in first.pending_calls] == [{"amount": n} for pays, n, _ in turn if pays]
    if not first.pending_calls:
        return
    assert till.done == []
    of = {"approve": ToolApproved(), "deny": ToolDenied("no"), "change": ToolApproved({"amount": 99})}
    actions = [action for pays, _, action in turn if pays]
    decided = DeferredToolResults({c.id: of[a] for c, a in zip(first.pending_calls, actions, strict=True)})
    result = till.agent("Done.").run_sync(None, message_history=stored(first), deferred_tool_results=decided)
    expected = {"approve": lambda n: (f"paid {n}", False), "deny": lambda n: ("no", True)}
    expected["change"] = lambda n: ("paid 99", False)
    assert told(result) == [expected[action](n) if pays else ("noted", False) for pays, n, action in turn]
    ran = [99 if a == "change" else n for pays, n, a in turn if pays and a != "deny"]
    assert sorted(till.done, key=repr) == sorted([*ran, *(str(n) for pays, n, _ in turn if not pays)], key=repr)


# -- decisions that don't fit


async def test_decisions_that_do_not_fit_are_refused_and_nothing_runs():
    till = Till()
    first = await till.agent([call("pay", amount=5), call("pay", amount=6)]).run("Pay.")
    one, two = (waiting.id for waiting in first.pending_calls)
    deep = json.loads("[" * 100 + "]" * 100)
    for approvals, reason in [
        ({"call_9": True}, f"decides about call_9, .* that are open are {one}, {two}"),
        ({one: True}, f"says nothing about {two}"),
        ({one: True, two: "yes"}, "A decision is a bool, ToolApproved or ToolDenied, not 'yes'"),
        ({one: True, two: ToolApproved({"amount": "much"})}, f"override_args of call {two} .pay.: .*valid integer"),
        ({one: True, two: ToolApproved({})}, "/amount: is required"),
        ({one: True, two: ToolApproved({"amount": deep})}, f"override_args of call {two} .pay.: .*nested too deeply"),
    ]:
        with pytest.raises(UserError, match=reason):
            await till.agent("never").run(
                None, message_history=stored(first), deferred_tool_results=DeferredToolResults(approvals)
            )
    with pytest.raises(UserError, match="give None as the prompt"):
        await till.agent("never").run(
            "Go on.", message_history=stored(first), deferred_tool_results=DeferredToolResults({one: True, two: True})
        )
    assert till.done == []


async def test_decisions_that_are_refused_leave_nothing_in_the_session():
    till, session = Till(), MemorySession()
    first = await till.agent([call("pay", amount=5), call("pay", amount=6)]).run("Pay.", session=session)
    one, two = (waiting.id for waiting in first.pending_calls)
    for decision in (False, ToolApproved({"amount": 99})):
        with pytest.raises(UserError, match=f"says nothing about {two}"):
            await till.agent().run(None, session=session, deferred_tool_results=DeferredToolResults({one: decision}))
        assert await session.open_calls() == first.pending_calls
    with pytest.raises(UserError, match=f"says nothing about {one}"):
        await till.agent().run(None, session=session, deferred_tool_results=DeferredToolResults({two: True}))
    decided = DeferredToolResults({one: True, two: True})
    result = await till.agent("Paid.").run(None, session=session, deferred_tool_results=decided)
    assert told(result) == [("paid 5", False), ("paid 6", False)]


@pytest.mark.parametrize(("before", "now", "paid"), [(False, True, [5]), (True, False, [])])
async def test_a_decision_that_was_kept_may_be_changed_before_it_is_acted_on(before, now, paid):
    till, session = Till(), MemorySession()
    (waiting,) = (await till.agent(call("pay", amount=5)).run("Pay.", session=session)).pending_calls
    with pytest.raises(Killed):
        await till.agent("never").run(
            None, session=Fragile(session, 1), deferred_tool_results=DeferredToolResults({waiting.id: before})
        )
    state = await session.state()
    assert [*state.approved, *state.denied] == [waiting.id]
    decided = DeferredToolResults({waiting.id: now})
    await till.agent("Well.").run(None, session=session, deferred_tool_results=decided)
    assert till.done == paid


# -- who is asked about what


async def test_a_predicate_looks_at_the_values_a_call_would_run_with():
    seen = []

    def asks(ctx: RunContext, arguments) -> bool:
        seen.append((ctx.tool_name, ctx.deps, arguments))
        return arguments["amount"] > 100

    @tool(requires_approval=asks)
    def pay(amount: int, currency: str = "EUR") -> str:
        return f"{amount} {currency}"

    agent = Agent(ScriptedModel([call("pay", amount="7"), call("pay", amount=700)]), tools=[pay], deps_type=str)
    result = await agent.run("Pay.", deps="till")
    assert told(result) == [("7 EUR", False)]
    assert [waiting.arguments for waiting in result.pending_calls] == [{"amount": 700}]
    assert seen[0] == ("pay", "till", {"amount": 7, "currency": "EUR"})


async def test_a_predicate_knows_how_certain_the_model_is():
    def asks(ctx: RunContext, arguments) -> bool:
        return ctx.certainty.get("to", 0.0) < 0.5 and arguments["amount"] > 10

    made = [
        ToolCallPart("pay", {"amount": amount, "to": "Ada"}, id="", certainty={"to": certainty})
        for amount, certainty in [(5, 0.1), (50, 0.9), (50, 0.1)]
    ]
    agent = Agent(ScriptedModel(made))
    agent.tool_plain(name="pay", requires_approval=asks)(lambda amount, to: "paid")
    result = await agent.run("Pay.")
    assert told(result) == [("paid", False)] * 2
    assert [waiting.certainty for waiting in result.pending_calls] == [{"to": 0.1}]


async def test_a_predicate_may_be_async():
    async def asks(ctx, arguments) -> bool:
        return arguments["amount"] > 100

    agent = Agent(ScriptedModel([call("pay", amount=7), call("pay", amount=700)]))
    agent.tool_plain(name="pay", requires_approval=asks)(lambda amount: "paid")
    result = await agent.run("Pay.")
    assert told(result) == [("paid", False)]
    assert result.stop_reason == "approval_required"


def breaks(ctx, arguments):
    return arguments["total"] > 100


@pytest.mark.parametrize(
    ("asks", "amount"),
    [
        pytest.param(breaks, 1.0, id="it raises"),
        pytest.param(lambda ctx, arguments: None, 1.0, id="it says nothing"),
        pytest.param(lambda ctx, arguments: arguments["amount"] > 100, float("nan"), id="NaN is above nothing"),
        pytest.param(lambda ctx, arguments: arguments["amount"] > 100, " nan", id="NaN as a string"),
    ],
)
async def test_a_predicate_that_is_of_no_use_asks(asks, amount):
    @tool(requires_approval=asks)
    def pay(amount: float) -> None:
        raise AssertionError

    result = await Agent(ScriptedModel([call("pay", amount=amount)]), tools=[pay]).run("Pay.")
    assert result.stop_reason == "approval_required"


class Item(BaseModel):
    price: float


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (list[Item], [{"price": "nan"}]),
        (dict[float, str], {"nan": "Ada"}),
        (tuple[Decimal | float, str], ["NaN", "Ada"]),
        (set[float], ["1.5", "nan"]),
    ],
)
async def test_a_nan_is_found_wherever_it_is_among_the_values(kind, given):
    def order(items) -> None:
        """Order."""

    order.__annotations__["items"] = kind
    ordering = Tool(order, requires_approval=lambda ctx, arguments: False)
    result = await Agent(ScriptedModel([call("order", items=given)]), tools=[ordering]).run("Order.")
    assert result.stop_reason == "approval_required"


async def test_who_is_called_nan_is_no_number():
    greeting = Tool(lambda names: "hello", name="greet", requires_approval=lambda ctx, arguments: False)
    agent = Agent(ScriptedModel([call("greet", names=["Nan", "nan"]), "Done."]), tools=[greeting])
    assert (await agent.run("Greet.")).stop_reason == "finished"


@pytest.mark.parametrize(
    ("certainty", "asked"),
    [({"amount": 0.95, "to": 0.9}, False), ({"amount": 0.95, "to": 0.89}, True), ({"amount": 0.95}, True), ({}, True)],
)
async def test_an_uncertain_call_asks(certainty, asked):
    paid = []

    @tool(min_certainty=0.9)
    def pay(amount: int, to: str, note: str = "") -> None:
        paid.append((amount, to))

    made = ToolCallPart("pay", {"amount": 5, "to": "Ada"}, id="", certainty=certainty)
    result = await Agent(ScriptedModel([made, "Paid."]), tools=[pay]).run("Pay.")
    assert result.stop_reason == ("approval_required" if asked else "finished")
    assert len(paid) == (not asked)
    if asked:
        assert stored(result)[1].calls[0].certainty == certainty
        decided = DeferredToolResults({result.pending_calls[0].id: True})
        agent = Agent(ScriptedModel(["Paid."]), tools=[pay])
        await agent.run(None, message_history=stored(result), deferred_tool_results=decided)
        assert paid == [(5, "Ada")]


async def test_a_call_that_cannot_be_read_never_reaches_a_person_or_its_tool():
    till = Till()
    result = await till.agent(bad_call("pay", "call:pay{amount:"), "Sorry.").run("Pay.")
    assert till.done == []
    assert "could not be read" in told(result)[0][0]
    assert stored(result) == result.all_messages()


async def test_beside_a_call_that_waits_a_faulty_one_is_kept_as_it_was_written():
    till = Till()
    broken = bad_call("note", 'call:note{text:<|"|>', "the string is not closed")
    first = await till.agent([broken, call("pay", amount=5)]).run("Pay.")
    assert stored(first) == first.all_messages()
    decided = DeferredToolResults({first.pending_calls[0].id: True})
    result = await till.agent("Paid.").run(None, message_history=stored(first), deferred_tool_results=decided)
    (unread, is_error), paid = told(result)
    assert "the string is not closed" in unread
    assert is_error
    assert paid == ("paid 5", False)


async def test_an_approval_is_for_the_arguments_it_was_given_for():
    paid = []

    @tool(requires_approval=True)
    def pay(amount: int) -> None:
        if amount > 100:
            raise ModelRetry("too much", argument="amount")
        paid.append(amount)

    first = await Agent(ScriptedModel([call("pay", amount=500)]), tools=[pay]).run("Pay.")
    decided = DeferredToolResults({first.pending_calls[0].id: True})
    repairing = Agent(ScriptedModel([], repairs=[{"amount": 50}]), tools=[pay])
    second = await repairing.run(None, message_history=stored(first), deferred_tool_results=decided)
    assert paid == []
    assert second.stop_reason == "approval_required"
    assert [waiting.arguments for waiting in second.pending_calls] == [{"amount": 50}]

    decided = DeferredToolResults({second.pending_calls[0].id: True})
    agent = Agent(ScriptedModel(["Paid."]), tools=[pay])
    await agent.run(None, message_history=stored(second), deferred_tool_results=decided)
    assert paid == [50]


async def test_a_tool_may_ask_for_approval_itself():
    paid = []

    @tool
    def pay(ctx: RunContext, amount: int) -> str:
        if amount > 10 and not ctx.tool_call_approved:
            raise ApprovalRequired("That is a lot.")
        paid.append(amount)
        return "paid"

    model = ScriptedModel([[call("pay", amount=5), call("pay", amount=50), call("pay", amount=7)]])
    first = await Agent(model, tools=[pay]).run("Pay.")
    assert first.stop_reason == "approval_required"
    assert [pending.arguments for pending in first.pending_calls] == [{"amount": 50}]
    assert [waiting.arguments for waiting in open_calls(first.all_messages())] == [{"amount": 50}]
    assert told(first) == [("paid", False)] * 2

    decided = DeferredToolResults({first.pending_calls[0].id: True})
    agent = Agent(ScriptedModel(["All paid."]), tools=[pay])
    result = await agent.run(None, message_history=stored(first), deferred_tool_results=decided)
    assert sorted(paid) == [5, 7, 50]
    assert told(result) == [("paid", False)] * 3
    assert result.all_messages()[1] == first.all_messages()[1]
    assert isinstance(result.all_messages()[2], ToolMessage)
    assert len(result.all_messages()) == 4


async def test_a_prompt_after_a_partly_answered_turn_keeps_its_results():
    @tool
    def pay(amount: int) -> str:
        if amount > 10:
            raise ApprovalRequired()
        return "paid"

    first = await Agent(ScriptedModel([[call("pay", amount=5), call("pay", amount=50)]]), tools=[pay]).run("Pay.")
    agent = Agent(ScriptedModel(["All right."]), tools=[pay])
    result = await agent.run("Never mind.", message_history=stored(first))
    assert told(result) == [("paid", False), ("This call was not run.", True)]


async def test_a_tool_that_may_ask_does_not_begin_early():
    begun = []

    async def reply(request):
        assert request.early is None
        return [call("look", at=1), call("peek", at=1)] if len(request.messages) == 1 else "Done."

    agent = Agent(FunctionModel(reply), model_settings=ModelSettings(early_tools=EarlyTools()))
    agent.tool_plain(name="look", read_only=True, requires_approval=lambda ctx, a: False)(lambda at: begun.append(at))
    agent.tool_plain(name="peek", read_only=True, min_certainty=0.0)(lambda at: begun.append(at))
    assert (await agent.run("Go.")).stop_reason == "finished"
    assert begun == [1, 1]


async def test_cancelling_while_a_person_is_thought_of_begins_no_tool():
    token = CancellationToken()

    async def asks(ctx, arguments) -> bool:
        token.cancel()
        return False

    agent = Agent(ScriptedModel([call("pay")]))
    agent.tool_plain(name="pay", requires_approval=asks)(lambda: pytest.fail("it began"))
    with pytest.raises(RunCancelled):
        async with agent.run_stream_events("Go.", cancellation_token=token) as events:
            async for event in events:
                assert not isinstance(event, ToolCallStarted)


@pytest.mark.parametrize("options", [{"requires_approval": "always"}, {"min_certainty": 1.5}, {"min_certainty": -1}])
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(ToolDefinitionError):
        tool(**options)(lambda: None)
