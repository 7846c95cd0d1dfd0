"""Where a canvas' randomness comes from, and what it is made of."""

from typing import Protocol

import torch
from torch import Tensor


class Noise:
    """The random numbers of one canvas: a generator of its own on the CPU, whatever the device.

    A canvas draws its start, then for each step L uniform numbers and one renoising. Since nobody else draws from it, a
    canvas with a seed has the same noise alone or in any company, on every device.
    """

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator("cpu").manual_seed(seed)

    def uniforms(self, count: int) -> Tensor:
        """Numbers in [0, 1): (count,) float32 on the CPU."""
        return torch.rand(count, generator=self._generator)

    def tokens(self, count: int, vocab_size: int) -> Tensor:
        """Token ids, each equally likely: (count,) int64 on the CPU."""
        return torch.randint(vocab_size, (count,), generator=self._generator)


class Renoise(Protocol):
    """What stands on a canvas where nothing is accepted: at its start, and wherever it is made noise again."""

    def fresh(self, noise: Noise, length: int) -> Tensor:
        """Tokens of pure noise: (L,) int64 on the CPU."""


class UniformRenoise:
    """Noise of DiffusionGemma: every id of the vocabulary, special ones included, with equal probability."""

    def __init__(self, vocab_size: int) -> None:
        self.vocab_size = vocab_size

    def fresh(self, noise: Noise, length: int) -> Tensor:
        return noise.tokens(length, self.vocab_size)


class Remask:
    """Noise of mask models (LLaDA, Dream, SDAR): the mask token, everywhere."""

    def __init__(self, mask_token: int) -> None:
        self.mask_token = mask_token

    def fresh(self, noise: Noise, length: int) -> Tensor:
        return torch.full((length,), self.mask_token)
