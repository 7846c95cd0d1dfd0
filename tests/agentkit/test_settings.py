import pytest

from agentkit import Constraints, ModelSettings, UserError


def test_merge_puts_what_is_given_on_top():
    base = ModelSettings(max_tokens=100, seed=1, temperature=(0.8, 0.4))
    assert base.merge(ModelSettings(seed=0, thinking=False)) == ModelSettings(
        max_tokens=100, seed=0, temperature=(0.8, 0.4), thinking=False
    )
    assert base.merge(None) is base


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens": 0},
        {"max_denoising_steps": 0},
        {"max_tools": 0},
        {"candidates": -1},
        {"candidates": "a"},
        {"repairs": "a"},
        {"seed": "a"},
        {"seed": 0.5},
        {"entropy_bound": -0.1},
        {"entropy_bound": float("nan")},
        {"temperature": (0.4, 0.8)},
        {"temperature": 0.5},
    ],
)
def test_settings_that_cannot_be_are_named(wrong):
    with pytest.raises(UserError, match=f"ModelSettings.{next(iter(wrong))}"):
        ModelSettings(**wrong)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"bonus": -1.0}, "every number is at least 0"),
        ({"preference": float("nan")}, "every number is at least 0"),
        ({"naming": -0.5}, "every number is at least 0"),
        ({"labels": -1}, "every number is at least 0"),
        ({"relevance": float("inf")}, "relevance is a finite number"),
        ({"labels": float("inf")}, "labels is a finite number"),
        ({"settle": 1.5}, "settle at most 1"),
        ({"grounding": "guessed"}, "grounding is"),
        ({"sources": "everything"}, "sources is"),
    ],
)
def test_constraints_that_cannot_be_are_named(wrong, reason):
    with pytest.raises(UserError, match=reason):
        Constraints(**wrong)


@pytest.mark.parametrize("name", ["constraints", "early_tools"])
def test_what_is_switched_off_is_so_by_false_alone(name):
    with pytest.raises(UserError, match=f"ModelSettings.{name} is an? .* or False, not True"):
        ModelSettings(**{name: True})
