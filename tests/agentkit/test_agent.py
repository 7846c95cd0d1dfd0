import threading

import anyio
import pytest

from agentkit import (
    Agent,
    Budget,
    Hooks,
    MemorySession,
    ModelError,
    ModelNotFoundError,
    ModelSettings,
    RunContext,
    Tool,
    ToolDefinitionError,
    UsageLimits,
    UserError,
)
from agentkit.models.base import ModelRequest
from agentkit.testing import FunctionModel, ScriptedModel, call


def shout(request: ModelRequest) -> str:
    return request.messages[-1].text.upper()


def test_run_sync_in_a_plain_script():
    agent = Agent(ScriptedModel([call("double", n=4), "8"]))

    @agent.tool_plain
    def double(n: int) -> int:
        return 2 * n

    result = agent.run_sync("2 * 4?")
    assert (result.output, result.tool_calls[0].result.content, double(3)) == ("8", 8, 6)


@pytest.mark.anyio
async def test_run_sync_inside_an_event_loop_says_what_to_do():
    with pytest.raises(UserError, match=r"await agent.run"):
        Agent(ScriptedModel([])).run_sync("?")


def test_one_agent_in_many_threads():
    agent, answers = Agent(FunctionModel(shout)), []
    threads = [threading.Thread(target=lambda n=n: answers.append(agent.run_sync(f"a{n}").output)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [f"A{n}" for n in range(8)]


@pytest.mark.anyio
async def test_a_batch_runs_side_by_side_and_keeps_its_order():
    running, most = 0, 0

    async def reply(request):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.001 * (5 - int(request.messages[-1].text)))
        running -= 1
        return request.messages[-1].text

    results = await Agent(FunctionModel(reply)).run_batch(map(str, range(5)), max_concurrent=3)
    assert [result.output for result in results] == list("01234")
    assert most == 3


@pytest.mark.anyio
async def test_a_run_of_a_batch_that_raises_ends_the_others():
    async def reply(request):
        if request.messages[-1].text == "bad":
            return ModelError("no")
        return await anyio.sleep_forever()

    with anyio.fail_after(60), pytest.raises(ModelError, match="no"):
        await Agent(FunctionModel(reply)).run_batch(["good", "bad"])


@pytest.mark.anyio
async def test_settings_of_a_run_go_on_top_of_the_agents():
    model = ScriptedModel(["a"])
    agent = Agent(model, model_settings=ModelSettings(seed=1, thinking=True))
    await agent.run("?", model_settings=ModelSettings(seed=2))
    assert model.requests[0].settings == ModelSettings(seed=2, thinking=True)


@pytest.mark.anyio
async def test_limits_of_a_run_stand_for_the_agents():
    agent = Agent(FunctionModel(shout), usage_limits=UsageLimits(turns=0))
    assert (await agent.run("a")).stop_reason == "usage_limit"
    assert (await agent.run("a", usage_limits=UsageLimits())).output == "A"


def test_tools_are_decorated_with_and_without_options():
    agent = Agent(ScriptedModel([]))

    @agent.tool(retries=2)
    def with_context(ctx, n: int) -> int: ...

    @agent.tool_plain(name="plain", timeout=1)
    def without_context(n: int) -> int: ...

    assert list(agent.tools) == ["with_context", "plain"]
    assert agent.tools["with_context"].takes_context
    assert list(agent.tools["with_context"].parameters["properties"]) == ["n"]
    assert agent.tools["plain"].options.timeout == 1
    with pytest.raises(ToolDefinitionError, match="first parameter"):
        agent.tool_plain(lambda_with_context)
    with pytest.raises(ToolDefinitionError, match="has none"):
        agent.tool(lambda_without_parameters)


def test_the_first_parameter_of_a_tool_is_the_context_or_says_nothing():
    agent = Agent(ScriptedModel([]))

    def weather(city: str) -> str: ...

    with pytest.raises(ToolDefinitionError, match=r"'weather': .* 'city' is none. Use @agent.tool_plain"):
        agent.tool(weather)
    agent.tool_plain(weather)
    agent.tool(lambda ctx, n: n, name="untyped")
    assert list(agent.tools) == ["weather", "untyped"]


def lambda_with_context(ctx: RunContext, n: int) -> int: ...


def lambda_without_parameters() -> int: ...


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"output_type": []}, "output_type"),
        ({"retries": -1}, "retries"),
        ({"max_parallel_tools": 0}, "max_parallel_tools"),
        ({"tool_timeout": 0}, "tool_timeout"),
        ({"model_settings": {"seed": 1}}, "model_settings takes a ModelSettings, not {'seed': 1}"),
        ({"usage_limits": 3}, "usage_limits takes a UsageLimits"),
        ({"instructions": lambda: "Be brief."}, "instructions takes a str, not <function"),
        ({"instructions": ["Be brief."]}, "instructions takes a str"),
        ({"tools": lambda_without_parameters}, r"tools takes a list .* write tools=\[...\]"),
        ({"tools": Tool(lambda: 3, name="three")}, "tools takes a list"),
        ({"hooks": [Hooks()]}, "hooks takes a Hooks, not"),
        ({"observer": 3}, "observer takes an Observer, not 3"),
        ({"compaction": 3}, "compaction takes a function, not 3"),
        ({"retries": "3"}, "retries are at least 0, .* not '3'"),
        ({"output_type": "int"}, "not 'int': write it without quotes"),
    ],
)
def test_options_that_cannot_be_are_refused_at_once(options, reason):
    with pytest.raises(UserError, match=reason):
        Agent(ScriptedModel([]), **options)


