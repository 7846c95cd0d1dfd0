"""Requests made up for tools that somebody wrote."""

import random
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import AfterValidator, BaseModel

from agentkit import Tool, UserError
from agentkit.messages import ToolDefinition
from agentkit_recipe.tune.tool import Example, OwnTool, lower


def reserve_desk(floor: int, day: str, kind: Literal["quiet", "open"], window: bool = False) -> str:
    """Reserve a desk in the office.

    Args:
        floor: The floor that the desk is on.
        day: The day it is needed.
        window: Whether it is at a window.
    """
    return "done"


EXAMPLES = [
    Example("Get me a quiet desk on floor 3 for Monday", {"floor": 3, "day": "Monday", "kind": "quiet"}),
    Example("I need a desk tomorrow, 5th floor, open space", {"floor": 5, "day": "tomorrow", "kind": "open"}),
    Example("somewhere to sit", {"floor": 1, "day": "today", "kind": "open"}),
]


@pytest.mark.parametrize("examples", [EXAMPLES, EXAMPLES[:2], []], ids=len)
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_every_call_obeys_the_schema_and_takes_its_words_from_the_request(examples: list[Example], split: str) -> None:
    tool = OwnTool(Tool(reserve_desk).definition, examples)
    validator = Draft202012Validator({**tool.definition.parameters, "additionalProperties": False})
    fixed = {"today", "tomorrow"}
    for seed in range(300):
        asked = tool.ask(random.Random(seed), split)
        assert validator.is_valid(asked.arguments), asked
        assert asked.arguments["day"] in asked.prompt or asked.arguments["day"] in fixed, asked
        assert asked.prompt.strip() and "{" not in asked.prompt


def test_requests_are_many() -> None:
    tool = OwnTool(Tool(reserve_desk).definition, EXAMPLES)
    prompts = {tool.ask(random.Random(seed), "train").prompt for seed in range(300)}
    assert len(prompts) > 250
    first = {prompt.lower().split()[0] for prompt in prompts}
    assert len(first) > 25


def test_a_request_follows_from_its_seed() -> None:
    tool = OwnTool(Tool(reserve_desk).definition, EXAMPLES)
    assert tool.ask(random.Random(5), "train") == tool.ask(random.Random(5), "train")


def test_a_required_value_may_be_left_out_on_purpose() -> None:
    tool = OwnTool(Tool(reserve_desk).definition, EXAMPLES)
    found = [tool.ask_without(random.Random(seed), "train") for seed in range(60)]
    assert {key for _, key in filter(None, found)} == {"floor", "day", "kind"}


@given(st.text("abcXYZ _", max_size=30), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_any_description_can_be_worked_with(description: str, seed: int) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    definition = ToolDefinition("zorp", description, schema)
    if not description.strip():
        with pytest.raises(UserError, match="'zorp' has no description"):
            OwnTool(definition)
        return
    asked = OwnTool(definition).ask(random.Random(seed), "train")
    assert str(asked.arguments["x"]) in asked.prompt


def test_names_keep_their_capital() -> None:
    assert lower("Book a desk") == "book a desk" and lower("Anna takes it") == "Anna takes it"


def even(number: int) -> int:
    if number % 2:
        raise ValueError("must be even")
    return number


class Address(BaseModel):
    street: str
    city: str
    door: str | None = None


def ship(parcel: str, address: Address | None = None) -> str:
    """Ship a parcel."""
    return "done"


def label(tags: dict[str, str], box: str) -> str:
    """Label a box."""
    return "done"


def ping(host: IPv4Address, wait: timedelta, times: Annotated[int, AfterValidator(even)] = 2) -> str:
    """Ping a host."""
    return "done"


LABELS = [Example("label box A7 as red", {"box": "A7", "tags": {"color": "red"}})]
PINGS = [Example("ping 192.168.1.10 for PT15M", {"host": "192.168.1.10", "wait": "PT15M"})]


@pytest.mark.parametrize(("function", "examples"), [(ship, []), (label, LABELS), (ping, []), (ping, PINGS)])
def test_the_tool_takes_every_call(function: Callable[..., str], examples: list[Example]) -> None:
    tool = Tool(function)
    own = OwnTool(tool.definition, examples, check=tool.check)
    for seed in range(60):
        tool.check(own.ask(random.Random(seed), "train").arguments)


def test_an_object_that_may_be_left_out_is_given_with_all_that_it_requires() -> None:
    own = OwnTool(Tool(ship).definition)
    given = [set(own.ask(random.Random(seed), "train").arguments.get("address", {})) for seed in range(60)]
    assert all(keys == set() or {"street", "city"} <= keys for keys in given)
    assert {frozenset(keys) for keys in given} == set(map(frozenset, ([], ["street", "city"], Address.model_fields)))


def test_what_an_example_says_of_no_field_stays_as_it_is() -> None:
    tool = Tool(label)
    own = OwnTool(tool.definition, LABELS, check=tool.check)
    asked = [own.ask(random.Random(seed), "train") for seed in range(60)]
    assert all(a.arguments["tags"] == {"color": "red"} and "as red" in a.prompt for a in asked)
    assert len({a.arguments["box"] for a in asked}) > 10


def test_a_tool_that_refuses_every_call_is_told() -> None:
    tool = Tool(label)
    with pytest.raises(UserError, match=r"'label' can't be tuned: it refuses .*\(/tags: .*--examples"):
        OwnTool(tool.definition, check=tool.check).ask(random.Random(0), "train", 5)
