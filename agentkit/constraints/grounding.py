"""Grounded values: what stands in the conversation, in its own words.

A grounded string is a run of whole words of the conversation, a grounded number one that stands there. As an automaton
that is the text itself, token by token, entered at the beginning of any word and left at the end of any; runs from all
words share their states, so its size grows with the text and not with the number of runs. A run that begins or ends
within what signs hold together ("tower" of "tower.stl"), or with a sign of the sentence, costs something. Each edge
says which word it writes into which value, so that a word that was said once can be kept from serving two values.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agentkit.constraints.arithmetic import expressions
from agentkit.constraints.automaton import Automaton, Slot
from agentkit.constraints.currencies import currencies
from agentkit.constraints.dfa import ByteDFA
from agentkit.constraints.flags import Flag
from agentkit.constraints.labels import Keys, Prices
from agentkit.constraints.omission import leading_to, left_out
from agentkit.constraints.phrases import listed, splits
from agentkit.constraints.spelled import spelled
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.letters import UNSPACED
from agentkit.retrieval import FUNCTION_WORDS
from agentkit.retrieval import stems as stems_of

LONGEST_RUN = 24
"""Words of a run."""

CUT = 8.0
"""Nats that a run costs for each of its ends that lies within what signs hold together."""

SIGN = 4.0
"""Nats that a run costs for each of its ends that is a sign and rather belongs to the sentence: "(" or "?"."""

PARTED = 4.0
"""Nats that a run costs for each of its ends that parts words that belong together: "Rent Library" of "Rent Library
List", "bulbs" of "light bulbs"."""

UNENDED = 8.0
"""Nats that a run costs whose last word leads to the next one: "opera in" of "opera in my notes"."""

LISTED = 4.0
"""Nats that an array costs that stops where its last item is followed by another one, or that has two in one."""

QUOTED = 8.0
"""Nats that a run costs for each of its ends that lies between quotation marks, and not at one of them."""

LONGEST_TEXT = 4000
"""Characters of a conversation that values are taken from; of a longer one these last."""

_MOST_SPOTS = 100_000  # of the runs that a pattern accepts; beyond, those of the fewest tokens are kept

# what belongs to the letter before it
_MARKS = "\u200c\u200d" + "".join(
    character
    for character in map(chr, (*range(0x300, 0x1F000), *range(0xE0100, 0xE01F0)))
    if unicodedata.category(character)[0] == "M"
)
# a letter that may be a word by itself
_ALONE = re.compile(f"[{UNSPACED}]")
_WORD = re.compile(rf"[^\W{UNSPACED}](?:[^\W{UNSPACED}]|[{_MARKS}])*|\S[{_MARKS}]*")
_REST = re.compile(rf"(?<=\S)(?:[^\W{UNSPACED}]|[{_MARKS}.,])*")  # of a word or a number
_SYMBOLS = "".join(  # emoji, currencies, arrows
    character for character in map(chr, range(0xA0, 0x20000)) if unicodedata.category(character) in ("So", "Sk", "Sc")
)
# what a run begins with, and ends with, at no cost: punctuation belongs to the sentence, but for .env and *.py
_FIRST = re.compile(rf"[\w+\-$#@/~{_SYMBOLS}]|(?<![^\s\"'(\[:=/])[.*](?=\.?(?:/|[^\W\d]))")
_LAST = re.compile(rf"[\w+%#)/{_SYMBOLS}]")
# what only ends what stands before it, so that no run begins with it
_ENDING = re.compile(r"(?<=\S)\S(?!\w)")
# English words after which something comes
_LEADING = frozenset(
    "a an the my your our its their and or of to for from with at by as into in on is are was were be".split()
)
# what stands between quotation marks
_QUOTED = re.compile(r"(?<!\w)\"([^\"\n]+)\"(?!\w)|\u201c([^\u201c\u201d\n]+)\u201d|\u00ab([^\u00ab\u00bb\n]+)\u00bb")
# signs that hold together what is one: tower.stl, 19:30, me@home.org, 3 * 4, 555 0134
_JOINT = re.compile(
    rf"""(?<=[\w{_MARKS}])[.\-/:@&+#~=%,]+(?=\w) | (?<=\d{{3}})\ (?=\d{{3}})
    | (?<=[\d)])\ (?:[+\-*/^x]|plus|minus|times|multiplied\ by|divided\ by)\ (?=[\d(])""",
    re.VERBOSE,
)
_SIGNED = re.compile(r"(?<![\w+])\+(?=\d)")  # +49 30 555
# None is a part of another; but of dates and versions each part is one.
_NUMBER = re.compile(
    r"""(?<=\d\.)\d+  # 11 in 28.11.2026
    | (?:(?<![\w.])[-\u2212])?
    (?: (?P<points>\d{1,3}(?:(?:\.\d{3})+,\d{1,2}(?![.,]?\d) | (?:\.\d{3}){2,}(?!\.?\d)))  # 1.500,00
    | (?: \d{1,3}(?:,\d{3})+(?!\d) | \d+ | (?<![\w.])(?=\.\d) ) (?:\.\d+(?!\.?\d))? )  # 1,500.00
    """,
    re.VERBOSE,
)

