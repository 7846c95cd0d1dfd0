"""Makes the table of a deterministic automaton as small as it can be, in one form for all that accept the same."""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Table: TypeAlias = NDArray[np.int32]
"""(S, K): the state to which each byte, or class of bytes, leads; -1 where it leads nowhere."""
Flags: TypeAlias = NDArray[np.bool_]


def byte_classes(table: Table) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Bytes that no state tells apart are one class: (256,) the class of each byte, (K,) a byte of each class."""
    _, of_byte, representative = _numbered(np.ascontiguousarray(table.T))
    return of_byte, representative


def trimmed(table: Table, accepting: Flags) -> tuple[Table, Flags]:
    """Without the states that cannot be reached from the start, state 0, or from which nothing is accepted.

    Of what accepts nothing the start is left alone.
    """
    narrow = table[:, byte_classes(table)[1]]
    after = _following(narrow)
    useful = _reached([0], after) & _reached(np.flatnonzero(accepting).tolist(), _reversed(after))
    if not useful[0]:
        return np.full((1, 256), -1, np.int32), np.zeros(1, np.bool_)
    number = np.append(np.where(useful, np.cumsum(useful) - 1, -1), -1).astype(np.int32)  # the last is for -1
    return number[table[useful]], accepting[useful]


def minimal(table: Table, accepting: Flags) -> tuple[Table, Flags]:
    """Moore's refinement of a trimmed table.

    It begins with the fewest and the most bytes that may follow a state. That alone settles most of what is counted or
    spelled out, where refining would take as many rounds as there are characters.
    """
    of_byte, representative = byte_classes(table)
    narrow = table[:, representative]
    count, block, member = _numbered(_distances(narrow, accepting))
    while True:
        following = np.append(block, -1)[narrow]  # (S, K): the block to which each class leads
        refined, block, member = _numbered(np.concatenate([block[:, None], following], axis=1))
        if refined == count:
            break
        count = refined
    merged = np.append(block, -1)[narrow[member]][:, of_byte]
    order = _breadth_first(merged, int(block[0]))
    number = np.append(np.argsort(order), -1).astype(np.int32)
    return number[merged[order]], accepting[member[order]]


def _numbered(rows: NDArray[np.integer]) -> tuple[int, NDArray[np.intp], NDArray[np.intp]]:
    """How many different rows there are, the number of each row among them, and a row for each number."""
    whole = np.ascontiguousarray(rows, np.int32)
    _, first, number = np.unique(whole.view(f"V{4 * whole.shape[1]}").ravel(), return_index=True, return_inverse=True)
    return len(first), number.reshape(-1), first


def _distances(table: Table, accepting: Flags) -> Table:
    """(S, 2): fewest and most bytes from each state to an accepting one; -1 where there is no most."""
    after = _following(table)
    before = _reversed(after)
    fewest = {state: 0 for state in np.flatnonzero(accepting).tolist()}
    waiting = deque(fewest)
    while waiting:
        state = waiting.popleft()
        for source in before[state]:
            if source not in fewest:
                fewest[source] = fewest[state] + 1
                waiting.append(source)
    most = [-1] * len(after)
    left = [len(targets) for targets in after]
    waiting = deque(state for state, count in enumerate(left) if not count)
    while waiting:
        state = waiting.popleft()
        most[state] = max((most[target] + 1 for target in after[state]), default=0)
        for source in before[state]:
            left[source] -= 1
            if not left[source]:
                waiting.append(source)
    return np.array([[fewest.get(state, -1), most[state]] for state in range(len(after))], np.int32)


def _following(table: Table) -> list[set[int]]:
    return [set(row) - {-1} for row in table.tolist()]


def _reversed(after: list[set[int]]) -> list[set[int]]:
    before: list[set[int]] = [set() for _ in after]
    for source, targets in enumerate(after):
        for target in targets:
            before[target].add(source)
    return before


def _reached(starts: list[int], after: list[set[int]]) -> Flags:
    reached = np.zeros(len(after), np.bool_)
    reached[starts] = True
    waiting = list(starts)
    while waiting:
        for target in after[waiting.pop()]:
            if not reached[target]:
                reached[target] = True
                waiting.append(target)
    return reached


def _breadth_first(table: Table, start: int) -> NDArray[np.intp]:
    """The states in the order in which they are met from the start, byte by byte."""
    order = {start: None}
    waiting = deque([start])
    while waiting:
        for target in dict.fromkeys(table[waiting.popleft()].tolist()):
            if target >= 0 and target not in order:
                order[target] = None
                waiting.append(target)
    return np.array(list(order), np.intp)
