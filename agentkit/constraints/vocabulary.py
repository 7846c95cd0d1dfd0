"""A tokenizer's plain tokens as bytes, and byte automata folded over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from agentkit.constraints.cache import Arrays, cached
from agentkit.constraints.dfa import ByteDFA
from agentkit.constraints.latest import Latest
from agentkit.dialects.tokenizer import Tokenizer

Tokens: TypeAlias = NDArray[np.int32]
"""Token ids, ascending."""

_LARGE = 32_768  # tokens from which on spelling them again takes longer than reading them from disk

_KEPT = 128  # folded automata that are kept

Numbers: TypeAlias = NDArray[np.int32]
Edge: TypeAlias = tuple[int, int, Tokens]


@dataclass(frozen=True, eq=False)
class TokenEdges:
    """A byte automaton as one over tokens: from one state to another by any token of a set.

    size       how many states there are; 0 is the start
    accepting  (size,) bool
    edges      source, target, tokens; at most one edge for each pair of states. Equal sets are one array.

    Every state can be reached, and an accepting one can be reached from it, by tokens. Where nothing can be written in
    the vocabulary's tokens, the start is alone and does not accept.
    """

    size: int
    accepting: NDArray[np.bool_]
    edges: tuple[Edge, ...]


class Vocabulary:
    """The plain tokens of a tokenizer: those that are no control tokens and stand for at least one byte.

    Attributes:
        text_tokens: their ids, ascending; int32.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        def spelled() -> Arrays:
            plain = tokenizer.plain_tokens()
            ids = sorted(id for id, spelling in plain.items() if spelling)
            spellings = [plain[id] for id in ids]
            return {
                "ids": np.array(ids, np.int32),
                "lengths": np.array([*map(len, spellings)], np.int32),
                "joined": np.frombuffer(b"".join(spellings), np.uint8),
            }

        known = cached(f"vocabulary-{tokenizer.digest}", spelled) if tokenizer.vocab_size > _LARGE else spelled()
        self.text_tokens: Tokens = known["ids"]
        self._spellings = _Spellings(known["joined"], known["lengths"])
        self._folded: Latest[TokenEdges] = Latest(_KEPT)

    def fold(self, dfa: ByteDFA) -> TokenEdges:
        """The automaton over this vocabulary's tokens. The last ones used are kept. Any thread may call this."""
        return self._folded.get(dfa.key, lambda: _fold(dfa, self._spellings, self.text_tokens))


class _Spellings:
    """The bytes of all tokens, as columns of which each is shorter than the one before.

    order    (V,) the tokens, by falling length
    lengths  (V,) how many bytes each token of `order` has
    columns  byte i of the tokens of `order` that have so many
    """

    def __init__(self, joined: NDArray[np.uint8], lengths: NDArray[np.int32]) -> None:
        starts = np.cumsum(lengths, dtype=np.int64) - lengths
        self.order = np.argsort(-lengths, kind="stable")
        self.lengths = lengths[self.order]
        starts = starts[self.order]
        counts = np.searchsorted(-self.lengths, -np.arange(self.lengths.max(initial=0)))  # tokens longer than i
        self.columns = [joined[starts[:count] + index] for index, count in enumerate(counts)]


@dataclass(frozen=True, eq=False)
class _Walks:
    """Where the tokens lead: from `source` to `target` by those of `group`, of which one token is as good as another.

    source, target, group  (W,) int32
    tokens, offsets        the tokens of group i, ascending, are `tokens[offsets[i]:offsets[i + 1]]`
    """

    source: Numbers
    target: Numbers
    group: Numbers
    tokens: Tokens
    offsets: NDArray[np.int64]


def _fold(dfa: ByteDFA, spellings: _Spellings, ids: Tokens) -> TokenEdges:
    edges = list(_edges(_walks(dfa, spellings, ids)))
    useful = _reached({0}, ((source, target) for source, target, _ in edges))
    useful &= _reached(set(np.flatnonzero(dfa.accepting).tolist()), ((target, source) for source, target, _ in edges))
    number = {state: index for index, state in enumerate(sorted(useful | {0}))}
    kept = [(number[s], number[t], tokens) for s, t, tokens in edges if s in useful and t in useful]
    return TokenEdges(len(number), dfa.accepting[list(number)], tuple(kept))


def _walks(dfa: ByteDFA, spellings: _Spellings, ids: Tokens) -> _Walks:
    """Walks from all states at once along all tokens, byte by byte."""
    of_byte, representative = dfa.classes
    table = dfa.table[:, representative]  # (S, K)
    level = _Level.first(dfa.size, len(ids))
    walks: list[NDArray[np.int32]] = []
    members: list[NDArray[np.int32]] = []
    count = 0
    for depth, column in enumerate(spellings.columns, 1):
        level = level.next(table, of_byte, column)
        ends = spellings.lengths[level.tokens] == depth
        stops = np.zeros(len(level.sizes), np.bool_)
        stops[level.node[ends]] = True
        group = np.where(stops, np.cumsum(stops) + (count - 1), -1).astype(np.int32)
        count += int(stops.sum())
        kept = np.repeat(stops, level.sizes)
        walks.append(np.stack([level.source[kept], level.state[kept], np.repeat(group, level.sizes)[kept]]))
        members.append(np.stack([ids[spellings.order[level.tokens[ends]]], group[level.node[ends]]]))
    source, target, number = np.concatenate([np.zeros((3, 0), np.int32), *walks], axis=1)
    token, of_group = np.concatenate([np.zeros((2, 0), np.int32), *members], axis=1)
    offsets = np.append(0, np.cumsum(np.bincount(of_group, minlength=count)))
    return _Walks(source, target, number, token[np.lexsort((token, of_group))], offsets)


