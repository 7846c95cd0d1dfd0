"""Limits on the real engine with random weights: they hold while a canvas is denoised, and nothing is thrown away."""

import anyio
import pytest

from agentkit import (
    Agent,
    Budget,
    CanvasCommitted,
    CanvasDraft,
    MemorySession,
    ModelSettings,
    RunContext,
    RunFinished,
    ToolCallStarted,
    UsageLimits,
    UsageWarning,
    tool,
)
from agentkit.testing import FunctionModel, ScriptedModel, call, toy_model

pytestmark = pytest.mark.anyio

LONG = ModelSettings(seed=1, max_tokens=160, max_denoising_steps=6, constraints=False)


@pytest.fixture(scope="module")
def model():
    return toy_model(seed=0)


async def watched(agent, prompt="Hello?", **options):
    """A run's events, and its result."""
    async with agent.run_stream_events(prompt, **options) as stream:
        events = [event async for event in stream]
    assert isinstance(events[-1], RunFinished)
    return events, events[-1].result


def of(kind, events) -> list:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("most", [1, 5, 6, 9, 13])
async def test_no_denoising_step_beyond_the_limit_is_done(model, most):
    limits = UsageLimits(denoising_steps=most)
    events, result = await watched(Agent(model, model_settings=LONG), usage_limits=limits)
    assert len(of(CanvasDraft, events)) == result.usage.denoising_steps == most
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "denoising_steps")
    assert len(result.canvases) == len(of(CanvasCommitted, events)) == -(-most // 6)
    assert sum(canvas.steps for canvas in result.canvases) == most


@pytest.mark.parametrize("most", [1, 10, 16, 40])
async def test_no_token_beyond_the_limit_is_written(model, most):
    agent = Agent(model, model_settings=LONG)
    prompt_tokens = (await agent.run("Hello?", usage_limits=UsageLimits(canvases=1))).usage.prompt_tokens
    _, result = await watched(agent, usage_limits=UsageLimits(tokens=prompt_tokens + most))
    assert result.usage.output_tokens == sum(len(canvas.tokens) for canvas in result.canvases)
    assert result.usage.tokens <= prompt_tokens + most
    if result.stop_reason != "finished":
        assert (result.stop_reason, result.stop_detail) == ("usage_limit", "tokens")
        assert result.usage.tokens == prompt_tokens + most


@pytest.mark.parametrize("most", [1, 6, 20])
async def test_a_call_that_the_tokens_left_are_too_few_for_is_not_made(model, most):
    begun = []

    @tool
    def strike(where: str, how: str) -> None:
        begun.append(1)

    agent = Agent(model, tools=[strike], model_settings=ModelSettings(seed=1, tool_choice="strike"))
    prompt_tokens = (await agent.run("Go.", usage_limits=UsageLimits(canvases=1))).usage.prompt_tokens
    begun.clear()
    result = await agent.run("Go.", usage_limits=UsageLimits(tokens=prompt_tokens + most))
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "tokens")
    assert result.usage.tokens <= prompt_tokens + most
    assert begun == [] or most == 20


async def test_a_prompt_beyond_the_limit_is_not_read(model):
    _, result = await watched(Agent(model, model_settings=LONG), usage_limits=UsageLimits(tokens=3))
    assert (result.stop_detail, result.usage.prompt_tokens, result.usage.canvases) == ("tokens", 0, 0)


async def test_what_was_written_until_then_is_the_output(model):
    agent = Agent(model, model_settings=LONG)
    whole = await agent.run("Hello?")
    cut = await agent.run("Hello?", usage_limits=UsageLimits(canvases=4))
    assert (cut.stop_reason, cut.stop_detail, cut.usage.canvases) == ("usage_limit", "canvases", 4)
    assert [canvas.tokens for canvas in cut.canvases] == [canvas.tokens for canvas in whole.canvases[:4]]
    assert cut.output.strip()
    assert whole.output.startswith(cut.output.split()[0])


async def test_time_ends_a_canvas_between_two_steps(model):
    limits = UsageLimits(seconds=0.3, denoising_steps=None, tokens=None, canvases=None)
    endless = ModelSettings(seed=1, max_tokens=8_000, max_denoising_steps=2_000, constraints=False)
    with anyio.fail_after(30):
        events, result = await watched(Agent(model, model_settings=endless), usage_limits=limits)
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "seconds")
    drafts = of(CanvasDraft, events)
    assert 0 < len(drafts) <= result.usage.denoising_steps <= len(drafts) + 70  # those on their way to the reader
    assert [event.limit for event in of(UsageWarning, events)] == ["seconds"]


async def test_a_turn_whose_canvas_was_cut_off_runs_no_tool(model):
    begun = []

    @tool
    def strike() -> None:
        begun.append(1)

    settings = ModelSettings(seed=1, tool_choice="strike", max_denoising_steps=8)
    agent = Agent(model, tools=[strike], model_settings=settings)
    whole = await agent.run("Go.", usage_limits=UsageLimits(turns=1))
    assert begun
    begun.clear()
    steps = whole.canvases[0].steps
    cut = await agent.run("Go.", usage_limits=UsageLimits(denoising_steps=steps - 1))
    assert begun == []
    assert (cut.stop_reason, cut.stop_detail) == ("usage_limit", "denoising_steps")