@pytest.mark.parametrize("model", [3, None, ScriptedModel])
def test_what_is_no_model_is_refused_at_once(model):
    with pytest.raises(UserError, match="model takes a str or a Model, not"):
        Agent(model)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"prompt": None}, "message_history"),
        ({"prompt": ["Hi"]}, "is a str"),
        ({"prompt": "?", "model_settings": ModelSettings(tool_choice="sing")}, "tool_choice='sing'"),
        ({"prompt": "?", "model_settings": ModelSettings(tool_choice="required")}, "no tools"),
        ({"prompt": "?", "model_settings": {"seed": 1}}, "model_settings takes a ModelSettings"),
        ({"prompt": "?", "usage_limits": {"turns": 1}}, "usage_limits takes a UsageLimits, not {'turns': 1}"),
        ({"prompt": "?", "session": "chat.db"}, "session takes a Session"),
        ({"prompt": "?", "message_history": "Hi"}, "list of messages.* not 'Hi'"),
        ({"prompt": "?", "message_history": [{"role": "user"}]}, "holds {'role': 'user'}.* messages_from_json"),
    ],
)
def test_runs_that_cannot_be_are_refused(arguments, reason):
    with pytest.raises(UserError, match=reason):
        Agent(ScriptedModel([])).run_sync(**arguments)


def test_no_history_may_be_none():
    session = MemorySession()
    assert Agent(ScriptedModel(["Hi."])).run_sync("?", message_history=None).output == "Hi."
    assert Agent(ScriptedModel(["Hi."])).run_sync("?", message_history=None, session=session).output == "Hi."


def test_a_model_is_opened_when_it_is_first_needed():
    agent = Agent("openai:gpt@http://localhost")
    assert agent.model == "openai:gpt@http://localhost"
    with pytest.raises(ModelNotFoundError, match="can't be used as models yet"):
        agent.run_sync("?")
    with pytest.raises(ModelNotFoundError, match="empty"):
        Agent(" ").run_sync("?")


def test_a_keyword_that_no_run_takes_is_refused():
    with pytest.raises(TypeError, match=r"takes no histories; it takes .*message_history"):
        Agent(ScriptedModel([])).run_sync("?", histories=[])


@pytest.mark.anyio
async def test_an_agent_that_a_tool_runs_spends_from_the_same_budget():
    inner = Agent(ScriptedModel(["Four."]))
    outer = Agent(ScriptedModel([call("ask", question="2 + 2?"), "It is four."]))

    @outer.tool
    async def ask(ctx: RunContext, question: str) -> str:
        return (await inner.run(question, budget=ctx.budget)).output

    result = await outer.run("?", usage_limits=UsageLimits(turns=2))
    assert (result.usage.turns, result.usage.canvases) == (2, 2)
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "turns")
    assert result.tool_calls[0].result.content == "Four."


@pytest.mark.anyio
async def test_runs_may_share_a_budget():
    pool = Budget(UsageLimits(turns=2))
    agent = Agent(ScriptedModel(["One.", "Two.", "Three."]))
    stops = [(await agent.run("?", budget=pool)).stop_reason for _ in range(3)]
    assert stops == ["finished", "finished", "usage_limit"]
    assert pool.usage.turns == 2
