"""How tools run: threads, side by side, alone, in time."""

import asyncio
import contextvars
import sys
import threading

import anyio
import pytest
from pydantic import BaseModel, computed_field

from agentkit import Agent, ToolMessage, tool
from agentkit.testing import ScriptedModel, call

pytestmark = pytest.mark.anyio


async def run(tools, *turn, **options):
    """The results of one turn's calls."""
    result = await Agent(ScriptedModel([list(turn), "Done."]), tools=tools, **options).run("Go.")
    answers = next(message for message in result.all_messages() if isinstance(message, ToolMessage))
    return [answer.content for answer in answers.results]


async def test_synchronous_tools_leave_the_event_loop_free():
    loop_thread, released = threading.get_ident(), threading.Event()

    @tool
    def wait() -> bool:
        released.wait(5)
        return threading.get_ident() != loop_thread

    @tool
    async def release() -> None:
        released.set()

    assert await run([wait, release], call("wait"), call("release")) == [True, None]


async def test_context_variables_reach_the_thread():
    user = contextvars.ContextVar("user", default="nobody")
    user.set("ada")

    def who() -> str:
        return user.get()

    assert await run([who], call("who")) == ["ada"]


class Meter:
    """Counts how many of its tools run at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.alone = True

    async def work(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await anyio.wait_all_tasks_blocked()  # until all that may run beside it do
        self.now -= 1

    @tool(sequential=True)
    async def careful(self) -> None:
        self.alone = self.alone and self.now == 0
        await self.work()
        self.alone = self.alone and self.now == 0


async def test_calls_run_side_by_side_up_to_a_limit():
    meter = Meter()
    await run([meter.work], *[call("work")] * 9, max_parallel_tools=3)
    assert meter.most == 3


async def test_a_sequential_tool_runs_alone():
    meter = Meter()
    turn = [call("work"), call("work"), call("careful"), call("work"), call("careful"), call("careful")]
    await run([meter.work, meter.careful], *turn)
    assert meter.alone
    assert meter.most == 2


async def test_a_late_tool_is_given_up_and_the_others_are_not():
    @tool(timeout=0.02)
    async def slow() -> None:
        await anyio.sleep_forever()

    @tool
    async def fine() -> str:
        await anyio.sleep(0.05)
        return "fine"

    late, fine_answer = await run([slow, fine], call("slow"), call("fine"))
    assert late == "The tool did not finish within 0.02 seconds."
    assert fine_answer == "fine"


async def test_the_agents_timeout_holds_for_tools_without_their_own():
    @tool
    async def slow() -> None:
        await anyio.sleep_forever()

    assert "0.03 seconds" in (await run([slow], call("slow"), tool_timeout=0.03))[0]


async def test_a_tools_own_timeout_error_is_the_tools():
    @tool(timeout=5)
    async def connect() -> None:
        raise TimeoutError("no answer from the host")

    assert await run([connect], call("connect")) == ["The tool failed: TimeoutError: no answer from the host"]


async def test_a_synchronous_tool_that_is_late_is_left_behind_and_reported(caplog):
    release = threading.Event()

    @tool(timeout=0.02)
    def stuck() -> None:
        release.wait()  # whoever waits for it waits for good

    def fine() -> str:
        return "fine"

    try:
        turn = [call("stuck")] * 3 + [call("fine")]
        assert (await run([stuck, fine], *turn, max_parallel_tools=1))[3] == "fine"
    finally:
        release.set()
    assert "'stuck' is synchronous and can't be stopped" in caplog.text


async def test_a_function_that_returns_an_awaitable_is_awaited():
    async def fetch(n: int) -> int:
        return n

    assert await run([tool(lambda_returning(fetch))], call("fetch", n=3)) == [3]


def lambda_returning(function):
    def fetch(n: int):
        return function(n)

    return fetch


async def test_a_result_that_json_cannot_hold_is_told_in_a_sentence(caplog):
    def lock() -> object:
        return threading.Lock()

    (answer,) = await run([lock], call("lock"))
    assert answer.startswith("The tool ran, but its result can't be shown: ")
    assert "Tool 'lock' returned what JSON can't hold" in caplog.text


async def test_a_result_whose_own_code_fails_is_one_of_a_tool_that_ran():
    class Order(BaseModel):
        lines: dict[str, int]

        @computed_field
        @property
        def total(self) -> int:
            return self.lines["total"]

    def order():
        return Order(lines={})

    (answer,) = await run([order], call("order"))
    assert answer == "The tool ran, but its result can't be shown: Order: KeyError('total')."


async def test_stop_iteration_does_not_get_lost():
    def following() -> int:
        return next(iter([]))

    assert "StopIteration" in (await run([following], call("following")))[0]


@tool(name="leave")
def leave_thread() -> None:
    sys.exit(2)


@tool(name="leave")
async def leave_loop() -> None:
    sys.exit(2)


@tool(name="leave")
def cancelled_thread() -> None:
    raise asyncio.CancelledError


@tool(name="leave")
async def cancelled_elsewhere() -> None:
    raise asyncio.CancelledError


class Panic(BaseException):
    """As extensions raise that are written in Rust."""


@tool(name="leave")
def panic_thread() -> None:
    raise Panic


@tool(name="leave")
async def panic_loop() -> None:
    raise Panic


def panic(value: str) -> None:
    raise Panic


@tool(name="leave", check=panic)
def panic_afterwards() -> str:
    return "left"


LEAVING = [leave_thread, leave_loop, cancelled_thread, cancelled_elsewhere, panic_thread, panic_loop, panic_afterwards]


@pytest.mark.parametrize("leave", LEAVING)
async def test_a_tool_that_would_end_the_program_or_its_task_fails_alone(leave):
    @tool
    async def pay() -> str:
        await anyio.wait_all_tasks_blocked()
        return "paid"

    failed, paid = await run([leave, pay], call("leave"), call("pay"))
    assert failed.startswith("The tool failed: RuntimeError: the tool raised ") and paid == "paid"


def test_ctrl_c_in_the_main_thread_ends_the_run():
    @tool
    async def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Agent(ScriptedModel([call("interrupted"), "Done."]), tools=[interrupted]).run_sync("Go.")


def test_ctrl_c_that_a_tool_raises_in_its_thread_fails_alone():
    @tool
    def interrupted() -> None:
        raise KeyboardInterrupt

    result = Agent(ScriptedModel([call("interrupted"), "Done."]), tools=[interrupted]).run_sync("Go.")
    assert result.output == "Done."
    assert "the tool raised KeyboardInterrupt()" in result.tool_calls[0].result.content


async def test_a_tool_may_run_an_agent():
    @tool
    def ask(question: str) -> str:
        return Agent(ScriptedModel(["42"])).run_sync(question).output

    assert await run([ask], call("ask", question="?")) == ["42"]


async def test_a_tool_that_runs_an_agent_which_waits_for_a_person_has_failed():
    @tool(requires_approval=True)
    def pay() -> None:
        raise AssertionError("it began")

    @tool
    async def ask(question: str) -> int:
        return (await Agent(ScriptedModel([call("pay")]), tools=[pay], output_type=int).run(question)).output

    (content,) = await run([ask], call("ask", question="?"))
    assert "waits for a person to approve pay" in content
    assert "as_tool()" in content
