import torch
from hypothesis import given
from hypothesis import strategies as st

from agentkit_recipe.noise import apply_noise, more_noise, own_samples, uniform_noise_mask


@given(st.integers(0, 2**31))
def test_the_earlier_canvas_is_noisier(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    mask, level = uniform_noise_mask(16, 24, generator, span_share=0.2)
    assert mask.shape == (16, 24) and bool(((level >= 0) & (level <= 1)).all())
    assert bool((more_noise(mask, generator) | ~mask).all())


def test_all_span_rows_have_one_run() -> None:
    mask, _ = uniform_noise_mask(200, 24, torch.Generator().manual_seed(0), span_share=1.0)
    starts = (mask[:, 1:] & ~mask[:, :-1]).sum(1) + mask[:, 0]
    assert starts.tolist() == [1] * 200


def test_some_canvases_are_all_noise() -> None:
    mask, _ = uniform_noise_mask(2000, 24, torch.Generator().manual_seed(0), span_share=0.0)
    assert 0.1 < mask.all(1).float().mean() < 0.4


def test_clean_cells_stay() -> None:
    tokens = torch.arange(10)[None]
    mask = torch.tensor([[True] * 5 + [False] * 5])
    noisy = apply_noise(tokens, mask, 50, torch.Generator().manual_seed(0))
    assert noisy[0, 5:].tolist() == [5, 6, 7, 8, 9] and noisy[0, :5].tolist() != [0, 1, 2, 3, 4]


def test_certain_cells_are_accepted_and_others_are_noise() -> None:
    logits = torch.zeros(1, 6, 40)
    logits[0, :3, 7] = 50.0  # certain; the rest is uniform
    sampled = own_samples(logits, 0.1, torch.Generator().manual_seed(0))
    assert sampled[0, :3].tolist() == [7, 7, 7]
    draws = torch.stack([own_samples(logits, 0.1, torch.Generator().manual_seed(s))[0, 4:] for s in range(50)])
    assert len(draws.unique()) > 20
