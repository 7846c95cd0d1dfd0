"""The most probable path of an automaton over a canvas.

First the model's own choices (`walk`), then the best of all that the automaton accepts behind them (`viterbi`). L is
the canvas length, V the vocabulary size.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agentkit_model.automaton import UNREACHABLE, TokenAutomaton
from agentkit_model.claims import under_way, undisputed
from agentkit_model.errors import DenoisingError, PlanError
from agentkit_model.sight import Sight
from agentkit_model.tables import Indices
from agentkit_model.viterbi import Leg
from agentkit_model.walk import Walk

if TYPE_CHECKING:
    from agentkit_model.plan import CanvasResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Holds a canvas to an automaton.

    Attributes:
        automaton: what may stand on the canvas, and in the turn.
        state: where this canvas begins in it, or any of several states; None is the automaton's start.
        limit: tokens that the turn may have from here on, this canvas included; a canvas never ends where the turn
            could not be finished within them.
        bonus: added to the logits of the path's tokens before they are tempered, so that the rest of the canvas adapts
            to them. From about 20 on, the path is the canvas; inf is as good.
        from_step: the first denoising step (0, 1, ...) with the bonus; until then the canvas finds itself.
        settle: the share of the marginal at a turn's opening that its kind needs before the canvas is held to it.
        patience: steps after which it is held to the likeliest kind, settled or not.
        twice: nats that each two values of a call cost that claim the same word; see `claims`.
        past: the edges of the automaton's tables by which the call under way came to `state`, as far as they are known:
            what its values claim already.
    """

    automaton: TokenAutomaton
    state: int | frozenset[int] | None = None
    limit: int | None = None
    bonus: float = 30.0
    from_step: int = 0
    settle: float = 0.0
    patience: int = 0
    twice: float = 0.0
    past: tuple[int, ...] = ()

    def steps(self, result: "CanvasResult") -> list[tuple[int, int, int]]:
        """The steps of what is kept of a canvas that was held to this: from a state, to another, by a token. The first
        one is from -1, no state, where the canvas may have begun in any of several."""
        known = self.begin if len(self.begin) == 1 else {-1}
        states = (*known, *result.states[: result.length])
        return list(zip(states[:-1], states[1:], result.tokens[: result.length], strict=True))

    def behind(self, result: "CanvasResult") -> "Hold":
        """What the next canvas is held to, behind what is kept of one that was held to this."""
        past = under_way(self.automaton.tables, self.past, self.steps(result))
        return replace(self, state=result.states[result.length - 1], past=past)

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


def best_path(hold: Hold, sight: Sight, *, decide: bool = True) -> Path | None:
    """The path of a canvas.

    Args:
        sight: of the canvas.
        decide: whether what is likeliest settles what kind of region comes. Where it does not, and the model has not
            settled it either, there is no path (None).

    Raises:
        DenoisingError: no sequence of the canvas' length is accepted.
    """
    whole = sight.length
    end = whole if hold.limit is None else min(hold.limit, whole)
    rest = UNREACHABLE if hold.limit is None else hold.limit - end
    walk = Walk(hold.automaton, sight, hold.begin, end, end + rest)
    if not decide and not walk.settled(hold.settle):
        return None
    walk.go()
    tokens, states = [np.array(walk.tokens, np.int64)], tuple(walk.states)
    if len(walk.tokens) < end:
        found = undisputed(Leg(hold.automaton, sight, walk.begin, len(walk.tokens), end, rest), hold.twice, hold.past)
        if found is None:
            raise DenoisingError("the automaton accepts no sequence of the canvas' length here")
        tokens, states = [*tokens, found.tokens], (*states, *found.states)
    tokens.append(np.full(whole - end, hold.automaton.pad))
    bound = len(walk.tokens) if walk.binds else whole
    return Path(np.concatenate(tokens), (*states, *states[-1:] * (whole - end)), bound)
