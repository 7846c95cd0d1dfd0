"""Words that belong together: "light bulbs", "chicken soup".

Two plain words that stand side by side are one thing as a rule, unless one of them says what to do, or speaks of a
tool: then it stands beside a value, as in "a soup recipe" and "find soup".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence, Set

from agentkit.retrieval import FUNCTION_WORDS, stems

# words that begin something else
_APART = FUNCTION_WORDS | frozenset(
    """
    on in off over under up down out about around near via during between among against versus vs through across without
    within until till since before after behind above below than then now later soon again also too not no so if but or
    when where what which who whose how why here there just only very really more most less least some any all each
    every both either another other else per plus minus times instead together online today tonight tomorrow yesterday
    am pm first second next last much many hey hi hello ok okay oh um well yes thank thanks
    use using used called named titled labelled tagged say says said saying mean means cost costs want wants need needs
    like get gets got give tell show find make take let put set add go going come see know think look looking ask keep
    does did done doing being having leave leaves play plays win won start stop turn check place places born
    """.split()
)
# behind them stands a thing, and not what is done with it
_BEFORE_THINGS = frozenset(
    "a an the my your our their his her its this that these those of for from at by with in on into about and".split()
)
_NEVER_LAST = frozenset("have has do does please cost costs born".split())  # "how much sugar does an apple have"
_JOINT = re.compile(r", and | and | & |, ")
_SAID = re.compile(r"[^\W\d_]+")
_JOINED = re.compile(r"[^\s\w]*\w")
_ALIKE = 6  # letters that words begin with which are of one kind: translate, translation


def splits(text: str, spans: Sequence[tuple[int, int]], known: Set[str]) -> tuple[set[int], set[int]]:
    """Where a value would begin or end within what belongs together: characters.

    Args:
        spans: where the text's words begin and end.
        known: stems of words that speak of the tools.
    """
    words = [text[start:end] for start, end in spans]
    beginnings = frozenset(stem[:_ALIKE] for stem in known)
    plain = [_alone(text, span) and _plain(word, known, beginnings) for span, word in zip(spans, words, strict=True)]
    begins: set[int] = set()
    ends = {end for (_, end), word in zip(spans, words, strict=True) if word.lower() in _NEVER_LAST}
    for place, ((_, end), (start, _)) in enumerate(itertools.pairwise(spans)):
        if plain[place] and plain[place + 1] and text[end:start] == " " and not _name_ends(text, spans[place], start):
            ends.add(end)
            before = words[place - 1].lower() if place else ""
            joined = place and not text[spans[place - 1][1] : spans[place][0]].strip()
            if joined and (plain[place - 1] or before in _BEFORE_THINGS):  # else it may say what to do
                begins.add(start)
    return begins, ends


def _name_ends(text: str, word: tuple[int, int], following: int) -> bool:
    """Whether a name is followed by what is none, as in "the Bears game"."""
    start, _ = word
    first = (text[:start].rstrip() or ".")[-1] in ".?!:"  # of a sentence, so that a capital says nothing
    return text[start].isupper() and not first and not text[following].isupper()


def listed(text: str, spans: Sequence[tuple[int, int]]) -> set[int]:
    """Where an item of a list ends behind which another one follows: characters."""
    beginning = {start: text[start:end].lower() for start, end in spans}
    found = set()
    for start, end in spans:
        joint = _JOINT.match(text, end)
        following = beginning.get(joint.end()) if joint else None
        if following is not None and _APART.isdisjoint({beginning[start], following}):
            found.add(end)
    return found


def _alone(text: str, span: tuple[int, int]) -> bool:
    """Whether nothing is joined to a word, as in "db-02" or "utils.py"."""
    start, end = span
    return not text[start - 1 : start].strip().strip("\"'(") and _JOINED.match(text, end) is None


def _plain(word: str, known: Set[str], beginnings: Set[str]) -> bool:
    """Whether a word may be a part of a thing's name: neither does it lead to another one, nor speak of a tool."""
    word = word.lower()
    if _SAID.fullmatch(word) is None or word in _APART or not known.isdisjoint(stems(word)):
        return False
    return len(word) <= _ALIKE or word[:_ALIKE] not in beginnings
