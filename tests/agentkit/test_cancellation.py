import threading
from functools import partial

import anyio
import pytest
from anyio.lowlevel import checkpoint

from agentkit import Agent, CancellationToken, Hooks, RunCancelled, RunContext, ToolCallStarted, ToolMessage, tool
from agentkit.testing import FunctionModel, ScriptedModel, call

pytestmark = pytest.mark.anyio


async def test_a_cancelled_run_raises_with_what_it_reached():
    token = CancellationToken()

    @tool
    async def quick() -> str:
        return "ready"

    @tool
    async def cancel() -> None:
        token.cancel()
        await anyio.sleep_forever()

    agent = Agent(ScriptedModel([call("quick"), call("cancel"), "never"]), tools=[quick, cancel])
    with pytest.raises(RunCancelled) as caught:
        await agent.run("Go.", cancellation_token=token)
    result = caught.value.result
    assert result is not None
    assert result.stop_reason == "cancelled"
    answers = [answer for m in result.all_messages() if isinstance(m, ToolMessage) for answer in m.results]
    assert [(answer.content, answer.is_error) for answer in answers] == [
        ("ready", False),
        ("The run was cancelled before this call was finished.", True),
    ]


class Recorder:
    """Tools that write down when they begin and end, and models and events that await in between."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []

    async def step(self, n: int) -> int:
        self.begun.append(n)
        await checkpoint()
        await checkpoint()
        self.ended.append(n)
        return n

    async def reply(self, request):
        await checkpoint()
        turn = len(request.messages)
        return [call("step", n=turn * 10 + i) for i in range(3)] if turn < 6 else "Done."


async def run_and_cancel_after(ticks: int, recorder: Recorder, token: CancellationToken) -> bool:
    """Whether the run got to its end before it was cancelled."""

    async def cancel() -> None:
        for _ in range(ticks):
            await checkpoint()
        token.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(cancel)
        try:
            await Agent(FunctionModel(recorder.reply), tools=[recorder.step]).run("Go.", cancellation_token=token)
        except RunCancelled:
            return False
        finally:
            group.cancel_scope.cancel()
    return True


async def test_no_tool_begins_after_run_cancelled_wherever_it_strikes():
    finished_at = None
    for ticks in range(400):
        recorder, token = Recorder(), CancellationToken()
        if await run_and_cancel_after(ticks, recorder, token):
            finished_at = ticks
            break
        begun = list(recorder.begun)
        for _ in range(10):
            await checkpoint()
        assert recorder.begun == begun
        assert set(recorder.ended) <= set(begun)
    assert finished_at is not None
    assert finished_at > 20
    assert len(recorder.ended) == 9


async def test_no_tool_begins_once_the_token_is_cancelled_from_an_event():
    token, begun = CancellationToken(), []

    @tool
    def strike() -> None:
        begun.append(1)

    agent = Agent(ScriptedModel([call("strike")]), tools=[strike])
    with pytest.raises(RunCancelled):
        async with agent.run_stream_events("Go.", cancellation_token=token) as events:
            async for event in events:
                assert not isinstance(event, ToolCallStarted)
                token.cancel()
    assert begun == []


async def test_cancelling_from_another_thread():
    token, waiting = CancellationToken(), threading.Event()

    def cancel() -> None:
        waiting.wait(60)
        token.cancel()

    async def reply(request):
        waiting.set()
        await anyio.sleep_forever()

    thread = threading.Thread(target=cancel)
    thread.start()
    with anyio.fail_after(60), pytest.raises(RunCancelled):
        await Agent(FunctionModel(reply)).run("Go.", cancellation_token=token)
    thread.join()


async def test_one_token_cancels_many_runs_and_those_to_come():
    token, cancelled = CancellationToken(), []
    agent = Agent(FunctionModel(lambda request: anyio.sleep_forever()))

    async def one(n: int) -> None:
        with pytest.raises(RunCancelled):
            await agent.run("Go.", cancellation_token=token)
        cancelled.append(n)

    async with anyio.create_task_group() as group:
        for n in range(3):
            group.start_soon(partial(one, n))
        await anyio.wait_all_tasks_blocked()
        token.cancel()
        token.cancel()
    await one(3)
    assert sorted(cancelled) == [0, 1, 2, 3]
    assert token.cancelled


async def test_a_tool_cancels_its_own_run_and_no_other():
    token = CancellationToken()

    @tool
    def stop(ctx: RunContext) -> None:
        ctx.cancel()

    agent = Agent(FunctionModel(lambda request: call("stop")), tools=[stop])
    with pytest.raises(RunCancelled):
        await agent.run("Go.", cancellation_token=token)
    assert not token.cancelled


async def test_a_synchronous_tool_that_is_under_way_is_reported():
    token, release, done, seen = CancellationToken(), threading.Event(), threading.Event(), []

    @tool
    def stuck(ctx: RunContext) -> None:
        token.cancel()
        release.wait(60)
        seen.append(ctx.cancelled)
        done.set()

    with anyio.fail_after(60), pytest.raises(RunCancelled) as caught:
        await Agent(ScriptedModel([call("stuck")]), tools=[stuck]).run("Go.", cancellation_token=token)
    assert caught.value.still_running == ("stuck",)
    assert "It is not known whether it was carried out" in told(caught.value)
    release.set()
    assert await anyio.to_thread.run_sync(done.wait, 60)
    assert seen == [True]


async def test_a_tool_that_has_returned_is_answered_with_its_result():
    """Whether or not the event loop knows already, when the run is cancelled."""
    token, begun, returns = CancellationToken(), threading.Event(), threading.Event()

    @tool
    def pay() -> str:
        begun.set()
        returns.wait(60)
        return "paid"

    @tool
    async def cancel() -> None:
        await anyio.to_thread.run_sync(begun.wait)
        token.cancel()
        returns.set()
        threading.Event().wait(0.1)  # the event loop stands still, and the thread does not
        await anyio.sleep_forever()

    model = ScriptedModel([[call("pay"), call("cancel")]])
    with pytest.raises(RunCancelled) as caught:
        await Agent(model, tools=[pay, cancel]).run("Go.", cancellation_token=token)
    assert told(caught.value) == "paid"
    assert [finished.call.name for finished in caught.value.result.tool_calls] == ["pay"]


async def test_a_tool_is_answered_as_carried_out_when_a_hook_behind_it_is_cancelled():
    token = CancellationToken()

    async def after_tool(ctx, call, result):
        token.cancel()
        await anyio.sleep_forever()

    @tool
    async def pay() -> str:
        return "paid"

    agent = Agent(ScriptedModel([call("pay")]), tools=[pay], hooks=Hooks(after_tool=after_tool))
    with pytest.raises(RunCancelled) as caught:
        await agent.run("Go.", cancellation_token=token)
    assert told(caught.value) == "This was carried out, but its result was not checked before the run ended."


def told(cancelled: RunCancelled) -> object:
    """How the first call of the last turn was answered."""
    assert cancelled.result is not None
    return cancelled.result.all_messages()[-1].results[0].content


async def test_cancelling_around_a_run_is_not_run_cancelled():
    with anyio.move_on_after(0.01) as scope:
        await Agent(FunctionModel(lambda request: anyio.sleep_forever())).run("Go.")
    assert scope.cancelled_caught
