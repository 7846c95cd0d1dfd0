"""What may stand on a canvas, as an automaton over tokens."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentkit_model import native
from agentkit_model.errors import PlanError
from agentkit_model.tables import Ints, Tables

UNREACHABLE = 2**31 - 1
NO_VALUE, NEW_VALUES = -1, -2


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to go on from a state where the model chooses.

    Attributes:
        label: the set whose tokens speak for this way; its share of the marginal at the position decides.
        target: where it leads. Without `enters`, by one of these tokens; the target is then a choice, too.
        enters: the path begins in `target` at this very position.
        binds: whether the path so entered is held while denoising, or only at the end.
        bias: nats that are added to the logarithm of its share.
    """

    label: int
    target: int
    enters: bool = False
    binds: bool = False
    bias: float = 0.0


@dataclass(frozen=True, eq=False)
class TokenAutomaton:
    """States 0, ..., size - 1; edge i leads from source[i] to target[i] by any token of sets[label[i]].

    There are two kinds of states. In most, what comes next is a matter of the whole path: among all sequences that lead
    to `final`, the most probable one counts. In a choice the model's own marginal at that position decides which way to
    go, since a free region (text) and a strict one (a call) can't be compared by the probability of their best paths:
    the free one may take the best token everywhere. No edge leads from a path back to a choice.

    Attributes:
        cost: nats that taking an edge costs, beside the logit of its token.
        final: the turn's end; only `pad` follows. It has no edges of its own.
        stops: tokens that end a turn; with `pad` they tell whether the model wants the turn to end in this canvas.
        choices: state -> its ways.
        start: where a turn begins.
        breaks: states in which a limit may cut the turn off, such as text.
        values: for each edge the value that its token is a part of, `NO_VALUE` where it is none's, and `NEW_VALUES`
            where what comes behind are values of their own.
        words: for each edge the word of the conversation that it writes into its value; -1 for none. See `claims`.
    """

    size: int
    source: Ints
    target: Ints
    label: Ints
    cost: Sequence[float] | NDArray[np.floating[Any]]
    sets: Sequence[Ints]
    start: int
    final: int
    pad: int
    stops: frozenset[int]
    choices: Mapping[int, Sequence[Choice]] = field(default_factory=dict)
    breaks: frozenset[int] = frozenset()
    values: Ints | None = None
    words: Ints | None = None

    @cached_property
    def distance(self) -> list[int]:
        """The fewest tokens from each state to where the turn may end; UNREACHABLE where no path leads there."""
        ways = [(state, way.target, not way.enters) for state, each in self.choices.items() for way in each]
        chosen = np.array(ways, np.int64).reshape(-1, 3)
        target = np.append(np.asarray(self.target, np.int64), chosen[:, 1])
        order = np.argsort(target, kind="stable")
        first = np.searchsorted(target[order], np.arange(self.size + 1))  # first[s] to first[s + 1] lead to s
        source = np.append(np.asarray(self.source, np.int64), chosen[:, 0])[order]
        tokens = np.append(np.ones(len(self.target), np.int64), chosen[:, 2])[order]
        found = np.full(self.size, UNREACHABLE, np.int64)
        found[[self.final, *self.breaks]] = 0
        if kernels := native.library():
            scratch = np.empty((2, len(source) + self.size), np.int64)
            kernels.reach(source, first, tokens, self.size, found, *scratch)
            return found.tolist()
        return _reached(source.tolist(), first.tolist(), tokens.tolist(), found.tolist())

    @cached_property
    def speaks(self) -> dict[int, int]:
        """The labels that speak for ways, each with its place among them."""
        labels = dict.fromkeys(way.label for ways in self.choices.values() for way in ways)
        return {label: place for place, label in enumerate(labels)}

    def follow(self, tokens: Sequence[int]) -> frozenset[int]:
        """The states in which a path from the start may be behind these tokens; empty if none writes them.

        A choice counts as all its ways: what the model chose shows in the tokens.
        """
        states = {self.start}
        for token in tokens:
            states = self.entered(states)
            ways = [way for state in states for way in self.choices.get(state, ()) if not way.enters]
            edges = [edge for state in states for edge in self._leaving[state]]
            states = {target for target, label in edges if token in self._members(label)}
            states.update(way.target for way in ways if token in self._members(way.label))
        return frozenset(states)

    def entered(self, states: Iterable[int]) -> set[int]:
        """The states, and those that are entered from them without a token."""
        waiting, found = list(states), set(states)
        while waiting:
            ways = [way.target for way in self.choices.get(waiting.pop(), ()) if way.enters]
            waiting += [state for state in ways if state not in found]
            found.update(ways)
        return found

    @cached_property
    def _leaving(self) -> dict[int, list[tuple[int, int]]]:
        """The edges from each state: target and label."""
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for source, target, label in zip(self.source, self.target, self.label, strict=True):
            found[int(source)].append((int(target), int(label)))
        return found

    def _members(self, label: int) -> frozenset[int]:
        known: dict[int, frozenset[int]] = self.__dict__.setdefault("_known_members", {})
        if label not in known:
            known[label] = frozenset(np.asarray(self.sets[label]).tolist())
        return known[label]

    def check(self, vocab_size: int) -> None:
        """Raises PlanError where it does not fit the model."""
        if not all(len(tokens) for tokens in self.sets):
            raise PlanError("the automaton has an edge without tokens")
        for kind, end in {"token": vocab_size, "state": self.size, "label": len(self.sets)}.items():
            for number in self._extremes[kind]:
                if not 0 <= number < end:
                    raise PlanError(f"the automaton has {kind} {number}; here they go from 0 to {end - 1}")
        if not all(isfinite(way.bias) for ways in self.choices.values() for way in ways):
            raise PlanError("a choice's bias is a finite number of nats")
        if self.distance[self.start] == UNREACHABLE:
            raise PlanError("no way leads from the automaton's start to its final state")

    @cached_property
    def _extremes(self) -> dict[str, list[int]]:
        """The lowest and the highest token, state and label; kernels take them all for places in arrays."""
        ways = [way for each in self.choices.values() for way in each]
        states = [self.start, self.final, *self.breaks, *self.choices, *(way.target for way in ways)]
        return {
            "token": _extremes(*self.sets, [self.pad, *self.stops]),
            "state": _extremes(self.source, self.target, states),
            "label": _extremes(self.label, [way.label for way in ways]),
        }

    @cached_property
    def tables(self) -> Tables:
        """The edges as arrays."""
        return Tables(self)


def _extremes(*parts: Ints) -> list[int]:
    """The least and the greatest of all numbers, if there are any."""
    every = np.concatenate([np.asarray(part, np.int64) for part in parts])
    return [int(every.min()), int(every.max())] if len(every) else []


def _reached(source: Sequence[int], first: Sequence[int], tokens: Sequence[int], found: list[int]) -> list[int]:
    """The fewest tokens from each state to one that has 0 in `found`: edges into s are first[s] to first[s + 1]."""
    waiting = deque(state for state, far in enumerate(found) if not far)
    while waiting:
        state = waiting.popleft()
        for edge in range(first[state], first[state + 1]):
            far = found[state] + tokens[edge]
            if far < found[source[edge]]:
                found[source[edge]] = far
                waiting.append(source[edge]) if tokens[edge] else waiting.appendleft(source[edge])
    return found
