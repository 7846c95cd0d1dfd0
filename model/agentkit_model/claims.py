"""Words that are said once and written twice.

An edge of an automaton may say that its token is a word of the conversation, written into some value. What was said
once serves one value as a rule: "soup in Nice" is no reason to look for the dish soup in the place soup. But a path
weighs each value for itself. So each two values of a call that claim the same word cost a path some nats, and the best
path is looked for with that.

The search is conflict-based (Sharon, Stern, Felner, Sturtevant: Conflict-based search for optimal multi-agent
pathfinding, Artificial Intelligence 219, 2015): the best path is found without regard to claims; where two of its
values claim the same words, the search goes on in two ways, and in each one of the two may not have them. The most
probable way is followed first, and no more than a few are.
"""

import heapq
from itertools import combinations, count

import numpy as np

from agentkit_model.automaton import NEW_VALUES, NO_VALUE
from agentkit_model.sight import Floats
from agentkit_model.tables import Ints, Tables
from agentkit_model.viterbi import Found, Leg, viterbi

_MOST_PARTED = 6
"""Disputes of one canvas that are parted in a denoising step."""

Dispute = tuple[int, int, frozenset[int]]
"""Two values, and the words that both claim."""


def undisputed(leg: Leg, twice: float) -> Found | None:
    """The best path of a leg when each two values that claim the same word cost `twice` nats."""
    best = viterbi(leg)
    if best is None or not twice or leg.tables.values is None:
        return best
    search = _Search(leg, best, twice)
    while ways := search.ways():
        for way in ways:
            search.learn(way, viterbi(way))
    return search.best


class Claims:
    """Which words the values have on a path, edge by edge, when each two of a call that claim the same cost `twice`."""

    def __init__(self, tables: Tables, twice: float) -> None:
        self._tables = tables
        self._twice = twice
        self._past: list[Dispute] = []  # of calls that are over
        self._words: dict[int, set[int]] = {}  # of each value of the call at hand

    def take(self, edge: int) -> None:
        """The path goes on by an edge."""
        for value, word in self._of([edge]):
            if value == NEW_VALUES:
                self._past, self._words = self.disputes, {}
            elif value != NO_VALUE and word >= 0:
                self._words.setdefault(value, set()).add(word)

    def prices(self, edges: Ints) -> Floats:
        """The nats that each edge (N,) would cost for the claims that it adds (N,)."""
        return np.array([self._twice * self._added(value, word) for value, word in self._of(edges)], np.float32)

    @property
    def price(self) -> float:
        """The nats that the path costs."""
        return self._twice * len(self.disputes)

    @property
    def disputes(self) -> list[Dispute]:
        """What values of one call claim together, in the order of the path."""
        words = self._words
        pairs = ((first, second, frozenset(words[first] & words[second])) for first, second in combinations(words, 2))
        return [*self._past, *(pair for pair in pairs if pair[2])]

    def _added(self, value: int, word: int) -> int:
        """With how many values one would come to claim the same words, by this word."""
        if value < 0 or word < 0:
            return 0
        mine = self._words.get(value, set())
        return sum(word in theirs and not mine & theirs for other, theirs in self._words.items() if other != value)

    def _of(self, edges: Ints) -> list[tuple[int, int]]:
        """The values that edges are a part of, each with the word that its edge writes."""
        values, words = self._tables.values, self._tables.words
        if values is None or words is None:
            return [(NO_VALUE, -1)] * len(edges)
        return list(zip(values[edges].tolist(), words[edges].tolist(), strict=True))


def disputes(leg: Leg, found: Found) -> list[Dispute]:
    """What values of one call claim together, in the order of the path."""
    claims = Claims(leg.tables, 1.0)
    for edge in found.edges:
        claims.take(edge)
    return claims.disputes


class _Search:
    """The search for one leg: `best` is the best path so far."""

    def __init__(self, leg: Leg, found: Found, cost: float) -> None:
        self.best = found
        self._cost = cost
        self._final = leg.automaton.final
        self._over = found.states[-1] == self._final
        self._value = -np.inf
        self._parted = 0
        self._number = count()
        self._open: list[tuple[float, int, Leg, list[Dispute]]] = []  # the most probable first
        self.learn(leg, found)

    def learn(self, leg: Leg, found: Found | None) -> None:
        """Takes the best path of a leg. One by which the turn would no longer end here is none."""
        if found is None or (found.states[-1] == self._final) != self._over:
            return
        shared = disputes(leg, found)
        value = found.score - self._cost * len(shared)
        if value > self._value:
            self.best, self._value = found, value
        if shared:
            heapq.heappush(self._open, (-found.score, next(self._number), leg, shared))

    def ways(self) -> list[Leg]:
        """The two ways to go on from the most probable path that has a dispute; none where that can't be better."""
        if not self._open or self._parted == _MOST_PARTED:
            return []
        score, _, leg, shared = heapq.heappop(self._open)
        if -score <= self._value:
            self._open.clear()
            return []
        self._parted += 1
        first, second, words = shared[0]
        return [leg.without(value, words) for value in (first, second)]
