"""Both sides of the engine's benchmarks do the same work, and the full size is what it says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from full_size import full_size, measured_bandwidth, random_on, step_bytes, with_small_vision
from measure import alternately
from sides import Generate, Ours, Request, Setting, Slower, twin
from torch import nn
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion, DiffusionGemmaTextConfig

from agentkit_model import CanvasPlan
from agentkit_model.quantize import Quantization, weight_bytes

# generate() has torch import its compiler, which warns about torch's own use of torch.jit.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")


def tiny() -> DiffusionGemmaConfig:
    """The full size's architecture with every extent small."""
    sizes: dict[str, Any] = dict(
        vocab_size=48,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        layer_types=["sliding_attention", "full_attention"],
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        num_global_key_value_heads=1,
        global_head_dim=16,
        sliding_window=16,
        max_position_embeddings=512,
        num_experts=4,
        top_k_experts=2,
        moe_intermediate_size=16,
    )
    return with_small_vision(DiffusionGemmaTextConfig(**sizes), canvas_length=8)


def on_the_cpu(dtype: torch.dtype = torch.float32) -> DiffusionGemmaForBlockDiffusion:
    return random_on(tiny(), torch.device("cpu"), dtype)


class Passes:
    """Counts a decoder's passes and the rows in them."""

    def __init__(self, model: DiffusionGemmaForBlockDiffusion) -> None:
        self.rows: list[int] = []
        model.model.decoder.register_forward_hook(lambda _, __, out: self.rows.append(len(out.last_hidden_state)))


def test_a_twin_shares_the_weights_and_nothing_else() -> None:
    model = on_the_cpu()
    other = twin(model)
    assert {id(p) for p in other.parameters()} == {id(p) for p in model.parameters()}
    other.generation_config.eos_token_id = 7
    assert model.generation_config.eos_token_id != 7
    assert other.config is not model.config
    assert [id(p) for p in twin(other).parameters()] == [id(p) for p in model.parameters()]


@pytest.mark.parametrize("cache", ["dynamic", "static"])
def test_generate_takes_exactly_the_steps_it_is_told(cache: str) -> None:
    model = on_the_cpu()
    passes = Passes(model)
    theirs = Generate(model, Setting(cache, threads=1))
    assert theirs.fill([[20, 21, 22], [23]], 5) > 0
    assert passes.rows == [2] * 5
    assert theirs.first_draft([20, 21], 3) > 0


def test_our_side_takes_exactly_the_steps_it_is_told() -> None:
    ours = Ours(on_the_cpu())
    try:
        assert ours.fill([[20, 21, 22]], 5) > 0
        assert ours.fill([[20, 21, 22], [23]], 5) > 0
        assert ours.first_draft([20], 5) > 0
        assert ours.engine.stats.denoising_steps >= 5 + 2 * 5
    finally:
        ours.close()


def test_generate_repeats_our_steps_and_waits_only_for_the_slowest_row() -> None:
    model = on_the_cpu()
    other = twin(model)
    requests = [Request((20, 21, 22, 23), 2, 1), Request((24,), 1, 5), Request((25, 26), 3, 9)]
    ours = Ours(model)
    _, steps = ours.serve(requests, CanvasPlan(max_denoising_steps=9, t_max=0.1, t_min=0.0, confidence_threshold=0.3))
    ours.close()
    assert [len(row) for row in steps] == [2, 1, 3]
    passes, theirs = Passes(other), Generate(other)
    theirs.serve(requests, steps, batch=1)
    assert passes.rows == [1] * sum(map(sum, steps))
    passes.rows.clear()
    theirs.serve(requests, [[4, 6], [9], [2, 1, 3]], batch=3)
    assert passes.rows == [3] * (9 + 6 + 3)  # the slowest row of each canvas; who is over waits for nobody
    passes.rows.clear()
    theirs.serve(requests, [[4, 6], [9], [2, 1, 3]], batch=2)
    assert passes.rows == [2] * (9 + 6) + [1] * (2 + 1 + 3)
    with pytest.raises(Slower):
        theirs.serve(requests, steps, batch=1, limit=0.0)
    theirs.fill([[20]], 4)  # and the stop rule is its own again
    assert passes.rows[-4:] == [1] * 4


