"""Requests written by hand: each can be served as it says."""

from __future__ import annotations

import inspect
import random

from agentkit.tools import Tool
from agentkit_recipe import own_words
from agentkit_recipe.cases import HELD_OUT_MIX
from agentkit_recipe.own_words import ASKED, TOOLS


def test_what_is_asked_for_is_in_the_request() -> None:
    for function, prompt, arguments in ASKED:
        inspect.signature(function).bind(**arguments)
        tool: Tool = TOOLS[function]
        tool.check(arguments)
        for key, value in arguments.items():
            schema = tool.parameters["properties"][key]
            for text in value if isinstance(value, list) else [value]:
                assert not isinstance(text, str) or "enum" in str(schema) or text in prompt, prompt


def test_no_request_comes_twice() -> None:
    assert len({prompt for _, prompt, _ in ASKED}) == len(ASKED) == 3 * len(TOOLS) == 300


def test_a_request_comes_again_among_other_tools() -> None:
    (tools, case), (others, again) = (
        own_words.case(index, random.Random(index), HELD_OUT_MIX) for index in (4, 4 + len(ASKED))
    )
    assert case == again and case.call is not None
    name = case.call.view.definition.name
    assert name in {tool.name for tool in tools} & {tool.name for tool in others}
