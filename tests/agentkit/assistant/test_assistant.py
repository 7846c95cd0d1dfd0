"""An assistant as an app uses it: plain threads ask, follow, cancel and close, and none of them has an event loop."""

import asyncio
import logging
import random
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import anyio
import pytest

from agentkit import (
    Agent,
    AgentRunResult,
    Answer,
    Assistant,
    CancellationToken,
    CanvasDraft,
    DeferredToolResults,
    DelegatedEvent,
    Event,
    Hooks,
    Loading,
    ModelError,
    ModelNotFoundError,
    ModelSettings,
    RunCancelled,
    RunContext,
    RunFinished,
    SqliteSession,
    TextCommitted,
    ToolCallPart,
    ToolCallStarted,
    ToolMessage,
    ToolResult,
    UserError,
    UserMessage,
    tool,
)
from agentkit.assistant.loader import Loader
from agentkit.bundled import folder
from agentkit.models.diffusion import DiffusionModel
from agentkit.testing import FunctionModel, ScriptedModel, call, toy_model

SOON = 60.0  # seconds until a test gives up; nothing is timed


def echo() -> FunctionModel:
    return FunctionModel(lambda request: request.messages[-1].text.upper())


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a test holds a model back with; opened in the end, so that no thread is left waiting."""
    gate = threading.Event()
    yield gate
    gate.set()


@tool
async def forever() -> None:
    """Never comes back."""
    await anyio.sleep_forever()


def caught(answer: Answer) -> BaseException | None:
    try:
        answer.result(SOON)
    except BaseException as error:
        return error
    return None


# -- asking


def test_events_come_to_a_plain_loop_and_the_result_last(backend):
    with Assistant(
        Agent(ScriptedModel([call("now"), "Noon."]), tools=[tool(name="now")(lambda: "12:00")]), backend=backend
    ) as a:
        answer = a.ask("What time is it?")
        events = list(answer)
    assert isinstance(events[-1], RunFinished) and events[-1].result is answer.result()
    assert answer.result().output == "Noon." and answer.done
    assert [event.call.name for event in events if isinstance(event, ToolCallStarted)] == ["now"]


def test_a_conversation_goes_on_and_others_know_nothing_of_it():
    with Assistant(Agent(FunctionModel(lambda request: str(len(request.messages))))) as assistant:
        said = [assistant.ask("?", conversation=name).result(SOON).output for name in ("a", "a", "b", "a")]
        assert said == ["1", "3", "1", "5"]
        assert list(assistant.conversations) == ["b", "a"]
        assert len(assistant.conversations["a"]) == 6
        del assistant.conversations["a"]
        assert assistant.ask("?", conversation="a").result(SOON).output == "1"
        assistant.conversations["b"] = [*assistant.conversations["b"], UserMessage("and?")]
        assert assistant.ask(None, conversation="b").result(SOON).output == "3"


def test_questions_in_one_conversation_are_answered_in_order_and_in_others_side_by_side(gate):
    together = threading.Barrier(3)

    async def reply(request):
        await anyio.to_thread.run_sync(together.wait, SOON)
        return request.messages[-1].text

    with Assistant(Agent(FunctionModel(reply))) as assistant:
        side_by_side = [assistant.ask("x", conversation=str(n)) for n in range(3)]
        assert [answer.result(SOON).output for answer in side_by_side] == ["x", "x", "x"]
    with Assistant(Agent(echo())) as assistant:
        answers = [assistant.ask(f"{n}") for n in range(20)]
        assert [answer.result(SOON).output for answer in answers] == [f"{n}" for n in range(20)]
        said = [message.text for message in assistant.conversations["default"] if isinstance(message, UserMessage)]
        assert said == [f"{n}" for n in range(20)]


def test_no_more_than_max_runs_are_under_way():
    now, most, lock = 0, 0, threading.Lock()

    async def reply(request):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        with lock:
            now -= 1
        return "x"

    with Assistant(Agent(FunctionModel(reply)), max_runs=3) as assistant:
        for answer in [assistant.ask("?", conversation=str(n)) for n in range(30)]:
            answer.result(SOON)
    assert most == 3


def test_many_threads_ask_at_once():
    with Assistant(Agent(echo())) as assistant:
        said: dict[str, list[str]] = {}

        def talk(name: str) -> None:
            said[name] = [assistant.ask(f"{name}{n}", conversation=name).result(SOON).output for n in range(10)]

        threads = [threading.Thread(target=talk, args=(f"t{n}-",)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert said == {f"t{n}-": [f"T{n}-{turn}" for turn in range(10)] for n in range(12)}


def test_options_of_a_run_reach_it():
    @tool
    def who(context: RunContext[str]) -> str:
        return context.deps

    with Assistant(
        Agent(
            FunctionModel(lambda r: call("who") if len(r.messages) < 2 else str(r.messages[-1].results[0].content)),
            tools=[who],
        )
    ) as a:
        assert a.ask("?", deps="Ada", model_settings=ModelSettings(max_tokens=5)).result(SOON).output == "Ada"
        with pytest.raises(UserError, match="the assistant's own"):
            a.ask("?", message_history=[])
        with pytest.raises(TypeError, match="takes no nonsense"):
            a.ask("?", nonsense=1)


def test_a_call_waits_for_approval_and_goes_on_in_another_question():
    done = []

    @tool(requires_approval=True)
    def pay(amount: int) -> str:
        done.append(amount)
        return "paid"

    with Assistant(Agent(ScriptedModel([call("pay", amount=5), "Done."]), tools=[pay])) as assistant:
        first = assistant.ask("Pay 5.").result(SOON)
        assert first.stop_reason == "approval_required" and done == []
        yes = DeferredToolResults({waiting.id: True for waiting in first.pending_calls})
        assert assistant.ask(None, deferred_tool_results=yes).result(SOON).output == "Done."
    assert done == [5]


def test_a_call_that_was_made_before_the_run_failed_is_known_and_not_made_again():
    done = []

    @tool(requires_approval=True)
    def pay(amount: int) -> str:
        done.append(amount)
        return "paid"

    script = [call("pay", amount=5), ModelError("out of ink"), ModelError("still out of ink"), "Done.", "Yes."]
    model = ScriptedModel(script)
    with Assistant(Agent(model, tools=[pay])) as assistant:
        yes = DeferredToolResults({waiting.id: True for waiting in assistant.ask("Pay 5.").result(SOON).pending_calls})
        assert str(caught(assistant.ask(None, deferred_tool_results=yes))) == "out of ink"
        kept = assistant.conversations["default"]
        assert kept[0] == UserMessage("Pay 5.") and kept[-1] == ToolMessage((ToolResult("call_1", "pay", "paid"),))
        with pytest.raises(UserError, match="no call that has run"):
            assistant.ask(None, deferred_tool_results=yes).result(SOON)
        assert str(caught(assistant.ask("Did it work?"))) == "still out of ink"
        assert assistant.conversations["default"] == kept  # nothing was done
        assert assistant.ask(None).result(SOON).output == "Done."
        assert assistant.ask("Really?").result(SOON).output == "Yes."
    assert done == [5]


def test_a_call_that_waits_for_a_person_still_waits_after_a_run_that_failed_before_it():
    @tool(requires_approval=True)
    def pay(amount: int) -> str:
        return "paid"

    model = ScriptedModel([call("pay", amount=5), ModelError("out of ink"), "Done."])
    with Assistant(Agent(model, tools=[pay])) as assistant:
        yes = DeferredToolResults({waiting.id: True for waiting in assistant.ask("Pay 5.").result(SOON).pending_calls})
        assert isinstance(caught(assistant.ask("Never mind.")), ModelError)
        assert assistant.ask(None, deferred_tool_results=yes).result(SOON).output == "Done."


# -- callbacks, polling, and other event loops


def test_callbacks_get_every_event_in_order_and_one_end():
    seen: list[Event] = []
    over = threading.Event()
    done: list[Answer] = []

    def on_done(answer: Answer) -> None:
        done.append(answer)
        over.set()

    with Assistant(Agent(echo())) as assistant:
        answer = assistant.ask("hello", on_event=seen.append, on_done=on_done)
        assert over.wait(SOON)
    assert done == [answer] and answer.result().output == "HELLO"
    assert [event.text for event in seen if isinstance(event, TextCommitted)] == ["HELLO"]
    assert isinstance(seen[-1], RunFinished)
    assert seen == answer.poll()  # who polls gets them as well


def test_a_callback_that_fails_is_logged_and_the_run_goes_on(caplog):
    def fail(event: Event) -> None:
        raise ZeroDivisionError

    with Assistant(Agent(echo())) as assistant, caplog.at_level(logging.ERROR, "agentkit"):
        assert assistant.ask("x", on_event=fail).result(SOON).output == "X"
    assert "A callback of Assistant.ask failed" in caplog.text


def test_a_callback_that_hangs_holds_back_its_own_answer_only(gate):
    with Assistant(Agent(echo())) as assistant:
        stuck = assistant.ask("a", conversation="a", on_event=lambda event: gate.wait(SOON))
        assert assistant.ask("b", conversation="b").result(SOON).output == "B"
        assert not stuck.done
        stuck.cancel()
        assert stuck.wait(SOON)


def test_many_callbacks_that_hang_hold_back_their_own_answers_only(gate, tmp_path):
    with Assistant(Agent(echo()), max_runs=100) as assistant:
        for number in range(50):  # more than there are threads for all that is not a callback
            assistant.ask("a", conversation=str(number), on_event=lambda event: gate.wait(SOON))
        session = SqliteSession(tmp_path / "sessions.db", "b")
        assert assistant.ask("b", conversation="b", session=session).result(SOON).output == "B"
        assistant.cancel()


def test_waiting_in_slices_is_waiting(gate, monkeypatch):
    monkeypatch.setattr("agentkit.assistant.signal.IN_SLICES", True)
    with Assistant(Agent(FunctionModel(lambda request: str(gate.wait(SOON))))) as assistant:
        answer = assistant.ask("?")
        threading.Timer(0.3, gate.set).start()
        assert answer.result().output == "True"


def test_polling_never_waits_and_loses_nothing(gate):
    @tool
    def wait() -> str:
        gate.wait(SOON)
        return "open"

    with Assistant(Agent(ScriptedModel([call("wait"), "Open."]), tools=[wait])) as assistant:
        answer = assistant.ask("Open it.")
        seen: list[Event] = []
        while not any(isinstance(event, ToolCallStarted) for event in seen):
            seen += answer.poll()
            threading.Event().wait(0.005)  # a GUI's timer
        assert answer.poll() == [] and not answer.done
        gate.set()
        answer.result(SOON)
        seen += answer.poll()
    assert isinstance(seen[-1], RunFinished) and answer.poll() == []


@pytest.mark.parametrize("read", [next, lambda answer: anyio.run(answer.__anext__)], ids=["for", "async for"])
def test_a_reader_whose_event_another_one_took_reads_on(read, monkeypatch):
    answer: Answer[str] = Answer("hello", "default")
    first, second = TextCommitted("one"), TextCommitted("two")
    taken: list[Event] = []

    def wait(ready: Callable[[], bool]) -> None:
        answer._put(second if taken else first)
        assert ready()
        taken.extend([] if taken else answer.poll())  # another reader is faster

    async def arrival(ready: Callable[[], bool]) -> None:
        wait(ready)

    monkeypatch.setattr(answer._changed, "wait", wait)
    monkeypatch.setattr(answer._changed, "arrival", arrival)
    assert read(answer) is second and taken == [first]


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_an_app_with_an_event_loop_of_its_own_awaits(loop, backend):
    async def app(assistant: Assistant) -> tuple[list[Event], AgentRunResult]:
        answer = assistant.ask("hello")
        with pytest.raises(UserError, match="async for"):
            iter(answer)
        events = [event async for event in answer]
        with pytest.raises(UserError, match="wait=False"):
            assistant.close()
        return events, await answer

    with Assistant(Agent(echo()), backend=backend) as assistant:
        events, result = anyio.run(app, assistant, backend=loop)
    assert isinstance(events[-1], RunFinished) and result.output == "HELLO"


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_an_async_app_holds_it_in_an_async_block(loop):
    async def app() -> None:
        with pytest.raises(UserError, match="async with"), Assistant(Agent(echo())):
            pass
        async with Assistant(Agent(FunctionModel(lambda request: call("forever")), tools=[forever])) as assistant:
            answer = assistant.ask("?")
            async for event in answer:
                if isinstance(event, ToolCallStarted):
                    break
        assert answer.done and assistant.state == "closed"
        with pytest.raises(RunCancelled):
            await answer

    anyio.run(app, backend=loop)


def test_waiting_in_an_event_loop_is_refused_where_it_would_block(gate):
    async def app(assistant: Assistant) -> None:
        answer = assistant.ask("hello")
        with pytest.raises(UserError, match="await answer"):
            answer.result()
        with pytest.raises(UserError, match=r"to_thread.run_sync\(assistant.wait\)"):
            assistant.wait()
        gate.set()
        assert (await answer).output == "HELLO"
        assert answer.result().output == "HELLO"  # it is there already

    async def reply(request):
        await anyio.to_thread.run_sync(gate.wait, SOON)
        return "HELLO"

    with Assistant(Agent(FunctionModel(reply))) as assistant:
        anyio.run(app, assistant)


async def given_up(answer: Answer) -> None:
    """A task begins to wait for the answer, and is cancelled."""
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(_wait_for, answer)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()


async def _wait_for(answer: Answer) -> None:
    await answer


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_run_ends_with_the_task_that_awaits_it(loop):
    async def app() -> None:
        async with Assistant(Agent(FunctionModel(lambda request: call("forever")), tools=[forever])) as assistant:
            answer = assistant.ask("?")
            await given_up(answer)
            with pytest.raises(RunCancelled):
                await answer

    anyio.run(app, backend=loop)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_run_goes_on_while_somebody_else_waits_for_its_answer(loop, gate):
    async def reply(request):
        await anyio.to_thread.run_sync(gate.wait, SOON)
        return "HELLO"

    async def app() -> None:
        said: list[str] = []
        heard = threading.Event()

        def hear(answer: Answer) -> None:
            said.append(answer.result().output)
            heard.set()

        async with Assistant(Agent(FunctionModel(reply))) as assistant, anyio.create_task_group() as group:
            awaited, called, followed = (
                assistant.ask("?", conversation="awaited"),
                assistant.ask("?", conversation="called", on_done=hear),
                assistant.ask("?", conversation="followed"),
            )
            group.start_soon(_wait_for, awaited)
            followed.poll()
            for answer in (awaited, called, followed):
                await given_up(answer)
            gate.set()
            assert [(await answer).output for answer in (awaited, called, followed)] == ["HELLO"] * 3
        assert await anyio.to_thread.run_sync(heard.wait, 10) and said == ["HELLO"]

    anyio.run(app, backend=loop)


@pytest.mark.parametrize("waited", [True, False])
def test_who_asked_hears_of_the_end_though_the_assistant_closes(waited):
    for heard in [threading.Event() for _ in range(40)]:
        with Assistant(Agent(FunctionModel(lambda request: "HELLO"))) as assistant:
            answer = assistant.ask("?", on_done=partial(_heard, heard))
            if waited:
                answer.wait()
        assert heard.wait(SOON)


def _heard(event: threading.Event, answer: Answer) -> None:
    assert answer.done
    event.set()


# -- drafts of a real engine


def test_a_run_is_cancelled_in_the_middle_of_a_canvas():
    seen: list[CanvasDraft] = []
    settings = ModelSettings(max_denoising_steps=100_000, max_tokens=100_000, seed=1)
    with Assistant(Agent(toy_model(), model_settings=settings)) as assistant:

        def stop(event: Event) -> None:
            if isinstance(event, CanvasDraft) and event.step == 3:
                seen.append(event)
                answer.cancel()

        answer = assistant.ask("Calculate 1 + 1", on_event=stop)
        error = caught(answer)
        assert isinstance(error, RunCancelled) and error.result.stop_reason == "cancelled"
        assert len(seen) == 1
        assert assistant.conversations["default"] == error.result.all_messages()
        assert assistant.ask("Again", model_settings=ModelSettings(max_denoising_steps=2, max_tokens=16)).result(SOON)


def test_a_slow_reader_misses_replaced_drafts_and_nothing_else():
    settings = ModelSettings(max_denoising_steps=6, max_tokens=32, seed=1)
    with Assistant(Agent(toy_model(), model_settings=settings)) as assistant:
        every: list[Event] = []
        answer = assistant.ask("Calculate 1 + 1", on_event=every.append)
        answer.result(SOON)
        late = answer.poll()
    drafts = [event for event in late if isinstance(event, CanvasDraft)]
    assert len(drafts) == len({draft.canvas for draft in drafts}) < sum(isinstance(e, CanvasDraft) for e in every)
    assert [e for e in late if not isinstance(e, CanvasDraft)] == [e for e in every if not isinstance(e, CanvasDraft)]


def test_drafts_of_agents_that_are_asked_are_replaced_as_well():
    settings = ModelSettings(max_denoising_steps=6, max_tokens=32, seed=1)
    inner = Agent(toy_model(), model_settings=settings, name="inner")
    asking = ScriptedModel([call("inner", prompt="Calculate 1 + 1"), "Done."])
    with Assistant(Agent(asking, tools=[inner.as_tool(description="Ask.")])) as assistant:
        every: list[Event] = []
        answer = assistant.ask("Calculate 1 + 1", on_event=every.append)
        answer.result(SOON)
        late = answer.poll()
    drafts, drafted = (
        [e for e in events if isinstance(e, DelegatedEvent) and isinstance(e.event, CanvasDraft)]
        for events in (late, every)
    )
    assert 0 < len(drafts) < len(drafted)
    assert [event for event in every if event not in drafted] == [event for event in late if event not in drafts]


def test_two_assistants_share_a_model_and_nothing_else():
    model = toy_model()
    settings = ModelSettings(seed=5)
    alone = Agent(model, model_settings=settings).run_sync("Hi").output
    with (
        Assistant(Agent(model, model_settings=settings)) as one,
        Assistant(Agent(model, model_settings=settings)) as two,
    ):
        answers = [assistant.ask("Hi", conversation=str(n)) for n in range(4) for assistant in (one, two)]
        assert {answer.result(SOON).output for answer in answers} == {alone}
        one.close()
        assert two.ask("Hi", conversation="new").result(SOON).output == alone
        assert one.state == "closed" and two.state == "ready"


# -- cancelling and closing


def test_cancelling_ends_one_answer_one_conversation_or_all():
    with Assistant(Agent(FunctionModel(lambda request: call("forever")), tools=[forever])) as assistant:
        first, second, third, fourth = (assistant.ask("?", conversation=name) for name in ("a", "b", "b", "c"))
        for answer in (first, second, fourth):
            next(event for event in answer if isinstance(event, ToolCallStarted))
        first.cancel()
        assert isinstance(caught(first), RunCancelled) and not second.done
        assistant.cancel("b")
        assert isinstance(caught(second), RunCancelled)
        assert caught(third).result is None  # it had not begun
        assert not fourth.done
        assistant.cancel()
        assert isinstance(caught(fourth), RunCancelled)


def test_a_token_of_the_app_cancels_as_well():
    token = CancellationToken()
    with Assistant(Agent(FunctionModel(lambda request: call("forever")), tools=[forever])) as assistant:
        answer = assistant.ask("?", cancellation_token=token)
        next(event for event in answer if isinstance(event, ToolCallStarted))
        token.cancel()
        assert isinstance(caught(answer), RunCancelled)


def test_leaving_an_answers_block_early_cancels_it():
    with Assistant(Agent(FunctionModel(lambda request: call("forever")), tools=[forever])) as assistant:
        with assistant.ask("?") as answer:
            next(event for event in answer if isinstance(event, ToolCallStarted))
        assert isinstance(caught(answer), RunCancelled)


def test_closing_ends_what_is_under_way_and_what_waits(backend):
    began, before = threading.Event(), set(threading.enumerate())
    assistant = Assistant(Agent(FunctionModel(lambda request: call("forever")), tools=[forever]), backend=backend)
    answers = [
        assistant.ask("?", on_event=lambda e: began.set() if isinstance(e, ToolCallStarted) else None),
        assistant.ask("and?"),
    ]
    assert began.wait(SOON)
    assistant.close()
    assert [type(caught(answer)) for answer in answers] == [RunCancelled, RunCancelled]
    assert assistant.state == "closed"
    new = set(threading.enumerate()) - before
    assert not [thread for thread in new if thread.name.startswith("agentkit-assistant")]
    assistant.close()  # again is nothing
    with pytest.raises(UserError, match="closed"):
        assistant.ask("?")
    with pytest.raises(UserError, match="closed"):
        assistant.start()
    with pytest.raises(UserError, match="closed"):
        assistant.wait()


def test_closing_from_a_callback_or_while_one_hangs_does_not_lock_up(gate):
    assistant = Assistant(Agent(echo()))
    closed = threading.Event()
    answer = assistant.ask("x", on_event=lambda event: (assistant.close(), closed.set()))
    assert closed.wait(SOON) and answer.done

    assistant, waits = Assistant(Agent(echo())), threading.Event()
    answer = assistant.ask("x", on_done=lambda answer: (waits.set(), gate.wait(SOON)))
    assert waits.wait(SOON)
    assistant.close()
    assert answer.result().output == "X"


def test_a_gui_thread_may_close_without_waiting(gate):
    began = threading.Event()

    def stubborn() -> None:
        """A synchronous tool can't be stopped."""
        began.set()
        gate.wait(SOON)

    assistant = Assistant(Agent(ScriptedModel([call("stubborn")]), tools=[stubborn]))
    answer = assistant.ask("?")
    assert began.wait(SOON)
    assistant.close(wait=False)
    error = caught(answer)
    assert isinstance(error, RunCancelled) and error.still_running == ("stubborn",)
    assistant.close()


