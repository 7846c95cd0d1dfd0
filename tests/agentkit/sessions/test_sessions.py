"""What a session keeps, and how runs go on from it: the same for every kind of session."""

import logging
from contextlib import suppress

import anyio
import pytest
from pydantic import BaseModel

from agentkit import (
    Agent,
    AssistantMessage,
    CancellationToken,
    DeferredToolResults,
    MemorySession,
    ModelError,
    ModelRetry,
    ModelSettings,
    OutcomeUnknown,
    RunCancelled,
    SessionConflict,
    SqliteSession,
    SystemMessage,
    ToolApproved,
    ToolCallFinished,
    ToolCallPart,
    ToolFailed,
    ToolMessage,
    UsageLimitExceeded,
    UsageLimits,
    UserError,
    UserMessage,
    messages_to_json,
    tool,
)
from agentkit.sessions import Session
from agentkit.sessions.entries import AnswerEntry, BegunEntry, MessagesEntry
from agentkit.testing import FunctionModel, ScriptedModel, bad_call, call
from tests.agentkit.sessions.cutting import BEGUN, Fragile, Killed

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "sqlite"])
def session(request, tmp_path) -> Session:
    return MemorySession() if request.param == "memory" else SqliteSession(tmp_path / "sessions.db", "ada")


def told(messages) -> list:
    answers = [answer for message in messages if isinstance(message, ToolMessage) for answer in message.results]
    return [(answer.content, answer.is_error) for answer in answers]


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


# -- conversations


async def test_a_conversation_is_gone_on_with(session):
    model = ScriptedModel([call("add", a=1, b=2), "It is 3.", "It was 3."])
    agent = Agent(model, tools=[add], instructions="Be brief.")
    first = await agent.run("1 + 2?", session=session)
    second = await agent.run("What was it?", session=session)
    assert second.output == "It was 3."
    assert second.all_messages() == await session.messages()
    assert second.all_messages()[:4] == first.all_messages()
    assert second.new_messages() == second.all_messages()[4:]
    assert model.requests[2].messages[1:] == second.all_messages()[:-1]


async def test_whatever_is_said_is_kept_as_it_was(session):
    odd = bad_call("add", 'call:add{a:<|"|>', "the string is not closed")
    sure = ToolCallPart("add", {"a": 1, "b": 2}, id="", certainty={"a": 0.5})
    agent = Agent(ScriptedModel([[odd, sure], "Naïve 😀\u2028"]), tools=[add])
    result = await agent.run("Nul\x00 \u200b", session=session)
    assert messages_to_json(await session.messages()) == messages_to_json(result.all_messages())
    assert (await session.messages())[1].calls[1].certainty == {"a": 0.5}


async def test_a_prompt_that_is_no_unicode_is_kept_as_far_as_it_is(session):
    result = await Agent(ScriptedModel(["Hello."])).run("Hi \ud800there", session=session)
    assert result.all_messages()[0] == UserMessage("Hi ?there")
    assert await session.messages() == result.all_messages()


async def test_what_is_nested_too_deeply_is_told_and_not_kept(session):
    def nest(levels: int) -> object:
        return [nest(levels - 1)] if levels else []

    def look(value: object) -> str:
        return "seen"

    model = ScriptedModel([[call("nest", levels=200), call("look", value=nest(300))], "That is too deep."])
    result = await Agent(model, tools=[nest, look]).run("Go.", session=session)
    assert told(result.all_messages()) == [
        ("The tool ran, but its result can't be shown: list: nested too deeply, more than 64 levels.", True),
        ("The call could not be read: the arguments are nested too deeply, more than 64 levels", True),
    ]
    assert result.all_messages()[1].calls[1].arguments is None
    assert await session.messages() == result.all_messages()


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ToolFailed("no caf\udce9"), "no caf?"),
        (ToolFailed(KeyError("tea")), "'tea'"),
        (ModelRetry("no caf\udce9"), "no caf?"),
        (ModelRetry(5), "5"),
        (ValueError("no caf\udce9"), "The tool failed: ValueError: no caf?"),
        (Speechless(), "The tool failed: Speechless"),
    ],
)
async def test_whatever_a_tool_raises_is_told_and_kept(session, error, words, caplog):
    caplog.set_level(logging.CRITICAL, "agentkit")  # what is logged of surrogates no test report can hold

    def brew() -> str:
        raise error

    result = await Agent(ScriptedModel([call("brew"), "No coffee."]), tools=[brew]).run("Coffee!", session=session)
    assert (result.output, told(result.all_messages())) == ("No coffee.", [(words, True)])
    assert await session.messages() == result.all_messages()


