"""The best paths of automata over several canvases at once.

Given the logits of all positions, which are independent once the network has run, the best accepted sequence follows by
dynamic programming over positions and states (Viterbi; for diffusion language models: DINGO, Suresh et al.,
https://arxiv.org/abs/2505.23061). Logits serve as they are: every sequence takes one token of each position, so that
what normalises a position is the same for all.

The canvases' automata stand side by side as one: each position takes the same few operations for all canvases together,
and none can see its company, since no edge leads from one automaton into another. L is the canvas length, S the number
of states and E that of edges of all automata together.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from agentkit_model.automaton import UNREACHABLE, TokenAutomaton
from agentkit_model.sight import Sight
from agentkit_model.tables import Indices, Tables


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """A stretch of a canvas for which the best path is looked for.

    Attributes:
        automaton: whose path.
        sight: of the whole canvas.
        begin: the states in which it may begin.
        first, end: the positions, `end` excluded.
        rest: tokens that the turn may have behind it.
        banned: edges of the tables that it may not take.
    """

    automaton: TokenAutomaton
    sight: Sight
    begin: frozenset[int]
    first: int
    end: int
    rest: int
    banned: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def tables(self) -> Tables:
        return self.sight.tables

    def without(self, value: int, words: Iterable[int]) -> "Leg":
        """The same, but that a value may not have some words."""
        tables = self.tables
        assert tables.values is not None and tables.words is not None
        edges = np.flatnonzero((tables.values == value) & np.isin(tables.words, list(words)))
        return replace(self, banned=np.union1d(self.banned, edges))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best path of a leg.

    Attributes:
        tokens: of each position (N,).
        states: the state behind each position.
        edges: of the tables, taken at each position.
        score: the sum of the tokens' logits less what the edges cost.
    """

    tokens: Indices
    states: list[int]
    edges: list[int]
    score: float


def viterbi(legs: Sequence[Leg]) -> list[Found | None]:
    """The best path of each leg, None where its automaton accepts no sequence of its length; their canvases are of one
    length."""
    if not legs:
        return []
    behind, by = _forward(legs)
    found: list[Found | None] = []
    state_at = edge_at = 0
    for leg in legs:
        tables = leg.tables
        scores = behind[leg.end, state_at : state_at + tables.size]
        last = _last(leg, scores)
        if last is None:
            found.append(None)
        else:
            edges, states = _back(tables, last, by[leg.first : leg.end, edge_at : edge_at + len(tables.before)])
            tokens = leg.sight.tokens(leg.first, tables.columns[edges])
            found.append(Found(tokens, states, edges, float(scores[last])))
        state_at, edge_at = state_at + tables.size, edge_at + len(tables.before)
    return found


def _forward(legs: Sequence[Leg]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The score of each state before each position (L + 1, S), and by each edge behind it (L, E)."""
    tables = [leg.tables for leg in legs]
    states = [0, *accumulate(each.size for each in tables)]
    edges = [0, *accumulate(len(each.source) for each in tables)]
    source = np.concatenate([each.source + offset for each, offset in zip(tables, states, strict=False)])  # (E,)
    entered = np.concatenate([each.entered + offset for each, offset in zip(tables, states, strict=False)])
    begins = np.concatenate([each.begins + offset for each, offset in zip(tables, edges, strict=False)])
    by = np.concatenate([leg.sight.weights for leg in legs], axis=1)  # (L, E)
    for leg, offset in zip(legs, edges, strict=False):
        by[:, leg.banned + offset] = -np.inf
    scores = np.full((len(by) + 1, states[-1]), -np.inf, np.float32)
    beginning = defaultdict[int, list[int]](list)  # position -> states
    for leg, offset in zip(legs, states, strict=False):
        beginning[leg.first] += [offset + state for state in leg.begin]
    for position, (before, behind, reached) in enumerate(zip(scores, scores[1:], by, strict=False)):
        if position in beginning:
            before[beginning[position]] = 0.0
        reached += before.take(source)
        behind[entered] = np.maximum.reduceat(reached, begins)
    return scores, by


def _last(leg: Leg, scores: NDArray[np.float32]) -> int | None:
    """The state in which a leg ends, from the scores (S,) behind it; None if there is none.

    The final state if the model's own marginal there says that the turn is over, as far as it can be reached; else
    whatever is best, in or out of a call, as long as the turn can be finished in `rest` tokens.
    """
    final = leg.automaton.final
    if scores[final] > -np.inf and leg.sight.over(leg.end - 1):
        return final
    possible = np.where(leg.tables.distance <= min(leg.rest, UNREACHABLE - 1), scores, -np.inf)
    best = int(possible.argmax())
    return None if possible[best] == -np.inf else best


def _back(tables: Tables, state: int, reached: NDArray[np.float32]) -> tuple[list[int], list[int]]:
    """The edges of the best path to a state, and the states behind them, from the scores by edge (N, E)."""
    edges: list[int] = []
    states: list[int] = []
    for position in range(len(reached) - 1, -1, -1):
        edge, end = tables.first[state], tables.first[state + 1]
        if end - edge > 1:
            edge += int(reached[position, edge:end].argmax())
        edges.append(edge)
        states.append(state)
        state = tables.before[edge]
    return edges[::-1], states[::-1]
