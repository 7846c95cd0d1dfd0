"""What a Gemma 4 model may write in a turn: (text | thought | call)*, a stop, padding.

Whether text, a thought or a call comes is the model's choice, by its marginal at that position; within a call the most
probable path holds. After a call comes another call or the stop; an output's call stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agentkit.constraints.automaton import Automaton
from agentkit.constraints.vocabulary import Vocabulary
from agentkit.dialects.tokenizer import Tokenizer

if TYPE_CHECKING:
    from agentkit_model import Choice, TokenAutomaton

_OPEN, _TEXT, _THOUGHT, _OVER, _CALLS, _CALLED, _ENDED, _STOP, _DONE, _BEGUN = range(10)
_STATES = 10


def turn_automaton(
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    calls: Sequence[Automaton],
    outputs: Sequence[Automaton] = (),
    *,
    required: bool = False,
    thinking: bool | int = False,
    begun: Automaton | None = None,
    bias: float = 0.0,
) -> TokenAutomaton:
    """The automaton of a turn.

    Args:
        calls: one automaton for each tool that may be called, from before its opening marker to behind its closing one.
        outputs: calls of which there is one and nothing behind it.
        required: the turn has to make a call, after a thought at most.
        thinking: thoughts may come first; a number: one thought, with at most so many tokens between its markers.
        begun: a call with which it begins, instead of anything else; more calls may follow.
        bias: nats in favour of a call, where the turn begins.
    """
    joined = _Joined(tokenizer, vocabulary)
    for call in calls:
        joined.add(call, _CALLS, _CALLED)
        joined.add(call, _CALLED, _CALLED, only_first=True)
    for output in outputs:
        joined.add(output, _CALLS, _ENDED)
    if begun is not None:
        joined.add(begun, _BEGUN, _CALLED)
    for state in (_CALLED, _ENDED):
        joined.edge(state, _DONE, joined.ids(["<|tool_response>"]))
    joined.edge(_STOP, _DONE, joined.ids(["<turn|>", "<eos>"]))
    choices = _choices(joined, bool(calls or outputs), required=required, thinking=thinking, bias=bias)
    return joined.automaton(
        start=_BEGUN if begun is not None else _OPEN if _OPEN in choices else _CALLS,
        choices=choices,
        breaks=frozenset() if required else frozenset(choices),
    )


def repair_automaton(
    tokenizer: Tokenizer, vocabulary: Vocabulary, before: Sequence[int], call: Automaton, after: Sequence[int]
) -> TokenAutomaton:
    """The automaton of a turn of which one call is written anew.

    What stands before the call and after it is held by its tokens, wherever the new call ends. `after` includes the
    stop; without one the turn ends behind it.
    """
    joined = _Joined(tokenizer, vocabulary)
    joined.chain(_OPEN, _CALLS, before)
    joined.add(call, _CALLS, _CALLED)
    stops = set(joined.stops)
    joined.chain(_CALLED, _DONE, [*after, *([] if stops & set(after) else joined.ids(["<|tool_response>"]).tolist())])
    return joined.automaton(start=_OPEN if before else _CALLS, choices={}, breaks=frozenset())


def _choices(
    joined: _Joined, callable_: bool, *, required: bool, thinking: bool | int, bias: float
) -> dict[int, Sequence[Choice]]:
    from agentkit_model import Choice

    text, opening, channel, channel_end, stop = (
        joined.label_of(tokens)
        for tokens in (
            joined.vocabulary.text_tokens,
            *map(joined.ids, (["<|tool_call>"], ["<|channel>"], ["<channel|>"], ["<turn|>", "<eos>"])),
        )
    )
    call = [Choice(opening, _CALLS, enters=True, binds=True)] if callable_ else []
    thought = [Choice(channel, _THOUGHT)] if thinking else []
    write = [] if required else [Choice(text, _TEXT), Choice(stop, _STOP, enters=True)]
    choices: dict[int, Sequence[Choice]] = {}
    if write or thinking:
        choices[_OPEN] = [*write, *(replace(way, bias=bias) for way in call), *thought]
    if write:
        choices[_TEXT] = [*write, *call, *(thought if thinking is True else ())]
    if thinking is True:
        choices[_THOUGHT] = [Choice(text, _THOUGHT), Choice(channel_end, _OPEN)]
    elif thinking:
        choices[_OVER] = [*write, *call]
        counted = [_THOUGHT, *joined.states(thinking)]
        for state, behind in pairwise(counted):
            choices[state] = [Choice(text, behind), Choice(channel_end, _OVER)]
        choices[counted[-1]] = [Choice(channel_end, _OVER)]
    return choices


class _Joined:
    """Automata side by side: the calls between two states of the turn."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.size = _STATES
        self._edges: list[tuple[NDArray[Any], ...]] = []  # source, target, label, cost, value, word
        self._values = 0  # of all calls
        self._places = np.zeros(0, np.int32)  # of the states of the call added last ...
        self._columns = np.zeros(0, np.int32)  # ... and the labels of its sets
        self.sets: list[NDArray[np.int32]] = []
        self._labels: dict[bytes, int] = {}

    def states(self, count: int) -> range:
        """So many states more."""
        self.size += count
        return range(self.size - count, self.size)

    def add(self, call: Automaton, begin: int, end: int, *, only_first: bool = False) -> None:
        """A call between two states; with `only_first` a second way into the one that was added last."""
        from agentkit_model.automaton import NEW_VALUES, NO_VALUE

        if not only_first:
            self._places = np.arange(call.size, dtype=np.int32) + np.int32(self.size)
            self.size += call.size
            self._columns = np.array([self.label_of(tokens) for tokens in call.sets], np.int32)
        places = self._places.copy()
        places[call.start], places[call.final] = begin, end
        none = np.full(len(call.source), NO_VALUE, np.int32)
        values = none if call.values is None else np.where(call.values < 0, NO_VALUE, call.values + self._values)
        words = none if call.words is None else call.words
        self._values = max(self._values, 1 + int(values.max(initial=NO_VALUE)))
        first = call.source == call.start
        values = np.where(first, NEW_VALUES, values)
        columns = places[call.source], places[call.target], self._columns[call.label], call.cost, values, words
        self._add(*(column[first] for column in columns) if only_first else columns)

    def chain(self, begin: int, end: int, tokens: Sequence[int]) -> None:
        """The one path from `begin` to `end` by `tokens`."""
        for token in tokens[:-1]:
            self.edge(begin, self.size, np.array([token], np.int32))
            begin, self.size = self.size, self.size + 1
        for token in tokens[-1:]:
            self.edge(begin, end, np.array([token], np.int32))

    def edge(self, source: int, target: int, tokens: NDArray[np.int32]) -> None:
        ends = (np.array([state], np.int32) for state in (source, target, self.label_of(tokens)))
        none = np.full(1, -1, np.int32)
        self._add(*ends, np.zeros(1, np.float32), none, none)

    def automaton(
        self, *, start: int, choices: Mapping[int, Sequence[Choice]], breaks: frozenset[int]
    ) -> TokenAutomaton:
        from agentkit_model import TokenAutomaton

        source, target, label, cost, values, words = map(np.concatenate, zip(*self._edges, strict=True))
        return TokenAutomaton(
            size=self.size,
            source=source,
            target=target,
            label=label,
            cost=cost,
            sets=self.sets,
            start=start,
            final=_DONE,
            pad=self.tokenizer.control["<pad>"],
            stops=frozenset(self.stops),
            choices=choices,
            breaks=breaks,
            values=values if self._values else None,
            words=words if self._values else None,
        )

    @property
    def stops(self) -> list[int]:
        return [int(token) for token in self.ids(["<turn|>", "<eos>", "<|tool_response>"])]

    def _add(self, *columns: NDArray[Any]) -> None:
        self._edges.append(columns)

    def ids(self, names: Sequence[str]) -> NDArray[np.int32]:
        return np.array(sorted(self.tokenizer.control[name] for name in names), np.int32)

    def label_of(self, tokens: NDArray[np.int32]) -> int:
        key = tokens.tobytes()
        if key not in self._labels:
            self._labels[key] = len(self.sets)
            self.sets.append(tokens)
        return self._labels[key]
