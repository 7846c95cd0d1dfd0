import itertools

import anyio
import pytest

from agentkit import (
    Agent,
    CancellationToken,
    DeferredToolResults,
    MemorySession,
    ModelError,
    RunCancelled,
    RunContext,
    UserError,
)
from agentkit.testing import FunctionModel, call

pytestmark = pytest.mark.anyio


def echo() -> Agent:
    return Agent(FunctionModel(lambda request: request.messages[-1].text.upper()))


async def test_results_come_as_they_are_done():
    async def reply(request):
        await anyio.sleep(0 if request.messages[-1].text == "quick" else 0.05)
        return "done"

    async with Agent(FunctionModel(reply)).run_stream_batch(["slow", "quick"]) as items:
        seen = [(item.index, item.prompt, item.result.output) async for item in items]
    assert seen == [(1, "quick", "done"), (0, "slow", "done")]


async def test_an_error_stays_with_its_prompt():
    def reply(request):
        return ModelError("no") if request.messages[-1].text == "bad" else "fine"

    async with Agent(FunctionModel(reply)).run_stream_batch(["bad", "good", 3]) as items:
        found = {item.index: item async for item in items}
    assert isinstance(found[0].error, ModelError) and found[0].result is None
    assert found[1].result.output == "fine" and found[1].error is None
    assert isinstance(found[2].error, UserError)


async def test_an_endless_iterable_is_taken_as_runs_become_free():
    taken = 0

    def prompts():
        nonlocal taken
        for taken in itertools.count(1):
            yield str(taken)

    async with echo().run_stream_batch(prompts(), max_concurrent=3) as items:
        for _ in range(5):
            await anext(items)
    assert taken <= 5 + 3


async def test_no_more_runs_than_asked_for_and_none_for_no_prompts():
    with pytest.raises(UserError, match="max_concurrent=0"):
        await echo().run_batch(["a"], max_concurrent=0)
    assert await echo().run_batch([]) == []


@pytest.mark.parametrize("option", [{"session": MemorySession()}, {"deferred_tool_results": DeferredToolResults({})}])
async def test_what_belongs_to_one_conversation_is_refused(option):
    with pytest.raises(UserError, match="A batch is many conversations"):
        await echo().run_batch(["a", "b"], **option)


async def test_leaving_the_block_ends_the_runs():
    async def reply(request):
        return request.messages[-1].text if request.messages[-1].text == "first" else await anyio.sleep_forever()

    with anyio.fail_after(60):
        async with Agent(FunctionModel(reply)).run_stream_batch(["first", "never"]) as items:
            assert (await anext(items)).prompt == "first"


async def test_a_cancelled_token_ends_the_batch():
    token = CancellationToken()

    def reply(request):
        if request.messages[-1].text == "stop":
            token.cancel()
        return "done"

    with anyio.fail_after(60), pytest.raises(RunCancelled):
        async with Agent(FunctionModel(reply)).run_stream_batch(
            itertools.repeat("stop"), cancellation_token=token
        ) as items:
            async for _ in items:
                pass


async def test_a_run_that_cancels_itself_is_an_error_of_its_own():
    agent = Agent(FunctionModel(lambda request: call("give_up") if request.messages[-1].text == "a" else "done"))

    @agent.tool
    def give_up(context: RunContext) -> None:
        context.cancel()

    async with agent.run_stream_batch(["a", "b"]) as items:
        found = {item.prompt: item async for item in items}
    assert isinstance(found["a"].error, RunCancelled) and found["b"].result.output == "done"


async def test_what_the_iterable_raises_comes_out():
    def prompts():
        yield "a"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        await echo().run_batch(prompts())


async def test_one_text_is_no_list_of_prompts():
    with pytest.raises(UserError, match=r"several prompts, not one text: write \['hello'\]"):
        await echo().run_batch("hello")
