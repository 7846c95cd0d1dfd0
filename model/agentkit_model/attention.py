"""Attention over ragged prefixes.

A pass through the network runs the tokens of several segments side by side: canvases, and tokens that are read into a
cache. Each segment attends by itself, to its own prefix where it lies in its store. So segments of any length, over
prefixes of any length, share a pass without padding: nothing of another one ever enters a segment's attention, and no
step copies a prefix.
"""

import contextlib
import functools
import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from agentkit_model.cache import Store
from agentkit_model.errors import DenoisingError
from agentkit_model.transfer import Array


class Segment(Protocol):
    """Tokens that attend to each other and to what lies before them in a store. N of them.

    Attributes:
        length: N.
    """

    length: int

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """query (N, heads, D), key and value (N, kv_heads, D) of one layer -> (heads, N, D)."""

    def numbers(self, row: int) -> Array:
        """The same for compiled kernels, when its tokens lie in the rows from `row` on: of each layer what `kernels.c`
        calls a Segment (layers, 10), int64."""


class Segments:
    """The segments of one pass, in the order of its T tokens."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._lengths = [segment.length for segment in segments]

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """query (T, heads, D), key and value (T, kv_heads, D) of one layer -> (T, heads, D)."""
        if len(self._segments) == 1:
            return self._segments[0].attend(layer, query, key, value).transpose(0, 1)
        parts = zip(*(torch.split(tensor, self._lengths) for tensor in (query, key, value)), strict=True)
        out = [s.attend(layer, *part) for s, part in zip(self._segments, parts, strict=True)]
        return torch.cat(out, dim=1).transpose(0, 1)

    def numbers(self) -> Array:
        """What compiled kernels know of them: (layers, segments, 10) int64."""
        rows = itertools.accumulate(self._lengths, initial=0)
        return np.stack([segment.numbers(row) for segment, row in zip(self._segments, rows, strict=False)], axis=1)

    def stretches(self, layers: int) -> Iterator[range]:
        """Layers in a row that can be run at once: all of them, if no segment waits for another thread's, or is waited
        for, at every layer."""
        size = 1 if any(isinstance(segment, Reading) and segment.is_gated for segment in self._segments) else layers
        return (range(first, first + size) for first in range(0, layers, size))

    @contextlib.contextmanager
    def taking_turns(self, layers: range) -> Iterator[None]:
        """For kernels that attend by themselves: waits for other threads' segments before these layers, and lets theirs
        go on behind them."""
        readings = [segment for segment in self._segments if isinstance(segment, Reading)]
        for reading in readings:
            reading.wait(layers[-1])
        yield
        for reading in readings:
            reading.pass_on(layers[-1])


class Reading:
    """Causal attention of `length` tokens at `start` over themselves and those before them.

    The keys and values of the first `kept` of them (all by default) are written into the store, to stay; the others are
    there to fill up a block, and nothing that counts sees them.
    """

    def __init__(self, store: Store, start: int, length: int, kept: int | None = None) -> None:
        self.length = length
        self._kept = length if kept is None else kept
        self._store = store
        self._start = start
        self._end = start + length
        self._masks: dict[int | None, Tensor] = {}
        self._behind: Gate | None = None
        self._ahead: Gate | None = None

    def before(self, other: "Reading") -> None:
        """What comes before another reading that another thread does: where that follows on this one in the same store,
        it waits at each layer for what this one writes."""
        if other._store is self._store:
            self._ahead = other._behind = Gate()

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """Whatever becomes of the block, nobody waits for this reading behind it."""
        try:
            yield
        finally:
            if self._ahead is not None:
                self._ahead.close()

    @property
    def is_gated(self) -> bool:
        """Whether it waits for another reading, or another one for it."""
        return self._behind is not None or self._ahead is not None

    def wait(self, layer: int) -> None:
        """Waits until what comes before is written at a layer."""
        if self._behind is not None:
            self._behind.wait(layer)

    def pass_on(self, layer: int) -> None:
        """Lets those who wait for this reading go on with a layer."""
        if self._ahead is not None:
            self._ahead.open(layer)

    def numbers(self, row: int) -> Array:
        return np.array(
            [
                [
                    row,
                    self.length,
                    self._start,
                    self._kept,
                    shape.first_visible(self._start),
                    1,
                    shape.window or 0,
                    *where,
                ]
                for shape, where in zip(self._store.shapes, places(self._store), strict=True)
            ],
            dtype=np.int64,
        )

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        self.wait(layer)
        keys, values = self._store.keys[layer], self._store.values[layer]
        kept = slice(self._start, self._start + self._kept)
        keys[:, kept] = key[: self._kept].transpose(0, 1)
        values[:, kept] = value[: self._kept].transpose(0, 1)
        self.pass_on(layer)
        first = self._store.shapes[layer].first_visible(self._start)
        mask = self._mask(self._store.shapes[layer].window, first)
        return attend(query, keys[:, first : self._end], values[:, first : self._end], mask)

    def written(self) -> list[Tensor]:
        """Copies of the keys and values that were written, (kv_heads, kept, D) each."""
        kept = slice(self._start, self._start + self._kept)
        return [tensor[:, kept].clone() for tensor in self._store.keys + self._store.values]

    def _mask(self, window: int | None, first: int) -> Tensor:
        if window not in self._masks:
            device = self._store.keys[0].device
            queries = torch.arange(self._start, self._end, device=device)[:, None]  # (N, 1)
            keys = torch.arange(first, self._end, device=device)  # (S,)
            mask = keys <= queries
            if window is not None:
                mask &= keys > queries - window
            self._masks[window] = mask
        return self._masks[window]


class Gate:
    """Where a segment waits for the keys and values of another thread's segment, layer by layer."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._open = -1  # the layers up to this one are written
        self._closed = False

    def open(self, layer: int) -> None:
        with self._condition:
            self._open = layer
            self._condition.notify_all()

    def close(self) -> None:
        """No more layers will be written."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def wait(self, layer: int) -> None:
        """Waits until a layer is written. Raises DenoisingError if it never will be."""
        with self._condition:
            self._condition.wait_for(lambda: self._open >= layer or self._closed)
            if self._open < layer:
                raise DenoisingError("what stands before could not be read")


class Seat:
    """Where a canvas of `length` tokens at `position` finds its prefix, and leaves its keys and values for a step.

    Every step writes the canvas' keys and values into the room behind the prefix and reads them back at once, so
    canvases of forks may share a store, one after the other; compiled kernels have room of their own. A sliding layer
    sees the last W - 1 tokens of the prefix and the whole canvas: transformers has no window inside.
    """

    def __init__(self, store: Store, position: int, length: int) -> None:
        self.length = length
        self.store = store
        self._position = position

    @functools.cached_property
    def _layers(self) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Of each layer its own keys, own values, all visible keys and all visible values, (kv_heads, ..., D) each."""
        position, end = self._position, self._position + self.length
        found = []
        for shape, keys, values in zip(self.store.shapes, self.store.keys, self.store.values, strict=True):
            seen, own = slice(shape.first_visible(position), end), slice(position, end)
            found.append((keys[:, own], values[:, own], keys[:, seen], values[:, seen]))
        return found

    @functools.cached_property
    def _numbers(self) -> Array:
        """`numbers` in the rows from 0 on."""
        at, length = self._position, self.length
        return np.array(
            [
                [0, length, at, 0, shape.first_visible(at), 0, 0, *where]
                for shape, where in zip(self.store.shapes, places(self.store), strict=True)
            ],
            dtype=np.int64,
        )

    def numbers(self, row: int) -> Array:
        numbers = self._numbers.copy()
        numbers[:, 0] = row
        return numbers

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        own_keys, own_values, keys, values = self._layers[layer]
        own_keys.copy_(key.transpose(0, 1))
        own_values.copy_(value.transpose(0, 1))
        return attend(query, keys, values)


def places(store: Store) -> Iterator[tuple[int, int, int]]:
    """Of each layer: how far the keys of one head lie from those of the next one, and where keys and values begin."""
    for keys, values in zip(store.keys, store.values, strict=True):
        yield keys.stride(0), keys.data_ptr(), values.data_ptr()


def attend(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention of one segment: query (N, heads, D) over keys and values (kv_heads, S, D) -> (heads, N, D).

    The queries that share a key head are folded into its length, so keys are not repeated. mask (N, S), True = visible.
    DiffusionGemma scales by 1.
    """
    count, heads, dim = query.shape
    groups = heads // keys.shape[0]
    folded = query.transpose(0, 1).reshape(1, keys.shape[0], groups * count, dim)
    if mask is not None and groups > 1:
        mask = mask.repeat(groups, 1)  # (groups * N, S)
    out = scaled_dot_product_attention(folded, keys[None], values[None], attn_mask=mask, scale=1.0)
    return out.reshape(heads, count, dim)
