"""Descriptions of types: what can be written for one is what pydantic takes."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, Field, HttpUrl, NaiveDatetime

from agentkit import Grounded, Tool, ToolDefinitionError
from agentkit.bundled import folder
from agentkit.constraints.vocabulary import Vocabulary
from agentkit.dialects import Gemma4, Tokenizer
from agentkit.dialects.gemma4_grammar import call_automaton
from agentkit.schema import clean_schema
from tests.agentkit.constraints.paths import Walker


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Mixed(Enum):
    NUMBER = 1
    WORD = "x"


class Numbers(Enum):
    ONE = 1


@dataclass
class Trip:
    city: str
    code: str = field(init=False, default="x")

    def __post_init__(self) -> None:
        self.code = self.city[:3]


def tool_of(annotation: Any) -> Tool:
    def f(x): ...  # type: ignore[no-untyped-def]

    f.__annotations__ = {"x": annotation}
    return Tool(f, description="Do it.")


@pytest.fixture(scope="module")
def gemma() -> Gemma4:
    return Gemma4(Tokenizer.from_file(folder() / "tokenizer.json"))


@pytest.fixture(scope="module")
def walk(gemma: Gemma4) -> Callable[[Tool], Walker]:
    vocabulary = Vocabulary(gemma.tokenizer)
    return lambda tool: Walker(call_automaton(gemma.tokenizer, vocabulary, "f", tool.parameters))


@pytest.mark.parametrize(
    ("annotation", "values"),
    [
        (datetime, ["2024-01-01T10:00:00", "2024-01-01T10:00:00Z", "2024-01-01T10:00:00+02:00"]),
        (NaiveDatetime, ["2024-01-01T10:00:00"]),
        (AwareDatetime, ["2024-01-01T10:00:00Z"]),
        (time, ["10:00:00", "10:00:00Z"]),
        (HttpUrl, ["https://localhost:11434/x", "http://[::1]/"]),
        (Annotated[float, Field(multiple_of=0.01, ge=0, le=100)], [0.07, 0.29, 19.99, 100]),
        (Annotated[Decimal, Field(max_digits=6, decimal_places=2)], [9999.99, -5, 12.3]),
        (Annotated[Decimal, Field(decimal_places=0)], [12]),
        (dict[Annotated[str, Field(pattern="^a+$")], str], [{"aa": "b"}, {}]),
        (dict[Annotated[int, Field(ge=1, le=3)], str], [{"2": "b"}]),
        (dict[Level, int], [{"1": 5, "2": 6}]),
        (dict[Mixed, int], [{"x": 1}]),
        (dict[bool, int], [{"true": 1}]),
        (Trip, [{"city": "Rome"}]),
    ],
    ids=str,
)
def test_what_is_written_is_what_pydantic_takes(
    gemma: Gemma4, walk: Callable[[Tool], Walker], annotation: Any, values: list[Any]
) -> None:
    tool = tool_of(annotation)
    walker, chance = walk(tool), random.Random(0)
    for _ in range(40):
        parsed = gemma.parse(walker.path(chance))
        if not parsed.faults:  # a key may come twice, which no automaton holds
            tool.check(parsed.calls[0].arguments)
    for value in values:
        assert tool.check({"x": value})
        assert walker.spells(gemma.tokenizer, gemma.render_call("f", {"x": value})), value


def test_a_naive_time_has_no_offset_and_an_aware_one_has(gemma: Gemma4, walk: Callable[[Tool], Walker]) -> None:
    for annotation, value in ((NaiveDatetime, "2024-01-01T10:00:00Z"), (AwareDatetime, "2024-01-01T10:00:00")):
        assert not walk(tool_of(annotation)).spells(gemma.tokenizer, gemma.render_call("f", {"x": value}))


@pytest.mark.parametrize(
    "annotation", [type[int], dict[Literal[1, 2], int], dict[Numbers, int], dict[tuple[int, int], str]], ids=str
)
def test_types_that_no_json_is_read_as_are_refused(annotation: Any) -> None:
    with pytest.raises(ToolDefinitionError, match=r"parameter 'x': the annotation .* can't be given as JSON"):
        tool_of(annotation)


def test_each_item_of_a_grounded_list_is_grounded() -> None:
    (schema,) = tool_of(Annotated[list[str], Grounded()]).parameters["properties"].values()
    assert schema == {"type": "array", "items": {"type": "string", "x-grounded": True}}


@pytest.mark.parametrize("annotation", [Literal["red", "blue"], Level, bool, dict[str, int]], ids=str)
def test_what_is_no_string_or_number_can_t_be_grounded(annotation: Any) -> None:
    with pytest.raises(ToolDefinitionError, match=r"Grounded\(\) is for strings and numbers, and for lists of them"):
        tool_of(Annotated[annotation, Grounded()])


def nested(levels: int) -> dict[str, Any]:
    """A schema of two schemas of two schemas of ..., in as many definitions as levels."""
    definitions: dict[str, Any] = {
        f"D{i}": {"type": "object", "properties": {key: {"$ref": f"#/$defs/D{i + 1}"} for key in "ab"}}
        for i in range(levels)
    }
    definitions[f"D{levels}"] = {"type": "integer"}
    return {"type": "object", "properties": {"x": {"$ref": "#/$defs/D0"}}, "$defs": definitions}


def test_references_are_inlined_unless_the_schema_would_grow_beyond_measure() -> None:
    assert "$defs" not in clean_schema(nested(5))
    assert clean_schema(nested(60)) == nested(60)


def test_a_schema_that_is_too_large_to_be_held_is_refused() -> None:
    with pytest.raises(ToolDefinitionError, match="more than 6000 schemas, too many to be held"):
        Tool.from_schema(lambda **_: None, name="f", description="Do it.", json_schema=nested(60))
