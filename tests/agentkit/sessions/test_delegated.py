"""What agents did that another one asks is kept in that one's session, and goes on wherever the process ended."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager, suppress

import pytest

from agentkit import (
    Agent,
    AssistantMessage,
    DelegatedEvent,
    EarlyTools,
    MemorySession,
    ModelSettings,
    SessionConflict,
    SessionError,
    SqliteSession,
    ToolCallFinished,
    ToolCallStarted,
    ToolMessage,
    UsageLimits,
    tool,
)
from agentkit.sessions import SessionState
from agentkit.testing import FunctionModel, call
from tests.agentkit.sessions.cutting import BEGUN, Fragile, Killed

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "sqlite"])
def session(request, tmp_path):
    return MemorySession() if request.param == "memory" else SqliteSession(tmp_path / "sessions.db", "ada")


def told(messages) -> list:
    answers = [answer for message in messages if isinstance(message, ToolMessage) for answer in message.results]
    return [(answer.content, answer.is_error) for answer in answers]


def follows(*turns):
    """A model that goes by how far the conversation has come, as it has to in a new process."""

    def reply(request):
        return turns[sum(isinstance(message, AssistantMessage) for message in request.messages)]

    return FunctionModel(reply)


class Shop:
    """A clerk who asks a cashier who asks a safe, and what was really done."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.prompts: list[str] = []

    def tools(self) -> list:
        @tool
        def pay(amount: int) -> str:
            """Pay: not to be done twice."""
            self.done[f"pay {amount}"] += 1
            return f"paid {amount}"

        @tool(idempotent=True)
        def put(item: str) -> str:
            """Put: may be done twice."""
            self.done[f"put {item}"] += 1
            return f"{item} is there"

        return [pay, put]

    def clerk(self, **options) -> Agent:
        safe = Agent(follows([call("pay", amount=3), call("put", item="key")], "Locked."), tools=self.tools())
        cashier = Agent(
            follows([call("pay", amount=1), call("put", item="coin")], call("safe", prompt="Lock."), "Paid."),
            tools=[*self.tools(), safe.as_tool(name="safe", **options)],
        )
        return Agent(
            follows([call("cashier", prompt="Pay."), call("pay", amount=9)], call("pay", amount=2), "Done."),
            tools=[*self.tools(), cashier.as_tool(name="cashier", **options)],
        )


async def in_pieces(shop: Shop, session, entries: int, **options) -> tuple[object, int]:
    """A run whose process ends after every so many entries; the result, and how often the process ended."""
    prompt, ends = "Buy.", 0
    while True:
        with suppress(Killed):
            return await shop.clerk(**options).run(prompt, session=Fragile(session, entries)), ends
        ends += 1
        prompt = None if await session.messages() else prompt


@pytest.mark.parametrize("options", [{}, {"idempotent": True}], ids=["plain", "idempotent"])
@pytest.mark.parametrize("entries", [5, 6, 7, 8, 11, 14, 17, 20, 23, 100])
async def test_nothing_that_has_finished_is_done_again_at_any_depth(session, entries, options):
    shop = Shop()
    result, ends = await in_pieces(shop, session, entries, **options)
    assert (result.output, result.stop_reason) == ("Done.", "finished")
    assert (ends == 0) == (entries == 100)
    payments = {name: times for name, times in shop.done.items() if name.startswith("pay")}
    assert set(payments.values()) == {1}, "it was paid twice"
    assert ends or len(payments) == 4
    answers = told(result.all_messages())
    assert answers[0] == ("Paid.", False), "the agent that was asked did not get to its end"
    assert all("not known" in content for content, is_error in answers if is_error)


@pytest.mark.parametrize("cut", range(1, 30))
async def test_it_goes_on_wherever_it_was_cut_off(cut):
    shop, session = Shop(), MemorySession()
    with suppress(Killed):
        await shop.clerk().run("Buy.", session=Fragile(session, cut))
    log = await session.read()
    finished = Counter(_finished(SessionState.of(log)))
    before = shop.done.copy()
    events = []
    async with shop.clerk().run_stream_events(None, session=session) as stream:
        async for event in stream:
            events.append(event)
    assert events[-1].result.output == "Done."
    assert told(events[-1].result.all_messages())[0] == ("Paid.", False)
    again = {name for name in shop.done if before[name] and shop.done[name] > before[name]}
    assert again <= {"put coin", "put key"} - set(finished), "what was written as finished ran again"
    assert await session.messages() == events[-1].result.all_messages()
    assert SessionState.of(await session.read()).inside == {}


