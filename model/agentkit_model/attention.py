"""Attention over ragged prefixes.

The network hands the queries, keys and values of the tokens at hand to a partner, which knows where the prefix of each
row is. So rows of any prefix length share one pass through the network, without padding: nothing of another row ever
enters a row's attention, and no step copies a prefix.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from agentkit_model.cache import Store


class Partner(Protocol):
    """What the tokens of one pass attend to besides themselves."""

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """query (B, heads, N, D), key and value (B, kv_heads, N, D) of one layer -> (B, N, heads, D)."""


def attend(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention of one row: query (heads, N, D) over keys and values (kv_heads, S, D) -> (N, heads, D).

    The queries that share a key head are folded into its length, so keys are not repeated. mask (N, S), True = visible.
    DiffusionGemma scales by 1.
    """
    heads, count, dim = query.shape
    groups = heads // keys.shape[0]
    folded = query.reshape(1, keys.shape[0], groups * count, dim)
    if mask is not None and groups > 1:
        mask = mask.repeat(groups, 1)  # (groups * N, S)
    out = scaled_dot_product_attention(folded, keys[None], values[None], attn_mask=mask, scale=1.0)
    return out.reshape(heads, count, dim).transpose(0, 1)


class PrefillPartner:
    """Causal attention of new tokens at `start` over themselves and those before them; writes them to the store."""

    def __init__(self, store: Store, start: int, count: int) -> None:
        self.store = store
        self.start = start
        self.end = start + count
        self._masks: dict[int | None, Tensor] = {}

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        keys, values = self.store.keys[layer], self.store.values[layer]
        keys[:, self.start : self.end] = key[0]
        values[:, self.start : self.end] = value[0]
        first = self.store.shapes[layer].first_visible(self.start)
        mask = self._mask(self.store.shapes[layer].window, first)
        return attend(query[0], keys[:, first : self.end], values[:, first : self.end], mask)[None]

    def _mask(self, window: int | None, first: int) -> Tensor:
        if window not in self._masks:
            device = self.store.keys[0].device
            queries = torch.arange(self.start, self.end, device=device)[:, None]  # (N, 1)
            keys = torch.arange(first, self.end, device=device)  # (S,)
            mask = keys <= queries
            if window is not None:
                mask &= keys > queries - window
            self._masks[window] = mask
        return self._masks[window]


class Seat:
    """Where a canvas of `length` tokens at `position` finds its prefix, and leaves its own keys and values, in a store.

    Every step writes the canvas' keys and values into the room behind the prefix and reads them back at once, so
    canvases of forks may share a store. A sliding layer sees the last W - 1 tokens of the prefix and the whole canvas:
    transformers has no window inside.
    """

    def __init__(self, store: Store, position: int, length: int) -> None:
        end = position + length
        self.layers = []  # of (own keys, own values, all visible keys, all visible values), (kv_heads, ..., D) each
        for shape, keys, values in zip(store.shapes, store.keys, store.values, strict=True):
            seen, own = slice(shape.first_visible(position), end), slice(position, end)
            self.layers.append((keys[:, own], values[:, own], keys[:, seen], values[:, seen]))


class CanvasPartner:
    """Attention of canvases over their prefixes and, in both directions, over themselves."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self.seats = seats

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        out = []
        for row, seat in enumerate(self.seats):
            own_keys, own_values, keys, values = seat.layers[layer]
            own_keys.copy_(key[row])
            own_values.copy_(value[row])
            out.append(attend(query[row], keys, values))  # (N, heads, D)
        return out[0][None] if len(out) == 1 else torch.stack(out)  # (B, N, heads, D)
