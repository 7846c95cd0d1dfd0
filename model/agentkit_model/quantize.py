"""Weights in 8 or 4 bits, by bitsandbytes (https://github.com/bitsandbytes-foundation/bitsandbytes).

In "int8" each row of a weight has a scale (the vector-wise quantisation of Dettmers et al., 2022,
https://arxiv.org/abs/2208.07339); activations stay as they are, since that paper's 8-bit products go through float16,
whose range the activations of Gemma models leave. "int4" is NF4 with doubly quantised scales (Dettmers et al., 2023,
https://arxiv.org/abs/2305.14314): 64 numbers share a scale. In both, products are computed in the network's own dtype.

What is quantised are the linear layers of attention and MLPs and the experts, which are nearly all of the weights. The
embedding, which is also the head, stays as it is, and so do norms and routers.
"""

import logging
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion

from agentkit_model.errors import QuantizationError

Quantization: TypeAlias = Literal["int8", "int4"]

DEVICES = ("cpu", "cuda")
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
GATED = ("gate_proj", "up_proj", "down_proj")


def check(quantization: str, device: torch.device) -> None:
    """Raises ValueError for a name that is none, and QuantizationError where it cannot be done."""
    if quantization not in get_args(Quantization):
        raise ValueError(f'quantization is None, "int8" or "int4", not {quantization!r}')
    if device.type not in DEVICES:
        raise QuantizationError(
            f"weights can be quantised on {' and '.join(DEVICES)}, not on {device.type}: leave quantization out, or "
            'give device="cpu"'
        )
    _library()


def quantize(model: DiffusionGemmaForBlockDiffusion, quantization: Quantization, device: torch.device) -> None:
    """Moves a network to the device with its weights quantised, layer by layer: the device never holds more than the
    quantised weights and one layer. Encoder and decoder go on sharing theirs."""
    check(quantization, device)
    decoder, encoder = model.model.decoder, model.model.encoder.language_model
    for block, twin in zip(decoder.layers, encoder.layers, strict=True):
        quantize_layer(block, twin, quantization, device)
    quantize_conditioning(decoder, quantization, device)
    model.to(device)


def quantize_layer(block: Any, twin: Any, quantization: Quantization, device: torch.device) -> None:
    """Quantises one layer of the decoder; its twin in the encoder gets the same modules."""
    for part, names in (("self_attn", ATTENTION), ("mlp", GATED)):
        _replace(getattr(block, part), names, quantization, device)
        for name in names:
            setattr(getattr(twin, part), name, getattr(getattr(block, part), name))
    block.experts = twin.experts = QuantizedExperts(block.experts, quantization, device)


def quantize_conditioning(decoder: Any, quantization: Quantization, device: torch.device) -> None:
    """Quantises the decoder's self-conditioning block, which the encoder has no part in."""
    _replace(decoder.self_conditioning, GATED, quantization, device)


class QuantizedExperts(nn.Module):
    """Experts whose weights are quantised one by one; called like transformers' own."""

    def __init__(self, experts: Any, quantization: Quantization, device: torch.device) -> None:
        super().__init__()
        self.num_experts: int = experts.num_experts
        self.act_fn = experts.act_fn
        self.gate_up_proj = Stack(_linear(weight, quantization, device) for weight in experts.gate_up_proj)
        self.down_proj = Stack(_linear(weight, quantization, device) for weight in experts.down_proj)

    def forward(self, hidden_states: Tensor, top_k_index: Tensor, top_k_weights: Tensor) -> Tensor:
        """Tokens (T, H) with the experts that each is routed to and their weights, both (T, K) -> (T, H)."""
        out = torch.zeros_like(hidden_states)
        order = top_k_index.flatten().argsort(stable=True)  # (T * K,), the picks expert by expert
        tokens, weights = order // top_k_index.shape[1], top_k_weights.flatten()[order]
        counts = top_k_index.flatten().bincount(minlength=self.num_experts).tolist()
        start = 0
        for expert, count in enumerate(counts):
            if count:
                picked = tokens[start : start + count]
                gate, up = self.gate_up_proj[expert](hidden_states[picked]).chunk(2, dim=-1)
                made = self.down_proj[expert](self.act_fn(gate) * up) * weights[start : start + count, None]
                out.index_add_(0, picked, made.to(out.dtype))
            start += count
        return out