# and what may be read as one number beside those: 1,5 and 1 500 000
_READ_AS_ONE = re.compile(
    r"""(?<![\w.,])[-\u2212]?
    (?: \d+,\d{1,2} | \d{1,3}(?:[\u00a0\u202f]\d{3})+ | \d{1,3}(?:[ ]\d{3}){2,} ) (?![.,]?\d)
    """,
    re.VERBOSE,
)

# what may be a list of numbers: 640,480. Not 1,500.00, and not $1,500 or 1,000.
_LIST = re.compile(
    r"(?<![\d.$\u00a3\u00a5\u20a0-\u20bf])(?:(?<![\w.])[-\u2212])?\d{1,3}(?:,[1-9]\d\d(?!\d))++(?!\.\d|,0)"
)
_LISTED = re.compile("[^,]+")

Place: TypeAlias = tuple[int, int]
"""A text, and a byte in it."""


Spot: TypeAlias = tuple[Place, int]
"""A place, and the state that what a value's schema asks for is in there; 0 where it asks for nothing."""


class Step(NamedTuple):
    """By `token` from one spot of the text to another; `None` is before the value."""

    source: Spot | None
    target: Spot
    token: int


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of whole words that a value may be, as a graph: states 0 to `size` - 1, and -1 before the value.

    steps, costs  source, target, token, and the word that it writes, -1 for none (N, 4), and what it costs (N,)
    ends, end_costs, last  the states in which a run may end, what it costs there, and its last word (M,)
    onward, followed       whether a step goes on behind an item of a list (N,), and whether another item follows
                           where a run may end (M,)
    """

    size: int
    steps: NDArray[np.int32]
    costs: NDArray[np.float32]
    ends: NDArray[np.int32]
    end_costs: NDArray[np.float32]
    last: NDArray[np.int32]
    onward: NDArray[np.bool_]
    followed: NDArray[np.bool_]


class Words:
    """The words of some texts, as tokens.

    Args:
        known: stems of the words that speak of the tools, for what else belongs together; see `phrases`. Without them
            nothing is said of that.
    """

    def __init__(self, tokenizer: Tokenizer, texts: Iterable[str], known: Set[str] | None = None) -> None:
        self._tokenizer = tokenizer
        self._known = known
        self.texts = tuple(_latest(texts))
        self._held: dict[bytes | None, Runs] = {}  # by pattern

    def runs(self, pattern: ByteDFA | None = None) -> Runs:
        """The runs of whole words that a pattern accepts; all without one."""
        key = None if pattern is None else pattern.key
        if key not in self._held:
            self._held[key] = self._numbered(*(self._steps if pattern is None else self._within(pattern)), pattern)
        return self._held[key]

    def _numbered(self, steps: Sequence[Step], ends: set[Spot], pattern: ByteDFA | None) -> Runs:
        numbers: dict[Spot | None, int] = {None: -1}
        costs = []
        for step in steps:
            for spot in (step.source, step.target):
                numbers.setdefault(spot, len(numbers) - 1)
            place, _ = step.target
            costs.append(self.cost(place, pattern, token=step.token) if step.source is None else 0.0)
        stops = [spot for spot in sorted(ends) if spot in numbers]
        return Runs(
            len(numbers) - 1,
            np.array(
                [(numbers[step.source], numbers[step.target], step.token, self.word(step.target[0])) for step in steps],
                np.int32,
            ).reshape(-1, 4),
            np.array(costs, np.float32),
            np.array([numbers[spot] for spot in stops], np.int32),
            np.array([self.cost(place, pattern) for place, _ in stops], np.float32),
            np.array([self.word(place) for place, _ in stops], np.int32),
            np.array([self._goes_on(step) for step in steps], np.bool_),
            np.array([at in self._listed[number] for (number, at), _ in stops], np.bool_),
        )

    def _goes_on(self, step: Step) -> bool:
        """Whether a step goes on behind an item of a list."""
        if step.source is None:
            return False
        (number, first), (_, last) = step.source[0], step.target[0]
        return any(at in self._listed[number] for at in range(first, last))

    @cached_property
    def _listed(self) -> list[set[int]]:
        """For each text the bytes behind the items of lists that others follow."""
        return [{len(text[:at].encode()) for at in listed(text, spans)} for text, spans in self.spoken]

    @cached_property
    def _steps(self) -> tuple[list[Step], set[Spot]]:
        """The steps of the runs of whole words, and where one may end."""
        steps: list[Step] = []
        ends: set[Spot] = set()
        for number, text in enumerate(self.texts):
            found, stops = _steps_of(self._tokenizer, text)
            ends.update(((number, at), 0) for at in stops)
            steps += [
                Step(None if source is None else ((number, source), 0), ((number, target), 0), token)
                for source, target, token in found
            ]
        return steps, ends

    def _within(self, pattern: ByteDFA) -> tuple[list[Step], set[Spot]]:
        steps, ends = self._steps
        onward: dict[Place | None, list[Step]] = {}
        for step in steps:
            onward.setdefault(step.source and step.source[0], []).append(step)
        found: list[Step] = []
        waiting: list[Spot | None] = [None]
        reached: set[Spot | None] = {None}
        for source in waiting:
            place, state = source or (None, 0)
            for step in onward.get(place, ()):
                after = pattern.after(state, self._tokenizer.token_bytes(step.token))
                if after < 0:
                    continue
                target = (step.target[0], after)
                found.append(Step(source, target, step.token))
                if target not in reached and len(waiting) < _MOST_SPOTS:
                    reached.add(target)
                    waiting.append(target)
        stops = {spot for spot in waiting if spot and (spot[0], 0) in ends and pattern.accepting[spot[1]]}
        useful: set[Spot | None] = {*stops}  # from where a stop can be reached; each step leads further into its text
        kept = []
        for step in sorted(found, key=lambda step: step.target[0][1], reverse=True):
            if step.target in useful:
                useful.add(step.source)
                kept.append(step)
        return kept, stops

    def cost(self, place: Place, pattern: ByteDFA | None = None, *, token: int | None = None) -> float:
        """What a run costs that ends at a place, or whose first token does.

        It costs something where a sign of the sentence is there and, unless a pattern decides, where something is cut
        in two, or the words there go on.
        """
        number, at = place
        if token is not None:
            at -= len(self._tokenizer.token_bytes(token))
        signs = self._signs[number][token is None]
        if pattern is not None:
            return SIGN * (at in signs)
        going_on = PARTED * (at in self._parts[number][token is None])
        going_on += UNENDED * (token is None and at in self._leading[number]) + QUOTED * (at in self._quoted[number])
        return SIGN * (at in signs) + CUT * (at in self._joints[number]) + going_on

    @cached_property
    def _signs(self) -> list[tuple[set[int], set[int]]]:
        """For each text the bytes before a sign that costs something as a beginning, and behind one that does as an
        end."""
        return [
            (
                {len(text[:start].encode()) for start, _ in _words(text) if not _FIRST.match(text, start)},
                {len(text[:end].encode()) for start, end in _words(text) if not _LAST.match(text, start)},
            )
            for text in self.texts
        ]

    @cached_property
    def _joints(self) -> list[set[int]]:
        """For each text the bytes before and behind signs that hold something together."""
        found = [
            {
                *(at for match in _JOINT.finditer(text) for at in match.span()),
                *(match.end() for match in _SIGNED.finditer(text)),
            }
            for text in self.texts
        ]
        return [{len(text[:at].encode()) for at in places} for text, places in zip(self.texts, found, strict=True)]

    @cached_property
    def _parts(self) -> list[tuple[set[int], set[int]]]:
        """For each text the bytes before and behind which words belong together, or where a run would begin, and end,
        within those."""
        found = []
        for text, spans in self.spoken:
            begins, ends = splits(text, spans, self._known) if self._known is not None else (set(), set())
            names = [pair for pair in itertools.pairwise(spans) if _name(text, *pair)]
            begins |= {start for _, (start, _) in names}
            ends |= {end for (_, end), _ in names}
            found.append(({len(text[:at].encode()) for at in begins}, {len(text[:at].encode()) for at in ends}))
        return found

    @cached_property
    def _quoted(self) -> list[set[int]]:
        """For each text the bytes between two quotation marks, but for the first and the last."""
        found = [[match.span(match.lastindex or 0) for match in _QUOTED.finditer(text)] for text in self.texts]
        return [
            {at for start, end in spans for at in range(len(text[:start].encode()) + 1, len(text[:end].encode()))}
            for text, spans in zip(self.texts, found, strict=True)
        ]

    @cached_property
    def _leading(self) -> list[set[int]]:
        """For each text the bytes behind words after which something comes, where something does."""
        return [
            {
                len(text[:end].encode())
                for (start, end), (following, _) in itertools.pairwise(spans)
                if text[start:end].lower() in _LEADING and text[end:following].isspace()
            }
            for text, spans in self.spoken
        ]

    def numbers(self, pattern: ByteDFA | None) -> list[tuple[str, Place]]:
        """The numbers that stand there, in digits or words, as a call writes them, and where they begin."""
        return [
            (written, place) for written, place in self._numbers if pattern is None or pattern.accepts(written.encode())
        ]

    @cached_property
    def _numbers(self) -> list[tuple[str, Place]]:
        return [
            (written, (number, len(text[:at].encode())))
            for number, text in enumerate(self.texts)
            for written, at in (
                *((one, match.start()) for match in _NUMBER.finditer(text) for one in _writings(_digits(match))),
                *((one, match.start()) for match in _READ_AS_ONE.finditer(text) for one in _writings(_joined(match))),
                *(
                    (one, match.start() + part.start())
                    for match in _LIST.finditer(text)
                    for part in _LISTED.finditer(match[0])
                    for one in _writings(_joined(part))
                ),
                *((str(value), at) for value, (at, _) in spelled(text)),
            )
        ]

    def readings(self, pattern: ByteDFA | None) -> list[list[tuple[str, Place]]]:
        """What is spoken of in other words than a program writes, in parts, each with a place in what says it: codes of
        currencies, arithmetic."""
        return [
            reading
            for reading in self._readings
            if pattern is None or pattern.accepts("".join(part for part, _ in reading).encode())
        ]

    @cached_property
    def _readings(self) -> list[list[tuple[str, Place]]]:
        found = [[(code, (number, end))] for number, known in enumerate(self._codes) for code, end in known]
        return found + [
            [(part, (number, len(text[: start + 1].encode()))) for part, start in parts]
            for number, text in enumerate(self.texts)
            for parts in expressions(text)
        ]

    @cached_property
    def _codes(self) -> list[list[tuple[str, int]]]:
        """For each text the codes of currencies that it speaks of, and the byte behind what says them."""
        return [[(code, len(text[:end].encode())) for code, end in currencies(text)] for text in self.texts]

    def said(self, options: Sequence[str]) -> dict[str, int]:
        """Which of some strings stand, as whole words in upper or lower case, in the latest text that has any; so does
        the code of a currency that is spoken of. For each the last word of it, -1 where it is said more than once."""
        return next(filter(None, (self._said_in(number, options) for number in range(len(self.texts)))), {})

    def latest(self, options: Sequence[str]) -> dict[str, int]:
        """Which of some strings stand in the latest text; see `said`."""
        return self._said_in(0, options) if self.texts else {}

    def _said_in(self, number: int, options: Sequence[str]) -> dict[str, int]:
        text = self.texts[number]
        places = {
            option: [
                *(len(text[: m.end()].encode()) for m in re.finditer(_whole(option), text, re.IGNORECASE)),
                *(end for code, end in self._codes[number] if code == option.upper()),
            ]
            for option in options
        }
        return {
            option: self.word((number, ends[0])) if len(ends) == 1 else -1 for option, ends in places.items() if ends
        }

    def taken(self, values: Sequence[str]) -> set[int]:
        """The words that stand in values, where these are said no more often than there are such values."""
        found: set[int] = set()
        for value, times in Counter(filter(str.strip, values)).items():
            spoken = re.compile(_whole(value))
            spans = [
                (number, match.span()) for number, text in enumerate(self.texts) for match in spoken.finditer(text)
            ]
            if len(spans) > times:
                continue
            for number, (start, end) in spans:
                text = self.texts[number]
                ends = (len(text[:at].encode()) for _, at in _words(text) if start < at <= end)
                found.update(self.word((number, end)) for end in ends)
        return found - {-1}

    def like(self, stems: Set[str]) -> set[int]:
        """The words that have one of some stems and stand by themselves: none of `mail@home.org`."""
        return {word for word, own in self._stems if not stems.isdisjoint(own)}

    def described(self, words: Set[int]) -> set[int]:
        """Of some words those that stand behind one that describes them, like a door behind "front": neither one that
        says nothing by itself, nor a name."""
        found = set()
        for (text, spans), numbered in zip(self.spoken, self._spans, strict=True):
            for (one, other), (_, _, word) in zip(itertools.pairwise(spans), numbered[1:], strict=True):
                before, between = text[slice(*one)], text[one[1] : other[0]]
                if word in words and between == " " and before.islower() and before not in FUNCTION_WORDS:
                    found.add(word)
        return found

    @cached_property
    def _stems(self) -> list[tuple[int, tuple[str, ...]]]:
        """The words that signs don't join with others, each with its stems."""
        return [
            (word, tuple(stems_of(text.encode()[first:last].decode())))
            for text, spans, joints in zip(self.texts, self._spans, self._joints, strict=True)
            for first, last, word in spans
            if first not in joints and last not in joints
        ]

    def word(self, place: Place) -> int:
        """The word that holds the byte before a place, counted over all texts; -1 for signs and space."""
        number, at = place
        spans = self._spans[number]
        index = bisect_left(spans, at, key=itemgetter(1))
        return spans[index][2] if index < len(spans) and spans[index][0] < at else -1

    @property
    def count(self) -> int:
        """How many words there are."""
        return sum(map(len, self._spans))

    @cached_property
    def _spans(self) -> list[list[tuple[int, int, int]]]:
        """For each text its words: first byte, last byte (excluded), and the word's number."""
        count = itertools.count()
        return [
            [(len(text[:start].encode()), len(text[:end].encode()), next(count)) for start, end in spans]
            for text, spans in self.spoken
        ]

    @cached_property
    def spoken(self) -> list[tuple[str, tuple[tuple[int, int], ...]]]:
        """Each text, and the characters at which its words begin and end; signs are none."""
        return [(text, tuple(span for span in _words(text) if text[span[0]].isalnum())) for text in self.texts]


