"""The bundled model's architecture, and a forward pass made for training it.

The weights live in transformers' own ``DiffusionGemmaForBlockDiffusion``, so that a checkpoint is always one of that
class. Its forward runs one canvas per row and copies the prefix for each; training wants many requests and many
canvases over one set of tool declarations. So the same weights are run here in a packed form: each prefix once, its
branches (one request each) behind it, several noised canvases behind each branch, and none of them padded.
`tests/recipe/test_network.py` shows that its logits equal the class's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    DiffusionGemmaConfig,
    DiffusionGemmaForBlockDiffusion,
    DiffusionGemmaTextConfig,
    Gemma4VisionConfig,
)

Rope: TypeAlias = tuple[Tensor, Tensor]
"""Cosines and sines of tokens' positions, each (T, D)."""


@dataclass(frozen=True)
class Architecture:
    """The sizes of a small DiffusionGemma. The defaults are the bundled model's."""

    vocab_size: int = 2048
    hidden_size: int = 192
    layers: int = 9
    heads: int = 6
    head_dim: int = 32
    intermediate_size: int = 480
    expert_size: int = 96
    canvas_length: int = 48
    context_length: int = 4096
    sliding_window: int = 1024


def build_config(arch: Architecture, *, bos: int, eos: int, pad: int) -> DiffusionGemmaConfig:
    """The transformers configuration of `arch`: sliding layers, the last one full, one expert beside the dense MLP."""
    text = DiffusionGemmaTextConfig(
        vocab_size=arch.vocab_size,
        hidden_size=arch.hidden_size,
        intermediate_size=arch.intermediate_size,
        num_hidden_layers=arch.layers,
        num_attention_heads=arch.heads,
        num_key_value_heads=arch.heads,
        head_dim=arch.head_dim,
        global_head_dim=arch.head_dim,
        num_global_key_value_heads=arch.heads,
        max_position_embeddings=arch.context_length,
        sliding_window=arch.sliding_window,
        layer_types=["sliding_attention"] * (arch.layers - 1) + ["full_attention"],
        num_experts=1,
        top_k_experts=1,
        moe_intermediate_size=arch.expert_size,
        pad_token_id=pad,
        eos_token_id=eos,
        bos_token_id=bos,
    )
    # The class always carries a vision tower; text-only models get the smallest one (17 thousand parameters).
    vision = Gemma4VisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=16,
        position_embedding_size=16,
    )
    return DiffusionGemmaConfig(
        text_config=text,
        vision_config=vision,
        canvas_length=arch.canvas_length,
        # ids beyond the vocabulary: no text token may be taken for an image
        boi_token_id=arch.vocab_size,
        eoi_token_id=arch.vocab_size + 1,
        image_token_id=arch.vocab_size + 2,
        tie_word_embeddings=True,
    )


def build_model(config: DiffusionGemmaConfig, *, seed: int) -> DiffusionGemmaForBlockDiffusion:
    """A fresh model with an initialisation that trains: attention has scale 1, so the q/k norms start at head_dim^-1/4,
    and residual branches start small beside the embeddings."""
    torch.manual_seed(seed)
    model = DiffusionGemmaForBlockDiffusion(config)
    text = config.text_config
    with torch.no_grad():
        decoder = model.model.decoder
        decoder.embed_tokens.weight.normal_(std=0.05)
        for layer in decoder.layers:
            for norm in (layer.self_attn.q_norm, layer.self_attn.k_norm):
                norm.weight.fill_(layer.self_attn.head_dim**-0.25)
            for norm in (layer.post_attention_layernorm, layer.post_feedforward_layernorm):
                norm.weight.fill_(0.4)
            for linear in (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.mlp.gate_proj, layer.mlp.up_proj):
                linear.weight.normal_(std=text.hidden_size**-0.5)
    return cast(DiffusionGemmaForBlockDiffusion, model)


