"""Tools that begin while the model still writes: used when it ends up writing their call, discarded when not."""

from __future__ import annotations

from collections import Counter

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import (
    Agent,
    ApprovalRequired,
    AssistantMessage,
    CancellationToken,
    EarlyTools,
    ModelError,
    ModelRetry,
    ModelSettings,
    RunCancelled,
    RunContext,
    RunFinished,
    Tool,
    ToolCallDiscarded,
    ToolCallFinished,
    ToolCallStarted,
    ToolFailed,
    ToolMessage,
    UsageLimits,
    UserError,
    tool,
)
from agentkit.testing import FunctionModel, ScriptedModel, call

pytestmark = pytest.mark.anyio


class EagerModel(ScriptedModel):
    """Offers calls before it replies with its next turn, in between it writes for a while."""

    def __init__(self, script, *, offers, repairs=(), writing=anyio.wait_all_tasks_blocked) -> None:
        super().__init__(script, repairs=repairs)
        self.offers = list(offers)
        self.writing = writing

    async def reply(self, request):
        offers, self.offers = self.offers, []
        for offered in offers:
            request.early(offered)
        await self.writing()
        return await super().reply(request)


class Shelf:
    """Tools that look at something, and note what became of each look."""

    def __init__(self) -> None:
        self.begun: list[object] = []
        self.ended: list[object] = []
        self.stopped: list[object] = []
        self.release = anyio.Event()
        self.release.set()

    @tool(read_only=True)
    async def look(self, at: int | float | bool) -> str:
        """Look at something."""
        self.begun.append(at)
        try:
            await self.release.wait()
            await checkpoint()
        except BaseException:
            self.stopped.append(at)
            raise
        self.ended.append(at)
        return f"seen {at}"

    @tool(sequential=True)
    async def move(self) -> str:
        """Move everything."""
        assert len(self.begun) == len(self.ended) + len(self.stopped)
        self.begun.append("move")
        await checkpoint()
        self.ended.append("move")
        return "moved"


async def run(model, *tools, **options):
    """The events of a run and its result."""
    async with Agent(model, tools=tools, **options).run_stream_events("Go.") as stream:
        events = [event async for event in stream]
    assert isinstance(events[-1], RunFinished)
    return events, events[-1].result


def told(result) -> list:
    messages = [message for message in result.new_messages() if isinstance(message, ToolMessage)]
    return [(answer.content, answer.is_error) for message in messages for answer in message.results]


def of(kind, events) -> list:
    return [(event.call.name, event.call.arguments) for event in events if isinstance(event, kind)]


# -- used


async def test_a_call_that_began_early_is_not_run_again():
    shelf = Shelf()
    model = EagerModel([call("look", at=1), "Done."], offers=[call("look", at=1)])
    events, result = await run(model, shelf.look)
    assert told(result) == [("seen 1", False)]
    assert shelf.begun == shelf.ended == [1]
    assert of(ToolCallStarted, events) == of(ToolCallFinished, events) == [("look", {"at": 1})]
    assert of(ToolCallDiscarded, events) == []
    assert (result.stop_reason, result.usage.tool_calls) == ("finished", 1)


async def test_its_tool_runs_while_the_model_writes():
    shelf = Shelf()
    seen = []

    async def writing() -> None:
        await anyio.wait_all_tasks_blocked()
        seen.append(list(shelf.ended))

    model = EagerModel([call("look", at=1), "Done."], offers=[call("look", at=1)], writing=writing)
    await Agent(model, tools=[shelf.look]).run("Go.")
    assert seen[0] == [1]


async def test_a_call_that_is_still_under_way_is_waited_for():
    shelf = Shelf()
    shelf.release = anyio.Event()

    @tool
    async def release() -> None:
        shelf.release.set()

    model = EagerModel([[call("look", at=1), call("release")], "Done."], offers=[call("look", at=1)])
    _, result = await run(model, shelf.look, release)
    assert told(result) == [("seen 1", False), (None, False)]
    assert shelf.begun == [1]


async def test_the_id_it_began_with_is_its_id():
    ids = []

    @tool(read_only=True)
    def look(ctx: RunContext) -> None:
        ids.append(ctx.tool_call_id)

    model = EagerModel([[call("other"), call("look")], "Done."], offers=[call("look")])
    events, result = await run(model, look)
    asked = next(message for message in result.all_messages() if isinstance(message, AssistantMessage))
    started, *_, finished = [e for e in events if isinstance(e, ToolCallStarted | ToolCallFinished)]
    assert ids == [started.call.id] == [asked.calls[1].id] == [finished.call.id] == [finished.result.call_id]
    assert len({part.id for part in asked.calls}) == 2


