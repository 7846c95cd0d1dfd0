"""An automaton's edges and token sets as arrays.

The tokens of its larger sets are folded into classes: two tokens are of one class if the same sets hold them. So the
best token of each set is that of its best class, and a large vocabulary is read once and not for each set. E edges,
sorted by target; S states; K sets of one token, G larger ones of C classes; V the vocabulary size.
"""

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from agentkit_model.automaton import TokenAutomaton

Ints: TypeAlias = Sequence[int] | NDArray[np.integer[Any]]
Indices: TypeAlias = NDArray[np.int64]

_SMALL = 64  # tokens of a set that is told by them, and not by being the same array
_KEPT = 64  # automata whose sets stay folded


class Tables:
    """The edges of an automaton. A column stands for a set of tokens: first the K sets of one token, then the G larger
    ones, then the pad's."""

    def __init__(self, automaton: "TokenAutomaton") -> None:
        single = [index for index, tokens in enumerate(automaton.sets) if len(tokens) == 1]
        larger = [index for index, tokens in enumerate(automaton.sets) if len(tokens) != 1]
        column = {index: place for place, index in enumerate([*single, *larger])}
        # The edges. The final state's only one is its loop of pads.
        columns = np.array([column[index] for index in range(len(column))], np.int64)
        target = np.append(np.asarray(automaton.target, np.int64), automaton.final)
        source = np.append(np.asarray(automaton.source, np.int64), automaton.final)
        label = np.append(columns[np.asarray(automaton.label, np.int64)], len(columns))
        cost = np.append(np.asarray(automaton.cost, np.float32), np.float32(0))
        order = np.lexsort((label, source, target))
        first = np.searchsorted(
            target[order], np.arange(automaton.size + 1)
        )  # the edges into s: first[s] to first[s + 1]
        self.size, self.final = automaton.size, automaton.final
        self.source = source[order]  # (E,)
        self.columns = label[order]  # (E,)
        self.cost = cost[order]  # (E,)
        self.first = first  # (S + 1,)
        self.entered = np.flatnonzero(np.diff(first))  # the states that edges lead into
        self.begins = first[self.entered]  # and the first edge into each
        self.distance = np.asarray(automaton.distance, np.int64)  # (S,)
        self.values, self.words = (  # (E,)
            None if known is None else np.append(np.asarray(known, np.int64), -1)[order]
            for known in (automaton.values, automaton.words)
        )
        # The sets.
        self.singles = np.array([int(automaton.sets[index][0]) for index in single] + [automaton.pad], np.int64)
        self.larger = _folded([automaton.sets[index] for index in larger])
        self.ends = np.array(sorted({automaton.pad, *automaton.stops}), np.int64)
        self.shown = np.concatenate([self.singles, self.ends])  # what is looked at one by one
        self.speaking = [column[label] for label in automaton.speaks]  # the columns of the labels that speak for ways

    @cached_property
    def targets(self) -> Indices:
        """Where each edge leads (E,)."""
        return np.repeat(np.arange(self.size), np.diff(self.first))

    def leaving(self, state: int) -> Indices:
        """The edges from a state."""
        edges, first = self._leaving
        found: Indices = edges[first[state] : first[state + 1]]
        return found

    @cached_property
    def _leaving(self) -> tuple[Indices, Indices]:
        """The edges by the states that they leave (E,), and where those of each state begin (S + 1,)."""
        edges = np.argsort(self.source, kind="stable")
        return edges, np.searchsorted(self.source[edges], np.arange(self.size + 1))

    def edge(self, source: int, target: int, token: int) -> int | None:
        """The cheapest edge from a state to another by a token; None where there is none."""
        edges = self.leaving(source)
        found: list[int] = self.taken(edges[self.targets[edges] == target], token).tolist()
        return min(found, key=self.cost.__getitem__, default=None)

    def taken(self, edges: Indices, token: int) -> Indices:
        """Those of some edges that are taken by a token."""
        tokens, larger = self.tokens_of(self.columns[edges])
        taken = tokens == token
        for place, number in larger.items():
            taken[place] = self.larger.number(token) in self.larger.held[number]
        found: Indices = edges[taken]
        return found

    def tokens_of(self, columns: Indices) -> tuple[Indices, dict[int, int]]:
        """The tokens of columns that stand for a single one (N,), and the larger sets of the others by place."""
        singles = len(self.singles) - 1
        larger = np.flatnonzero((columns >= singles) & (columns < singles + len(self.larger.sets)))
        numbers = dict(zip(larger.tolist(), (columns[larger] - singles).tolist(), strict=True))
        return self.singles[np.minimum(columns, singles)], numbers

    def set_of(self, column: int) -> int | None:
        """The larger set that a column stands for; None for a single token."""
        number = column - (len(self.singles) - 1)
        return number if 0 <= number < len(self.larger.sets) else None

    def token_of(self, column: int) -> int:
        """The token of a column that stands for a single one."""
        return int(self.singles[min(column, len(self.singles) - 1)])


