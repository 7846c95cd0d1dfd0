"""From hidden states to everything that a denoising step wants to know of the vocabulary.

The logits of a canvas are the largest tensor of a step by far (256 x 262,144 float32 numbers are 268 MB), and a step
asks a handful of things of them: the most probable token, the entropy, one drawn token, the mean embedding under the
distribution. An `Outlook` answers these. `Whole` holds the logits, which is fastest while they are small. `Chunked`
goes through the vocabulary chunk by chunk and keeps only running sums, as the softmax of FlashAttention does (Dao et
al., 2022, https://arxiv.org/abs/2205.14135; Milakov and Gimelshein, 2018, https://arxiv.org/abs/1805.02867), so the
logits of a batch never exist at once, and what automata see of them (`sight`) is summed on the way. Both give the same
answers, up to rounding (`tests/model/test_vocabulary.py`).

B canvases, L positions of each, V the vocabulary size, H the hidden size. A tempered logit is taken relative to the
greatest at its position: z = (x - max x) / temperature, so that certain positions have precise entropies. All canvases
of a batch are treated alike, by masks, and on a GPU the host waits for nothing of it but what automata see.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from agentkit_model import sampler
from agentkit_model.network import Network
from agentkit_model.sampler import BLOCK
from agentkit_model.sight import Asked, ClassSums, Plain, Sight, Summed
from agentkit_model.transfer import download, upload

WHOLE = 1 << 24  # logits of one batch up to which they are held: 64 MB in float32
CHUNK = 8192  # tokens of the vocabulary at a time on a CPU; a multiple of BLOCK
COLDEST = 1e-6  # temperature; below, z would overflow, and nothing but the most probable token is drawn at any rate
CELLS = 1 << 25  # logits of one batch at a time on other devices: 134 MB in float32, and a few times that in passing


@dataclass(frozen=True, slots=True)
class Decided:
    """Positions of a batch's canvases at which a token is held: bool and long, (B, L) each."""

    mask: Tensor
    tokens: Tensor


