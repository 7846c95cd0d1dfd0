"""Drills in telling two values of one kind apart: requests that say which is which, and nothing else of matter."""

import random

import jsonschema
import pytest

from agentkit.dialects import Tokenizer
from agentkit_recipe import pairs
from agentkit_recipe.conversation import Writer
from agentkit_recipe.families import request

STARTS = {text.format(n=kind) for text, *_ in pairs.KEYS for kind in pairs.KINDS}


@pytest.mark.parametrize("seed", range(40))
def test_each_request_says_both_values_where_its_call_has_them(seed: int) -> None:
    tool, cases = pairs.drill(random.Random(seed), 20)
    assert len(cases) == 20
    for case in cases:
        assert case.call is not None
        arguments = case.call.arguments
        jsonschema.validate(arguments, tool.parameters)
        assert list(arguments) == list(tool.parameters["properties"])
        ends = {key: value for key, value in arguments.items() if isinstance(value, str)}
        assert len(ends) == 2 and len(set(ends.values())) == 2
        said = all(value.lower() in case.prompt.lower() for value in ends.values())  # and not "euros" for EUR
        if said and STARTS & set(ends):
            start = next(value for key, value in ends.items() if key in STARTS)
            end = next(value for value in ends.values() if value != start)
            number = next((value for value in arguments.values() if not isinstance(value, str)), "")
            drawn = {"0": start, "1": end, "2": number}
            ways = [request(text, drawn).lower() for text in (pairs.COUNTED if number else pairs.SAID)]
            assert any(way in case.prompt.lower() for way in ways)


def test_drills_are_the_same_for_the_same_key_and_fit_their_canvases(tokenizer: Tokenizer) -> None:
    writer = Writer(tokenizer, canvas_length=48)
    pack = writer.telling_apart("1/2/0", branches=8, canvases=1)
    assert pack == writer.telling_apart("1/2/0", branches=8, canvases=1)
    assert pack != writer.telling_apart("1/3/0", branches=8, canvases=1)
    assert len(pack.branches) == 8 and all(len(branch.canvases) == 1 for branch in pack.branches)
