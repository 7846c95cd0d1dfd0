"""A second reading: what the encoder makes of a finished canvas.

The denoiser settles all positions of a canvas at once and has no say in the whole: a value that breaks off, or two that
stand in each other's place, can be likely everywhere. The encoder reads the same tokens from left to right and knows at
each what is likely next, given all before. So a canvas that is held to an automaton can be read once more, and a token
that the encoder would rather see be put in the place of another: all behind it is noise again, and the canvas is
denoised anew with everything before held. It is then read again, and so on. Of all canvases that were there, the one
stays that is worth most: that is likeliest to the encoder, less what its path costs, with something for each word of
the conversation in it.

It is a search, best first, among what the automaton allows: a way is a canvas up to some token, and another token in
its place. First comes the first one that the encoder objects to, by expecting another one there; then, a few times,
the way on that is likeliest up to there, since what is put right in one place can leave the next one wrong. It ends
where no way can lead to a canvas worth more than one that was there.

Reading what stands there is what the verifying pass of speculative decoding does (Leviathan et al.,
https://arxiv.org/abs/2211.17192; with drafts by diffusion: Christopher et al., https://arxiv.org/abs/2408.05636), but
what stands behind a token that is not accepted is denoised at once. That what is shorter is likelier, and the more so
the better one searches, is known of translation, and so is the reward against it (Murray and Chiang,
https://arxiv.org/abs/1808.10006; here for words that were said, instead of any). It takes an encoder that was trained
to predict: see `causal_weight` in the recipe.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agentkit_model.automaton import NEW_VALUES, UNREACHABLE
from agentkit_model.claims import Claims
from agentkit_model.path import Hold
from agentkit_model.plan import CanvasResult
from agentkit_model.sight import Floats, Sight
from agentkit_model.tables import Indices, Tables

SURE = 0.95
"""A canvas whose every token the denoiser gave this probability is not read, unless it costs something, or has a second
call."""

TRIES = 3
"""Ways that are tried beside those that the encoder objects for."""

GAIN = 2.0
"""Nats by which such a way has to be able to lead to something worth more."""

WORD = 1.0
"""Nats that a canvas is worth more for each word of the conversation that its values have."""

MORE = 2.0
"""Words that another call may say."""

AGAIN = 6.0
"""Nats that it is worth less for each call that is there already, with the same arguments."""

_MOST_STATES = 16
"""States that the same tokens may lead to and that are looked at, those of the least cost."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A canvas up to some token, and another token in its place.

    Attributes:
        draft: the canvas.
        position: where another token is put.
        token: that token.
        expected: the log-probability that the encoder gives it.
        most: what a canvas can be worth that begins so, but for its words.
        reward: what the canvas is worth for those.
        objected: whether it is the first one by which the canvas would be worth more up to there.
    """

    draft: CanvasResult
    position: int
    token: int
    expected: float
    most: float
    reward: float
    objected: bool

    @property
    def held(self) -> dict[int, int]:
        """The tokens that every canvas on this way has, by position."""
        return {**dict(enumerate(self.draft.tokens[: self.position])), self.position: self.token}

    def behind(self, result: CanvasResult, steps: int) -> CanvasResult:
        """What came of it in so many steps, with what was known of the tokens that stood."""
        at, draft = self.position, self.draft
        first, spent = draft.renoised or (at, 0)
        return replace(
            result,
            entropies=(*draft.entropies[: at + 1], *result.entropies[at + 1 :]),
            probabilities=(*draft.probabilities[:at], float(np.exp(self.expected)), *result.probabilities[at + 1 :]),
            departures=(*(p for p in draft.departures if p < at), at, *(p for p in result.departures if p > at)),
            renoised=(min(first, at), spent + steps),
        )


class Search:
    """What is left to try of a canvas, and the best there was."""

    def __init__(self) -> None:
        self.best: CanvasResult | None = None
        self.worth = -np.inf
        self._reward = -np.inf  # the most that a canvas was worth for its words
        self._tried = 0
        self._open: list[Way] = []

    def learn(self, draft: CanvasResult, worth: float, ways: Sequence[Way]) -> None:
        """A canvas was read."""
        if worth > self.worth:
            self.best, self.worth = draft, worth
        self._reward = max([self._reward, *(way.reward for way in ways)])
        self._open += ways

    def next(self) -> Way | None:
        """The way to try next; None where there is none that is worth it."""
        way = min(filter(self._promising, self._open), key=_order, default=None)
        if way is not None:
            self._open.remove(way)
            self._tried += not way.objected
        return way

    def _promising(self, way: Way) -> bool:
        """Whether it may lead to something worth more, if that says as much as any canvas did."""
        most = way.most + self._reward
        return most > self.worth if way.objected else most > self.worth + GAIN and self._tried < TRIES


def _order(way: Way) -> tuple[bool, float]:
    """What comes first: what is objected to, and then what may be worth most as it is."""
    return not way.objected, -way.most - way.reward


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What the encoder expects of a canvas that is held, of N tokens.

    Attributes:
        tokens: at each position the token that is worth most of those that the automaton allows there, given the tokens
            before, and that the canvas does not have (of each set of tokens, the best one counts); the canvas' own
            where there is none, or it is not asked (N,).
        costs: the nats that the edges of the canvas' own tokens cost, with what their values claim; see `claims` (N,).
        others: what those of the other tokens would, with the difference that they make to what stands before (N,).
        more: what another token may bring for words, as the first one of another call (N,).
        reward: what the canvas is worth beside.
    """

    tokens: Indices
    costs: Floats
    others: Floats
    more: Floats
    reward: float

    def worth(self, own: Floats) -> float:
        """How likely the encoder holds the canvas for, less what it costs, as far as it tells two of them apart.

        own: the log-probabilities of the canvas' tokens (N,).
        """
        return float(own[1:].sum() - self.costs.sum()) + self.reward

    def ways(self, draft: CanvasResult, own: Floats, others: Floats, tolerance: float) -> Iterator[Way]:
        """The ways on from the canvas.

        own, others: the log-probabilities of the canvas' tokens and of the other ones (N,).
        tolerance: nats that the encoder has to expect another one more to object.
        """
        gains = (others - self.others) - (own - self.costs)
        objected = False
        for position in np.flatnonzero(self.tokens != np.array(draft.tokens[: draft.length])).tolist():
            first = not objected and bool(gains[position] > tolerance)
            objected = objected or first
            # the tokens before may be written at no cost, but this one costs what it does
            token, expected = int(self.tokens[position]), float(others[position])
            most = float(own[1:position].sum()) + expected - max(float(self.others[position]), 0.0)
            most += float(self.more[position])
            yield Way(draft, position, token, expected, most, self.reward, first)