def test_a_tool_that_would_end_the_program_does_not_end_the_assistant(backend):
    def leave() -> None:
        """As a command line does."""
        sys.exit(2)

    def leaves(event) -> None:
        sys.exit(2)

    with Assistant(
        Agent(ScriptedModel([call("leave"), "Sorry.", "Well."]), tools=[leave]), backend=backend
    ) as assistant:
        assert assistant.ask("?").result(SOON).output == "Sorry."
        assert assistant.ask("?", on_event=leaves).result(SOON).output == "Well."


class Panic(BaseException):
    """As extensions raise that are written in Rust."""


@pytest.mark.parametrize("where", ["tool", "async_tool", "checked", "hooked", "asked", "model"])
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, Panic, asyncio.CancelledError])
def test_what_is_no_exception_ends_no_other_answer(kind, where, backend):
    def fail(*_: object) -> None:
        raise kind("boo")

    async def fail_in_the_loop() -> None:
        fail()

    async def fail_after(context: RunContext, made: ToolCallPart, result: ToolResult) -> None:
        if made.name == "hooked":
            fail()

    def reply(request):
        said = request.messages[-1]
        if isinstance(said, ToolMessage):
            return str(said.results[0].content)
        if said.text == "model":
            fail()
        arguments = {"prompt": "?"} if said.text == "asked" else {}
        return "Hello." if said.text == "hello" else call(said.text, **arguments)

    tools = [
        tool(name="tool")(lambda: fail()),
        tool(name="async_tool")(fail_in_the_loop),
        tool(name="checked", check=fail)(lambda: 1),
        tool(name="hooked")(lambda: 1),
        Agent(FunctionModel(fail)).as_tool(name="asked", description="Ask."),
    ]
    agent = Agent(FunctionModel(reply), tools=tools, hooks=Hooks(after_tool=fail_after))
    with Assistant(agent, backend=backend) as assistant:
        answer = assistant.ask(where, conversation="1")
        assert answer.wait(SOON)
        outcome = caught(answer)
        told = str(outcome) if isinstance(outcome, RuntimeError) else answer.result().output
        assert f"raised {kind.__name__}('boo')" in told
        assert assistant.ask("hello", conversation="2").result(SOON).output == "Hello."


