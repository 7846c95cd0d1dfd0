"""Conversations kept short: by dropping old results, by summaries, by functions of one's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import (
    Agent,
    AssistantMessage,
    DropOldResults,
    History,
    HistoryCompacted,
    MemorySession,
    Message,
    ModelSettings,
    Summarise,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResult,
    UserError,
    UserMessage,
)
from agentkit.compaction import DROPPED, SUMMARY
from agentkit.dialects.base import Outline
from agentkit.testing import FunctionModel, ScriptedModel, call, toy_model
from tests.agentkit.conversations import conversations

pytestmark = pytest.mark.anyio

LONG = "It is a long story. " * 10


def look(n: int) -> str:
    """Look something up."""
    return f"{n}: {LONG}"


def results(messages: Sequence[Message]) -> list:
    return [answer.content for message in messages if isinstance(message, ToolMessage) for answer in message.results]


def pairs(messages: Sequence[Message]) -> list[tuple[set[str], set[str]]]:
    """The ids of each turn's calls, and of the results that follow them."""
    found = []
    for message, following in zip(messages, (*messages[1:], None), strict=True):
        if isinstance(message, AssistantMessage) and message.calls:
            assert isinstance(following, ToolMessage)
            found.append(({call.id for call in message.calls}, {result.call_id for result in following.results}))
        elif isinstance(following, ToolMessage):
            raise AssertionError("results without a call")
    return found


async def summary(messages: Sequence[Message], max_tokens: int) -> str:
    return f"{len(messages)} messages"


policies = st.builds(DropOldResults, keep=st.integers(0, 4), over=st.just(0)) | st.builds(
    Summarise, keep=st.integers(1, 6), over=st.just(0)
)


@given(messages=conversations(), policy=policies)
def test_no_call_is_ever_cut_from_its_result(messages: list[Message], policy) -> None:
    async def after(messages: Sequence[Message]) -> Sequence[Message]:
        found = policy(History(tuple(messages), _ask=summary))
        return await found if isinstance(policy, Summarise) else found

    once = anyio.run(after, messages)
    assert all(calls == answered for calls, answered in pairs(once))
    assert once[-1] == messages[-1]
    last_request = [message for message in messages if isinstance(message, UserMessage)][-1:]
    assert [message for message in once if message in last_request][-1:] == last_request
    assert len(once) <= len(messages)
    if isinstance(policy, DropOldResults):
        assert len(once) == len(messages)
        assert anyio.run(after, once) == list(once)
        kept, whole = (([m for m in said if isinstance(m, ToolMessage)]) for said in (once, messages))
        assert policy.keep == 0 or kept[-policy.keep :] == whole[-policy.keep :]


async def test_old_results_are_dropped_and_the_model_sees_it():
    script = [call("look", n=number) for number in range(4)]
    model = ScriptedModel([*script, "done"])
    agent = Agent(model, tools=[look], compaction=DropOldResults(keep=2, over=0))
    async with agent.run_stream_events("?") as stream:
        events = [event async for event in stream]
    compacted = [event for event in events if isinstance(event, HistoryCompacted)]
    assert len(compacted) == 2
    assert results(compacted[-1].before)[1].startswith("1: ")
    whole = [f"{number}: {LONG}" for number in range(4)]
    assert results(model.requests[-1].messages) == [DROPPED, DROPPED, *whole[2:]]
    assert results(model.requests[1].messages) == whole[:1]
    result = events[-1].result
    assert results(result.all_messages()) == [DROPPED, DROPPED, *whole[2:]]
    assert [finished.result.content for finished in result.tool_calls] == whole
    assert result.new_messages() == result.all_messages()


async def test_short_results_are_not_worth_it():
    def count() -> int:
        return 3

    model = ScriptedModel([call("count"), call("count"), "done"])
    await Agent(model, tools=[count], compaction=DropOldResults(keep=0, over=0)).run("?")
    assert results(model.requests[-1].messages) == [3, 3]


