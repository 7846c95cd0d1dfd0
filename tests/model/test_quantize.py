"""Weights in 8 and 4 bits: close to the float ones, smaller, and run by the engine like any others."""

import copy
import sys
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from agentkit_model import CanvasPlan, Engine, QuantizationError, checkpoint, quantize
from agentkit_model.network import joined
from agentkit_model.quantize import QuantizedExperts, weight_bytes

WIDTHS = ["int8", "int4", "float8"]
# The relative error of one product, from rounding alone: 127 steps for a row's greatest number, 15 for a block's, three
# bits after the leading one on both sides.
ERROR = {"int8": 0.012, "int4": 0.13, "float8": 0.045}


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("shape", [(320, 128), (33, 20), (128, 64)])
@pytest.mark.parametrize("spread", [0.02, 1e-6, 1e6])
def test_a_linear_layer_is_close_at_any_size_of_its_weights(width: Any, shape: tuple[int, int], spread: float) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(shape[1], shape[0])
    with torch.no_grad():
        layer.weight.normal_(0, spread)
        layer.bias.normal_(0, spread)
    layer.requires_grad_(False)
    x = torch.randn(7, 3, shape[1])
    wanted = layer(x)
    holder = nn.Module()
    holder.up_proj = layer
    quantize._replace(holder, ("up_proj",), width, torch.device("cpu"))
    assert type(holder.up_proj) is not nn.Linear
    assert (holder.up_proj.out_features, holder.up_proj.in_features) == shape
    assert relative(holder.up_proj(x), wanted) < ERROR[width]


def test_a_weight_of_zeros_stays_zero(width: Any) -> None:
    holder = nn.Module()
    holder.up_proj = nn.Linear(64, 32, bias=False)
    nn.init.zeros_(holder.up_proj.weight)
    quantize._replace(holder, ("up_proj",), width, torch.device("cpu"))
    assert torch.equal(holder.up_proj(torch.randn(2, 64)), torch.zeros(2, 32))


@pytest.mark.parametrize("count", [1, 4])
def test_experts_are_close_and_called_like_transformers_own(
    tiny_config: Any, twin: Any, width: Any, count: int
) -> None:
    picks = min(count, 2)
    config = tiny_config(hidden_size=64, moe_intermediate_size=64, num_experts=count, top_k_experts=picks)
    experts = twin(config).model.decoder.layers[0].experts
    held = QuantizedExperts(experts, width, torch.device("cpu"))
    torch.manual_seed(0)
    hidden, index = torch.randn(9, 64), torch.stack([torch.randperm(count)[:picks] for _ in range(9)])
    weights = torch.rand(9, picks)
    with torch.no_grad():
        assert relative(held(hidden, index, weights), experts(hidden, index, weights)) < 2.5 * ERROR[width]


def test_experts_in_float8_are_one_product_where_the_device_has_it(
    tiny_config: Any, twin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product itself runs on a GPU alone: here its operands pass torch's own checks, and a loop computes it."""
    config = tiny_config(hidden_size=64, moe_intermediate_size=32, num_experts=5, top_k_experts=2)
    held = QuantizedExperts(twin(config).model.decoder.layers[0].experts, "float8", torch.device("cpu"))
    torch.manual_seed(1)
    hidden, index, weights = torch.randn(7, 64), torch.tensor([[4, 0], [0, 4]] * 3 + [[1, 4]]), torch.rand(7, 2)
    wanted = held(hidden, index, weights)

    def grouped(x: Any, w: Any, xs: Any, by_x: Any, ws: Any, by_w: Any, *, offs: torch.Tensor) -> torch.Tensor:
        on_meta = [tensor.to("meta") for tensor in (x, w, xs, ws)]
        torch._scaled_grouped_mm(*on_meta, offs=offs.to("meta"), out_dtype=torch.bfloat16)
        assert by_x is by_w is torch.nn.functional.ScalingType.RowWise and offs.dtype == torch.int32
        edges = [0, *offs.tolist()]
        made = [
            quantize._product(x[a:b], xs[a:b], w[e].T, ws[e], torch.bfloat16)
            for e, (a, b) in enumerate(pairwise(edges))
        ]
        assert edges == [0, 6, 7, 7, 7, 14]
        return torch.cat(made)

    monkeypatch.setattr(torch.nn.functional, "scaled_grouped_mm", grouped)
    held.gate_up_proj.grouped = held.down_proj.grouped = True
    assert relative(held(hidden, index, weights), wanted) < 0.02  # what is written in bfloat16 is rounded once more


def test_float8_layers_of_one_input_are_joined() -> None:
    torch.manual_seed(2)
    x, device = torch.randn(3, 5, 32), torch.device("cpu")
    layers: list[Any] = [
        quantize._linear(torch.randn(rows, 32), "float8", device, torch.randn(rows)) for rows in (8, 3)
    ]
    torch.testing.assert_close(joined(layers)(x), torch.cat([layer(x) for layer in layers], dim=-1))


@pytest.mark.parametrize(
    ("capability", "size", "complaint"),
    [((8, 6), 64, "begin with compute capability 8.9"), ((9, 0), 40, "multiples of 16.* 40 by 64")],
)
def test_a_gpu_without_such_products_is_told(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], size: int, complaint: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    with pytest.raises(QuantizationError, match=complaint):
        quantize.check("float8", torch.device("cuda"))
        quantize._linear(torch.randn(size, 64), "float8", torch.device("cuda"))


@pytest.mark.parametrize("text", [{}, {"num_experts": 4, "top_k_experts": 2}], ids=["one expert", "experts"])
def test_the_engine_runs_quantised_weights(tiny_config: Any, width: Any, text: dict[str, Any]) -> None:
    """The engine's own passes agree with transformers' modules over the same quantised layers."""
    config = tiny_config(**text)
    model = checkpoint.random_model(
        copy.deepcopy(config), seed=3, device="cpu", dtype=torch.float32, quantization=width
    )
    assert {p.dtype for p in model.model.decoder.layers[0].mlp.parameters()} <= {
        torch.int8,
        torch.uint8,
        torch.float8_e4m3fn,
    }
    decoder, encoder = model.model.decoder.layers[0], model.model.encoder.language_model.layers[0]
    assert decoder.mlp.up_proj is encoder.mlp.up_proj
    assert decoder.experts is encoder.experts
    prompt, plan = [2, 7, 9, 30, 4, 11], CanvasPlan(seed=1, max_denoising_steps=1, confidence_threshold=0.0)
    start = torch.randint(48, (8,), generator=torch.Generator().manual_seed(1))[None]  # the canvas' noise
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([prompt]), decoder_input_ids=start).logits[0]
    with Engine(model) as engine, engine.sync.open(prompt) as context, context.fill(plan) as canvas:
        assert list(canvas.result().tokens) == logits.argmax(dim=-1).tolist()
    with Engine.from_config(config, seed=3, device="cpu", quantization=width) as engine:
        with engine.sync.open(prompt) as context, context.fill(plan) as canvas:
            assert list(canvas.result().tokens) == logits.argmax(dim=-1).tolist()


