"""What a run does, turn by turn, with the real loop and scripted answers."""

import logging
from contextlib import asynccontextmanager

import anyio
import pytest

from agentkit import (
    Agent,
    AssistantMessage,
    CanvasRecord,
    Hooks,
    ModelError,
    ModelRetry,
    ModelSettings,
    OutcomeUnknown,
    RunContext,
    RunStopped,
    SystemMessage,
    TextPart,
    Tool,
    ToolCallPart,
    ToolFailed,
    ToolMessage,
    ToolResult,
    UsageLimits,
    UserMessage,
    tool,
)
from agentkit.events import CanvasCommitted, TextCommitted
from agentkit.models.base import ModelResponse
from agentkit.testing import FunctionModel, ScriptedModel, bad_call, call

pytestmark = pytest.mark.anyio


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def told(result) -> list:
    """What the model was told, as (content, is_error)."""
    messages = [message for message in result.new_messages() if isinstance(message, ToolMessage)]
    return [(answer.content, answer.is_error) for message in messages for answer in message.results]


async def test_a_call_is_answered_and_then_the_prompt():
    model = ScriptedModel([call("add", a=2, b=3), "It is 5."])
    result = await Agent(model, tools=[add], instructions="Be brief.").run("2 + 3?")

    assert (result.output, result.stop_reason) == ("It is 5.", "finished")
    assert result.new_messages() == result.all_messages()
    user, asked, answered, said = result.all_messages()
    assert user == UserMessage("2 + 3?")
    assert asked.calls == (ToolCallPart("add", {"a": 2, "b": 3}, "call_1"),)
    assert answered == ToolMessage((ToolResult("call_1", "add", 5),))
    assert said == AssistantMessage((TextPart("It is 5."),), model="scripted")
    assert [request.messages for request in model.requests] == [
        (SystemMessage("Be brief."), user),
        (SystemMessage("Be brief."), user, asked, answered),
    ]
    assert [definition.name for definition in model.requests[0].tools] == ["add"]
    assert (result.usage.turns, result.usage.canvases, result.usage.tool_calls) == (2, 2, 1)
    assert [canvas.index for canvas in result.canvases] == [0, 1]
    result.raise_for_stop()
    model.assert_complete()


async def test_calls_of_one_turn_are_answered_in_their_order():
    @tool
    async def wait(seconds: float) -> float:
        await anyio.sleep(seconds)
        return seconds

    model = ScriptedModel([[call("wait", seconds=s) for s in (0.03, 0.0, 0.01)], "Done."])
    result = await Agent(model, tools=[wait]).run("Wait.")
    assert told(result) == [(0.03, False), (0.0, False), (0.01, False)]


async def test_a_history_is_continued():
    agent = Agent(ScriptedModel(["Hello Ada.", "You are Ada."]), instructions="Be kind.")
    first = await agent.run("I am Ada.")
    second = await agent.run("Who am I?", message_history=first.all_messages())
    assert second.new_messages() == (UserMessage("Who am I?"), second.all_messages()[-1])
    assert second.all_messages()[:2] == first.all_messages()
    assert isinstance(agent.model, ScriptedModel)
    assert agent.model.requests[1].messages == (SystemMessage("Be kind."), *second.all_messages()[:3])


async def test_an_agents_instructions_replace_those_in_a_history():
    history = [SystemMessage("Be rude."), UserMessage("Hi")]
    polite, silent = ScriptedModel(["Hello."]), ScriptedModel(["Hm."])
    await Agent(polite, instructions="Be kind.").run(None, message_history=history)
    await Agent(silent).run(None, message_history=history)
    assert polite.requests[0].messages == (SystemMessage("Be kind."), UserMessage("Hi"))
    assert silent.requests[0].messages == tuple(history)


async def test_calls_left_open_in_a_history_are_answered_as_not_run():
    history = [UserMessage("Add."), AssistantMessage((ToolCallPart("add", {"a": 1, "b": 2}, "call_1"),))]
    model = ScriptedModel(["All right."])
    result = await Agent(model, tools=[add]).run("Never mind.", message_history=history)
    left, prompt, _ = result.new_messages()
    assert left == ToolMessage((ToolResult("call_1", "add", "This call was not run.", is_error=True),))
    assert prompt == UserMessage("Never mind.")


async def test_every_call_has_an_id_of_its_own():
    same = ToolCallPart("add", {"a": 1, "b": 2}, id="x")
    result = await Agent(ScriptedModel([[same, same], same, "Done."]), tools=[add]).run("Add.")
    ids = [part.id for m in result.all_messages() if isinstance(m, AssistantMessage) for part in m.calls]
    assert len(set(ids)) == 3


