"""What an automaton sees of a canvas: everything that its path depends on, on the host.

Finding a path is many small decisions, each waiting for the one before it: that is work for the CPU, whatever the
device. A `Sight` answers from the logits themselves (`Plain`), or, where they are too large to be kept or brought over,
from a few sums over each class of tokens that an automaton tells apart (`Summed`). L is the canvas length, V the
vocabulary size; K, G, C, E as in `tables`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agentkit_model import native
from agentkit_model.tables import Indices, Tables

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is asked of a canvas: by which automaton's tables it is looked at, and which positions are clamped to which
    token (there it has all the probability)."""

    tables: Tables
    clamped: Mapping[int, int] = field(default_factory=dict)


class Sight(ABC):
    """A canvas of `length` positions as an automaton with these `tables` sees it."""

    def __init__(self, tables: Tables, length: int) -> None:
        self.tables = tables
        self.length = length

    @cached_property
    def columns(self) -> Floats:
        """The best logit of each column (L, K + G + 1)."""
        return np.ascontiguousarray(self._columns())

    def tokens(self, first: int, columns: Indices) -> Indices:
        """The most probable token of a column at each of the positions first, first + 1, ...: columns (N,) -> (N,)."""
        found, larger = self.tables.tokens_of(columns)
        for place, number in larger.items():
            (found[place],) = self._best(first + place, first + place + 1, number)
        return found

    def tokens_at(self, position: int, columns: Indices) -> Indices:
        """The most probable token of each of several columns at one position: (N,) -> (N,)."""
        found, larger = self.tables.tokens_of(columns)
        best = {number: self._best(position, position + 1, number)[0] for number in {*larger.values()}}
        for place, number in larger.items():
            found[place] = best[number]
        return found

    def likeliest(self, first: int, end: int, label: int) -> list[int]:
        """The most probable token of the `label`-th speaking set at each of the positions `first` to `end` - 1."""
        column = self.tables.speaking[label]
        number = self.tables.set_of(column)
        if number is None:
            return [self.tables.token_of(column)] * (end - first)
        best: list[int] = self._best(first, end, number).tolist()
        return best

    @abstractmethod
    def shares(self, first: int, end: int) -> NDArray[np.float64]:
        """The shares of the marginals that the tokens of each speaking set have, at the positions `first` to `end` - 1:
        (N, labels)."""

    @abstractmethod
    def over(self, position: int) -> bool:
        """Whether the model's own marginal says that the turn is over at a position."""

    @abstractmethod
    def _columns(self) -> Floats: ...

    @abstractmethod
    def _best(self, first: int, end: int, number: int) -> Indices:
        """The most probable token of a larger set at each of the positions `first` to `end` - 1."""


