"""The best paths of automata over canvases.

Given the logits of all positions, which are independent once the network has run, the best accepted sequence follows by
dynamic programming over positions and states (Viterbi; for diffusion language models: DINGO, Suresh et al.,
https://arxiv.org/abs/2505.23061). Logits serve as they are: every sequence takes one token of each position, so that
what normalises a position is the same for all.

L is the canvas length, N that of the stretch at hand, S the number of states and E that of edges.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from agentkit_model import native
from agentkit_model.automaton import UNREACHABLE, TokenAutomaton
from agentkit_model.sight import Floats, Sight
from agentkit_model.tables import Indices, Tables

EdgeTo = Callable[[int, int], int]
"""The edge by which the best path comes to a state behind a position (0, 1, ... of the stretch)."""


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

    @property
    def costs(self) -> Floats:
        """What edges cost (E,)."""
        if not len(self.banned):
            return self.tables.cost
        costs = self.tables.cost.copy()
        costs[self.banned] = np.inf
        return costs

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


def viterbi(leg: Leg) -> Found | None:
    """The best path of a leg; None where its automaton accepts no sequence of its length."""
    tables = leg.tables
    scores, edge_to = (_by_numpy if native.library() is None else _by_kernel)(leg)
    last = _last(leg, scores)
    if last is None:
        return None
    edges, states = [0] * (leg.end - leg.first), [last] * (leg.end - leg.first)
    for position in reversed(range(len(edges))):
        edges[position] = edge_to(position, states[position])
        if position:
            states[position - 1] = int(tables.source[edges[position]])
    tokens = leg.sight.tokens(leg.first, tables.columns[edges])
    return Found(tokens, states, edges, float(scores[last]))


def _by_kernel(leg: Leg) -> tuple[Floats, EdgeTo]:
    """The scores (S,) of the states behind a leg, and how the best paths come to them."""
    kernels, tables = native.library(), leg.tables
    assert kernels is not None
    columns = leg.sight.columns[leg.first : leg.end]  # (N, K + G + 1)
    count, size = len(columns), tables.size
    scores = np.full((2, size), -np.inf, np.float32)
    scores[count % 2, list(leg.begin)] = 0.0  # so that those behind the last position come to stand first
    taken = np.empty((count, size), np.int32)
    edges = tables.columns, leg.costs, tables.source, tables.first
    kernels.follow(columns, *edges, *columns.shape, size, scores, taken)
    return scores[0], lambda position, state: int(taken[position, state])


def _by_numpy(leg: Leg) -> tuple[Floats, EdgeTo]:
    """As `_by_kernel`, where there are no kernels."""
    tables = leg.tables
    by: Floats = leg.sight.columns[leg.first : leg.end].take(tables.columns, axis=1)  # (N, E)
    by -= leg.costs
    scores = np.full((len(by) + 1, tables.size), -np.inf, np.float32)
    scores[0, list(leg.begin)] = 0.0
    for before, behind, reached in zip(scores, scores[1:], by, strict=False):
        reached += before.take(tables.source)
        behind[tables.entered] = np.maximum.reduceat(reached, tables.begins)

    def edge_to(position: int, state: int) -> int:
        first, end = tables.first[state : state + 2]
        return int(first + by[position, first:end].argmax())

    return scores[-1], edge_to


def _last(leg: Leg, scores: Floats) -> int | None:
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
