"""The sampler's pure functions, next to transformers' own and to what they promise."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.models.diffusion_gemma.generation_diffusion_gemma import (
    EntropyBoundSampler,
    EntropyBoundSamplerConfig,
    LinearTemperatureScheduleLogitsProcessor,
)

from agentkit_model import PlanError, sampler
from agentkit_model.noise import Noise
from agentkit_model.sampler import SamplerSettings
from tests.model import naive

SEEDS = st.integers(0, 2**32)


def random_logits(seed: int, spread: float = 6.0) -> torch.Tensor:
    """Logits (L, V) = (12, 30)."""
    return torch.randn(12, 30, generator=torch.Generator().manual_seed(seed)) * spread


@given(steps=st.integers(1, 64), data=st.data(), t_min=st.floats(0.0, 1.0), extra=st.floats(0.001, 1.0))
def test_the_schedule_is_transformers_to_the_last_bit(
    steps: int, data: st.DataObject, t_min: float, extra: float
) -> None:
    step = data.draw(st.integers(0, steps - 1))
    own = SamplerSettings(max_denoising_steps=steps, t_min=t_min, t_max=t_min + extra)
    reference = LinearTemperatureScheduleLogitsProcessor(own.t_min, own.t_max, steps)
    logits = random_logits(1)
    remaining = torch.tensor(steps - step, dtype=torch.int32)
    expected = reference(None, logits, cur_step=remaining)  # type: ignore[arg-type]
    assert torch.equal(naive.temper(logits, sampler.temperature(own, step)), expected)


def test_settings_may_be_the_numbers_of_other_libraries() -> None:
    own = SamplerSettings(max_denoising_steps=np.int64(4), entropy_bound=np.float32(0.5))  # type: ignore[arg-type]
    assert (own.max_denoising_steps, own.entropy_bound) == (4, 0.5)
    assert (type(own.max_denoising_steps), type(own.entropy_bound)) == (int, float)
    for wrong in (np.float64("inf"), np.bool_(True), "4"):
        with pytest.raises(PlanError, match="max_denoising_steps must be a finite number of at least 0"):
            SamplerSettings(max_denoising_steps=wrong)  # type: ignore[arg-type]


@settings(deadline=None)
@given(seed=SEEDS, bound=st.floats(0.001, 20.0), spread=st.floats(0.0, 20.0))
def test_acceptance_is_transformers(seed: int, bound: float, spread: float) -> None:
    logits = random_logits(seed, spread)
    reference = EntropyBoundSampler(EntropyBoundSamplerConfig(bound), 12, 30, 48)
    canvas = torch.zeros(1, 12, dtype=torch.long)
    reference.accept_canvas(canvas, canvas, logits[None], 1)
    accepted = sampler.accept(naive.entropy(logits), bound)
    assert torch.equal(accepted, reference.accepted_token_mask[0])
    assert accepted.any()


@given(seed=SEEDS, bounds=st.lists(st.floats(0.001, 20.0), min_size=1, max_size=4))
def test_canvases_are_accepted_side_by_side_as_alone(seed: int, bounds: list[float]) -> None:
    entropies = torch.rand(len(bounds), 12, generator=torch.Generator().manual_seed(seed)) * 3
    together = sampler.accept(entropies, torch.tensor(bounds)[:, None])
    assert torch.equal(together, torch.stack([sampler.accept(*pair) for pair in zip(entropies, bounds, strict=True)]))


@given(seed=SEEDS, size=st.sampled_from([1, 30, 64, 200, 256]), levels=st.integers(1, 5))
def test_the_most_probable_token_is_the_first_of_equals(seed: int, size: int, levels: int) -> None:
    logits = torch.randint(levels, (2, 5, size), generator=torch.Generator().manual_seed(seed)).float()
    tokens, values = sampler.most_probable(logits)
    assert torch.equal(tokens, logits.argmax(dim=-1)) and torch.equal(values, logits.amax(dim=-1))


@given(seed=SEEDS, allowed=st.sets(st.integers(0, 29), min_size=1))
def test_a_token_of_probability_0_is_never_drawn(seed: int, allowed: set[int]) -> None:
    logits = random_logits(seed)
    forbidden = [token for token in range(30) if token not in allowed]
    logits[:, forbidden] = -torch.inf
    probs = logits.softmax(-1)
    for uniforms in (Noise(seed).uniforms(12), torch.zeros(12), torch.full((12,), 1 - 2**-24)):
        drawn = sampler.draw(probs, uniforms)
        assert (probs.gather(-1, drawn[:, None]) > 0).all()


def test_tokens_are_drawn_as_often_as_they_are_probable() -> None:
    probs = torch.tensor([0.5, 0.0, 0.3, 0.2]).repeat(20_000, 1)
    counts = sampler.draw(probs, Noise(0).uniforms(20_000)).bincount(minlength=4) / 20_000
    torch.testing.assert_close(counts, probs[0], atol=0.01, rtol=0)


def test_confidence_is_that_of_the_free_positions() -> None:
    entropies = torch.tensor([[0.0, 0.4, 0.8], [0.0, 0.4, 0.8]])
    assert sampler.confident(entropies, None, torch.tensor([0.41, 0.39])).tolist() == [True, False]
    free = torch.tensor([[False, True, True], [True, True, False]])
    assert sampler.confident(entropies, free, torch.tensor([0.41, 0.41])).tolist() == [False, True]


@given(seed=SEEDS, length=st.integers(1, 100))
def test_confidence_is_the_same_beside_a_canvas_with_clamps(seed: int, length: int) -> None:
    entropies = torch.rand(1, length, generator=torch.Generator().manual_seed(seed))
    mean = entropies.mean(dim=-1)
    free = torch.ones(1, length, dtype=torch.bool)
    for threshold, confident in ((mean, False), (torch.nextafter(mean, torch.tensor(9.0)), True)):
        for mask in (None, free):
            assert sampler.confident(entropies, mask, threshold).tolist() == [confident]


def test_noise_is_a_canvas_own_and_covers_the_vocabulary() -> None:
    assert torch.equal(Noise(3).tokens(50, 9), Noise(3).tokens(50, 9))
    assert set(Noise(3).tokens(500, 9).tolist()) == set(range(9))


@pytest.mark.parametrize("bad", [{"t_min": -1}, {"entropy_bound": float("inf")}, {"stability_threshold": 0.5}])
def test_settings_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        SamplerSettings(**bad)  # type: ignore[arg-type]
