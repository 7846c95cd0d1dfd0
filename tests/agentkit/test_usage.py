import pytest

from agentkit import Usage, UsageLimits, UserError


def test_usage_adds_up():
    total = Usage(turns=1, prompt_tokens=5) + Usage(turns=2, output_tokens=3, seconds=0.5)
    assert total == Usage(turns=3, prompt_tokens=5, output_tokens=3, seconds=0.5)
    assert total.tokens == 8


@pytest.mark.parametrize("wrong", [-1, float("nan"), "a"])
def test_a_limit_is_not_negative(wrong):
    with pytest.raises(UserError, match=r"UsageLimits\.seconds"):
        UsageLimits(seconds=wrong)


def test_one_call_is_no_repetition():
    with pytest.raises(UserError, match=r"identical_calls must be at least 2"):
        UsageLimits(identical_calls=1)


def test_the_default_limits_stop_a_runaway_loop():
    limits = UsageLimits()
    for name in ("turns", "canvases", "denoising_steps", "tool_calls", "tokens", "identical_calls"):
        assert getattr(limits, name) is not None