@dataclass
class Packed:
    """A batch of prefixes, their branches and the branches' canvases: B prefixes of P tokens, N branches of L tokens, K
    canvases of C tokens each. P and L differ from one to the next, and nothing is padded to the longest."""

    prefixes: list[Tensor]  # B of (P,) token ids
    owner: list[int]  # N, the prefix each branch belongs to
    branches: list[Tensor]  # N of (L,) token ids
    anchor: list[list[int]]  # N of K, how many branch tokens stand before the canvas
    target: Tensor  # (N, K, C) the tokens to be denoised to

    def rows(self, index: Sequence[int]) -> Packed:
        """The same prefixes with only the branches named by `index`."""
        return Packed(
            self.prefixes,
            [self.owner[n] for n in index],
            [self.branches[n] for n in index],
            [self.anchor[n] for n in index],
            self.target[list(index)],
        )


@dataclass
class Read:
    """What one layer's attention sees of a batch: keys and values (S, H, D) of each prefix and of each branch."""

    prefixes: list[tuple[Tensor, Tensor]]
    branches: list[tuple[Tensor, Tensor]]

    def rows(self, index: Sequence[int]) -> Read:
        return Read(self.prefixes, [self.branches[n] for n in index])


class PackedForward:
    """Runs a `DiffusionGemmaForBlockDiffusion`'s weights over `Packed` batches.

    All tokens of a pass stand side by side in one dimension T, so that products are large and none is of padding;
    attention goes piece by piece. Holds no weights of its own. Supports what `build_config` makes: one expert, contexts
    within the sliding window.

    products: the type that matrix products are made in; everything else is float32.
    compiler: a backend of `torch.compile` for what stands between two layers' attention, which is most of a step's time
    where it is made operation by operation; None for none.
    """

    def __init__(
        self,
        model: DiffusionGemmaForBlockDiffusion,
        products: torch.dtype = torch.float32,
        compiler: str | None = None,
    ) -> None:
        self.model: Any = model
        self.config = model.config.text_config
        if self.config.num_experts != 1:
            raise ValueError(f"PackedForward trains models with one expert per layer, not {self.config.num_experts}")
        self.products = products
        self.projected, self.finished, self.headed = _projected, _finished, _headed
        if compiler is not None:  # shapes differ from step to step, and weights from layer to layer
            self.projected = torch.compile(_projected, dynamic=True, backend=compiler)
            self.finished = torch.compile(_finished, dynamic=True, backend=compiler)
            self.headed = torch.compile(_headed, dynamic=True, backend=compiler)
        self.eps = float(self.config.rms_norm_eps)
        self.decoder: Any = model.model.decoder
        self.scale = float(self.config.hidden_size**0.5)
        self.table: Tensor = self.decoder.embed_tokens.weight  # (V, E), embedding and head

    def rotary(self, positions: Tensor) -> dict[str, Rope]:
        """Cosines and sines, each (T, D), of the positions (T,), for each kind of layer."""
        kinds = set(self.config.layer_types)
        found = {kind: self.decoder.rotary_emb(self.table, positions[None], kind) for kind in kinds}
        return {kind: (cos[0], sin[0]) for kind, (cos, sin) in found.items()}

    def read(self, batch: Packed) -> tuple[list[Tensor], list[Tensor], list[Read]]:
        """Causal pass over the prefixes and the branches behind them: last hidden states of each, (P, E) and (L, E),
        and what each layer's canvases may attend to."""
        pieces = [*batch.prefixes, *batch.branches]
        sizes = [len(piece) for piece in pieces]
        starts = [0] * len(batch.prefixes) + [sizes[owner] for owner in batch.owner]
        device = self.table.device
        spans = list(zip(starts, sizes, strict=True))
        rotary = self.rotary(torch.cat([torch.arange(at, at + size, device=device) for at, size in spans]))
        masks: list[Tensor | Literal["causal"]] = [_causal(at, size, device) if at else "causal" for at, size in spans]
        x = F.embedding(torch.cat(pieces), self.table) * self.scale  # (T, E)
        reads = []
        first = len(batch.prefixes)
        for kind, layer in zip(self.config.layer_types, self.decoder.layers, strict=True):
            queries, keys, values = self.project(layer, x, rotary[kind])  # (T, H, D) each
            parts = list(zip(torch.split(keys, sizes), torch.split(values, sizes), strict=True))
            seen = Read(parts[:first], parts[first:])
            before: list[tuple[tuple[Tensor, Tensor], ...]] = [()] * first
            before += [(seen.prefixes[owner],) for owner in batch.owner]
            mixed = [
                attend(own, (*earlier, part), mask)
                for own, earlier, part, mask in zip(torch.split(queries, sizes), before, parts, masks, strict=True)
            ]
            x = self.finish(layer, x, torch.cat(mixed))
            reads.append(seen)
        hidden = torch.split(x, sizes)
        return list(hidden[:first]), list(hidden[first:]), reads

    def canvases(self, batch: Packed, reads: Sequence[Read], canvas: Tensor, soft: Tensor | None) -> Tensor:
        """Logits (N, K, C, V) of `canvas` (N, K, C), given soft embeddings (N, K, C, E) of an earlier step or None.

        A canvas attends to its prefix, to the branch tokens before its anchor, and to itself."""
        count, per, size = canvas.shape
        device = canvas.device
        starts = [
            len(batch.prefixes[owner]) + anchor
            for owner, anchors in zip(batch.owner, batch.anchor, strict=True)
            for anchor in anchors
        ]
        positions = torch.tensor(starts, device=device)[:, None] + torch.arange(size, device=device)  # (N * K, C)
        rotary = self.rotary(positions.flatten())
        noisy = F.embedding(canvas.flatten(), self.table) * self.scale  # (T, E), T = N * K * C
        signal = torch.zeros_like(noisy) if soft is None else soft.flatten(0, 2)
        x = self.decoder.self_conditioning(noisy, signal)
        for kind, layer, seen in zip(self.config.layer_types, self.decoder.layers, reads, strict=True):
            queries, keys, values = self.project(layer, x, rotary[kind])
            own = list(zip(*(torch.split(part, size) for part in (queries, keys, values)), strict=True))
            mixed = []
            for n, (owner, anchors) in enumerate(zip(batch.owner, batch.anchor, strict=True)):
                branch_keys, branch_values = seen.branches[n]
                for k, anchor in enumerate(anchors):
                    query, key, value = own[n * per + k]
                    before = (branch_keys[:anchor], branch_values[:anchor])
                    mixed.append(attend(query, (seen.prefixes[owner], before, (key, value))))
            x = self.finish(layer, x, torch.cat(mixed))
        return self.head(x).view(count, per, size, -1)

    def head(self, hidden: Tensor) -> Tensor:
        """Soft-capped logits (..., V) of last hidden states (..., E)."""
        cap = float(self.model.final_logit_softcapping)
        return self.headed(hidden, self.decoder.norm.weight, self.table, cap, self.eps, self.products)

    def soft_embedding(self, logits: Tensor) -> Tensor:
        """Self-conditioning signal (..., E) of tempered logits (..., V)."""
        return _linear(logits.softmax(-1), self.table.T, self.products) * self.scale

    def project(self, layer: Any, x: Tensor, rope: Rope) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each (T, H, D), of a layer's input (T, E)."""
        attention = layer.self_attn
        value = attention.k_proj if attention.v_proj is None else attention.v_proj  # K = V on the full layers
        weights = (attention.q_proj.weight, attention.k_proj.weight, value.weight)
        norms = (layer.input_layernorm.weight, attention.q_norm.weight, attention.k_norm.weight)
        queries, keys, values = self.projected(x, weights, norms, rope, self.eps, self.products)
        # On a CPU attention is faster in float32, whatever it is that products are made in.
        kind = torch.float32 if x.device.type == "cpu" else self.products
        return queries.to(kind), keys.to(kind), values.to(kind)

    def finish(self, layer: Any, x: Tensor, mixed: Tensor) -> Tensor:
        """A layer's output (T, E) from its input (T, E) and what its heads attended to (T, H, D)."""
        mlp, experts = layer.mlp, layer.experts
        dense = (mlp.gate_proj.weight, mlp.up_proj.weight, mlp.down_proj.weight)
        weights = (layer.self_attn.o_proj.weight, *dense, experts.gate_up_proj[0], experts.down_proj[0])
        norms = (
            layer.post_attention_layernorm.weight,
            layer.pre_feedforward_layernorm.weight,
            layer.pre_feedforward_layernorm_2.weight,
            layer.post_feedforward_layernorm_1.weight,
            layer.post_feedforward_layernorm_2.weight,
            layer.post_feedforward_layernorm.weight,
        )
        scales = (layer.router.per_expert_scale, layer.layer_scalar)
        return self.finished(x, mixed.flatten(1).float(), weights, norms, scales, self.eps, self.products)


