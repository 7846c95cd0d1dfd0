"""Functions that end a run have effects: none of them is carried out twice, and what it made is not lost."""

import logging
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import anyio
import pytest
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
    SqliteSession,
    ToolFailed,
    ToolMessage,
    ToolOutput,
    UsageLimits,
    UserError,
    tool,
)
from agentkit.testing import ScriptedModel, call
from tests.agentkit.sessions.cutting import BEGUN, Fragile, Killed

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "sqlite"])
def session(request, tmp_path):
    return MemorySession() if request.param == "memory" else SqliteSession(tmp_path / "sessions.db", "ada")


@dataclass
class Ticket:
    number: int
    day: date


def told(messages) -> list:
    answers = [answer for message in messages if isinstance(message, ToolMessage) for answer in message.results]
    return [(answer.content, answer.is_error) for answer in answers]


class Desk:
    def __init__(self) -> None:
        self.sold: list[int] = []

    def sell(self, number: int) -> Ticket:
        """Sell a ticket."""
        self.sold.append(number)
        return Ticket(number, date(2026, 5, 1))


@pytest.mark.parametrize("entries", range(8))
async def test_a_function_that_has_finished_does_not_run_again(session, entries):
    desk, script = Desk(), [call("sell", number=7)]
    try:
        await Agent(ScriptedModel(script), output_type=desk.sell).run("Sell.", session=Fragile(session, entries))
    except Killed:
        pass
    messages = await session.messages()
    unknown = len(desk.sold) == 1 and not (await session.state()).outputs
    left = [call("sell", number=8)] if unknown else script if len(messages) < 2 else []
    result = await Agent(ScriptedModel(left), output_type=desk.sell).run(None if messages else "Sell.", session=session)
    assert (result.output, result.stop_reason) == (Ticket(desk.sold[-1], date(2026, 5, 1)), "finished")
    assert desk.sold == ([7, 8] if unknown else [7])
    if unknown:  # it was killed before anything could be written down
        (content, is_error), _ = told(result.all_messages())
        assert "not known whether it was carried out" in content and is_error


async def test_a_function_that_was_under_way_runs_again_if_that_does_no_harm(session):
    tries = []

    @tool(idempotent=True)
    def keep(note: str) -> str:
        tries.append(note)
        return note

    with pytest.raises(Killed):
        agent = Agent(ScriptedModel([call("keep", note="a")]), output_type=keep)
        await agent.run("Keep.", session=Fragile(session, BEGUN))
    result = await Agent(ScriptedModel([]), output_type=keep).run(None, session=session)
    assert (result.output, tries) == ("a", ["a", "a"])


async def test_a_function_that_raised_is_not_run_again_by_itself(session):
    tries = []

    async def send(text: str) -> str:
        tries.append(text)
        if len(tries) == 1:
            raise ConnectionError("no network")
        return text

    with pytest.raises(ConnectionError):
        await Agent(ScriptedModel([call("send", text="a")]), output_type=send).run("Send.", session=session)
    agent = Agent(ScriptedModel([call("send", text="a")]), output_type=send)
    result = await agent.run(None, session=session)
    assert tries == ["a", "a"], "the model asked for it again"
    assert told(result.all_messages())[0] == ("The tool failed: ConnectionError: no network", True)


@pytest.mark.parametrize("error", [ModelRetry("not a"), ToolFailed("not a")])
async def test_what_a_function_told_the_model_is_kept(session, error):
    async def send(text: str) -> str:
        if text == "a":
            raise error
        return text

    agent = Agent(ScriptedModel([call("send", text="a")]), output_type=send)
    with pytest.raises(Killed):
        await agent.run("Send.", session=Fragile(session, 5))
    result = await Agent(ScriptedModel([call("send", text="b")]), output_type=send).run(None, session=session)
    assert (result.output, told(result.all_messages())[0]) == ("b", ("not a", True))


async def test_validators_look_again_and_the_function_does_not_run(session):
    desk, looked = Desk(), []

    def agent(script) -> Agent:
        made = Agent(ScriptedModel(script), output_type=desk.sell)

        @made.output_validator
        def look(ticket: Ticket) -> Ticket:
            looked.append(ticket)
            if len(looked) == 1:
                raise Killed
            return ticket

        return made

    with pytest.raises(Killed):
        await agent([call("sell", number=7)]).run("Sell.", session=session)
    result = await agent([]).run(None, session=session)
    assert (result.output.number, desk.sold, len(looked)) == (7, [7], 2)
    again = await agent([]).run(None, session=session)
    assert (again.output.number, desk.sold, len(looked)) == (7, [7], 3)


async def test_a_value_that_json_cannot_hold_is_not_made_twice_either(session, caplog):
    opened = []

    def open_it(name: str):
        opened.append(name)
        return object()

    with caplog.at_level(logging.WARNING, "agentkit"):
        await Agent(ScriptedModel([call("open_it", name="a")]), output_type=open_it).run("Open.", session=session)
    assert "'open_it' gave back can't be kept" in caplog.text
    with pytest.raises(UserError, match=r"its value is lost.*idempotent=True"):
        await Agent(ScriptedModel([]), output_type=open_it).run(None, session=session)
    assert opened == ["a"]
    may_repeat = ToolOutput(open_it, idempotent=True)
    result = await Agent(ScriptedModel([]), output_type=may_repeat).run(None, session=session)
    assert (type(result.output), opened) == (object, ["a", "a"])


