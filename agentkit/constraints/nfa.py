"""Automata that may be in several states at once: what a pattern is first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from agentkit.constraints.characters import Ranges, spelled
from agentkit.constraints.dfa import LIMIT, ByteDFA, Move, TooLarge

When: TypeAlias = Literal["anywhere", "begin", "end"]
_States: TypeAlias = frozenset[int]

_MOST = 10 * LIMIT


class NFA:
    """States with edges by bytes, and with free edges; some of them only at the begin or end of a text."""

    def __init__(self) -> None:
        self._moves: list[list[Move[int]]] = []
        self._free: dict[When, list[list[int]]] = {"anywhere": [], "begin": [], "end": []}

    def state(self) -> int:
        """A new state. Raises `TooLarge`."""
        if len(self._moves) == _MOST:
            raise TooLarge(f"the pattern needs more than {_MOST} states")
        self._moves.append([])
        for edges in self._free.values():
            edges.append([])
        return len(self._moves) - 1

    def free(self, start: int, end: int, when: When = "anywhere") -> None:
        """An edge that takes nothing."""
        self._free[when][start].append(end)

    def characters(self, start: int, end: int, ranges: Ranges) -> None:
        """Edges by the UTF-8 of any character of a set."""
        spelling = spelled(ranges)
        states = [start, *(self.state() for _ in spelling[1:])]
        for state, moves in zip(states, spelling, strict=True):
            self._moves[state] += [(first, last, end if to < 0 else states[to]) for first, last, to in moves]

    def embed(self, start: int, end: int, dfa: ByteDFA) -> None:
        """Edges by what an automaton accepts, if the text ends there."""
        states = [start, *(self.state() for _ in range(dfa.size))]
        self.free(start, states[1])
        for state, row in enumerate(dfa.table, start=1):
            begins = np.flatnonzero(np.append(True, row[1:] != row[:-1])).tolist()
            for first, following in pairwise([*begins, 256]):
                if row[first] >= 0:
                    self._moves[states[state]].append((first, following - 1, states[int(row[first]) + 1]))
            if dfa.accepting[state - 1]:
                self.free(states[state], end, "end")

    def determined(self, start: int, final: int) -> ByteDFA:
        """What leads from `start` to `final`, which is never left again. Raises `TooLarge`."""

        def merged(states: Iterable[int]) -> _States:
            found = self._closure(states, "anywhere")
            return frozenset([final]) if final in found else frozenset(s for s in found if self._matters(s))

        def moves(at: tuple[bool, _States]) -> Iterator[Move[tuple[bool, _States]]]:
            for first, last, targets in _apart([move for state in at[1] for move in self._moves[state]]):
                yield first, last, (False, merged(targets))

        def accepts(at: tuple[bool, _States]) -> bool:
            begin: tuple[When, ...] = ("begin",) if at[0] else ()
            return final in self._closure(at[1], "anywhere", "end", *begin)

        begun = self._closure([start], "anywhere", "begin")
        return ByteDFA.explore((True, merged(begun)), moves, accepts)

    def _closure(self, states: Iterable[int], *when: When) -> set[int]:
        """What can be reached by free edges."""
        found = set(states)
        waiting = list(found)
        while waiting:
            state = waiting.pop()
            for name in when:
                for target in self._free[name][state]:
                    if target not in found:
                        found.add(target)
                        waiting.append(target)
        return found

    def _matters(self, state: int) -> bool:
        """Whether a state has edges other than those that were followed already."""
        return bool(self._moves[state] or self._free["end"][state])


def _apart(moves: list[Move[int]]) -> Iterator[tuple[int, int, _States]]:
    """Overlapping moves as ones that do not overlap, each to all states to which its bytes lead."""
    opening: dict[int, list[int]] = {}
    closing: dict[int, list[int]] = {}
    for first, last, target in moves:
        opening.setdefault(first, []).append(target)
        closing.setdefault(last + 1, []).append(target)
    edges = sorted({*opening, *closing})
    count: dict[int, int] = {}
    for first, following in pairwise(edges):
        for target in opening.get(first, ()):
            count[target] = count.get(target, 0) + 1
        for target in closing.get(first, ()):
            count[target] -= 1
            if not count[target]:
                del count[target]
        if count:
            yield first, following - 1, frozenset(count)
