"""What a turn's canvases are held to, whatever the model wants: claims on words, from the schema to the path."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import torch

import agentkit_model
from agentkit import (
    AssistantMessage,
    Constraints,
    Grounded,
    Tool,
    ToolCallPart,
    ToolMessage,
    ToolResult,
    UserMessage,
)
from agentkit.constraints.omission import OMITTED
from agentkit.dialects import Gemma4, Tokenizer
from agentkit.models.base import ModelRequest, WrongCall
from agentkit.models.hold import CHANCE, OPENING, TELLING, repair_hold, turn_hold
from agentkit.retrieval import fitness
from agentkit.settings import ModelSettings
from agentkit_model import Hold, TokenAutomaton
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


def clean_room(where: str) -> None:
    """Let a robot do it."""


def play(song: str) -> None:
    """Start a song."""


def serve_cold(dish: str, place: str) -> None:
    """Bring it."""


TOOLS = tuple(Tool(function).definition for function in (clean_room, play))
RELEVANT = Constraints(grounding="inferred", naming=0.0, relevance=8.0)


def turn(constraints: Constraints, *messages: Any, tools: Any = TOOLS) -> TokenAutomaton:
    said = tuple(UserMessage(message) if isinstance(message, str) else message for message in messages)
    return turn_hold(DIALECT, TOKENIZER, ModelRequest(said, tools, ModelSettings()), constraints).automaton


def price(automaton: TokenAutomaton, name: str, **arguments: Any) -> float:
    """What the cheapest path of a call costs, beside its tokens."""
    costs = {way.target: 0.0 for way in automaton.choices[automaton.start] if way.binds}
    for token in DIALECT.render_call(name, arguments):
        onward: dict[int, float] = {}
        for source, target, label, cost in zip(
            automaton.source, automaton.target, automaton.label, automaton.cost, strict=True
        ):
            if source in costs and token in automaton.sets[label]:
                onward[int(target)] = min(onward.get(int(target), float("inf")), costs[source] + float(cost))
        costs = onward
    return min(costs.values())


def bias(automaton: TokenAutomaton) -> float:
    (found,) = {way.bias for way in automaton.choices[automaton.start] if way.binds}
    return found


def test_a_tool_whose_words_fit_worse_costs_more() -> None:
    said = "Clean the room Blue, please"
    automaton = turn(RELEVANT, said)
    best, other = (min(points, TELLING) for points in fitness(TOOLS, [UserMessage(said)]))
    assert best > CHANCE and other == 0.0
    assert price(automaton, "clean_room", where="Blue") == 0.0
    assert price(automaton, "play", song="Blue") == pytest.approx(8.0 * best)
    assert bias(automaton) == pytest.approx(8.0 * OPENING * (best - CHANCE))
    without = turn(replace(RELEVANT, relevance=0.0), said)
    assert price(without, "play", song="Blue") == bias(without) == 0.0


def test_where_no_words_fit_all_tools_cost_the_same() -> None:
    automaton = turn(RELEVANT, "Blue")
    assert [price(automaton, "clean_room", where="Blue"), price(automaton, "play", song="Blue")] == [0.0, 0.0]
    assert bias(automaton) == 0.0


def test_only_the_turn_that_answers_a_request_is_told_what_fits() -> None:
    """Behind a result the model may want another tool, or none."""
    call = AssistantMessage((ToolCallPart("clean_room", {"where": "Blue"}, "1"),))
    result = ToolMessage((ToolResult("1", "clean_room", "done"),))
    automaton = turn(RELEVANT, "Clean the room Blue", call, result)
    assert price(automaton, "play", song="Blue") == bias(automaton) == 0.0


def test_a_value_pays_beside_another_parameters_label() -> None:
    tools = (Tool(serve_cold).definition,)
    held = Constraints(grounding="inferred", naming=0.0, twice=0.0)
    for nats, dearer in ((10.0, 10.0), (0.0, 0.0)):
        automaton = turn(replace(held, labels=nats), "serve it, place Nice", tools=tools)
        assert price(automaton, "serve_cold", dish="Nice", place="Nice") == dearer
    declared = turn(Constraints(), "serve it, place Nice", tools=(SERVE,))
    assert price(declared, "serve", dish="Nice", place="Nice") == 0.0, "only where grounding is inferred"


def test_a_yes_pays_where_no_was_said_and_a_no_where_yes_was() -> None:
    def bake(sugar: bool, warm: bool | None = None) -> None:
        """Bake it."""

    tools = (Tool(bake).definition,)
    held = Constraints(grounding="inferred", labels=10.0)
    without, warm = turn(held, "bake it without sugar", tools=tools), turn(held, "bake it, warm", tools=tools)
    assert [price(without, "bake", sugar=sugar) for sugar in (True, False)] == [10.0, 0.0]
    assert [price(warm, "bake", sugar=True, warm=heated) for heated in (True, False, None)] == [0.0, 10.0, 0.0]
    for free in (replace(held, labels=0.0), replace(held, grounding="declared")):
        assert price(turn(free, "bake it without sugar", tools=tools), "bake", sugar=True) == 0.0


def test_a_call_pays_for_what_the_request_speaks_of_and_it_lacks() -> None:
    def wash(what: str, mode: Literal["cold", "hot"] = "hot") -> None:
        """Wash it."""

    tools = (Tool(wash).definition,)
    held = Constraints(grounding="inferred", twice=0.0, labels=10.0)
    automaton = turn(held, "wash shirts cold", tools=tools)
    assert price(automaton, "wash", what="shirts", mode="cold") == 0.0
    assert price(automaton, "wash", what="shirts") == 10.0 * OMITTED
    call = AssistantMessage((ToolCallPart("wash", {"what": "shirts"}, "1"),))
    result = ToolMessage((ToolResult("1", "wash", "shirts are cold"),))
    behind = turn(held, "wash shirts", call, result, tools=tools)
    assert price(behind, "wash", what="shirts") == 0.0, "what a result speaks of is no request"
    for free in (replace(held, labels=0.0), replace(held, grounding="declared")):
        assert price(turn(free, "wash shirts cold", tools=tools), "wash", what="shirts") == 0.0


def test_a_value_pays_for_words_of_its_tools_name() -> None:
    """And a third of it for those of the description, which may name examples."""
    held = Constraints(grounding="inferred", naming=12.0)
    automaton = turn(held, "Clean room Blue by robot")
    assert price(automaton, "clean_room", where="Blue") == 0.0
    pieces = len(TOKENIZER.encode("room"))
    assert price(automaton, "clean_room", where="room Blue") == 12.0 * pieces
    assert price(automaton, "clean_room", where="robot") == pytest.approx(4.0 * len(TOKENIZER.encode("robot")))
    assert price(automaton, "play", song="room") == 0.0, "another tool's words are words"
    assert price(turn(replace(held, naming=0.0), "Clean room Blue"), "clean_room", where="room Blue") == 0.0


def test_a_thing_that_is_described_is_no_name_of_the_tool() -> None:
    """The front door is a value of lock_door(door), and the door is none; nor is Gmail app one of open_app(app)."""

    def lock_door(door: str, room: str = "") -> None:
        """Lock it."""

    held = Constraints(grounding="inferred", naming=12.0, twice=0.0, labels=0.0)
    automaton = turn(held, "Lock the front door, Lock door, Zoom door", tools=(Tool(lock_door).definition,))
    pieces = len(TOKENIZER.encode("door"))
    assert price(automaton, "lock_door", door="front door") == 0.0
    assert price(automaton, "lock_door", door="the front door") == 0.0
    assert price(automaton, "lock_door", door="front", room="front door") == 12.0 * pieces, "it is no room"
    assert price(automaton, "lock_door", door="Zoom door") == 12.0 * pieces
    assert price(automaton, "lock_door", door="door") == 12.0 * pieces