def test_when_its_event_loop_ends_for_whatever_reason_nobody_waits_any_more(backend, caplog):
    async def end() -> None:
        answers.append(assistant.ask("too late"))
        raise Panic

    assistant = Assistant(Agent(FunctionModel(lambda request: call("forever")), tools=[forever]), backend=backend)
    answers = [assistant.ask("?"), assistant.ask("and?")]
    next(event for event in answers[0] if isinstance(event, ToolCallStarted))
    assistant._thread.spawn(end)
    assistant._thread._thread.join(SOON)
    assert [type(caught(answer)) for answer in answers] == [RunCancelled] * 3
    assert assistant.state == "closed" and "The event loop of agentkit-assistant has ended" in caplog.text
    with pytest.raises(UserError, match="closed"):
        assistant.ask("?")
    assistant.close()


def test_an_assistant_that_was_never_started_closes():
    assistant = Assistant(Agent(echo()))
    assert assistant.state == "new" and "new" in repr(assistant)
    assistant.close()
    assert assistant.state == "closed"


# -- loading


def test_loading_goes_on_in_the_background_and_can_be_waited_for(gate):
    def make() -> Agent:
        gate.wait(SOON)
        return Agent(echo())

    with Assistant(make) as assistant:
        assert assistant.state == "loading"
        early = assistant.ask("early")
        with pytest.raises(TimeoutError, match="loading goes on"):
            assistant.wait(0.001)
        with pytest.raises(TimeoutError, match="the run goes on"):
            early.result(0.001)
        gate.set()
        assistant.wait(SOON)
        assert assistant.state == "ready" and early.result(SOON).output == "EARLY"


