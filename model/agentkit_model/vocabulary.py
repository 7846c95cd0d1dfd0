"""From hidden states to everything that a denoising step wants to know of the vocabulary.

The logits of a canvas are the largest tensor of a step by far (256 x 262,144 float32 numbers are 268 MB), and a step
asks a handful of things of them: the most probable token, the entropy, one drawn token, the mean embedding under the
distribution. An `Outlook` answers these. `Whole` holds the logits, which is fastest while they are small. `Chunked`
goes through the vocabulary chunk by chunk and keeps only running sums, as the softmax of FlashAttention does (Dao et
al., 2022, https://arxiv.org/abs/2205.14135; Milakov and Gimelshein, 2018, https://arxiv.org/abs/1805.02867), so the
logits of a batch never exist at once. Both give the same answers, up to rounding (`tests/model/test_vocabulary.py`).

B canvases, L positions of each, V the vocabulary size, H the hidden size. A tempered logit is taken relative to the
greatest at its position: z = (x - max x) / temperature, so that certain positions have precise entropies.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from agentkit_model import sampler
from agentkit_model.network import Network
from agentkit_model.sampler import BLOCK

WHOLE = 1 << 24  # logits of one batch up to which they are held: 64 MB in float32
CHUNK = 8192  # tokens of the vocabulary at a time; a multiple of BLOCK


@dataclass(frozen=True, slots=True)
class Decided:
    """Positions of a canvas at which a token is held: (K,) long each."""

    positions: Tensor
    tokens: Tensor


class Outlook(ABC):
    """What the network expects at the positions of a batch of canvases, and what to do about it.

    Attributes:
        best: the most probable token of each position, by the network alone but for what is decided (B, L).
        entropies: of each position, in nats, at its canvas' temperature (B, L).
        doubts: the same after the lifts (B, L).
    """

    best: Tensor
    _mass: Tensor  # (B, L), the sum of exp(z)
    _mean: Tensor  # (B, L), the sum of exp(z) * z

    def __init__(self, network: Network, heats: Tensor, decided: Sequence[Decided | None]) -> None:
        """heats: the temperature of each canvas (B,); 0 takes the most probable token."""
        self._network = network
        self._greedy = heats == 0
        self._heats = torch.where(self._greedy, 1.0, heats)[:, None]  # (B, 1)
        self._decided = decided

    def _begin(self) -> None:
        """What follows from the sums over the vocabulary."""
        for row, held in enumerate(self._decided):
            if held is not None:
                self.best[row].index_copy_(0, held.positions, held.tokens)
        self.entropies = self.doubts = self._uncertainty()
        self._chosen = self.best  # what a canvas at temperature 0 takes

    def _uncertainty(self) -> Tensor:
        """The entropies (B, L): of p = exp(z) / mass it is log mass - mean / mass."""
        entropies = (self._mass.log() - self._mean / self._mass).clamp_(min=0.0)
        for row, held in enumerate(self._decided):
            if held is not None:
                entropies[row].index_fill_(0, held.positions, 0.0)
        return entropies.masked_fill_(self._greedy[:, None], 0.0)

    def lift(self, row: int, tokens: Tensor, start: int, bonus: float) -> None:
        """Adds a bonus to the logits of one canvas' tokens (L,) from position `start` on."""
        tokens, heat = tokens[start:, None], self._heats[row]
        logit = self._logit(row, start, tokens)  # (N, 1) z of these tokens
        lifted = logit + bonus / heat
        rise = lifted.clamp(min=0.0)  # how much the greatest z rises by it
        mass, mean = self._mass[row, start:, None], self._mean[row, start:, None]
        own = logit.exp()
        factor, new_own = (-rise).exp(), (lifted - rise).exp()
        rest = (mass - own).clamp_(min=0.0) * factor
        rest_mean = (mean - own * logit) * factor - rest * rise
        self._replace(row, start, tokens, factor, new_own)
        self._mass[row, start:] = (rest + new_own)[:, 0]
        self._mean[row, start:] = (rest_mean + new_own * (lifted - rise))[:, 0]
        self.doubts = self._uncertainty()
        wins = logit[:, 0] * heat + bonus > 0
        self._chosen = self._chosen.clone()
        self._chosen[row, start:] = torch.where(wins, tokens[:, 0], self._chosen[row, start:])

    def draw(self, uniforms: Tensor) -> Tensor:
        """One token for each position (B, L), at uniform random numbers (B, L) in [0, 1)."""
        drawn = torch.where(self._greedy[:, None], self._chosen, self._draw(uniforms))
        for row, held in enumerate(self._decided):
            if held is not None:
                drawn[row].index_copy_(0, held.positions, held.tokens)
        return drawn

    def soften(self, rows: Sequence[int]) -> Tensor:
        """The soft embeddings (N, L, H) of the canvases `rows`, which condition their next step."""
        soft = self._soften(rows)
        table, scale = self._network.table, self._network.scale
        for place, row in enumerate(rows):
            if self._greedy[row]:
                soft[place] = table[self._chosen[row]] * scale
            held = self._decided[row]
            if held is not None:
                soft[place].index_copy_(0, held.positions, table[held.tokens] * scale)
        return soft

    def probabilities(self, row: int, tokens: Tensor) -> Tensor:
        """That the network gives tokens (L,) at the positions of one canvas, at temperature 1 (L,)."""
        probabilities = self._probabilities(row, tokens)
        held = self._decided[row]
        return probabilities if held is None else probabilities.index_fill(0, held.positions, 1.0)

    def logits(self, row: int) -> Tensor:
        """The network's logits of one canvas (L, V); what is decided has all the probability."""
        logits, held = self._logits(row), self._decided[row]
        if held is not None:
            logits[held.positions] = -torch.inf
            logits[held.positions, held.tokens] = 0.0
        return logits

    @abstractmethod
    def _logit(self, row: int, start: int, tokens: Tensor) -> Tensor:
        """z of tokens (N, 1) at the positions from `start` on."""

    @abstractmethod
    def _replace(self, row: int, start: int, tokens: Tensor, factor: Tensor, own: Tensor) -> None:
        """From `start` on, exp(z) of these tokens (N, 1) becomes `own`, that of all others is times `factor`."""

    @abstractmethod
    def _draw(self, uniforms: Tensor) -> Tensor: ...

    @abstractmethod
    def _soften(self, rows: Sequence[int]) -> Tensor: ...

    @abstractmethod
    def _probabilities(self, row: int, tokens: Tensor) -> Tensor: ...

    @abstractmethod
    def _logits(self, row: int) -> Tensor: ...


