"""Deterministic automata over bytes: what a string's content or a number may look like.

Every automaton made here is minimal, its states numbered from the start in the order of their bytes. So two that accept
the same have the same table and the same `key`.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from agentkit.constraints.lengths import MOST_LENGTH
from agentkit.constraints.minimal import byte_classes, minimal, trimmed

LIMIT = 4000
"""Most states that a product or a subset construction may visit."""

State = TypeVar("State", bound=Hashable)
Move: TypeAlias = tuple[int, int, State]
"""First byte, last byte, and where they lead."""


class Unsupported(Exception):
    """What cannot be held in an automaton; the message says why."""


class TooLarge(Unsupported):
    """An automaton with more states than the limit."""


@dataclass(frozen=True, eq=False)
class ByteDFA:
    """State 0 is the start. `ByteDFA.of` and what else is here make it minimal.

    table      (S, 256) int32: the state to which each byte leads, -1 where it leads nowhere. From every state an
               accepting one can be reached, but for the start of the automaton that accepts nothing.
    accepting  (S,) bool
    """

    table: NDArray[np.int32]
    accepting: NDArray[np.bool_]

    @classmethod
    def of(cls, table: NDArray[np.int32], accepting: NDArray[np.bool_]) -> ByteDFA:
        """The minimal automaton of any table."""
        return cls(*minimal(*trimmed(table, accepting)))

    @classmethod
    def explore(
        cls,
        start: State,
        moves: Callable[[State], Iterable[Move[State]]],
        accepts: Callable[[State], bool],
        limit: int = LIMIT,
    ) -> ByteDFA:
        """The automaton that is found by walking from `start`, whatever its states are.

        Args:
            moves: the ways on from a state; they do not overlap.
            accepts: whether what ends in a state is accepted.
            limit: most states.

        Raises:
            TooLarge: there are more.
        """
        numbers = {start: 0}
        waiting, rows = deque([start]), []
        while waiting:
            row = np.full(256, -1, np.int32)
            for first, last, target in moves(waiting.popleft()):
                if target not in numbers:
                    numbers[target] = len(numbers)
                    waiting.append(target)
                    _hold(len(numbers), limit)
                row[first : last + 1] = numbers[target]
            rows.append(row)
        return cls.of(np.stack(rows), np.array([accepts(state) for state in numbers]))

    @property
    def size(self) -> int:
        """How many states there are."""
        return len(self.accepting)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is accepted."""
        return not bool(self.accepting.any())

    @cached_property
    def key(self) -> bytes:
        """A digest that is the same for automata that accept the same."""
        digest = hashlib.blake2b(self.table.astype("<i4").tobytes(), digest_size=16)
        digest.update(np.packbits(self.accepting).tobytes())
        return digest.digest()

    @cached_property
    def classes(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Bytes that no state tells apart are one class: (256,) the class of each byte, (K,) a byte of each class."""
        return byte_classes(self.table)

    def words(self, most: int) -> list[bytes] | None:
        """All byte strings that are accepted, the shorter ones first; None where there are more than so many."""
        found: list[bytes] = []
        begun = [(0, b"")] if not self.is_empty else []  # each of them begins a string of its own
        while begun:
            found += [word for state, word in begun if self.accepting[state]]
            begun = [
                (int(self.table[state, byte]), word + bytes((int(byte),)))
                for state, word in begun
                for byte in np.flatnonzero(self.table[state] >= 0)
            ]
            if len(found) + len(begun) > most:
                return None
        return found

    def accepts(self, data: bytes | str) -> bool:
        """Whether the bytes, or the text's UTF-8, are accepted."""
        state = self.after(0, data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
        return state >= 0 and bool(self.accepting[state])

    def after(self, state: int, data: bytes) -> int:
        """The state to which bytes lead from another; -1 where they lead nowhere."""
        for byte in data:
            state = int(self.table[state, byte])
            if state < 0:
                break
        return state

    def intersect(self, other: ByteDFA, limit: int = LIMIT) -> ByteDFA:
        """What both accept. Raises `TooLarge`."""
        return self._product(other, np.logical_and, (False, False), limit)

    def union(self, other: ByteDFA, limit: int = LIMIT) -> ByteDFA:
        """What either accepts. Raises `TooLarge`."""
        return self._product(other, np.logical_or, (True, True), limit)

    def minus(self, other: ByteDFA, limit: int = LIMIT) -> ByteDFA:
        """What this accepts and the other does not. Raises `TooLarge`."""
        return self._product(other, np.greater, (True, False), limit)

    def _product(self, other: ByteDFA, accepts: np.ufunc, alone: tuple[bool, bool], limit: int) -> ByteDFA:
        """Walks pairs of states, level by level. A pair is a number; each automaton's last row is where it is dead.

        Args:
            alone: whether each of the two may go on when the other is dead.
        """
        of_byte, representative = byte_classes(np.concatenate([self.table, other.table]))
        mine, theirs = (_with_dead(dfa.table[:, representative]) for dfa in (self, other))  # (S + 1, K) each
        width, dead = len(theirs), len(mine) * len(theirs) - 1
        number = np.full(dead + 1, -1, np.int32)
        number[0] = 0
        known = frontier = np.zeros(1, np.int64)
        rows = []
        while len(frontier):
            left, right = mine[frontier // width], theirs[frontier % width]  # (F, K)
            following = left.astype(np.int64) * width + right
            if not alone[0]:
                following[right == other.size] = dead
            if not alone[1]:
                following[left == self.size] = dead
            rows.append(following)
            frontier = np.unique(following[number[following] < 0])
            number[frontier] = np.arange(len(known), len(known) + len(frontier))
            known = np.concatenate([known, frontier])
            _hold(len(known), limit)
        accepting = [np.append(dfa.accepting, False) for dfa in (self, other)]
        table = number[np.concatenate(rows)][:, of_byte]
        return ByteDFA.of(table, accepts(accepting[0][known // width], accepting[1][known % width]))


def literals(values: Iterable[bytes | str]) -> ByteDFA:
    """Exactly these values, a text as UTF-8."""
    rows: list[dict[int, int]] = [{}]
    ends: set[int] = set()
    for value in values:
        state = 0
        for byte in value.encode() if isinstance(value, str) else value:
            if byte not in rows[state]:
                rows[state][byte] = len(rows)
                rows.append({})
            state = rows[state][byte]
        ends.add(state)
    table = np.full((len(rows), 256), -1, np.int32)
    for state, row in enumerate(rows):
        for byte, target in row.items():
            table[state, byte] = target
    return ByteDFA.of(table, np.array([state in ends for state in range(len(rows))]))


@lru_cache(maxsize=64)
def text(min_length: int = 0, max_length: int | None = None) -> ByteDFA:
    """Any text, U+0000 included, as valid UTF-8: what `str.encode` can give.

    Args:
        min_length: fewest code points, at most `MOST_LENGTH`.
        max_length: most code points, at most `MOST_LENGTH`; None for any number.

    Raises:
        Unsupported: a length above `MOST_LENGTH`.
    """
    if max(min_length, max_length or 0) > MOST_LENGTH:
        raise Unsupported(f"lengths above {MOST_LENGTH} characters are not counted")
    enough = min_length if max_length is None else max_length  # more characters are not counted

    def moves(state: tuple[int, str]) -> Iterable[Move[tuple[int, str]]]:
        count, begun = state
        if not begun:
            if count == max_length:
                return []
            count = min(count + 1, enough)
        return [(first, last, (count, rest)) for first, last, rest in CHARACTER[begun]]

    return ByteDFA.explore((0, ""), moves, lambda state: not state[1] and state[0] >= min_length)


CHARACTER: dict[str, list[Move[str]]] = {
    "": [
        (0x00, 0x7F, ""),
        (0xC2, 0xDF, "1"),
        (0xE0, 0xE0, "E0"),
        (0xE1, 0xEC, "2"),
        (0xED, 0xED, "ED"),
        (0xEE, 0xEF, "2"),
        (0xF0, 0xF0, "F0"),
        (0xF1, 0xF3, "3"),
        (0xF4, 0xF4, "F4"),
    ],
    "1": [(0x80, 0xBF, "")],
    "2": [(0x80, 0xBF, "1")],
    "3": [(0x80, 0xBF, "2")],
    "E0": [(0xA0, 0xBF, "1")],
    "ED": [(0x80, 0x9F, "1")],
    "F0": [(0x90, 0xBF, "2")],
    "F4": [(0x80, 0x8F, "2")],
}
"""One character of UTF-8 (RFC 3629, section 4): what was read of it -> the bytes that may follow."""


def _hold(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"the automaton has more than {limit} states")


def _with_dead(table: NDArray[np.int32]) -> NDArray[np.int32]:
    """(S + 1, K): what leads nowhere leads to the last state, and stays there."""
    dead = len(table)
    return np.append(np.where(table < 0, dead, table), np.full_like(table[:1], dead), axis=0)
