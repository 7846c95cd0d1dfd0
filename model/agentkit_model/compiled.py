"""The passes of a small network on a CPU, by compiled kernels.

A denoising step of a small network is some two thousand operations of a few microseconds each, and asking for one takes
torch about as long as computing it. Here all layers are one call (`native/kernels.c`), during which Python runs in
other threads. Every row of a pass is summed in an order of its own: what shares a pass makes no difference to any bit.
`tests/model/test_compiled.py` shows that logits equal those of transformers' modules.
"""

import ctypes
from collections.abc import Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import DiffusionGemmaForBlockDiffusion

from agentkit_model import native
from agentkit_model.attention import Segments
from agentkit_model.lanes import SMALL
from agentkit_model.native import Packed, Pointer
from agentkit_model.network import Layer, Network, Rope, is_gelu, one_expert
from agentkit_model.sight import Asked
from agentkit_model.transfer import Array
from agentkit_model.vocabulary import WHOLE, Decided, Outlook, Whole


def network_of(model: DiffusionGemmaForBlockDiffusion, *, compiled: bool = True) -> Network:
    """The network of a loaded model, run by compiled kernels where they are wanted, there, and able to."""
    kernels = native.library() if compiled else None
    if kernels is not None and _suits(model, kernels.lanes()):
        return Compiled(model, kernels)
    return Network(model)