class Whole(Outlook):
    """An outlook on logits (B, L, V) that are at hand; takes them over."""

    def __init__(self, network: Network, logits: Tensor, heats: Tensor, decided: Sequence[Decided | None]) -> None:
        super().__init__(network, heats, decided)
        self._x = logits
        self.best, top = sampler.most_probable(logits)  # (B, L) both
        self._z = (logits - top[..., None]).div_(self._heats[..., None])  # (B, L, V)
        self._weights = self._z.exp()  # (B, L, V)
        self._mass = self._weights.sum(dim=-1)
        self._mean = (self._weights * self._z).sum(dim=-1)
        self._begin()

    def _logit(self, row: int, start: int, tokens: Tensor) -> Tensor:
        return self._z[row, start:].gather(1, tokens)

    def _replace(self, row: int, start: int, tokens: Tensor, factor: Tensor, own: Tensor) -> None:
        self._weights[row, start:].mul_(factor).scatter_(1, tokens, own)

    def _draw(self, uniforms: Tensor) -> Tensor:
        return sampler.draw(self._weights, uniforms)

    def _soften(self, rows: Sequence[int]) -> Tensor:
        whole = len(rows) == len(self._weights)
        weights, mass = (self._weights, self._mass) if whole else (self._weights[rows], self._mass[rows])
        soft = self._network.weigh(weights) / mass[..., None]
        return soft.to(self._network.dtype) * self._network.scale

    def _probabilities(self, row: int, tokens: Tensor) -> Tensor:
        return self._x[row].log_softmax(dim=-1).gather(1, tokens[:, None]).squeeze(1).exp()

    def _logits(self, row: int) -> Tensor:
        return self._x[row]


