"""Drills in telling by the words beside a value what it is."""

import random

import jsonschema
import pytest

from agentkit_recipe import cues
from agentkit_recipe.families import spoken


@pytest.mark.parametrize("seed", range(40))
def test_each_request_says_its_values_with_the_words_that_tell_them_apart(seed: int) -> None:
    tool, cases = cues.drill(random.Random(seed), 20)
    assert len(cases) == 20
    for case in cases:
        assert case.call is not None
        arguments = case.call.arguments
        jsonschema.validate(arguments, tool.parameters)
        assert arguments and list(arguments) == [key for key in tool.parameters["properties"] if key in arguments]
        assert all(spoken(value).lower() in case.prompt.lower() for value in arguments.values())


def test_what_is_optional_is_left_out_where_the_request_does_not_say_it() -> None:
    drills = [cues.drill(random.Random(seed), 20) for seed in range(40)]
    left_out = [
        set(tool.parameters["properties"]) - set(case.call.arguments)
        for tool, cases in drills
        for case in cases
        if case.call
    ]
    assert any(left_out) and not all(left_out)
    for tool, cases in drills:
        assert all(set(tool.parameters["required"]) <= set(case.call.arguments) for case in cases if case.call)


def test_every_cue_says_its_value() -> None:
    for cue in (*cues.NUMBERS, *cues.BARE, *cues.TEXTS):
        assert cue.keys and cue.descriptions and all(form.count("{}") == 1 for form in cue.forms), cue
