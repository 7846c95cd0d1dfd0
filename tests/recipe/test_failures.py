"""Why calls fail, in training and held out."""

from __future__ import annotations

import random

import pytest

from agentkit_recipe.answers import plain_answer
from agentkit_recipe.cases import View
from agentkit_recipe.conversation import Mix, ask, choose_scene
from agentkit_recipe.failures import REASONS, failure


def test_training_has_the_long_texts_of_programs_and_held_out_failures_are_short_and_others() -> None:
    rng = random.Random(1)
    trained = {failure(rng, "train") for _ in range(600)}
    held_out = {failure(rng, "heldout") for _ in range(200)}
    assert len(trained - set(REASONS)) > 250 and not any("{" in text for text in trained)
    assert sum(len(text) > 40 for text in trained) > 100
    assert held_out < set(REASONS) and not held_out & trained


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ("not found", "not found"),
        ("from_unit: the unit 'K7' is unknown: write a usual name", "the unit 'K7' is unknown"),
        ("The key 'A 7' was not found. Check the key and try again.", "The key 'A 7' was not found"),
        ("The tool failed: ConnectionError: no connection", "no connection"),
        ("unit: did you mean mile?", "did you mean mile"),
    ],
)
def test_an_answer_tells_what_a_failure_comes_to(failure: str, told: str) -> None:
    assert plain_answer(failure, failed=True) == f"Sorry, that failed: {told}."


def test_calls_of_families_fail_now_and_then_in_training_only() -> None:
    rng = random.Random(4)
    views = [view for _ in range(40) for view in choose_scene(rng, Mix()).views if isinstance(view, View)]
    calls = [case.rounds[0][0] for view in views for case in [ask(view, rng, "train") for _ in range(10)]]
    share = sum(call.failed for call in calls) / len(calls)
    assert 0.5 * Mix.failed < share < 1.5 * Mix.failed
    assert all(isinstance(call.result, str) for call in calls if call.failed)
    assert not any(ask(view, rng, "heldout").rounds[0][0].failed for view in views)
