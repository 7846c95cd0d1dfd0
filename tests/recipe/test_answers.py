"""Answers that any tool's result can be stated in."""

from __future__ import annotations

import random
from typing import Any

import pytest

from agentkit_recipe.answers import STATUSES, plain_answer
from agentkit_recipe.catalogue import TRAINED
from agentkit_recipe.composed import outcome
from agentkit_recipe.families import arguments_of, draw, make_result, spoken


@pytest.mark.parametrize(
    ("result", "stated"),
    [
        ("ok", "Done: ok."),
        (None, "Done."),
        ("9 am", "It is 9 am."),
        (12.5, "It is 12.5."),
        (True, "It is true."),
        ("Saved note 12.", "Saved note 12."),
        ("Who is there?", "Who is there?"),
        (["Tina"], "I found Tina."),
        (["Tina", "Ben", "Eve"], "I found Tina, Ben and Eve."),
        ([{"name": "Tina", "id": 1}, {"name": "Ben", "id": 2}], "I found Tina and Ben."),
        ([], "I found nothing."),
        ({}, "Done."),
        ({"time": "9 am", "track_number": 5}, "The time is 9 am and the track number is 5."),
        ({"status": "saved", "id": "K7"}, "Done: saved, the id is K7."),
        ({"id": "K7", "status": "saved"}, "Done: saved, the id is K7."),
        ({"status": "late", "by": 5}, "It is late, the by is 5."),
    ],
)
def test_a_result_alone_decides_how_it_is_stated(result: Any, stated: str) -> None:
    assert plain_answer(result) == stated


def test_a_failure_is_told_with_its_reason() -> None:
    assert plain_answer("the disk is full", failed=True) == "Sorry, that failed: the disk is full."


def test_every_value_of_a_family_s_result_is_in_the_answer() -> None:
    rng = random.Random(5)
    for family in TRAINED:
        for ask in family.asks:
            result = make_result(family, arguments_of(draw(family, ask, rng)), rng)
            values = result.values() if isinstance(result, dict) else result if isinstance(result, list) else [result]
            answer = plain_answer(result)
            assert all(spoken(value) in answer for value in values), family.name
            done = result.get("status") if isinstance(result, dict) else result
            assert not answer.startswith("Done") or done in STATUSES, family.name


@pytest.mark.parametrize("kind", ["count", "list", "value", "status"])
def test_composed_tools_return_whatever_tools_return(kind: str) -> None:
    rng = random.Random(3)
    results = [outcome(kind, rng, "train") for _ in range(300)]
    found = {type(result) for result, failed, _ in results if not failed}
    wanted: dict[str, set[type]] = {
        "count": {int, dict, bool},
        "list": {list},
        "value": {str, float, int, dict, bool},
        "status": {str, dict, type(None)},
    }
    assert wanted[kind] <= found
    assert all(answer == plain_answer(result, failed=failed) for result, failed, answer in results)
