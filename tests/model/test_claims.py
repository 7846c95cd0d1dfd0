"""Two values that claim the same word: the best path when that has its price."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit_model import CanvasResult, Hold, TokenAutomaton
from agentkit_model.automaton import NEW_VALUES, NO_VALUE
from agentkit_model.claims import disputes, parted, undisputed
from agentkit_model.path import Path, best_path
from agentkit_model.sight import Asked, Plain
from agentkit_model.viterbi import Leg, viterbi
from tests.model.claiming import Edge, claiming

pytestmark = pytest.mark.usefixtures("both_ways")
PAD, STOP, OPEN = 0, 1, 2
WORDS = (3, 4, 5)  # the tokens of three words that were said
ANY = 6  # what nobody said
VOCAB = 7


def call(values: int, *, again: bool = False) -> TokenAutomaton:
    """OPEN, then so many values of one token each, then STOP, or with `again` another call."""
    edges: list[Edge] = [(0, 1, OPEN, NEW_VALUES, -1)]
    for value in range(values):
        edges += [(value + 1, value + 2, token, value, word) for word, token in enumerate(WORDS)]
        edges.append((value + 1, value + 2, ANY, value, -1))
    edges.append((values + 1, values + 2, STOP, NO_VALUE, -1))
    if again:
        edges.append((values + 1, 1, OPEN, NEW_VALUES, -1))
    return claiming(edges, final=values + 2, pad=PAD, stop=STOP)


def path_of(hold: Hold, logits: torch.Tensor) -> Path | None:
    return best_path(hold, Plain(Asked(hold.automaton.tables), logits))


def leg(automaton: TokenAutomaton, logits: torch.Tensor) -> Leg:
    sight = Plain(Asked(automaton.tables), logits)
    return Leg(automaton, sight, frozenset((0,)), 0, len(logits), 0)


def wishes(*likely: Sequence[int]) -> torch.Tensor:
    """Logits by which each value's tokens are the likelier the earlier they stand."""
    logits = torch.zeros(len(likely) + 3, VOCAB)
    logits[0, OPEN] = logits[len(likely) + 1, STOP] = logits[-1, PAD] = 20.0
    for position, tokens in enumerate(likely):
        for rank, token in enumerate(tokens):
            logits[position + 1, token] = 5.0 - rank
    return logits


def test_a_word_that_was_said_once_serves_one_value() -> None:
    """The second value gives way, since its next best word costs less than the first one's."""
    logits = wishes((WORDS[0],), (WORDS[0], WORDS[1]))
    free = path_of(Hold(automaton=call(2)), logits)
    assert free is not None and free.tokens.tolist()[1:3] == [WORDS[0], WORDS[0]]
    apart = path_of(Hold(automaton=call(2), twice=8.0), logits)
    assert apart is not None and apart.tokens.tolist()[1:3] == [WORDS[0], WORDS[1]]


def test_two_values_may_be_the_same_if_the_model_is_sure_enough() -> None:
    logits = wishes((WORDS[0],), (WORDS[0],))
    path = path_of(Hold(automaton=call(2), twice=4.0), logits)
    assert path is not None and path.tokens.tolist()[1:3] == [WORDS[0], WORDS[0]]


def test_what_nobody_said_may_be_written_twice() -> None:
    logits = wishes((ANY, WORDS[0]), (ANY, WORDS[1]))
    path = path_of(Hold(automaton=call(2), twice=1000.0), logits)
    assert path is not None and path.tokens.tolist()[1:3] == [ANY, ANY]


def test_another_call_may_have_the_same_words() -> None:
    automaton = call(1, again=True)
    logits = torch.zeros(6, VOCAB)
    for position, token in enumerate((OPEN, WORDS[0], OPEN, WORDS[0], STOP, PAD)):
        logits[position, token] = 9.0
    path = path_of(Hold(automaton=automaton, twice=1000.0), logits)
    assert path is not None and path.tokens.tolist() == [OPEN, WORDS[0], OPEN, WORDS[0], STOP, PAD]


@settings(deadline=None)
@given(st.integers(1, 3), st.sampled_from([0.0, 1.0, 5.0, 1000.0]), st.integers(0, 2**16))
def test_no_path_is_better_when_disputes_have_their_price(values: int, twice: float, seed: int) -> None:
    """Among all that the automaton accepts, where each value has one word and each dispute one."""
    automaton = call(values)
    logits = torch.randn(values + 3, VOCAB, generator=torch.Generator().manual_seed(seed)) * 3
    logits[-1, PAD] = 50.0
    best = -math.inf
    for tokens in itertools.product((*WORDS, ANY), repeat=values):
        written = [OPEN, *tokens, STOP, PAD]
        said = [token for token in tokens if token != ANY]
        pairs = sum(first == second for first, second in itertools.combinations(said, 2))
        score = sum(logits[i, token].item() for i, token in enumerate(written))
        best = max(best, score - twice * pairs)
    found = undisputed(leg(automaton, logits), twice)
    assert found is not None
    value = found.score - twice * len(disputes(leg(automaton, logits), found))
    assert value == pytest.approx(best, abs=1e-3)