def _finished(state: SessionState):
    """The results that are written, of all agents whose call is open."""
    yield from (str(answer.result.content) for answer in state.answers.values())
    for log in state.inside.values():
        inner = SessionState.of(log)
        yield from (content for content, _ in told(inner.messages))
        yield from _finished(inner)


async def test_a_call_inside_that_was_under_way_is_unknown_to_whoever_made_it(session):
    asked = []

    def reply(request):
        asked.append(told(request.messages))
        return "Nobody knows." if asked[-1] else call("pay")

    def agent(fails: bool) -> Agent:
        @tool
        def pay() -> None:
            """Pay."""
            assert fails, "it was paid twice"

        cashier = Agent(FunctionModel(reply), tools=[pay])
        outer = follows(call("cashier", prompt="Pay."), "Done.")
        return Agent(outer, tools=[cashier.as_tool(name="cashier", description="Ask.")])

    with pytest.raises(Killed):
        await agent(True).run("Pay.", session=Fragile(session, 2 * BEGUN))
    async with agent(False).run_stream_events(None, session=session) as stream:
        events = [event async for event in stream]
    ((content, is_error),) = asked[-1]
    assert is_error and "not known" in content
    assert told(events[-1].result.all_messages()) == [("Nobody knows.", False)]
    started = [event.call.name for event in events if isinstance(event, ToolCallStarted)]
    inside = [event.event for event in events if isinstance(event, DelegatedEvent)]
    assert started == ["cashier"]
    assert not [event for event in inside if isinstance(event, ToolCallStarted)]
    assert [type(event.error).__name__ for event in inside if isinstance(event, ToolCallFinished)] == ["OutcomeUnknown"]


async def test_a_new_prompt_leaves_it_unknown(session):
    shop = Shop()
    with pytest.raises(Killed):
        await shop.clerk().run("Buy.", session=Fragile(session, 8))
    result = await Agent(FunctionModel(lambda request: "All right.")).run("Leave it.", session=session)
    assert "not known" in told(result.all_messages())[0][0]
    assert SessionState.of(await session.read()).inside == {}


async def test_an_agent_that_stopped_without_an_answer_is_a_failed_call_as_before(session):
    inner = Agent(FunctionModel(lambda request: ""), name="inner", usage_limits=UsageLimits(turns=1))
    outer = Agent(follows(call("inner", prompt="?"), "Alas."), tools=[inner.as_tool()])
    result = await outer.run("?", session=session)
    assert told(result.all_messages()) == [
        ("inner stopped (empty_answer): The model wrote neither text nor a call.", True)
    ]


class Failing(Fragile):
    """A session that can't be written once, after so many entries."""

    def __init__(self, session, entries: int, error: Exception) -> None:
        super().__init__(session, entries)
        self.error = error

    @asynccontextmanager
    async def writing(self):
        async with super().writing() as writer:
            append = writer.append

            async def some(entries):
                try:
                    await append(entries)
                except Killed:
                    self.left = 1_000
                    raise self.error from None

            writer.append = some
            yield writer


@pytest.mark.parametrize("error", [SessionError("The disk is full."), SessionConflict("This session")])
@pytest.mark.parametrize("entries", [5, 8, 11, 14])
async def test_a_session_that_cannot_be_written_inside_is_no_failed_call(session, entries, error):
    shop = Shop()
    with pytest.raises(type(error)):
        await shop.clerk().run("Buy.", session=Failing(session, entries, error))
    result = await shop.clerk().run(None, session=session)
    assert (result.output, told(result.all_messages())[0]) == ("Done.", ("Paid.", False))
    assert max(times for name, times in shop.done.items() if name.startswith("pay")) == 1


async def test_one_that_begins_early_is_kept_as_a_whole(session):
    inner = Agent(FunctionModel(lambda request: "3"), name="inner")

    def reply(request):
        if len(request.messages) > 1:
            return "Done."
        request.early(call("inner", prompt="?"))
        return call("inner", prompt="?")

    agent = Agent(
        FunctionModel(reply),
        tools=[inner.as_tool(read_only=True)],
        model_settings=ModelSettings(early_tools=EarlyTools()),
    )
    result = await agent.run("?", session=session)
    assert told(result.all_messages()) == [("3", False)]
    assert not [entry for entry in await session.read() if entry.kind in ("inside", "begun")]
