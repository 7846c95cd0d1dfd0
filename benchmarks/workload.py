"""What the engine's benchmarks ask for: prompts of the bundled model's own kind, and random ones."""

from __future__ import annotations

import random

from sides import Request

from agentkit import UserMessage
from agentkit.dialects import Gemma4
from agentkit_recipe.catalogue import KNOWN
from agentkit_recipe.conversation import Mix, ask, choose_views, exchange

EXCHANGES = (0, 0, 1, 2, 4, 8)  # finished exchanges before the request: prompts of about 80 to 1,100 tokens
CANVASES = (1, 1, 1, 2, 2, 3, 4)


def rendered(dialect: Gemma4, rng: random.Random, exchanges: int) -> tuple[int, ...]:
    """A request for one of several tools after so many finished exchanges, with values that were never trained on."""
    views = choose_views(KNOWN, rng, Mix(), rng.choice(("usual", "synonym", "invented")), "heldout")
    history = [message for _ in range(exchanges) for message in exchange(ask(rng.choice(views), rng, "heldout"))]
    request = UserMessage(ask(rng.choice(views), rng, "heldout").prompt)
    return tuple(dialect.render([*history, request], [view.definition for view in views]))


def one_request(dialect: Gemma4, repeat: int) -> tuple[int, ...]:
    """A short prompt; another one for each repeat, so that nothing is left of it in any cache."""
    return rendered(dialect, random.Random(f"one/{repeat}"), 0)


def ragged_requests(dialect: Gemma4, count: int, repeat: int) -> list[Request]:
    """Requests of different lengths that are continued by different numbers of canvases."""
    rng = random.Random(f"ragged/{repeat}")
    return [
        Request(rendered(dialect, rng, rng.choice(EXCHANGES)), rng.choice(CANVASES), seed=1000 * index)
        for index in range(count)
    ]


def random_prompts(vocabulary: int, count: int, length: int, key: str) -> list[list[int]]:
    """Prompts of random tokens, the same for the same key."""
    rng = random.Random(key)
    return [[rng.randrange(16, vocabulary) for _ in range(length)] for _ in range(count)]