def test_disputes_are_told_with_their_words() -> None:
    one = leg(call(3), wishes((WORDS[0],), (WORDS[1],), (WORDS[0],)))
    found = viterbi(one)
    assert found is not None
    ((first, second),) = disputes(one, found)
    assert (first.value, second.value) == (0, 2)
    assert first.words & second.words == {0}


def listing() -> TokenAutomaton:
    """OPEN, then a list of one value after another, parted by ANY, then STOP."""
    edges = [(0, 1, OPEN, NEW_VALUES, -1), (2, 1, ANY, NO_VALUE, -1), (2, 3, STOP, NO_VALUE, -1)]
    edges += [(1, 2, token, 0, word) for word, token in enumerate(WORDS)]
    return claiming(edges, final=3, pad=PAD, stop=STOP)


def spelled(*tokens: int, size: int = 8, sure: float = 20.0) -> torch.Tensor:
    logits = torch.zeros(size, VOCAB)
    for position, token in enumerate((*tokens, *[PAD] * (size - len(tokens)))):
        logits[position, token] = sure
    return logits


def test_an_item_of_a_list_has_its_words_for_itself() -> None:
    """Though all items are one value of the automaton: what one of them may not have, the other one may."""
    logits = spelled(OPEN, WORDS[0], ANY, WORDS[0], STOP)
    logits[3, WORDS[1]] = 15.0
    free = path_of(Hold(automaton=listing()), logits)
    assert free is not None and free.tokens.tolist()[1:4] == [WORDS[0], ANY, WORDS[0]]
    apart = path_of(Hold(automaton=listing(), twice=8.0), logits)
    assert apart is not None and apart.tokens.tolist()[1:4] == [WORDS[0], ANY, WORDS[1]]


@settings(deadline=None)
@given(st.integers(1, 3), st.sampled_from([1.0, 5.0, 1000.0]), st.integers(0, 2**16))
def test_no_list_is_better_when_disputes_have_their_price(items: int, twice: float, seed: int) -> None:
    logits = torch.randn(2 * items + 2, VOCAB, generator=torch.Generator().manual_seed(seed)) * 3
    for position in range(2, 2 * items, 2):
        logits[position, ANY] = 100.0  # so many items
    logits[2 * items, STOP] = 100.0
    best = -math.inf
    for tokens in itertools.product(WORDS, repeat=items):
        pairs = sum(first == second for first, second in itertools.combinations(tokens, 2))
        score = sum(logits[2 * place + 1, token].item() for place, token in enumerate(tokens))
        best = max(best, score - twice * pairs)
    automaton = listing()
    found = undisputed(leg(automaton, logits), twice)
    assert found is not None
    written = found.tokens[1 : 2 * items : 2].tolist()
    score = sum(logits[2 * place + 1, token].item() for place, token in enumerate(written))
    assert score - twice * len(disputes(leg(automaton, logits), found)) == pytest.approx(best, abs=1e-3)


def finished(path: Path, length: int) -> CanvasResult:
    """A canvas that was held to a path, of which so many tokens are kept."""
    tokens = path.tokens.tolist()
    result = CanvasResult.of(
        tokens, [0.0] * len(tokens), stop_tokens=(), steps=1, reason="stable", seed=0, position=0, states=path.states
    )
    return replace(result, length=length)


def test_a_call_keeps_what_it_claimed_in_the_canvas_before() -> None:
    """Its values are told apart across the end of a canvas; those of a call that is over claim nothing more."""
    hold = Hold(automaton=call(2, again=True), twice=8.0)
    first = path_of(hold, spelled(OPEN, WORDS[0], WORDS[1], OPEN, WORDS[2], size=5))
    assert first is not None and first.tokens.tolist() == [OPEN, WORDS[0], WORDS[1], OPEN, WORDS[2]]
    logits = spelled(WORDS[2], STOP, sure=5.0)
    logits[0, WORDS[0]] = 4.0
    behind = path_of(hold.behind(finished(first, 5)), logits)
    assert behind is not None and behind.tokens.tolist()[:2] == [WORDS[0], STOP]
    unaware = path_of(replace(hold, state=first.states[-1]), logits)
    assert unaware is not None and unaware.tokens.tolist()[:2] == [WORDS[2], STOP]
    again = hold.behind(finished(first, 4)).behind(
        finished(replace(first, tokens=first.tokens[4:], states=first.states[4:]), 1)
    )
    assert again == hold.behind(finished(first, 5)), "in two canvases as in one"


def test_what_stands_already_does_not_give_way() -> None:
    hold = Hold(automaton=call(2), twice=8.0)
    first = path_of(hold, spelled(OPEN, WORDS[0], size=2))
    assert first is not None
    after, logits = hold.behind(finished(first, 2)), spelled(WORDS[0], STOP, sure=50.0)
    behind = path_of(after, logits)
    assert behind is not None and behind.tokens.tolist()[:2] == [WORDS[0], STOP], "the model is sure enough"
    rest = replace(leg(after.automaton, logits), begin=after.begin)
    found = viterbi(rest)
    assert found is not None
    (dispute,) = disputes(rest, found, after.past)
    (way,) = parted(rest, found, dispute)
    other = viterbi(way)
    assert other is not None and other.tokens[0] != WORDS[0]