async def test_candidates_share_what_is_left(model):
    settings = ModelSettings(seed=1, max_tokens=16, max_denoising_steps=6, candidates=3, constraints=False)
    agent = Agent(model, model_settings=settings)
    for most in (18, 14, 12, 6):
        result = await agent.run("Hello?", usage_limits=UsageLimits(denoising_steps=most))
        assert (result.stop_reason, result.usage.denoising_steps) == ("max_tokens", most)
    result = await agent.run("Hello?", usage_limits=UsageLimits(denoising_steps=4))
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "denoising_steps")
    assert result.usage.denoising_steps == 4


async def test_runs_that_share_a_budget_spend_no_more_than_it_has(model):
    pool = Budget(UsageLimits(denoising_steps=50))
    agent = Agent(model, model_settings=LONG)
    results = []

    async def one() -> None:
        results.append(await agent.run("Hello?", budget=pool))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(one)
    assert sum(result.usage.denoising_steps for result in results) == pool.usage.denoising_steps <= 50
    assert {result.stop_detail for result in results} == {"denoising_steps"}


# -- warnings


@pytest.mark.parametrize("name", ["turns", "canvases", "denoising_steps", "tool_calls", "tokens"])
async def test_a_limit_that_is_near_is_told_once(name):
    replies = FunctionModel(lambda request: ["more", call("add", a=len(request.messages), b=1)])
    agent = Agent(replies)
    agent.tool_plain(name="add")(lambda a, b: a + b)
    events, result = await watched(agent, usage_limits=UsageLimits(**{name: 10}))
    assert result.stop_detail == name
    (warning,) = of(UsageWarning, events)
    assert (warning.limit, warning.used, warning.maximum, warning.scope) == (name, 8, 10, "run")
    assert sum(isinstance(event, ToolCallStarted) for event in events[: events.index(warning)]) in (7, 8)


async def test_a_sessions_limits_are_told_in_the_run_that_comes_near():
    session = MemorySession(usage_limits=UsageLimits(turns=5))
    agent = Agent(FunctionModel(lambda request: "Yes."))
    told = [of(UsageWarning, (await watched(agent, session=session))[0]) for _ in range(4)]
    assert [[warning.scope for warning in warnings] for warnings in told] == [[], [], [], ["session"]]


async def test_an_agent_that_is_asked_meets_the_limits_of_the_one_that_asks():
    inner = Agent(FunctionModel(lambda request: call("look", at=len(request.messages))), name="inner")
    inner.tool_plain(name="look")(lambda at: at)
    stops = []
    outer = Agent(FunctionModel(lambda request: call("ask")))

    @outer.tool
    async def ask(ctx: RunContext) -> str:
        result = await inner.run("Look.", budget=ctx.budget)
        stops.append((result.stop_reason, result.stop_detail, result.usage.turns))
        return result.output

    result = await outer.run("Go.", usage_limits=UsageLimits(turns=7))
    assert stops == [("usage_limit", "turns", 6)]
    assert (result.stop_reason, result.stop_detail, result.usage.turns) == ("usage_limit", "turns", 7)


# -- going round in circles


def looping(*names, count=40):
    return ScriptedModel([call(names[n % len(names)]) for n in range(count)])


@pytest.mark.parametrize(("names", "turns"), [("a", 5), ("ab", 10), ("abc", 15), ("aab", 15)])
async def test_the_same_calls_with_the_same_results_end_the_run(names, turns):
    agent = Agent(looping(*names))
    for name in "abc":
        agent.tool_plain(name=name)(lambda: "as ever")
    result = await agent.run("Go.", usage_limits=UsageLimits(turns=None))
    assert (result.stop_reason, result.usage.turns) == ("repeated_call", turns)
    assert "5 times in a row" in result.stop_detail


async def test_another_result_is_progress():
    agent = Agent(looping("poll", count=20))
    states = iter(range(20))
    agent.tool_plain(name="poll")(lambda: next(states) // 4)
    result = await agent.run("Wait.", usage_limits=UsageLimits(turns=20))
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "turns")


async def test_how_often_is_too_often_can_be_chosen():
    for times in (2, 7):
        agent = Agent(looping("a"))
        agent.tool_plain(name="a")(lambda: "as ever")
        result = await agent.run("Go.", usage_limits=UsageLimits(identical_calls=times))
        assert (result.stop_reason, result.usage.turns) == ("repeated_call", times)
    agent = Agent(looping("a"))
    agent.tool_plain(name="a")(lambda: "as ever")
    result = await agent.run("Go.", usage_limits=UsageLimits(identical_calls=None))
    assert (result.stop_reason, result.stop_detail) == ("usage_limit", "turns")
