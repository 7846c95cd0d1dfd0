"""The most probable path of an automaton over a canvas.

First the model's own choices (`walk`), then the best of all that the automaton accepts behind them (`viterbi`). L is
the canvas length, V the vocabulary size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from agentkit_model.automaton import UNREACHABLE, TokenAutomaton
from agentkit_model.claims import undisputed
from agentkit_model.errors import DenoisingError, PlanError
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


@dataclass(frozen=True, slots=True)
class Path:
    """A canvas that the automaton accepts.

    Attributes:
        tokens: of each position (L,), on the device of the logits.
        states: the state behind each position.
        bound: positions from here on are held while denoising; L where none are.
    """

    tokens: Tensor
    states: tuple[int, ...]
    bound: int


def best_path(hold: Hold, logits: Tensor, *, decide: bool = True) -> Path | None:
    """The path of one canvas for its logits (L, V); see `best_paths`."""
    return best_paths([hold], [logits], [decide])[0]


def best_paths(holds: Sequence[Hold], logits: Sequence[Tensor] | Tensor, decide: Sequence[bool]) -> list[Path | None]:
    """The paths of canvases that share a step, each what it would be alone.

    They are looked for together, with a few transfers from the device however many they are.

    Args:
        holds: one for each canvas.
        logits: of each canvas (L, V), or all of them as one tensor (B, L, V).
        decide: for each canvas whether what is likeliest settles what kind of region comes. Where it does not, and the
            model has not settled it either, there is no path (None).

    Raises:
        DenoisingError: no sequence of a canvas' length is accepted.
    """
    searches = [_Search(hold, canvas) for hold, canvas in zip(holds, logits, strict=True)]
    _ask(searches)
    held = [search for search, settle in zip(searches, decide, strict=True) if settle or search.settled]
    for search in held:
        search.walk.go()
    _ask(held)  # those that go on as text
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

    def __init__(self, hold: Hold, logits: Tensor) -> None:
        self.hold = hold
        self.logits = logits  # (L, V)
        self.found: Found | None = None
        self._end = len(logits) if hold.limit is None else min(hold.limit, len(logits))
        self._rest = UNREACHABLE if hold.limit is None else hold.limit - self._end
        self.walk = Walk(hold.automaton, hold.begin, self._end, self._end + self._rest)

    @property
    def settled(self) -> bool:
        return self.walk.settled(self.hold.settle)

    @property
    def ahead(self) -> bool:
        """Whether positions are left for a path when the walk is done."""
        return len(self.walk.tokens) < self._end

    @property
    def leg(self) -> Leg:
        return Leg(self.hold.automaton, self.logits, self.walk.begin, len(self.walk.tokens), self._end, self._rest)

    def path(self) -> Path:
        """The walk, what was found behind it, and pads behind the turn's limit."""
        walk, whole = self.walk, len(self.logits)
        tokens, states = torch.tensor(walk.tokens, device=self.logits.device, dtype=torch.long), tuple(walk.states)
        if self.found is not None:
            tokens, states = torch.cat([tokens, self.found.tokens]), (*states, *self.found.states)
        pads = tokens.new_full((whole - self._end,), self.hold.automaton.pad)
        bound = len(walk.tokens) if walk.binds else whole
        return Path(torch.cat([tokens, pads]), (*states, *states[-1:] * (whole - self._end)), bound)


def _ask(searches: Sequence[_Search]) -> None:
    """Tells the walks the marginals that they need to go on, with one transfer for all."""
    asking = [search for search in searches if search.walk.asks]
    if not asking:
        return
    known = [search.walk.marginals(search.logits[: search.walk.asks]) for search in asking]
    flat = torch.cat([marginals.flatten() for marginals in known]).cpu()
    for search, marginals, part in zip(asking, known, torch.split(flat, [m.numel() for m in known]), strict=True):
        search.walk.learn(part.view(marginals.shape).tolist())
