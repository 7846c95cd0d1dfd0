"""A person is asked about the calls of agents that other agents ask, and the outer run waits for the answer."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import pytest

from agentkit import (
    Agent,
    ApprovalRequired,
    CancellationToken,
    DeferredToolResults,
    Handoff,
    Hooks,
    MemorySession,
    ModelRetry,
    RunCancelled,
    RunContext,
    SqliteSession,
    ToolApproved,
    ToolDenied,
    ToolFailed,
    ToolMessage,
    UserError,
    messages_from_json,
    messages_to_json,
    tool,
)
from agentkit.testing import FunctionModel, ScriptedModel, call
from tests.agentkit.sessions.cutting import Fragile, Killed

pytestmark = pytest.mark.anyio


def told(messages) -> list:
    answers = [answer for message in messages if isinstance(message, ToolMessage) for answer in message.results]
    return [(answer.content, answer.is_error) for answer in answers]


class Bank:
    """What was really done, and agents that ask each other to do it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def tools(self) -> list:
        @tool(requires_approval=True)
        def pay(amount: int) -> str:
            """Pay."""
            self.done.append(f"pay {amount}")
            return f"paid {amount}"

        @tool
        def look(word: str) -> str:
            """Look."""
            self.done.append(f"look {word}")
            return f"saw {word}"

        return [pay, look]

    def agents(self, *scripts) -> Agent:
        """Agents that ask each other, the first of them the outer one; each is a fresh one, as in a new process."""
        agent = None
        names = ["clerk", "cashier", "safe"][: len(scripts)]
        for name, script in reversed(list(zip(names, scripts, strict=True))):
            tools = self.tools() + ([agent.as_tool(description="Ask.")] if agent else [])
            agent = Agent(ScriptedModel(script), tools=tools, name=name)
        return agent


OUTER = [[call("cashier", prompt="Pay 5."), call("look", word="outside")], "It is done."]
INNER = [[call("look", word="inside"), call("pay", amount=5)], "Paid."]


async def stopped(bank: Bank, **options):
    result = await bank.agents(OUTER[:1], INNER[:1]).run("Pay.", **options)
    assert result.stop_reason == "approval_required"
    return result


async def test_the_outer_run_waits_for_the_inner_call():
    bank = Bank()
    result = await stopped(bank)
    (waits,) = result.pending_calls
    assert (waits.id, waits.name, waits.arguments) == ("call_1/call_2", "pay", {"amount": 5})
    assert result.stop_detail == "A person has to approve: pay."
    assert bank.done == ["look outside"], "nothing of the inner turn ran"


@pytest.mark.parametrize(
    ("decision", "done", "content"),
    [
        (True, ["pay 5"], "paid 5"),
        (ToolApproved({"amount": 3}), ["pay 3"], "paid 3"),
        (ToolDenied("Too much."), [], "Too much."),
        (False, [], "The tool call was denied."),
    ],
)
async def test_a_stored_conversation_goes_on_with_what_a_person_decided(decision, done, content):
    bank = Bank()
    stored = messages_to_json((await stopped(bank)).all_messages())
    bank.done.clear()
    history = messages_from_json(stored)
    agent = bank.agents(OUTER[1:], INNER[1:])
    decided = DeferredToolResults({"call_1/call_2": decision})
    result = await agent.run(None, message_history=history, deferred_tool_results=decided)
    assert (result.output, result.stop_reason) == ("It is done.", "finished")
    assert sorted(bank.done) == ["look inside", *done]
    assert told(result.all_messages()) == [("Paid.", False), ("saw outside", False)]
    (request,) = agent.tools["cashier"].agent.model.requests
    assert told(request.messages) == [
        ("saw inside", False),
        (content, content in ("Too much.", "The tool call was denied.")),
    ]
    assert all(not message.paused for message in result.all_messages() if isinstance(message, ToolMessage))


async def test_asking_again_does_nothing():
    bank = Bank()
    result = await stopped(bank)
    for _ in range(2):
        again = await bank.agents([], []).run(None, message_history=result.all_messages())
        assert (again.pending_calls, again.stop_reason) == (result.pending_calls, "approval_required")
        assert again.all_messages() == result.all_messages()
    assert bank.done == ["look outside"]


