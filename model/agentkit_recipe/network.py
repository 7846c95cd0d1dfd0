"""The bundled model's architecture, and a forward pass made for training it.

The weights live in transformers' own ``DiffusionGemmaForBlockDiffusion``, so that a checkpoint is always one of that
class. Its forward runs one canvas per row and copies the prefix for each; training wants many requests and many
canvases over one set of tool declarations. So the same weights are run here in a packed form: each prefix once, its
branches (one request each) beside it, and several noised canvases per branch under a block mask.
`tests/recipe/test_network.py` shows that its logits equal the class's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    DiffusionGemmaConfig,
    DiffusionGemmaForBlockDiffusion,
    DiffusionGemmaTextConfig,
    Gemma4VisionConfig,
)


@dataclass(frozen=True)
class Architecture:
    """The sizes of a small DiffusionGemma. The defaults are the bundled model's."""

    vocab_size: int = 2048
    hidden_size: int = 128
    layers: int = 6
    heads: int = 4
    head_dim: int = 32
    intermediate_size: int = 320
    expert_size: int = 64
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
    """A batch of prefixes, their branches and the branches' canvases. B prefixes, N branches, K canvases of C tokens
    each."""

    prefix: Tensor  # (B, P) token ids, right-padded
    prefix_length: Tensor  # (B,)
    owner: Tensor  # (N,) the prefix each branch belongs to
    branch: Tensor  # (N, L) token ids, right-padded
    branch_length: Tensor  # (N,)
    anchor: Tensor  # (N, K) how many branch tokens stand before the canvas
    target: Tensor  # (N, K, C) the tokens to be denoised to

    def rows(self, index: Tensor) -> Packed:
        """The same prefixes with only the branches named by `index`."""
        return Packed(
            self.prefix,
            self.prefix_length,
            self.owner[index],
            self.branch[index],
            self.branch_length[index],
            self.anchor[index],
            self.target[index],
        )