async def test_whatever_refuses_an_answer_is_told_and_kept(session):
    agent = Agent(ScriptedModel(["Tea.", "Coffee."]))

    @agent.output_validator
    def check(text: str) -> str:
        if text == "Tea.":
            raise ModelRetry("no caf\udce9")
        return text

    result = await agent.run("Coffee!", session=session)
    assert result.all_messages()[2] == UserMessage("no caf?", is_retry=True)
    assert await session.messages() == result.all_messages()


async def test_usage_adds_up_over_runs(session):
    agent = Agent(FunctionModel(lambda request: "Yes."))
    for _ in range(3):
        await agent.run("?", session=session)
    usage = await session.usage()
    assert (usage.turns, usage.canvases) == (3, 3)
    assert usage.seconds > 0


async def test_a_session_has_limits_of_its_own(session):
    session.usage_limits = UsageLimits(turns=2)
    agent = Agent(FunctionModel(lambda request: "Yes."))
    stops = [(await agent.run("?", session=session)).stop_reason for _ in range(3)]
    assert stops == ["finished", "finished", "usage_limit"]
    assert (await session.usage()).turns == 2


async def test_what_a_run_spent_before_it_raised_counts(session):
    session.usage_limits = UsageLimits(turns=2)
    agent = Agent(FunctionModel(lambda request: ModelError("no power")))
    with pytest.raises(ModelError):
        await agent.run("?", session=session)
    with pytest.raises(ModelError):
        await agent.run(None, session=session)
    assert (await agent.run(None, session=session)).stop_reason == "usage_limit"
    assert (await session.usage()).turns == 2


async def test_the_time_of_a_session_runs_out(session):
    session.usage_limits = UsageLimits(seconds=0.2)
    begun = []

    async def wait() -> None:
        begun.append(1)
        await anyio.sleep_forever()

    agent = Agent(FunctionModel(lambda request: call("wait")), tools=[wait])
    for _ in range(2):
        with anyio.fail_after(30):
            result = await agent.run("Wait.", session=session)
        assert (result.stop_reason, result.stop_detail) == ("usage_limit", "seconds")
    assert begun == [1]
    assert (await session.usage()).seconds >= 0.2


async def test_history_comes_from_one_place(session):
    with pytest.raises(UserError, match="Without a prompt"):
        await Agent(ScriptedModel([])).run(None, session=session)
    assert await session.read() == ()
    await Agent(ScriptedModel(["Hi."])).run("?", session=session)
    with pytest.raises(UserError, match="has its own history: leave out message_history"):
        await Agent(ScriptedModel([])).run("?", session=session, message_history=[UserMessage("?")])


async def test_a_new_session_may_begin_with_a_history(session):
    history = [SystemMessage("Be rude."), UserMessage("I am Ada."), AssistantMessage("Hello Ada.")]
    with pytest.raises(UserError, match="names none"):
        settings = ModelSettings(tool_choice="sing")
        await Agent(ScriptedModel([])).run("?", session=session, message_history=history, model_settings=settings)
    assert await session.read() == (), "what was refused is not written"
    model = ScriptedModel(["You are Ada.", "Still Ada."])
    agent = Agent(model, instructions="Be kind.")
    first = await agent.run("Who am I?", session=session, message_history=history)
    assert await session.messages() == first.all_messages()
    assert [message.text for message in await session.messages()][:2] == ["I am Ada.", "Hello Ada."]
    assert (await agent.run("And now?", session=session)).output == "Still Ada."
    assert len(model.requests[1].messages) == 1 + 5


async def test_a_history_that_waits_for_a_person_goes_on_in_a_session(session):
    @tool(requires_approval=True)
    def pay(amount: int) -> str:
        return f"{amount} paid"

    waits = await Agent(ScriptedModel([call("pay", amount=5)]), tools=[pay]).run("Pay.")
    with pytest.raises(UserError, match="decides about call_9"):
        await Agent(ScriptedModel([]), tools=[pay]).run(
            None,
            session=session,
            message_history=waits.all_messages(),
            deferred_tool_results=DeferredToolResults({"call_9": True}),
        )
    decisions = DeferredToolResults({waiting.id: True for waiting in waits.pending_calls})
    paid = await Agent(ScriptedModel(["Done."]), tools=[pay]).run(
        None, session=session, message_history=waits.all_messages(), deferred_tool_results=decisions
    )
    assert [done.result.content for done in paid.tool_calls] == ["5 paid"]
    assert await session.messages() == paid.all_messages()


async def test_everything_is_written_before_anything_rests_on_it(session):
    seen = []

    async def look(what) -> None:
        state = await session.state()
        calls = [c.id for m in state.messages if isinstance(m, AssistantMessage) for c in m.calls]
        seen.append((what, len(state.messages), calls, sorted(state.begun)))

    async def reply(request):
        await look("model")
        return call("step") if len(request.messages) < 3 else "Done."

    async def step() -> str:
        await look("tool")
        return "stepped"

    await Agent(FunctionModel(reply), tools=[step]).run("Go.", session=session)
    assert seen == [
        ("model", 1, [], []),
        ("tool", 2, ["call_1"], ["call_1"]),
        ("model", 3, ["call_1"], []),
    ]
    kinds = [entry.kind for entry in await session.read() if entry.kind != "usage"]
    calling = ["messages", "canvas", "messages", "begun", "answer", "messages", "counts"]
    assert kinds == [*calling, "canvas", "messages", "stop"]


async def test_one_run_writes_at_a_time(session):
    started, release = anyio.Event(), anyio.Event()

    async def reply(request):
        started.set()
        await release.wait()
        return "First."

    async def first() -> None:
        await Agent(FunctionModel(reply)).run("One.", session=session)

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        await started.wait()
        with pytest.raises(SessionConflict, match=r"ession.* is being written by another run\. Wait until"):
            await Agent(ScriptedModel(["Second."])).run("Two.", session=session)
        release.set()
    assert [message.text for message in await session.messages()] == ["One.", "First."]
    await Agent(ScriptedModel(["Second."])).run("Two.", session=session)
    assert len(await session.messages()) == 4


# -- runs that ended before their end


async def interrupted(session: Session, entries: int, script, tools) -> Agent:
    """Runs until so many entries are written, and then no further."""
    with pytest.raises(Killed):
        await Agent(ScriptedModel(script), tools=tools).run("Go.", session=Fragile(session, entries))
    return Agent(ScriptedModel([]), tools=tools)


SCRIPT = ([call("add", a=1, b=1), call("add", a=2, b=2)], "2 and 4.")


@pytest.mark.parametrize("entries", range(12))
async def test_a_run_goes_on_wherever_it_was_cut_off(session, entries):
    done = []

    def add(a: int, b: int) -> int:
        done.append(a)
        return a + b

    add = tool(idempotent=True)(add)
    try:
        await interrupted(session, entries, SCRIPT, [add])
    except pytest.fail.Exception:
        assert entries >= 9  # it got to its end
    finished = {id for id, answer in (await session.state()).answers.items() if isinstance(answer, AnswerEntry)}
    before = len(done)
    left = SCRIPT if not any(isinstance(m, AssistantMessage) for m in await session.messages()) else SCRIPT[1:]
    prompt = None if await session.messages() else "Go."
    result = await Agent(ScriptedModel(left), tools=[add]).run(prompt, session=session)
    assert (result.output, result.stop_reason) == ("2 and 4.", "finished")
    assert told(result.all_messages()) == [(2, False), (4, False)]
    assert len(done) - before <= 2 - len(finished)
    assert await session.messages() == result.all_messages()


async def test_a_run_that_only_was_not_told_gives_its_answer_again(session):
    first = await Agent(ScriptedModel(["Hello."])).run("Hi.", session=session)
    again = await Agent(ScriptedModel([])).run(None, session=session)
    assert (again.output, again.stop_reason, again.usage.turns) == ("Hello.", "finished", 0)
    assert again.all_messages() == first.all_messages()
    assert len(await session.messages()) == 2


class Booking(BaseModel):
    seat: str


