"""Numbers that are said in English words: "five", "twenty-five", "two hundred and ten"."""

from __future__ import annotations

import re
from collections.abc import Iterator

SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_LARGE = {"thousand": 1_000, "million": 1_000_000}
_VALUES = {word: value for value, word in enumerate(SMALL)} | {word: 10 * ten for ten, word in enumerate(TENS, 2)}
_WORDS = frozenset({*_VALUES, *_LARGE, "hundred"})

_BELOW_100 = rf"(?:(?:{'|'.join(TENS)})(?:[ -](?:{'|'.join(SMALL[1:10])}))?|{'|'.join(reversed(SMALL))})"
_BELOW_1000 = rf"(?:(?:an?|{'|'.join(SMALL[1:])}) hundred(?: (?:and )?{_BELOW_100})?|{_BELOW_100})"
_LARGER = rf"(?:an?|{_BELOW_1000}) (?:{'|'.join(_LARGE)})"
_NUMBER = re.compile(
    rf"(?<![\w-])(?:{_LARGER}(?: (?:and )?{_LARGER})*(?: (?:and )?{_BELOW_1000})?|{_BELOW_1000})(?![\w-])",
    re.IGNORECASE,
)


def spelled(text: str) -> Iterator[tuple[int, tuple[int, int]]]:
    """The whole numbers that a text has in words, from 0 to some millions: value, and the characters that it begins
    and ends at."""
    for match in _NUMBER.finditer(text):
        yield _value(match[0]), match.span()


def says_number(word: str) -> bool:
    """Whether a word of a text is a number or a part of one: "5", "3.5kg", "five", "hundred"."""
    return word[:1].isdigit() or word.lower() in _WORDS


def _value(words: str) -> int:
    total = current = 0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word in _LARGE:
            total, current = total + (current or 1) * _LARGE[word], 0
        elif word == "hundred":
            current = (current or 1) * 100
        else:
            current += _VALUES.get(word, 0)  # "and", "a"
    return total + current
