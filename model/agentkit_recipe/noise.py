"""What the canvases of a training batch look like: noise as the sampler makes it.

Three kinds are mixed. *Uniform*: every token is replaced by a random one with probability t, t drawn with extra
weight on high values and some of it at t = 1, where every canvas begins. *Span*: a clean canvas with one noisy run,
which is what a repaired canvas looks like. *Own samples*: one step of the entropy-bound sampler (Ben-Hamu et al., arXiv
2505.24857, as DiffusionGemma uses it) on the model's own prediction, so that it learns to mend what it wrongly
accepted itself.
"""

from __future__ import annotations

import torch
from torch import Tensor


def uniform_noise_mask(
    count: int, size: int, generator: torch.Generator, *, span_share: float
) -> tuple[Tensor, Tensor]:
    """Which cells are noisy. Returns (mask (count, size) bool, level (count,) the share t each row was drawn with)."""
    kind = torch.rand(count, generator=generator)
    level = torch.rand(count, generator=generator)
    high = 1 - torch.rand(count, generator=generator) ** 2 * 0.999
    level = torch.where(kind < 0.3, high, level)
    level = torch.where(kind > 0.88, torch.ones(()), level)  # (count,)
    mask = torch.rand(count, size, generator=generator) < level[:, None]
    spans = torch.rand(count, generator=generator) < span_share
    first = torch.randint(0, size - 2, (count,), generator=generator)
    length = torch.randint(1, max(2, size // 3), (count,), generator=generator)
    cells = torch.arange(size)
    run = (cells >= first[:, None]) & (cells < (first + length)[:, None])
    mask = torch.where(spans[:, None], run, mask)
    return mask, torch.where(spans, length / size, level)


def more_noise(mask: Tensor, generator: torch.Generator) -> Tensor:
    """A noisier mask (N, C) that contains `mask`: the canvas one step earlier, for self-conditioning."""
    extra = torch.rand(mask.shape[0], generator=generator)[:, None]
    return mask | (torch.rand(mask.shape, generator=generator) < extra)


def apply_noise(tokens: Tensor, mask: Tensor, vocab_size: int, generator: torch.Generator) -> Tensor:
    """`tokens` with the masked cells replaced by uniform random ids."""
    return torch.where(mask, torch.randint(0, vocab_size, tokens.shape, generator=generator), tokens)


def own_samples(logits: Tensor, bound: float, generator: torch.Generator) -> Tensor:
    """One sampler step on tempered logits (N, C, V): sampled tokens (N, C) where accepted, uniform noise elsewhere."""
    log_p = logits.log_softmax(-1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1)  # (N, C)
    ends = p.cumsum(-1)  # of the tokens' shares of the distribution: a number drawn between 0 and 1 falls into one
    drawn = torch.rand((*entropy.shape, 1), generator=generator) * ends[..., -1:]
    sampled = torch.searchsorted(ends, drawn, right=True).squeeze(-1).clamp(max=p.shape[-1] - 1)
    ordered, order = entropy.sort(-1)
    accept_ordered = ordered.cumsum(-1) - ordered <= bound
    accept = torch.zeros_like(accept_ordered).scatter(-1, order, accept_ordered)
    return apply_noise(sampled, ~accept, logits.shape[-1], generator)
