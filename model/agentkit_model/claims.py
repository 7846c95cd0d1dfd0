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


def disputes(leg: Leg, found: Found) -> list[Dispute]:
    """What values of one call claim together, in the order of the path."""
    tables = leg.tables
    assert tables.values is not None and tables.words is not None
    calls: list[dict[int, set[int]]] = [{}]  # the words of each value of each call
    edges = np.asarray(found.edges, np.int64)
    for value, word in zip(tables.values[edges].tolist(), tables.words[edges].tolist(), strict=True):
        if value == NEW_VALUES:
            calls.append({})
        elif value != NO_VALUE and word >= 0:
            calls[-1].setdefault(value, set()).add(word)
    return [
        (first, second, frozenset(shared))
        for claims in calls
        for first, second in combinations(claims, 2)
        if (shared := claims[first] & claims[second])
    ]


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
