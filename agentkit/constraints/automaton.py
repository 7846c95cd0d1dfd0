"""Automata over tokens, as plain arrays: what a grammar becomes, and what the engine follows.

An automaton may be non-deterministic: the engine looks for the most probable path, and a token sequence is as probable
as the best of its paths. Edges carry sets of tokens, so that a loop over any text is one
edge whatever the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agentkit.constraints.vocabulary import TokenEdges
from agentkit.dialects.tokenizer import Tokenizer

Tokens: TypeAlias = NDArray[np.int32]
"""Token ids, ascending."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a string's content or a number stands, which a conversation's own words may fill (see `grounding`).

    begin     the state before it
    end       the state behind it; for a string that is the state after the closing quote
    kind      "string", "number", "choice" for one of a few strings, or "flag" for a yes or a no
    edges     of a string or a number, first and last (excluded) index of the edges that allow anything the schema does
    declared  whether the schema says that the value is grounded
    pattern   what the schema asks of the value, as bytes; None when any text will do
    options   of a choice, each string and the index of the edge that ends it; so of a flag, "true" and then "false"
    keys      of the members that it stands in, outermost first
    """

    begin: int
    end: int
    kind: Literal["string", "number", "choice", "flag"]
    edges: tuple[int, int] = (0, 0)
    declared: bool = False
    pattern: object | None = None
    options: tuple[tuple[str, int], ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Automaton:
    """States 0 to `size` - 1. Edge i leads from `source[i]` to `target[i]` by any token of `sets[label[i]]`.

    start   where a path begins
    final   where it may end
    cost    nats that taking an edge costs, beside what its token costs
    slots   the values that can be grounded
    values, words  for each edge the value that it is a part of and the word of the conversation that it writes there,
            -1 for none; both None where nothing is grounded
    distinct  whether it has keys or items that have to differ, which it does not hold by itself
    """

    size: int
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    label: NDArray[np.int32]
    cost: NDArray[np.float32]
    sets: tuple[Tokens, ...]
    start: int
    final: int
    slots: tuple[Slot, ...] = ()
    distinct: bool = False
    values: NDArray[np.int32] | None = None
    words: NDArray[np.int32] | None = None


@dataclass(slots=True)
class Builder:
    """Puts an automaton together, state by state.

    builder = Builder(tokenizer)
    end = builder.state()
    builder.literal(builder.start, end, "call:f{}")
    automaton = builder.finish(end)
    """

    tokenizer: Tokenizer
    size: int = 1
    start: int = 0
    distinct: bool = False
    _edges: list[tuple[int, int, int, float]] = field(default_factory=list)
    _sets: list[Tokens] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)
    _by_id: dict[int, int] = field(default_factory=dict)
    _paths: dict[tuple[int, int], int] = field(default_factory=dict)
    _slots: list[Slot] = field(default_factory=list)

    def state(self) -> int:
        """A new state."""
        self.size += 1
        return self.size - 1

    def edge(self, source: int, target: int, tokens: Sequence[int] | Tokens, cost: float = 0.0) -> None:
        """An edge by any of the tokens."""
        self._edges.append((source, target, self._label(np.asarray(tokens, np.int32)), cost))

    def marker(self, source: int, target: int, name: str) -> None:
        """An edge by a control token."""
        self.edge(source, target, [self.tokenizer.control[name]])

    def literal(self, source: int, target: int, text: str) -> int:
        """A path that writes `text` (not empty) in the tokenizer's own tokens; returns the index of its last edge."""
        return self.tokens(source, target, self.tokenizer.encode(text))

    def tokens(self, source: int, target: int, tokens: Sequence[int]) -> int:
        """A path by one token after the other; paths that begin alike share their states. Returns the index of its last
        edge, which is its own."""
        if not tokens:
            raise ValueError("a path needs a token")
        for token in tokens[:-1]:
            following = self._paths.get((source, token))
            if following is None:
                following = self._paths[source, token] = self.state()
                self.edge(source, following, [token])
            source = following
        self.edge(source, target, [tokens[-1]])
        return len(self._edges) - 1

    def splice(self, begin: int, end: int, folded: TokenEdges, closing: int | None = None) -> tuple[int, int]:
        """A folded byte automaton between two states; returns the range of its edges. None of them leads to `begin`.

        With `closing`, `begin` is the state in which it starts and that token leads from where it accepts to `end`.
        Without, what would lead to where it accepts leads to `end` as well, and it must not accept nothing.
        """
        first = len(self._edges)
        going_on = {source for source, _, _ in folded.edges}
        again = any(target == 0 for _, target, _ in folded.edges)
        states = [self.state() if again else begin]
        for state in range(1, folded.size):
            states.append(end if closing is None and state not in going_on else self.state())
        entries = [(begin, target, tokens) for source, target, tokens in folded.edges if source == 0 and again]
        onward = [(states[source], target, tokens) for source, target, tokens in folded.edges]
        for state, target, tokens in (*entries, *onward):
            self.edge(state, states[target], tokens)
            if closing is None and folded.accepting[target] and states[target] != end:
                self.edge(state, end, tokens)
        if closing is not None and again and folded.accepting[0]:
            self.edge(begin, end, [closing])
        if closing is not None:
            for state in np.flatnonzero(folded.accepting).tolist():
                self.edge(states[state], end, [closing])
        return first, len(self._edges)

    def slot(self, slot: Slot) -> None:
        """Marks a place as one that can be grounded."""
        self._slots.append(slot)

    def finish(self, final: int) -> Automaton:
        columns: Iterable[Sequence[float]] = zip(*self._edges, strict=True) if self._edges else ((), (), (), ())
        source, target, label, cost = columns
        return Automaton(
            size=self.size,
            source=np.array(source, np.int32),
            target=np.array(target, np.int32),
            label=np.array(label, np.int32),
            cost=np.array(cost, np.float32),
            sets=tuple(self._sets),
            start=self.start,
            final=final,
            slots=tuple(self._slots),
            distinct=self.distinct,
        )

    def _label(self, tokens: Tokens) -> int:
        """The number of a set; large sets are shared, so the same array is not compared again."""
        label = self._by_id.get(id(tokens))
        if label is None:
            label = self._known.setdefault(tokens.tobytes(), len(self._sets))
            if label == len(self._sets):
                self._sets.append(tokens)
            if self._sets[label] is tokens:  # it lives as long as this, and so its id is its own
                self._by_id[id(tokens)] = label
        return label
