"""The log of a session: what it is made of survives JSON, and what it amounts to."""

from hypothesis import given
from hypothesis import strategies as st

from agentkit import AssistantMessage, TextPart, ToolCallPart, ToolMessage, ToolResult, Usage, UserMessage
from agentkit.messages import Paused
from agentkit.models.base import CanvasRecord
from agentkit.sessions.entries import (
    AnswerEntry,
    BegunEntry,
    CanvasEntry,
    CountsEntry,
    DecisionsEntry,
    InsideEntry,
    MessagesEntry,
    OutputEntry,
    PausedEntry,
    SessionState,
    StopEntry,
    UsageEntry,
    entry_adapter,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
results = st.builds(ToolResult, texts, texts, values, st.booleans())
calls = st.builds(
    ToolCallPart,
    name=texts,
    arguments=st.none() | st.dictionaries(texts, values, max_size=2),
    id=texts,
    raw=texts,
    fault=st.none() | texts,
    certainty=st.dictionaries(texts, st.floats(0, 1), max_size=2),
)
parts = st.lists(st.builds(TextPart, texts) | calls, max_size=3).map(tuple)
messages = (
    st.builds(UserMessage, texts)
    | st.builds(AssistantMessage, parts, tokens=st.none() | st.lists(st.integers(0, 9), max_size=3).map(tuple))
    | st.builds(ToolMessage, st.lists(results, max_size=2).map(tuple))
)
paused = st.builds(Paused, st.lists(messages, max_size=2).map(tuple), st.lists(calls, max_size=2).map(tuple))
pauses = st.dictionaries(texts, paused, max_size=2)
messages |= st.builds(ToolMessage, st.lists(results, max_size=2).map(tuple), pauses)
canvases = st.builds(
    CanvasRecord,
    index=st.integers(0, 9),
    tokens=st.lists(st.integers(0, 9), max_size=3).map(tuple),
    entropies=st.lists(st.floats(0, 12), max_size=3).map(tuple),
    seed=st.none() | st.integers(0, 2**63 - 1),
    text=texts,
)
decided = st.dictionaries(texts, texts, max_size=2)
entries = (
    st.builds(MessagesEntry, st.integers(0, 5), st.lists(messages, max_size=3).map(tuple))
    | st.builds(CanvasEntry, canvases)
    | st.builds(BegunEntry, texts)
    | st.builds(AnswerEntry, results, st.booleans(), st.booleans())
    | st.builds(OutputEntry, texts, values)
    | st.builds(CountsEntry, st.dictionaries(texts, st.integers(0, 9)), *[st.lists(texts, max_size=2).map(tuple)] * 2)
    | st.builds(DecisionsEntry, decided, decided)
    | st.builds(PausedEntry, pauses)
    | st.builds(UsageEntry, st.builds(Usage, turns=st.integers(0, 9), seconds=st.floats(0, 9)))
    | st.builds(StopEntry, st.sampled_from(["finished", "cancelled"]), texts, st.lists(texts, max_size=2).map(tuple))
)

entries |= st.builds(InsideEntry, texts, entries)
entries |= st.builds(InsideEntry, texts, entries)  # agents that ask agents


@given(entries)
def test_any_entry_survives_json(entry):
    text = entry_adapter().dump_json(entry)
    again = entry_adapter().validate_json(text)
    assert again == entry
    assert entry_adapter().dump_json(again) == text  # certainty is not compared


@given(st.lists(entries, max_size=12), st.integers(0, 12))
def test_a_log_amounts_to_the_same_however_it_is_read(log, cut):
    whole = SessionState.of(log)
    state = SessionState.of(log[:cut])
    for entry in log[cut:]:
        state.add(entry)
    assert state == whole
    assert whole.begun.isdisjoint(whole.answers)


def turn(*ids: str) -> AssistantMessage:
    return AssistantMessage(tuple(ToolCallPart("f", {"n": id}, id) for id in ids))


def answer(id: str, content: object = 1) -> ToolResult:
    return ToolResult(id, "f", content)


def test_a_call_is_open_begun_answered_and_closed():
    state = SessionState()
    state.add(MessagesEntry(0, (UserMessage("?"), turn("a", "b"))))
    state.add(BegunEntry("a"))
    state.add(BegunEntry("b"))
    state.add(AnswerEntry(answer("b")))
    assert (state.begun, set(state.answers)) == ({"a"}, {"b"})
    state.add(AnswerEntry(answer("a")))
    state.add(MessagesEntry(2, (ToolMessage((answer("a"), answer("b"))),)))
    assert (state.begun, state.answers) == (set(), {})
    assert len(state.messages) == 3


def test_canvases_belong_to_the_turn_that_is_not_finished():
    state = SessionState()
    state.add(MessagesEntry(0, (UserMessage("?"),)))
    for index in range(3):
        state.add(CanvasEntry(CanvasRecord(index)))
    assert ([canvas.index for canvas in state.canvases], state.next_canvas) == ([0, 1, 2], 3)
    state.add(MessagesEntry(1, (turn("a"),)))
    assert (state.canvases, state.next_canvas) == ([], 3)
    state.add(StopEntry("finished"))
    state.add(MessagesEntry(2, (UserMessage("And?"),)))
    assert (state.stop, state.next_canvas) == (None, 0)


def test_what_an_agent_did_that_a_call_asked_is_a_log_of_its_own():
    said = MessagesEntry(0, (UserMessage("?"),))
    log = [MessagesEntry(0, (UserMessage("?"), turn("a", "b"))), BegunEntry("a"), InsideEntry("a", said)]
    log += [InsideEntry("a", MessagesEntry(1, (turn("x"),))), InsideEntry("a", BegunEntry("x"))]
    inner = SessionState.of(SessionState.of(log).inside["a"])
    assert (inner.messages, inner.begun) == ([UserMessage("?"), turn("x")], {"x"})
    assert SessionState.of([*log, AnswerEntry(answer("a"))]).inside == {}
    assert SessionState.of([*log, MessagesEntry(1, (turn("b"),))]).inside == {}
    waits = Paused((UserMessage("?"), turn("y")), ())
    paused = SessionState.of([*log, PausedEntry({"a": waits})])
    assert (paused.inside, paused.begun) == ({}, set())
    decided = [*log, PausedEntry({"a": waits}), BegunEntry("a"), InsideEntry("a", DecisionsEntry({"y": "pay"}, {}))]
    state = SessionState.of(decided)
    inner = SessionState.of(state.inside["a"])
    assert (state.paused, inner.messages, inner.approved) == ({}, [*waits.messages], {"y": "pay"})
