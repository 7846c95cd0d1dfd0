"""Numbers in English words, against a writer of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.constraints.spelled import spelled

SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_words(number: int, joint: str, conjunction: str) -> str:
    """A number below a thousand millions, as "twenty five" or "twenty-five", with "and" or without."""

    def joined(first: str, rest: int, between: str) -> str:
        return f"{first}{between}{in_words(rest, joint, conjunction)}" if rest else first

    if number < 20:
        return SMALL[number]
    if number < 100:
        return joined(TENS[number // 10 - 2], number % 10, joint)
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            head = f"{in_words(number // size, joint, conjunction)} {name}"
            return joined(head, number % size, conjunction if number % size < 100 else " ")
    raise AssertionError


@given(
    st.one_of(st.integers(0, 99), st.integers(0, 9_999), st.integers(0, 999_999_999)),
    st.sampled_from(" -"),
    st.sampled_from([" ", " and "]),
    st.sampled_from(["", "I want ", "it's "]),
    st.sampled_from(["", " bags of rice", ", please", "%"]),
)
def test_every_number_is_read(number: int, joint: str, conjunction: str, before: str, behind: str) -> None:
    words = in_words(number, joint, conjunction)
    span = len(before), len(before + words)
    assert [*spelled(before + words + behind)] == [(number, span)]
    assert [*spelled(before + words.capitalize() + behind)] == [(number, span)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a hundred people and a thousand chairs", [100, 1000]),
        ("one two three", [1, 2, 3]),
        ("half past five, or ten to six", [5, 10, 6]),
        ("someone wrote often, tenfold, a two-door car", []),
        ("a hundredth of a million-dollar thing", []),
        ("", []),
    ],
)
def test_what_is_a_number(text: str, numbers: list[int]) -> None:
    assert [value for value, _ in spelled(text)] == numbers
