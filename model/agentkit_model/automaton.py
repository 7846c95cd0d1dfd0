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
NO_VALUE, NEW_VALUES = -1, -2

_LARGE = 32_768  # tokens of a large vocabulary
_SMALL = 64  # tokens of a set that is told by them, and not by being the same array
_KEPT = 64  # automata whose sets stay folded


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
            states = self._entered(states)
            ways = [way for state in states for way in self.choices.get(state, ()) if not way.enters]
            edges = [edge for state in states for edge in self._leaving[state]]
            states = {target for target, label in edges if token in self._members(label)}
            states.update(way.target for way in ways if token in self._members(way.label))
        return frozenset(states)

    def _entered(self, states: set[int]) -> set[int]:
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
        highest = max([self.pad, *self.stops, *(int(np.max(tokens)) for tokens in self.sets)])
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
    """An automaton's edges and token sets on a device. E edges, sorted by target; S states; V the vocabulary size.

    A column stands for a set of tokens: first the K sets of one token, then the G larger ones, then the pad's. The
    tokens of the larger sets are folded into classes: those that the same sets hold, of which only the best counts.
    """

    def __init__(self, automaton: TokenAutomaton, device: torch.device) -> None:
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
        self.size = automaton.size
        self.column = _ids(label[order], device)  # (E,)
        self.cost = torch.from_numpy(cost[order]).to(device)  # (E,)
        # What goes from state to state is on the CPU, and all that follows from one state to the next.
        first = np.searchsorted(
            target[order], np.arange(automaton.size + 1)
        )  # the edges into s: first[s] to first[s + 1]
        self.source = source[order]  # (E,)
        self.columns = label[order]  # (E,)
        self.entered = np.flatnonzero(np.diff(first))  # the states that edges lead into
        self.begins = first[self.entered]  # and the first edge into each
        self.before: list[int] = self.source.tolist()  # for single look-ups
        self.first: list[int] = first.tolist()
        self.distance = np.asarray(automaton.distance, np.int64)  # (S,)
        self.values, self.words = (  # (E,)
            None if known is None else np.append(np.asarray(known, np.int64), -1)[order]
            for known in (automaton.values, automaton.words)
        )
        # The sets.
        self.singles = np.array([int(automaton.sets[index][0]) for index in single] + [automaton.pad], np.int64)
        self._single = _ids(self.singles, device)  # (K + 1,)
        self._larger = _folded([automaton.sets[index] for index in larger], device)
        self._ends = _ids(sorted({automaton.pad, *automaton.stops}), device)
        self.speaking = [self.tokens(column[label]) for label in automaton.speaks]

    def read(self, logits: Tensor) -> "Reading":
        """What there is to know of logits (L, V)."""
        return Reading(logits, logits.index_select(1, self._single), *self._larger.best(logits))

    def weights(self, reading: "Reading") -> Tensor:
        """What taking each edge at each position is worth (L, E)."""
        larger = self._larger.of_sets(reading.classes)  # (L, G)
        columns = torch.cat([reading.single[:, :-1], larger, reading.single[:, -1:]], dim=1)  # (L, K + G + 1)
        return columns.index_select(1, self.column).sub_(self.cost)

    def best_tokens(self, reading: "Reading", first: int, columns: NDArray[np.int64]) -> Tensor:
        """The most probable token of a column at each of the positions first, first + 1, ...: columns (N,) -> (N,)."""
        singles, larger = len(self.singles) - 1, len(self._larger.sets)
        found = _ids(self.singles[np.where(columns < singles, columns, singles)], self.column.device)
        for column in np.unique(columns[(columns >= singles) & (columns < singles + larger)]).tolist():
            places = _ids(np.flatnonzero(columns == column), self.column.device)
            found[places] = self._larger.best_tokens(reading, places + first, column - singles)
        return found

    def over(self, logits: Tensor) -> Tensor:
        """Whether the model's own marginal says that the turn is over at a position: logits (V,) -> bool ()."""
        return logits.softmax(dim=-1).index_select(0, self._ends).sum() > 0.5

    def tokens(self, column: int) -> Tensor:
        """The tokens of a column (N,)."""
        singles = len(self.singles) - 1
        return self._larger.sets[column - singles] if column >= singles else self._single[column : column + 1]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a canvas' automaton needs of its logits.

    Attributes:
        logits: the whole of them (L, V).
        single: logits of the sets of one token and of the pad (L, K + 1).
        classes: the best logit of each class of the larger sets (L, C).
        tokens: the tokens that have these (L, C); None where they are looked for when they are needed.
    """

    logits: Tensor
    single: Tensor
    classes: Tensor
    tokens: Tensor | None


class Folded:
    """Token sets on a device, folded into classes: two tokens are of one class if the same sets hold them.

    So the best token of each set is that of its best class, and a large vocabulary is read once and not for each set.
    """

    def __init__(self, sets: Sequence[Ints], device: torch.device) -> None:
        self.kept = tuple(sets)  # so that they can be told by their ids
        arrays = [np.asarray(tokens, np.int64) for tokens in sets]
        self.sets = [_ids(tokens, device) for tokens in arrays]  # G x (N,)
        number = np.zeros(1 + max((int(tokens.max()) for tokens in arrays), default=0), np.int64)  # 0: in no set yet
        for tokens in arrays:  # parts each class into what this set holds of it and what it does not
            number[tokens] = _renumbered(number[tokens]) + 1 + number.max()
        used = np.flatnonzero(number)
        number[used] = _renumbered(number[used])
        held = [np.flatnonzero(np.bincount(number[tokens])) for tokens in arrays]
        self.held = [_ids(classes, device) for classes in held]  # G x (the classes of each set)
        self._tokens = _ids(used[np.argsort(number[used], kind="stable")], device)  # (T,) class by class
        self._sizes: list[int] = np.bincount(number[used]).tolist()  # of the C classes
        self._begins = _ids(np.cumsum([0, *self._sizes])[:-1], device)  # (C,)
        self._class = _ids(np.concatenate([*held, np.zeros(0, np.int64)]), device)  # (M,) side by side with the next:
        self._set = _ids(np.repeat(np.arange(len(held)), [len(classes) for classes in held]), device)  # (M,)

    def best(self, logits: Tensor) -> tuple[Tensor, Tensor | None]:
        """The best logit of each class at each position: (L, V) -> (L, C).

        Of a large vocabulary, or on a GPU, also the tokens that have them (L, C): looking again for those that are
        needed would take longer, as it takes less for a small one.
        """
        if not self.sets:
            return logits.new_zeros(len(logits), 0), None
        values = logits.index_select(1, self._tokens)  # (L, T)
        if len(self._tokens) <= _LARGE and values.device.type == "cpu":
            return torch.from_numpy(np.maximum.reduceat(values.numpy(), self._begins.numpy(), axis=1)), None
        best = [part.max(dim=1) for part in torch.split(values, self._sizes, dim=1)]
        places = torch.stack([each.indices for each in best], dim=1) + self._begins  # (L, C)
        return torch.stack([each.values for each in best], dim=1), self._tokens[places]

    def best_tokens(self, reading: Reading, places: Tensor, number: int) -> Tensor:
        """The best token of a set at some positions (N,) -> (N,)."""
        if reading.tokens is None:
            tokens = self.sets[number]
            return tokens[reading.logits[places[:, None], tokens].argmax(dim=1)]
        held = self.held[number]
        return reading.tokens[places, held[reading.classes[places][:, held].argmax(dim=1)]]

    def of_sets(self, classes: Tensor) -> Tensor:
        """The best logit of each set, from those of the classes: (L, C) -> (L, G)."""
        found = classes.new_full((len(classes), len(self.sets)), -torch.inf)
        return found.scatter_reduce_(
            1, self._set.expand(len(classes), -1), classes.index_select(1, self._class), "amax"
        )


_known: dict[tuple[object, ...], Folded] = {}


def _folded(sets: Sequence[Ints], device: torch.device) -> Folded:
    """The sets folded; those of the last automata are kept, since a conversation's turns have the same."""
    key = (device, *(np.asarray(tokens).tobytes() if len(tokens) < _SMALL else id(tokens) for tokens in sets))
    found = _known.pop(key, None) or Folded(sets, device)
    _known[key] = found
    while len(_known) > _KEPT:
        del _known[next(iter(_known))]
    return found


def _renumbered(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same numbers counted from 0 without gaps, in their order."""
    present = np.zeros(int(numbers.max(initial=0)) + 1, np.bool_)
    present[numbers] = True
    return (np.cumsum(present) - 1)[numbers]


def _ids(values: Ints, device: torch.device) -> Tensor:
    return torch.as_tensor(np.asarray(values, np.int64), device=device)
