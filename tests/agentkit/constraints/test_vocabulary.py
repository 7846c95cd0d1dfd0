"""Folding byte automata over a vocabulary, against a walk along each token."""

import random
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models
from tokenizers import Tokenizer as Backend

from agentkit.constraints import regex
from agentkit.constraints.dfa import ByteDFA, literals, text
from agentkit.constraints.vocabulary import TokenEdges, Vocabulary
from agentkit.dialects import GEMMA_MARKERS, Tokenizer


def tokenizer_of(words: Iterable[str], *, byte_level: bool = False) -> Tokenizer:
    """A tokenizer with the markers and these words, as the vocabulary writes them; every third id is unused."""
    vocabulary = {word: 3 * number for number, word in enumerate(dict.fromkeys([*GEMMA_MARKERS, *words]))}
    backend = Backend(models.BPE(vocabulary, []))
    if byte_level:
        backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(marker, special=True, normalized=False) for marker in GEMMA_MARKERS])
    return Tokenizer(backend.to_str())


def walked(dfa: ByteDFA, spelled: dict[int, bytes]) -> set[tuple[int, int, int]]:
    """All (state, token, state): token by token."""
    found = set()
    for token, spelling in spelled.items():
        for start in range(dfa.size):
            state = start
            for byte in spelling:
                state = int(dfa.table[state, byte]) if state >= 0 else -1
            if state >= 0:
                found.add((start, token, state))
    return found


def trimmed(dfa: ByteDFA, steps: set[tuple[int, int, int]]) -> tuple[set[tuple[int, int, int]], list[int]]:
    """The steps between states that are reached and that lead to an end, and these states."""
    reached, ending = {0}, set(np.flatnonzero(dfa.accepting).tolist())
    for states, forwards in ((reached, True), (ending, False)):
        while True:
            more = {t if forwards else s for s, _, t in steps if (s if forwards else t) in states}
            if more <= states:
                break
            states |= more
    useful = reached & ending
    kept = sorted(useful | {0})
    return {(kept.index(s), token, kept.index(t)) for s, token, t in steps if s in useful and t in useful}, kept


def flat(edges: TokenEdges) -> set[tuple[int, int, int]]:
    return {(source, token, target) for source, target, tokens in edges.edges for token in tokens.tolist()}


def check(dfa: ByteDFA, vocabulary: Vocabulary, tokenizer: Tokenizer) -> None:
    spelled = {id: tokenizer.token_bytes(id) for id in vocabulary.text_tokens.tolist()}
    steps, kept = trimmed(dfa, walked(dfa, spelled))
    folded = vocabulary.fold(dfa)
    assert flat(folded) == steps
    assert folded.size == len(kept)
    assert folded.accepting.tolist() == dfa.accepting[kept].tolist()
    assert len({(source, target) for source, target, _ in folded.edges}) == len(folded.edges)
    for _, _, tokens in folded.edges:
        assert tokens.dtype == np.int32 and (np.diff(tokens) > 0).all()


WORDS = [
    "a",
    "b",
    "ab",
    "aba",
    "ba",
    "bab",
    "\u2581",
    "\u2581a",
    "é",
    "éa",
    "<0xC3>",
    "<0xA9>",
    "<0xF0>",
    "日本",
    "aaaa",
]
TOKENIZER = tokenizer_of(WORDS)
VOCABULARY = Vocabulary(TOKENIZER)
TEXTS = st.text(st.sampled_from("ab é日"), max_size=6)


@pytest.mark.parametrize("dfa", [text(), text(1), text(2, 5), literals([]), literals([""]), literals(["c"])])
def test_text_is_folded_as_each_token_walks(dfa: ByteDFA) -> None:
    check(dfa, VOCABULARY, TOKENIZER)


@settings(deadline=None)
@given(st.lists(TEXTS), st.lists(TEXTS))
def test_any_automaton_is_folded_as_each_token_walks(values: list[str], others: list[str]) -> None:
    check(literals(values), VOCABULARY, TOKENIZER)
    check(text().minus(literals(others)), VOCABULARY, TOKENIZER)


@settings(deadline=None)
@given(st.sampled_from(["^[ab]{1,3}$", "ab|é", "^\\w+ .$", "日", "^(?:ab)*$", "[^a]a"]), st.lists(TEXTS, max_size=3))
def test_patterns_are_folded_as_each_token_walks(pattern: str, excluded: list[str]) -> None:
    check(regex.compile(pattern).minus(literals(excluded)), VOCABULARY, TOKENIZER)