class Outlook(ABC):
    """What the network expects at the positions of a batch of canvases, and what to do about it.

    Attributes:
        best: the most probable token of each position, by the network alone but for what is decided (B, L).
        entropies: of each position, in nats, at its canvas' temperature (B, L).
        doubts: the same after the lift (B, L).
        decided: what is clamped.
    """

    best: Tensor
    _mass: Tensor  # (B, L), the sum of exp(z)
    _mean: Tensor  # (B, L), the sum of exp(z) * z

    def __init__(
        self,
        network: Network,
        heats: Tensor,
        decided: Decided | None,
        asked: Mapping[int, Asked],
    ) -> None:
        """heats: the temperature of each canvas (B,) on the host; 0 takes the most probable token. asked: the canvases
        of which automata want to see something."""
        device = network.device
        greedy = heats == 0
        self._network = network
        self._greedy = upload(greedy[:, None], device) if bool(greedy.any()) else None  # (B, 1)
        self._heats = upload(torch.where(greedy, 1.0, heats.clamp(min=COLDEST))[:, None], device)  # (B, 1)
        self.decided = decided
        self._asked = asked

    def _begin(self) -> None:
        """What follows from the sums over the vocabulary."""
        if self.decided is not None:
            self.best = torch.where(self.decided.mask, self.decided.tokens, self.best)
        self.entropies = self.doubts = self._uncertainty()
        self._chosen = self.best  # what a canvas at temperature 0 takes

    def _uncertainty(self) -> Tensor:
        """The entropies (B, L): of p = exp(z) / mass it is log mass - mean / mass."""
        entropies = (self._mass.log() - self._mean / self._mass).clamp_(min=0.0)
        if self.decided is not None:
            entropies.masked_fill_(self.decided.mask, 0.0)
        return entropies if self._greedy is None else entropies.masked_fill_(self._greedy, 0.0)

    def lift(self, tokens: Tensor, held: Tensor, bonus: Tensor) -> None:
        """Adds a bonus, one for each canvas (B, 1), to the logits of tokens (B, L) where `held` (B, L)."""
        heats, mass, mean = self._heats, self._mass, self._mean
        z = self._z_of(tokens)  # (B, L)
        lifted = z + bonus / heats
        rise = lifted.clamp(min=0.0)  # how much the greatest z rises by it
        own, factor, new = z.exp(), (-rise).exp(), (lifted - rise).exp()
        rest = (mass - own).clamp_(min=0.0) * factor
        rest_mean = (mean - own * z) * factor - rest * rise
        self._replace(tokens, held, torch.where(held, factor, 1.0), new)
        self._mass = torch.where(held, rest + new, mass)
        self._mean = torch.where(held, rest_mean + new * (lifted - rise), mean)
        self.doubts = self._uncertainty()
        self._chosen = torch.where(held & (z * heats + bonus > 0), tokens, self._chosen)

    def draw(self, uniforms: Tensor) -> Tensor:
        """One token for each position (B, L), at uniform random numbers (B, L) in [0, 1)."""
        drawn = self._draw(uniforms)
        if self._greedy is not None:
            drawn = torch.where(self._greedy, self._chosen, drawn)
        return drawn if self.decided is None else torch.where(self.decided.mask, self.decided.tokens, drawn)

    def soften(self, rows: Sequence[int]) -> Tensor:
        """The soft embeddings (N, L, H) of the canvases `rows`, which condition their next step."""
        pick = self._picked(rows)
        soft = self._soften(pick)
        table, scale = self._network.table, self._network.scale
        if self._greedy is not None:
            soft = torch.where(pick(self._greedy)[..., None], F.embedding(pick(self._chosen), table) * scale, soft)
        if self.decided is not None:
            mask, tokens = pick(self.decided.mask), pick(self.decided.tokens)
            soft = torch.where(mask[..., None], F.embedding(tokens, table) * scale, soft)
        return soft

    def probabilities(self, rows: Sequence[int], tokens: Tensor) -> Tensor:
        """That the network gives tokens (B, L) at temperature 1, for the canvases `rows` (N, L)."""
        pick = self._picked(rows)
        probabilities = self._probabilities(pick, pick(tokens))
        return probabilities if self.decided is None else probabilities.masked_fill_(pick(self.decided.mask), 1.0)

    def _picked(self, rows: Sequence[int]) -> "Pick":
        return Pick(rows, len(self._heats), self._network.device)

    @abstractmethod
    def sights(self) -> dict[int, Sight]:
        """What automata see of the canvases that they asked for; the host waits for it."""

    @abstractmethod
    def _z_of(self, tokens: Tensor) -> Tensor:
        """z of tokens (B, L)."""

    @abstractmethod
    def _replace(self, tokens: Tensor, held: Tensor, factor: Tensor, new: Tensor) -> None:
        """Where `held`, exp(z) of these tokens becomes `new`; that of all others is times `factor`. (B, L) each."""

    @abstractmethod
    def _draw(self, uniforms: Tensor) -> Tensor: ...

    @abstractmethod
    def _soften(self, pick: "Pick") -> Tensor: ...

    @abstractmethod
    def _probabilities(self, pick: "Pick", tokens: Tensor) -> Tensor: ...


class Pick:
    """Takes some rows of tensors (B, ...)."""

    def __init__(self, rows: Sequence[int], count: int, device: torch.device) -> None:
        whole = list(rows) == list(range(count))
        self._index = None if whole else upload(torch.tensor(list(rows), dtype=torch.long), device)

    def __call__(self, values: Tensor) -> Tensor:
        return values if self._index is None else values.index_select(0, self._index)


