"""Where a turn goes before a path begins: through the choices that are the model's own."""

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
        opening = [self._share(way) for way in self._automaton.choices[self._state]]
        return max(opening) >= share * sum(opening)

    def go(self) -> None:
        """Goes as far as there are choices."""
        while self._chooses:
            self._step()
            self._chooses = self._state in self._automaton.choices and len(self.tokens) < self._length

    def _step(self) -> None:
        automaton, at = self._automaton, len(self.tokens)
        ways = [
            way
            for way in automaton.choices[self._state]
            if automaton.distance[way.target] <= self._room - at - (not way.enters)
        ]
        if not ways:
            raise DenoisingError(f"the turn can't be finished within its limit from position {at}")
        way = max(ways, key=self._share)
        self._state, self.begin = way.target, frozenset((way.target,))
        self.binds = way.enters and way.binds
        if not way.enters:
            self.tokens.append(self._sight.likeliest(at, automaton.speaks[way.label]))
            self.states.append(way.target)

    def _share(self, way: Choice) -> float:
        return self._sight.share(len(self.tokens), self._automaton.speaks[way.label])