class PackedForward:
    """Runs a `DiffusionGemmaForBlockDiffusion`'s weights over `Packed` batches.

    Holds no weights of its own. Supports what `build_config` makes: one expert, contexts within the sliding window.
    """

    def __init__(self, model: DiffusionGemmaForBlockDiffusion) -> None:
        self.model: Any = model
        self.config = model.config.text_config
        if self.config.num_experts != 1:
            raise ValueError(f"PackedForward trains models with one expert per layer, not {self.config.num_experts}")
        self.decoder: Any = model.model.decoder
        self.scale = float(self.config.hidden_size**0.5)
        self.table: Tensor = self.decoder.embed_tokens.weight  # (V, E), embedding and head

    def rotary(self, positions: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        embedding = self.decoder.rotary_emb
        return {kind: embedding(self.table, positions, kind) for kind in set(self.config.layer_types)}

    def encode(self, tokens: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Causal pass over the prefixes (B, P): last hidden states (B, P, E), and per layer keys and values (B, H,
        P, D)."""
        size = tokens.shape[1]
        positions = torch.arange(size, device=tokens.device)[None]  # (1, P)
        rotary = self.rotary(positions)
        causal = torch.ones(size, size, dtype=torch.bool, device=tokens.device).tril()[None, None]  # (1, 1, P, P)
        x = F.embedding(tokens, self.table) * self.scale  # (B, P, E)
        cache = []
        for kind, layer in zip(self.config.layer_types, self.decoder.layers, strict=True):
            x, keys, values = self.layer(layer, x, rotary[kind], causal, None)
            cache.append((keys, values))
        return x, cache

    def canvases(
        self, batch: Packed, cache: list[tuple[Tensor, Tensor]], canvas: Tensor, soft: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Runs the branches with `canvas` (N, K, C), given soft embeddings (N, K, C, E) of an earlier step or None.

        Returns the branches' last hidden states (N, L, E) and the canvases' logits (N, K, C, V)."""
        count, per, size = canvas.shape
        length, width = batch.branch.shape[1], batch.prefix.shape[1]
        device = canvas.device
        start = batch.prefix_length[batch.owner]  # (N,)

        # 1) positions: a branch goes on after its prefix, a canvas after the branch tokens before its anchor
        steps = torch.arange(length, device=device)
        cells = torch.arange(size, device=device)
        branch_at = start[:, None] + steps  # (N, L)
        canvas_at = (start[:, None, None] + batch.anchor[:, :, None] + cells).reshape(count, per * size)  # (N, K*C)
        rotary = self.rotary(torch.cat([branch_at, canvas_at], 1))

        # 2) who sees whom: (N, 1, L + K*C, P + L + K*C)
        sees_prefix = (torch.arange(width, device=device) < start[:, None])[:, None, :]  # (N, 1, P)
        sees_prefix = sees_prefix.expand(count, length + per * size, width)
        causal = (steps[None, :] <= steps[:, None])[None].expand(count, length, length)  # (N, L, L)
        before = steps < batch.anchor[:, :, None]  # (N, K, L)
        before = before[:, :, None, :].expand(count, per, size, length).reshape(count, per * size, length)
        own = torch.arange(per, device=device).repeat_interleave(size)
        block = (own[None, :] == own[:, None])[None].expand(count, -1, -1)  # (N, K*C, K*C)
        none = torch.zeros(count, length, per * size, dtype=torch.bool, device=device)
        mask = torch.cat([sees_prefix, torch.cat([torch.cat([causal, none], 2), torch.cat([before, block], 2)], 1)], 2)
        mask = mask[:, None]

        # 3) embeddings: branch tokens plain, canvas tokens through the self-conditioning block
        branch = F.embedding(batch.branch, self.table) * self.scale  # (N, L, E)
        noisy = (F.embedding(canvas, self.table) * self.scale).reshape(count, per * size, -1)  # (N, K*C, E)
        signal = torch.zeros_like(noisy) if soft is None else soft.reshape(noisy.shape)
        noisy = self.decoder.self_conditioning(noisy, signal)
        x = torch.cat([branch, noisy], 1)  # (N, L + K*C, E)

        # 4) the layers, with the prefix's keys and values in front
        for kind, layer, (keys, values) in zip(self.config.layer_types, self.decoder.layers, cache, strict=True):
            x, _, _ = self.layer(layer, x, rotary[kind], mask, (keys[batch.owner], values[batch.owner]))

        # 5) the head, on canvas positions only
        return x[:, :length], self.head(x[:, length:]).reshape(count, per, size, -1)

    def head(self, hidden: Tensor) -> Tensor:
        """Soft-capped logits (..., V) of last hidden states (..., E)."""
        cap = float(self.model.final_logit_softcapping)
        return torch.tanh(F.linear(_norm(hidden, self.decoder.norm), self.table) / cap) * cap

    def soft_embedding(self, logits: Tensor) -> Tensor:
        """Self-conditioning signal (..., E) of tempered logits (..., V)."""
        return logits.softmax(-1) @ self.table * self.scale

    def layer(
        self,
        layer: Any,
        x: Tensor,  # (N, S, E)
        rotary: tuple[Tensor, Tensor],
        mask: Tensor,
        past: tuple[Tensor, Tensor] | None,  # each (N, H, P, D)
    ) -> tuple[Tensor, Tensor, Tensor]:
        attention = layer.self_attn
        batch, length = x.shape[:2]
        normed = _norm(x, layer.input_layernorm)
        weights = [attention.q_proj.weight, attention.k_proj.weight]
        if attention.v_proj is not None:
            weights.append(attention.v_proj.weight)
        parts = F.linear(normed, torch.cat(weights)).view(batch, length, len(weights), -1, attention.head_dim)
        queries = _rotate(_norm(parts[:, :, 0], attention.q_norm), rotary).transpose(1, 2)  # (N, H, S, D)
        keys = _rotate(_norm(parts[:, :, 1], attention.k_norm), rotary).transpose(1, 2)
        values = _norm(parts[:, :, -1], attention.v_norm).transpose(1, 2)  # K = V on the full layers
        seen_keys = keys if past is None else torch.cat([past[0], keys], 2)
        seen_values = values if past is None else torch.cat([past[1], values], 2)
        mixed = F.scaled_dot_product_attention(queries, seen_keys, seen_values, attn_mask=mask, scale=1.0)
        mixed = attention.o_proj(mixed.transpose(1, 2).reshape(batch, length, -1))
        x = x + _norm(mixed, layer.post_attention_layernorm)

        dense = layer.mlp(_norm(x, layer.pre_feedforward_layernorm))
        sparse = F.linear(_norm(x, layer.pre_feedforward_layernorm_2), layer.experts.gate_up_proj[0])
        gate, up = sparse.chunk(2, -1)
        sparse = F.linear(layer.experts.act_fn(gate) * up, layer.experts.down_proj[0]) * layer.router.per_expert_scale
        both = _norm(dense, layer.post_feedforward_layernorm_1) + _norm(sparse, layer.post_feedforward_layernorm_2)
        x = (x + _norm(both, layer.post_feedforward_layernorm)) * layer.layer_scalar
        return x, keys, values


def _norm(x: Tensor, norm: Any) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], norm.weight if norm.with_scale else None, norm.eps)


def _rotate(x: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary position embedding of (N, S, H, D) by cosines and sines (N or 1, S, D)."""
    cos, sin = (part[:, :, None] for part in rotary)
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


def parameters(model: nn.Module) -> int:
    """How many parameters the text model has, tied ones counted once."""
    return sum(p.numel() for name, p in model.named_parameters() if "vision" not in name)
