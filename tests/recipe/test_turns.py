"""Requests of several calls or turns: what they say is what their calls hold."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agentkit.messages import AssistantMessage, ToolMessage, UserMessage
from agentkit_recipe import turns
from agentkit_recipe.cases import Case, Mix, Scene, View, choose_scene, show
from agentkit_recipe.catalogue import KNOWN
from agentkit_recipe.composed import Composed
from agentkit_recipe.families import without
from agentkit_recipe.values import SPLITS, convert

SEEDS = st.integers(0, 10**9)


def made(kind: str, count: int, split: str = "train") -> Iterator[tuple[Scene, Case]]:
    """Cases of one kind, and their scenes."""
    rng = random.Random(kind)
    while count:
        scene = choose_scene(rng, Mix())
        case = turns.MAKERS[kind](scene, rng, split)
        if case is not None:
            count -= 1
            yield scene, case


@given(SEEDS, st.sampled_from(sorted(turns.MAKERS)), st.sampled_from(SPLITS))
@settings(max_examples=300, deadline=None)
def test_calls_obey_the_declarations_in_view(seed: int, kind: str, split: str) -> None:
    rng = random.Random(seed)
    scene = choose_scene(rng, Mix())
    case = turns.MAKERS[kind](scene, rng, split)
    if case is None:
        return
    assert case.prompt and "{" not in case.prompt + case.answer
    assert bool(case.rounds) == (kind != "missing")
    for call in (call for calls in case.rounds for call in calls):
        assert call.view in scene.views
        closed = {**call.view.definition.parameters, "additionalProperties": False}
        assert [error.message for error in Draft202012Validator(closed).iter_errors(call.arguments)] == []


def test_several_calls_are_made_side_by_side() -> None:
    counts = set()
    for _, case in made("several", 80):
        (calls,) = case.rounds
        counts.add(len(calls))
        seen = [(call.view.definition.name, call.arguments) for call in calls]
        assert all(call not in seen[:i] for i, call in enumerate(seen))
    assert counts == {2, 3}


def test_a_missing_value_is_asked_for_in_the_words_of_its_declaration_and_given_later() -> None:
    given = 0
    for _, case in made("later", 60):
        first, question = case.history
        assert isinstance(first, UserMessage) and isinstance(question, AssistantMessage)
        (call,) = case.rounds[0]
        properties = call.view.definition.parameters["properties"]
        asked = [key for key in properties if turns.described(key, properties[key]) in question.text]
        assert asked and set(asked) & set(call.arguments)
        given += any(str(call.arguments.get(key)) in case.prompt for key in asked)
    assert given > 40, "but for values that are said in other words"


def test_a_follow_up_changes_one_value_of_the_call_before() -> None:
    for _, case in made("follow_up", 60):
        before = next(message for message in case.history if isinstance(message, AssistantMessage)).calls[0]
        (call,) = case.rounds[0]
        assert before.name == call.view.definition.name and before.arguments is not None
        assert before.arguments.keys() == call.arguments.keys()
        assert sum(before.arguments[key] != value for key, value in call.arguments.items()) == 1


def test_a_chained_call_holds_the_result_of_the_one_before() -> None:
    lengths, takers = set(), set()
    for _, case in made("chained", 60):
        lengths.add(len(case.rounds))
        takers.add(type(case.rounds[-1][0].view))
        if len(case.rounds) == 2:
            result = case.rounds[0][0].result
        else:
            (told,) = (message for message in case.history if isinstance(message, ToolMessage))
            result = told.results[0].content
        assert result in case.rounds[-1][0].arguments.values()
    assert lengths == {1, 2}
    assert takers == {View, Composed}


def test_a_family_s_request_is_made_again_with_other_values_that_go_together() -> None:
    (units,) = (family for family in KNOWN if family.name == "convert_units")
    scene = Scene([show(units, random.Random(0), "usual")])
    rng = random.Random(3)
    found = [case for _ in range(60) if (case := turns.follow_up(scene, rng, "train")) is not None]
    for case in found:
        (call,) = case.rounds[0]
        before = next(message for message in case.history if isinstance(message, AssistantMessage)).calls[0]
        assert before.arguments is not None
        assert call.arguments["from_unit"] == before.arguments["from_unit"]
        assert call.arguments["to_unit"] != before.arguments["to_unit"] and call.arguments["to_unit"] in case.prompt
        assert convert(1, call.arguments["from_unit"], call.arguments["to_unit"]) is not None
    assert len(found) > 20


def test_cases_of_every_kind_have_their_share() -> None:
    rng = random.Random(4)
    cases = [turns.case(choose_scene(rng, Mix()), rng, "train", Mix()) for _ in range(1500)]
    assert 100 < sum(len(case.rounds) == 1 and len(case.rounds[0]) > 1 for case in cases) < 400
    assert 1 < sum(len(case.rounds) > 1 for case in cases) < 100
    assert 75 < sum(bool(case.history) for case in cases) < 450
    assert 12 < sum(case.answer.startswith("Please tell me") for case in cases) < 150


@pytest.mark.parametrize(
    ("asks", "key", "left"),
    [
        ("wake me up at {time}", "time", "wake me up"),
        ("add a note: {text}", "text", "add a note"),
        ("convert {value} {from_unit} to {to_unit}", "to_unit", "convert {value} {from_unit}"),
        ("convert {value} {from_unit} to {to_unit}", "value", None),
        ("what is {expression}", "expression", None),
        ("read {path}", "path", None),
    ],
)
def test_a_phrasing_without_its_last_value(asks: str, key: str, left: str | None) -> None:
    assert without(asks, key) == left
