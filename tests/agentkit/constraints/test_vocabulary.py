"""Folding byte automata over a vocabulary, against a walk along each token."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models
from tokenizers import Tokenizer as Backend

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