def test_the_bundled_model_expects_much_the_same(width: Any) -> None:
    """The share of its probability that moves to other tokens, for a canvas of noise behind a request."""
    from agentkit import Tool, UserMessage, bundled
    from agentkit.dialects import Tokenizer
    from agentkit.dialects.gemma4 import Gemma4

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    plain, held = (
        checkpoint.load(bundled.folder(), device="cpu", dtype=torch.float32, quantization=kind)
        for kind in (None, width)
    )
    dialect = Gemma4(Tokenizer.from_pretrained(bundled.folder()))
    prompt = torch.tensor([dialect.render([UserMessage("Add 12 and 34")], [Tool(add).definition])])
    canvas = torch.randint(20, 2000, (1, 48), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted, found = (m(input_ids=prompt, decoder_input_ids=canvas).logits for m in (plain, held))
    if width != "int4":  # four bits are too few for its largest weights
        assert relative(found, wanted) < {"int8": 0.03, "float8": 0.12}[width]
    found, wanted = found.softmax(-1), wanted.softmax(-1)
    assert (found - wanted).abs().sum(-1).mean() / 2 < {"int8": 0.02, "int4": 0.25, "float8": 0.06}[width]
    with Engine.from_pretrained(bundled.folder(), device="cpu", quantization=width) as engine:
        context = engine.sync.open(prompt[0].tolist())
        assert context.fill(CanvasPlan(seed=0, max_denoising_steps=2)).result().steps == 2


def test_bytes_by_arithmetic_are_those_that_are_held(tiny_config: Any, width: Any) -> None:
    """Exact but for 4-bit scales, which are stored in whole blocks of 64 and 256."""
    config = tiny_config(hidden_size=128, intermediate_size=256, num_experts=4, top_k_experts=2)
    model = checkpoint.random_model(config, seed=0, device="cpu", dtype=torch.float32, quantization=width)
    tensors: dict[int, torch.Tensor] = {}
    for module in model.model.decoder.modules():  # the encoder shares all that it has
        for tensor in (*module._parameters.values(), module._buffers.get("scales")):
            if tensor is not None:
                tensors[id(tensor)] = tensor
                if (state := getattr(tensor, "quant_state", None)) is not None:
                    tensors[id(state.absmax)] = state.absmax
                    tensors[id(state.state2.absmax)] = state.state2.absmax
    held = sum(tensor.nbytes for tensor in tensors.values())
    wanted = weight_bytes(config, width, torch.float32)
    assert held == wanted if width != "int4" else abs(held - wanted) < wanted / 100
    assert wanted < weight_bytes(config, None, torch.float32) / (2 if width != "int4" else 3)


def test_what_cannot_be_done_is_said(tiny_config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match='None, "int8", "int4" or "float8", not \'int3\''):
        quantize.check("int3", torch.device("cpu"))
    with pytest.raises(QuantizationError, match="on cpu and cuda, not on mps"):
        quantize.check("int8", torch.device("mps"))
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(QuantizationError, match=r"agentkit-diffusion\[quantization\]"):
        Engine.from_config(tiny_config(), device="cpu", quantization="int8")
    with pytest.raises(QuantizationError, match=r"agentkit-diffusion\[quantization\]"):
        Engine.from_pretrained("anywhere", device="cpu", quantization="int4")
