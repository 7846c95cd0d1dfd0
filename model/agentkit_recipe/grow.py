"""A deeper or wider network that computes what a trained one does, to be trained on from there.

Copies of layers are put in whose last norms are zero, so that they add nothing at first: Chen et al. 2016, Net2Net
(https://arxiv.org/abs/1511.05641), with copies in the place of identities, as in stacked networks (Gong et al. 2019,
Efficient Training of BERT by Progressively Stacking).
"""

from __future__ import annotations

import copy
from fractions import Fraction
from pathlib import Path
from typing import cast

import torch
from transformers import DiffusionGemmaForBlockDiffusion

SIZES = ("hidden_size", "num_attention_heads", "num_key_value_heads", "intermediate_size", "moe_intermediate_size")
"""What grows with a network's width."""

READING = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj", "gate_up_proj")
"""The matrices that make heads and units of channels; the others write channels."""

NORMS_BEFORE = ("input_layernorm", "pre_feedforward_layernorm", "pre_feedforward_layernorm_2", "norm", "pre_norm")
"""The norms of what stands between the layers."""

ENTERING = ("self_conditioning.down_proj.weight", "embedding_projection.weight")
"""The matrices that write to what stands between the layers, and have no norm behind them."""

SILENCED = ("post_attention_layernorm", "post_feedforward_layernorm")
"""The norms behind the two halves of a layer: what they give is added to what came in."""


def origins(before: int, after: int) -> list[tuple[int, bool]]:
    """For each of the `after` layers, which of the `before` ones it comes from, and whether it is a copy.

    Copies stand behind layers all along the way, but not behind the last one, which sees everything.
    Raises ValueError where layers would have to be taken away, or copied twice.
    """
    more = after - before
    if not 0 <= more < before:
        raise ValueError(f"{before} layers grow to {before} to {2 * before - 1}, not to {after}")
    copied = {min((i + 1) * before // (more + 1), before - 2 - (more - 1 - i)) for i in range(more)}
    return [(layer, again) for layer in range(before) for again in (False, True)[: 1 + (layer in copied)]]


def grow(
    checkpoint: Path, layers: int | None = None, hidden_size: int | None = None, *, seed: int = 0
) -> DiffusionGemmaForBlockDiffusion:
    """The network in `checkpoint`, deeper or wider, in float32. Its logits are those of the smaller one.

    layers: how many; by default as many as there are.
    hidden_size: by default as it is; heads, and the MLPs' inner sizes, grow in proportion. Raises ValueError where that
        is no whole number of each, or less than there are.
    seed: of what new channels, heads and units read; what they write is 0 at first.
    """
    small = DiffusionGemmaForBlockDiffusion.from_pretrained(checkpoint, dtype=torch.float32)
    large = small if layers is None else deeper(small, layers)
    return large if hidden_size is None else wider(large, hidden_size, seed=seed)


def deeper(small: DiffusionGemmaForBlockDiffusion, layers: int) -> DiffusionGemmaForBlockDiffusion:
    source = origins(small.config.text_config.num_hidden_layers, layers)
    config = copy.deepcopy(small.config)
    config.text_config.num_hidden_layers = layers
    config.text_config.layer_types = [small.config.text_config.layer_types[layer] for layer, _ in source]
    large = DiffusionGemmaForBlockDiffusion(config)
    known = small.state_dict()
    with torch.no_grad():
        for name, weight in large.state_dict().items():
            parts = name.split(".")
            silent = False
            if "vision_tower" not in parts and "layers" in parts:
                place = parts.index("layers") + 1
                layer, silent = source[int(parts[place])]
                parts[place] = str(layer)
            weight.copy_(known[".".join(parts)])
            if silent and parts[-2] in SILENCED:
                weight.zero_()
    return cast(DiffusionGemmaForBlockDiffusion, large)


def wider(small: DiffusionGemmaForBlockDiffusion, hidden_size: int, *, seed: int) -> DiffusionGemmaForBlockDiffusion:
    """The network with `hidden_size` channels between its layers, of which the new ones hold 0 at first.

    A norm over k times as many channels, of which the others are 0, gives sqrt(k) times as much, and so does an
    embedding, which is scaled by the square root of its size. So everything between the layers is sqrt(k) times what it
    was, and what reads it takes that back.
    """
    text = small.config.text_config
    ratio = Fraction(hidden_size, text.hidden_size)
    config = copy.deepcopy(small.config)
    for size in SIZES:
        grown = getattr(text, size) * ratio
        if ratio < 1 or grown.denominator > 1:
            raise ValueError(f"{size} {getattr(text, size)} does not grow {float(ratio):g} times")
        setattr(config.text_config, size, int(grown))
    large = DiffusionGemmaForBlockDiffusion(config)
    known, generator, more = small.state_dict(), torch.Generator().manual_seed(seed), float(ratio) ** 0.5
    with torch.no_grad():
        for name, weight in large.state_dict().items():
            old = known[name]
            part = name.removesuffix(".weight").rsplit(".", 1)[-1]
            if part in READING:
                weight.normal_(std=old.std().item(), generator=generator)
            else:
                weight.fill_(old.mean().item() if weight.ndim == 1 else 0.0)
            halves = [each.chunk(2, 1) if part == "gate_up_proj" else (each,) for each in (weight, old)]
            for grown, before in zip(*halves, strict=True):
                grown[tuple(map(slice, before.shape))] = before
            if part in NORMS_BEFORE and "vision_tower" not in name:
                weight /= more
            if name.endswith(ENTERING):
                weight *= more
    return cast(DiffusionGemmaForBlockDiffusion, large)