class Folded:
    """Token sets, folded into classes.

    Attributes:
        sets: of tokens, G x (N,).
        held: the classes of each set, G x (M,).
        joined, parts: the same one behind the other, and where each set's begin and the last ones end (G + 1,).
        count: C.
        tokens: those that any set holds, class by class (T,).
        begins: where each class begins among them (C,).
        ends: the same, and where the last one ends (C + 1,).
        arrays: all of that as the kernels take it.
    """

    def __init__(self, sets: Sequence[Ints]) -> None:
        self.kept = tuple(sets)  # so that they can be told by their ids
        self.sets: list[Indices] = [np.asarray(tokens, np.int64) for tokens in sets]
        number = np.zeros(1 + max((int(tokens.max()) for tokens in self.sets), default=0), np.int64)  # 0: in no set yet
        for tokens in self.sets:  # parts each class into what this set holds of it and what it does not
            number[tokens] = _renumbered(number[tokens]) + 1 + number.max()
        used = np.flatnonzero(number)
        number[used] = _renumbered(number[used])
        self.held: list[Indices] = [np.flatnonzero(np.bincount(number[tokens])) for tokens in self.sets]
        sizes = np.bincount(number[used])
        self.count = len(sizes)
        self.tokens = used[np.argsort(number[used], kind="stable")]
        self.ends = np.cumsum([0, *sizes])
        self.begins = self.ends[:-1]
        self.joined = np.concatenate([np.zeros(0, np.int64), *self.held])
        self.parts = np.cumsum([0, *(len(part) for part in self.held)])
        self.arrays = self.tokens, self.ends, self.count, self.joined, self.parts, len(self.sets)
        self._number = np.full(len(number), self.count, np.int64)
        self._number[used] = number[used]
        self._on: dict[tuple[torch.device, int], Tensor] = {}

    def number(self, token: int) -> int:
        """The class of a token; C where no set holds it."""
        return int(self._number[token]) if token < len(self._number) else self.count

    def numbers(self, device: torch.device, vocab_size: int) -> Tensor:
        """The class of each token (V,) on a device, kept there."""
        key = device, vocab_size
        if key not in self._on:
            rest = np.full(vocab_size - len(self._number), self.count, np.int64)
            self._on[key] = torch.from_numpy(np.append(self._number, rest)).to(device)
        return self._on[key]


_known: dict[tuple[object, ...], Folded] = {}
_keeping = Lock()  # engines share what is known, and each has a thread of its own


def _folded(sets: Sequence[Ints]) -> Folded:
    """The sets folded; those of the last automata are kept, since a conversation's turns have the same."""
    key = tuple(np.asarray(tokens).tobytes() if len(tokens) < _SMALL else id(tokens) for tokens in sets)
    with _keeping:
        if key in _known:
            _known[key] = found = _known.pop(key)
            return found
    made = Folded(sets)
    with _keeping:
        _known[key] = made
        while len(_known) > _KEPT:
            del _known[next(iter(_known))]
    return made


def _renumbered(numbers: Indices) -> Indices:
    """The same numbers counted from 0 without gaps, in their order."""
    present = np.zeros(int(numbers.max(initial=0)) + 1, np.bool_)
    present[numbers] = True
    found: Indices = (np.cumsum(present) - 1)[numbers]
    return found