def test_walks_that_only_seem_alike_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums that say nothing, so that all depends on the comparison."""
    monkeypatch.setattr(
        "agentkit.constraints.vocabulary._mixed", lambda source, state: np.zeros(len(source), np.uint64)
    )
    check(text(2, 5), Vocabulary(TOKENIZER), TOKENIZER)
    check(literals(["abba", "baab", "éa"]), Vocabulary(TOKENIZER), TOKENIZER)


def test_only_plain_tokens_are_there() -> None:
    assert [TOKENIZER.token_bytes(id).decode("utf-8", "replace") for id in VOCABULARY.text_tokens.tolist()] == [
        *("a", "b", "ab", "aba", "ba", "bab", " ", " a", "é", "éa", "\ufffd", "\ufffd", "\ufffd", "日本", "aaaa")
    ]
    assert not any(map(TOKENIZER.is_control, VOCABULARY.text_tokens.tolist()))


@pytest.mark.parametrize("byte_level", [False, True])
def test_tokens_stand_for_the_bytes_that_the_tokenizer_says(byte_level: bool) -> None:
    tokenizer = tokenizer_of(["a", "Ġb", "Ã©", "Ã", "Ċ", "▁x", "<0x41>", " ", "漢"], byte_level=byte_level)
    vocabulary = Vocabulary(tokenizer)
    for id, spelling in tokenizer.plain_tokens().items():
        assert spelling == tokenizer.token_bytes(id)
        assert (id in vocabulary.text_tokens) == bool(spelling)
        assert flat(vocabulary.fold(literals([spelling]))) >= ({(0, id, 1)} if spelling else set())


def test_what_accepts_the_same_is_folded_once() -> None:
    assert VOCABULARY.fold(literals(["a", "b"])) is VOCABULARY.fold(regex.compile("^[ab]$"))


def test_equal_sets_of_tokens_are_one() -> None:
    edges = VOCABULARY.fold(text(0, 60)).edges
    assert len(edges) > 300
    assert len({id(tokens) for _, _, tokens in edges}) < 30
    assert len({tokens.tobytes() for _, _, tokens in edges}) == len({id(tokens) for _, _, tokens in edges})


def test_a_vocabulary_without_the_tokens_for_it_leaves_the_start_alone() -> None:
    folded = VOCABULARY.fold(literals(["c"]))
    assert (folded.size, folded.accepting.tolist(), folded.edges) == (1, [False], ())
    folded = VOCABULARY.fold(literals(["", "c"]))
    assert (folded.size, folded.accepting.tolist(), folded.edges) == (1, [True], ())


def test_a_large_vocabulary_is_folded_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKIT_CACHE", str(tmp_path))
    number = random.Random(0)
    words: dict[str, None] = dict.fromkeys(f"<0x{byte:02X}>" for byte in range(256))
    while len(words) < 262_144:
        letters = number.choice(["etaoinshrdlu", "ETAOIN", "бвгдежз", "日月火水木金土", "0123456789", "{}[]:,._-"])
        word = "".join(number.choices(letters, k=number.randrange(1, 12)))
        words[f"\u2581{word}" if number.random() < 0.4 else word] = None
    tokenizer = tokenizer_of(words)
    vocabulary = Vocabulary(tokenizer)
    for dfa in (
        text(),
        text(1, 100),
        regex.compile("^[a-z]{1,40}$"),
        regex.compile("^\\S+@\\S+$"),
        text().minus(literals(["the"])),
    ):
        tracemalloc.start()
        folded = vocabulary.fold(dfa)
        kept, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept < 24 * 2**20
        assert most < 160 * 2**20
        spelled = b"".join(spelling_along(folded, tokenizer, number))
        assert dfa.accepts(spelled)
    again = Vocabulary(tokenizer)  # from disk
    assert (again.text_tokens == vocabulary.text_tokens).all()
    assert flat(again.fold(regex.compile("^ion$"))) == flat(vocabulary.fold(regex.compile("^ion$")))


def spelling_along(folded: TokenEdges, tokenizer: Tokenizer, number: random.Random) -> Iterator[bytes]:
    """The tokens of a random path."""
    state = 0
    for _ in range(1000):
        ways = [(target, tokens) for source, target, tokens in folded.edges if source == state]
        if folded.accepting[state] and (not ways or number.random() < 0.1):
            return
        state, tokens = number.choice(ways)
        yield tokenizer.token_bytes(int(number.choice(tokens)))
    raise AssertionError("no end was met")
