"""Words that are said once and written twice.

An edge of an automaton may say that its token is a word of the conversation, written into some value. What was said
once serves one value as a rule: "soup in Nice" is no reason to look for the dish soup in the place soup, nor to have
soup twice in a list. But a path weighs each value for itself. So each two values of a call that claim the same word
cost a path some nats, and the best path is looked for with that.

The search is conflict-based (Sharon, Stern, Felner, Sturtevant: Conflict-based search for optimal multi-agent
pathfinding, Artificial Intelligence 219, 2015): the best path is found without regard to claims; where two of its
values claim the same words, the search goes on in two ways, and in each one of the two may not have them. The most
probable way is followed first, and no more than a few are.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from typing import TypeAlias

import numpy as np

from agentkit_model.automaton import NEW_VALUES, NO_VALUE
from agentkit_model.sight import Floats
from agentkit_model.tables import Indices, Ints, Tables
from agentkit_model.viterbi import Ban, Found, Leg, viterbi

_MOST_PARTED = 6
"""Disputes of one canvas that are parted in a denoising step."""


@dataclass(frozen=True, slots=True)
class Written:
    """A value as it is written: which one of the automaton, from which position on, and the words that it has.

    The items of a list are one value of the automaton, and each is written by itself.
    """

    value: int
    first: int
    words: set[int]


Dispute: TypeAlias = tuple[Written, Written]
"""Two that claim the same word, in the order of the path."""


def undisputed(leg: Leg, twice: float, past: Sequence[int] = ()) -> Found | None:
    """The best path of a leg when each two values of a call that claim the same word cost `twice` nats.

    past: the edges of the call that is under way where the leg begins.
    """
    best = viterbi(leg)
    if best is None or not twice or leg.tables.values is None:
        return best
    search = _Search(leg, best, twice, past)
    while ways := search.ways():
        for way in ways:
            search.learn(way, viterbi(way))
    return search.best


class Claims:
    """Which words the values have on a path, edge by edge, when each two of a call that claim the same cost `twice`.

    Args:
        first: the position of the first edge that is taken.
        past: the edges before it.
    """

    def __init__(self, tables: Tables, twice: float, first: int = 0, past: Sequence[int] = ()) -> None:
        self._tables = tables
        self._twice = twice
        self._position = first - len(past)
        self._past: list[Dispute] = []  # of calls that are over
        self._written: list[Written] = []  # of the call at hand
        self._open: Written | None = None  # of which the last edge is a part
        for edge in past:
            self.take(edge)

    def take(self, edge: int) -> None:
        """The path goes on by an edge."""
        ((value, word),) = self._of([edge])
        if value == NEW_VALUES:
            self._past, self._written = self.disputes, []
        if value < 0:
            self._open = None
        elif self._open is None or self._open.value != value:
            self._open = Written(value, self._position, set())
            self._written.append(self._open)
        if self._open is not None and word >= 0:
            self._open.words.add(word)
        self._position += 1

    def prices(self, edges: Ints) -> Floats:
        """The nats that each edge (N,) would cost for the claims that it adds (N,)."""
        return np.array([self._twice * self._added(value, word) for value, word in self._of(edges)], np.float32)

    @property
    def disputes(self) -> list[Dispute]:
        """What values of one call claim together."""
        return [*self._past, *(pair for pair in combinations(self._written, 2) if pair[0].words & pair[1].words)]

    def _added(self, value: int, word: int) -> int:
        """With how many values one would come to claim the same words, by this word."""
        if value < 0 or word < 0:
            return 0
        own = self._open if self._open is not None and self._open.value == value else None
        mine = set() if own is None else own.words
        return sum(word in other.words and not mine & other.words for other in self._written if other is not own)

    def _of(self, edges: Ints) -> list[tuple[int, int]]:
        """The values that edges are a part of, each with the word that its edge writes."""
        values, words = self._tables.values, self._tables.words
        if values is None or words is None:
            return [(NO_VALUE, -1)] * len(edges)
        return list(zip(values[edges].tolist(), words[edges].tolist(), strict=True))


def under_way(tables: Tables, past: Sequence[int], steps: Iterable[tuple[int, int, int]]) -> tuple[int, ...]:
    """The edges of the call that is under way behind some steps, each from a state to another by a token.

    past: the edges of the one that was before them.
    """
    if tables.values is None:
        return ()
    edges = [*past, *(edge for step in steps if (edge := tables.edge(*step)) is not None)]
    begun = [place for place, edge in enumerate(edges) if tables.values[edge] == NEW_VALUES]
    return tuple(edges[begun[-1] :]) if begun else ()


def disputes(leg: Leg, found: Found, past: Sequence[int] = ()) -> list[Dispute]:
    """What values of one call claim together on a leg's best path."""
    claims = Claims(leg.tables, 1.0, leg.first, past)
    for edge in found.edges:
        claims.take(edge)
    return claims.disputes


class _Search:
    """The search for one leg: `best` is the best path so far."""

    def __init__(self, leg: Leg, found: Found, cost: float, past: Sequence[int]) -> None:
        self.best = found
        self._cost = cost
        self._past = past
        self._final = leg.automaton.final
        self._over = found.states[-1] == self._final
        self._value = -np.inf
        self._parted = 0
        self._number = count()
        self._open: list[tuple[float, int, Leg, Found, list[Dispute]]] = []  # the most probable first
        self.learn(leg, found)

    def learn(self, leg: Leg, found: Found | None) -> None:
        """Takes the best path of a leg. One by which the turn would no longer end here is none."""
        if found is None or (found.states[-1] == self._final) != self._over:
            return
        shared = disputes(leg, found, self._past)
        value = found.score - self._cost * len(shared)
        if value > self._value:
            self.best, self._value = found, value
        if shared:
            heapq.heappush(self._open, (-found.score, next(self._number), leg, found, shared))

    def ways(self) -> list[Leg]:
        """The ways to go on from the most probable path that has a dispute; none where they can't be better."""
        if not self._open or self._parted == _MOST_PARTED:
            return []
        score, _, leg, found, shared = heapq.heappop(self._open)
        if -score <= self._value:
            self._open.clear()
            return []
        self._parted += 1
        return next(filter(None, (parted(leg, found, dispute) for dispute in shared)), [])


def parted(leg: Leg, found: Found, dispute: Dispute) -> list[Leg]:
    """The ways to go on without a dispute of a path: in each one of the two gives way, unless it stands already."""
    first, second = dispute
    one, other = (_edges(leg.tables, written, first.words & second.words) for written in dispute)
    bans = Ban(one), Ban(other)
    if first.value == second.value:  # what is banned from both of them would be banned from the list
        bans = Ban(one, end=second.first), Ban(other, first=second.first)
    return [leg.without(ban) for ban in bans if ban.met(found.edges, leg.first)]


def _edges(tables: Tables, written: Written, words: set[int]) -> Indices:
    """The edges by which a value has some words."""
    assert tables.values is not None and tables.words is not None
    return np.flatnonzero((tables.values == written.value) & np.isin(tables.words, list(words)))
