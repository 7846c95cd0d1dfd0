"""What automata see of a canvas is the same, whether its logits are at hand or were summed class by class."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit_model import Choice, TokenAutomaton
from agentkit_model.sight import Asked, ClassSums, Plain, Sight, Summed, from_keys, to_keys
from agentkit_model.tables import Folded

pytestmark = pytest.mark.usefixtures("both_ways")
LENGTH, VOCAB = 4, 31
SETS = st.lists(st.lists(st.integers(2, VOCAB - 1), min_size=1, max_size=20, unique=True), min_size=1, max_size=6)


def automaton(sets: Sequence[Sequence[int]]) -> TokenAutomaton:
    """By any token of any set from the start to the end; before that, one of two sets is chosen."""
    count = len(sets)
    return TokenAutomaton(
        size=3,
        source=[1] * count,
        target=[2] * count,
        label=list(range(count)),
        cost=[0.0] * count,
        sets=sets,
        start=0,
        final=2,
        pad=0,
        stops=frozenset((1,)),
        choices={0: [Choice(0, 1), Choice(count - 1, 1)]},
    )


def summed(asked: Asked, logits: torch.Tensor, chunk: int) -> Summed:
    """Gathered chunk by chunk, as an outlook does."""
    top = torch.full((LENGTH,), -torch.inf)
    cold = torch.zeros(LENGTH)
    sums = ClassSums([asked.tables], top[None], VOCAB)
    for start in range(0, VOCAB, chunk):
        part = logits[:, start : start + chunk]
        sums.see(start, part[None])
        risen = torch.maximum(top, part.amax(dim=1))
        fall = (top - risen).nan_to_num(neginf=-1e30).exp()
        weights = (part - risen[:, None]).exp()
        sums.weigh(start, weights[None], fall[None])
        top, cold = risen, cold * fall + weights.sum(dim=1)
    shown = asked.tables.shown
    masses = None if sums.masses is None else sums.masses[0].numpy()
    return Summed(asked, sums.keys[0].numpy(), masses, logits[:, shown].numpy(), top.numpy(), cold.numpy())


@settings(deadline=None)
@given(
    SETS, st.integers(0, 2**16), st.integers(1, VOCAB), st.dictionaries(st.integers(0, 3), st.integers(0, VOCAB - 1))
)
def test_both_sights_answer_as_the_logits_do(
    sets: list[list[int]], seed: int, chunk: int, clamped: dict[int, int]
) -> None:
    logits = torch.randn(LENGTH, VOCAB, generator=torch.Generator().manual_seed(seed)) * 4
    asked = Asked(automaton(sets).tables, clamped)
    seen = logits.clone()
    for position, token in clamped.items():
        seen[position] = -torch.inf
        seen[position, token] = 0.0
    marginals = seen.softmax(dim=1)
    tables = asked.tables
    columns = [[int(token)] for token in tables.singles[:-1]] + [list(map(int, each)) for each in tables.larger.sets]
    for sight in (Plain(asked, logits), summed(asked, logits, chunk)):
        assert_sees(sight, seen, marginals, [*columns, [0]])
    assert torch.equal(logits, torch.randn(LENGTH, VOCAB, generator=torch.Generator().manual_seed(seed)) * 4)


def assert_sees(sight: Sight, seen: torch.Tensor, marginals: torch.Tensor, columns: list[list[int]]) -> None:
    for column in sight.tables.columns.tolist():
        best = seen[:, columns[column]].amax(dim=1)
        assert sight.columns[:, column].tolist() == pytest.approx(best.tolist(), abs=1e-5)
    for column, tokens in enumerate(columns):
        found = sight.tokens(1, np.array([column, column]))
        for position, token in zip((1, 2), found.tolist(), strict=True):
            assert token in tokens
            assert seen[position, token] == seen[position, tokens].max()
    for position in range(LENGTH):
        assert sight.over(position) == (marginals[position, [0, 1]].sum().item() > 0.5)
        for label, column in enumerate(sight.tables.speaking):
            tokens = columns[column]
            share = marginals[position, tokens].sum().item()
            assert sight.shares(position, position + 1)[0, label] == pytest.approx(share, abs=1e-5)
            (token,) = sight.likeliest(position, position + 1, label)
            assert token in tokens and seen[position, token] == seen[position, tokens].max()


@settings(deadline=None)
@given(SETS)
def test_tokens_of_one_class_are_held_by_the_same_sets(sets: list[list[int]]) -> None:
    folded = Folded(sets)
    for tokens, held in zip(sets, folded.held, strict=True):
        assert sorted(tokens) == [token for token in range(VOCAB) if folded.number(token) in held]
    for size in (VOCAB, VOCAB + 9):  # automata of two engines may have the same sets
        numbers = folded.numbers(torch.device("cpu"), size)
        assert numbers.tolist() == [folded.number(token) for token in range(size)]
    for number, begin in enumerate(folded.begins.tolist()):
        assert folded.number(int(folded.tokens[begin])) == number


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=8), st.integers(0, 2**30))
def test_a_key_holds_a_logit_and_its_token_and_is_ordered_as_the_logits(values: list[float], start: int) -> None:
    logits = torch.tensor([values])
    keys = to_keys(logits, start).numpy()
    found, tokens = from_keys(keys)
    assert found[0].tolist() == logits[0].tolist()
    assert tokens[0].tolist() == list(range(start, start + len(values)))
    assert logits[0, int(keys[0].argmax())] == max(values)


def test_of_equal_logits_the_first_token_counts() -> None:
    keys = to_keys(torch.zeros(1, 5), 7).numpy()
    assert from_keys(keys.max(axis=1))[1].tolist() == [7]