class Plain(Sight):
    """From the logits (L, V), a tensor of the CPU, which stay as they are."""

    def __init__(self, asked: Asked, logits: Tensor) -> None:
        super().__init__(asked.tables, len(logits))
        if asked.clamped:
            positions, tokens = list(asked.clamped), list(asked.clamped.values())
            logits = logits.clone()
            logits[positions] = -torch.inf
            logits[positions, tokens] = 0.0
        self._rows: Floats = logits.contiguous().numpy()

    def over(self, position: int) -> bool:
        masses = _masses(self._rows[position])
        return bool(masses[self.tables.ends].sum() > 0.5 * masses.sum())

    def _columns(self) -> Floats:
        kernels, tables, larger = native.library(), self.tables, self.tables.larger
        if kernels is None:
            single = self._rows.take(tables.singles, axis=1)
            if not larger.sets:
                return single
            return _side_by_side(
                single, np.maximum.reduceat(self._rows[:, larger.tokens], larger.begins, axis=1), tables
            )
        found = np.empty((self.length, len(tables.singles) + len(larger.sets)), np.float32)
        values = np.empty(larger.count, np.float32)
        kernels.see(self._rows, *self._rows.shape, *_counted(tables.singles), *larger.arrays, values, found)
        return found

    def _best(self, first: int, end: int, number: int) -> Indices:
        tokens = self.tables.larger.sets[number]
        best: Indices = tokens[self._rows[first:end, tokens].argmax(axis=1)]
        return best

    def shares(self, first: int, end: int) -> NDArray[np.float64]:
        return self._shares[first:end] if end > 1 else self._opening[first:end]

    @cached_property
    def _opening(self) -> NDArray[np.float64]:
        return self._marginals(self._rows[:1])  # most often a call begins at once

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        return self._marginals(self._rows)

    def _marginals(self, logits: Floats) -> NDArray[np.float64]:
        """The shares of the speaking sets at some positions (N, labels)."""
        kernels, tables, larger = native.library(), self.tables, self.tables.larger
        found = np.empty((len(logits), len(tables.speaking)))
        if kernels is not None:
            speaking = np.array(tables.speaking, np.int64)
            scratch = np.empty(logits.shape[1] + kernels.lanes(), np.float32), np.empty(larger.count, np.float32)
            kernels.share(
                logits, *logits.shape, *_counted(speaking), *_counted(tables.singles), *larger.arrays, *scratch, found
            )
            return found
        masses = _masses(logits)
        for label, column in enumerate(tables.speaking):
            number = tables.set_of(column)
            tokens = [tables.token_of(column)] if number is None else tables.larger.sets[number]
            found[:, label] = masses.take(tokens, axis=1).sum(axis=1)
        found /= masses.sum(axis=1, keepdims=True)
        return found


def _counted(numbers: Indices) -> tuple[Indices, int]:
    return numbers, len(numbers)


def _masses(logits: Floats) -> Floats:
    """What probabilities (..., V) are in proportion to."""
    masses: Floats = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return masses


class Summed(Sight):
    """From what is known of each class, as `ClassSums` gathers it.

    Args:
        keys: for each class its best logit and the token that has it (L, C + 1) int64.
        masses: the sum of exp(logit - top) of each class (L, C + 1); None where nobody asks for shares.
        single: logits of the single tokens, then of the ends (L, K + 1 + N).
        top, cold: the greatest logit of all, and the sum of exp(logit - top) over all (L,).
    """

    def __init__(
        self, asked: Asked, keys: Indices, masses: Floats | None, single: Floats, top: Floats, cold: Floats
    ) -> None:
        super().__init__(asked.tables, len(keys))
        count, tables = asked.tables.larger.count, asked.tables
        values, tokens = from_keys(keys[:, :count])
        if asked.clamped:
            single = single.copy()
            masses = None if masses is None else masses.copy()
            top, cold = top.copy(), cold.copy()
        for position, token in asked.clamped.items():
            values[position] = -np.inf
            single[position] = np.where(tables.shown == token, np.float32(0), np.float32(-np.inf))
            top[position], cold[position] = 0.0, 1.0
            number = tables.larger.number(token)
            if number < count:
                values[position, number], tokens[position, number] = 0.0, token
            if masses is not None:
                masses[position] = 0.0
                masses[position, number] = 1.0
        self._values, self._tokens, self._masses = values, tokens, masses
        self._single, self._top, self._cold = single, top, cold

    def over(self, position: int) -> bool:
        ends = self._single[position, len(self.tables.singles) :]
        return bool(np.exp(ends - self._top[position]).sum() > 0.5 * self._cold[position])

    def _columns(self) -> Floats:
        single = self._single[:, : len(self.tables.singles)]
        return _side_by_side(single, self._values, self.tables) if self.tables.larger.sets else single

    def _best(self, first: int, end: int, number: int) -> Indices:
        held = self.tables.larger.held[number]
        best: Indices = self._tokens[range(first, end), held[self._values[first:end, held].argmax(axis=1)]]
        return best

    def shares(self, first: int, end: int) -> NDArray[np.float64]:
        place = slice(first, end)
        found = np.empty((end - first, len(self.tables.speaking)))
        for label, column in enumerate(self.tables.speaking):
            number = self.tables.set_of(column)
            if number is None:
                found[:, label] = np.exp(self._single[place, column] - self._top[place])
            else:
                assert self._masses is not None
                found[:, label] = self._masses[place, self.tables.larger.held[number]].sum(axis=1)
        return found / self._cold[place, None]