# -- calls that are wrong


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (call("sub", a=1), "There is no tool called 'sub'. The tools are: add."),
        (bad_call("add", "call:add{a:"), "The call could not be read: the arguments are not closed"),
        (call("add", a="x", b=1), "The arguments are wrong. /a: should be a valid integer"),
        (call("add", a=1), "The arguments are wrong. /b: is required and missing"),
        (call("add", a=1, b=1, c=1), "/c: is no parameter of this tool"),
    ],
)
async def test_a_faulty_call_is_told_and_may_be_corrected(wrong, reason):
    model = ScriptedModel([wrong, call("add", a=1, b=1), "It is 2."])
    result = await Agent(model, tools=[add]).run("1 + 1?")
    (content, is_error), right = told(result)
    assert reason in content
    assert is_error
    assert right == (2, False)
    assert result.output == "It is 2."
    assert result.usage.tool_calls == 1


@pytest.mark.parametrize("wrong", [call("sub", a=1), bad_call("add", "call:add{a:"), call("add", a="x", b=1)])
async def test_the_same_bad_call_twice_in_a_row_stops_the_run(wrong):
    model = ScriptedModel([wrong, wrong, "never"])
    result = await Agent(model, tools=[add], retries=5).run("1 + 1?")
    assert result.stop_reason == "repeated_call"
    assert wrong.name in result.stop_detail
    assert len(model.requests) == 2
    assert isinstance(result.all_messages()[-1], ToolMessage)
    with pytest.raises(RunStopped, match="repeated_call"):
        result.raise_for_stop()


async def test_a_bad_call_may_come_back_after_a_good_one():
    wrong, right = call("add", a="x", b=1), call("add", a=1, b=1)
    model = ScriptedModel([wrong, right, wrong, right, "Done."])
    assert (await Agent(model, tools=[add]).run("1 + 1?")).stop_reason == "finished"


async def test_retries_are_counted_by_tool_and_in_a_row():
    model = ScriptedModel([call("add", a=letter, b=1) for letter in "xyz"])
    result = await Agent(model, tools=[add], retries=2).run("1 + 1?")
    assert result.stop_reason == "retries_exhausted"
    assert '"z"' in result.stop_detail
    model.assert_complete()


async def test_without_retries_the_first_fault_ends_the_run():
    strict = Tool(add, retries=0)
    result = await Agent(ScriptedModel([call("add", a="x", b=1)]), tools=[strict], retries=9).run("?")
    assert result.stop_reason == "retries_exhausted"


async def test_inventing_tools_spends_one_count_of_retries():
    model = ScriptedModel([call(name) for name in ("a", "b", "c")])
    result = await Agent(model, retries=2).run("?")
    assert result.stop_reason == "retries_exhausted"


# -- tools that speak


async def test_model_retry_costs_a_retry_and_the_tool_knows_which():
    attempts = []

    @tool(retries=2)
    def guess(ctx: RunContext, n: int) -> str:
        attempts.append((ctx.retry, ctx.max_retries, ctx.last_attempt))
        raise ModelRetry("too low", argument="n")

    model = ScriptedModel([call("guess", n=n) for n in range(3)])
    result = await Agent(model, tools=[guess]).run("Guess.")
    assert attempts == [(0, 2, False), (1, 2, False), (2, 2, True)]
    assert told(result) == [("n: too low", True)] * 3
    assert result.stop_reason == "retries_exhausted"


async def test_an_argument_at_fault_is_named_by_text():
    @tool
    def guess(n: int) -> str:
        raise ModelRetry("too low", argument=0)

    result = await Agent(ScriptedModel([call("guess", n=1), "Never mind."]), tools=[guess]).run("Guess.")
    assert result.output == "Never mind."
    assert isinstance(result.tool_calls[0].error, TypeError)


async def test_tool_failed_costs_none():
    @tool(retries=0)
    def fetch() -> str:
        raise ToolFailed("The line is dead.")

    result = await Agent(ScriptedModel([call("fetch")] * 3 + ["I can't."]), tools=[fetch]).run("Fetch.")
    assert told(result) == [("The line is dead.", True)] * 3
    assert result.output == "I can't."


async def test_any_other_exception_is_told_in_a_sentence_and_logged_with_its_traceback(caplog):
    def fetch() -> str:
        raise OSError("disk on fire")

    with caplog.at_level(logging.ERROR, "agentkit"):
        result = await Agent(ScriptedModel([call("fetch"), "Sorry."]), tools=[fetch], retries=0).run("Fetch.")
    assert told(result) == [("The tool failed: OSError: disk on fire", True)]
    assert isinstance(result.tool_calls[0].error, OSError)
    assert result.tool_calls[0].error.__traceback__ is not None
    assert "in fetch" in caplog.text


