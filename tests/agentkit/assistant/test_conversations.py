"""Conversations as a mapping that forgets the oldest."""

from hypothesis import given
from hypothesis import strategies as st

from agentkit import UserMessage
from agentkit.assistant import Conversations

NAMES = st.sampled_from("abcde")
OPERATIONS = st.lists(st.tuples(st.sampled_from(["run", "put", "delete"]), NAMES), max_size=30)


@given(OPERATIONS, st.none() | st.integers(1, 4))
def test_it_is_a_mapping_that_keeps_the_latest(operations: list[tuple[str, str]], most: int | None) -> None:
    kept, expected = Conversations(most), {}
    for number, (operation, name) in enumerate(operations):
        said = (UserMessage(str(number)),)
        if operation == "run":
            kept.asked(name)
            conversation = kept.of(name)
            assert conversation.messages == expected.pop(name, ())
            conversation.messages = said
            kept.over(name)
            expected[name] = said
        elif operation == "put":
            kept[name] = said
            expected[name] = said  # in its old place, as in a dict
        else:
            assert kept.pop(name, None) == expected.pop(name, None)
        while most is not None and len(expected) > most:
            del expected[next(iter(expected))]
        assert dict(kept) == expected and list(kept) == list(expected) and len(kept) == len(expected)


def test_what_is_replaced_or_deleted_keeps_nothing_of_a_run_in_it() -> None:
    kept = Conversations()
    replaced, deleted = kept.of("a"), kept.of("b")
    kept["a"] = [UserMessage("new")]
    del kept["b"]
    replaced.messages = deleted.messages = (UserMessage("old"),)
    assert dict(kept) == {"a": (UserMessage("new"),)}


def test_a_conversation_with_a_question_in_it_is_not_forgotten() -> None:
    kept = Conversations(most=1)
    kept["a"] = ()
    kept.asked("a")
    kept.asked("a")
    kept.over("a")
    kept["b"] = ()
    assert list(kept) == ["a"]
    kept.over("a")
    kept["c"] = ()
    assert list(kept) == ["c"]


def test_the_conversation_that_was_asked_last_comes_last_before_its_run_begins() -> None:
    kept = Conversations()
    kept["a"] = kept["b"] = ()
    kept.asked("a")
    assert list(kept) == ["b", "a"]
