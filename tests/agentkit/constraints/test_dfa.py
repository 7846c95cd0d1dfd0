"""Automata over bytes: sets of texts, and what becomes of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.constraints.dfa import ByteDFA, TooLarge, Unsupported, literals, text
from agentkit.constraints.lengths import MOST_LENGTH

WORDS = st.lists(st.text("ab", max_size=5), max_size=8)
SOME = ["", "a", "b", "ab", "ba", "abb", "baa", "aaaa", "bbbbb"]


def test_literals_are_these_values_and_no_others() -> None:
    dfa = literals(["Paris", "Pär", b"\xff"])
    assert dfa.accepts("Paris") and dfa.accepts("Pär") and dfa.accepts(b"\xff")
    for other in ("", "Par", "Parisian", "P", b"\xff\xff"):
        assert not dfa.accepts(other)
    assert literals([]).is_empty
    assert not literals([""]).is_empty


@settings(deadline=None)
@given(WORDS, WORDS, st.lists(st.text("ab", max_size=6)))
def test_products_are_operations_on_sets(some: list[str], others: list[str], tried: list[str]) -> None:
    left, right = literals(some), literals(others)
    both, either, only, none = left.intersect(right), left.union(right), left.minus(right), text().minus(left)
    for word in [*some, *others, *tried]:
        assert left.accepts(word) == (word in some)
        assert both.accepts(word) == (word in some and word in others)
        assert either.accepts(word) == (word in some or word in others)
        assert only.accepts(word) == (word in some and word not in others)
        assert none.accepts(word) == (word not in some)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_the_key_tells_what_is_accepted(some: list[str], others: list[str]) -> None:
    left, right = literals(some), literals(others)
    assert (left.key == right.key) == (set(some) == set(others))
    assert left.union(right).key == right.union(left).key == literals(some + others).key
    assert text().minus(text().minus(left)).key == left.key
    assert left.minus(left).key == literals([]).key


@settings(deadline=None)
@given(WORDS)
def test_every_state_has_a_use_and_no_two_are_alike(words: list[str]) -> None:
    dfa = literals(words)
    suffixes = {
        frozenset(word[len(prefix) :] for word in words if word.startswith(prefix))
        for word in words
        for prefix in (word[:end] for end in range(len(word) + 1))
    }
    assert dfa.size == max(len(suffixes), 1)  # one state for each different set of ways to go on (Myhill-Nerode)


def test_states_are_numbered_in_the_order_of_their_bytes() -> None:
    dfa = literals(["ax", "bxx"])
    assert dfa.table[0, ord("a")] == 1 and dfa.table[0, ord("b")] == 2
    assert dfa.table.dtype == np.int32 and dfa.table.shape == (dfa.size, 256)


def test_loops_are_minimal_too() -> None:
    table = np.full((6, 256), -1, np.int32)
    for state, (left, right) in enumerate([(1, 2), (3, 4), (3, 4), (1, 2), (1, 2), (0, 5)]):
        table[state, [ord("a"), ord("b")]] = left, right
    dfa = ByteDFA.of(table, np.array([True, False, False, True, True, True]))
    assert dfa.size == 2  # words of an even length
    for word in SOME:
        assert dfa.accepts(word) == (len(word) % 2 == 0)


@given(st.text(max_size=8), st.integers(0, 6), st.none() | st.integers(0, 6))
def test_text_counts_code_points(value: str, least: int, most: int | None) -> None:
    fits = least <= len(value) and (most is None or len(value) <= most)
    assert text(least, most).accepts(value) == fits


@given(st.binary(max_size=6) | st.text(max_size=3).map(str.encode))
def test_text_is_valid_utf_8(data: bytes) -> None:
    try:
        data.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    assert text().accepts(data) == valid


def test_every_character_is_text_but_for_surrogates() -> None:
    dfa = text(1, 1)
    for code in [
        *range(0x900),
        *range(0x900, 0xD700, 31),
        *range(0xD700, 0xE100),
        *range(0xE100, 0x110000, 101),
        0x10FFFF,
    ]:
        assert dfa.accepts(chr(code)) == (not 0xD800 <= code <= 0xDFFF)


def test_long_lengths_are_counted_up_to_a_limit() -> None:
    assert text(MOST_LENGTH, MOST_LENGTH).accepts("é" * MOST_LENGTH)
    assert not text(0, MOST_LENGTH).accepts("é" * (MOST_LENGTH + 1))
    for lengths in ((0, MOST_LENGTH + 1), (MOST_LENGTH + 1, None)):
        with pytest.raises(Unsupported, match="400 characters"):
            text(*lengths)
    assert text(3, 2).is_empty


def test_products_that_are_too_large_are_refused() -> None:
    with pytest.raises(TooLarge, match="more than 50 states"):
        text(0, 10).intersect(text(0, 20), limit=50)
    with pytest.raises(TooLarge):
        ByteDFA.explore(0, lambda state: [(0, 255, state + 1)], lambda state: True, limit=10)


def test_classes_are_bytes_that_lead_alike() -> None:
    dfa = literals(["a", "b", "ac"])
    of_byte, representative = dfa.classes
    assert (dfa.table[:, representative][:, of_byte] == dfa.table).all()
    assert len(representative) == 4  # a, b, c and all the others


@settings(deadline=None)
@given(WORDS, st.integers(0, 10))
def test_what_is_accepted_is_listed(some: list[str], most: int) -> None:
    words = sorted({word.encode() for word in some}, key=lambda word: (len(word), word))
    assert literals(some).words(most) == (words if len(words) <= most else None)
    assert text().words(most) is None