@pytest.mark.parametrize("limits", [None, UsageLimits(seconds=0.05)])
@pytest.mark.parametrize("waits", [True, False])
async def test_a_function_that_has_finished_is_kept_when_the_run_ends_while_a_validator_looks(session, limits, waits):
    desk, token = Desk(), CancellationToken()

    def agent(script, looks) -> Agent:
        made = Agent(ScriptedModel(script), output_type=desk.sell)
        made.output_validator(looks)
        return made

    async def cut_off(ticket: Ticket) -> Ticket:
        if limits is None:
            token.cancel()
        if waits or limits is not None:
            await anyio.sleep(60)
        return ticket

    selling = agent([call("sell", number=7)], cut_off)
    if limits is None:
        with pytest.raises(RunCancelled) as caught:
            await selling.run("Sell.", session=session, cancellation_token=token)
        result = caught.value.result
    else:
        result = await selling.run("Sell.", session=session, usage_limits=limits)
    assert result.stop_reason == ("cancelled" if limits is None else "usage_limit")
    assert told(result.all_messages()) == [("Final result processed.", False)]

    async def look(ticket: Ticket) -> Ticket:
        return ticket

    for _ in range(2):
        later = await agent([], look).run(None, session=session)
        assert (later.output.number, later.stop_reason, desk.sold) == (7, "finished", [7])
    assert (await session.state()).stop.reason == "finished"


class Doubtful:
    """A validator that says yes, and no when it is asked again about the same."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def __call__(self, output):
        if output in self.seen:
            raise ModelRetry("no longer")
        self.seen.append(output)
        return output


@pytest.mark.parametrize(
    ("output_type", "first", "second", "output"),
    [
        (str, "a", "b", "b"),
        (int, call("final_result", response=1), call("final_result", response=2), 2),
    ],
)
async def test_an_output_that_is_refused_when_it_is_looked_at_again_is_told_to_the_model(
    session, output_type, first, second, output
):
    doubtful = Doubtful()

    def agent(*script) -> Agent:
        made = Agent(ScriptedModel(script), output_type=output_type)
        made.output_validator(doubtful)
        return made

    await agent(first).run("?", session=session)
    result = await agent(second).run(None, session=session)
    assert (result.output, result.stop_reason) == (output, "finished")
    if output_type is int:
        contents = [content for content, _ in told(await session.messages())]
        assert contents == ["/response: no longer", "Final result processed."]


class Money(BaseModel):
    amount: int
    currency: str = "EUR"


@pytest.mark.parametrize(
    ("annotation", "value", "kept"),
    [
        (Money, Money(amount=3), Money(amount=3)),
        (Annotated[Money, "in cash"], Money(amount=3), Money(amount=3)),
        (list[Money] | None, [Money(amount=3)], [Money(amount=3)]),
        (tuple[int, ...], (1, 2), (1, 2)),
        (float, float("inf"), float("inf")),
        (bytes, b"\x00", b"\x00"),
        (None, None, None),
        (date | bool, True, True),
        (..., Money(amount=3), {"amount": 3, "currency": "EUR"}),
    ],
)
async def test_a_value_comes_back_as_the_type_that_is_annotated(session, annotation, value, kept):
    def make():
        return value

    if annotation is not ...:
        make.__annotations__["return"] = annotation
    first = await Agent(ScriptedModel([call("make")]), output_type=make).run("Make.", session=session)
    again = await Agent(ScriptedModel([]), output_type=make).run(None, session=session)
    assert (first.output, again.output) == (value, kept)


async def test_a_function_that_was_cancelled_is_not_run_again(session):
    token, begun = CancellationToken(), []

    async def send() -> None:
        begun.append(1)
        token.cancel()
        await anyio.sleep_forever()

    with pytest.raises(RunCancelled):
        await Agent(ScriptedModel([call("send")]), output_type=[send, str]).run(
            "Send.", session=session, cancellation_token=token
        )
    result = await Agent(ScriptedModel(["Well."]), output_type=[send, str]).run(None, session=session)
    assert (result.output, begun) == ("Well.", [1])
    assert told(result.all_messages()) == [("The run was cancelled before this call was finished.", True)]


async def test_a_function_that_finished_as_the_run_was_cancelled_is_kept(session):
    token = CancellationToken()

    def send() -> int:
        token.cancel()
        return 3

    with pytest.raises(RunCancelled):
        await Agent(ScriptedModel([call("send")]), output_type=send).run(
            "Send.", session=session, cancellation_token=token
        )
    assert (await session.state()).stop.reason == "cancelled"


async def test_a_tool_that_speaks_as_an_output_does_has_made_none(session):
    fetched, paid = [], []

    def fetch() -> str:
        fetched.append("page")
        return "Final result processed."

    @tool
    def pay(context: RunContext) -> str:
        if not context.tool_call_approved:
            raise ApprovalRequired()
        paid.append("once")
        return "paid"

    agent = Agent(ScriptedModel([[call("fetch"), call("pay")], call("fetch"), "done"]), tools=[fetch, pay])
    (waits,) = (await agent.run("Pay.", session=session)).pending_calls
    decided = DeferredToolResults({waits.id: True})
    limit = UsageLimits(turns=1)
    stopped = await agent.run(None, session=session, deferred_tool_results=decided, usage_limits=limit)
    assert (stopped.stop_reason, paid) == ("usage_limit", ["once"])
    result = await agent.run(None, session=session)
    assert (result.output, result.stop_reason) == ("done", "finished")
    assert told(result.all_messages())[-1] == ("Final result processed.", False)
    assert (len(fetched), paid) == (2, ["once"])