def test_turns_are_taken_in_changing_order() -> None:
    order: list[str] = []

    def side(name: str) -> Any:
        def run(repeat: int) -> float:
            order.append(name)
            return float(repeat)

        return run

    assert alternately({"a": side("a"), "b": side("b")}, repeats=3) == {"a": 1.0, "b": 1.0}
    assert order == list("abbaab")
    order.clear()
    alternately({"a": side("a"), "b": side("b")}, repeats=3, seconds=-1.0)
    assert order == list("ab")


def test_the_full_size_has_the_parameters_of_the_release() -> None:
    with torch.device("meta"):
        model = DiffusionGemmaForBlockDiffusion(full_size())
    text = {id(p): p.numel() for name, p in model.named_parameters() if "vision" not in name}
    assert round(sum(text.values()) / 1e9, 2) == 25.25
    assert round(step_bytes(full_size(), None, torch.bfloat16) / 1e9, 1) == 52.0
    assert weight_bytes(full_size(), "int4") < 24e9 * 2 / 3  # beside caches and logits, on a card of 24 GB


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_random_weights_are_made_as_the_class_makes_them(dtype: torch.dtype) -> None:
    made, usual = on_the_cpu(dtype), DiffusionGemmaForBlockDiffusion(tiny())
    assert {p.dtype for p in made.parameters()} == {dtype}
    assert not any(tensor.is_meta for tensor in (*made.parameters(), *made.buffers()))
    shapes = [{name: p.shape for name, p in model.named_parameters()} for model in (made, usual)]
    assert shapes[0] == shapes[1]  # the same weights are shared
    for (name, mine), (_, theirs) in zip(made.named_buffers(), usual.named_buffers(), strict=True):
        if "vision" not in name:
            assert torch.equal(mine.float(), theirs)
    for (name, mine), (_, theirs) in zip(made.named_parameters(), usual.named_parameters(), strict=True):
        if "vision" not in name:
            assert abs(mine.float().std(correction=0) - theirs.std(correction=0)) < 0.01, name
    again = on_the_cpu(dtype)
    assert all(map(torch.equal, made.parameters(), again.parameters()))
    assert isinstance(made.lm_head.weight, nn.Parameter)
    assert made.lm_head.weight is made.model.decoder.embed_tokens.weight


@pytest.mark.parametrize("quantization", [None, "int8", "int4", "float8"])
def test_random_weights_run_on_both_sides(quantization: Quantization | None) -> None:
    model = random_on(tiny(), torch.device("cpu"), torch.bfloat16, quantization=quantization)
    assert not any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers()))
    assert Generate(twin(model)).fill([[20, 21]], 2) > 0
    ours = Ours(model)
    assert ours.fill([[20, 21]], 2) > 0
    ours.close()


def test_what_is_measured_of_the_full_size_is_measured_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine import Bench, full_point, picture, table, whole

    bench = Bench("bundled", torch.device("cpu"), repeats=1, quick=True, compiled=False)
    found = full_point(bench, on_the_cpu(), 2)
    assert found["steps_per_canvas"] == 16
    assert (found["stop_rule"], found["ours_setting"]) == ("off", "without graphs")
    for side in ("ours", "generate"):
        assert found[f"{side}_tokens_per_second"] == pytest.approx(2 * 8 * 1000 / found[f"{side}_ms"], rel=0.01)
        assert found[f"{side}_share_of_bandwidth_limit"] < 1
    monkeypatch.setattr("engine.full_size", tiny)
    monkeypatch.setattr("engine.full_point", lambda bench, model, count: found | {"canvases": count})
    every = whole(bench)
    assert [figure["canvases"] for figure in every.values()] == [1, 4, 16]
    assert table(every).row_count == 3
    assert picture(every, "a machine").count("full_size") == 3


def test_the_bandwidth_of_this_memory_can_be_measured() -> None:
    assert measured_bandwidth(torch.device("cpu"), 2**20) > 1e6
