"""The best paths of automata over canvases.

Given the logits of all positions, which are independent once the network has run, the best accepted sequence follows by
dynamic programming over positions and states (Viterbi; for diffusion language models: DINGO, Suresh et al.,
https://arxiv.org/abs/2505.23061). Logits serve as they are: every sequence takes one token of each position, so that
what normalises a position is the same for all.

L is the canvas length, N that of the stretch at hand, S the number of states and E that of edges.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from agentkit_model import native
from agentkit_model.automaton import UNREACHABLE, TokenAutomaton
from agentkit_model.sight import Floats, Sight
from agentkit_model.tables import Indices, Tables

EdgeTo = Callable[[int, int], int]
"""The edge by which the best path comes to a state behind a position (0, 1, ... of the stretch)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ban:
    """Edges of the tables that a path may not take at positions from `first` on, and before `end`."""

    edges: Indices
    first: int = 0
    end: int = UNREACHABLE

    def holds(self, first: int, end: int) -> bool:
        """Whether it holds at all positions from `first` on, and before `end`."""
        return self.first <= first and end <= self.end

    def met(self, path: Sequence[int], first: int) -> bool:
        """Whether a path, whose edges from the position `first` on these are, takes what it bans."""
        own = path[max(self.first - first, 0) : max(self.end - first, 0)]
        return bool(np.isin(own, self.edges).any())


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """A stretch of a canvas for which the best path is looked for.

    Attributes:
        automaton: whose path.
        sight: of the whole canvas.
        begin: the states in which it may begin.
        first, end: the positions, `end` excluded.
        rest: tokens that the turn may have behind it.
        bans: what it may not take, and where.
    """

    automaton: TokenAutomaton
    sight: Sight
    begin: frozenset[int]
    first: int
    end: int
    rest: int
    bans: tuple[Ban, ...] = ()

    @property
    def tables(self) -> Tables:
        return self.sight.tables

    def without(self, ban: Ban) -> "Leg":
        """The same with one ban more."""
        return replace(self, bans=(*self.bans, ban))

    def stretches(self) -> Iterator[tuple[int, int, Floats]]:
        """The positions for which edges cost the same: the first, the end, and what they cost (E,)."""
        ends = {self.first, self.end, *(at for ban in self.bans for at in (ban.first, ban.end))}
        cuts = sorted(at for at in ends if self.first <= at <= self.end)
        for first, end in pairwise(cuts):
            costs = self.tables.cost
            if held := [ban.edges for ban in self.bans if ban.holds(first, end)]:
                costs = costs.copy()
                costs[np.concatenate(held)] = np.inf
            yield first, end, costs


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
    size = tables.size
    scores = np.full((2, size), -np.inf, np.float32)  # what the last position left comes to stand first
    scores[0, list(leg.begin)] = 0.0
    taken = np.empty((leg.end - leg.first, size), np.int32)
    for first, end, costs in leg.stretches():
        columns = leg.sight.columns[first:end]  # (N, K + G + 1)
        scores[len(columns) % 2] = scores[0]
        edges = tables.columns, costs, tables.source, tables.first
        kernels.follow(columns, *edges, *columns.shape, size, scores, taken[first - leg.first :])
    return scores[0], lambda position, state: int(taken[position, state])


def _by_numpy(leg: Leg) -> tuple[Floats, EdgeTo]:
    """As `_by_kernel`, where there are no kernels."""
    tables = leg.tables
    by: Floats = leg.sight.columns[leg.first : leg.end].take(tables.columns, axis=1)  # (N, E)
    for first, end, costs in leg.stretches():
        by[first - leg.first : end - leg.first] -= costs
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