async def test_a_typed_output_is_given_again(session):
    script = [call("final_result", seat="12A")]
    first = await Agent(ScriptedModel(script), output_type=Booking).run("Book.", session=session)
    again = await Agent(ScriptedModel([]), output_type=Booking).run(None, session=session)
    assert first.output == again.output == Booking(seat="12A")
    assert again.stop_reason == "finished"
    assert await session.messages() == again.all_messages() == first.all_messages()
    then = await Agent(ScriptedModel([call("final_result", seat="7C")]), output_type=Booking).run(
        "7C!", session=session
    )
    assert then.output == Booking(seat="7C")


@pytest.mark.parametrize("entries", range(6))
async def test_a_typed_output_comes_wherever_the_run_was_cut_off(session, entries):
    script = [call("final_result", seat="12A")]
    try:
        await Agent(ScriptedModel(script), output_type=Booking).run("Book.", session=Fragile(session, entries))
    except Killed:
        pass
    messages = await session.messages()
    left = [] if any(isinstance(message, AssistantMessage) for message in messages) else script
    agent = Agent(ScriptedModel(left), output_type=Booking)
    result = await agent.run(None if messages else "Book.", session=session)
    assert (result.output, result.stop_reason) == (Booking(seat="12A"), "finished")


async def under_way(session: Session, *tools_, prompt=None):
    """A run is cut off while its one call is under way, when nothing can be written any more; and goes on."""
    name = tools_[0].__name__ if callable(tools_[0]) else tools_[0].name
    with pytest.raises(Killed):
        await Agent(ScriptedModel([call(name)]), tools=tools_).run("Go.", session=Fragile(session, BEGUN))
    events = []
    agent = Agent(ScriptedModel(["Well."]), tools=tools_)
    async with agent.run_stream_events(prompt, session=session) as stream:
        events = [event async for event in stream]
    return events


@pytest.mark.parametrize("options", [{"idempotent": True}, {"read_only": True}])
async def test_a_call_that_was_under_way_is_run_again_if_that_does_no_harm(session, options):
    tries = []

    @tool(**options)
    async def put() -> str:
        tries.append(1)
        return "put"

    events = await under_way(session, put)
    assert len(tries) == 2
    assert told(events[-1].result.all_messages()) == [("put", False)]


@pytest.mark.parametrize("prompt", [None, "What now?"])
async def test_a_call_that_was_under_way_is_unknown_otherwise(session, prompt):
    tries = []

    @tool
    async def pay() -> str:
        tries.append(1)
        return "paid"

    events = await under_way(session, pay, prompt=prompt)
    result = events[-1].result
    assert tries == [1]
    ((content, is_error),) = told(result.all_messages())
    assert "not known whether it was carried out" in content
    assert is_error
    assert result.stop_reason == "finished"
    if prompt is None:
        (finished,) = [event for event in events if isinstance(event, ToolCallFinished)]
        assert isinstance(finished.error, OutcomeUnknown)
        assert result.usage.tool_calls == 0


async def test_an_argument_that_was_repaired_is_kept_before_its_call_runs_again(session):
    tries = []

    @tool(idempotent=True)
    def pay(amount: int) -> str:
        tries.append(amount)
        if amount > 10:
            raise ModelRetry("too much", argument="amount")
        return f"paid {amount}"

    model = ScriptedModel([call("pay", amount=50)], repairs=[{"amount": 5}])
    with pytest.raises(Killed):
        await Agent(model, tools=[pay]).run("Pay.", session=Fragile(session, BEGUN + 3))  # its answer, the turn, begun
    result = await Agent(ScriptedModel(["Paid."]), tools=[pay]).run(None, session=session)
    assert tries == [50, 5, 5]
    assert told(result.all_messages()) == [("paid 5", False)]


async def test_a_cancelled_run_is_closed_and_gone_on_with(session):
    token = CancellationToken()

    async def wait() -> None:
        token.cancel()
        await anyio.sleep_forever()

    with pytest.raises(RunCancelled) as caught:
        await Agent(ScriptedModel([call("wait")]), tools=[wait]).run("Go.", session=session, cancellation_token=token)
    assert await session.messages() == caught.value.result.all_messages()
    assert (await session.state()).stop.reason == "cancelled"
    result = await Agent(ScriptedModel(["All right."]), tools=[wait]).run("Leave it.", session=session)
    assert told(result.all_messages()) == [("The run was cancelled before this call was finished.", True)]


