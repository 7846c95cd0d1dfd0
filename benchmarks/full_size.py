"""The full DiffusionGemma 26B-A4B with random weights: its speed depends on shapes alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion, DiffusionGemmaTextConfig
from transformers.models.gemma4.configuration_gemma4 import Gemma4VisionConfig

from agentkit_model.quantize import Quantization, quantize_conditioning, quantize_layer, weight_bytes

BANDWIDTH = {"H200": 4.8e12, "H100 NVL": 3.9e12, "H100 PCIe": 2.0e12, "H100": 3.35e12, "A100": 2.0e12, "4090": 1.0e12}
"""Bytes a second that a card's memory gives, by a part of the card's name; the first that fits counts."""


def full_size() -> DiffusionGemmaConfig:
    """The geometry of google/diffusiongemma-26B-A4B-it, as its config.json has it; the vision tower, which takes no
    part, is small."""
    sizes: dict[str, Any] = dict(
        vocab_size=262_144,
        hidden_size=2816,
        intermediate_size=2112,
        num_hidden_layers=30,
        layer_types=[*["sliding_attention"] * 5, "full_attention"] * 5,
        sliding_window=1024,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=256,
        num_global_key_value_heads=2,
        global_head_dim=512,
        num_experts=128,
        top_k_experts=8,
        moe_intermediate_size=704,
        max_position_embeddings=262_144,
    )
    return with_small_vision(DiffusionGemmaTextConfig(**sizes), canvas_length=256)


def with_small_vision(text: DiffusionGemmaTextConfig, *, canvas_length: int) -> DiffusionGemmaConfig:
    """A whole configuration around that of the text network."""
    vision = Gemma4VisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=16,
        global_head_dim=16,
        position_embedding_size=16,
    )
    return DiffusionGemmaConfig(text_config=text, vision_config=vision, canvas_length=canvas_length)


def random_on(
    config: DiffusionGemmaConfig,
    device: torch.device,
    dtype: torch.dtype,
    *,
    seed: int = 0,
    quantization: Quantization | None = None,
) -> DiffusionGemmaForBlockDiffusion:
    """A network with random weights, made on the device in that dtype, layer by layer: the host never holds them, and
    where they are quantised the device never holds more than one layer that is not."""
    with torch.device("meta"):
        model = DiffusionGemmaForBlockDiffusion(config)
    make = Maker(model, device, dtype)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        decoder, encoder = model.model.decoder, model.model.encoder.language_model
        for block, other in zip(decoder.layers, encoder.layers, strict=True):
            make(block)
            make(other)
            if quantization is not None:
                quantize_layer(block, other, quantization, device)
        make(model)
        if quantization is not None:
            quantize_conditioning(decoder, quantization, device)
    return model.eval()


class Maker:
    """Gives modules on the meta device memory and values. What is one tensor stays one: encoder and decoder share."""

    def __init__(self, model: DiffusionGemmaForBlockDiffusion, device: torch.device, dtype: torch.dtype) -> None:
        self.model, self.device, self.dtype = model, device, dtype
        self.made: dict[nn.Parameter, nn.Parameter] = {}

    def __call__(self, root: nn.Module) -> None:
        for path, module in root.named_modules():
            bare = [name for name, tensor in self._tensors(module) if tensor.is_meta]
            for name in bare:
                self._allocate(module, name)
            if bare and "vision" not in path:
                self.model._init_weights(module)  # as the class itself would draw them

    @staticmethod
    def _tensors(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
        own = [*module._parameters.items(), *module._buffers.items()]
        return [(name, tensor) for name, tensor in own if tensor is not None]

    def _allocate(self, module: nn.Module, name: str) -> None:
        parameter = module._parameters.get(name)
        if parameter is None:
            buffer = module._buffers[name]
            assert buffer is not None
            kind = self.dtype if name == "layer_scalar" else buffer.dtype
            module._buffers[name] = torch.ones(buffer.shape, dtype=kind, device=self.device)
            return
        if parameter not in self.made:
            memory = torch.zeros(parameter.shape, dtype=self.dtype, device=self.device)
            self.made[parameter] = nn.Parameter(memory, requires_grad=False)
        module._parameters[name] = self.made[parameter]


def step_bytes(config: DiffusionGemmaConfig, quantization: Quantization | None, dtype: torch.dtype) -> int:
    """Bytes of weights that a denoising step has to read: every text weight once, since a canvas' tokens together pick
    all experts, and the embedding table once more, for the soft embedding besides the head."""
    table = config.text_config.vocab_size * config.text_config.hidden_size * dtype.itemsize
    return weight_bytes(config, quantization, dtype) + table


def bandwidth(device: torch.device) -> float:
    """Bytes a second of the device's memory: what its maker states, or else measured with a copy."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        for part, rate in BANDWIDTH.items():
            if part in name:
                return rate
    return measured_bandwidth(device)


def measured_bandwidth(device: torch.device, size: int = 2**28) -> float:
    """Bytes a second read and written by the best of several copies of `size` bytes."""
    import time

    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)

    def copied() -> float:
        start = time.perf_counter()
        target.copy_(source)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    return 2 * size / min(copied() for _ in range(5))
