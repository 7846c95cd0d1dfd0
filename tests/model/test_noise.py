"""What noise is made of."""

import pytest
import torch

from agentkit_model.noise import Noise, Remask, Renoise, UniformRenoise

VOCAB, MASK = 50, 49


@pytest.mark.parametrize("strategy", [UniformRenoise(VOCAB), Remask(MASK)])
def test_noise_follows_from_the_seed(strategy: Renoise) -> None:
    fresh = strategy.fresh(Noise(1), 8)
    assert fresh.shape == (8,) and fresh.dtype == torch.long
    assert torch.equal(strategy.fresh(Noise(1), 8), fresh)


def test_a_mask_model_has_masks_for_noise() -> None:
    assert Remask(MASK).fresh(Noise(0), 4).tolist() == [MASK] * 4


def test_uniform_noise_covers_the_whole_vocabulary() -> None:
    assert set(UniformRenoise(VOCAB).fresh(Noise(0), 2000).tolist()) == set(range(VOCAB))
