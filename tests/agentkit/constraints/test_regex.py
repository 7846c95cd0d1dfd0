"""Patterns as automata, against `re.search`."""

import random
import re
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.constraints import regex
from agentkit.constraints.dfa import ByteDFA, TooLarge, Unsupported

EXACT = [
    "",
    "a",
    "^a",
    "a$",
    "^a$",
    "^$",
    "$^",
    "^a|b$",
    "(^a|b)c",
    "^(a|b)*abb$",
    "^(?:a?b+){2,3}$",
    "^a{0,2}?b{2}c{1,}$",
    "(a*)*b",
    "^(a|)+$",
    "a^b",
    "b$a",
    "^[a-c]+-[^a-c\\n]?$",
    "^(?P<first>a)(?:b)$",
    "^\\Aab\\Z",
    "^(?i:aB)c$",
    "^[^b]é$",
    "^[а-я]{2}$",
    "^(?=.*b)[abc]{1,3}$",
    "^(?=a)(?=.*c$)",
    "^.(日|語)$",
    "a(?!b)",
    "b(?=a)[ab]",
    "^(?!.*cc)[abc]{2,4}$",
    "(?:a|b(?=c))c",
    "^(?:a(?!b)c?){1,3}$",
    "^(?:a(?=b))?b*$",
    "^a(?=b(?!c))",
    "^(?=(?!ab)a)",
]
"""Patterns on which nothing is lost for texts without line ends."""
ALPHABET = "abcABC-1 é日語я"


@pytest.mark.parametrize("pattern", EXACT)
def test_accepts_what_the_pattern_is_found_in(pattern: str) -> None:
    dfa = regex.compile(pattern)
    number = random.Random(0)
    for _ in range(2000):
        text = "".join(number.choices(ALPHABET, weights=[9, 9, 9, *[1] * (len(ALPHABET) - 3)], k=number.randrange(8)))
        assert dfa.accepts(text) == bool(re.search(pattern, text)), text


@pytest.mark.parametrize("pattern", [*EXACT, "\\d", "(?i)ab$", "^\\w+$", "a(?!\\w)"])
def test_what_a_pattern_is_surely_not_found_in(pattern: str) -> None:
    dfa = regex.without(pattern)
    number = random.Random(0)
    texts = ["".join(number.choices("abcABC-1 é日語я\n", k=number.randrange(6))) for _ in range(3000)]
    assert not [text for text in texts if dfa.accepts(text) and re.search(pattern, text)]
    plain = [text for text in texts if text.isascii() and text.isprintable()]
    assert all(dfa.accepts(text) for text in plain if not re.search(pattern, text))


def words_of(dfa: ByteDFA, number: random.Random, count: int) -> list[bytes]:
    """Random words; those of automata that accept something."""
    found = []
    for _ in range(count if not dfa.is_empty else 0):
        state, word = 0, bytearray()
        while not (dfa.accepting[state] and (number.random() < 0.2 or (dfa.table[state] < 0).all())):
            way = number.choice([way for way in set(dfa.table[state].tolist()) if way >= 0])
            word.append(number.choice(np.flatnonzero(dfa.table[state] == way).tolist()))
            state = way
            if len(word) > 400:
                break
        else:
            found.append(bytes(word))
    return found


ATOMS = st.sampled_from(
    "a b é 日 😀 . ^ $ \\. \\d \\w \\s \\D \\W \\S [a-c] [^a] [^\\w] [\\w.-] [^\\W\\d] [^\\s:={}] "
    "(?i:k) (?i:[^k]) (?i:[^\\d1ß]) (?i:Å)".split()
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "{2}", "{1,2}", "{0,3}?", "{2,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(PATTERNS, st.integers(0, 2**32), st.text(max_size=6), st.text(string.printable, max_size=6))
def test_accepts_nothing_that_the_pattern_is_not_found_in(pattern: str, seed: int, text: str, printable: str) -> None:
    try:
        dfa = regex.compile(pattern)
    except TooLarge:
        return
    for word in words_of(dfa, random.Random(seed), 20):
        assert re.search(pattern, word.decode()), word
    for one in (text, printable):
        assert not dfa.accepts(one) or re.search(pattern, one)


@pytest.mark.parametrize(
    "category", ["\\d", "\\D", "\\s", "\\S", "\\w", "\\W", "[^\\w]", ".", "(?s:.)", "[^k]", "(?i:[^k])"]
)
def test_every_character_that_is_accepted_is_in_the_set(category: str) -> None:
    dfa = regex.compile(f"^{category}$")
    wanted = re.compile(category)
    count = 0
    for code in [*range(0x3000), *range(0x3000, 0xD800, 97), *range(0xE000, 0x110000, 1009)]:
        if dfa.accepts(chr(code)):
            count += 1
            assert wanted.fullmatch(chr(code)), hex(code)
    assert count >= 6


def test_words_are_those_of_any_script() -> None:
    dfa = regex.compile("^\\w+$")
    for word in ("Zürich", "Київ", "東京", "snake_case_2"):
        assert dfa.accepts(word)
    for word in ("", "two words", "¼", "a-b", "ab\n"):
        assert not dfa.accepts(word)


def test_words_are_those_of_ascii_where_more_would_be_too_large() -> None:
    dfa = regex.compile("^\\w{3,64}$")
    assert dfa.accepts("Zurich")
    assert not dfa.accepts("Zürich")


def test_the_end_is_the_very_end() -> None:
    assert re.search("^a$", "a\n")
    assert not regex.compile("^a$").accepts("a\n")


def test_only_valid_utf_8_is_accepted() -> None:
    dfa = regex.compile("a")
    assert dfa.accepts("aé".encode())
    assert not dfa.accepts("aé".encode()[:-1])
    assert not dfa.accepts("a\ud800".encode("utf-8", "surrogatepass"))
    assert regex.compile("^[\ud800-\udfff]$").is_empty


def test_the_same_texts_give_the_same_automaton() -> None:
    assert regex.compile("^(a|b)+$").key == regex.compile("^[ab][ab]*$").key


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?<=a)b", "look-behind"),
        ("^(?:(?!ab).)*$", "look-ahead in what is repeated"),
        ("(?=^a)", "behind a look-ahead"),
        ("(a)\\1", "back-reference"),
        ("(?P<x>a)(?(x)b|c)", "back-reference"),
        ("(?>a*)a", "atomic"),
        ("a*+a", "possessive"),
        ("\\bword\\b", "\\\\b"),
        ("(?a)\\w", "flag"),
        ("(", "not valid"),
        ("\\p{L}", "not valid"),
        ("a{1,99999999999}", "not valid"),
        ("(?:[ab]*a[ab]{20}){3}", "more than"),
        ("(?:a{500}){500}", "more than"),
    ],
)
def test_what_cannot_be_held_is_not_supported(pattern: str, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        regex.compile(pattern)
