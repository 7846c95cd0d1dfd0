"""Calls that are offered before their canvas is done: the rule on made-up drafts, then the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

from agentkit import (
    Agent,
    CanvasRecord,
    EarlyTools,
    ModelSettings,
    ToolCallPart,
    ToolCallStarted,
    ToolDefinition,
    UserMessage,
    tool,
)
from agentkit.events import CanvasCommitted
from agentkit.models.base import ModelRequest
from agentkit.models.diffusion import DiffusionModel
from agentkit.models.watch import CallWatch
from agentkit.testing import toy_model
from agentkit_model import Draft

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def model() -> Iterator[DiffusionModel]:
    toy = toy_model(seed=0)
    assert isinstance(toy, DiffusionModel)
    yield toy
    toy.engine.close_sync()


class Canvas:
    """Drafts of one turn, and the calls that are offered while one looks at them."""

    def __init__(self, model: DiffusionModel, rule: EarlyTools) -> None:
        self.model = model
        self.offered: list[ToolCallPart] = []
        self.watch = CallWatch(model.dialect, rule, turn=1, offer=self.offered.append)

    def call(self, city: str) -> list[int]:
        return self.model.dialect.render_call("weather", {"city": city})  # type: ignore[attr-defined, no-any-return]

    def draft(self, *written: str | list[int], entropy: float = 0.0) -> list[str]:
        """The cities that this draft adds to the calls that were offered."""
        tokens = [token for part in written for token in self._tokens(part)]
        before = len(self.offered)
        self.watch.look(Draft(1, tuple(tokens), (entropy,) * len(tokens), (True,) * len(tokens)))
        return [str((call.arguments or {})["city"]) for call in self.offered[before:]]

    def _tokens(self, part: str | list[int]) -> list[int]:
        return self.model.tokenizer.encode(part) if isinstance(part, str) else part


def test_a_call_is_offered_once_it_has_stayed_the_same(model: DiffusionModel) -> None:
    canvas = Canvas(model, EarlyTools(steps=2))
    oslo, lima = canvas.call("Oslo"), canvas.call("Lima")
    assert canvas.draft(oslo) == []
    assert canvas.draft(lima) == []
    assert canvas.draft(lima) == []
    assert canvas.draft(lima, "and so on") == ["Lima"]
    assert canvas.draft(lima) == []
    (offered,) = canvas.offered
    assert (offered.name, offered.arguments, offered.id) == ("weather", {"city": "Lima"}, "call_1_0")


def test_without_steps_it_is_offered_at_once(model: DiffusionModel) -> None:
    canvas = Canvas(model, EarlyTools(steps=0))
    assert canvas.draft("So: ", canvas.call("Oslo")) == ["Oslo"]
    assert canvas.offered[0].id == "call_1_1"


def test_an_uncertain_call_is_not_offered(model: DiffusionModel) -> None:
    canvas = Canvas(model, EarlyTools(steps=0, certainty=0.2))
    oslo = canvas.call("Oslo")
    assert canvas.draft(oslo, entropy=0.21) == []
    assert canvas.draft(oslo, entropy=0.19) == ["Oslo"]


def test_an_unfinished_call_is_not_offered(model: DiffusionModel) -> None:
    canvas = Canvas(model, EarlyTools(steps=0))
    oslo = canvas.call("Oslo")
    assert all(canvas.draft(oslo[:length]) == [] for length in range(len(oslo)))
    assert canvas.draft(oslo) == ["Oslo"]


def test_a_call_that_moves_is_the_same_call(model: DiffusionModel) -> None:
    canvas = Canvas(model, EarlyTools(steps=0))
    oslo = canvas.call("Oslo")
    assert canvas.draft(oslo) == ["Oslo"]
    assert canvas.draft("Well: ", oslo) == []
    assert canvas.draft(oslo, oslo) == ["Oslo"]


def test_a_call_may_reach_over_two_canvases(model: DiffusionModel) -> None:
    canvas = Canvas(model, EarlyTools(steps=0, certainty=0.2))
    oslo, lima = canvas.call("Oslo"), canvas.call("Lima")
    first = (*oslo, *lima[:5])
    assert canvas.draft(list(first)) == ["Oslo"]
    canvas.watch.commit(CanvasRecord(0, first, (0.1,) * len(first)))
    assert canvas.draft(lima[5:], entropy=0.1) == ["Lima"]


# -- on the engine

WEATHER = ToolDefinition(
    "weather",
    "Tell the weather.",
    {"type": "object", "properties": {"city": {"enum": ["Oslo", "Lima"]}}, "required": ["city"]},
)
EAGER = EarlyTools(steps=0, certainty=100.0)


async def offered(model: DiffusionModel, *, hook: bool = True, **settings: object) -> list[tuple[ToolCallPart, bool]]:
    """The calls that are offered in a turn, and whether a canvas of it had been committed by then."""
    found: list[tuple[ToolCallPart, bool]] = []
    committed = False

    def early(call: ToolCallPart) -> None:
        found.append((call, committed))

    async def emit(event: object) -> None:
        nonlocal committed
        committed = committed or isinstance(event, CanvasCommitted)

    chosen = ModelSettings(seed=3, tool_choice="weather", **settings)  # type: ignore[arg-type]
    request = ModelRequest((UserMessage("Weather?"),), (WEATHER,), chosen, early=early if hook else None)
    async with model.converse() as conversation:
        response = await conversation.respond(request, emit)
    assert response.message.calls
    return found


async def test_a_held_call_is_offered_while_its_canvas_is_denoised(model: DiffusionModel) -> None:
    found = await offered(model, early_tools=EAGER)
    assert found
    assert not found[0][1]
    assert all(call.name == "weather" and call.arguments is not None for call, _ in found)


async def test_nothing_is_offered_unless_it_is_asked_for(model: DiffusionModel) -> None:
    assert await offered(model) == []
    assert await offered(model, early_tools=False) == []
    assert await offered(model, early_tools=EAGER, hook=False) == []


async def test_of_several_candidates_nothing_is_offered(model: DiffusionModel) -> None:
    assert await offered(model, early_tools=EAGER, candidates=2) == []


async def test_the_models_own_settings_count(model: DiffusionModel) -> None:
    own = DiffusionModel(model.engine, model.tokenizer, settings=model.settings.merge(ModelSettings(early_tools=EAGER)))
    assert await offered(own)
    assert await offered(own, early_tools=False) == []


@pytest.mark.parametrize("seed", range(4))
async def test_a_run_says_the_same_with_and_without(model: DiffusionModel, seed: int) -> None:
    @tool(read_only=True)
    def weather(city: Literal["Oslo", "Lima"]) -> str:
        """Tell the weather."""
        return f"sunny in {city}"

    agent = Agent(model, tools=[weather], model_settings=ModelSettings(seed=seed, tool_choice="required"))
    plain = await agent.run("Weather?")
    async with agent.run_stream_events("Weather?", model_settings=ModelSettings(early_tools=EAGER)) as stream:
        events = [event async for event in stream]
    early = events[-1].result  # type: ignore[union-attr]

    def said(result):  # type: ignore[no-untyped-def]
        calls = [(finished.call.arguments, finished.result.content) for finished in result.tool_calls]
        return sorted(calls, key=repr), [canvas.tokens for canvas in result.canvases]  # tools end in any order

    assert said(early) == said(plain)
    kinds = [type(event) for event in events]
    assert kinds.index(ToolCallStarted) < kinds.index(CanvasCommitted)