async def test_a_model_that_fails_leaves_a_run_that_goes_on(session):
    with pytest.raises(ModelError):
        await Agent(ScriptedModel([call("add", a=1, b=1), ModelError("no power")]), tools=[add]).run(
            "1 + 1?", session=session
        )
    result = await Agent(ScriptedModel(["2."]), tools=[add]).run(None, session=session)
    assert (result.output, told(result.all_messages())) == ("2.", [(2, False)])


async def test_a_run_that_met_a_limit_goes_on_with_a_new_one(session):
    agent = Agent(ScriptedModel([call("add", a=1, b=1), "2."]), tools=[add])
    first = await agent.run("1 + 1?", session=session, usage_limits=UsageLimits(turns=1))
    assert (first.stop_reason, (await session.state()).stop.detail) == ("usage_limit", "turns")
    second = await agent.run(None, session=session)
    assert second.output == "2."


# -- approval


@pytest.mark.parametrize("reason", ["cancelled", "usage_limit"])
async def test_an_answer_that_was_cut_off_is_written_anew(session, reason):
    model, token = ScriptedModel(["Two", "2."]), CancellationToken()
    agent = Agent(model)

    @agent.output_validator
    def check(text: str) -> str:
        if text == "Two" and reason == "usage_limit":
            raise UsageLimitExceeded("seconds", 1)
        if text == "Two":
            token.cancel()
        return text

    with suppress(RunCancelled):
        await agent.run("1 + 1?", session=session, cancellation_token=token)
    assert [message.text for message in await session.messages()] == ["1 + 1?", "Two"]
    assert (await session.state()).stop.reason == reason
    result = await agent.run(None, session=session)
    assert (result.stop_reason, result.output, result.new_messages()) == ("finished", "2.", result.all_messages()[1:])
    assert model.requests[1].messages == model.requests[0].messages
    assert await session.messages() == result.all_messages()


async def test_decisions_are_kept_before_a_call_runs(session):
    paid = []

    @tool(requires_approval=True, idempotent=True)
    def pay(amount: int) -> str:
        paid.append(amount)
        return f"paid {amount}"

    first = await Agent(ScriptedModel([call("pay", amount=5)]), tools=[pay]).run("Pay.", session=session)
    assert first.stop_reason == "approval_required"
    assert await session.open_calls() == first.pending_calls
    again = await Agent(ScriptedModel([]), tools=[pay]).run(None, session=session)
    assert again.pending_calls == first.pending_calls

    decided = DeferredToolResults({first.pending_calls[0].id: ToolApproved({"amount": 3})})
    with pytest.raises(Killed):
        agent = Agent(ScriptedModel([]), tools=[pay])
        kept = Fragile(session, 2)  # the decisions, and that the call has begun
        await agent.run(None, session=kept, deferred_tool_results=decided)
    result = await Agent(ScriptedModel(["Paid."]), tools=[pay]).run(None, session=session)
    assert paid == [3, 3]
    assert told(result.all_messages()) == [("paid 3", False)]


async def test_a_call_whose_tool_asked_is_not_unknown(session):
    from agentkit import ApprovalRequired, RunContext

    paid = []

    @tool
    def pay(ctx: RunContext) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired("Really?")
        paid.append(1)
        return "paid"

    first = await Agent(ScriptedModel([[call("pay"), call("add", a=1, b=1)]]), tools=[pay, add]).run(
        "Pay.", session=session
    )
    decided = DeferredToolResults({first.pending_calls[0].id: True})
    agent = Agent(ScriptedModel(["Paid."]), tools=[pay, add])
    result = await agent.run(None, session=session, deferred_tool_results=decided)
    assert told(result.all_messages()) == [("paid", False), (2, False)]
    assert paid == [1]
    assert await session.messages() == result.all_messages()


# -- the log


async def test_a_call_that_changed_has_no_answer_yet(session):
    def turn(amount):
        return (UserMessage("?"), AssistantMessage((ToolCallPart("pay", {"amount": amount}, "call_1"),)))

    async with session.writing() as writer:
        assert writer.entries == ()
        await writer.append([MessagesEntry(0, turn(1)), BegunEntry("call_1")])
        assert (await session.state()).begun == {"call_1"}
        await writer.append([MessagesEntry(1, turn(2)[1:])])
        assert (await session.state()).begun == set()
    assert (await session.messages()) == turn(2)