async def test_a_tool_finds_its_run_in_the_context():
    seen = []
    agent = Agent(ScriptedModel([call("look", at="sky"), "Blue."]), deps_type=str)

    @agent.tool
    async def look(ctx: RunContext[str], at: str) -> str:
        seen.append((ctx.deps, ctx.tool_name, ctx.tool_call_id, ctx.usage.turns, len(ctx.messages), at))
        return "blue"

    await agent.run("Look.", deps="eyes")
    assert seen == [("eyes", "look", "call_1", 1, 2, "sky")]


# -- limits


async def test_a_runaway_loop_is_stopped_with_what_it_reached():
    model = FunctionModel(lambda request: ["Again.", call("add", a=len(request.messages), b=1)])
    result = await Agent(model, tools=[add], usage_limits=UsageLimits(turns=4)).run("Go.")
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "turns")
    assert (result.usage.turns, result.usage.tool_calls, result.output) == (4, 4, "Again.")
    assert len(result.all_messages()) == 9


@pytest.mark.parametrize(
    ("limits", "which"),
    [
        (UsageLimits(turns=3), "turns"),
        (UsageLimits(canvases=3), "canvases"),
        (UsageLimits(denoising_steps=3), "denoising_steps"),
        (UsageLimits(tool_calls=3), "tool_calls"),
        (UsageLimits(tokens=3), "tokens"),
    ],
)
async def test_every_limit_holds(limits, which):
    model = FunctionModel(lambda request: ["more", call("add", a=len(request.messages), b=1)])
    result = await Agent(model, tools=[add]).run("Go.", usage_limits=limits)
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", which)
    assert getattr(result.usage, which) == 3


async def test_time_runs_out_in_the_middle_of_a_turn():
    @tool
    async def quick() -> str:
        return "ready"

    @tool
    async def slow() -> None:
        await anyio.sleep_forever()

    model = ScriptedModel([[call("quick"), call("slow")]])
    result = await Agent(model, tools=[quick, slow], usage_limits=UsageLimits(seconds=0.5)).run("Go.")
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "seconds")
    (ready, _), (late, is_error) = told(result)
    assert ready == "ready"
    assert "not finished" in late
    assert is_error
    assert 0.4 < result.usage.seconds < 10


async def test_calls_beyond_the_limit_do_not_run_at_all():
    model = ScriptedModel([[call("add", a=1, b=n) for n in range(3)]])
    result = await Agent(model, tools=[add], usage_limits=UsageLimits(tool_calls=2)).run("Go.")
    assert (result.stop_reason, result.usage.tool_calls) == ("usage_limit", 0)
    assert all(is_error for _, is_error in told(result))


class Canvases(ScriptedModel):
    """Writes canvas after canvas without ever ending its turn."""

    def converse(self):
        @asynccontextmanager
        async def conversation():
            yield self

        return conversation()

    async def respond(self, request, emit):
        index = 0
        while True:
            request.budget.check_canvas()
            await emit(CanvasCommitted(CanvasRecord(index, steps=2)))
            await emit(TextCommitted(f"{index} "))
            request.budget.spend(canvases=1, denoising_steps=2)
            index += 1


async def test_a_limit_within_a_turn_keeps_the_text_and_canvases_committed_until_then():
    result = await Agent(Canvases([]), usage_limits=UsageLimits(canvases=3)).run("Write.")
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "canvases")
    assert result.output == "0 1 2 "
    assert len(result.canvases) == result.usage.canvases == 3
    assert result.usage.denoising_steps == 6
    assert result.all_messages()[-1].parts == (TextPart("0 1 2 "),)


# -- endings


async def test_an_empty_answer_is_no_answer():
    result = await Agent(ScriptedModel([" "])).run("Hello?")
    assert result.stop_reason == "empty_answer"


async def test_an_answer_that_was_cut_off_says_so():
    class CutOff(Canvases):
        async def respond(self, request, emit):
            return ModelResponse(AssistantMessage((TextPart("Once upon"),)), finish="length")

    result = await Agent(CutOff([])).run("Tell.")
    assert (result.output, result.stop_reason) == ("Once upon", "max_tokens")


async def test_what_the_model_raises_the_run_raises():
    with pytest.raises(ModelError, match="out of ink"):
        await Agent(ScriptedModel([ModelError("out of ink")])).run("Write.")


