"""The most probable path of an automaton over a canvas.

First the model's own choices (`walk`), then the best of all that the automaton accepts behind them (`viterbi`). L is
the canvas length, V the vocabulary size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from agentkit_model.automaton import UNREACHABLE, TokenAutomaton
from agentkit_model.claims import undisputed
from agentkit_model.errors import DenoisingError, PlanError
from agentkit_model.sight import Asked, Plain, Sight
from agentkit_model.tables import Indices
from agentkit_model.viterbi import Found, Leg
from agentkit_model.walk import Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Holds a canvas to an automaton.

    Attributes:
        automaton: what may stand on the canvas, and in the turn.
        state: where this canvas begins in it, or any of several states; None is the automaton's start.
        limit: tokens that the turn may have from here on, this canvas included; a canvas never ends where the turn
            could not be finished within them.
        bonus: added to the logits of the path's tokens before they are tempered, so that the rest of the canvas adapts
            to them. From about 20 on, the path is the canvas.
        from_step: the first denoising step (0, 1, ...) with the bonus; until then the canvas finds itself.
        settle: the share of the marginal at a turn's opening that its kind needs before the canvas is held to it.
        patience: steps after which it is held to the likeliest kind, settled or not.
        twice: nats that each two values of a call cost that claim the same word; see `claims`.
    """

    automaton: TokenAutomaton
    state: int | frozenset[int] | None = None
    limit: int | None = None
    bonus: float = 30.0
    from_step: int = 0
    settle: float = 0.0
    patience: int = 0
    twice: float = 0.0

    @property
    def begin(self) -> frozenset[int]:
        state = self.automaton.start if self.state is None else self.state
        return frozenset((state,)) if isinstance(state, int) else state

    def check(self, vocab_size: int) -> None:
        """Raises PlanError where it does not fit the model, or can't be followed within its limit."""
        self.automaton.check(vocab_size)
        if not self.begin or not all(0 <= state < self.automaton.size for state in self.begin):
            raise PlanError(f"the automaton has states 0 to {self.automaton.size - 1}, not {sorted(self.begin)}")
        least = min(self.automaton.distance[state] for state in self.begin)
        if self.limit is not None and (self.limit < 1 or least > self.limit):
            raise PlanError(f"what the automaton asks for takes {max(least, 1)} tokens; the limit is {self.limit}")
        least_of = min(self.bonus, self.from_step, self.settle, self.patience, self.twice)
        if not (least_of >= 0 and self.settle <= 1):
            raise PlanError("a hold's bonus, from_step, patience and twice are at least 0, its settle is a share of 1")


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A canvas that the automaton accepts.

    Attributes:
        tokens: of each position (L,).
        states: the state behind each position.
        bound: positions from here on are held while denoising; L where none are.
    """

    tokens: Indices
    states: tuple[int, ...]
    bound: int


def best_path(hold: Hold, logits: Tensor, *, decide: bool = True) -> Path | None:
    """The path of one canvas for its logits (L, V) on the CPU; see `best_paths`."""
    return best_paths([hold], [Plain(Asked(hold.automaton.tables), logits)], [decide])[0]


def best_paths(holds: Sequence[Hold], sights: Sequence[Sight], decide: Sequence[bool]) -> list[Path | None]:
    """The paths of canvases that share a step, each what it would be alone.

    Args:
        holds: one for each canvas.
        sights: of each canvas, all of one length.
        decide: for each canvas whether what is likeliest settles what kind of region comes. Where it does not, and the
            model has not settled it either, there is no path (None).

    Raises:
        DenoisingError: no sequence of a canvas' length is accepted.
    """
    searches = [_Search(hold, sight) for hold, sight in zip(holds, sights, strict=True)]
    held = [search for search, settle in zip(searches, decide, strict=True) if settle or search.settled]
    for search in held:
        search.walk.go()
    ahead = [search for search in held if search.ahead]
    legs = [search.leg for search in ahead]
    for search, found in zip(ahead, undisputed(legs, [search.hold.twice for search in ahead]), strict=True):
        if found is None:
            raise DenoisingError("the automaton accepts no sequence of the canvas' length here")
        search.found = found
    return [search.path() if search in held else None for search in searches]


class _Search:
    """The path of one canvas in the making."""

    def __init__(self, hold: Hold, sight: Sight) -> None:
        self.hold = hold
        self.found: Found | None = None
        self._sight = sight
        self._end = sight.length if hold.limit is None else min(hold.limit, sight.length)
        self._rest = UNREACHABLE if hold.limit is None else hold.limit - self._end
        self.walk = Walk(hold.automaton, sight, hold.begin, self._end, self._end + self._rest)

    @property
    def settled(self) -> bool:
        return self.walk.settled(self.hold.settle)

    @property
    def ahead(self) -> bool:
        """Whether positions are left for a path when the walk is done."""
        return len(self.walk.tokens) < self._end

    @property
    def leg(self) -> Leg:
        return Leg(self.hold.automaton, self._sight, self.walk.begin, len(self.walk.tokens), self._end, self._rest)

    def path(self) -> Path:
        """The walk, what was found behind it, and pads behind the turn's limit."""
        walk, whole = self.walk, self._sight.length
        tokens, states = [np.array(walk.tokens, np.int64)], tuple(walk.states)
        if self.found is not None:
            tokens, states = [*tokens, self.found.tokens], (*states, *self.found.states)
        tokens.append(np.full(whole - self._end, self.hold.automaton.pad))
        bound = len(walk.tokens) if walk.binds else whole
        return Path(np.concatenate(tokens), (*states, *states[-1:] * (whole - self._end)), bound)