@pytest.mark.parametrize(
    ("approvals", "reason"),
    [
        ({"call_1/call_2": ToolApproved({"amount": "much"})}, r"override_args of call call_2 \(pay\): .*amount"),
        ({"call_2": True}, r"decides about call_2, but .* are open are call_1/call_2"),
        ({"call_1": True}, r"decides about call_1, but"),
        ({}, r"says nothing about call_1/call_2"),
        ({"call_1/call_2": "yes"}, "A decision is a bool"),
    ],
)
async def test_decisions_that_do_not_fit_are_refused_before_anything_runs(approvals, reason):
    bank = Bank()
    history = (await stopped(bank)).all_messages()
    bank.done.clear()
    with pytest.raises(UserError, match=reason):
        await bank.agents([], []).run(
            None, message_history=history, deferred_tool_results=DeferredToolResults(approvals)
        )
    assert bank.done == []


async def test_several_wait_at_once_at_every_depth():
    bank = Bank()
    outer = [[call("pay", amount=1), call("cashier", prompt="Pay."), call("cashier", prompt="Pay more.")]]
    inner = [[call("pay", amount=2), call("safe", prompt="Pay.")]] * 2
    safe = [call("pay", amount=3)] * 2
    first = await bank.agents(outer, [], []).run("Pay.")
    assert [waits.id for waits in first.pending_calls] == ["call_1"]

    decided = DeferredToolResults({"call_1": True})
    second = await bank.agents([], inner, []).run(
        None, message_history=first.all_messages(), deferred_tool_results=decided
    )
    assert [waits.id for waits in second.pending_calls] == ["call_2/call_1", "call_3/call_1"]
    assert bank.done == ["pay 1"]

    decided = DeferredToolResults({"call_2/call_1": True, "call_3/call_1": ToolApproved({"amount": 7})})
    third = await bank.agents([], [], safe).run(
        None, message_history=second.all_messages(), deferred_tool_results=decided
    )
    assert [waits.id for waits in third.pending_calls] == ["call_2/call_2/call_1", "call_3/call_2/call_1"]
    assert sorted(bank.done) == ["pay 1", "pay 2", "pay 7"]

    with pytest.raises(UserError, match="says nothing about call_3/call_2/call_1"):
        await bank.agents([], [], []).run(
            None,
            message_history=third.all_messages(),
            deferred_tool_results=DeferredToolResults({"call_2/call_2/call_1": True}),
        )
    wrong = {"call_2/call_2/call_1": True, "call_3/call_2/call_1": ToolApproved({})}
    with pytest.raises(UserError, match="override_args of call call_1"):
        await bank.agents([], [], []).run(
            None, message_history=third.all_messages(), deferred_tool_results=DeferredToolResults(wrong)
        )
    decided = DeferredToolResults({"call_2/call_2/call_1": ToolApproved({"amount": 9}), "call_3/call_2/call_1": False})
    result = await bank.agents(["All done."], ["Done."] * 2, ["Done."] * 2).run(
        None, message_history=third.all_messages(), deferred_tool_results=decided
    )
    assert (result.output, sorted(bank.done)) == ("All done.", ["pay 1", "pay 2", "pay 7", "pay 9"])


async def test_a_tool_that_asks_for_itself_asks_once_for_itself():
    bank = Bank()

    def agent(outer, inner) -> Agent:
        cashier = Agent(ScriptedModel(inner), tools=bank.tools(), name="cashier")
        return Agent(ScriptedModel(outer), tools=[cashier.as_tool(requires_approval=True)])

    first = await agent([call("cashier", prompt="Pay.")], []).run("Pay.")
    assert [waits.id for waits in first.pending_calls] == ["call_1"]
    decided = DeferredToolResults({"call_1": True})
    second = await agent([], [call("pay", amount=1)]).run(
        None, message_history=first.all_messages(), deferred_tool_results=decided
    )
    assert [waits.id for waits in second.pending_calls] == ["call_1/call_1"]
    decided = DeferredToolResults({"call_1/call_1": True})
    third = await agent(["Done."], ["Paid."]).run(
        None, message_history=second.all_messages(), deferred_tool_results=decided
    )
    assert (third.output, bank.done) == ("Done.", ["pay 1"])


async def test_an_agent_that_was_handed_the_conversation_goes_on():
    bank = Bank()

    def agent(outer, first, second) -> Agent:
        teller = Agent(ScriptedModel(second), tools=bank.tools(), name="teller")
        cashier = Agent(ScriptedModel(first), output_type=[str, Handoff(teller)], name="cashier")
        return Agent(ScriptedModel(outer), tools=[cashier.as_tool(description="Ask.")])

    first = await agent(OUTER[:1][0][:1], [call("transfer_to_teller")], [call("pay", amount=4)]).run("Pay.")
    (waits,) = first.pending_calls
    decided = DeferredToolResults({waits.id: ToolApproved({"amount": 2})})
    result = await agent(["Done."], [], ["Paid."]).run(
        None, message_history=first.all_messages(), deferred_tool_results=decided
    )
    assert (result.output, bank.done) == ("Done.", ["pay 2"])


