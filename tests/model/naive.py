"""One step's questions to the vocabulary, answered plainly and one canvas at a time: the oracle of the fast paths."""

import torch
from torch import Tensor


def temper(logits: Tensor, temperature: float | Tensor) -> Tensor:
    """Divides logits (L, V) by the temperature; at 0 all the probability goes to the most probable token."""
    if temperature > 0:
        return logits / temperature
    best = logits.argmax(dim=-1, keepdim=True)
    return torch.full_like(logits, -torch.inf).scatter_(-1, best, 0.0)


def clamp(logits: Tensor, positions: Tensor, tokens: Tensor) -> Tensor:
    """Logits (L, V) with all probability on the tokens (K,) at the positions (K,)."""
    held = logits.clone()
    held[positions] = -torch.inf
    held[positions, tokens] = 0.0
    return held


def lift(logits: Tensor, tokens: Tensor, start: int, bonus: float) -> Tensor:
    """Logits (L, V) with the bonus on tokens (L,) from position `start` on."""
    lifted = logits.clone()
    lifted[start:].scatter_add_(1, tokens[start:, None], torch.full((len(tokens) - start, 1), bonus))
    return lifted


def entropy(tempered: Tensor) -> Tensor:
    """Entropy in nats of each position (L,) of tempered logits (L, V), as torch's Categorical has it."""
    log_probs = tempered - tempered.logsumexp(dim=-1, keepdim=True)
    return -(log_probs.clamp(min=torch.finfo(torch.float32).min) * log_probs.softmax(dim=-1)).sum(dim=-1)


def draw(weights: Tensor, uniforms: Tensor) -> Tensor:
    """One token (L,) by inverting the cumulated weights (L, V) at uniform numbers (L,)."""
    cumulated = weights.cumsum(dim=-1)
    tokens = torch.searchsorted(cumulated, uniforms[:, None] * cumulated[:, -1:], right=True).squeeze(-1)
    return torch.where(tokens < weights.shape[-1], tokens, weights.argmax(dim=-1))
