"""A deeper network that computes what a trained one does, to be trained on from there.

Copies of layers are put in whose last norms are zero, so that they add nothing at first: Chen et al. 2016, Net2Net
(https://arxiv.org/abs/1511.05641), with copies in the place of identities, as in stacked networks (Gong et al. 2019,
Efficient Training of BERT by Progressively Stacking).
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import cast

import torch
from transformers import DiffusionGemmaForBlockDiffusion

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


def grow(checkpoint: Path, layers: int) -> DiffusionGemmaForBlockDiffusion:
    """The network in `checkpoint` with `layers` layers, in float32. Its logits are those of the smaller one."""
    small = DiffusionGemmaForBlockDiffusion.from_pretrained(checkpoint, dtype=torch.float32)
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