async def test_what_a_run_reached_before_it_raised_is_in_the_error_and_gone_on_with():
    sums = []

    def count(a: int, b: int) -> int:
        sums.append(a + b)
        return a + b

    agent = Agent(ScriptedModel([call("count", a=2, b=3), ModelError("out of ink"), "It is 5."]), tools=[count])
    with pytest.raises(ModelError) as raised:
        await agent.run("2 + 3?")
    reached = raised.value.result
    assert reached.stop_reason == "failed" and "ModelError" in reached.stop_detail
    assert told(reached) == [(5, False)] and reached.usage.tool_calls == 1
    assert reached.all_messages()[0] == UserMessage("2 + 3?")
    result = await agent.run(None, message_history=reached.all_messages())
    assert result.output == "It is 5." and sums == [5]


async def test_of_a_turn_in_which_the_run_fails_only_calls_that_had_not_begun_are_run():
    begun = []

    @tool
    async def step(name: str, seconds: float = 0) -> str:
        begun.append(name)
        await anyio.sleep(seconds)
        return f"{name} is done"

    @tool(sequential=True)
    def last() -> str:
        begun.append("last")
        return "last is done"

    async def fail_behind_checked(context: RunContext, made: ToolCallPart, result: ToolResult) -> None:
        if made.arguments == {"name": "checked"}:
            await anyio.wait_all_tasks_blocked()
            raise ZeroDivisionError

    script = [
        [call("step", name="quick"), call("step", name="slow", seconds=60), call("step", name="checked"), call("last")]
    ]
    agent = Agent(ScriptedModel(script), tools=[step, last], hooks=Hooks(after_tool=fail_behind_checked))
    with pytest.raises(ZeroDivisionError) as raised:
        await agent.run("Go.")
    reached = raised.value.result
    quick, slow, checked = told(reached)
    assert quick == ("quick is done", False)
    assert slow == checked == (str(OutcomeUnknown()), True)
    result = await Agent(ScriptedModel(["Done."]), tools=[step, last]).run(None, message_history=reached.all_messages())
    assert result.output == "Done." and told(result)[-1] == ("last is done", False)
    assert sorted(begun) == ["checked", "last", "quick", "slow"]


async def test_a_function_that_ends_the_run_and_fails_is_answered_and_text_that_breaks_a_validator_is_not_kept():
    def order(item: str) -> str:
        raise ConnectionError("the line is dead")

    def refuse(output: str) -> str:
        raise LookupError("no such answer")

    with pytest.raises(ConnectionError) as raised:
        await Agent(ScriptedModel([call("order", item="tea")]), output_type=order).run("Tea.")
    assert told(raised.value.result) == [("The tool failed: ConnectionError: the line is dead", True)]

    agent = Agent(ScriptedModel(["Tea."]))
    agent.output_validator(refuse)
    with pytest.raises(LookupError) as refused:
        await agent.run("Tea.")
    assert refused.value.result.all_messages() == (UserMessage("Tea."),)


async def test_errors_of_several_classes_tell_what_was_reached_and_a_result_of_their_own_stays():
    class Refused(Exception):
        result = "of its own"

    added = anyio.Event()

    async def fail(context: RunContext, made: ToolCallPart, result: ToolResult) -> None:
        if made.name == "subtract":
            await added.wait()
            raise ZeroDivisionError
        added.set()
        try:
            await anyio.sleep_forever()
        finally:
            raise Refused

    turn = [call("add", a=1, b=2), call("subtract", a=1, b=2)]
    agent = Agent(
        ScriptedModel([turn]), tools=[add, tool(name="subtract")(lambda a, b: a)], hooks=Hooks(after_tool=fail)
    )
    with pytest.raises(ExceptionGroup) as raised:
        async with agent.run_stream_events("Go.") as events:
            async for _ in events:
                pass
    assert {type(error) for error in raised.value.exceptions} == {Refused, ZeroDivisionError}
    assert {getattr(error.result, "stop_reason", error.result) for error in raised.value.exceptions} == {
        "failed",
        "of its own",
    }


# -- tool choice


async def test_a_required_call_is_required_once():
    model = ScriptedModel([call("add", a=1, b=1), "2"])
    await Agent(model, tools=[add]).run("?", model_settings=ModelSettings(tool_choice="add", seed=3))
    assert [request.settings.tool_choice for request in model.requests] == ["add", "auto"]
    assert [request.settings.seed for request in model.requests] == [3, 3]


async def test_no_tools_are_offered_or_run_when_none_may_be_called():
    model = ScriptedModel([call("add", a=1, b=1), "I can't."])
    result = await Agent(model, tools=[add], model_settings=ModelSettings(tool_choice="none")).run("?")
    assert model.requests[0].tools == ()
    assert told(result) == [("There is no tool called 'add'. The tools are: none.", True)]