# -- sessions


@pytest.fixture(params=["memory", "sqlite"])
def session(request, tmp_path):
    return MemorySession() if request.param == "memory" else SqliteSession(tmp_path / "sessions.db", "ada")


async def test_a_session_knows_what_waits(session):
    bank = Bank()
    result = await stopped(bank, session=session)
    assert await session.open_calls() == result.pending_calls
    decided = DeferredToolResults({result.pending_calls[0].id: True})
    done = await bank.agents(OUTER[1:], INNER[1:]).run(None, session=session, deferred_tool_results=decided)
    assert (done.output, await session.open_calls()) == ("It is done.", ())
    assert await session.messages() == done.all_messages()


@pytest.mark.parametrize("entries", range(14))
async def test_what_a_person_decided_survives_wherever_the_run_is_cut_off(session, entries):
    bank = Bank()
    first = await stopped(bank, session=session)
    decided = DeferredToolResults({first.pending_calls[0].id: ToolApproved({"amount": 3})})
    with suppress(Killed):
        await bank.agents(OUTER[1:], INNER[1:]).run(
            None, session=Fragile(session, entries), deferred_tool_results=decided
        )
    options = {} if entries else {"deferred_tool_results": decided}
    outer = FunctionModel(lambda request: "It is done.")
    agent = bank.agents([], INNER[1:])
    with agent.override(model=outer):
        result = await agent.run(None, session=session, **options)
    assert (result.output, result.stop_reason) == ("It is done.", "finished")
    assert told(result.all_messages()) == [("Paid.", False), ("saw outside", False)]
    assert bank.done.count("pay 3") <= 1, "it was paid twice"
    assert bank.done.count("look inside") <= 1, "it looked twice"
    told_inside = [said for request in agent.tools["cashier"].agent.model.requests for said in told(request.messages)]
    for done in ("pay 3", "look inside"):
        assert done in bank.done or any("not known" in content for content, _ in told_inside)


async def test_an_agent_that_waited_is_told_about_when_the_person_says_something_else(session):
    bank = Bank()
    await stopped(bank, session=session)
    result = await bank.agents(["All right."], []).run("Leave it.", session=session)
    assert told(result.all_messages())[0] == ("This call was not finished: it waited for a person.", True)
    assert bank.done == ["look outside"]


async def test_a_run_that_waits_can_be_cancelled_as_it_goes_on(session):
    bank, token = Bank(), CancellationToken()
    first = await stopped(bank, session=session)

    def cancel(request):
        token.cancel()
        return "Paid."

    agent = bank.agents([], [])
    decided = DeferredToolResults({first.pending_calls[0].id: True})
    with agent.tools["cashier"].agent.override(model=FunctionModel(cancel)), pytest.raises(RunCancelled):
        await agent.run(None, session=session, deferred_tool_results=decided, cancellation_token=token)
    assert bank.done.count("pay 5") == 1
    assert (await session.open_calls()) == ()


PROGRAM = """
import sys
from agentkit import Agent, DeferredToolResults, SqliteSession, ToolApproved, tool
from agentkit.testing import FunctionModel, call

@tool(requires_approval=True)
def pay(amount: int) -> str:
    print("pay", amount)
    return f"paid {amount}"

def said(request) -> str:
    return str(request.messages[-1].results[0].content)

def inner(request):
    return call("pay", amount=5) if len(request.messages) == 1 else said(request)

def outer(request):
    return call("cashier", prompt="Pay.") if len(request.messages) == 1 else said(request)

cashier = Agent(FunctionModel(inner), tools=[pay], name="cashier")
agent = Agent(FunctionModel(outer), tools=[cashier.as_tool(description="Ask.")])
session = SqliteSession(sys.argv[1], "ada")
if sys.argv[2:]:
    decided = DeferredToolResults({sys.argv[2]: ToolApproved({"amount": 3})})
    print(agent.run_sync(None, session=session, deferred_tool_results=decided).output)
else:
    print(*[waits.id for waits in agent.run_sync("Pay.", session=session).pending_calls])
"""


def test_it_goes_on_in_another_process(tmp_path):
    def process(*arguments: str) -> str:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / "sessions.db"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert process() == "call_1/call_1\n"
    assert process("call_1/call_1") == "pay 3\npaid 3\n"


# -- what else can be refused in a turn that waits