def test_the_bundled_models_loading_is_told(monkeypatch):
    from agentkit import models

    monkeypatch.setattr(models, "_bundled", [])
    monkeypatch.setattr(models, "_loaded", {})
    told: list[Loading] = []
    tell = Loader._tell

    def watched(loader: Loader, *much: Any) -> None:
        tell(loader, *much)
        told.append(loader.loading)

    monkeypatch.setattr(Loader, "_tell", watched)
    with Assistant(Agent("bundled", model_settings=ModelSettings(seed=0))) as assistant:
        assistant.wait(SOON)
        assert assistant.ask("hello").result(SOON).stop_reason == "finished"
    assert told[0] == Loading("import") and told[0].fraction is None
    assert told[-1].stage == "weights" and told[-1].fraction == 1.0
    assert assistant.loading == told[-1]


def test_an_error_while_loading_is_told_to_whoever_asks_and_loading_can_be_tried_again():
    tries = iter([ModelNotFoundError("no network"), Agent(echo())])

    def make() -> Agent:
        made = next(tries)
        if isinstance(made, Exception):
            raise made
        return made

    with Assistant(make) as assistant:
        for attempt in (
            lambda: assistant.wait(SOON),
            lambda: assistant.ask("x").result(SOON),
            lambda: list(assistant.ask("x")),
        ):
            with pytest.raises(ModelNotFoundError, match="no network"):
                attempt()
        assert assistant.state == "failed" and str(assistant.error) == "no network"
        assert "default" not in assistant.conversations
        assert assistant.start().ask("x").result(SOON).output == "X"
        assert assistant.state == "ready" and assistant.error is None


