"""A run is cancelled at every one of its awaits and denoising steps: no tool begins after `RunCancelled`."""

from __future__ import annotations

import asyncio
import inspect
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
import trio
from anyio.lowlevel import checkpoint

from agentkit import (
    Agent,
    AssistantMessage,
    CancellationToken,
    CanvasDraft,
    EarlyTools,
    MemorySession,
    ModelRetry,
    ModelSettings,
    RunCancelled,
    ToolCallStarted,
    ToolMessage,
    UsageLimits,
    open_calls,
    tool,
)
from agentkit.testing import ScriptedModel, call, toy_model

pytestmark = pytest.mark.anyio


# -- stepping: something happens after a given number of awaits, whichever task of the run they are in


class Steps:
    """Counts the steps of all tasks, and calls `strike` after a given one."""

    def __init__(self, at: int, strike) -> None:
        self.count = 0
        self.at = at
        self.strike = strike

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.strike()


@types.coroutine
def stepping(coroutine, steps: Steps):
    """The coroutine, with every await of it counted."""
    throw, value = None, None
    while True:
        try:
            awaited = coroutine.send(value) if throw is None else coroutine.throw(throw)
        except StopIteration as stop:
            return stop.value
        steps.step()
        throw = None
        try:
            value = yield awaited
        except BaseException as error:
            throw = error


class Instrument(trio.abc.Instrument):
    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self.steps.step()


