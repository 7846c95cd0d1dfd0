"""The most probable path of an automaton over a canvas.

Given the logits of all positions, which are independent once the network has run, the best accepted sequence follows by
dynamic programming over positions and states (Viterbi; for diffusion language models: DINGO, Suresh et al.,
https://arxiv.org/abs/2505.23061). Logits serve as they are: every sequence takes one token of each position, so that
what normalises a position is the same for all. L is the canvas length, S the number of states, E that of edges.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from agentkit_model.automaton import UNREACHABLE, Tables, TokenAutomaton
from agentkit_model.errors import DenoisingError, PlanError


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
    """

    automaton: TokenAutomaton
    state: int | frozenset[int] | None = None
    limit: int | None = None
    bonus: float = 30.0
    from_step: int = 0
    settle: float = 0.0
    patience: int = 0

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
        if not (self.bonus >= 0 and self.from_step >= 0 and 0 <= self.settle <= 1 and self.patience >= 0):
            raise PlanError("a hold's bonus, from_step and patience are at least 0, and its settle is a share of 1")


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
    """The path for logits (L, V); None where the model has not yet settled what kind of region comes.

    With `decide` it is settled by what is likeliest.

    Raises:
        DenoisingError: no sequence of this length is accepted.
    """
    whole, length = len(logits), len(logits) if hold.limit is None else min(hold.limit, len(logits))
    rest = UNREACHABLE if hold.limit is None else hold.limit - length
    walk = _Walk(hold, logits[:length], rest)
    if not decide and not walk.settled:
        return None
    tokens, states = torch.tensor(walk.tokens, device=logits.device, dtype=torch.long), walk.states
    bound = len(states) if walk.binds else whole
    if len(states) < length:
        held, behind = _viterbi(hold.automaton, logits[len(states) : length], walk.begin, rest)
        tokens, states = torch.cat([tokens, held]), states + behind
    pads = tokens.new_full((whole - length,), hold.automaton.pad)
    return Path(torch.cat([tokens, pads]), (*states, *states[-1:] * (whole - length)), bound)


class _Walk:
    """Goes through choices from the canvas' beginning, until a path begins or the canvas ends."""

    def __init__(self, hold: Hold, logits: Tensor, rest: int) -> None:
        self.begin = hold.begin
        self.tokens: list[int] = []
        self.states: list[int] = []
        self.binds = True
        self.settled = True
        self.state, *others = self.begin
        ways = hold.automaton.choices.get(self.state)
        if others or ways is None:
            return
        self._hold, self._logits, self._rest = hold, logits, rest
        labels = dict.fromkeys(way.label for every in hold.automaton.choices.values() for way in every)
        self._labels = {label: place for place, label in enumerate(labels)}
        self._shares: list[list[float]] = []
        self._best: list[list[int]] = []
        self._read(1)  # most often a call begins at once
        self.binds = False
        opening = [self._shares[0][self._labels[way.label]] for way in ways]
        self.settled = max(opening) >= hold.settle * sum(opening)
        while len(self.tokens) < len(logits) and self.state in hold.automaton.choices:
            self._step()
        self.begin = frozenset((self.state,))

    def _read(self, count: int) -> None:
        """Each way's share of the marginal, and its best token, at the next `count` positions."""
        tables = self._hold.automaton.tables(self._logits.device)
        sets = [tables.tokens(tables.column[label]) for label in self._labels]
        logits = self._logits[len(self._shares) :][:count]  # (C, V)
        marginals = logits.softmax(dim=-1)
        self._shares += torch.stack([marginals[:, tokens].sum(dim=1) for tokens in sets], dim=1).tolist()
        self._best += torch.stack([tokens[logits[:, tokens].argmax(dim=1)] for tokens in sets], dim=1).tolist()

    def _step(self) -> None:
        at = len(self.tokens)
        if at == len(self._shares):
            self._read(len(self._logits))
        choices = self._hold.automaton.choices[self.state]
        ways = [way for way in choices if self._possible(way.target, at + (not way.enters))]
        if not ways:
            raise DenoisingError(f"the turn can't be finished within its limit from position {at}")
        way = max(ways, key=lambda way: self._shares[at][self._labels[way.label]])
        self.state = way.target
        if way.enters:
            self.binds = way.binds
        else:
            self.tokens.append(self._best[at][self._labels[way.label]])
            self.states.append(way.target)

    def _possible(self, state: int, at: int) -> bool:
        """Whether the turn can be finished from a state before position `at`."""
        return self._hold.automaton.distance[state] <= len(self._logits) - at + self._rest


def _viterbi(automaton: TokenAutomaton, logits: Tensor, begin: frozenset[int], rest: int) -> tuple[Tensor, list[int]]:
    """The best tokens (N,) for logits (N, V) from any of the states `begin`, and the states behind them."""
    tables = automaton.tables(logits.device)
    weights = tables.best(logits).index_select(1, tables.of_edge).sub_(tables.cost)  # (N, E)
    scores = logits.new_full((len(logits) + 1, tables.size), -torch.inf)  # (N + 1, S)
    scores[0, sorted(begin)] = 0.0
    for position, weight in enumerate(weights.unbind()):
        reached = scores[position].index_select(0, tables.source).add_(weight)  # (E,)
        scores[position + 1].scatter_reduce_(0, tables.target, reached, "amax")
    state = _last(automaton, logits[-1], scores[-1], rest)
    # Back along the edges by which each state was reached best.
    before, by = scores.cpu().numpy(), weights.cpu().numpy()
    columns: list[int] = []
    states: list[int] = []
    for position in range(len(logits) - 1, -1, -1):
        edge, end = tables.first[state], tables.first[state + 1]
        if end - edge > 1:
            edge += int((before[position, tables.sources[edge:end]] + by[position, edge:end]).argmax())
        states.append(state)
        columns.append(int(tables.columns[edge]))
        state = int(tables.sources[edge])
    return _best_tokens(tables, logits, columns[::-1]), states[::-1]


def _last(automaton: TokenAutomaton, logits: Tensor, scores: Tensor, rest: int) -> int:
    """The state in which a canvas ends, from the scores (S,) behind it and the logits (V,) of its last position.

    The final state if the model's own marginal there says that the turn is over, as far as it can be reached; else
    whatever is best, in or out of a call, as long as the turn can be finished in `rest` tokens.
    """
    tables = automaton.tables(logits.device)
    over = logits.softmax(dim=-1).index_select(0, tables.ends).sum() > 0.5
    if over & (scores[automaton.final] > -torch.inf):
        return automaton.final
    scores = scores.masked_fill(tables.distance > min(rest, UNREACHABLE - 1), -torch.inf)
    best = int(scores.argmax())
    if scores[best] == -torch.inf:
        raise DenoisingError("the automaton accepts no sequence of the canvas' length here")
    return best


def _best_tokens(tables: Tables, logits: Tensor, columns: Sequence[int]) -> Tensor:
    """The most probable token of each position's column: logits (N, V) -> (N,)."""
    chosen = np.array(columns)
    singles = len(tables.singles)
    found = torch.from_numpy(np.append(tables.singles, 0)[np.minimum(chosen, singles)])
    for column in np.unique(chosen[chosen >= singles]).tolist():
        tokens = tables.tokens(column)
        places = torch.from_numpy(np.flatnonzero(chosen == column))
        found[places] = tokens[logits[places.to(logits.device)][:, tokens].argmax(dim=1)].cpu()
    return found.to(logits.device)