@pytest.mark.parametrize(
    ("source", "error", "complaint"),
    [
        (Agent("/no/such/folder"), Exception, "no such folder"),
        (Agent("openai:x@http://localhost"), ModelNotFoundError, "can't be used"),
        (lambda: "an agent", UserError, "gave 'an agent'"),
        (lambda: sys.exit("no config"), RuntimeError, r"raised SystemExit\('no config'\)"),
    ],
)
def test_what_cannot_be_opened_says_why(source: Agent | Callable[[], Agent], error, complaint):
    with Assistant(source) as assistant, pytest.raises(error, match=complaint):
        assistant.wait(SOON)


def test_closing_and_cancelling_do_not_wait_for_a_model_that_is_loading(gate):
    def make() -> Agent:
        gate.wait(SOON)
        return Agent(echo())

    assistant = Assistant(make)
    cancelled, closed = assistant.ask("x"), assistant.ask("y", conversation="other")
    cancelled.cancel()
    assert isinstance(caught(cancelled), RunCancelled) and assistant.state == "loading"
    assistant.close()
    assert isinstance(caught(closed), RunCancelled) and not gate.is_set()


def test_threads_are_limited_for_models_that_are_opened_then():
    import torch

    before = torch.get_num_threads()
    try:
        seen: list[int] = []

        def make() -> Agent:
            seen.append(torch.get_num_threads())
            return Agent(toy_model())

        with Assistant(make, threads=1) as assistant:
            assistant.wait(SOON)
        assert seen == [1]
    finally:
        torch.set_num_threads(before)
    with pytest.raises(UserError, match="too late"):
        Assistant(Agent(echo()), threads=1)