async def test_each_is_used_once():
    shelf = Shelf()
    model = EagerModel([[call("look", at=1)] * 3, call("look", at=1), "Done."], offers=[call("look", at=1)] * 2)
    _, result = await run(model, shelf.look)
    assert told(result) == [("seen 1", False)] * 4
    assert shelf.begun == [1] * 4
    assert result.usage.tool_calls == 4


@pytest.mark.parametrize(
    ("error", "content"),
    [
        (ToolFailed("closed"), "closed"),
        (ModelRetry("no"), "no"),
        (OSError("gone"), "The tool failed: OSError: gone"),
    ],
)
async def test_an_early_failure_is_told_like_any_other(error, content):
    @tool(read_only=True)
    def look() -> None:
        raise error

    model = EagerModel([call("look"), "Done."], offers=[call("look")])
    _, result = await run(model, look)
    assert told(result) == [(content, True)]
    assert [finished.error for finished in result.tool_calls] == [error]


async def test_a_tool_that_asks_for_approval_early_asks_for_it():
    @tool(read_only=True)
    def look() -> None:
        raise ApprovalRequired

    _, result = await run(EagerModel([call("look")], offers=[call("look")]), look)
    assert result.stop_reason == "approval_required"
    assert [pending.name for pending in result.pending_calls] == ["look"]


async def test_an_argument_that_the_tool_refuses_is_repaired_and_run():
    begun = []

    @tool(read_only=True)
    def look(at: int) -> int:
        begun.append(at)
        if at == 1:
            raise ModelRetry("not there", argument="at")
        return at

    model = EagerModel([call("look", at=1), "Done."], offers=[call("look", at=1)], repairs=[{"at": 2}])
    _, result = await run(model, look)
    assert told(result) == [(2, False)]
    assert begun == [1, 2]


# -- discarded


@pytest.mark.parametrize("written", [call("look", at=2), call("look", at=True), call("look", at=1.0), "I won't."])
async def test_a_call_that_the_model_did_not_make_is_stopped_first(written):
    shelf = Shelf()
    shelf.release = anyio.Event()

    @tool
    async def stopped() -> list[object]:
        shelf.release.set()
        return list(shelf.stopped)

    model = EagerModel([[call("stopped"), written], "Done."], offers=[call("look", at=1)])
    events, result = await run(model, shelf.look, stopped)
    (discarded,) = [event for event in events if isinstance(event, ToolCallDiscarded)]
    assert (discarded.call.name, discarded.call.arguments) == ("look", {"at": 1})
    assert discarded.call.id not in [finished.call.id for finished in result.tool_calls]
    assert told(result)[0] == ([1], False)
    assert result.usage.tool_calls == len(of(ToolCallStarted, events)) == len(shelf.begun) + 1


async def test_a_finished_result_that_nobody_asked_for_is_dropped():
    shelf = Shelf()
    events, result = await run(EagerModel(["Hello."], offers=[call("look", at=1)]), shelf.look)
    assert shelf.ended == [1]
    assert of(ToolCallDiscarded, events) == [("look", {"at": 1})]
    assert result.tool_calls == ()
    assert "seen" not in repr(result.all_messages())


async def test_a_turn_that_waits_for_approval_uses_nothing():
    shelf = Shelf()

    @tool(requires_approval=True)
    def pay() -> None:
        raise AssertionError

    model = EagerModel([[call("look", at=1), call("pay")]], offers=[call("look", at=1)])
    events, result = await run(model, shelf.look, pay)
    assert result.stop_reason == "approval_required"
    assert of(ToolCallDiscarded, events) == [("look", {"at": 1})]
    assert of(ToolCallFinished, events) == []


async def test_what_follows_a_sequential_call_runs_after_it():
    shelf = Shelf()
    turn = [call("look", at=1), call("move"), call("look", at=2)]
    model = EagerModel([turn, "Done."], offers=[call("look", at=2), call("look", at=1)])
    events, result = await run(model, shelf.look, shelf.move)
    assert told(result) == [("seen 1", False), ("moved", False), ("seen 2", False)]
    assert sorted(shelf.begun[:2]) == [1, 2]
    assert shelf.begun[2:] == ["move", 2]
    assert of(ToolCallDiscarded, events) == [("look", {"at": 2})]


# -- never begun


