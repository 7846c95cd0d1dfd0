"""How noise goes into a canvas, and back into it."""

import pytest
import torch

from agentkit_model.noise import Noise, Remask, Renoise, UniformRenoise

VOCAB, MASK = 50, 49


@pytest.mark.parametrize("strategy", [UniformRenoise(VOCAB), Remask(MASK)])
def test_what_was_accepted_stays_and_the_rest_is_noise_again(strategy: Renoise) -> None:
    canvas = torch.arange(8)
    accepted = torch.tensor([True, False] * 4)
    after = strategy.again(Noise(0), canvas, accepted)
    assert after[accepted].tolist() == [0, 2, 4, 6]
    assert strategy.again(Noise(0), canvas, accepted).tolist() == after.tolist()
    assert strategy.start(Noise(1), 8).shape == (8,)


def test_a_mask_model_starts_from_masks_and_goes_back_to_them() -> None:
    assert Remask(MASK).start(Noise(0), 4).tolist() == [MASK] * 4
    assert Remask(MASK).again(
        Noise(0), torch.zeros(3, dtype=torch.long), torch.tensor([True, False, False])
    ).tolist() == [
        0,
        MASK,
        MASK,
    ]


def test_uniform_noise_covers_the_whole_vocabulary() -> None:
    assert set(UniformRenoise(VOCAB).start(Noise(0), 2000).tolist()) == set(range(VOCAB))