async def test_nothing_is_dropped_before_so_much_of_the_context_is_filled():
    policy = DropOldResults(keep=0, over=0.5)
    conversation = Agent(ScriptedModel([call("look", n=1), "done"]), tools=[look])
    messages = (await conversation.run("?")).all_messages()
    assert policy(History(messages, tokens=49, context=100)) == messages
    assert results(policy(History(messages, tokens=50, context=100))) == [DROPPED]
    assert results(policy(History(messages))) == [DROPPED]
    assert History(messages, tokens=25, context=100).filled == 0.25


async def test_old_messages_become_a_summary_by_the_same_model():
    history = [UserMessage("I am Ada."), *(AssistantMessage(()),) * 3, UserMessage("I like tea.")]
    asked = []

    def model(request):
        asked.append(request)
        return "Ada likes tea." if request.messages[-1].text.startswith("Summarise") else "Hello Ada."

    agent = Agent(
        FunctionModel(model),
        instructions="Be brief.",
        tools=[look],
        compaction=Summarise(keep=1, over=0, max_tokens=50),
        model_settings=ModelSettings(tool_choice="required", seed=3),
    )
    async with agent.run_stream_events("Who am I?", message_history=history) as stream:
        events = [event async for event in stream]
    (compacted,) = [event for event in events if isinstance(event, HistoryCompacted)]
    assert compacted.after == (UserMessage(f"{SUMMARY}Ada likes tea."), UserMessage("Who am I?"))
    summarising, answering = asked
    assert (summarising.tools, summarising.messages[:-1]) == ((), tuple(history))
    assert (summarising.settings.max_tokens, summarising.settings.seed) == (50, 3)
    assert summarising.settings.tool_choice is None
    assert answering.messages == (SystemMessage("Be brief."), *compacted.after)
    result = events[-1].result
    assert result.new_messages()[0] == UserMessage("Who am I?")
    assert (result.usage.turns, result.usage.canvases) == (1, 2)
    assert len(result.canvases) == 1


async def test_a_summary_is_not_summarised_alone_and_an_empty_one_is_none():
    history = [UserMessage(f"{SUMMARY}all of it"), UserMessage("one")]
    same = Agent(ScriptedModel(["Hi."]), compaction=Summarise(keep=1, over=0))
    result = await same.run("two", message_history=history)
    assert result.all_messages()[:2] == tuple(history)
    longer = [UserMessage("zero"), *history]
    silent = Agent(ScriptedModel(["", "Hi."]), compaction=Summarise(keep=1, over=0))
    assert (await silent.run("two", message_history=longer)).all_messages()[:3] == tuple(longer)


class Small(FunctionModel):
    """Reads 100 words at most, and says which numbers it has read."""

    context_length = 100

    def __init__(self) -> None:
        super().__init__(lambda request: " ".join(re.findall(r"\d+", " ".join(m.text for m in request.messages))))

    def outline(self, request):
        return Outline(0, (), tuple(len(message.text.split()) for message in request.messages), 0)


async def test_what_is_longer_than_the_context_is_summarised_in_stretches():
    model = Small()
    history = [UserMessage(f"{number}. " + "word " * 9) for number in range(12)]
    agent = Agent(model, compaction=Summarise(keep=1, over=0.5, max_tokens=10))
    result = await agent.run("Which?", message_history=history)
    everything = " ".join(map(str, range(12)))
    assert result.all_messages()[:2] == (UserMessage(SUMMARY + everything), UserMessage("Which?"))
    assert result.output == everything
    assert all(model.outline(request).total <= 65 for request in model.requests)
    assert len(model.requests) == 5


async def test_a_turn_that_is_longer_than_the_context_is_summarised_without_its_results():
    model = Small()
    turn = AssistantMessage((ToolCallPart("look", {"n": 2}, id="call_1"),))
    answered = ToolMessage((ToolResult("call_1", "look", "word " * 200),))
    history = [UserMessage("1."), turn, answered, UserMessage("3."), AssistantMessage((TextPart("4."),))]
    agent = Agent(model, tools=[look], compaction=Summarise(keep=1, over=0.5, max_tokens=10))
    result = await agent.run("Which?", message_history=history)
    assert result.all_messages()[:2] == (UserMessage(f"{SUMMARY}1 3 4"), UserMessage("Which?"))
    assert all(model.outline(request).total <= 65 for request in model.requests)
    assert [DROPPED] in [results(request.messages) for request in model.requests]


