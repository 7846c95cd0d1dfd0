"""What may stand on a canvas, as an automaton over tokens."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agentkit_model.errors import PlanError

Ints: TypeAlias = Sequence[int] | NDArray[np.integer[Any]]

UNREACHABLE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to go on from a state where the model chooses.

    Attributes:
        label: the set whose tokens speak for this way; its share of the marginal at the position decides.
        target: where it leads. Without `enters`, by one of these tokens; the target is then a choice, too.
        enters: the path begins in `target` at this very position.
        binds: whether the path so entered is held while denoising, or only at the end.
    """

    label: int
    target: int
    enters: bool = False
    binds: bool = False


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

    @cached_property
    def distance(self) -> list[int]:
        """The fewest tokens from each state to where the turn may end; UNREACHABLE where no path leads there."""
        before: dict[int, list[tuple[int, int]]] = defaultdict(list)  # target -> (source, tokens)
        for source, target in zip(self.source, self.target, strict=True):
            before[int(target)].append((int(source), 1))
        for state, ways in self.choices.items():
            for way in ways:
                before[way.target].append((state, 0 if way.enters else 1))
        found = [UNREACHABLE] * self.size
        waiting = deque([self.final, *self.breaks])
        for state in waiting:
            found[state] = 0
        while waiting:
            state = waiting.popleft()
            for source, tokens in before[state]:
                if found[state] + tokens < found[source]:
                    found[source] = found[state] + tokens
                    waiting.append(source) if tokens else waiting.appendleft(source)
        return found

    def follow(self, tokens: Sequence[int]) -> frozenset[int]:
        """The states in which a path from the start may be behind these tokens; empty if none writes them."""
        states = {self.start}
        source, target, label = (np.asarray(column) for column in (self.source, self.target, self.label))
        for token in tokens:
            edges = np.flatnonzero(np.isin(source, list(states)))
            states = {int(target[edge]) for edge in edges if token in self.sets[int(label[edge])]}
        return frozenset(states)

    def check(self, vocab_size: int) -> None:
        """Raises PlanError where it does not fit the model."""
        if not all(len(tokens) for tokens in self.sets):
            raise PlanError("the automaton has an edge without tokens")
        highest = max([self.pad, *self.stops, *(int(max(tokens)) for tokens in self.sets)])
        if highest >= vocab_size:
            raise PlanError(f"the automaton has token {highest}; the vocabulary ends at {vocab_size - 1}")
        if self.distance[self.start] == UNREACHABLE:
            raise PlanError("no way leads from the automaton's start to its final state")

    def tables(self, device: torch.device) -> "Tables":
        """The edges as tensors on a device; made once."""
        known: dict[torch.device, Tables] = self.__dict__.setdefault("_tables", {})
        if device not in known:
            known[device] = Tables(self, device)
        return known[device]


class Tables:
    """An automaton's edges and token sets on a device. E edges, sorted by target; S states.

    A column stands for a set of tokens: first the K sets of one token, then the G larger ones, then the pad's.
    """

    def __init__(self, automaton: TokenAutomaton, device: torch.device) -> None:
        single = [index for index, tokens in enumerate(automaton.sets) if len(tokens) == 1]
        larger = [index for index, tokens in enumerate(automaton.sets) if len(tokens) != 1]
        self.column = {index: place for place, index in enumerate([*single, *larger])}
        columns = np.array([self.column[index] for index in range(len(self.column))], np.int64)
        # The final state's only edge is its loop of pads.
        target = np.append(np.asarray(automaton.target, np.int64), automaton.final)
        source = np.append(np.asarray(automaton.source, np.int64), automaton.final)
        column = np.append(columns[np.asarray(automaton.label, np.int64)], len(columns))
        cost = np.append(np.asarray(automaton.cost, np.float32), np.float32(0))
        order = np.lexsort((column, source, target))
        self.size = automaton.size
        self.sources = source[order]  # (E,), as the next two also on the CPU, for the way back
        self.columns = column[order]  # (E,)
        self.first = np.searchsorted(target[order], np.arange(automaton.size + 1))  # edges to s: first[s] to first[s+1]
        self.target = torch.from_numpy(target[order]).to(device)  # (E,) ascending
        self.source = torch.from_numpy(self.sources).to(device)  # (E,)
        self.of_edge = torch.from_numpy(self.columns).to(device)  # (E,)
        self.cost = torch.from_numpy(cost[order]).to(device)  # (E,)
        self.singles = np.array([int(automaton.sets[index][0]) for index in single], np.int64)  # (K,) on the CPU
        self.single = _ids(self.singles, device)  # (K,)
        self.larger = [_ids(automaton.sets[index], device) for index in larger]  # G x (N,)
        self.pad = _ids([automaton.pad], device)
        self.ends = _ids(sorted({automaton.pad, *automaton.stops}), device)
        self.distance = _ids(automaton.distance, device)  # (S,)

    def best(self, logits: Tensor) -> Tensor:
        """The best logit of each column at each position: (L, V) -> (L, K + G + 1)."""
        larger = [logits.index_select(1, tokens).amax(dim=1, keepdim=True) for tokens in self.larger]
        return torch.cat([logits.index_select(1, self.single), *larger, logits.index_select(1, self.pad)], dim=1)

    def tokens(self, column: int) -> Tensor:
        """The tokens of a column (N,)."""
        if column < len(self.single):
            return self.single[column : column + 1]
        place = column - len(self.single)
        return self.larger[place] if place < len(self.larger) else self.pad


def _ids(values: Ints, device: torch.device) -> Tensor:
    return torch.as_tensor(np.asarray(values, np.int64), device=device)
