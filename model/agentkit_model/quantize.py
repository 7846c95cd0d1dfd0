"""Weights in 8 or 4 bits: integers by bitsandbytes (https://github.com/bitsandbytes-foundation/bitsandbytes), floats by
torch.

In "int8" each row of a weight has a scale (the vector-wise quantisation of Dettmers et al., 2022,
https://arxiv.org/abs/2208.07339); activations stay as they are, since that paper's 8-bit products go through float16,
whose range the activations of Gemma models leave. "int4" is NF4 with doubly quantised scales (Dettmers et al., 2023,
https://arxiv.org/abs/2305.14314): 64 numbers share a scale. In both, products are computed in the network's own dtype.
In "float8" (E4M3; Micikevicius et al., 2022, https://arxiv.org/abs/2209.05433) each row of a weight has a scale,
activations are rounded token by token to the same format, and products are torch's `scaled_mm`, for which GPUs have
units from compute capability 8.9 on.

What is quantised are the linear layers of attention and MLPs and the experts, which are nearly all of the weights. The
embedding, which is also the head, stays as it is, and so do norms and routers.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import ScalingType
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion

from agentkit_model.errors import QuantizationError

functional: Any = nn.functional  # its stubs lack the grouped products

Quantization: TypeAlias = Literal["int8", "int4", "float8"]

DEVICES = ("cpu", "cuda")
FLOAT8 = torch.float8_e4m3fn
FLOAT8_SINCE, GROUPED_SINCE = (
    (8, 9),
    (9, 0),
)  # compute capabilities: products in float8, and those of many experts in one
MULTIPLE = 16  # of which the sizes of such a product are, on a GPU
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
GATED = ("gate_proj", "up_proj", "down_proj")


def check(quantization: str, device: torch.device) -> None:
    """Raises ValueError for a name that is none, and QuantizationError where it cannot be done."""
    if quantization not in get_args(Quantization):
        raise ValueError(f'quantization is None, "int8", "int4" or "float8", not {quantization!r}')
    if device.type not in DEVICES:
        raise QuantizationError(
            f"weights can be quantised on {' and '.join(DEVICES)}, not on {device.type}: leave quantization out, or "
            'give device="cpu"'
        )
    if quantization != "float8":
        _library()
    elif device.type == "cuda" and torch.cuda.get_device_capability(device) < FLOAT8_SINCE:
        raise QuantizationError(
            f"{torch.cuda.get_device_name(device)} has no products in float8, which begin with compute capability 8.9: "
            'give quantization="int8"'
        )


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
    """Experts whose weights are quantised; called like transformers' own."""

    def __init__(self, experts: Any, quantization: Quantization, device: torch.device) -> None:
        super().__init__()
        self.num_experts: int = experts.num_experts
        self.act_fn = experts.act_fn
        stack: Any = Float8Stack if quantization == "float8" else Stack
        self.gate_up_proj = stack(_linear(weight, quantization, device) for weight in experts.gate_up_proj)
        self.down_proj = stack(_linear(weight, quantization, device) for weight in experts.down_proj)

    def forward(self, hidden_states: Tensor, top_k_index: Tensor, top_k_weights: Tensor) -> Tensor:
        """Tokens (T, H) with the experts that each is routed to and their weights, both (T, K) -> (T, H)."""
        each = top_k_index.shape[1]
        experts, order = top_k_index.flatten().sort(stable=True)  # (T * K,) both, the picks expert by expert
        following = torch.arange(1, self.num_experts + 1, device=experts.device)
        ends = torch.searchsorted(experts, following, out_int32=True)  # (E,), where the picks of each expert end
        gate, up = self.gate_up_proj(hidden_states[order // each], ends).chunk(2, dim=-1)
        made = self.down_proj(self.act_fn(gate) * up, ends) * top_k_weights.flatten()[order, None]  # (T * K, H)
        out = torch.empty_like(made, dtype=hidden_states.dtype)
        out[order] = made.to(out.dtype)
        return out.view(-1, each, out.shape[-1]).sum(dim=1)


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


class Float8Linear(nn.Module):
    """A linear layer whose weight (out, in) is held in float8, with a scale for each row, scales (out,)."""

    def __init__(self, weight: Tensor, scales: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.scales: Tensor = nn.Buffer(scales)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)

    @classmethod
    def rounded(cls, weight: Tensor, device: torch.device) -> "Float8Linear":
        """A layer on the device, from a weight (out, in) of any dtype."""
        height, width = weight.shape
        if device.type == "cuda" and (height % MULTIPLE or width % MULTIPLE):
            raise QuantizationError(
                f"a GPU's products in float8 take sizes that are multiples of {MULTIPLE}, and this checkpoint has a "
                f'weight of {height} by {width}: give quantization="int8"'
            )
        return cls(*_rounded(weight.to(device)))

    @classmethod
    def joined(cls, layers: Sequence[Any]) -> "Float8Linear":
        """One layer for several of the same input: their outputs stand side by side. All have a bias, or none."""
        weights, scales = [layer.weight for layer in layers], [layer.scales for layer in layers]
        biases = [layer.bias for layer in layers if layer.bias is not None]
        return cls(torch.cat(weights), torch.cat(scales), torch.cat(biases) if biases else None)

    def forward(self, x: Tensor) -> Tensor:
        rounded, scales = _rounded(x.flatten(0, -2))  # (T, in), (T,)
        out = _product(rounded, scales, self.weight, self.scales, x.dtype).view(*x.shape[:-1], -1)
        return out if self.bias is None else out + self.bias


class Stack(nn.ModuleList):
    """Linear layers that stand for a three-dimensional weight, one for each expert."""

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are stored as."""
        dtype: torch.dtype = next(self[0].parameters()).dtype
        return dtype

    def forward(self, x: Tensor, ends: Tensor) -> Tensor:
        """Rows (N, in), of which those of the first expert end before the first of `ends` (E,), and so on -> (N, out).
        The host waits for the ends."""
        return torch.cat([self[expert](part) for expert, part in _parts(x, ends)])


class Float8Stack(nn.Module):
    """A three-dimensional weight in float8, with a scale for each row of each expert; called like a `Stack`.

    A GPU of compute capability 9.0 computes the products of all experts in one, and the host waits for nothing.
    """

    def __init__(self, linears: Iterator[Float8Linear]) -> None:
        super().__init__()
        weights, scales = zip(*((linear.weight, linear.scales) for linear in linears), strict=True)
        self.weight = nn.Parameter(torch.stack(weights), requires_grad=False)  # (E, out, in) float8
        self.scales = nn.Buffer(torch.stack(scales))  # (E, out)
        self.dtype = self.weight.dtype
        device = self.weight.device
        self.grouped = device.type == "cuda" and torch.cuda.get_device_capability(device) >= GROUPED_SINCE

    def forward(self, x: Tensor, ends: Tensor) -> Tensor:
        rounded, scales = _rounded(x)  # (N, in), (N,)
        if self.grouped:
            columns = self.weight.transpose(-2, -1)  # (E, in, out)
            by_row = ScalingType.RowWise
            out: Tensor = functional.scaled_grouped_mm(rounded, columns, scales, by_row, self.scales, by_row, offs=ends)
            return out.to(x.dtype)
        parts = zip(_parts(rounded, ends), _parts(scales, ends), strict=True)
        return torch.cat(
            [_product(part, own, self.weight[e], self.scales[e], x.dtype) for (e, part), (_, own) in parts]
        )


def _rounded(x: Tensor) -> tuple[Tensor, Tensor]:
    """Rows (..., in) in float8, and scales (...,) that bring the greatest number of each to the greatest there is."""
    scales = x.float().abs().amax(dim=-1).clamp(min=1e-30) / torch.finfo(FLOAT8).max
    return (x / scales[..., None]).to(FLOAT8), scales


def _product(x: Tensor, scales: Tensor, weight: Tensor, rows: Tensor, dtype: torch.dtype) -> Tensor:
    """Float8 rows (T, in) with scales (T,) by a float8 weight (out, in) with scales `rows` (out,) -> (T, out)."""
    by_row = ScalingType.RowWise
    made = torch.bfloat16 if x.device.type == "cuda" else dtype  # a GPU's kernels for scales by row write no other
    out: Tensor = functional.scaled_mm(x, weight.T, scales[:, None], by_row, rows[None], by_row, output_dtype=made)
    return out.to(dtype)


def _parts(x: Tensor, ends: Tensor) -> Iterator[tuple[int, Tensor]]:
    """The experts that have rows, and these."""
    start = 0
    for expert, end in enumerate(ends.tolist()):
        if end > start:
            yield expert, x[start:end]
        start = end


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
    """The numbers and their scales: in 8 bits one float32 a row, in 4 bits one byte for every 64 numbers, and of these
    one float32 for every 256."""
    if quantization != "int4":
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
    elif quantization == "float8":
        layer = Float8Linear.rounded(source, device)
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
