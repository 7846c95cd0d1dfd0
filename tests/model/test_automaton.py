"""Automata over tokens: how far their states are from the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit_model import PlanError
from agentkit_model.automaton import UNREACHABLE, Choice, TokenAutomaton

pytestmark = pytest.mark.usefixtures("both_ways")
SIZE = 9
STATES = st.integers(0, SIZE - 1)


def automaton(edges: list[tuple[int, int]], ways: list[tuple[int, int, bool]], breaks: set[int]) -> TokenAutomaton:
    choices: dict[int, list[Choice]] = {}
    for state, target, enters in ways:
        choices.setdefault(state, []).append(Choice(0, target, enters=enters))
    source, target = np.array(edges, np.int64).reshape(-1, 2).T
    return TokenAutomaton(
        size=SIZE,
        source=source,
        target=target,
        label=np.zeros(len(edges), np.int64),
        cost=np.zeros(len(edges)),
        sets=[np.array([5])],
        start=0,
        final=SIZE - 1,
        pad=0,
        stops=frozenset([1]),
        choices=choices,
        breaks=frozenset(breaks),
    )


@settings(deadline=None)
@given(
    st.lists(st.tuples(STATES, STATES), max_size=14),
    st.lists(st.tuples(STATES, STATES, st.booleans()), max_size=8),
    st.sets(STATES, max_size=2),
)
def test_distances_are_the_fewest_tokens_to_the_end(
    edges: list[tuple[int, int]], ways: list[tuple[int, int, bool]], breaks: set[int]
) -> None:
    steps = [(source, target, 1) for source, target in edges]
    steps += [(state, target, 0 if enters else 1) for state, target, enters in ways]
    wanted = [0 if state in {SIZE - 1, *breaks} else UNREACHABLE for state in range(SIZE)]
    for _ in range(SIZE):  # no shortest way has more steps
        for state, target, tokens in steps:
            wanted[state] = min(wanted[state], wanted[target] + tokens)
    assert automaton(edges, ways, breaks).distance == wanted


def test_long_chains_are_followed_to_their_beginning() -> None:
    count = 30_000
    chain = TokenAutomaton(
        size=count,
        source=np.arange(count - 1),
        target=np.arange(1, count),
        label=np.zeros(count - 1, np.int64),
        cost=np.zeros(count - 1),
        sets=[np.array([5])],
        start=0,
        final=count - 1,
        pad=0,
        stops=frozenset([1]),
    )
    assert chain.distance == list(range(count - 1, -1, -1))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"sets": [[4, -1]]}, "token -1; here they go from 0 to 47"),
        ({"sets": [np.array([48])]}, "token 48"),
        ({"pad": -2}, "token -2"),
        ({"stops": frozenset([50_000_000])}, "token 50000000"),
        ({"source": [50_000_000]}, "state 50000000; here they go from 0 to 8"),
        ({"target": [-1]}, "state -1"),
        ({"start": 9}, "state 9"),
        ({"final": -1}, "state -1"),
        ({"breaks": frozenset([9])}, "state 9"),
        ({"choices": {9: [Choice(0, 1)]}}, "state 9"),
        ({"choices": {0: [Choice(0, -50_000_000)]}}, "state -50000000"),
        ({"choices": {0: [Choice(3, 1)]}}, "label 3"),
        ({"label": [1]}, "label 1; here they go from 0 to 0"),
        ({"label": [-1]}, "label -1"),
    ],
)
def test_what_leads_outside_of_an_automaton_is_refused(fault: dict[str, Any], message: str) -> None:
    whole = automaton([(0, SIZE - 1)], [], set())
    whole.check(48)
    for _ in range(2):
        with pytest.raises(PlanError, match=message):
            replace(whole, **fault).check(48)