def test_what_is_no_agent_is_refused_at_once():
    with pytest.raises(UserError, match=r"takes an Agent.* not 'bundled'"):
        Assistant("bundled")


def test_memory_is_limited_by_how_the_model_is_opened():
    def make() -> Agent:
        model = DiffusionModel.from_pretrained(
            folder(), device="cpu", cache_memory=4 * 2**20, prefix_memory=0, max_batch=2
        )
        return Agent(model, model_settings=ModelSettings(seed=0, max_denoising_steps=4, max_tokens=48))

    with Assistant(make) as assistant:
        assert assistant.ask("hello", conversation="short").result(SOON).output
        with pytest.raises(ModelError, match="over the engine's cache_memory of 4 MiB"):
            assistant.ask("hello " * 600, conversation="long").result(SOON)
        assert assistant.ask("hello", conversation="short").result(SOON).output


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"max_runs": 0}, {"max_conversations": 0}])
def test_limits_are_at_least_1(wrong):
    with pytest.raises(UserError, match="at least 1"):
        Assistant(Agent("bundled"), **wrong)


# -- errors


def test_a_run_that_fails_leaves_the_conversation_as_it_was():
    script = ["Hello.", ModelError("out of ink"), "Again."]
    with Assistant(Agent(ScriptedModel(script))) as assistant:
        assistant.ask("Hi").result(SOON)
        before = assistant.conversations["default"]
        with pytest.raises(ModelError, match="out of ink"):
            list(assistant.ask("Lost"))
        assert assistant.conversations["default"] == before
        assert assistant.ask("Hi").result(SOON).output == "Again."