def ground(
    automaton: Automaton,
    words: Words,
    tokenizer: Tokenizer,
    *,
    cost: float | None = None,
    taken: Mapping[int, float] = MappingProxyType({}),
    prices: Mapping[Keys, Prices] = MappingProxyType({}),
    flags: Mapping[Keys, Flag] = MappingProxyType({}),
    inner: Mapping[Keys, Set[int]] = MappingProxyType({}),
    omitted: Mapping[Keys, float] = MappingProxyType({}),
) -> Automaton:
    """The automaton with its slots grounded.

    A slot whose schema says that it is grounded takes what the conversation holds and nothing else, unless nothing
    there fits its schema. With `cost`, the others are grounded by inference: anything that is not in the conversation
    costs so many nats a token, and so does a choice that nobody spoke of where another one was spoken of. The words
    that are `taken` by something else cost what stands there, also for each token, but for those that are `inner` to
    the values of a slot, by its keys: behind the beginning of a run they cost nothing. `prices` and `flags` are what
    values cost beside that, and `omitted` what it costs to leave them out, by the keys that they stand in; see
    `labels`, `flags` and `omission`.
    """
    added = _Added(automaton, tokenizer, words, taken, prices, inner)
    costs, kept = automaton.cost + left_out(automaton, omitted), np.ones(len(automaton.source), bool)
    for value, slot in enumerate(automaton.slots):
        if not slot.declared and cost is None:
            continue
        if slot.kind == "flag":
            for (_, edge), price in zip(slot.options, flags.get(slot.keys, Flag()), strict=True):
                costs[edge] += np.float32(price)
            continue
        if slot.kind == "choice":
            said = words.said([option for option, _ in slot.options])
            costs[[edge for option, edge in slot.options if said and option not in said]] += np.float32(cost or 0.0)
            added.chosen(value, [(edge, said[option]) for option, edge in slot.options if option in said])
            continue
        if not added.slot(value, slot):
            continue
        if slot.declared:
            kept[slice(*slot.edges)] = False
        else:
            costs[slice(*slot.edges)] += np.float32(cost or 0.0)
    return added.automaton(kept, costs)


