"""The one place that touches transformers' network: its layers, driven by our own passes.

The layers are called without a transformers cache; attention goes through `attention.ragged_attention`, which reads and
writes ours. Names used here are the same in transformers 5.17 to 5.23.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion

from agentkit_model import attention
from agentkit_model.cache import LayerShape
from agentkit_model.errors import CheckpointError

Rope = dict[str, tuple[Tensor, Tensor]]  # layer type -> cosines, sines, each (B, N, head_dim)


class Network:
    """Passes through a DiffusionGemmaForBlockDiffusion. H is the hidden size, V the vocabulary size."""

    def __init__(self, model: DiffusionGemmaForBlockDiffusion) -> None:
        self.config: DiffusionGemmaConfig = model.config
        self.text_config: Any = model.config.text_config
        if self.text_config.use_bidirectional_attention == "all":
            raise CheckpointError(
                'use_bidirectional_attention="all" is not supported: with it every new token changes the keys of all '
                "earlier ones, so there is nothing to cache; use a checkpoint with causal prompts"
            )
        model.eval().requires_grad_(False)
        self.text_config._attn_implementation = attention.NAME
        self._encoder: Any = model.model.encoder.language_model
        self._decoder: Any = model.model.decoder
        self._head: Any = model.lm_head
        self._softcap: float = self.text_config.final_logit_softcapping
        self._types: list[str] = self.text_config.layer_types
        self.device: torch.device = self._head.weight.device
        self.dtype: torch.dtype = self._decoder.embed_tokens.weight.dtype
        self.layer_shapes = tuple(_shape(layer.self_attn) for layer in self._decoder.layers)

    @property
    def routes_tokens(self) -> bool:
        """Whether which tokens are computed together depends on their values (several experts)."""
        return int(self.text_config.num_experts) > 1

    def rope(self, start: int, count: int) -> Rope:
        """Rotations of the positions start, ..., start + count - 1: each (1, count, head_dim)."""
        positions = torch.arange(start, start + count, device=self.device)[None]
        like = torch.empty(0, device=self.device, dtype=self.dtype)
        return {kind: self._decoder.rotary_emb(like, positions, kind) for kind in dict.fromkeys(self._types)}

    def encode(self, tokens: Tensor, rope: Rope, partner: attention.Partner) -> None:
        """Runs tokens (1, N) causally; their keys and values go to the partner."""
        hidden = self._encoder.embed_tokens(tokens)  # (1, N, H)
        for kind, layer in zip(self._types, self._encoder.layers, strict=True):
            hidden = layer(hidden, position_embeddings=rope[kind], attention_mask=None, partner=partner)

    def decode(self, canvases: Tensor, soft: Tensor, rope: Rope, partner: attention.Partner) -> Tensor:
        """Canvases (B, L) with the soft embeddings (B, L, H) of their last step -> hidden states (B, L, H).

        At a canvas' first step the soft embeddings are zeros; the self-conditioning block is applied all the same.
        """
        hidden = self._decoder.self_conditioning(self._decoder.embed_tokens(canvases), soft)  # (B, L, H)
        for kind, layer in zip(self._types, self._decoder.layers, strict=True):
            hidden = layer(hidden, position_embeddings=rope[kind], attention_mask=None, partner=partner)
        normed: Tensor = self._decoder.norm(hidden)
        return normed

    def logits(self, hidden: Tensor) -> Tensor:
        """Hidden states (..., H) -> soft-capped logits (..., V) in float32."""
        logits: Tensor = self._head(hidden).float()
        return logits.div_(self._softcap).tanh_().mul_(self._softcap)

    def soften(self, tempered: Tensor) -> Tensor:
        """Tempered logits (L, V) of one step -> the soft embeddings (L, H) that condition the next one."""
        embeddings = self._decoder.embed_tokens
        probs = tempered.to(self.dtype).softmax(dim=-1, dtype=torch.float32).to(self.dtype)  # (L, V)
        soft: Tensor = (probs @ embeddings.weight) * embeddings.embed_scale.to(self.dtype)
        return soft


def _shape(block: Any) -> LayerShape:
    return LayerShape(block.k_proj.out_features // block.head_dim, block.head_dim, block.sliding_window)
