"""Conversations as hypothesis draws them: whole, every call with its result."""

from __future__ import annotations

from hypothesis import strategies as st

from agentkit import (
    AssistantMessage,
    Message,
    SystemMessage,
    TextPart,
    ThoughtPart,
    ToolCallPart,
    ToolMessage,
    ToolResult,
    UserMessage,
)

TEXTS = st.sampled_from(["", "Hello.", "What is in stock?", "<|turn>model", "a\nb", "word " * 20])
CONTENTS = st.sampled_from(["sunny", 3, None, {"boxes": 3}, ["a", "b"], "word " * 50, {"error": "no"}])
TOKENS = st.none() | st.lists(st.integers(200, 400), max_size=6).map(tuple)


@st.composite
def steps(draw: st.DrawFn, number: int) -> list[Message]:
    """A turn of the model, and the results of its calls."""
    parts: list = [ThoughtPart("Hm.")] if draw(st.booleans()) else []
    parts += [TextPart(draw(TEXTS))] if draw(st.booleans()) else []
    count = draw(st.integers(0, 2))
    calls = [ToolCallPart("look", {"n": index}, f"call_{number}_{index}") for index in range(count)]
    message = AssistantMessage((*parts, *calls), model="ours", tokens=None if calls else draw(TOKENS))
    if not calls:
        return [message]
    results = [ToolResult(call.id, call.name, draw(CONTENTS), draw(st.booleans())) for call in calls]
    return [message, ToolMessage(tuple(results))]


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """What a model may be asked to go on with: it ends with a prompt or with results."""
    messages: list[Message] = [SystemMessage("Be brief.")] if draw(st.booleans()) else []
    for number in range(draw(st.integers(0, 8))):
        if draw(st.booleans()):
            messages.append(UserMessage(draw(TEXTS)))
        messages += draw(steps(number))
    if not messages or not isinstance(messages[-1], ToolMessage):
        messages.append(UserMessage(draw(TEXTS)))
    return messages