class _Added:
    """Edges that are to be added to an automaton."""

    def __init__(
        self,
        automaton: Automaton,
        tokenizer: Tokenizer,
        words: Words,
        taken: Mapping[int, float],
        labels: Mapping[Keys, Prices],
        inner: Mapping[Keys, Set[int]],
    ) -> None:
        self._base = automaton
        self._labels = labels
        self._inner = inner
        self._prices = np.zeros(words.count + 1, np.float32)  # of each word, and last of what is none
        self._prices[list(taken.keys())] = list(taken.values())
        self._tokenizer = tokenizer
        self._words = words
        self._quote = tokenizer.control['<|"|>']
        self._size = automaton.size
        self._chosen = np.full((2, len(automaton.source)), -1, np.int32)  # value and word of each edge that there is
        self._steps: list[NDArray[np.int32]] = []  # (N, 4) each, as in `Runs`
        self._costs: list[NDArray[np.float32]] = []  # of each step (N,)
        self._values: list[NDArray[np.int32]] = []  # of which it is a part (N,)
        # edges of the base that leave another state, too, at some cost
        self._copies: list[tuple[NDArray[np.intp], int, NDArray[np.float32]]] = []

    def slot(self, value: int, slot: Slot) -> bool:
        """Adds what the words have for a slot; says whether there is anything."""
        words = self._words
        pattern = slot.pattern if isinstance(slot.pattern, ByteDFA) else None
        if slot.kind == "number":
            return self._numbers(value, slot, words.numbers(pattern))
        found = self._runs(value, slot, words.runs(pattern))
        return (not slot.declared and self._readings(value, slot, words.readings(pattern))) or found

    def chosen(self, value: int, edges: Sequence[tuple[int, int]]) -> None:
        """Choices that were spoken of, each by its edge and the word that said it."""
        for edge, word in edges:
            self._chosen[:, edge] = value, word

    def _runs(self, value: int, slot: Slot, runs: Runs) -> bool:
        first = self._size
        self._size += runs.size
        steps, ends = runs.steps.copy(), np.empty((len(runs.ends), 4), np.int32)
        steps[:, :2] = np.where(steps[:, :2] < 0, slot.begin, steps[:, :2] + first)
        ends[:, 0] = runs.ends + first
        ends[:, 1:] = slot.end, self._quote, -1
        costs, end_costs = runs.costs, runs.end_costs
        if runs.followed.any() and (more := self._more(slot)) is not None:
            ends[runs.followed, 1] = more
            costs = costs + LISTED * runs.onward.astype(np.float32)
        if inner := self._inner.get(slot.keys):
            within = (runs.steps[:, 0] >= 0) & np.isin(runs.steps[:, 3], [*inner])
            costs = costs - np.where(within, self._prices[runs.steps[:, 3]], np.float32(0))
        prices = self._labels.get(slot.keys)
        if prices is not None:
            costs = costs + np.where(runs.steps[:, 0] < 0, prices.first[runs.steps[:, 3]], 0.0)
            end_costs = end_costs + prices.last[runs.last]
        self._add(steps, costs, value)
        self._add(ends, end_costs, -1)
        return len(steps) > 0

    def _more(self, slot: Slot) -> int | None:
        """The state behind an item of an array that another one should follow; None of what is none."""
        base = self._base
        begins = [other.begin for other in base.slots if other.keys == slot.keys]
        leaving = base.source == slot.end
        over = leaving & ~leading_to(base, np.isin(base.target, begins))[base.target]
        if not (leaving & ~over).any():
            return None
        state, self._size = self._size, self._size + 1
        self._copies.append((np.flatnonzero(leaving), state, np.float32(LISTED) * over[leaving]))
        return state

    def _numbers(self, value: int, slot: Slot, found: Sequence[tuple[str, Place]]) -> bool:
        written = []
        for text, (number, at) in found:
            tokens = self._tokenizer.encode(text)
            ends = itertools.accumulate((len(self._tokenizer.token_bytes(token)) for token in tokens), initial=at)
            written.append((tokens, [self._words.word((number, end)) for end in [*ends][1:]]))
        prices = self._labels.get(slot.keys)
        return self._written(value, slot, written, None if prices is None else prices.number)

    def _readings(self, value: int, slot: Slot, found: Sequence[Sequence[tuple[str, Place]]]) -> bool:
        written = []
        for reading in found:
            words = [self._words.word(place) for part, place in reading for _ in part.encode()]  # of each byte
            tokens = self._tokenizer.encode("".join(part for part, _ in reading))
            ends = itertools.accumulate(len(self._tokenizer.token_bytes(token)) for token in tokens)
            written.append(([*tokens, self._quote], [*(words[end - 1] for end in ends), -1]))
        prices = self._labels.get(slot.keys)
        return self._written(value, slot, written, None if prices is None else prices.first + prices.last)

    def _written(
        self,
        value: int,
        slot: Slot,
        found: Sequence[tuple[Sequence[int], Sequence[int]]],
        prices: NDArray[np.float32] | None,
    ) -> bool:
        """Adds values, each with the word that each of its tokens writes; what it costs depends on the first."""
        steps, costs = [], []
        for tokens, words in found:
            state = slot.begin
            for index, (token, word) in enumerate(zip(tokens, words, strict=True)):
                before, state = state, slot.end if index == len(tokens) - 1 else self._size
                self._size += state == self._size
                steps.append((before, state, token, word))
                costs.append(prices[word] if prices is not None and index == 0 else 0.0)
        self._add(np.array(steps, np.int32).reshape(-1, 4), np.array(costs, np.float32), value)
        return bool(found)

    def _add(self, steps: NDArray[np.int32], costs: NDArray[np.float32], value: int) -> None:
        """Adds steps (N, 4) as in `Runs`, which are parts of a value."""
        self._steps.append(steps)
        self._costs.append(costs + self._prices[steps[:, 3]])
        self._values.append(np.full(len(steps), value, np.int32))

    def automaton(self, kept: NDArray[np.bool_], costs: NDArray[np.float32]) -> Automaton:
        base = self._base
        source, target, token, word = np.concatenate([np.empty((0, 4), np.int32), *self._steps]).T
        tokens, numbers = np.unique(token, return_inverse=True)
        label = len(base.sets) + numbers.astype(np.int32)
        copied = np.concatenate([np.empty(0, np.intp), *(edges for edges, _, _ in self._copies)])
        stands = np.concatenate([np.flatnonzero(kept), copied])  # edges of the base
        from_copies = [np.full(len(edges), state, np.int32) for edges, state, _ in self._copies]
        dearer = [extra for _, _, extra in self._copies]
        return replace(
            base,
            size=self._size,
            source=np.concatenate([base.source[kept], *from_copies, source]),
            target=np.concatenate([base.target[stands], target]),
            label=np.concatenate([base.label[stands], label]),
            cost=np.concatenate(
                [costs[kept], costs[copied] + np.concatenate([np.empty(0, np.float32), *dearer]), *self._costs]
            ),
            sets=(*base.sets, *tokens[:, None]),
            slots=(),
            values=np.concatenate([self._chosen[0][stands], *self._values]),
            words=np.concatenate([self._chosen[1][stands], word]),
        )


