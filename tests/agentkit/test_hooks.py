"""Functions around a run, its canvases and its tools."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from typing import Any

import anyio
import pytest

from agentkit import (
    Agent,
    CancellationToken,
    DeferredToolResults,
    EarlyTools,
    Hooks,
    MemorySession,
    ModelRetry,
    ModelSettings,
    RunCancelled,
    Tool,
    ToolCallStarted,
    ToolFailed,
    ToolMessage,
    ToolResult,
    UsageLimits,
    UserError,
    tool,
)
from agentkit.testing import FunctionModel, ScriptedModel, call, toy_model

pytestmark = pytest.mark.anyio


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def told(result) -> list:
    messages = [message for message in result.new_messages() if isinstance(message, ToolMessage)]
    return [(answer.content, answer.is_error) for message in messages for answer in message.results]


def recording(log: list[Any]) -> Hooks:
    async def before_run(context):
        log.append(("run begins", context.messages[-1].text, context.deps))

    async def after_run(context, result):
        log.append(("run ends", result.output))

    async def before_canvas(context, index):
        log.append(("canvas begins", index))

    async def after_canvas(context, canvas):
        log.append(("canvas ends", canvas.index))

    async def before_tool(context, call):
        log.append(("tool begins", context.tool_name, call.arguments))

    async def after_tool(context, call, result):
        log.append(("tool ends", call.name, result.content))

    return Hooks(
        before_run=before_run,
        after_run=after_run,
        before_canvas=before_canvas,
        after_canvas=after_canvas,
        before_tool=before_tool,
        after_tool=after_tool,
    )


async def test_hooks_are_called_in_the_order_of_things():
    log: list[Any] = []
    agent = Agent(ScriptedModel([call("add", a=1, b=2), "3"]), tools=[add], hooks=recording(log), deps_type=str)
    result = await agent.run("1 + 2?", deps="mine")
    assert result.output == "3"
    assert log == [
        ("run begins", "1 + 2?", "mine"),
        ("canvas begins", 0),
        ("canvas ends", 0),
        ("tool begins", "add", {"a": 1, "b": 2}),
        ("tool ends", "add", 3),
        ("canvas begins", 1),
        ("canvas ends", 1),
        ("run ends", "3"),
    ]


async def test_every_canvas_of_the_engine_has_its_hooks():
    log: list[Any] = []
    hooks = replace(recording(log), before_run=None, after_run=None)
    result = await Agent(toy_model(seed=0), hooks=hooks, model_settings=ModelSettings(seed=1)).run("Write.")
    expected = [(f"canvas {word}", n) for n in range(len(result.canvases)) for word in ("begins", "ends")]
    assert log == expected
    assert len(result.canvases) > 1


async def test_a_call_can_be_changed_before_it_runs():
    async def smaller(context, call):
        return replace(call, arguments={**call.arguments, "a": "1"})

    agent = Agent(ScriptedModel([call("add", a=99, b=2), "3"]), tools=[add], hooks=Hooks(before_tool=smaller))
    async with agent.run_stream_events("?") as stream:
        events = [event async for event in stream]
    result = events[-1].result
    assert told(result) == [(3, False)]
    (started,) = [event for event in events if isinstance(event, ToolCallStarted)]
    asked = result.all_messages()[1]
    assert started.call == asked.calls[0]
    assert (asked.calls[0].arguments, asked.tokens) == ({"a": "1", "b": 2}, None)


async def test_a_changed_call_is_what_a_person_is_asked_about():
    @tool(requires_approval=True)
    def pay(amount: int) -> int:
        """Pay."""
        return amount

    async def at_most_ten(context, call):
        return replace(call, arguments={"amount": min(call.arguments["amount"], 10)})

    model = ScriptedModel([call("pay", amount=99), "Paid."])
    agent = Agent(model, tools=[pay], hooks=Hooks(before_tool=at_most_ten))
    stopped = await agent.run("Pay.")
    (waiting,) = stopped.pending_calls
    assert waiting.arguments == {"amount": 10}
    decided = DeferredToolResults({waiting.id: True})
    result = await agent.run(None, message_history=stopped.all_messages(), deferred_tool_results=decided)
    assert (result.output, result.tool_calls[0].result.content) == ("Paid.", 10)


@pytest.mark.parametrize("store", [lambda: None, MemorySession], ids=["messages", "session"])
async def test_what_a_person_agreed_to_is_not_changed_again(store):
    session = store()
    paid = []

    @tool(requires_approval=True)
    def pay(amount: int) -> None:
        """Pay."""
        paid.append(amount)

    async def with_tip(context, call):
        return replace(call, arguments={"amount": call.arguments["amount"] + 1})

    agent = Agent(ScriptedModel([call("pay", amount=9), "Paid."]), tools=[pay], hooks=Hooks(before_tool=with_tip))
    stopped = await agent.run("Pay.", session=session)
    (waiting,) = stopped.pending_calls
    decided = DeferredToolResults({waiting.id: True})
    history = None if session else stopped.all_messages()
    result = await agent.run(None, session=session, message_history=history, deferred_tool_results=decided)
    assert (result.stop_reason, paid) == ("finished", [10])
    assert waiting.arguments == result.all_messages()[1].calls[0].arguments == {"amount": 10}


async def test_what_a_person_agreed_to_may_still_be_refused():
    @tool(requires_approval=True)
    def pay(amount: int) -> None:
        """Pay."""

    async def when_open(context, call):
        if context.tool_call_approved:
            raise ToolFailed("closed by now")

    agent = Agent(ScriptedModel([call("pay", amount=9), "Closed."]), tools=[pay], hooks=Hooks(before_tool=when_open))
    stopped = await agent.run("Pay.")
    decided = DeferredToolResults({waiting.id: True for waiting in stopped.pending_calls})
    result = await agent.run(None, message_history=stopped.all_messages(), deferred_tool_results=decided)
    assert told(result) == [("closed by now", True)]


@pytest.mark.parametrize("idempotent", [True, False])
async def test_a_call_that_had_begun_is_not_changed_again(idempotent):
    keys = iter("ab")
    sent = []

    async def send(text: str, key: str = "") -> None:
        """Send."""
        sent.append((text, key))
        if len(sent) == 1:
            process.cancel()
            await anyio.sleep_forever()

    async def with_key(context, call):
        return replace(call, arguments={**call.arguments, "key": next(keys)})

    session = MemorySession()
    model = ScriptedModel([call("send", text="hi"), "Sent."])
    agent = Agent(model, tools=[Tool(send, idempotent=idempotent)], hooks=Hooks(before_tool=with_key))
    with anyio.CancelScope() as process:  # as if the process were stopped
        await agent.run("Send.", session=session)
    result = await agent.run(None, session=session)
    assert result.all_messages()[1].calls[0].arguments == {"text": "hi", "key": "a"}
    assert sent == [("hi", "a")] * (2 if idempotent else 1)


@pytest.mark.parametrize(
    ("error", "retries"),
    [(ToolFailed("not on Sundays"), 0), (ModelRetry("not on Sundays"), 1)],
    ids=["failed", "retry"],
)
async def test_a_call_can_be_refused(error, retries):
    async def refuse(context, call):
        if call.arguments["a"] == 1:
            raise error

    log: list[Any] = []
    hooks = replace(recording(log), before_tool=refuse)
    model = ScriptedModel([call("add", a=1, b=2), call("add", a=2, b=2), "4"])
    result = await Agent(model, tools=[add], hooks=hooks, retries=retries).run("?")
    assert told(result) == [("not on Sundays", True), (4, False)]
    assert [entry for entry in log if entry[0] == "tool ends"] == [("tool ends", "add", 4)]
    assert result.usage.tool_calls == 1


async def test_an_argument_that_is_refused_is_written_again():
    seen = []

    async def positive(context, call):
        seen.append(call.arguments["a"])
        if call.arguments["a"] < 0:
            raise ModelRetry("it has to be positive", argument="a")

    model = ScriptedModel([call("add", a=-1, b=2), "done"], repairs=[{"a": -2}, {"a": 3}])
    result = await Agent(model, tools=[add], hooks=Hooks(before_tool=positive)).run("?")
    assert told(result) == [(5, False)]
    assert seen == [-1, -2, 3]


async def test_a_result_can_be_changed():
    async def hide(context, call, result):
        return replace(result, content="***") if "secret" in str(result.content) else None

    def read(name: str) -> str:
        """Read."""
        return f"the {name}"

    model = ScriptedModel([[call("read", name="secret"), call("read", name="news")], "done"])
    result = await Agent(model, tools=[read], hooks=Hooks(after_tool=hide)).run("?")
    assert told(result) == [("***", False), ("the news", False)]
    assert {finished.result.content for finished in result.tool_calls} == {"***", "the news"}


async def test_a_result_is_changed_to_what_json_can_hold():
    async def stamped(context, call, result):
        return replace(result, content={"at": date(2026, 11, 23), "sum": result.content})

    model = ScriptedModel([call("add", a=1, b=2), "done"])
    result = await Agent(model, tools=[add], hooks=Hooks(after_tool=stamped)).run("?")
    assert told(result) == [({"at": "2026-11-23", "sum": 3}, False)]

    async def unclear(context, call, result):
        return replace(result, content=object())

    agent = Agent(ScriptedModel([call("add", a=1, b=2)]), tools=[add], hooks=Hooks(after_tool=unclear))
    with pytest.raises(UserError, match=r"Hooks.after_tool: .*'add'.*object"):
        await agent.run("?")


@pytest.mark.parametrize("name", Hooks.__dataclass_fields__)
async def test_what_a_hook_raises_is_the_developers(name):
    async def broken(*arguments):
        raise LookupError(name)

    agent = Agent(ScriptedModel([call("add", a=1, b=2), "3"]), tools=[add], hooks=Hooks(**{name: broken}))
    with pytest.raises(LookupError, match=name):
        await agent.run("?")


async def test_a_hook_that_would_end_the_program_ends_its_run():
    async def leave(context, call, result):
        sys.exit(2)

    agent = Agent(ScriptedModel([call("add", a=1, b=1)]), tools=[add], hooks=Hooks(after_tool=leave))
    with pytest.raises(RuntimeError, match=r"Hooks.after_tool raised SystemExit\(2\)"):
        await agent.run("?")


async def test_a_call_that_was_changed_for_the_worse_is_the_developers():
    async def spoil(context, call):
        return replace(call, arguments={"a": "many"})

    agent = Agent(ScriptedModel([call("add", a=1, b=2)]), tools=[add], hooks=Hooks(before_tool=spoil))
    with pytest.raises(UserError, match=r"Hooks.before_tool .*\(add\).*/a: "):
        await agent.run("?")


async def test_a_run_that_met_a_limit_ends_too_and_one_that_was_cancelled_does_not():
    log: list[Any] = []
    agent = Agent(FunctionModel(lambda request: "x"), hooks=recording(log))
    await agent.run("?", usage_limits=UsageLimits(turns=0))
    assert [entry[0] for entry in log] == ["run begins", "run ends"]
    token = CancellationToken()

    async def cancel(context, index):
        token.cancel()

    cancelled = Agent(FunctionModel(lambda request: "x"), hooks=replace(recording(log), before_canvas=cancel))
    log.clear()
    with pytest.raises(RunCancelled):
        await cancelled.run("?", cancellation_token=token)
    assert "run ends" not in [entry[0] for entry in log]


async def test_outputs_are_no_tools_to_hooks():
    log: list[Any] = []
    await Agent(ScriptedModel([call("final_result", response=1)]), output_type=int, hooks=recording(log)).run("?")
    assert not any("tool" in entry[0] for entry in log)


async def test_under_a_hook_before_tools_none_begins_early():
    @tool(read_only=True)
    def look() -> int:
        """Look."""
        return 1

    offered = []

    def model(request):
        offered.append(request.early)
        return "done"

    settings = ModelSettings(early_tools=EarlyTools())
    await Agent(FunctionModel(model), tools=[look], model_settings=settings, hooks=recording([])).run("?")
    await Agent(FunctionModel(model), tools=[look], model_settings=settings).run("?")
    assert [hook is None for hook in offered] == [True, False]


@pytest.mark.parametrize("gives_it_back", [True, False])
async def test_a_call_can_be_changed_in_place(gives_it_back):
    async def at_most_ten(context, call):
        call.arguments["a"] = min(call.arguments["a"], 10)
        return call if gives_it_back else None

    model = ScriptedModel([call("add", a=99, b=2), "12"])
    result = await Agent(model, tools=[add], hooks=Hooks(before_tool=at_most_ten)).run("?")
    assert told(result) == [(12, False)]
    assert result.all_messages()[1].calls[0].arguments == {"a": 10, "b": 2}


async def test_hooks_may_be_synchronous():
    log: list[Any] = []

    def noting(*arguments):
        log.append(arguments[1:])

    def smaller(context, call):
        return replace(call, arguments={"a": 1, "b": 1})

    def hidden(context, call, result):
        return replace(result, content="***")

    around = dict.fromkeys(["before_run", "after_run", "before_canvas", "after_canvas"], noting)
    hooks = Hooks(before_tool=smaller, after_tool=hidden, **around)
    result = await Agent(ScriptedModel([call("add", a=9, b=9), "2"]), tools=[add], hooks=hooks).run("?")
    assert (result.output, told(result)) == ("2", [("***", False)])
    assert len(log) == 6


async def test_a_result_stays_that_of_its_call():
    async def hide(context, call, result):
        return ToolResult("", "other", "***")

    agent = Agent(ScriptedModel([call("add", a=1, b=2), "done"]), tools=[add], hooks=Hooks(after_tool=hide))
    (answer,) = (await agent.run("?")).all_messages()[2].results
    assert answer == ToolResult("call_1", "add", "***")


@pytest.mark.parametrize(
    ("name", "given", "kind"), [("before_tool", {"a": 1}, "ToolCallPart"), ("after_tool", "***", "ToolResult")]
)
async def test_what_a_hook_gives_back_is_checked(name, given, kind):
    async def confused(*arguments):
        return given

    agent = Agent(ScriptedModel([call("add", a=1, b=2)]), tools=[add], hooks=Hooks(**{name: confused}))
    with pytest.raises(UserError, match=rf"Hooks.{name} gave back a .* for call call_1 \(add\): give back a {kind}"):
        await agent.run("?")


async def test_what_a_hook_has_not_looked_at_to_its_end_is_not_told():
    async def hide(context, call, result):
        await anyio.sleep_forever()

    def read() -> str:
        return "secret"

    agent = Agent(ScriptedModel([call("read"), "done"]), tools=[read], hooks=Hooks(after_tool=hide))
    result = await agent.run("?", usage_limits=UsageLimits(seconds=0.05))
    assert told(result) == [("This was carried out, but its result was not checked before the run ended.", True)]
    assert "secret" not in repr(result)


async def test_hooks_that_fail_side_by_side_fail_as_one_does():
    async def broken(context, call, result):
        raise LookupError(f"no room for {result.content}")

    async def look(at: int) -> int:
        return at

    agent = Agent(
        ScriptedModel([[call("look", at=1), call("look", at=2)]]), tools=[look], hooks=Hooks(after_tool=broken)
    )
    with pytest.raises(LookupError, match="no room for"):
        await agent.run("?")


async def test_an_error_beside_a_limit_is_raised_and_the_limit_kept():
    session, looking = MemorySession(), anyio.Event()

    async def broken(context, call, result):
        if call.arguments["a"] == 1:
            try:
                looking.set()
                await anyio.sleep_forever()
            finally:
                raise LookupError("gone")
        await looking.wait()
        context.budget.spend(turns=100)

    turn = [call("add", a=1, b=1), call("add", a=2, b=2)]
    agent = Agent(ScriptedModel([turn]), tools=[add], hooks=Hooks(after_tool=broken))
    with pytest.raises(LookupError, match="gone"):
        await agent.run("?", session=session)
    assert (await session.state()).stop.reason == "usage_limit"
    assert not await session.open_calls()
