"""Where a turn goes before a path begins: through the choices that are the model's own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agentkit_model.automaton import Choice, TokenAutomaton
from agentkit_model.errors import DenoisingError
from agentkit_model.sight import Sight


class Walk:
    """Goes through choices from a canvas' beginning, until a path begins or the canvas ends.

    Args:
        automaton: what the canvas obeys.
        sight: of the canvas.
        begin: the states in which it may begin.
        length: positions of the canvas that the turn may take.
        room: tokens that the turn may still have, this canvas included.

    Attributes:
        tokens, states: of the positions that were walked.
        begin: where the path begins behind them.
        binds: whether that path is held while denoising.
    """

    def __init__(self, automaton: TokenAutomaton, sight: Sight, begin: frozenset[int], length: int, room: int) -> None:
        self.tokens: list[int] = []
        self.states: list[int] = []
        self.begin = begin
        self.binds = True
        self._automaton, self._sight, self._length, self._room = automaton, sight, length, room
        self._state, *others = begin
        self._chooses = not others and self._state in automaton.choices

    def settled(self, share: float) -> bool:
        """Whether the likeliest way at the opening has that share of the ways' marginal."""
        if not self._chooses:
            return True
        (opening,) = self._shares(self._automaton.choices[self._state], 0, 1).tolist()
        return bool(max(opening) >= share * sum(opening))

    def go(self) -> None:
        """Goes as far as there are choices."""
        while self._chooses:
            self._step()
            if self._goes_on:
                self._stay()
            self._chooses = self._goes_on

    @property
    def _goes_on(self) -> bool:
        return self._state in self._automaton.choices and len(self.tokens) < self._length

    def _step(self) -> None:
        at = len(self.tokens)
        ways = self._ways(at)
        if not ways:
            raise DenoisingError(f"the turn can't be finished within its limit from position {at}")
        way = ways[int(self._shares(ways, at, at + 1).argmax())]
        self._state, self.begin = way.target, frozenset((way.target,))
        self.binds = way.enters and way.binds
        if not way.enters:
            self._write(way, at + 1)

    def _stay(self) -> None:
        """Goes on in one state, such as text, as long as that is the likeliest way and no way becomes too long."""
        at, state = len(self.tokens), self._state
        ways = self._ways(at)
        own = next((place for place, way in enumerate(ways) if way.target == state and not way.enters), None)
        if own is None:
            return
        longest = max(self._tokens_of(way) for way in ways)
        end = min(self._length, self._room - longest + 1)
        others = np.flatnonzero(self._shares(ways, at, end).argmax(axis=1) != own)
        self._write(ways[own], at + int(others[0]) if len(others) else end)

    def _ways(self, at: int) -> list[Choice]:
        """The ways by which the turn can still be finished from a position on."""
        return [way for way in self._automaton.choices[self._state] if self._tokens_of(way) <= self._room - at]

    def _tokens_of(self, way: Choice) -> int:
        """The fewest tokens of the turn by a way."""
        return self._automaton.distance[way.target] + (not way.enters)

    def _write(self, way: Choice, end: int) -> None:
        """Writes what is likeliest up to a position."""
        at = len(self.tokens)
        self.tokens += self._sight.likeliest(at, end, self._automaton.speaks[way.label])
        self.states += [way.target] * (end - at)

    def _shares(self, ways: Sequence[Choice], first: int, end: int) -> NDArray[np.float64]:
        """What the ways' shares of the marginals at some positions are in proportion to, biases included (N, ways)."""
        labels = [self._automaton.speaks[way.label] for way in ways]
        biases = np.array([way.bias for way in ways])
        shares: NDArray[np.float64] = self._sight.shares(first, end)[:, labels] * np.exp(biases - biases.max())
        return shares