def _suits(model: DiffusionGemmaForBlockDiffusion, lanes: int) -> bool:
    """Whether the kernels can compute a network, with vectors of so many numbers."""
    decoder: Any = model.model.decoder
    table, heads = decoder.embed_tokens.weight, [block.self_attn.head_dim for block in decoder.layers]
    if table.device.type != "cpu" or table.dtype != torch.float32:
        return False
    if sum(parameter.numel() for parameter in decoder.parameters()) > SMALL:
        return False
    if model.config.canvas_length * len(table) > WHOLE:
        return False  # logits would be looked at in chunks
    linears = [each for each in decoder.modules() if isinstance(each, nn.Linear)]
    eps = {each.eps for each in decoder.modules() if hasattr(each, "with_scale")}
    return (
        all(one_expert(block) for block in decoder.layers)
        and is_gelu(decoder.self_conditioning.act_fn)
        and all(type(each) is nn.Linear and each.bias is None for each in linears)
        and all(size % 2 == 0 and size // 2 % lanes == 0 for size in heads)
        and all(size % lanes == 0 for size in table.shape)
        and len(eps) == 1
    )


class Compiled(Network):
    """A network whose passes are computed by compiled kernels."""

    independent = True

    def __init__(self, model: DiffusionGemmaForBlockDiffusion, kernels: ctypes.CDLL) -> None:
        super().__init__(model)
        decoder: Any = model.model.decoder
        self._kernels = kernels
        self._kept: list[object] = []  # what the kernels have addresses of
        self._eps = float(decoder.norm.eps)
        self._end = self._vector(decoder.norm.weight)
        self._cap = float(self.text_config.final_logit_softcapping)
        self._columns = Packed(kernels, self.head)  # from hidden states to logits
        self._rows = Packed(kernels, self.table.T)  # from weights of tokens to embeddings
        self._conditioning_sizes = self._conditioning_of(decoder.self_conditioning)
        self._condition = ctypes.byref(self._conditioning_sizes)
        blocks = zip(decoder.layers, self.layers, strict=True)
        self._compiled = [self._layer_of(block, layer) for block, layer in blocks]
        sizes = {layer.kind: compiled for layer, compiled in zip(self.layers, self._compiled, strict=True)}
        self._layers = (Pointer * len(self._compiled))(*map(ctypes.addressof, self._compiled))
        self._kinds = [ctypes.byref(compiled) for compiled in sizes.values()]

    def run(
        self, canvases: Tensor, soft: Tensor, read: Tensor, rope: Rope, segments: Segments, *, telling: bool = False
    ) -> Tensor:
        count, rows = len(canvases), len(canvases) + len(read)
        wanted = rows if telling else count
        numbers = segments.numbers()  # (layers, segments, 10)
        memory = self._memory(rows, numbers)
        tokens = torch.cat([canvases, read]) if count and len(read) else canvases if count else read
        hidden = F.embedding(tokens, self.table) * self.scale  # (T, H)
        start = hidden.data_ptr()
        if count:
            soft = soft.contiguous()
            self._kernels.condition(self._condition, start, soft.data_ptr(), count, start, memory.data_ptr())
        turns = [rope[layer.kind] for layer in self.layers]
        scalars = [layer.scalar(count, len(read)) for layer in self.layers]
        pointers = (
            addresses(cosines for cosines, _ in turns),
            addresses(sines for _, sines in turns),
            addresses(each if each is not None and each.dim() == 2 else None for each in scalars),
        )
        for some in segments.stretches(len(self.layers)):  # layers that need not wait for other threads' segments
            with segments.taking_turns(some):
                self._kernels.layers(
                    ctypes.byref(self._layers, some.start * ctypes.sizeof(Pointer)),
                    len(some),
                    start,
                    rows,
                    wanted
                    if some.stop == len(self.layers)
                    else rows,  # of what is read only keys and values are wanted
                    *(ctypes.byref(each, some.start * ctypes.sizeof(Pointer)) for each in pointers),
                    numbers[some.start :].ctypes.data,
                    numbers.shape[1],
                    memory.data_ptr(),
                )
        out = torch.empty(wanted, hidden.shape[1])
        self._kernels.norms(start, self._end, self._eps, *out.shape, out.data_ptr())
        return out

    def look(self, hidden: Tensor, heats: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Of hidden states (B, L, H), at temperatures (B, 1): logits (B, L, V), the best tokens, their logits, weights
        exp(z) (B, L, V), their sums and those of exp(z) z. (B, L) where nothing is said."""
        shape, size = hidden.shape[:2], len(self.head)
        hidden, heats = hidden.contiguous(), heats.expand(shape).contiguous()
        best = torch.empty(shape, dtype=torch.long)
        logits, weights = torch.empty(*shape, size), torch.empty(*shape, size)
        top, mass, mean = torch.empty(3, *shape)
        results = (each.data_ptr() for each in (heats, logits, best, top, weights, mass, mean))
        self._kernels.look(hidden.data_ptr(), best.numel(), *self._columns.sizes, self._cap, *results)
        return logits, best, top, weights, mass, mean

    def draw(self, weights: Tensor, uniforms: Tensor) -> Tensor:
        """`sampler.draw`: one token for each position (B, L), by weights (B, L, V) at uniform numbers (B, L)."""
        weights, uniforms = weights.contiguous(), uniforms.contiguous()
        tokens = torch.empty(uniforms.shape, dtype=torch.long)
        size = weights.shape[-1]
        self._kernels.draw(weights.data_ptr(), tokens.numel(), size, uniforms.data_ptr(), tokens.data_ptr())
        return tokens

    def weigh(self, weights: Tensor, start: int = 0) -> Tensor:
        assert start == 0 and weights.shape[-1] == len(self.table)
        weights = weights.contiguous()
        out = torch.empty(*weights.shape[:-1], self.table.shape[1])
        self._kernels.multiply(weights.data_ptr(), out[..., 0].numel(), *self._rows.sizes, out.data_ptr())
        return out

    def _memory(self, rows: int, numbers: Array) -> Tensor:
        """What kernels note in passing."""
        keys = int((numbers[..., 1] + numbers[..., 2] - numbers[..., 4]).max())
        sizes = [self._kernels.scratch(kind, self._condition, rows, keys) for kind in self._kinds]
        return torch.empty(max(sizes))

    # -- sizes and addresses

    def _vector(self, values: Tensor | None) -> int | None:
        """The address of a norm's weights, which are kept."""
        if values is None:
            return None
        values = values.float().contiguous()
        self._kept.append(values)
        return values.data_ptr()

    def _matrix(self, *weights: Tensor) -> int:
        """The address of weights (out, in), one below the other, packed."""
        packed = Packed(self._kernels, torch.cat(weights))
        self._kept.append(packed)
        return packed.address

    def _layer_of(self, block: Any, layer: Layer) -> native.Layer:
        attention, expert = block.self_attn, layer.one_expert
        assert expert is not None
        projections = [attention.q_proj, attention.k_proj, attention.v_proj]
        scalar = layer.scalar(1, 0)
        return native.Layer(
            hidden=self.table.shape[1],
            heads=layer.heads,
            kv_heads=layer.kv_heads,
            size=layer.size,
            own_values=int(attention.v_proj is not None),
            inner=len(expert.gate),
            dense=expert.split,
            eps=self._eps,
            scalar=1.0 if scalar is None else float(scalar),
            before=self._vector(block.input_layernorm.weight),
            project=self._matrix(*(each.weight for each in projections if each is not None)),
            turned=self._vector(layer.turned_norm),
            output=self._matrix(attention.o_proj.weight),
            after_attention=self._vector(block.post_attention_layernorm.weight),
            gate=self._matrix(expert.gate),
            up=self._matrix(expert.up),
            dense_out=self._matrix(expert.dense_out),
            expert_out=self._matrix(expert.sparse_out),
            after_dense=self._vector(block.post_feedforward_layernorm_1.weight),
            after_expert=self._vector(block.post_feedforward_layernorm_2.weight),
            after_feed=self._vector(block.post_feedforward_layernorm.weight),
        )

    def _conditioning_of(self, block: Any) -> native.Conditioning:
        return native.Conditioning(
            hidden=self.table.shape[1],
            inner=block.gate_proj.out_features,
            eps=self._eps,
            before=self._vector(getattr(block.pre_norm, "weight", None)),
            gate=self._matrix(block.gate_proj.weight),
            up=self._matrix(block.up_proj.weight),
            down=self._matrix(block.down_proj.weight),
            after=self._vector(getattr(block.post_norm, "weight", None)),
        )


class Looked(Whole):
    """`Whole`, in one call."""

    def __init__(
        self,
        network: Compiled,
        hidden: Tensor,
        heats: Tensor,
        decided: Decided | None = None,
        asked: Mapping[int, Asked] | None = None,
    ) -> None:
        """hidden: (B, L, H)."""
        Outlook.__init__(self, network, heats, decided, asked or {})
        self._compiled = network
        self._x, self.best, self._top, self._weights, self._mass, self._mean = network.look(hidden, self._heats)
        self._begin()

    def _z_of(self, tokens: Tensor) -> Tensor:
        return (self._x.gather(-1, tokens[..., None]).squeeze(-1) - self._top) / self._heats

    def _draw(self, uniforms: Tensor) -> Tensor:
        return self._compiled.draw(self._weights, uniforms)


def addresses(tensors: Iterable[Tensor | None]) -> "ctypes.Array[Any]":
    """Where tensors begin; None is nowhere."""
    found = [None if tensor is None else tensor.data_ptr() for tensor in tensors]
    return (Pointer * len(found))(*found)