class Whole(Outlook):
    """An outlook on logits (B, L, V) that are at hand; takes them over."""

    def __init__(
        self,
        network: Network,
        logits: Tensor,
        heats: Tensor,
        decided: Decided | None = None,
        asked: Mapping[int, Asked] | None = None,
    ) -> None:
        super().__init__(network, heats, decided, asked or {})
        self._x = logits
        self.best, top = sampler.most_probable(logits)  # (B, L) both
        self._z = (logits - top[..., None]).div_(self._heats[..., None])  # (B, L, V)
        self._weights = self._z.exp()  # (B, L, V)
        self._mass = self._weights.sum(dim=-1)
        self._mean = (self._weights * self._z).sum(dim=-1)
        self._begin()

    def sights(self) -> dict[int, Sight]:
        rows = download([self._x[row] for row in self._asked])
        seen = zip(self._asked.items(), rows, strict=True)
        return {row: Plain(asked, torch.from_numpy(logits)) for (row, asked), logits in seen}

    def _z_of(self, tokens: Tensor) -> Tensor:
        return self._z.gather(-1, tokens[..., None]).squeeze(-1)

    def _replace(self, tokens: Tensor, held: Tensor, factor: Tensor, new: Tensor) -> None:
        tokens = tokens[..., None]
        new = torch.where(held[..., None], new[..., None], self._weights.gather(-1, tokens))
        self._weights.mul_(factor[..., None]).scatter_(-1, tokens, new)

    def _draw(self, uniforms: Tensor) -> Tensor:
        return sampler.draw(self._weights, uniforms)

    def _soften(self, pick: Pick) -> Tensor:
        soft = self._network.weigh(pick(self._weights)) / pick(self._mass)[..., None]
        return soft.to(self._network.dtype) * self._network.scale

    def _probabilities(self, pick: Pick, tokens: Tensor) -> Tensor:
        return pick(self._x).log_softmax(dim=-1).gather(-1, tokens[..., None]).squeeze(-1).exp()