class Chunked(Outlook):
    """An outlook from hidden states (B, L, H), in one pass over the vocabulary.

    keep: the canvases whose logits are kept all the same, since an automaton wants to see them.
    """

    def __init__(
        self,
        network: Network,
        hidden: Tensor,
        heats: Tensor,
        decided: Sequence[Decided | None],
        keep: Sequence[int] = (),
        *,
        chunk: int | None = None,
    ) -> None:
        super().__init__(network, heats, decided)
        self._hidden = hidden
        self._place = {row: place for place, row in enumerate(keep)}
        shape, size, chunk = hidden.shape[:2], len(network.table), chunk or CHUNK
        self._kept = hidden.new_empty(len(keep), shape[1], size, dtype=torch.float32)  # (K, L, V)
        # 1. The sums over what was seen so far, relative to the greatest logit so far.
        self._top = hidden.new_full(shape, -torch.inf, dtype=torch.float32)  # (B, L)
        self.best = hidden.new_zeros(shape, dtype=torch.long)
        self._mass, self._mean, self._cold = (torch.zeros_like(self._top) for _ in range(3))
        self._embedding = torch.zeros_like(hidden, dtype=torch.float32)  # (B, L, H), the sum of exp(z) * embedding
        blocks, tops = [], []
        for start in range(0, size, chunk):
            logits = network.logits(hidden, start, start + chunk)  # (B, L, C)
            for row, place in self._place.items():
                self._kept[place, :, start : start + chunk] = logits[row]
            # 2. The greatest logit rises, and what was summed relative to it falls.
            best, top = sampler.most_probable(logits)  # (B, L) both
            self.best = torch.where(top > self._top, best + start, self.best)
            risen = torch.maximum(top, self._top)
            fall = (self._top - risen).nan_to_num_(neginf=-1e30)  # at raw logits; the first chunk falls from nothing
            factor = (fall / self._heats).exp()
            self._mean = (self._mean + self._mass * (fall / self._heats)) * factor
            self._mass, self._cold = self._mass * factor, self._cold * fall.exp()
            self._top = risen
            # 3. The chunk's own share.
            logits.sub_(risen[..., None])
            self._cold += logits.exp().sum(dim=-1)
            z = logits.div_(self._heats[..., None])
            weights = z.exp()
            self._mass += weights.sum(dim=-1)
            self._mean += (weights * z).sum(dim=-1)
            self._embedding = self._embedding * factor[..., None] + network.weigh(weights, start)
            weights = F.pad(weights, (0, -weights.shape[-1] % BLOCK))  # the last chunk may end within a block
            blocks.append(weights.view(*shape, -1, BLOCK).sum(dim=-1))  # (B, L, C / BLOCK)
            tops.append(risen)
        # 4. Sums of blocks of tokens, relative to the greatest logit of all.
        fallen = [((top - self._top) / self._heats).exp()[..., None] for top in tops]
        self._blocks = torch.cat([part * factor for part, factor in zip(blocks, fallen, strict=True)], dim=-1)
        self._lifted: dict[int, tuple[int, Tensor, Tensor, Tensor]] = {}
        self._begin()

    def _logit(self, row: int, start: int, tokens: Tensor) -> Tensor:
        return self._at(self._hidden[row, start:], tokens, self._top[row, start:], self._heats[row])

    def _at(self, hidden: Tensor, tokens: Tensor, top: Tensor, heat: Tensor) -> Tensor:
        """z of tokens (N, K) at hidden states (N, H)."""
        embedded = self._network.head[tokens]  # (N, K, H)
        logits = self._network.cap((embedded @ hidden[..., None]).squeeze(-1))
        return (logits - top[:, None]) / heat

    def _replace(self, row: int, start: int, tokens: Tensor, factor: Tensor, own: Tensor) -> None:
        old = self._logit(row, start, tokens).exp() * factor
        self._blocks[row, start:] = (self._blocks[row, start:] * factor).scatter_add_(1, tokens // BLOCK, own - old)
        embedded = self._network.table[tokens[:, 0]].float()
        self._embedding[row, start:] = self._embedding[row, start:] * factor + (own - old) * embedded
        self._lifted[row] = (start, tokens, factor, own)

    def _draw(self, uniforms: Tensor) -> Tensor:
        block, fraction = sampler.draw_block(self._blocks, uniforms)  # (B, L) both
        tokens = block[..., None] * BLOCK + torch.arange(BLOCK, device=block.device)  # (B, L, BLOCK)
        inside = tokens < len(self._network.table)
        weights = torch.stack([self._weights(row, of_row) for row, of_row in enumerate((tokens * inside).unbind())])
        return block * BLOCK + sampler.draw_within(weights * inside, fraction)

    def _weights(self, row: int, tokens: Tensor) -> Tensor:
        """exp(z) of tokens (L, K) at the positions of one canvas, as they are after the lift."""
        weights = self._at(self._hidden[row], tokens, self._top[row], self._heats[row]).exp()
        if row in self._lifted:
            start, lifted, factor, own = self._lifted[row]
            weights[start:] = torch.where(tokens[start:] == lifted, own, weights[start:] * factor)
        return weights

    def _soften(self, rows: Sequence[int]) -> Tensor:
        soft = self._embedding[rows] / self._mass[rows][..., None]
        return soft.to(self._network.dtype) * self._network.scale

    def _probabilities(self, row: int, tokens: Tensor) -> Tensor:
        one = self._heats.new_ones(1)
        z = self._at(self._hidden[row], tokens[:, None], self._top[row], one)
        return z.squeeze(1).exp() / self._cold[row]

    def _logits(self, row: int) -> Tensor:
        return self._kept[self._place[row]]
