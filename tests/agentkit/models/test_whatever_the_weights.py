"""The engine with random weights, thousands of generated schemas, and not one invalid call."""

from collections.abc import Iterator
from typing import Any, TypeVar

import anyio
import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from jsonschema import Draft202012Validator

from agentkit import ModelSettings, Tool, ToolDefinition, ToolDefinitionError, UserMessage
from agentkit.models.base import ModelRequest
from agentkit.models.diffusion import DiffusionModel
from agentkit.settings import Constraints
from agentkit.testing import toy_model
from tests.agentkit.constraints.schemas import DEFINITIONS, Schema, conditional, differing, soups

Made = TypeVar("Made")

SCHEMAS, PARTS = 2_000, 4
TOGETHER = 4  # turns at a time: they share forward passes, and threads make their constraints
GENERATED = settings(deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def models() -> Iterator[list[DiffusionModel]]:
    made = [toy_model(seed=seed) for seed in range(3)]
    assert all(isinstance(model, DiffusionModel) for model in made)
    yield made  # type: ignore[misc]
    for model in made:
        model.engine.close_sync()  # type: ignore[attr-defined]


async def nowhere(event: object) -> None:
    pass


async def calls(model: DiffusionModel, schema: dict[str, Any], seed: int) -> tuple[Any, ...]:
    """What random weights make of a tool: the calls of a turn that has to make one."""
    tool = ToolDefinition("f", "Do it.", schema)
    asked = ModelSettings(
        tool_choice="required",
        seed=seed,
        max_tokens=320,
        max_denoising_steps=2 if seed % 4 == 0 else 1,
        constraints=Constraints(bonus=float(seed % 3) * 10, from_step=seed % 2),
    )
    request = ModelRequest((UserMessage("Go."),), (tool,), asked)
    async with model.converse() as conversation:
        response = await conversation.respond(request, nowhere)
    assert response.faults == ()
    message = response.message
    assert response.finish == "tool_calls"
    assert message.text == ""
    assert {call.name for call in message.calls} == {"f"}
    return tuple(call.arguments for call in message.calls)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_call_is_valid_whatever_the_weights(models: list[DiffusionModel], part: int) -> None:
    count = SCHEMAS // PARTS
    schemas = [case.schema for case in generated(differing, count, seed=part)]
    assert len(schemas) >= count
    anyio.run(check_together, models, schemas, part * count)


def generated(strategy: SearchStrategy[Made], count: int, *, seed: int) -> list[Made]:
    """So many different ones."""
    found: list[Made] = []

    @hypothesis.seed(seed)
    @settings(GENERATED, max_examples=count)
    @given(strategy)
    def add(one: Made) -> None:
        found.append(one)

    add()
    return found


async def check_together(models: list[DiffusionModel], schemas: list[Schema], first_seed: int = 0) -> None:
    """Each schema in a turn of its own, several of which share every forward pass."""
    left = iter(enumerate(schemas, first_seed))

    async def work() -> None:
        for seed, schema in left:
            await check_calls(models[seed % len(models)], schema, seed)

    async with anyio.create_task_group() as group:
        for _ in range(TOGETHER):
            group.start_soon(work)


async def check_calls(model: DiffusionModel, schema: Schema, seed: int) -> None:
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    made = await calls(model, schema, seed)
    assert made
    for arguments in made:
        assert [error.message for error in validator.iter_errors(arguments)] == [], (schema, seed, arguments)


KEYWORDS: dict[str, Schema] = {
    "type": {"type": ["integer", "boolean", "null"]},
    "enum": {"enum": ["a", 2, None, [1], {"k": "v"}]},
    "const": {"const": {"a": [1, "b"]}},
    "minLength, maxLength": {"type": "string", "minLength": 3, "maxLength": 8},
    "minLength beyond 100": {"type": "string", "minLength": 104, "maxLength": 110},
    "pattern": {"type": "string", "pattern": "^[a-c]{2,4}-[0-9]$"},
    "pattern with look-aheads": {"type": "string", "pattern": "^(?=.*[0-9])(?!.*--)[a-c0-9-]{4,8}$"},
    "format": {"type": "string", "format": "date-time"},
    "minimum, maximum": {"type": "integer", "minimum": -7, "maximum": 120},
    "exclusiveMinimum, exclusiveMaximum": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "multipleOf": {"type": "number", "multipleOf": 2.5},
    "additionalProperties": {"type": "object", "additionalProperties": {"type": "boolean"}, "maxProperties": 3},
    "patternProperties": {"type": "object", "patternProperties": {"^a": {"type": "boolean"}, "b$": {"type": "null"}},
                          "minProperties": 2, "maxProperties": 3},
    "propertyNames": {"type": "object", "additionalProperties": {"type": "null"}, "maxProperties": 3,
                      "propertyNames": {"anyOf": [{"maxLength": 2}, {"pattern": "^x"}]}},
    "items, prefixItems": {"type": "array", "prefixItems": [{"type": "boolean"}], "items": {"type": "null"},
                           "minItems": 2, "maxItems": 5},
    "minItems beyond 16": {"type": "array", "items": {"type": "boolean"}, "minItems": 40, "maxItems": 44},
    "uniqueItems": {"type": "array", "uniqueItems": True, "minItems": 12,
                    "items": {"type": "object", "properties": {"a": {"enum": [1, 2, 3]}, "b": {"type": "boolean"}}}},
    "uniqueItems of few numbers": {"type": "array", "uniqueItems": True,
                                   "items": {"type": "number", "minimum": -5.5, "maximum": -3.75, "multipleOf": 1.0}},
    "uniqueItems of few maps": {"type": "array", "uniqueItems": True, "minItems": 2,
                                "items": {"type": "object", "patternProperties": {"^a$": {"type": "boolean"}},
                                          "additionalProperties": False}},
    "uniqueItems behind others": {"type": "array", "uniqueItems": True, "prefixItems": [{"enum": [1, 3]}],
                                  "items": {"type": "number", "minimum": 1, "maximum": 2, "multipleOf": 1.0}},
    "uniqueItems behind some of them": {"type": "array", "uniqueItems": True,
                                        "prefixItems": [{"enum": [-4, -9]}, {"enum": [-5, -8]}],
                                        "items": {"enum": [-4, -5]}},
    "contains": {"type": "array", "items": {"enum": [1, 2, 3]}, "contains": {"const": 2}, "maxItems": 4},
    "minContains, maxContains": {"type": "array", "items": {"type": ["integer", "null"]}, "maxItems": 6,
                                 "contains": {"type": "integer"}, "minContains": 2, "maxContains": 3},
    "contains behind a prefix": {"type": "array", "prefixItems": [{"type": "null"}], "items": {"type": "integer"},
                                 "contains": {"type": "integer", "minimum": 5}, "maxItems": 4},
    "contains twice": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "maxItems": 4,
                       "allOf": [{"contains": {"const": "a"}}, {"contains": {"const": "b"}}]},
    "$ref": {"$ref": "#/$defs/Chain"},
    "allOf": {"allOf": [{"type": "integer"}, {"minimum": 3}, {"multipleOf": 4}]},
    "anyOf": {"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 7}]},
    "oneOf that overlaps": {"type": "integer", "oneOf": [{"minimum": 3}, {"maximum": 7}]},
    "oneOf of strings": {"type": "string", "maxLength": 5, "oneOf": [{"pattern": "^a"}, {"pattern": "b$"}]},
    "not, of a pattern": {"type": "string", "maxLength": 6, "not": {"pattern": "[aeiou]"}},
    "not, of a list": {"type": "array", "items": {"type": "boolean"}, "maxItems": 2, "not": {"enum": [[], [True]]}},
    "not, of several": {"type": ["integer", "boolean"], "not": {"anyOf": [{"minimum": 3}, {"const": True}]}},
    "an integer is no number here": {"type": "number", "not": {"type": "integer"}},
}  # fmt: skip


@pytest.mark.parametrize("name", KEYWORDS)
def test_every_keyword_is_held(models: list[DiffusionModel], name: str) -> None:
    schema = {"type": "object", "properties": {"x": KEYWORDS[name]}, "required": ["x"], "$defs": DEFINITIONS}
    Tool.from_schema(print, name="f", description="Do it.", json_schema=schema)  # it is not refused
    anyio.run(check_together, models, [schema] * 6)


@pytest.mark.parametrize("seed", [5, 9, 93])
def test_an_item_may_repeat_a_key_while_it_becomes_one_that_is_there(models: list[DiffusionModel], seed: int) -> None:
    """Cut at the key, though the item, which began a canvas earlier, repeats one as well."""
    item = {"type": "object", "patternProperties": {"^[ab]{1,2}$": {"type": "null"}}, "additionalProperties": False}
    unique = {"type": "array", "items": item, "uniqueItems": True}
    several = {"type": "array", "items": unique, "minItems": 2, "maxItems": 5}
    schema = {"type": "object", "properties": {"city": several}, "required": ["city"], "additionalProperties": False}
    anyio.run(check_calls, models[seed % len(models)], schema, seed)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("schemas", "count", "served"), [(conditional, 150, 100), (soups, 200, 150)])
def test_keywords_thrown_together_are_held_or_refused(
    models: list[DiffusionModel], schemas: SearchStrategy[Schema], count: int, served: int
) -> None:
    """Members that depend on each other, and anything at all."""
    held = [schema for schema in generated(schemas, count, seed=0) if not refused(schema)]
    assert len(held) >= served
    anyio.run(check_together, models, held)


def refused(schema: Schema) -> bool:
    try:
        Tool.from_schema(print, name="f", description="Do it.", json_schema=schema)
    except ToolDefinitionError:
        return True
    return False