def places(hold: Hold, result: CanvasResult, clamped: Collection[int] = ()) -> list[int]:
    """The positions that are asked about: what is held strictly, which calls are.

    The first position is none of them, since what is expected there is not known from the canvas, nor is the last one,
    behind which there would be nothing to denoise.

    Args:
        clamped: positions that have to stay as they are, and so what stands before them: nothing else may fit them.
    """
    free = hold.automaton.choices.keys() | {hold.automaton.final}
    end = min(result.length, len(result.tokens) - 1)
    return [at for at in range(max(clamped, default=0) + 1, end) if result.states[at - 1] not in free]


def doubtful(hold: Hold, result: CanvasResult, clamped: Collection[int] = ()) -> bool:
    """Whether a canvas is worth a second reading: for what the denoiser is not sure of, for what costs something, or
    since it went on where the turn might have ended, as with a second call. Of one call too many it is as sure as of
    the others."""
    tables, distance, final = hold.automaton.tables, hold.automaton.distance, hold.automaton.final
    steps = hold.steps(result)
    for position in places(hold, result, clamped):
        before, behind, token = steps[position]
        if result.probabilities[position] < SURE or (distance[before] == 1 and behind != final):
            return True
        edge = tables.edge(before, behind, token)
        if edge is not None and tables.cost[edge] > 0:
            return True
    return False


