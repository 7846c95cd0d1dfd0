import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agentkit import UserError
from agentkit.messages import (
    AssistantMessage,
    SystemMessage,
    TextPart,
    ThoughtPart,
    ToolCallPart,
    ToolMessage,
    ToolResult,
    UserMessage,
    messages_from_json,
    messages_to_json,
    open_calls,
)

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
calls = st.builds(
    ToolCallPart,
    name=texts,
    arguments=st.none() | st.dictionaries(texts, values, max_size=3),
    id=texts,
    raw=texts,
    fault=st.none() | texts,
)
parts = st.builds(TextPart, texts) | st.builds(ThoughtPart, texts) | calls
messages = (
    st.builds(SystemMessage, texts)
    | st.builds(UserMessage, texts)
    | st.builds(
        AssistantMessage,
        st.lists(parts, max_size=4).map(tuple),
        model=st.none() | texts,
        tokens=st.none() | st.lists(st.integers(0, 262_143), max_size=4).map(tuple),
    )
    | st.builds(
        ToolMessage,
        st.lists(st.builds(ToolResult, texts, texts, values, st.booleans()), max_size=3).map(tuple),
    )
)


@given(st.lists(messages, max_size=5).map(tuple))
def test_any_conversation_survives_json(conversation):
    text = messages_to_json(conversation)
    assert messages_from_json(text) == conversation
    assert messages_from_json(text.encode()) == conversation


def test_a_text_is_a_message_of_the_model():
    assert AssistantMessage("Hello") == AssistantMessage((TextPart("Hello"),))
    assert AssistantMessage([TextPart("Hel"), TextPart("lo")]).text == "Hello"


@pytest.mark.parametrize("parts", [3, None, TextPart("Hello"), ("Hello",), {"text": "Hello"}])
def test_what_says_nothing_is_no_message_of_the_model(parts):
    with pytest.raises(UserError, match="AssistantMessage takes a text, or a tuple of TextPart"):
        AssistantMessage(parts)


@pytest.mark.parametrize("kind", [UserMessage, SystemMessage])
def test_what_is_said_is_a_text(kind):
    with pytest.raises(UserError, match=f"{kind.__name__} takes a text, not 3"):
        kind(3)


def test_an_unreadable_call_is_kept_as_it_was_written():
    call = ToolCallPart("add", None, "call_1", raw='call:add{a:<|"|>1', fault="the string is not closed")
    (message,) = messages_from_json(messages_to_json([AssistantMessage((call,))]))
    assert message.calls == (call,)


def test_the_results_of_a_turn_as_text():
    message = ToolMessage((ToolResult("1", "f", "sunny"), ToolResult("2", "g", {"über": [1, None]})))
    assert message.text == 'sunny\n{"über": [1, null]}'


def test_infinities_survive_json():
    conversation = (ToolMessage((ToolResult("1", "f", [float("inf"), float("-inf")]),)),)
    assert messages_from_json(messages_to_json(conversation)) == conversation


def test_what_is_nested_deeper_than_is_kept_today_is_read_all_the_same():
    conversation = (ToolMessage((ToolResult("1", "f", json.loads("[" * 220 + "]" * 220)),)),)
    text = messages_to_json(conversation)
    assert messages_from_json(text) == conversation
    with pytest.raises(ValidationError, match="recursion limit"):
        messages_from_json(text[:-1])


def test_kinds_are_written_so_that_others_can_read_them():
    data = json.loads(messages_to_json([UserMessage("hi"), AssistantMessage((ThoughtPart("hm"), TextPart("hello")))]))
    assert [message["kind"] for message in data] == ["user", "assistant"]
    assert [part["kind"] for part in data[1]["parts"]] == ["thought", "text"]


def test_text_thoughts_and_calls_of_a_message():
    call = ToolCallPart("now", {}, "1")
    message = AssistantMessage((ThoughtPart("a"), TextPart("b"), call, TextPart("c")))
    assert (message.text, message.thoughts, message.calls) == ("bc", "a", (call,))


def test_open_calls_are_those_at_the_end_without_an_answer():
    call = ToolCallPart("now", {}, "1")
    asked = (UserMessage("?"), AssistantMessage((call,)))
    assert open_calls(asked) == (call,)
    assert open_calls((*asked, ToolMessage((ToolResult("1", "now", 3),)))) == ()
    other = ToolCallPart("now", {}, "2")
    both = (UserMessage("?"), AssistantMessage((call, other)))
    assert open_calls(both) == (call, other)
    assert open_calls((*both, ToolMessage((ToolResult("2", "now", 3),)))) == (call,)
    assert open_calls((*both, UserMessage("?"))) == ()
    assert open_calls(()) == ()


@pytest.mark.parametrize("kind", [UserMessage, SystemMessage])
def test_lone_surrogates_in_what_was_said_become_question_marks(kind):
    said = kind("no caf\udce9")
    assert said.text == "no caf?"
    assert messages_from_json(messages_to_json([said])) == (said,)
