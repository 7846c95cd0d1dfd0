"""Whether yes or no was said: "with breakfast", "no holidays", "it is not permanent", "turn it off".

A small model that has read a word often misses the "not" before it. So of a yes or a no the one costs something that
the words of the latest text speak against. They are English.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from agentkit.constraints.labels import DESCRIBED, Keys, about
from agentkit.messages import ToolDefinition
from agentkit.retrieval import WORD, stems

_BETWEEN = 2
"""Words that may stand between a negation and the word that it speaks of: "don't make it public"."""

_ANYWAY = frozenset("have to be need".split())
"""Words that don't count there: "it doesn't have to be public"."""

_NEGATION = re.compile(
    r"""\b(?: no | not | without | never | non | skip | exclude | excluding | except | cannot
    | (?:ca|do|does|is|are|should|must|need)n['\u2019]?t )\b""",
    re.IGNORECASE | re.VERBOSE,
)
# what says no to the word before it: "breakfast isn't necessary"
_NEEDLESS = re.compile(
    r"\w*\s+(?:(?:is|are)n['\u2019]?t|(?:is|are)\ not|not)\ (?:necessary|needed|required|important)\b",
    re.IGNORECASE | re.VERBOSE,
)
# words that have a no in them: unrated, non-smoking
_UN = re.compile(r"(?:un|non-?)(\w{4,})", re.IGNORECASE)
# behind which something else begins
_ELSE = re.compile(r"\b(?:but|with|and)\b|[.,;:!?]", re.IGNORECASE)
# words of names and descriptions that say what kind of parameter it is
_EMPTY = frozenset(
    stems("whether if true it is are be make should has have do does must want with include including add use set that")
)
_SWITCHES = frozenset("on enabled enable active activate activated power powered".split())
_ON = re.compile(
    r"\b(?:enable|activate|start|(?:turn|switch|put|flip|power)\b[^.,;:!?]*\bon)\b|\bon(?=[.!?\s]*$)", re.IGNORECASE
)
_OFF = re.compile(r"\b(?:off|disable|deactivate|stop)\b", re.IGNORECASE)


class _Word(NamedTuple):
    """A word of a text, and whether it is said without a no."""

    stems: frozenset[str]
    affirmed: bool


class Flag(NamedTuple):
    """What a yes costs, and a no, in nats."""

    true: float = 0.0
    false: float = 0.0


def flags(
    tool: ToolDefinition,
    places: Sequence[Keys],
    texts: Sequence[tuple[str, tuple[tuple[int, int], ...]]],
    weight: float,
) -> dict[Keys, Flag]:
    """The prices of the tool's yes and no that stand in `places`.

    Args:
        texts: each with the characters at which its words begin and end; latest first.
        weight: nats that a value costs whose opposite was said by its parameter's name.
    """
    if not (texts and places):
        return {}
    (text, spans), *_ = texts
    words = _words(text, spans)
    calls, described = (frozenset(stems(told)) for told in (tool.name, tool.description))  # they speak of the tool
    found = {}
    for keys in places:
        name = keys[-1] if keys else ""
        said, share = _said(words, _content(name, calls)), 1.0
        if said is None:
            said, share = _said(words, _content(about(tool.parameters, keys), calls | described)), DESCRIBED
        if said is None and not _SWITCHES.isdisjoint(word.lower() for word in WORD.findall(name)):
            said, share = False if _OFF.search(text) else True if _ON.search(text) else None, 1.0
        if said is not None:
            found[keys] = Flag(false=share * weight) if said else Flag(true=share * weight)
    return found


def _content(told: str, calls: frozenset[str]) -> list[str]:
    """The words that say what a yes or a no is about."""
    return [stem for stem in dict.fromkeys(stems(told)) if stem not in _EMPTY and stem not in calls]


def _said(words: Sequence[_Word], own: Sequence[str]) -> bool | None:
    """Whether words are said, all of them, and the first of them without a no; None if neither, or both."""
    if not own or not all(any(stem in word.stems for word in words) for stem in own):
        return None
    ways = {word.affirmed for word in words if own[0] in word.stems}
    return ways.pop() if len(ways) == 1 else None


@lru_cache(maxsize=256)
def _words(text: str, spans: tuple[tuple[int, int], ...]) -> tuple[_Word, ...]:
    """The words of a text that begin and end at such characters, with what *unrated* says of *rated*. Kept, since each
    tool of a turn asks for them."""
    negations = [match.end() for match in _NEGATION.finditer(text)]
    words = [_Word(frozenset(_stems(text[start:end])), not _denied(text, start, negations)) for start, end in spans]
    unlike = filter(None, (_UN.match(text, start) for start, _ in spans))
    return (*words, *(_Word(frozenset(stems(match[1])), affirmed=False) for match in unlike))


def _stems(word: str) -> Iterator[str]:
    """With those of an adverb's adjective."""
    yield from stems(word)
    if len(word) > len("only") + 2 and word.endswith("ly"):
        yield from stems(word.removesuffix("ly"))


def _denied(text: str, start: int, negations: Sequence[int]) -> bool:
    """Whether a negation speaks of the word that begins there; `negations` end at such characters."""
    place = bisect_right(negations, start)
    return (place > 0 and _reaches(text[negations[place - 1] : start])) or bool(_NEEDLESS.match(text, start))


def _reaches(between: str) -> bool:
    """Whether a negation speaks of the word behind what stands between."""
    counted = [word for word in between.split() if word.lower() not in _ANYWAY]
    return len(counted) <= _BETWEEN and not _ELSE.search(between)
