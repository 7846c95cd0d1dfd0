"""What a turn's canvases are held to, whatever the model wants: claims on words, from the schema to the path."""

from pathlib import Path
from typing import Annotated, Any

import pytest
import torch

import agentkit_model
from agentkit import Constraints, Grounded, Tool, UserMessage
from agentkit.dialects import Gemma4, Tokenizer
from agentkit.models.base import ModelRequest, WrongCall
from agentkit.models.hold import repair_hold, turn_hold
from agentkit.settings import ModelSettings
from agentkit_model import Hold
from agentkit_model.path import best_path
from agentkit_model.sight import Asked, Plain

TOKENIZER = Tokenizer.from_file(Path(agentkit_model.__file__).parent / "bundled" / "tokenizer.json")
DIALECT = Gemma4(TOKENIZER)
SEEDS = range(40)


def serve(dish: Annotated[str, Grounded()], place: Annotated[str, Grounded()]) -> None:
    """Serve a dish."""


SERVE = Tool(serve).definition
REQUEST = ModelRequest((UserMessage("soup in Nice"),), (SERVE,), ModelSettings(tool_choice="required"))


def written(hold: Hold, seed: int) -> dict[str, Any]:
    """The arguments of the one call on a canvas of random logits, which ends behind it."""
    logits = torch.randn(30, TOKENIZER.vocab_size, generator=torch.Generator().manual_seed(seed))
    logits[-1, TOKENIZER.control["<pad>"]] = 50.0
    path = best_path(hold, Plain(Asked(hold.automaton.tables), logits))
    assert path is not None
    (call,) = DIALECT.parse(path.tokens.tolist()).calls
    assert call.arguments is not None
    return call.arguments


def shared(arguments: dict[str, Any]) -> bool:
    return bool(set(arguments["dish"].split()) & set(arguments["place"].split()))


@pytest.mark.parametrize("twice", [0.0, 1000.0])
def test_what_was_said_once_is_written_once(twice: float) -> None:
    hold = turn_hold(DIALECT, TOKENIZER, REQUEST, Constraints(twice=twice))
    assert any(shared(written(hold, seed)) for seed in SEEDS) == (twice == 0.0)


@pytest.mark.parametrize("twice", [0.0, 1000.0])
def test_a_repair_takes_no_words_that_stand_in_the_call(twice: float) -> None:
    hold = repair_hold(
        DIALECT,
        TOKENIZER,
        REQUEST,
        Constraints(twice=twice),
        tool=SERVE,
        arguments={"dish": "soup", "place": "in"},
        wrong=WrongCall(0, ("/place",), "no such place", {"/place": ("in",)}),
        before=(),
        after=(),
    )
    found = [written(hold, seed) for seed in SEEDS]
    assert {arguments["dish"] for arguments in found} == {"soup"}
    assert any(shared(arguments) for arguments in found) == (twice == 0.0)
