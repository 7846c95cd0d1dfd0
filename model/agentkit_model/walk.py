"""Where a turn goes before a path begins: through the choices that are the model's own."""

from collections.abc import Sequence

import torch
from torch import Tensor

from agentkit_model.automaton import TokenAutomaton
from agentkit_model.errors import DenoisingError


class Walk:
    """Goes through choices from a canvas' beginning, until a path begins or the canvas ends.

    Args:
        automaton: what the canvas obeys.
        begin: the states in which it may begin.
        length: positions of the canvas that the turn may take.
        room: tokens that the turn may still have, this canvas included.

    Attributes:
        tokens, states: of the positions that were walked.
        begin: where the path begins behind them.
        binds: whether that path is held while denoising.
        asks: how many of the canvas' first positions it has to know the marginals of to go on; 0 when it is done.
    """

    def __init__(self, automaton: TokenAutomaton, begin: frozenset[int], length: int, room: int) -> None:
        self.begin = begin
        self.tokens: list[int] = []
        self.states: list[int] = []
        self.binds = True
        self._automaton, self._length, self._room = automaton, length, room
        self._shares: Sequence[Sequence[float]] = ()
        self._best: Sequence[Sequence[float]] = ()
        self._state, *others = begin
        self.asks = 1 if not others and self._state in automaton.choices else 0  # most often a call begins at once

    def marginals(self, logits: Tensor) -> Tensor:
        """What there is to know of positions' logits (C, V): each label's share and its best token, (C, 2 * labels)."""
        speaking = self._automaton.tables(logits.device).speaking
        marginals = logits.softmax(dim=-1)
        shares = [marginals.index_select(1, tokens).sum(dim=1).double() for tokens in speaking]
        best = [tokens[logits.index_select(1, tokens).argmax(dim=1)].double() for tokens in speaking]
        return torch.stack(shares + best, dim=1)

    def learn(self, known: Sequence[Sequence[float]]) -> None:
        """Takes the marginals of the first positions."""
        labels = len(self._automaton.speaks)
        self._shares, self._best = [row[:labels] for row in known], [row[labels:] for row in known]

    def settled(self, share: float) -> bool:
        """Whether the likeliest way at the opening has that share of the ways' marginal."""
        if not self.asks:
            return True
        opening = [self._shares[0][self._automaton.speaks[way.label]] for way in self._automaton.choices[self._state]]
        return max(opening) >= share * sum(opening)

    def go(self) -> None:
        """Goes on as far as the marginals are known."""
        while self.asks and len(self.tokens) < len(self._shares):
            self._step()
            chooses = self._state in self._automaton.choices and len(self.tokens) < self._length
            self.asks = self._length if chooses else 0

    def _step(self) -> None:
        automaton, at = self._automaton, len(self.tokens)
        ways = [
            way
            for way in automaton.choices[self._state]
            if automaton.distance[way.target] <= self._room - at - (not way.enters)
        ]
        if not ways:
            raise DenoisingError(f"the turn can't be finished within its limit from position {at}")
        way = max(ways, key=lambda way: self._shares[at][automaton.speaks[way.label]])
        self._state, self.begin = way.target, frozenset((way.target,))
        self.binds = way.enters and way.binds
        if not way.enters:
            self.tokens.append(int(self._best[at][automaton.speaks[way.label]]))
            self.states.append(way.target)
