"""Answers that any tool's result can be stated in."""

from __future__ import annotations

import random
from typing import Any

import pytest

from agentkit_recipe.answers import STATUSES, answer_of, plain_answer
from agentkit_recipe.catalogue import KNOWN
from agentkit_recipe.everyday import EVERYDAY
from agentkit_recipe.families import arguments_of, draw, make_result


@pytest.mark.parametrize(
    ("result", "stated"),
    [
        ("ok", "Done: ok."),
        ("9 am", "It is 9 am."),
        (12.5, "It is 12.5."),
        (True, "It is on."),
        (["Tina"], "I found Tina."),
        (["Tina", "Ben", "Eve"], "I found Tina, Ben and Eve."),
        ([], "I found nothing."),
        ({"time": "9 am", "track_number": 5}, "I found time 9 am and track number 5."),
        ({"status": "saved", "id": "K7"}, "Done: saved, id K7."),
        ({"id": "K7", "status": "saved"}, "Done: saved, id K7."),
        ({"status": "late", "by": 5}, "I found status late and by 5."),
    ],
)
def test_a_result_alone_decides_how_it_is_stated(result: Any, stated: str) -> None:
    assert plain_answer(result) == stated


def test_a_failure_is_told_with_its_reason() -> None:
    assert plain_answer("the disk is full", failed=True) == "Sorry, that failed: the disk is full."


@pytest.mark.parametrize("family", EVERYDAY, ids=lambda family: family.name)
def test_every_value_of_an_everyday_result_is_in_the_answer(family: Any) -> None:
    rng = random.Random(5)
    for ask in family.asks:
        drawn = draw(family, ask, rng)
        result = make_result(family, arguments_of(drawn), rng)
        values = result.values() if isinstance(result, dict) else result if isinstance(result, list) else [result]
        answer = answer_of(family, drawn, result)
        assert all(str(value) in answer for value in values)
        assert not answer.startswith("Done") or result in STATUSES


def test_older_families_keep_their_own_wordings() -> None:
    (timer,) = (family for family in KNOWN if family.name == "start_timer")
    assert answer_of(timer, {"minutes": 5}, "ok") == "The timer runs for 5 minutes."
