"""Passes over canvases as recorded pieces: CUDA graphs.

A pass of a large network is thousands of small launches, and a GPU that computes one canvas is done with them sooner
than Python can ask for them. A CUDA graph asks for many at once. What is recorded has to find its tensors where they
were, so attention, which reads another context at each step, stays outside: a piece is everything between two of them.
Pieces pass their results on in buffers that stay where they are, and all of them share one pool of memory.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from agentkit_model.attention import Segments
from agentkit_model.network import Network, Rope

Piece = Callable[[], None]
Record = Callable[[Piece], Piece]

logger = logging.getLogger(__name__)


class Graphs:
    """The passes of a network, recorded for each number of tokens when it first comes up.

    record: makes of a piece one that does the same again, faster; by default a CUDA graph.
    """

    def __init__(self, network: Network, record: Record | None = None) -> None:
        self._network = network
        self._record = record or cuda_recorder(network.device)
        self._tapes: dict[int, Tape] = {}
        self._works = True

    def run(self, canvases: Tensor, soft: Tensor, rope: Rope, segments: Segments) -> Tensor:
        """As `Network.run` without anything that is read: (C,), (C, H) -> (C, H).

        Where something can't be recorded, that is logged once, and passes are run as they come from then on.
        """
        if self._works and len(canvases) not in self._tapes:
            try:
                self._tapes[len(canvases)] = Tape(self._network, len(canvases), self._record)
            except RuntimeError as error:
                self._works = False
                self._tapes.clear()
                logger.warning("CUDA graphs can't be recorded, so the engine goes on without them: %s", error)
        if not self._works:
            return self._network.run(canvases, soft, canvases[:0], rope, segments)
        return self._tapes[len(canvases)].run(canvases, soft, rope, segments)


class Tape:
    """The pieces of a pass over `count` tokens, and the buffers between them."""

    def __init__(self, network: Network, count: int, record: Record) -> None:
        def buffer(*shape: int) -> Tensor:
            return torch.zeros(count, *shape, device=network.device, dtype=network.dtype)

        self._network = network
        self._tokens = torch.zeros(count, device=network.device, dtype=torch.long)
        self._soft, self._hidden = (buffer(int(network.text_config.hidden_size)) for _ in range(2))
        self._rope = {kind: (c.clone(), s.clone()) for kind, (c, s) in network.rope(0, count).items()}
        self._parts: dict[str, tuple[Tensor, ...]] = {}
        self._mixed: dict[str, Tensor] = {}
        for layer in network.layers:
            if layer.kind not in self._parts:
                heads = (layer.heads, layer.kv_heads, layer.kv_heads)  # of queries, keys, values
                self._parts[layer.kind] = tuple(buffer(each, layer.size) for each in heads)
                self._mixed[layer.kind] = buffer(layer.heads, layer.size)
        self._pieces = [record(partial(self._piece, index)) for index in range(len(network.layers) + 1)]

    def run(self, canvases: Tensor, soft: Tensor, rope: Rope, segments: Segments) -> Tensor:
        self._tokens.copy_(canvases)
        self._soft.copy_(soft)
        for kind, turns in rope.items():
            for held, given in zip(self._rope[kind], turns, strict=True):
                held.copy_(given)
        for index, layer in enumerate(self._network.layers):
            self._pieces[index]()
            queries, keys, values = self._parts[layer.kind]
            self._mixed[layer.kind].copy_(segments.attend(index, queries, keys, values))
        self._pieces[-1]()
        return self._hidden.clone()

    def _piece(self, index: int) -> None:
        """What lies between the attention of layer `index - 1` and that of layer `index`, or at either end."""
        network = self._network
        if index == 0:
            hidden = network.embed(self._tokens, self._soft)
        else:
            layer = network.layers[index - 1]
            hidden = layer.after(self._hidden, self._mixed[layer.kind], layer.scalar(len(self._tokens), 0))
        if index < len(network.layers):
            layer = network.layers[index]
            made = layer.before(hidden, self._rope[layer.kind])
            for held, part in zip(self._parts[layer.kind], made, strict=True):
                held.copy_(part)
        else:
            hidden = network.norm(hidden)
        self._hidden.copy_(hidden)


def cuda_recorder(device: torch.device) -> Record:
    """Records pieces as CUDA graphs that share their memory: they are always replayed in the order of recording."""
    pool = torch.cuda.graph_pool_handle()
    beside: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def record(piece: Piece) -> Piece:
        graph: Any = torch.cuda.CUDAGraph()
        usual = torch.cuda.current_stream(device)
        beside.wait_stream(usual)
        with torch.cuda.stream(beside):
            piece()  # libraries choose their kernels outside of the recording
            graph.capture_begin(pool=pool, capture_error_mode="thread_local")
            try:
                piece()
            finally:
                graph.capture_end()
        usual.wait_stream(beside)
        replay: Piece = graph.replay
        return replay

    return record