@contextmanager
def counted(steps: Steps, backend: str) -> Iterator[None]:
    """Counts the awaits of all tasks while inside."""
    if backend == "trio":
        instrument = Instrument(steps)
        trio.lowlevel.add_instrument(instrument)
        try:
            yield
        finally:
            trio.lowlevel.remove_instrument(instrument)
        return

    async def stepped(coroutine):
        return await stepping(coroutine, steps)

    def make(loop, coroutine, **options):
        made = stepped(coroutine) if inspect.iscoroutine(coroutine) else coroutine
        return asyncio.Task(made, loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(make)
    try:
        yield
    finally:
        loop.set_task_factory(None)


class Eager(ScriptedModel):
    """Offers its next turn's calls before it makes them."""

    async def reply(self, request):
        reply = await super().reply(request)
        await checkpoint()
        for part in reply if isinstance(reply, list) else ():
            if request.early is not None and not isinstance(part, str):
                request.early(part)
        await checkpoint()
        return reply


class Shop:
    """Tools of all kinds, and what they did."""

    def __init__(self) -> None:
        self.token = CancellationToken()
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.late: list[str] = []

    def begin(self, what: str) -> None:
        self.begun.append(what)
        if self.token.cancelled and not what.startswith("pay"):  # which has a thread to begin in
            self.late.append(what)

    @tool
    async def order(self, n: int) -> str:
        """Order."""
        self.begin(f"order {n}")
        await checkpoint()
        if n == 0:
            raise ModelRetry("not 0", argument="n")
        self.ended.append(f"order {n}")
        return "ordered"

    @tool(sequential=True, requires_approval=lambda context, arguments: False)
    def pay(self, n: int) -> str:
        """Pay."""
        self.begin(f"pay {n}")
        self.ended.append(f"pay {n}")
        return "paid"

    @tool(read_only=True)
    async def look(self, n: int) -> str:
        """Look."""
        self.begin(f"look {n}")
        await checkpoint()
        self.ended.append(f"look {n}")
        return "seen"


def shopping(shop: Shop) -> Agent:
    script = [
        [call("look", n=1), call("order", n=0), call("order", n=2)],
        [call("pay", n=3), call("look", n=4)],
        "Done.",
    ]
    settings = ModelSettings(early_tools=EarlyTools())
    return Agent(Eager(script, repairs=[{"n": 1}]), tools=[shop.order, shop.pay, shop.look], model_settings=settings)


async def run_until(steps: int, backend: str) -> tuple[Shop, MemorySession, RunCancelled | None]:
    """A run that is cancelled after so many awaits; None when it was done before."""
    shop, session = Shop(), MemorySession()

    async def go() -> None:
        async with agent.run_stream_events("Go.", cancellation_token=shop.token, session=session) as events:
            async for _ in events:
                pass

    agent = shopping(shop)
    cancelled = None
    counting = Steps(steps, shop.token.cancel)
    with counted(counting, backend):
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(go)
        except BaseExceptionGroup as errors:
            cancelled = errors.exceptions[0]
            assert isinstance(cancelled, RunCancelled)
    return shop, session, cancelled


async def test_no_tool_begins_after_it_is_cancelled_at_any_await(anyio_backend):
    reached = set()
    for steps in range(1, 2_000):
        shop, session, cancelled = await run_until(steps, anyio_backend)
        if cancelled is None:
            break
        begun = list(shop.begun)
        for _ in range(5):
            await checkpoint()
        assert shop.begun == begun
        assert shop.late == []
        await check_what_is_left(shop, session, cancelled)
        reached.add(len(begun))
    else:
        raise AssertionError("the run did not come to its end")
    assert steps > 50
    assert len(reached) >= 5  # it struck before, between and after the tools
    assert sorted(shop.ended) == ["look 1", "look 4", "order 1", "order 2", "pay 3"]


async def check_what_is_left(shop: Shop, session: MemorySession, cancelled: RunCancelled) -> None:
    """All calls are answered, by their results where they have some; the session holds the same."""
    if cancelled.result is None:  # it was cancelled before it was a run
        assert shop.begun == []
        assert await session.read() == ()
        return
    messages = cancelled.result.all_messages()
    assert cancelled.result.stop_reason == "cancelled"
    assert not open_calls(messages)
    assert await session.messages() == messages
    made = [c.id for message in messages if isinstance(message, AssistantMessage) for c in message.calls]
    answers = [r for message in messages if isinstance(message, ToolMessage) for r in message.results]
    assert [answer.call_id for answer in answers] == made
    good = [answer for answer in answers if not answer.is_error]
    assert len(good) <= len(shop.ended)


# -- denoising steps


@pytest.fixture(scope="module")
def model():
    return toy_model(seed=0)


async def test_cancelling_at_every_denoising_step_ends_the_run_before_the_next_tool(model):
    begun = []

    @tool
    def strike() -> str:
        begun.append(1)
        return "struck"

    settings = ModelSettings(seed=1, tool_choice="strike", max_denoising_steps=4, max_tokens=32)
    agent = Agent(model, tools=[strike], model_settings=settings, usage_limits=UsageLimits(turns=2))
    whole = await agent.run("Go.")
    total = whole.usage.denoising_steps
    assert begun
    for step in range(1, total + 1):
        begun.clear()
        token, seen, started = CancellationToken(), 0, 0
        with pytest.raises(RunCancelled) as caught:
            async with agent.run_stream_events("Go.", cancellation_token=token) as events:
                async for event in events:
                    started += isinstance(event, ToolCallStarted) and not token.cancelled
                    seen += isinstance(event, CanvasDraft)
                    if seen == step:
                        token.cancel()
        struck = len(begun)
        await checkpoint()
        assert len(begun) == struck
        result = caught.value.result
        assert not open_calls(result.all_messages())
        assert result.usage.denoising_steps <= total
        assert [canvas.tokens for canvas in result.canvases] == [
            canvas.tokens for canvas in whole.canvases[: len(result.canvases)]
        ]
    begun.clear()
    again = await agent.run("Go.")
    assert again.all_messages() == whole.all_messages()


# -- many runs, many threads


def test_one_token_cancels_runs_in_many_threads_from_many_threads():
    token = CancellationToken()
    started = threading.Semaphore(0)
    outcomes = []

    async def forever() -> str:
        started.release()
        await anyio.sleep_forever()
        raise AssertionError

    def run(backend: str) -> None:
        agent = Agent(ScriptedModel([[call("forever")] * 3]), tools=[forever])
        try:
            anyio.run(lambda: agent.run("Go.", cancellation_token=token), backend=backend)
        except RunCancelled as error:
            outcomes.append(error.result.stop_reason)

    threads = [threading.Thread(target=run, args=(backend,)) for backend in ("asyncio", "trio") * 4]
    for thread in threads:
        thread.start()
    for _ in range(8 * 3):
        assert started.acquire(timeout=30)
    strikers = [threading.Thread(target=token.cancel) for _ in range(4)]
    for thread in strikers:
        thread.start()
    for thread in [*strikers, *threads]:
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert outcomes == ["cancelled"] * 8


def test_cancelling_while_runs_come_and_go_loses_none():
    """The token is cancelled at no special moment; every run then is either done or cancelled."""
    for _ in range(20):
        token = CancellationToken()
        outcomes: list[str] = []

        def run(token=token, outcomes=outcomes) -> None:
            try:
                for _ in range(50):
                    result = Agent(ScriptedModel(["Yes."])).run_sync("?", cancellation_token=token)
                    assert result.stop_reason == "finished"
                outcomes.append("done")
            except RunCancelled:
                outcomes.append("cancelled")

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        token.cancel()
        for thread in threads:
            thread.join(timeout=60)
        assert len(outcomes) == 2