@lru_cache(maxsize=256)
def _steps_of(tokenizer: Tokenizer, text: str) -> tuple[list[tuple[int | None, int, int]], set[int]]:
    """The steps of a text's runs of whole words, from byte to byte by a token, and the bytes where one may end. Kept,
    since each turn asks for the texts of its conversation."""
    ends = {len(text[:end].encode()) for _, end in _words(text)}
    steps: dict[tuple[int | None, int, int], None] = {}
    for start, stops in _runs(text):
        first = len(text[:start].encode())
        known: set[int] = set()  # bytes where a token ends; what is joined with the next word is written alone
        for stop in reversed(stops):
            run, at = text[start:stop], first
            source: int | None = None
            if at + len(run.encode()) in known:
                continue
            for token in tokenizer.encode(run):
                at += len(tokenizer.token_bytes(token))
                steps[source, at, token] = None
                source = at
                known.add(at)
    return list(steps), ends


def _words(text: str) -> list[tuple[int, int]]:
    """Where each word or sign begins and ends."""
    return [match.span() for match in _WORD.finditer(text)]


def _name(text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two neighbouring words are capitalised, and not because the first begins a sentence or is I."""
    return (
        text[one[1] : other[0]] == " "
        and text[one[0]].isupper()
        and text[other[0]].isupper()
        and "I" not in (text[slice(*one)], text[slice(*other)])
        and (text[: one[0]].rstrip() or ".")[-1] not in ".?!:"
    )


def _runs(text: str) -> Iterator[tuple[int, list[int]]]:
    """Where a run of whole words and signs may begin, each with the places where it may end; none in signs alone."""
    words = _words(text)
    if any(_LAST.match(text, start) for start, _ in words):
        for index, (start, _) in enumerate(words):
            if _FIRST.match(text, start) or not _ENDING.match(text, start):
                yield start, [end for _, end in words[index : index + LONGEST_RUN]]


def _latest(texts: Iterable[str]) -> list[str]:
    """The words in the last `LONGEST_TEXT` characters of the texts, each text once, latest first."""
    kept: list[str] = []
    left = LONGEST_TEXT
    for text in reversed(list(texts)):
        if left <= 0:
            break
        text = _end(text, left)
        if text.strip() and text not in kept:
            kept.append(text)
            left -= len(text)
    return kept


def _end(text: str, most: int) -> str:
    """The end of a text, from the beginning of a word on."""
    at = max(len(text) - most, 0)
    rest = _REST.match(text, at)
    return text[rest.end() if rest else at :]


def _whole(value: str) -> str:
    """A regular expression for a text as whole words."""
    before = "" if _ALONE.match(value) else r"(?<!\w)"
    behind = "" if _ALONE.match(value[-1:]) else r"(?!\w)"
    return f"{before}{re.escape(value)}{behind}"


def _digits(number: re.Match[str]) -> str:
    """A number that was found, as Python reads it."""
    digits = number[0].replace("\u2212", "-")
    return digits.replace(".", "").replace(",", ".") if number["points"] else digits.replace(",", "")


def _joined(number: re.Match[str]) -> str:
    """What was read as one number, as Python reads it."""
    return re.sub(r"\s", "", number[0]).replace("\u2212", "-").replace(",", ".")


def _writings(digits: str) -> tuple[str, ...]:
    """A number as JSON writes it: without needless zeros, and a whole one that has a fraction in both ways."""
    whole, _, fraction = format(Decimal(digits) or Decimal(0), "f").partition(".")
    fraction = fraction.rstrip("0")
    if "." not in digits:
        return (whole,)
    return (f"{whole}.{fraction}",) if fraction else (whole, f"{whole}.0")