@dataclass(frozen=True, eq=False)
class _Level:
    """All walks after some bytes. Beginnings of tokens that lead all states alike are one node.

    source, state  (W,) where each walk began, and where it is now; node by node, in the order of their sources
    sizes          (N,) how many walks each node has: those that are alive, at least one
    tokens, node   (T,) the tokens that begin so, as ascending indices of `_Spellings.order`, and the node of each
    """

    source: Numbers
    state: Numbers
    sizes: NDArray[np.intp]
    tokens: NDArray[np.intp]
    node: NDArray[np.intp]

    @classmethod
    def first(cls, states: int, tokens: int) -> _Level:
        start = np.arange(states, dtype=np.int32)
        return cls(start, start, np.array([states]), np.arange(tokens), np.zeros(tokens, np.intp))

    def next(self, table: Numbers, of_byte: NDArray[np.intp], column: NDArray[np.uint8]) -> _Level:
        """One byte on.

        Args:
            table: (S, K), by classes of bytes.
            of_byte: (256,) the class of each byte.
            column: the byte of each token that has one more; the others are left behind.
        """
        classes = table.shape[1]
        longer = int(np.searchsorted(self.tokens, len(column)))
        tokens = self.tokens[:longer]
        code = self.node[:longer] * classes + of_byte[column[tokens]]  # of a node and a class together
        exists = np.zeros(len(self.sizes) * classes, np.bool_)
        exists[code] = True
        child = (np.cumsum(exists) - 1)[code]
        parent, letter = np.divmod(np.flatnonzero(exists), classes)
        walk = _within_blocks(np.cumsum(self.sizes) - self.sizes, self.sizes, parent)
        state = table[self.state[walk], np.repeat(letter, self.sizes[parent])]
        alive = state >= 0
        of_child = np.repeat(np.arange(len(parent)), self.sizes[parent])[alive]
        source, state = self.source[walk[alive]], state[alive]
        sizes = np.bincount(of_child, minlength=len(parent))
        same = _first_alike(source, state, sizes)
        kept = (same == np.arange(len(same))) & (sizes > 0)
        walk = _within_blocks(np.cumsum(sizes) - sizes, sizes, np.flatnonzero(kept))
        survives = sizes[child] > 0
        number = np.cumsum(kept) - 1
        return _Level(source[walk], state[walk], sizes[kept], tokens[survives], number[same[child[survives]]])


def _within_blocks(starts: NDArray[np.intp], sizes: NDArray[np.intp], chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    """The indices of the members of the chosen blocks, block by block."""
    counts = sizes[chosen]
    shifts: NDArray[np.intp] = np.repeat(starts[chosen] - (np.cumsum(counts) - counts), counts)
    return shifts + np.arange(len(shifts))


def _first_alike(source: Numbers, state: Numbers, sizes: NDArray[np.intp]) -> NDArray[np.intp]:
    """(N,) for each block of walks the first block that has the same ones."""
    starts = np.cumsum(sizes) - sizes
    sums = np.append(np.uint64(0), np.cumsum(_mixed(source, state)))
    _, first, number = np.unique(sums[starts + sizes] - sums[starts], return_index=True, return_inverse=True)
    like = first[number.reshape(-1)]
    # Sums may be the same by chance: what is alike is compared.
    uneven = np.flatnonzero(sizes[like] != sizes)
    like[uneven] = uneven
    theirs = _within_blocks(starts, sizes, like)
    differs = (source != source[theirs]) | (state != state[theirs])
    different = np.repeat(np.arange(len(sizes)), sizes)[differs]
    like[different] = different
    return like


def _mixed(source: Numbers, state: Numbers) -> NDArray[np.uint64]:
    """Each walk as a number that has little to do with the next one's (the finalizer of SplitMix64)."""
    mixed = (source.astype(np.uint64) << np.uint64(32)) + state.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _edges(walks: _Walks) -> Iterator[Edge]:
    """One edge for each pair of states, with the tokens of all its groups."""
    order = np.lexsort((walks.group, walks.target, walks.source))
    source, target, group = walks.source[order], walks.target[order], walks.group[order]
    begins = np.flatnonzero((np.diff(source, prepend=-1) != 0) | (np.diff(target, prepend=-1) != 0))
    known: dict[bytes, Tokens] = {}
    for begin, end in pairwise([*begins.tolist(), len(group)]):
        key = group[begin:end].tobytes()
        if key not in known:
            parts = [walks.tokens[walks.offsets[one] : walks.offsets[one + 1]] for one in group[begin:end].tolist()]
            known[key] = np.sort(np.concatenate(parts))
        yield int(source[begin]), int(target[begin]), known[key]


def _reached(reached: set[int], edges: Iterator[tuple[int, int]]) -> set[int]:
    """The states that can be reached from some that are."""
    after: dict[int, list[int]] = {}
    for source, target in edges:
        after.setdefault(source, []).append(target)
    waiting = list(reached)
    while waiting:
        for target in after.get(waiting.pop(), ()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached
