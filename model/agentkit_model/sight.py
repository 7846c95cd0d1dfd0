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
    def weights(self) -> Floats:
        """What taking each edge at each position is worth (L, E): the best logit of its set, less what it costs."""
        found: Floats = self._columns().take(self.tables.columns, axis=1)
        found -= self.tables.cost
        return found

    def tokens(self, first: int, columns: Indices) -> Indices:
        """The most probable token of a column at each of the positions first, first + 1, ...: columns (N,) -> (N,)."""
        tables = self.tables
        singles = len(tables.singles) - 1
        found = tables.singles[np.where(columns < singles, columns, singles)]
        for place, column in enumerate(columns.tolist()):
            if (number := tables.set_of(column)) is not None:
                found[place] = self._best(first + place, number)
        return found

    def likeliest(self, position: int, label: int) -> int:
        """The most probable token of the `label`-th speaking set."""
        column = self.tables.speaking[label]
        number = self.tables.set_of(column)
        return self.tables.token_of(column) if number is None else self._best(position, number)

    @abstractmethod
    def share(self, position: int, label: int) -> float:
        """The share of the marginal that the tokens of the `label`-th speaking set have."""

    @abstractmethod
    def over(self, position: int) -> bool:
        """Whether the model's own marginal says that the turn is over at a position."""

    @abstractmethod
    def _columns(self) -> Floats:
        """The best logit of each column (L, K + G + 1)."""

    @abstractmethod
    def _best(self, position: int, number: int) -> int:
        """The most probable token of a larger set."""


class Plain(Sight):
    """From the logits (L, V), a tensor of the CPU, which stay as they are."""

    def __init__(self, asked: Asked, logits: Tensor) -> None:
        super().__init__(asked.tables, len(logits))
        if asked.clamped:
            positions, tokens = list(asked.clamped), list(asked.clamped.values())
            logits = logits.clone()
            logits[positions] = -torch.inf
            logits[positions, tokens] = 0.0
        self.logits = logits
        self._rows: Floats = logits.numpy()

    def over(self, position: int) -> bool:
        ends = torch.from_numpy(self.tables.ends)
        return bool(self.logits[position].softmax(dim=-1).index_select(0, ends).sum() > 0.5)

    def _columns(self) -> Floats:
        larger = self.tables.larger
        single: Floats = self.logits.index_select(1, torch.from_numpy(self.tables.singles)).numpy()
        if not larger.sets:
            return single
        values = self.logits.index_select(1, larger.on_cpu).numpy()  # (L, T)
        return _side_by_side(single, np.maximum.reduceat(values, larger.begins, axis=1), self.tables)

    def _best(self, position: int, number: int) -> int:
        tokens = self.tables.larger.sets[number]
        return int(tokens[self._rows[position, tokens].argmax()])

    def share(self, position: int, label: int) -> float:
        return float(self._shares[position, label] if position else self._opening[0, label])

    @cached_property
    def _opening(self) -> NDArray[np.float64]:
        return self._marginals(self.logits[:1])  # most often a call begins at once

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        return self._marginals(self.logits)

    def _marginals(self, logits: Tensor) -> NDArray[np.float64]:
        """The shares of the speaking sets at some positions (N, labels)."""
        marginals = logits.softmax(dim=-1)
        tables, shares = self.tables, []
        for column in tables.speaking:
            number = tables.set_of(column)
            tokens = np.array([tables.token_of(column)]) if number is None else tables.larger.sets[number]
            shares.append(marginals.index_select(1, torch.from_numpy(tokens)).sum(dim=1).double())
        found: NDArray[np.float64] = torch.stack(shares, dim=1).numpy()
        return found


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

    def _best(self, position: int, number: int) -> int:
        held = self.tables.larger.held[number]
        return int(self._tokens[position, held[self._values[position, held].argmax()]])

    def share(self, position: int, label: int) -> float:
        column = self.tables.speaking[label]
        number = self.tables.set_of(column)
        if number is None:
            mass = float(np.exp(self._single[position, column] - self._top[position]))
        else:
            assert self._masses is not None
            mass = float(self._masses[position, self.tables.larger.held[number]].sum())
        return mass / float(self._cold[position])


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
    held = tables.larger.held
    begins = np.cumsum([0, *(len(part) for part in held[:-1])])
    larger = np.maximum.reduceat(classes.take(np.concatenate(held), axis=1), begins, axis=1)  # (L, G)
    return np.concatenate([single[:, :-1], larger, single[:, -1:]], axis=1)