class Chunked(Outlook):
    """An outlook from hidden states (B, L, H), in one pass over the vocabulary."""

    def __init__(
        self,
        network: Network,
        hidden: Tensor,
        heats: Tensor,
        decided: Decided | None = None,
        asked: Mapping[int, Asked] | None = None,
        *,
        chunk: int | None = None,
    ) -> None:
        super().__init__(network, heats, decided, asked or {})
        self._hidden = hidden
        shape, size = hidden.shape[:2], len(network.table)
        chunk = chunk or chunk_size(hidden.device, shape.numel())
        seen = self._picked(list(self._asked))  # (R, ...) of what automata asked for
        # 1. The sums over what was seen so far, relative to the greatest logit so far.
        self._top = hidden.new_full(shape, -torch.inf, dtype=torch.float32)  # (B, L)
        self.best = hidden.new_zeros(shape, dtype=torch.long)
        self._mass, self._mean, self._cold = (torch.zeros_like(self._top) for _ in range(3))
        self._embedding = torch.zeros_like(hidden, dtype=torch.float32)  # (B, L, H), the sum of exp(z) * embedding
        self._sums = ClassSums([each.tables for each in self._asked.values()], seen(self._top), size) if asked else None
        blocks, tops = [], []
        for start in range(0, size, chunk):
            logits = network.logits(hidden, start, start + chunk)  # (B, L, C)
            if self._sums is not None:
                self._sums.see(start, seen(logits))
            # 2. The greatest logit rises, and what was summed relative to it falls.
            best, top = sampler.most_probable(logits)  # (B, L) both
            self.best = torch.where(top > self._top, best + start, self.best)
            risen = torch.maximum(top, self._top)
            fall = (self._top - risen).nan_to_num_(neginf=-1e30)  # at raw logits; the first chunk falls from nothing
            factor, cooled = (fall / self._heats).exp(), fall.exp()
            self._mean = (self._mean + self._mass * (fall / self._heats)) * factor
            self._mass, self._cold = self._mass * factor, self._cold * cooled
            self._top = risen
            # 3. The chunk's own share.
            logits.sub_(risen[..., None])
            weights = logits.exp()  # at temperature 1
            self._cold += weights.sum(dim=-1)
            if self._sums is not None:
                self._sums.weigh(start, seen(weights), seen(cooled))
            z = logits.div_(self._heats[..., None])
            torch.exp(z, out=weights)
            self._mass += weights.sum(dim=-1)
            self._mean += z.mul_(weights).sum(dim=-1)
            self._embedding.mul_(factor[..., None]).add_(network.weigh(weights, start))
            if odd := weights.shape[-1] % BLOCK:  # the last chunk may end within a block
                weights = F.pad(weights, (0, BLOCK - odd))
            blocks.append(weights.view(*shape, -1, BLOCK).sum(dim=-1))  # (B, L, C / BLOCK)
            tops.append(risen)
            del logits, z, weights  # before those of the next chunk come
        # 4. Sums of blocks of tokens, relative to the greatest logit of all.
        fallen = [((top - self._top) / self._heats).exp()[..., None] for top in tops]
        self._blocks = torch.cat([part * factor for part, factor in zip(blocks, fallen, strict=True)], dim=-1)
        self._lifted: tuple[Tensor, Tensor, Tensor, Tensor] | None = None
        self._begin()

    def sights(self) -> dict[int, Sight]:
        sums = self._sums
        if sums is None:
            return {}
        singles = []
        for row, asked in self._asked.items():
            tokens = upload(torch.from_numpy(asked.tables.shown), self._hidden.device)
            singles.append(self._network.cap(F.linear(self._hidden[row], F.embedding(tokens, self._network.head))))
        pieces = [sums.keys, self._top, self._cold, *singles]
        keys, top, cold, *known = download(pieces if sums.masses is None else [*pieces, sums.masses])
        masses = None if sums.masses is None else known.pop()
        sights: dict[int, Sight] = {}
        for place, (row, asked) in enumerate(self._asked.items()):
            of_row = None if masses is None else masses[place]
            sights[row] = Summed(asked, keys[place], of_row, known[place], top[row], cold[row])
        return sights

    def _z_of(self, tokens: Tensor) -> Tensor:
        return self._at(tokens[..., None]).squeeze(-1)

    def _at(self, tokens: Tensor) -> Tensor:
        """z of tokens (B, L, K)."""
        _, length, each = tokens.shape
        together = max(1, CELLS // (length * each * self._hidden.shape[-1])) if tokens.device.type != "cpu" else 1
        parts = zip(torch.split(tokens, together), torch.split(self._hidden, together), strict=True)
        logits = torch.cat([self._logits(part, hidden) for part, hidden in parts])
        return (logits - self._top[..., None]) / self._heats[..., None]

    def _logits(self, tokens: Tensor, hidden: Tensor) -> Tensor:
        """The logits of tokens (..., K) at hidden states (..., H)."""
        embedded = F.embedding(tokens, self._network.head)  # (..., K, H)
        return self._network.cap((embedded @ hidden[..., None]).squeeze(-1))

    def _replace(self, tokens: Tensor, held: Tensor, factor: Tensor, new: Tensor) -> None:
        old = self._z_of(tokens).exp() * factor
        more = torch.where(held, new - old, 0.0)[..., None]  # (B, L, 1)
        factor = factor[..., None]
        self._blocks = (self._blocks * factor).scatter_add_(-1, tokens[..., None] // BLOCK, more)
        self._embedding = self._embedding * factor + more * F.embedding(tokens, self._network.table).float()
        self._lifted = tokens[..., None], held[..., None], factor, new[..., None]

    def _draw(self, uniforms: Tensor) -> Tensor:
        block, fraction = sampler.draw_block(self._blocks, uniforms)  # (B, L) both
        tokens = block[..., None] * BLOCK + torch.arange(BLOCK, device=block.device)  # (B, L, BLOCK)
        inside = tokens < len(self._network.table)
        tokens = tokens * inside
        weights = self._at(tokens).exp()
        if self._lifted is not None:
            lifted, held, factor, new = self._lifted
            weights = torch.where((tokens == lifted) & held, new, weights * factor)
        return block * BLOCK + sampler.draw_within(weights * inside, fraction)

    def _soften(self, pick: Pick) -> Tensor:
        soft = pick(self._embedding) / pick(self._mass)[..., None]
        return soft.to(self._network.dtype) * self._network.scale

    def _probabilities(self, pick: Pick, tokens: Tensor) -> Tensor:
        logits = self._logits(tokens[..., None], pick(self._hidden)).squeeze(-1)
        return (logits - pick(self._top)).exp() / pick(self._cold)


def chunk_size(device: torch.device, positions: int) -> int:
    """Tokens of the vocabulary that are looked at together, at so many positions: few on a CPU, whose caches are small,
    and on other devices as many as memory is set aside for, since each chunk is a few dozen launches."""
    return CHUNK if device.type == "cpu" else max(CELLS // positions // BLOCK, 1) * BLOCK


def working_memory(network: Network, positions: int) -> int:
    """Bytes that an outlook on so many positions, `Whole` or `Chunked`, takes at most beside its hidden states."""
    size, width = network.table.shape
    cells = min(chunk_size(network.device, positions), size) * positions
    running = positions * (12 * size // BLOCK + 12 * width)  # sums of blocks and of embeddings, new beside old
    drawn = min(positions, int(network.config.canvas_length)) * BLOCK * width * 6
    return 28 * cells + running + drawn
