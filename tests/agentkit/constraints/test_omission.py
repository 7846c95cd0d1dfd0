"""What it costs to leave out an optional value that was spoken of."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest

import agentkit_model
from agentkit import Tool
from agentkit.constraints.flags import flags
from agentkit.constraints.grounding import Words
from agentkit.constraints.labels import DESCRIBED, prices
from agentkit.constraints.omission import COUNTED, OMITTED, left_out, omissions
from agentkit.dialects import Gemma4, Tokenizer
from tests.agentkit.constraints.paths import Walker

TOKENIZER = Tokenizer.from_file(Path(agentkit_model.__file__).parent / "bundled" / "tokenizer.json")
DIALECT = Gemma4(TOKENIZER)
NATS = 8.0
LACKING = OMITTED * NATS


def clean(
    room: str,
    mode: Literal["quiet", "full"] = "full",
    minutes: int = 10,
    mop: bool = False,
    program: str = "",
) -> None:
    """Clean a floor.

    Args:
        minutes: How long it takes.
        program: Such as summer or winter.
    """


TOOL = Tool(clean).definition
CALL = DIALECT.call_automaton(TOOL)


def spoken(*texts: str) -> dict[str, float]:
    """What it costs to leave parameters out; of several texts the last is the latest."""
    words = Words(TOKENIZER, texts)
    places = list(dict.fromkeys(slot.keys for slot in CALL.slots))
    marked = prices(TOOL, [keys for keys in places if keys != ("mop",)], words.spoken, NATS)
    said = flags(TOOL, [("mop",)], words.spoken, NATS)
    return {key: cost for (key,), cost in omissions(TOOL, CALL.slots, words, marked, said, NATS).items()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("do the den, be quiet", {"mode": LACKING}),
        ("do the den for 20 minutes", {"minutes": COUNTED * LACKING}),
        ("do the den for twenty minutes", {"minutes": COUNTED * LACKING}),
        ("do the den, it takes minutes", {}),
        ("do the den and mop it", {"mop": LACKING}),
        ("do the den, without a mop", {"mop": LACKING}),
        ("do the den with the winter one", {"program": DESCRIBED * LACKING}),
        ("do the den, program three", {"program": LACKING}),
        ("do the den", {}),
    ],
)
def test_what_is_spoken_of_is_not_left_out_for_nothing(text: str, found: dict[str, float]) -> None:
    assert spoken(text) == found


def test_only_the_latest_text_counts() -> None:
    assert spoken("in quiet mode, for 20 minutes, mop it, program three", "do the den") == {}
    assert spoken() == {}


@pytest.mark.parametrize("chosen", [*product([True, False], repeat=3)])
def test_a_call_pays_for_each_value_that_it_lacks(chosen: tuple[bool, bool, bool]) -> None:
    costs = {("mode",): 5.0, ("minutes",): 3.0, ("mop",): 2.0}
    walker = Walker(replace(CALL, cost=left_out(CALL, costs)))
    values: dict[str, Any] = {"mode": "quiet", "minutes": 5, "mop": True}
    written = {key: value for (key, value), there in zip(values.items(), chosen, strict=True) if there}
    lacking = sum(cost for (key,), cost in costs.items() if key not in written)
    for program in ({}, {"program": "summer"}):
        tokens = DIALECT.render_call("clean", {"room": "den", **written, **program})
        assert walker.cost(tokens) == lacking


def test_what_has_to_be_there_and_what_may_be_there_twice_cost_nothing() -> None:
    def pack(box: str, things: list[str] | None = None) -> None:
        """Pack it."""

    call = DIALECT.call_automaton(Tool(pack).definition)
    assert {("box",), ("things",)} <= {slot.keys for slot in call.slots}
    assert not left_out(call, {("box",): 5.0}).any()
    assert not left_out(call, {("things",): 5.0}).any()
