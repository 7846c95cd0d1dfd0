import pytest

from agentkit import Agent, AssistantMessage, ModelError, TextPart, UserError, tool
from agentkit.testing import FaultyModel, FunctionModel, ScriptedModel, call

pytestmark = pytest.mark.anyio


@tool
def add(a: int, b: int) -> int:
    return a + b


async def test_a_script_is_text_calls_parts_messages_and_exceptions():
    script = [call("add", a=1, b=2), ["Well, ", call("add", a=3, b=4)], AssistantMessage((TextPart("10"),), model="x")]
    model = ScriptedModel(script)
    with pytest.raises(AssertionError, match="3 of 3 turns were not asked for"):
        model.assert_complete()
    result = await Agent(model, tools=[add]).run("?")
    assert result.output == "10"
    assert result.all_messages()[-1] is not None
    model.assert_complete()
    with pytest.raises(ModelError, match="turn 4 was asked for"):
        await Agent(model).run("?")


@pytest.mark.parametrize("script", ["Hello there", {"a": 1}, call("add", a=1, b=2), AssistantMessage("Hello")])
async def test_a_script_is_a_list(script):
    with pytest.raises(UserError, match=r"a list of turns, not .*: write ScriptedModel\(\[...\]\)"):
        ScriptedModel(script)


@pytest.mark.parametrize("reply", [None, {"a": 1}, 3, ["x", 3], ModelError])
async def test_what_is_no_turn_is_refused(reply):
    for model in (ScriptedModel([reply]), FunctionModel(lambda request: reply)):
        with pytest.raises(UserError, match=r"A turn is text, call\(...\), .*, not "):
            await Agent(model).run("?")


async def test_a_function_sees_the_whole_request():
    def reply(request):
        (definition,) = request.tools
        results = [message for message in request.messages if hasattr(message, "results")]
        return f"{definition.name} gave {results[0].results[0].content}" if results else call("add", a=1, b=2)

    model = FunctionModel(reply)
    assert (await Agent(model, tools=[add]).run("?")).output == "add gave 3"
    assert len(model.requests) == 2


@pytest.mark.parametrize("kind", ["corrupt", "garble", "rename", "truncate"])
async def test_a_faulty_model_writes_wrong_calls_that_the_loop_answers(kind):
    model = FaultyModel(ScriptedModel([call("add", a=1, b=2), "never"]), **{kind: 1.0})
    result = await Agent(model, tools=[add], retries=0).run("?")
    assert model.faults == [kind]
    assert result.stop_reason == "retries_exhausted"
    assert result.tool_calls[0].result.is_error
    assert result.usage.tool_calls == 0


async def test_a_faulty_model_can_fail_outright():
    with pytest.raises(ModelError, match="on purpose"):
        await Agent(FaultyModel(ScriptedModel(["a"]), fail=1)).run("?")


async def test_faults_are_repeatable_and_never_leave_the_loop():
    async def faults_and_reasons(seed):
        turns = [[call("add", a=n, b=n), "and"] for n in range(8)]
        model = FaultyModel(ScriptedModel([*turns, "Done."]), corrupt=0.3, garble=0.2, rename=0.2, seed=seed)
        result = await Agent(model, tools=[add], retries=2).run("?")
        return model.faults, result.stop_reason

    outcomes = [await faults_and_reasons(seed) for seed in range(20)]
    assert outcomes == [await faults_and_reasons(seed) for seed in range(20)]
    assert {reason for _, reason in outcomes} <= {"finished", "retries_exhausted"}
    assert len({tuple(faults) for faults, _ in outcomes}) > 5