def expected(hold: Hold, sight: Sight, result: CanvasResult, clamped: Collection[int] = ()) -> Expected:
    """What the encoder expects of a canvas.

    Args:
        sight: what the encoder expects at each position.
        clamped: positions that have to stay as they are; see `places`.
    """
    tables, claims = sight.tables, Claims(sight.tables, hold.twice, past=hold.past)
    tokens = np.array(result.tokens[: result.length], np.int64)
    costs, others, more = np.zeros((3, result.length), np.float32)
    asked = set(places(hold, result, clamped))
    path = _path(hold, tables, result)
    cost, opening = _fair(tables, path, behind=bool(hold.past))
    reached: dict[int, float] = {}  # where the same tokens may lead, and what that costs
    spent = 0.0  # what the canvas' own path cost so far
    for position, step in enumerate(path):
        if step is None:
            reached = {}
            continue
        token = result.tokens[position]
        reached = dict.fromkeys(step.sources, spent) | reached
        costs[position] = cost[step.edge] + claims.prices([step.edge])[0]
        if position in asked:
            edges = np.concatenate([tables.leaving(state) for state in reached])
            ahead = np.array([reached[state] - spent for state in tables.source[edges].tolist()], np.float32)
            prices = cost[edges] + ahead
            mine = np.isin(tables.source[edges], step.sources)
            prices[mine] += claims.prices(edges[mine])
            worth = sight.columns[position, tables.columns[edges]] - prices
            room = UNREACHABLE - 1 if hold.limit is None else hold.limit - position - 1
            worth[tables.distance[tables.targets[edges]] > room] = -np.inf
            found = sight.tokens_at(position, tables.columns[edges])
            worth[found == token] = -np.inf
            best = int(worth.argmax())
            if worth[best] > -np.inf:
                others[position], tokens[position] = prices[best], found[best]
                if tables.targets[step.edge] == tables.final != tables.targets[edges[best]]:
                    more[position] = MORE * WORD
        reached = _behind(tables, cost, reached, token)
        claims.take(step.edge)
        spent += float(cost[step.edge])
        reached[int(tables.targets[step.edge])] = spent
    return Expected(tokens, costs, others, more, _reward(tables, path, result) - opening)


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of a canvas' path: the states that it may have begun in, and its edge."""

    sources: tuple[int, ...]
    edge: int


def _path(hold: Hold, tables: Tables, result: CanvasResult) -> list[_Step | None]:
    """The steps of a canvas; None where it was written by a choice."""
    found: list[_Step | None] = []
    for before, behind, token in hold.steps(result):
        sources = tuple(hold.automaton.entered({before} if before >= 0 else hold.begin))
        edges = [edge for source in sources if (edge := tables.edge(source, behind, token)) is not None]
        found.append(_Step(sources, min(edges, key=tables.cost.__getitem__)) if edges else None)
    return found


def _fair(tables: Tables, path: Sequence[_Step | None], *, behind: bool) -> tuple[Floats, float]:
    """What each edge costs (E,), and what the canvas costs beside.

    What a call costs says how much better another tool's words fit the whole request. Of several calls each answers a
    part of it, so only the best of them counts, or none `behind` another one.
    """
    if tables.values is None:
        return tables.cost, 0.0
    prices = [float(tables.cost[step.edge]) for step in path if step and tables.values[step.edge] == NEW_VALUES]
    if len(prices) == 1 and not behind:
        return tables.cost, 0.0
    least = 0.0 if behind else min(prices, default=0.0)
    return np.where(tables.values == NEW_VALUES, np.float32(0), tables.cost), least


def _behind(tables: Tables, cost: Floats, reached: Mapping[int, float], token: int) -> dict[int, float]:
    """The states behind a token, and what it costs at least to come there."""
    found: dict[int, float] = {}
    for state, spent in reached.items():
        for edge in tables.taken(tables.leaving(state), token).tolist():
            target = int(tables.targets[edge])
            found[target] = min(found.get(target, np.inf), spent + float(cost[edge]))
    found.pop(tables.final, None)  # the turn was over before
    return dict(sorted(found.items(), key=lambda each: each[1])[:_MOST_STATES])


def _reward(tables: Tables, path: Sequence[_Step | None], result: CanvasResult) -> float:
    """What a canvas is worth for what its values say, less for what is said again."""
    if tables.values is None or tables.words is None:
        return 0.0
    words: set[int] = set()
    calls: list[list[int]] = []
    for step, token in zip(path, result.tokens, strict=False):
        if step is None:
            continue
        words.add(int(tables.words[step.edge]))
        if tables.values[step.edge] == NEW_VALUES:
            calls.append([])
        if calls and tables.distance[tables.targets[step.edge]]:  # not the turn's end
            calls[-1].append(token)
    again = sum(call in calls[:place] for place, call in enumerate(calls))
    return WORD * len(words - {-1}) - AGAIN * again
