"""Grounded values: what stands in the conversation, in its own words.

A grounded string is a run of whole words of the conversation, a grounded number one that stands there. As an automaton
that is the text itself, token by token, entered at the beginning of any word and left at the end of any; runs from all
words share their states, so its size grows with the text and not with the number of runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agentkit.constraints.automaton import Automaton, Slot
from agentkit.constraints.dfa import ByteDFA
from agentkit.dialects.tokenizer import Tokenizer

LONGEST_RUN = 24
"""Words of a run."""

LONGEST_TEXT = 4000
"""Characters of a conversation that values are taken from; of a longer one these last."""

_WORD = re.compile(r"\w+|[^\w\s]")
_FIRST = re.compile(r"[\w+\-$€£#@/~]")  # what a run may begin with, and end with: punctuation belongs to the sentence
_LAST = re.compile(r"[\w+%°#)/]")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w])|\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Step:
    """By `token` from one place of the text to another; a place is (text, byte), and `None` is before the value."""

    source: tuple[int, int] | None
    target: tuple[int, int]
    token: int


class Words:
    """The words of some texts, as tokens."""

    def __init__(self, tokenizer: Tokenizer, texts: Iterable[str]) -> None:
        self._tokenizer = tokenizer
        self.texts = tuple(_latest(texts))

    @cached_property
    def steps(self) -> tuple[list[Step], set[tuple[int, int]]]:
        """The steps of all runs of whole words, and the places where one may end."""
        steps: dict[Step, None] = {}
        ends: set[tuple[int, int]] = set()
        for number, text in enumerate(self.texts):
            ends |= {(number, len(text[:end].encode())) for _, end in _words(text) if _LAST.match(text[end - 1])}
            for start, stops in _runs(text):
                for run in dict.fromkeys((text[start : stops[-1]], text[start : stops[0]])):
                    self._add(steps, number, len(text[:start].encode()), run)
        return list(steps), ends

    def _add(self, steps: dict[Step, None], number: int, at: int, run: str) -> None:
        source = None
        for token in self._tokenizer.encode(run):
            at += len(self._tokenizer.token_bytes(token))
            steps[Step(source, (number, at), token)] = None
            source = (number, at)

    def runs(self, pattern: ByteDFA) -> list[str]:
        """The runs of whole words that a pattern accepts."""
        runs = dict.fromkeys(text[start:end] for text in self.texts for start, stops in _runs(text) for end in stops)
        return [run for run in runs if pattern.accepts(run.encode())]

    def numbers(self, pattern: ByteDFA | None) -> list[str]:
        """The numbers that stand there, as a call writes them."""
        found = (match[0].replace(",", "") for text in self.texts for match in _NUMBER.finditer(text))
        written = dict.fromkeys(_canonical(number) for number in found)
        return [number for number in written if pattern is None or pattern.accepts(number.encode())]


def ground(automaton: Automaton, words: Words, tokenizer: Tokenizer, *, cost: float | None = None) -> Automaton:
    """The automaton with its slots grounded.

    A slot whose schema says that it is grounded takes what the conversation holds and nothing else, unless nothing
    there fits its schema. With `cost`, the others are grounded by inference: anything that is not in the conversation
    costs so many nats a token.
    """
    added = _Added(automaton, tokenizer)
    costs, kept = automaton.cost.copy(), np.ones(len(automaton.source), bool)
    for slot in automaton.slots:
        if not slot.declared and cost is None:
            continue
        if not added.values(slot, words):
            continue
        if slot.declared:
            kept[slice(*slot.edges)] = False
        else:
            costs[slice(*slot.edges)] += np.float32(cost or 0.0)
    return added.automaton(kept, costs)


class _Added:
    """Edges that are to be added to an automaton."""

    def __init__(self, automaton: Automaton, tokenizer: Tokenizer) -> None:
        self._base = automaton
        self._tokenizer = tokenizer
        self._quote = tokenizer.control['<|"|>']
        self._size = automaton.size
        self._edges: list[tuple[int, int, int]] = []  # source, target, token

    def values(self, slot: Slot, words: Words) -> bool:
        """Adds what `words` has for a slot; says whether there is anything."""
        pattern = slot.pattern if isinstance(slot.pattern, ByteDFA) else None
        if slot.kind == "number":
            return self._literals(slot, words.numbers(pattern))
        if pattern is not None:
            return self._literals(slot, words.runs(pattern))
        return self._runs(slot, words)

    def _runs(self, slot: Slot, words: Words) -> bool:
        steps, ends = words.steps
        states: dict[tuple[int, int] | None, int] = {None: slot.begin}
        for step in steps:
            for place in (step.source, step.target):
                if place not in states:
                    states[place] = self._state()
            self._edges.append((states[step.source], states[step.target], step.token))
        self._edges += [(states[end], slot.end, self._quote) for end in sorted(ends) if end in states]
        return bool(steps)

    def _literals(self, slot: Slot, values: Sequence[str]) -> bool:
        for value in values:
            tokens = self._tokenizer.encode(value) + ([self._quote] if slot.kind == "string" else [])
            state = slot.begin
            for token in tokens[:-1]:
                state, before = self._state(), state
                self._edges.append((before, state, token))
            self._edges.append((state, slot.end, tokens[-1]))
        return bool(values)

    def _state(self) -> int:
        self._size += 1
        return self._size - 1

    def automaton(self, kept: NDArray[np.bool_], costs: NDArray[np.float32]) -> Automaton:
        base = self._base
        tokens = sorted({token for _, _, token in self._edges})
        label = {token: len(base.sets) + index for index, token in enumerate(tokens)}
        new = np.array([(s, t, label[k]) for s, t, k in self._edges], np.int32).reshape(-1, 3)
        return replace(
            base,
            size=self._size,
            source=np.concatenate([base.source[kept], new[:, 0]]),
            target=np.concatenate([base.target[kept], new[:, 1]]),
            label=np.concatenate([base.label[kept], new[:, 2]]),
            cost=np.concatenate([costs[kept], np.zeros(len(new), np.float32)]),
            sets=(*base.sets, *(np.array([token], np.int32) for token in tokens)),
            slots=(),
        )


def _words(text: str) -> list[tuple[int, int]]:
    """Where each word or sign begins and ends."""
    return [match.span() for match in _WORD.finditer(text)]


def _runs(text: str) -> Iterator[tuple[int, list[int]]]:
    """Where a run of whole words may begin, each with the places where it may end."""
    words = _words(text)
    for index, (start, _) in enumerate(words):
        stops = [end for _, end in words[index : index + LONGEST_RUN] if _LAST.match(text[end - 1])]
        if stops and _FIRST.match(text[start]):
            yield start, stops


def _latest(texts: Iterable[str]) -> list[str]:
    """The last `LONGEST_TEXT` characters of the texts, each text once, latest first."""
    kept: list[str] = []
    left = LONGEST_TEXT
    for text in reversed(list(texts)):
        if left <= 0:
            break
        text = text[-left:]
        if text.strip() and text not in kept:
            kept.append(text)
            left -= len(text)
    return kept


def _canonical(number: str) -> str:
    """A number without leading zeros, as JSON writes it."""
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, point, rest = digits.partition(".")
    whole = whole.lstrip("0") or "0"
    sign = "" if not (whole.strip("0") or rest.strip("0")) else sign
    return f"{sign}{whole}{point}{rest}"