async def test_a_call_that_a_hook_refused_does_not_stand_for_a_decision():
    async def refuse(context, called):
        if called.name == "look":
            raise ToolFailed("not now")

    bank = Bank()
    agent = Agent(
        ScriptedModel([[call("look", word="a"), call("pay", amount=1)]]),
        tools=bank.tools(),
        hooks=Hooks(before_tool=refuse),
    )
    result = await agent.run("Pay.")
    assert (result.stop_reason, [waits.name for waits in result.pending_calls]) == ("approval_required", ["pay"])


@pytest.mark.parametrize("store", [lambda: None, MemorySession], ids=["messages", "session"])
async def test_a_call_whose_agent_waits_stays_as_it_was_asked(store):
    session = store()

    async def politely(context, called):
        return replace(called, arguments={"prompt": f"{called.arguments['prompt']} Please."})

    bank = Bank()
    clerk = Agent(ScriptedModel([call("pay", amount=3), "Paid."]), tools=bank.tools(), name="clerk")
    outer = ScriptedModel([call("clerk", prompt="Pay."), "Done."])
    agent = Agent(outer, tools=[clerk.as_tool()], hooks=Hooks(before_tool=politely))
    first = await agent.run("Pay.", session=session)
    decided = DeferredToolResults({waits.id: True for waits in first.pending_calls})
    history = None if session else first.all_messages()
    result = await agent.run(None, session=session, message_history=history, deferred_tool_results=decided)
    assert result.output == "Done."
    assert result.all_messages()[1].calls[0].arguments == {"prompt": "Pay. Please."}


async def test_an_inner_agent_that_asks_again_by_its_tool_waits():
    def pay(ctx: RunContext, amount: int) -> str:
        if amount > 5:
            raise ModelRetry("too much", argument="amount")
        if not ctx.tool_call_approved:
            raise ApprovalRequired("Really?")
        return "paid"

    def agent(outer, inner) -> Agent:
        cashier = Agent(ScriptedModel(inner), tools=[pay], name="cashier")
        return Agent(ScriptedModel(outer), tools=[cashier.as_tool(description="Ask.")])

    first = await agent([call("cashier", prompt="Pay.")], [call("pay", amount=9), call("pay", amount=2)]).run("Pay.")
    (waits,) = first.pending_calls
    decided = DeferredToolResults({waits.id: True})
    result = await agent(["Done."], ["Paid."]).run(
        None, message_history=first.all_messages(), deferred_tool_results=decided
    )
    assert result.output == "Done."


@pytest.mark.parametrize("kept", [True, False], ids=["session", "messages"])
@pytest.mark.parametrize(("first", "done"), [(True, ["pay 1", "pay 2"]), (False, ["pay 2"])])
async def test_an_inner_agent_asks_as_often_as_it_has_to(kept, first, done):
    bank, session = Bank(), MemorySession()
    inner = [call("pay", amount=1), call("pay", amount=2), "Both are paid."]
    agent = bank.agents([call("cashier", prompt="Pay 1 and 2."), "Done."], inner)
    result = await agent.run("Pay.", **({"session": session} if kept else {}))
    for decision in (first, True):
        (waits,) = result.pending_calls
        history = {"session": session} if kept else {"message_history": result.all_messages()}
        decided = DeferredToolResults({waits.id: decision})
        result = await agent.run(None, deferred_tool_results=decided, **history)
    assert told(result.all_messages()) == [("Both are paid.", False)]
    assert (result.output, bank.done) == ("Done.", done)


async def test_what_was_agreed_to_inside_is_asked_anew_where_its_argument_is_written_anew():
    paid, session = [], MemorySession()

    @tool(requires_approval=True)
    def pay(amount: int) -> str:
        """Pay."""
        if amount > 100:
            raise ModelRetry("too much", argument="amount")
        paid.append(amount)
        return "paid"

    inner = Agent(ScriptedModel([call("pay", amount=500), "Paid."], repairs=[{"amount": 50}]), tools=[pay])
    asking = inner.as_tool(name="cashier", description="Ask.")
    outer = Agent(ScriptedModel([call("cashier", prompt="Pay."), "Done."]), tools=[asking])
    first = await outer.run("Pay.", session=session)
    decided = DeferredToolResults({first.pending_calls[0].id: True})
    await outer.run(None, session=session, deferred_tool_results=decided)
    again = await outer.run(None, session=session)
    assert ([waits.arguments for waits in again.pending_calls], paid) == ([{"amount": 50}], [])
    result = await outer.run(None, session=session, deferred_tool_results=decided)
    assert (result.output, paid) == ("Done.", [50])
