"""Writes a run's weights as a checkpoint that transformers' class and the engine load."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from transformers import DiffusionGemmaForBlockDiffusion
from transformers.models.diffusion_gemma.generation_diffusion_gemma import (
    DiffusionGemmaGenerationConfig,
    EntropyBoundSamplerConfig,
)

from agentkit.dialects.tokenizer import Tokenizer
from agentkit.models.calibration import Calibration
from agentkit.models.defaults import read_defaults, write_defaults


def blend(model: DiffusionGemmaForBlockDiffusion, checkpoint: Path, share: float) -> None:
    """Mixes `share` of another checkpoint's weights into those of `model`, which was trained on from it.

    What was learned since is kept for the most part, and less of what was known before is lost (Wortsman et al. 2022,
    Robust Fine-Tuning of Zero-Shot Models, https://arxiv.org/abs/2109.01903).

    Raises ValueError for a share outside of 0 to 1 and for a checkpoint of another architecture.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share of {checkpoint} must be from 0 to 1, not {share}")
    others = dict(DiffusionGemmaForBlockDiffusion.from_pretrained(checkpoint).named_parameters())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name not in others or others[name].shape != parameter.shape:
                raise ValueError(f"{checkpoint} is of another architecture: {name} differs")
            parameter.lerp_(others[name].to(parameter.dtype), share)


def export(model: DiffusionGemmaForBlockDiffusion, tokenizer: Tokenizer, source: Path, folder: Path) -> None:
    """Saves `model` in bfloat16 with its tokenizer (from `source`) and generation settings into `folder`.

    A calibration that is there was of other weights, and is dropped."""
    folder.mkdir(parents=True, exist_ok=True)
    if (defaults := read_defaults(folder)).calibration.raw:
        write_defaults(folder, replace(defaults, calibration=Calibration()))
    control = tokenizer.control
    stops = [control["<eos>"], control["<turn|>"], control["<|tool_response>"]]
    model.generation_config = DiffusionGemmaGenerationConfig(
        eos_token_id=stops,
        pad_token_id=control["<pad>"],
        bos_token_id=control["<bos>"],
        max_new_tokens=model.config.canvas_length * 4,
        max_denoising_steps=48,
        t_min=0.4,
        t_max=0.8,
        sampler_config=EntropyBoundSamplerConfig(entropy_bound=0.1),
        stability_threshold=1,
        confidence_threshold=0.05,
    )
    model.to(torch.bfloat16).save_pretrained(folder)
    definition = json.loads(source.read_text(encoding="utf-8"))
    (folder / "tokenizer.json").write_text(json.dumps(definition, ensure_ascii=False, separators=(",", ":")))
    names = {"pad_token": "<pad>", "eos_token": "<eos>", "bos_token": "<bos>"}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