class Int8Linear(nn.Module):
    """A linear layer whose weight is held in 8 bits, with a scale for each row."""

    def __init__(self, weight: Tensor, device: torch.device) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        # bitsandbytes quantises from float16; the factor keeps weights of any size within its range
        factor = weight.abs().max().clamp(min=torch.finfo(weight.dtype).tiny)
        quantised, scales, _ = _library().functional.int8_vectorwise_quant((weight / factor).half().to(device))
        self.weight = nn.Parameter(quantised, requires_grad=False)  # (out, in) int8
        self.scales = nn.Buffer((scales * factor.to(device).float() / 127)[:, None])  # (out, 1)
        self.bias: nn.Parameter | None = None

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, (self.weight * self.scales).to(x.dtype), self.bias)


class Stack(nn.ModuleList):
    """Linear layers that stand for a three-dimensional weight, one for each expert."""

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are stored as."""
        dtype: torch.dtype = next(self[0].parameters()).dtype
        return dtype


def weight_bytes(
    config: DiffusionGemmaConfig, quantization: Quantization | None = None, dtype: torch.dtype = torch.bfloat16
) -> int:
    """Bytes that the text network's weights take, by arithmetic; what is not quantised is of that dtype."""
    with torch.device("meta"):
        model = DiffusionGemmaForBlockDiffusion(config)
    total = 0
    for name, weight in model.named_parameters():
        if "vision" in name:
            continue
        if quantization is not None and _is_quantised(name):
            total += _quantised_bytes(weight, quantization)
        else:
            total += weight.numel() * dtype.itemsize
    return total


def _is_quantised(name: str) -> bool:
    *_, module, last = name.split(".")
    return (module in (*ATTENTION, *GATED) and last == "weight") or (module == "experts")


def _quantised_bytes(weight: Tensor, quantization: Quantization) -> int:
    """The numbers and their scales: in 8 bits one float32 a row; in 4 bits one byte for every 64 numbers, and of these
    one float32 for every 256."""
    if quantization == "int8":
        return weight.numel() + 4 * (weight.numel() // weight.shape[-1])
    return weight.numel() // 2 + weight.numel() // 64 + 4 * (weight.numel() // (64 * 256))


def _replace(module: Any, names: tuple[str, ...], quantization: Quantization, device: torch.device) -> None:
    for name, linear in _linears(module, names):
        setattr(module, name, _linear(linear.weight, quantization, device, linear.bias))


def _linears(module: Any, names: tuple[str, ...]) -> Iterator[tuple[str, nn.Linear]]:
    for name in names:
        if (linear := getattr(module, name)) is not None:  # full layers may have no v_proj
            yield name, linear


def _linear(weight: Tensor, quantization: Quantization, device: torch.device, bias: Tensor | None = None) -> nn.Module:
    """A quantised linear layer on the device, from a weight (out, in) and a bias (out,)."""
    source = weight.detach().contiguous()
    layer: Any
    if quantization == "int8":
        layer = Int8Linear(source, device)
    else:
        library = _library().nn
        height, width = weight.shape
        layer = library.Linear4bit(width, height, False, compute_dtype=weight.dtype, quant_type="nf4", device="meta")
        layer.weight = library.Params4bit(source, requires_grad=False, quant_type="nf4", module=layer)
        layer.support_avx512bf16_for_cpu = False  # a path in bfloat16 that some CPUs have, for some shapes
    layer.bias = None if bias is None else nn.Parameter(bias.detach(), requires_grad=False)
    quantised: nn.Module = layer.to(device)
    return quantised


def _library() -> Any:
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)  # it misses kernels that we don't use
    try:
        import bitsandbytes
    except ImportError as error:
        raise QuantizationError(
            "quantised weights need bitsandbytes: pip install 'agentkit-diffusion[quantization]'"
        ) from error
    return bitsandbytes
