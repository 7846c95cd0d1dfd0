"""Generated types as outputs: whatever the weights, every run ends with a value of its type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, make_dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired, Union

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError, create_model
from typing_extensions import TypedDict

from agentkit import Agent, Constraints, Model, ModelRetry, ModelSettings, ToolMessage, ToolOutput
from agentkit.testing import toy_model

TYPES = 200
GENERATED = settings(
    max_examples=TYPES, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
)
NAMES = st.sampled_from(["city", "count", "Unit", "is_it", "n", "flags_2", "type"])


class Colour(Enum):
    RED = "red"
    DARK_BLUE = "dark blue"


scalars = st.sampled_from(
    [
        str,
        int,
        float,
        bool,
        date,
        Colour,
        Literal["a", "two words", 3],
        Annotated[int, Field(ge=-3, le=200)],
        Annotated[str, Field(pattern="^[a-c]{1,3}$")],
        Annotated[str, Field(min_length=1, max_length=4)],
    ]
)


@st.composite
def objects(draw: st.DrawFn, fields: st.SearchStrategy[Any]) -> Any:
    """A model, a dataclass or a TypedDict."""
    members = draw(st.dictionaries(NAMES, fields, min_size=1, max_size=3))
    optional = draw(st.sets(st.sampled_from(sorted(members))))
    kind = draw(st.sampled_from(["model", "dataclass", "dict"]))
    number = draw(st.integers(0, 999))
    if kind == "model":
        defaults = {name: (hint | None, None) if name in optional else (hint, ...) for name, hint in members.items()}
        return create_model(f"Model{number}", **defaults)
    if kind == "dict":
        hints = {name: NotRequired[hint] if name in optional else hint for name, hint in members.items()}
        return TypedDict(f"Dict{number}", hints)  # type: ignore[operator]
    return make_dataclass(f"Data{number}", members.items())


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        objects(inner),
        inner.map(lambda hint: list[hint]),
        inner.map(lambda hint: Annotated[list[hint], Field(min_length=1, max_length=2)]),
        st.tuples(inner, inner).map(lambda pair: tuple[pair]),
        inner.map(lambda hint: dict[str, hint]),
        st.tuples(inner, inner | st.none()).map(lambda pair: Union[pair]),  # noqa: UP007 (made at run time)
    )


types = st.recursive(scalars, containers, max_leaves=4)
alternatives = types.map(lambda hint: [hint]) | st.lists(types, min_size=2, max_size=3)


@pytest.fixture(scope="module")
def models() -> Iterator[list[Model]]:
    made = [toy_model(seed=seed) for seed in range(3)]
    yield made
    for model in made:
        model.engine.close_sync()  # type: ignore[attr-defined]


def fits(hint: Any, output: Any) -> bool:
    try:
        TypeAdapter(hint).validate_python(output, strict=True)
    except ValidationError:
        return False
    return True


@pytest.mark.timeout(900)
def test_every_output_is_of_its_type_whatever_the_weights(models: list[Model]) -> None:
    seen: list[Any] = []

    @hypothesis.seed(0)
    @GENERATED
    @given(alternatives)
    def check(hints: list[Any]) -> None:
        number = len(seen)
        seen.append(hints)
        asked = ModelSettings(
            seed=number,
            max_tokens=320,
            max_denoising_steps=1 + number % 2,
            constraints=Constraints(bonus=10.0 * (number % 3), from_step=number % 2),
        )
        named = [
            ToolOutput(hint, name=f"output_{index}") for index, hint in enumerate(hints)
        ]  # str is a value, no text
        result = Agent(models[number % 3], output_type=named, model_settings=asked).run_sync("Go.")
        assert result.stop_reason == "finished", result.stop_detail
        assert any(fits(hint, result.output) for hint in hints)

    check()
    assert len(seen) >= TYPES


@dataclass
class AddItem:
    """Add an item to the shopping list."""

    item: str


class Light(TypedDict):
    """Turn a light on or off."""

    room: str
    state: Literal["on", "off"]


@pytest.mark.parametrize(
    ("output_type", "prompt", "output"),
    [
        (AddItem, "Add milk to the shopping list", AddItem("milk")),
        (Light, "Lights on in the garage", {"room": "garage", "state": "on"}),
        (int, "Set the thermostat to 21 degrees", 21),
    ],
)
def test_the_bundled_model_answers_with_values(output_type: Any, prompt: str, output: Any) -> None:
    result = Agent("bundled", output_type=output_type, model_settings=ModelSettings(seed=0)).run_sync(prompt)
    assert result.output == output
    assert result.usage.turns == 1


def test_the_bundled_model_repairs_the_field_that_a_validator_refuses() -> None:
    agent = Agent("bundled", output_type=Light, model_settings=ModelSettings(seed=0))

    @agent.output_validator
    def dark(light: Light) -> Light:
        if light["state"] == "on":
            raise ModelRetry("it is bright enough", argument="state")
        return light

    result = agent.run_sync("Lights on in the garage")
    assert result.output == {"room": "garage", "state": "off"}
    assert (result.usage.turns, result.usage.repairs) == (1, 1)
    told = [
        answer for message in result.all_messages() if isinstance(message, ToolMessage) for answer in message.results
    ]
    assert [answer.is_error for answer in told] == [False]


def test_a_tool_comes_before_the_output_where_it_has_to(models: list[Model]) -> None:
    def look_up(word: Literal["a", "b"]) -> int:
        """Look a word up."""
        return 7

    chosen = ModelSettings(tool_choice="look_up", seed=3, max_tokens=64, constraints=Constraints(bonus=20.0))
    result = Agent(models[0], tools=[look_up], output_type=bool, model_settings=chosen).run_sync("Go.")
    assert result.tool_calls[0].call.name == "look_up"
    without = ModelSettings(tool_choice="none", seed=3, max_tokens=64)
    result = Agent(models[0], tools=[look_up], output_type=bool, model_settings=without).run_sync("Go.")
    assert (result.tool_calls, type(result.output)) == ((), bool)


def test_a_canvas_that_is_not_held_still_begins_with_a_call(models: list[Model]) -> None:
    free = ModelSettings(constraints=False, seed=1, max_tokens=16)
    result = Agent(models[0], output_type=bool, model_settings=free, retries=0).run_sync("Go.")
    assert result.canvases[0].text.startswith("<|tool_call>call:")
