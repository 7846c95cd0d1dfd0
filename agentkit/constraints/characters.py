"""Sets of characters, and how UTF-8 spells them.

Dialects of patterns differ in what `\\d`, `\\w` and `\\s` are: ECMA 262 takes ASCII, Python and Rust take Unicode, each
in its own way. So there are two sets for each: what can be relied on, and what any of them takes.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TypeAlias

import numpy as np

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Code points as ranges, first and last: ascending, with gaps between them, without surrogates."""

Spelling: TypeAlias = tuple[tuple[tuple[int, int, int], ...], ...]
"""For each state the moves (first byte, last byte, state); the first state is the start, -1 is the end."""

DIGITS: Ranges = ((0x30, 0x39),)
SPACES: Ranges = ((0x09, 0x0D), (0x20, 0x20))
ASCII_WORDS: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
LINE_ENDS: Ranges = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))

_SURROGATES = (0xD800, 0xDFFF)
_LAST = 0x10FFFF
_CIRCLED_LETTERS = ((0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189))


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The union of any ranges, without surrogates."""
    return complement(complement(ranges))


def complement(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """All other characters."""
    gaps, following = [], 0
    for first, last in sorted([*ranges, _SURROGATES]):
        if first > following:
            gaps.append((following, first - 1))
        following = max(following, last + 1)
    if following <= _LAST:
        gaps.append((following, _LAST))
    return tuple(gaps)


ANY = complement([])


def words() -> Ranges:
    """Letters, decimal digits and the underscore: in `\\w` wherever it knows Unicode."""
    return _of("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", also=((0x5F, 0x5F),))


def any_words() -> Ranges:
    """What may be in `\\w`, now or in a later version of Unicode."""
    letters = _of("L", "M", "N", "Pc", "Cn")
    return joined([*letters, *_CIRCLED_LETTERS, (0x200C, 0x200D)])


def any_digits() -> Ranges:
    return _of("Nd", "Cn")


def any_spaces() -> Ranges:
    return _of("Z", also=((0x09, 0x0D), (0x1C, 0x1F), (0x85, 0x85), (0xFEFF, 0xFEFF)))


def both_cases(ranges: Ranges) -> Ranges:
    """With the other case of ASCII letters: those are what ignoring the case means everywhere."""
    lower, upper = (0x61, 0x7A), (0x41, 0x5A)
    shifted = (
        (max(first, low) + shift, min(last, high) + shift)
        for first, last in ranges
        for (low, high), shift in ((lower, -32), (upper, 32))
        if first <= high and last >= low
    )
    return joined([*ranges, *shifted])


def any_case(ranges: Ranges) -> Ranges:
    """With every character that anything could take for another case of one of these."""
    return joined(
        [*ranges, *((code, code) for code, others in _cased() if any(_holds(ranges, each) for each in others))]
    )


@lru_cache(maxsize=256)
def spelled(ranges: Ranges) -> Spelling:
    """The set as an automaton over the bytes of UTF-8 (RFC 3629)."""
    start = (-1, ranges)
    numbers, waiting = {start: 0}, deque([start])  # bytes to come (-1: all), and what of the set they may still spell
    found: list[tuple[tuple[int, int, int], ...]] = []
    while waiting:
        left, rest = waiting.popleft()
        moves: list[tuple[int, int, int]] = []
        for byte, base, first, last, to_come in _BLOCKS[left]:
            part = tuple((max(a, first) - base, min(b, last) - base) for a, b in rest if a <= last and b >= first)
            if not part:
                continue
            target = -1
            if to_come:
                target = numbers.setdefault((to_come, part), len(numbers))
                if target > len(found) + len(waiting):
                    waiting.append((to_come, part))
            if moves and moves[-1][1:] == (byte - 1, target):
                moves[-1] = moves[-1][0], byte, target
            else:
                moves.append((byte, byte, target))
        found.append(tuple(moves))
    return tuple(found)


def _blocks(to_come: int) -> Iterator[tuple[int, int, int, int, int]]:
    """What each byte may begin, when so many bytes are still to come.

    Yields the byte, the first code point of its block, the first and last that are spelled so, and the bytes to come.
    """
    if to_come > 0:
        size = 64 ** (to_come - 1)
        for index in range(64):
            base = index * size
            yield 0x80 + index, base, base, base + size - 1, to_come - 1
        return
    for byte in range(0x80):
        yield byte, byte, byte, byte, 0
    for lead, count, following, shortest in ((0xC0, 32, 1, 0x80), (0xE0, 16, 2, 0x800), (0xF0, 5, 3, 0x10000)):
        size = 64**following
        for index in range(count):
            base = index * size
            if base + size > shortest:
                yield lead + index, base, max(base, shortest), base + size - 1, following


_BLOCKS = {to_come: tuple(_blocks(to_come)) for to_come in (-1, 1, 2, 3)}


@cache
def _categories() -> dict[str, Ranges]:
    """Characters by Unicode's general category, and by its first letter."""
    names = np.frombuffer("".join(map(unicodedata.category, map(chr, range(_LAST + 1)))).encode(), "S2")
    begins = np.flatnonzero(np.append(True, names[1:] != names[:-1]))
    runs: dict[str, list[tuple[int, int]]] = {}
    for first, last in zip(begins.tolist(), [*(begins[1:] - 1).tolist(), _LAST], strict=True):
        name = names[first].decode()
        for key in (name, name[0]):
            runs.setdefault(key, []).append((first, last))
    return {name: joined(ranges) for name, ranges in runs.items()}


@cache
def _of(*categories: str, also: Ranges = ()) -> Ranges:
    return joined([*also, *(span for name in categories for span in _categories()[name])])


@cache
def _cased() -> tuple[tuple[int, frozenset[int]], ...]:
    """Characters that have another case, with all of their cases."""
    related: dict[str, set[str]] = {}
    for character in map(chr, range(_LAST + 1)):
        cases = {character.lower(), character.upper(), character.title(), character.casefold()}
        if cases != {character}:
            related.setdefault(character.upper().lower(), set()).update(cases, [character])
            related.setdefault(character.casefold(), set()).update(cases, [character])
    pairs: dict[int, set[int]] = {}
    for group in related.values():
        codes = {ord(one) for one in group if len(one) == 1}
        for code in codes:
            pairs.setdefault(code, set()).update(codes)
    return tuple((code, frozenset(codes)) for code, codes in sorted(pairs.items()))


def _holds(ranges: Ranges, code: int) -> bool:
    index = bisect(ranges, (code, _LAST)) - 1
    return index >= 0 and ranges[index][1] >= code