def test_the_oldest_conversations_are_forgotten_and_none_in_which_somebody_waits():
    async def reply(request):
        if request.messages[-1].text == "stay":
            return call("forever")
        return "x"

    with Assistant(Agent(FunctionModel(reply), tools=[forever]), max_conversations=2) as assistant:
        stays = assistant.ask("stay", conversation="first")
        next(event for event in stays if isinstance(event, ToolCallStarted))
        for name in ("second", "third", "fourth"):
            assistant.ask("?", conversation=name).result(SOON)
        assert list(assistant.conversations) == ["first", "fourth"]


def test_a_conversation_is_not_forgotten_while_its_question_waits_for_a_place(gate):
    async def reply(request):
        if request.messages[-1].text == "slow":
            await anyio.to_thread.run_sync(gate.wait, SOON)
        return str(len(request.messages))

    with Assistant(Agent(FunctionModel(reply)), max_runs=1, max_conversations=2) as assistant:
        assistant.ask("one", conversation="a").result(SOON)
        answers = [assistant.ask("slow", conversation="b"), assistant.ask("?", conversation="c")]
        answers.append(assistant.ask("two", conversation="a"))
        gate.set()
        assert [answer.result(SOON).output for answer in answers] == ["1", "1", "3"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_tool_may_ask_in_another_conversation(kind, backend):
    def reply(request):
        return call("ask") if request.messages[0].text == "outer" and len(request.messages) == 1 else "inner"

    def ask() -> str:
        return assistant.ask("x", conversation="inner").result(SOON).output

    async def ask_awaiting() -> str:
        return (await assistant.ask("x", conversation="inner")).output

    tools = [tool(name="ask")(ask if kind == "sync" else ask_awaiting)]
    with Assistant(Agent(FunctionModel(reply), tools=tools), backend=backend) as assistant:
        assert assistant.ask("outer").result(SOON).tool_calls[0].result.content == "inner"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_many_threads_do_every_answer_ends_and_no_tool_begins_after_its_run(seed, backend):
    """Threads ask, cancel, forget and close at random; the runs call tools that await and tools that block."""
    chance = random.Random(seed)
    running: set[str] = set()
    late: list[str] = []
    answers: list[Answer] = []
    together = threading.Barrier(6)

    async def awaits(run: str) -> str:
        late.extend([run] if run not in running else [])
        await anyio.sleep(chance.random() / 500)
        return "a"

    def blocks(run: str) -> str:
        late.extend([run] if run not in running else [])
        threading.Event().wait(chance.random() / 500)
        return "b"

    def reply(request):
        run = request.messages[-1].text if isinstance(request.messages[-1], UserMessage) else ""
        return [call("awaits", run=run), call("blocks", run=run)] if run else "done"

    assistant = Assistant(Agent(FunctionModel(reply), tools=[awaits, blocks]), max_runs=3, backend=backend).start()

    def act(name: str) -> None:
        together.wait(SOON)
        for turn in range(8):
            run = f"{name}{turn}"
            running.add(run)
            try:
                answer = assistant.ask(
                    run, conversation=chance.choice("xyz"), on_done=lambda a: running.discard(a.prompt)
                )
            except UserError:
                return  # it is closed
            answers.append(answer)
            match chance.randrange(6):
                case 0:
                    answer.cancel()
                case 1:
                    answer.wait(SOON)
                case 2:
                    assistant.conversations.pop("x", None)
                case 3:
                    assistant.cancel("y")
                case 4 if turn > 4:
                    assistant.close(wait=chance.random() < 0.5)

    threads = [threading.Thread(target=act, args=(name,)) for name in "abcde"]
    for thread in threads:
        thread.start()
    together.wait(SOON)
    for thread in threads:
        thread.join(SOON)
    assistant.close()
    assert all(answer.done for answer in answers) and late == []
    outcomes = [caught(answer) for answer in answers]
    assert {type(outcome) for outcome in outcomes} <= {type(None), RunCancelled}
    assert all(
        answer.result().output == "done" for answer, outcome in zip(answers, outcomes, strict=True) if not outcome
    )
