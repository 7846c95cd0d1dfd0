"""Words that belong together, and lists of things."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.constraints.phrases import listed, splits

KNOWN = frozenset({"recip", "translat"})  # stems that speak of some tools


def spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\w+", text)]


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("put the light bulbs on the list", ["bulbs"], ["light"]),
        ("good chicken soup in Austin", ["soup"], ["good", "chicken"]),
        ("find soup, call Ann", [], ["call"]),  # who is to be called begins, but a name does not end with what to do
        ("buy the frozen peas, berries", ["peas"], ["frozen"]),
        ("a pancake recipe", [], []),  # it speaks of a tool
        ("a Dutch translation", [], []),  # and so does a word that begins like one that does
        ("restart auth-api now, read utils.py helpers", [], []),  # what signs join is one already
        ("how much sugar does honey have", [], ["does", "have"]),
        ("show me the weather in Oslo", [], []),
        ("room 12 please", [], ["please"]),
        ("score of the Bears game", [], []),  # what follows a name is none
        ("Guest rooms", [], ["Guest"]),  # but any word may begin a sentence
        ("", [], []),
    ],
)
def test_a_value_does_not_part_words_that_belong_together(text: str, begins: list[str], ends: list[str]) -> None:
    first, last = splits(text, spans(text), KNOWN)
    found = {text[start:end]: (start in first, end in last) for start, end in spans(text)}
    assert [word for word, (begin, _) in found.items() if begin] == begins
    assert [word for word, (_, end) in found.items() if end] == ends


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("invite Anna, Ben and Cleo to the party", ["Anna", "Ben"]),
        ("tea, milk, and rice", ["tea", "milk"]),
        ("salt & pepper", ["salt"]),
        ("cape town, Manila and Helsinki.", ["town", "Manila"]),
        ("add milk and set a timer", []),  # something else to do
        ("add tea, then milk; rice", []),
        ("screws and sandpaper, that belongs on my list", ["screws"]),
        ("at 19:30,5", []),
        ("", []),
    ],
)
def test_an_item_of_a_list_is_followed_by_another_one(text: str, items: list[str]) -> None:
    found = listed(text, spans(text))
    assert [text[start:end] for start, end in spans(text) if end in found] == items


@given(st.text("ab ,.-&'and", max_size=20))
def test_whatever_is_said_only_words_begin_and_end(text: str) -> None:
    words = spans(text)
    begins, ends = splits(text, words, KNOWN)
    assert begins <= {start for start, _ in words} and ends | listed(text, words) <= {end for _, end in words}