@pytest.mark.parametrize(
    "offered",
    [call("write"), call("pay"), call("lock"), call("look", at="?"), call("look"), call("nothing")],
    ids=lambda offered: f"{offered.name}{offered.arguments}",
)
async def test_only_a_valid_call_of_a_harmless_tool_begins_early(offered):
    shelf, begun = Shelf(), []

    def note() -> None:
        begun.append(offered.name)

    others = [
        Tool(note, name="write"),
        Tool(note, name="pay", read_only=True, requires_approval=True),
        Tool(note, name="lock", read_only=True, sequential=True),
    ]
    events, result = await run(EagerModel(["Done."], offers=[offered]), shelf.look, *others)
    assert begun == shelf.begun == of(ToolCallStarted, events) == []
    assert result.usage.tool_calls == 0


async def test_nothing_is_asked_for_where_no_tool_could_begin():
    def write() -> None:
        pass

    model = ScriptedModel(["Done."] * 3)
    await Agent(model, tools=[write]).run("Go.")
    await Agent(model, tools=[Shelf().look], model_settings=ModelSettings(tool_choice="none")).run("Go.")
    await Agent(model, tools=[Shelf().look]).run("Go.")
    assert [request.early is None for request in model.requests] == [True, True, False]


async def test_no_more_begin_than_may_run_side_by_side():
    shelf = Shelf()
    shelf.release = anyio.Event()
    begun = []

    async def writing() -> None:
        await anyio.wait_all_tasks_blocked()
        begun.append(len(shelf.begun))
        shelf.release.set()

    turn = [call("look", at=n) for n in range(5)]
    _, result = await run(EagerModel([turn, "Done."], offers=turn, writing=writing), shelf.look, max_parallel_tools=2)
    assert begun[0] == 2
    assert told(result) == [(f"seen {n}", False) for n in range(5)]


async def test_an_offer_after_the_turn_is_too_late():
    shelf, kept = Shelf(), []

    def reply(request):
        for early in kept:
            early(call("look", at=1))
        kept.append(request.early)
        return call("look", at=2) if len(kept) < 3 else "Done."

    _, result = await run(FunctionModel(reply), shelf.look)
    assert shelf.begun == [2, 2]
    assert result.stop_reason == "finished"


# -- limits and ends


async def test_early_calls_are_paid_for_when_they_begin():
    shelf = Shelf()
    limits = UsageLimits(tool_calls=2)
    turn = [call("look", at=1), call("look", at=2)]
    events, result = await run(
        EagerModel([turn, "Done."], offers=[*turn, call("look", at=3)]), shelf.look, usage_limits=limits
    )
    assert (result.stop_reason, result.usage.tool_calls) == ("finished", 2)
    assert sorted(shelf.begun) == [1, 2]
    assert of(ToolCallDiscarded, events) == []


async def test_a_discarded_call_is_paid_for_as_well():
    shelf = Shelf()
    model = EagerModel([call("look", at=2), "Done."], offers=[call("look", at=1)])
    _, result = await run(model, shelf.look, usage_limits=UsageLimits(tool_calls=1))
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "tool_calls")
    assert (shelf.begun, result.usage.tool_calls) == ([1], 1)
    assert [is_error for _, is_error in told(result)] == [True]


async def test_a_discarded_call_is_not_the_one_that_was_required():
    model = EagerModel([call("look", at="?"), call("look", at=2), "Done."], offers=[call("look", at=1)])
    await Agent(model, tools=[Shelf().look], model_settings=ModelSettings(tool_choice="required")).run("Go.")
    assert [request.settings.tool_choice for request in model.requests] == ["required", "required", "auto"]


async def test_a_run_out_of_time_stops_them():
    shelf = Shelf()
    shelf.release = anyio.Event()
    model = EagerModel(["Done."], offers=[call("look", at=1)], writing=anyio.sleep_forever)
    _, result = await run(model, shelf.look, usage_limits=UsageLimits(seconds=0.05))
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "seconds")
    assert shelf.stopped == [1]


async def test_a_model_that_fails_stops_them():
    shelf = Shelf()
    shelf.release = anyio.Event()
    model = EagerModel([ModelError("out of order")], offers=[call("look", at=1)])
    with pytest.raises(ModelError, match="out of order"):
        await Agent(model, tools=[shelf.look]).run("Go.")
    assert shelf.begun == shelf.stopped == [1]