def of_clamps(asked: Asked) -> Sight:
    """Of a canvas of which every position is clamped, so that nothing depends on the network."""
    length, classes, shown = len(asked.clamped), asked.tables.larger.count + 1, len(asked.tables.shown)
    keys, (masses, single) = np.zeros((length, classes), np.int64), np.zeros((2, length, 1), np.float32)
    top, cold = np.zeros((2, length), np.float32)
    return Summed(asked, keys, masses.repeat(classes, 1), single.repeat(shown, 1), top, cold)


class ClassSums:
    """Gathers, chunk by chunk of the vocabulary, what `Summed` has to know of some canvases' classes; on the device.

    A class' best logit and its token are one number: the logit's bits, in an order in which whole numbers compare as
    the logits do, before those of the token. So one reduction finds both, and the first of equals. R canvases, C the
    most classes that any of them tells apart.
    """

    def __init__(self, tables: Sequence[Tables], like: Tensor, vocab_size: int) -> None:
        """like: a float32 tensor (R, L) of the device."""
        shape = (*like.shape, 1 + max(each.larger.count for each in tables))
        numbers = [each.larger.numbers(like.device, vocab_size) for each in tables]
        self._numbers = torch.stack(numbers)[:, None]  # (R, 1, V)
        self.keys = like.new_full(shape, -(2**63), dtype=torch.long)  # (R, L, C + 1)
        self.masses = like.new_zeros(shape) if any(each.speaking for each in tables) else None

    def see(self, start: int, logits: Tensor) -> None:
        """Takes the logits (R, L, N) of the tokens start, start + 1, ..."""
        self.keys.scatter_reduce_(-1, self._of(start, logits), to_keys(logits, start), "amax")

    def weigh(self, start: int, weights: Tensor, factor: Tensor) -> None:
        """Takes exp(logit - top) of the same tokens (R, L, N); what was summed counts `factor` (R, L) times."""
        if self.masses is not None:
            self.masses.mul_(factor[..., None]).scatter_add_(-1, self._of(start, weights), weights)

    def _of(self, start: int, chunk: Tensor) -> Tensor:
        return self._numbers[..., start : start + chunk.shape[-1]].expand_as(chunk)


_TOKENS = 2**31 - 1  # more than any vocabulary has


def to_keys(logits: Tensor, start: int) -> Tensor:
    """Logits (..., N) of the tokens start, start + 1, ... and these tokens as whole numbers (..., N) int64."""
    bits = logits.contiguous().view(torch.int32)
    keys = ((bits >> 31).bitwise_and_(0x7FFFFFFF).bitwise_xor_(bits)).long()
    tokens = torch.arange(start, start + logits.shape[-1], device=logits.device)
    return keys.mul_(2**32).add_(_TOKENS - tokens)


def from_keys(keys: Indices) -> tuple[Floats, Indices]:
    """The logits and the tokens that whole numbers stand for."""
    ordered = (keys >> 32).astype(np.int32)
    bits = np.where(ordered < 0, ordered ^ 0x7FFFFFFF, ordered).astype(np.int32)
    return bits.view(np.float32), _TOKENS - (keys & 0xFFFFFFFF)


def _side_by_side(single: Floats, classes: Floats, tables: Tables) -> Floats:
    """The columns (L, K + G + 1) from the logits of single tokens (L, K + 1) and the best ones of classes (L, C)."""
    larger = np.maximum.reduceat(classes.take(tables.larger.joined, axis=1), tables.larger.parts[:-1], axis=1)  # (L, G)
    return np.concatenate([single[:, :-1], larger, single[:, -1:]], axis=1)
