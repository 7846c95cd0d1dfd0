"""A second reading: what the encoder makes of a finished canvas.

The denoiser settles all positions of a canvas at once and has no say in the whole: a value that breaks off, or two that
stand in each other's place, can be likely everywhere. The encoder reads the same tokens from left to right and knows at
each what is likely next, given all before. So a canvas that is held to an automaton can be read once more: at the first
position where the encoder expects another token that the automaton allows, that one is put, all behind it is noise
again, and the canvas is denoised anew with everything before held. It is then read again, and so on, until the encoder
objects to nothing, or no canvas that begins so can be worth more than one that was there before. Of all that were
there, the one stays that is likeliest to it, less what its path costs. One that is worse than the one before may lead
to a better one: a value that is put right can leave the next one wrong, which is put right in its turn.

It is what the verifying pass of speculative decoding does (Leviathan et al., https://arxiv.org/abs/2211.17192; with
drafts by diffusion: Christopher et al., https://arxiv.org/abs/2408.05636), but what stands behind a token that is not
accepted is denoised at once. It takes an encoder that was trained to predict: see `causal_weight` in the recipe.
"""

from collections.abc import Container
from dataclasses import dataclass

import numpy as np

from agentkit_model.claims import Claims
from agentkit_model.path import Hold
from agentkit_model.plan import CanvasResult
from agentkit_model.sight import Floats, Sight
from agentkit_model.tables import Indices

SURE = 0.95
"""A canvas whose every token the denoiser gave this probability is not read, unless it costs something, or has a second
call."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What the encoder expects of a canvas that is held, of N tokens.

    Attributes:
        tokens: at each position the likeliest token that the automaton allows there, given the tokens before; the
            canvas' own where it is not asked (N,).
        costs: the nats that the edges of the canvas' own tokens cost, with what their values claim; see `claims` (N,).
        others: and those of the expected ones (N,).
    """

    tokens: Indices
    costs: Floats
    others: Floats

    def worth(self, own: Floats) -> float:
        """How likely the encoder holds the canvas for, less what it costs, as far as it tells two of them apart.

        own: the log-probabilities of the canvas' tokens (N,).
        """
        return float(own[1:].sum() - self.costs.sum())

    def objection(self, own: Floats, others: Floats, tolerance: float) -> tuple[int, float] | None:
        """The first position where the expected token is worth more than `tolerance` nats more than the canvas' own,
        and the most that a canvas can be worth that begins so: there may be a way on by which what stands before it
        costs nothing.

        own, others: the log-probabilities of the canvas' tokens and of the expected ones (N,).
        """
        found = np.flatnonzero((others - self.others) - (own - self.costs) > tolerance)
        if not len(found):
            return None
        position = int(found[0])
        return position, float(own[1:position].sum() + others[position])


def places(hold: Hold, result: CanvasResult, clamped: Container[int] = ()) -> list[int]:
    """The positions that are asked about: what is held strictly, which calls are.

    The first position is none of them, since what is expected there is not known from the canvas, nor is the last one,
    behind which there would be nothing to denoise.

    Args:
        clamped: positions that have to stay as they are.
    """
    free = hold.automaton.choices.keys() | {hold.automaton.final}
    end = min(result.length, len(result.tokens) - 1)
    return [at for at in range(1, end) if result.states[at - 1] not in free and at not in clamped]


def doubtful(hold: Hold, result: CanvasResult, clamped: Container[int] = ()) -> bool:
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


def expected(hold: Hold, sight: Sight, result: CanvasResult, clamped: Container[int] = ()) -> Expected:
    """What the encoder expects of a canvas.

    Args:
        sight: what the encoder expects at each position.
        clamped: positions that have to stay as they are.
    """
    tables, claims = sight.tables, Claims(sight.tables, hold.twice, past=hold.past)
    tokens = np.array(result.tokens[: result.length], np.int64)
    costs, others = np.zeros((2, result.length), np.float32)
    asked = set(places(hold, result, clamped))
    for position, (before, behind, token) in enumerate(hold.steps(result)):
        own = tables.edge(before, behind, token)
        if own is None:
            continue  # written by a choice
        edges = tables.leaving(before)
        prices = tables.cost[edges] + claims.prices(edges)
        costs[position] = others[position] = prices[edges == own].item()
        if position in asked:
            worth = sight.columns[position, tables.columns[edges]] - prices
            if hold.limit is not None:
                worth[tables.distance[tables.targets[edges]] > hold.limit - position - 1] = -np.inf
            best = int(worth.argmax())
            others[position] = prices[best]
            (tokens[position],) = sight.tokens(position, tables.columns[edges[best : best + 1]])
        claims.take(own)
    return Expected(tokens, costs, others)