async def test_a_model_that_fails_at_once_begins_none():
    def reply(request):
        request.early(call("look", at=1))
        raise ModelError("out of order")

    shelf = Shelf()
    with pytest.raises(ModelError, match="out of order"):
        await Agent(FunctionModel(reply), tools=[shelf.look]).run("Go.")
    assert shelf.begun == []


async def test_a_cancelled_run_stops_them():
    shelf, token = Shelf(), CancellationToken()
    shelf.release = anyio.Event()

    async def writing() -> None:
        await anyio.wait_all_tasks_blocked()
        token.cancel()
        model.late(call("look", at=2))
        await anyio.sleep_forever()

    class Late(EagerModel):
        async def reply(self, request):
            self.late = request.early
            return await super().reply(request)

    model = Late(["Done."], offers=[call("look", at=1)], writing=writing)
    with pytest.raises(RunCancelled) as caught:
        await Agent(model, tools=[shelf.look]).run("Go.", cancellation_token=token)
    assert shelf.begun == shelf.stopped == [1]
    assert caught.value.result is not None
    assert caught.value.result.usage.tool_calls == 1


async def test_none_begins_after_run_cancelled_wherever_it_strikes():
    async def cancelled_after(ticks: int, shelf: Shelf) -> bool:
        token = CancellationToken()

        async def cancel() -> None:
            for _ in range(ticks):
                await checkpoint()
            token.cancel()

        turn = [call("look", at=1), call("look", at=2)]
        model = EagerModel([turn, "Done."], offers=[turn[0], call("look", at=3)], writing=checkpoint)
        async with anyio.create_task_group() as group:
            group.start_soon(cancel)
            try:
                await Agent(model, tools=[shelf.look]).run("Go.", cancellation_token=token)
            except RunCancelled as error:
                assert error.result is not None
                assert error.result.usage.tool_calls == len(shelf.begun)
                return True
            finally:
                group.cancel_scope.cancel()
        return False

    for ticks in range(400):
        shelf = Shelf()
        struck = await cancelled_after(ticks, shelf)
        begun = list(shelf.begun)
        for _ in range(10):
            await checkpoint()
        assert shelf.begun == begun
        assert Counter(shelf.ended) + Counter(shelf.stopped) == Counter(begun)
        if not struck:
            break
    assert 10 < ticks < 399


# -- whatever is offered

places = st.integers(0, 2)


@settings(deadline=None, max_examples=50)
@given(offered=st.lists(places, max_size=4), written=st.lists(st.lists(places, max_size=3), min_size=1, max_size=3))
def test_whatever_is_offered_the_conversation_is_the_same(offered, written):
    async def compare() -> None:
        script = [*([call("look", at=at) for at in turn] or ["Hm."] for turn in written), "Done."]
        shelf, other = Shelf(), Shelf()
        model = EagerModel(script, offers=[call("look", at=at) for at in offered])
        events, early = await run(model, shelf.look)
        _, plain = await run(ScriptedModel(script), other.look)
        assert (early.output, told(early)) == (plain.output, told(plain))
        began = {event.call.id for event in events if isinstance(event, ToolCallStarted)}
        finished = [event.call.id for event in events if isinstance(event, ToolCallFinished)]
        discarded = [event.call.id for event in events if isinstance(event, ToolCallDiscarded)]
        assert sorted(began) == sorted(finished + discarded)
        assert early.usage.tool_calls == len(began) == len(shelf.begun)

    anyio.run(compare)


@pytest.mark.parametrize("wrong", [{"steps": -1}, {"certainty": -0.1}, {"certainty": float("nan")}])
def test_rules_that_cannot_be_are_refused(wrong):
    with pytest.raises(UserError, match="EarlyTools"):
        EarlyTools(**wrong)
    with pytest.raises(UserError, match="early_tools"):
        ModelSettings(early_tools=True)  # type: ignore[arg-type]


async def test_a_call_whose_tool_wrote_in_its_arguments_is_not_run_again():
    begun = []
    schema = {"type": "object", "properties": {"items": {"type": "array"}}, "required": ["items"]}

    def look(items: list) -> str:
        begun.append(list(items))
        items.append("more")
        return "seen"

    looking = Tool.from_schema(look, name="look", description="Look.", json_schema=schema, read_only=True)
    model = EagerModel([call("look", items=["a"]), "done"], offers=[call("look", items=["a"])])
    _, result = await run(model, looking, model_settings=ModelSettings(early_tools=EarlyTools()))
    assert (begun, told(result), result.usage.tool_calls) == ([["a"]], [("seen", False)], 1)
