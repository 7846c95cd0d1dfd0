import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import Usage, UsageLimitExceeded, UsageLimits, UserError
from agentkit.usage import Budget


def test_usage_adds_up():
    total = Usage(turns=1, prompt_tokens=5) + Usage(turns=2, output_tokens=3, seconds=0.5)
    assert total == Usage(turns=3, prompt_tokens=5, output_tokens=3, seconds=0.5)
    assert total.tokens == 8


def test_spending_past_a_limit_names_it():
    budget = Budget(UsageLimits(canvases=2))
    budget.spend(canvases=2)
    with pytest.raises(UsageLimitExceeded, match=r"limit of 2 canvases \(UsageLimits.canvases\)") as caught:
        budget.spend(canvases=1)
    assert (caught.value.limit, caught.value.maximum) == ("canvases", 2)


def test_prompt_and_output_tokens_share_a_limit():
    budget = Budget(UsageLimits(tokens=10))
    budget.spend(prompt_tokens=8)
    with pytest.raises(UsageLimitExceeded, match="tokens"):
        budget.spend(output_tokens=3)


def test_a_canvas_needs_something_left():
    budget = Budget(UsageLimits(denoising_steps=3))
    budget.spend(denoising_steps=3)
    with pytest.raises(UsageLimitExceeded, match="denoising steps"):
        budget.check_canvas()


def test_a_child_spends_on_its_parent_and_the_tightest_limit_holds():
    parent = Budget(UsageLimits(canvases=3))
    left, right = parent.child(), parent.child(UsageLimits(canvases=1))
    left.spend(canvases=1)
    right.spend(canvases=1)
    assert (left.usage.canvases, right.usage.canvases, parent.usage.canvases) == (1, 1, 2)
    assert (left.left("canvases"), right.left("canvases"), Budget().left("canvases")) == (1, 0, None)
    with pytest.raises(UsageLimitExceeded):
        right.check_canvas()
    left.check_canvas()


amounts = st.integers(0, 20)


@given(amounts, amounts)
def test_settling_counts_nothing_twice(reported, spent):
    run = Budget()
    turn = run.child()
    turn.spend(canvases=spent)
    turn.settle(Usage(canvases=reported))
    assert turn.usage.canvases == run.usage.canvases == max(reported, spent)


@pytest.mark.parametrize("wrong", [-1, float("nan")])
def test_a_limit_is_not_negative(wrong):
    with pytest.raises(UserError, match=r"UsageLimits\.seconds"):
        UsageLimits(seconds=wrong)


def test_the_default_limits_stop_a_runaway_loop():
    limits = UsageLimits()
    assert None not in (limits.turns, limits.canvases, limits.denoising_steps, limits.tool_calls, limits.tokens)
