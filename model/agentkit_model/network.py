"""The network's forward pass: transformers' weights, our own arithmetic.

A checkpoint is loaded as transformers' `DiffusionGemmaForBlockDiffusion`; its weights are taken over here and run with
fewer and larger operations: queries, keys and values come from one product, as do gates and ups, a norm that several
branches share is computed once, and attention reads a prefix where it lies. `tests/model/test_network.py` shows that
logits equal those of transformers' modules.

A pass runs T tokens, side by side in one dimension: those of canvases, L of each, and those of prompts or of committed
canvases that are read into the cache. H is the hidden size, D the size of a head, V the vocabulary size.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion

from agentkit_model.attention import Segments
from agentkit_model.cache import LayerShape
from agentkit_model.errors import CheckpointError
from agentkit_model.products import gated, linear
from agentkit_model.quantize import Float8Linear

Rope = dict[str, tuple[Tensor, Tensor]]  # layer type -> cosines, sines, each (T, D)
Product = Callable[[Tensor], Tensor]  # (..., in) -> (..., out)
REMEMBERED = 8192  # positions whose rotations are computed once; a power of two


class Network:
    """Passes through a DiffusionGemmaForBlockDiffusion.

    Attributes:
        independent: whether what shares a pass with a token makes no difference to any of its bits.
    """

    independent = False

    def __init__(self, model: DiffusionGemmaForBlockDiffusion) -> None:
        self.config: DiffusionGemmaConfig = model.config
        self.text_config: Any = model.config.text_config
        if self.text_config.use_bidirectional_attention == "all":
            raise CheckpointError(
                'use_bidirectional_attention="all" is not supported: with it every new token changes the keys of all '
                "earlier ones, so there is nothing to cache; use a checkpoint with causal prompts"
            )
        model.eval().requires_grad_(False)
        decoder: Any = model.model.decoder
        encoder: Any = model.model.encoder.language_model
        if encoder.layers[0].self_attn.q_proj.weight is not decoder.layers[0].self_attn.q_proj.weight:
            raise CheckpointError("encoder and decoder do not share their weights, as those of a DiffusionGemma do")
        self.parameters = sum(parameter.numel() for parameter in decoder.parameters())
        self.table: Tensor = decoder.embed_tokens.weight  # (V, H)
        self.scale: Tensor = decoder.embed_tokens.embed_scale.to(self.table.dtype)
        self.device: torch.device = self.table.device
        self.dtype: torch.dtype = self.table.dtype
        self._softcap = float(self.text_config.final_logit_softcapping)
        self._rotary: Any = decoder.rotary_emb
        self._early: Rope = {}  # of the first positions, as many as are known
        self._known = 0
        self._conditioning = SelfConditioning(decoder.self_conditioning)
        self.layers = [
            Layer(block, twin, kind)
            for block, twin, kind in zip(decoder.layers, encoder.layers, self.text_config.layer_types, strict=True)
        ]
        self.norm = Norm(decoder.norm)
        self.head: Tensor = model.lm_head.weight  # (V, H), the embedding again
        self.layer_shapes = tuple(layer.shape for layer in self.layers)

    @property
    def routes_tokens(self) -> bool:
        """Whether which tokens are computed together depends on their values (several experts)."""
        return int(self.text_config.num_experts) > 1

    def rope(self, start: int, count: int) -> Rope:
        """Rotations of the positions start, ..., start + count - 1: each (count, D). Early ones are computed once."""
        end = start + count
        if end > REMEMBERED:
            return self._turns(start, count)
        if end > self._known:
            self._known = min(max(REMEMBERED // 16, 1 << (end - 1).bit_length()), REMEMBERED)
            self._early = self._turns(0, self._known)
        return {kind: (cosines[start:end], sines[start:end]) for kind, (cosines, sines) in self._early.items()}

    def _turns(self, start: int, count: int) -> Rope:
        positions = torch.arange(start, start + count, device=self.device)[None]
        kinds = {layer.kind: self._rotary(self.table, positions, layer.kind) for layer in self.layers}
        return {kind: (cosines[0], sines[0]) for kind, (cosines, sines) in kinds.items()}

    def run(
        self, canvases: Tensor, soft: Tensor, read: Tensor, rope: Rope, segments: Segments, *, telling: bool = False
    ) -> Tensor:
        """One pass over canvases and, behind them, over tokens that are read causally.

        Args:
            canvases: their tokens (C,), those of all canvases in a row.
            soft: the soft embeddings (C, H) of their last step. At a canvas' first step they are zeros; the
                self-conditioning block is applied all the same.
            read: tokens (R,) whose keys and values are all that is wanted; C + R = T.
            rope: of all tokens.
            segments: who attends to what.
            telling: whether the hidden states of what is read are wanted, too.

        Returns:
            The canvases' hidden states (C, H), or those of all tokens (T, H).
        """
        parts = []
        if len(canvases):
            parts.append(self.embed(canvases, soft))
        if len(read):
            parts.append(F.embedding(read, self.table) * self.scale)
        hidden = parts[0] if len(parts) == 1 else torch.cat(parts)  # (T, H)
        for index, layer in enumerate(self.layers):
            hidden = layer(hidden, rope[layer.kind], segments, index, layer.scalar(len(canvases), len(read)))
        return self.norm(hidden if telling else hidden[: len(canvases)])

    def embed(self, canvases: Tensor, soft: Tensor) -> Tensor:
        """What the layers begin with, of canvases (C,) and their soft embeddings (C, H): (C, H)."""
        return self._conditioning(F.embedding(canvases, self.table) * self.scale, soft)

    def working_memory(self, tokens: int) -> int:
        """Bytes that a pass over so many tokens takes at most, beside weights and caches."""
        text = self.text_config
        routed = int(text.top_k_experts) * (6 * text.hidden_size + 3 * text.moe_intermediate_size)
        dense = 3 * text.intermediate_size + 4 * max(layer.heads * layer.size for layer in self.layers)
        return tokens * int((routed + dense) * self.dtype.itemsize + 6 * text.hidden_size * 4)

    def logits(self, hidden: Tensor, start: int = 0, end: int | None = None) -> Tensor:
        """Hidden states (..., H) -> soft-capped logits (..., V) in float32, or those of the tokens start to end - 1."""
        head = self.head[start:end]
        if hidden.dtype == torch.float32:
            return linear(hidden / self._softcap, head, then="tanh").mul_(self._softcap)
        return self.cap(F.linear(hidden, head))

    def cap(self, logits: Tensor) -> Tensor:
        """The soft cap, in float32."""
        return logits.float().div_(self._softcap).tanh_().mul_(self._softcap)

    def weigh(self, weights: Tensor, start: int = 0) -> Tensor:
        """The sum of the embeddings of tokens start, start + 1, ..., by their weights (..., C) -> (..., H)."""
        return linear(weights.to(self.dtype), self.table[start : start + weights.shape[-1]].T)


class Layer:
    """One layer: attention, then a dense MLP and experts side by side."""

    def __init__(self, block: Any, twin: Any, kind: str) -> None:
        attention = block.self_attn
        self.kind = kind
        self.size: int = attention.head_dim
        self.heads: int = attention.q_proj.out_features // self.size
        self.kv_heads: int = attention.k_proj.out_features // self.size
        self.shape = LayerShape(self.kv_heads, self.size, attention.sliding_window)
        self._decoder_scalar, self._encoder_scalar = _scalar(block), _scalar(twin)
        self._scalars_agree = torch.equal(block.layer_scalar, twin.layer_scalar)
        projections = [attention.q_proj, attention.k_proj, attention.v_proj]  # without the last, keys serve as values
        self._project = joined([projection for projection in projections if projection is not None])
        norms = [attention.q_norm] * self.heads + [attention.k_norm] * self.kv_heads
        self.turned_norm = torch.stack([norm.weight for norm in norms])  # (heads + kv_heads, D)
        self._head_norm = Norm(attention.v_norm)
        self._output = joined([attention.o_proj])
        self._before_attention = Norm(block.input_layernorm)
        self._after_attention = Norm(block.post_attention_layernorm)
        self.one_expert = OneExpert(block) if one_expert(block) else None
        self._feed: Product = self.one_expert or Experts(block)
        self._after_feed = Norm(block.post_feedforward_layernorm)

    def scalar(self, canvases: int, read: int) -> Tensor | None:
        """What the layer's output is multiplied by, for so many tokens of each kind; None is 1."""
        if not read or self._scalars_agree:
            return self._decoder_scalar
        ones = self.turned_norm.new_ones(1)
        decoder, encoder = (ones if s is None else s for s in (self._decoder_scalar, self._encoder_scalar))
        return torch.cat([decoder.expand(canvases), encoder.expand(read)])[:, None]  # (T, 1)

    def __call__(
        self, hidden: Tensor, rope: tuple[Tensor, Tensor], segments: Segments, index: int, scalar: Tensor | None
    ) -> Tensor:
        """Hidden states (T, H) in and out; `index` is the layer's place, by which the segments know its cache."""
        queries, keys, values = self.before(hidden, rope)
        return self.after(hidden, segments.attend(index, queries, keys, values), scalar)

    def before(self, hidden: Tensor, rope: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """What attention needs of hidden states (T, H): queries (T, heads, D), keys and values (T, kv_heads, D)."""
        turned = self.heads + self.kv_heads
        parts = self._project(self._before_attention(hidden)).view(len(hidden), -1, self.size)
        parts = self._head_norm(parts)  # (T, heads + kv_heads [+ kv_heads], D)
        queries_keys = rotate(parts[:, :turned] * self.turned_norm, rope)
        values = parts[:, turned:] if parts.shape[1] > turned else parts[:, self.heads :]
        return queries_keys[:, : self.heads], queries_keys[:, self.heads :], values

    def after(self, hidden: Tensor, mixed: Tensor, scalar: Tensor | None) -> Tensor:
        """The layer's output (T, H) from its input (T, H) and what its heads attended to (T, heads, D)."""
        hidden = hidden + self._after_attention(self._output(mixed.flatten(1)))
        hidden = hidden + self._after_feed(self._feed(hidden))
        return hidden if scalar is None else hidden * scalar


class Experts:
    """The dense MLP and, beside it, the experts that each token is routed to. (T, H) in and out."""

    def __init__(self, block: Any) -> None:
        self._dense = Gated(block.mlp)
        self._router, self._experts = block.router, block.experts
        self._before, self._after = Norm(block.pre_feedforward_layernorm), Norm(block.post_feedforward_layernorm_1)
        self._before_experts = Norm(block.pre_feedforward_layernorm_2)
        self._after_experts = Norm(block.post_feedforward_layernorm_2)

    def __call__(self, hidden: Tensor) -> Tensor:
        dense = self._after(self._dense(self._before(hidden)))
        _, weights, experts = self._router(hidden)  # the router has a norm of its own
        sparse = self._experts(self._before_experts(hidden), experts, weights)  # transformers' grouped products
        both: Tensor = dense + self._after_experts(sparse)
        return both


class OneExpert:
    """`Experts` where there is one, and so nothing to route: an MLP beside an MLP, in one product each way in.

    The weights of the norms in front of them are folded into the products, so this is for float32.
    """

    def __init__(self, block: Any) -> None:
        mlp, experts = block.mlp, block.experts
        gate, up = experts.gate_up_proj[0].chunk(2)  # (J, H) each
        dense, sparse = block.pre_feedforward_layernorm.weight, block.pre_feedforward_layernorm_2.weight
        self.gate = torch.cat([mlp.gate_proj.weight * dense, gate * sparse])  # (I + J, H)
        self.up = torch.cat([mlp.up_proj.weight * dense, up * sparse])  # (I + J, H)
        self.split = mlp.gate_proj.out_features
        self.dense_out: Tensor = mlp.down_proj.weight  # (H, I)
        self.sparse_out = experts.down_proj[0] * block.router.per_expert_scale  # (H, J)
        self._eps: float = block.pre_feedforward_layernorm.eps
        self._after = Norm(block.post_feedforward_layernorm_1)
        self._after_expert = Norm(block.post_feedforward_layernorm_2)

    def __call__(self, hidden: Tensor) -> Tensor:
        inner = gated(rms_norm(hidden, None, self._eps), self.gate, self.up)  # (T, I + J)
        dense = linear(inner[..., : self.split], self.dense_out)
        sparse = linear(inner[..., self.split :], self.sparse_out)
        return self._after(dense) + self._after_expert(sparse)


class Gated:
    """A gated MLP: down(activation(gate(x)) * up(x))."""

    def __init__(self, mlp: Any) -> None:
        self._in, self._out = joined([mlp.gate_proj, mlp.up_proj]), joined([mlp.down_proj])
        self._activation: Product = mlp.act_fn

    def __call__(self, x: Tensor) -> Tensor:
        gate, up = self._in(x).chunk(2, dim=-1)
        return self._out(self._activation(gate) * up)


class SelfConditioning:
    """Adds what a canvas was predicted to be in its last step to the embeddings of what it is now."""

    def __init__(self, block: Any) -> None:
        self._before, self._after, self._mlp = Norm(block.pre_norm), Norm(block.post_norm), Gated(block)

    def __call__(self, embedded: Tensor, soft: Tensor) -> Tensor:
        return self._after(embedded + self._mlp(self._before(soft)))


class Norm:
    """Root mean square norm over the last dimension, in float32."""

    def __init__(self, norm: Any) -> None:
        self._weight: Tensor | None = norm.weight.float() if norm.with_scale else None
        self._eps: float = norm.eps

    def __call__(self, x: Tensor) -> Tensor:
        return rms_norm(x, self._weight, self._eps)


def rms_norm(x: Tensor, weight: Tensor | None, eps: float) -> Tensor:
    """Root mean square norm of x (..., N) by weights (N,), in float32.

    On a CPU torch composes its own from some twenty operations, which for a small network take longer than what they
    compute; these are four.
    """
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return F.rms_norm(x.float(), x.shape[-1:], weight, eps).to(x.dtype)
    size = torch.linalg.vector_norm(x, dim=-1, keepdim=True)  # (..., 1)
    out = x * torch.addcmul(_scalar_of(eps), size, size, value=1 / x.shape[-1]).rsqrt_()
    return out if weight is None else out.mul_(weight)


@functools.cache
def _scalar_of(value: float) -> Tensor:
    return torch.tensor(value)


def joined(modules: Sequence[nn.Linear]) -> Product:
    """One product for several linear layers of the same input; their outputs stand side by side.

    What is no plain `nn.Linear` is called as it is: layers quantised to integers are none.
    """
    if len(modules) > 1 and all(isinstance(module, Float8Linear) for module in modules):
        return Float8Linear.joined(modules)
    if not all(type(module) is nn.Linear and type(module.weight) is nn.Parameter for module in modules):
        return modules[0] if len(modules) == 1 else lambda x: torch.cat([module(x) for module in modules], dim=-1)
    weights: list[Tensor] = [module.weight for module in modules]
    biases: list[Tensor] = [module.bias for module in modules if module.bias is not None]
    weight = weights[0] if len(weights) == 1 else torch.cat(weights)
    bias = torch.cat(biases) if biases else None
    return lambda x: linear(x, weight, bias)


def one_expert(block: Any) -> bool:
    """Whether `OneExpert` can compute a layer."""
    one: bool = block.experts.num_experts == 1 and block.experts.gate_up_proj.dtype == torch.float32
    return one and is_gelu(block.mlp.act_fn)


def is_gelu(activation: Product) -> bool:
    """Whether an activation is the GELU in its tanh form."""
    x = torch.linspace(-4.0, 4.0, 33)
    return torch.allclose(activation(x), F.gelu(x, approximate="tanh"), rtol=0.0, atol=1e-6)


def rotate(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary position embedding of heads (T, heads, D) by cosines and sines (T, D)."""
    cosines, sines = rope[0][:, None], rope[1][:, None]
    half = x.shape[-1] // 2
    return torch.addcmul(x * cosines, torch.cat([-x[..., half:], x[..., :half]], dim=-1), sines)


def _scalar(block: Any) -> Tensor | None:
    """A layer's scalar; None where it is 1, as multiplying changes nothing then."""
    scalar: Tensor = block.layer_scalar
    return None if bool((scalar == 1).all()) else scalar