# What is made of tensors alone, so that one compiled form of it serves all layers.


def _projected(
    x: Tensor, weights: Sequence[Tensor], norms: Sequence[Tensor], rope: Rope, eps: float, products: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values (T, H, D). norms: of the input (E,), and of queries and keys (D,)."""
    before, of_queries, of_keys = norms
    parts = _linear(_norm(x, before, eps), torch.cat(tuple(weights)), products)
    queries, keys, values = parts.view(x.shape[0], 3, -1, of_queries.shape[0]).unbind(1)
    return (
        _rotate(_norm(queries, of_queries, eps), rope),
        _rotate(_norm(keys, of_keys, eps), rope),
        _norm(values, None, eps),
    )


def _finished(
    x: Tensor,
    mixed: Tensor,
    weights: Sequence[Tensor],
    norms: Sequence[Tensor],
    scales: tuple[Tensor, Tensor],
    eps: float,
    products: torch.dtype,
) -> Tensor:
    """A layer's output (T, E) of its input and what its heads attended to (T, H * D)."""
    out, gate, up, down, expert_gate_up, expert_down = weights
    after_attention, before_dense, before_expert, after_dense, after_expert, after_both = norms
    of_expert, of_layer = scales
    x = x + _norm(_linear(mixed, out, products), after_attention, eps)
    dense = _gated(_linear(_norm(x, before_dense, eps), torch.cat((gate, up)), products), down, products)
    sparse = _gated(_linear(_norm(x, before_expert, eps), expert_gate_up, products), expert_down, products) * of_expert
    both = _norm(dense, after_dense, eps) + _norm(sparse, after_expert, eps)
    return (x + _norm(both, after_both, eps)) * of_layer


def _headed(hidden: Tensor, norm: Tensor, table: Tensor, cap: float, eps: float, products: torch.dtype) -> Tensor:
    """Logits (..., V) within -cap to cap."""
    return torch.tanh(_linear(_norm(hidden, norm, eps), table, products) / cap) * cap


def _gated(gate_up: Tensor, down: Tensor, products: torch.dtype) -> Tensor:
    gate, up = gate_up.chunk(2, -1)
    return _linear(F.gelu(gate, approximate="tanh") * up, down, products)


def _linear(x: Tensor, weight: Tensor, products: torch.dtype) -> Tensor:
    return F.linear(x.to(products), weight.to(products)).float()


def attend(
    queries: Tensor, seen: Sequence[tuple[Tensor, Tensor]], mask: Tensor | Literal["causal"] | None = None
) -> Tensor:
    """Attention (S, H, D) of queries (S, H, D) to keys and values (R, H, D each) that lie in several pieces.

    mask: (S, the sum of all R), added to the scores; "causal" for the tokens' own keys alone, of which half need not be
    computed then. DiffusionGemma scales by 1.
    """
    keys, values = (torch.cat(parts).transpose(0, 1)[None] for parts in zip(*seen, strict=True))  # (1, H, R, D)
    told: dict[str, Any] = {"is_causal": True} if isinstance(mask, str) else {"attn_mask": mask}
    mixed = F.scaled_dot_product_attention(queries.transpose(0, 1)[None], keys, values, scale=1.0, **told)
    return mixed[0].transpose(0, 1)


def _causal(start: int, size: int, device: torch.device) -> Tensor:
    """The mask (size, start + size) of tokens behind `start` others that see all before them."""
    return torch.full((size, start + size), -torch.inf, device=device).triu(start + 1)


def _norm(x: Tensor, weight: Tensor | None, eps: float) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], weight, eps)


def _rotate(x: Tensor, rope: Rope) -> Tensor:
    """Rotary position embedding of (T, H, D) by cosines and sines (T, D)."""
    cos, sin = (part[:, None] for part in rope)
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


def parameters(model: nn.Module) -> int:
    """How many parameters the text model has, tied ones counted once."""
    return sum(p.numel() for name, p in model.named_parameters() if "vision" not in name)