async def test_results_that_the_model_has_yet_to_read_are_kept():
    messages = (await Agent(ScriptedModel([call("look", n=1), "."]), tools=[look]).run("?")).all_messages()[:-1]
    more = [*messages, UserMessage("And?")]
    assert DropOldResults(keep=0, over=0)(History(tuple(more))) == more


async def test_a_function_is_a_policy_too():
    def last_alone(history: History) -> Sequence[Message]:
        return history.messages[-1:]

    model = ScriptedModel(["Hi."])
    history = [UserMessage("one"), AssistantMessage(())]
    result = await Agent(model, compaction=last_alone).run("two", message_history=history)
    assert model.requests[0].messages == (UserMessage("two"),)
    assert result.new_messages() == result.all_messages()


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (lambda history: None, "it has to give the messages to go on with"),
        (lambda history: [], "the last message has to stay"),
        (lambda history: history.messages[:-1], "the last message has to stay"),
        (
            lambda history: [m for m in history.messages if not isinstance(m, AssistantMessage)],
            "results: call_1",
        ),
        (lambda history: [m for m in history.messages if not isinstance(m, ToolMessage)], "the last message"),
        (lambda history: [history.messages[0], *history.messages[-1:]], "results: call_1"),
    ],
)
async def test_a_policy_that_breaks_the_conversation_is_the_developers(policy, reason):
    model = ScriptedModel([call("look", n=1), "done"])
    later = lambda history: policy(history) if len(history.messages) > 1 else history.messages  # noqa: E731
    with pytest.raises(UserError, match=reason):
        await Agent(model, tools=[look], compaction=later).run("?")


async def test_a_result_that_is_cut_in_the_middle_is_found():
    def without_results(history: History) -> Sequence[Message]:
        return [m for m in history.messages[:-1] if not isinstance(m, ToolMessage)] + [history.messages[-1]]

    model = ScriptedModel([call("look", n=1), call("look", n=2), "done"])
    with pytest.raises(UserError, match="results: call_1"):
        await Agent(model, tools=[look], compaction=without_results).run("?")


async def test_a_session_keeps_what_was_made_of_it():
    session = MemorySession()
    model = ScriptedModel([call("look", n=1), "done", "again"])
    agent = Agent(model, tools=[look], compaction=DropOldResults(keep=0, over=0))
    await agent.run("?", session=session)
    await agent.run("??", session=session)
    assert results(model.requests[-1].messages) == [DROPPED]


async def test_the_real_engine_tells_how_full_its_context_is():
    seen: list[History] = []

    def watch(history: History) -> Sequence[Message]:
        seen.append(history)
        return [replace(history.messages[0], text="Hi"), *history.messages[1:], history.messages[-1]][-1:]

    agent = Agent(toy_model(seed=0), compaction=watch, model_settings=ModelSettings(seed=1, max_tokens=16))
    async with agent.run_stream_events("Now?", message_history=[UserMessage("word " * 50)]) as stream:
        events = [event async for event in stream]
    (compacted,) = [event for event in events if isinstance(event, HistoryCompacted)]
    assert seen[0].context == 16_384
    assert seen[0].tokens == compacted.tokens_before > 50 > compacted.tokens_after
    assert events[-1].result.usage.prompt_tokens == compacted.tokens_after


def test_numbers_that_cannot_be_are_refused():
    for policy in (DropOldResults, Summarise):
        with pytest.raises(UserError, match="keep is at least"):
            policy(keep=-1)
        for over in (float("nan"), 50):
            with pytest.raises(UserError, match="over from 0 to 1"):
                policy(over=over)


async def test_a_history_of_no_run_has_no_model():
    assert list(await Summarise(over=0)(History(()))) == []
    with pytest.raises(UserError, match="belongs to no run"):
        await History(()).ask([UserMessage("?")], max_tokens=5)
