"""A grown network computes what the smaller one does, and all of it can learn."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import DiffusionGemmaForBlockDiffusion

from agentkit.bundled import folder
from agentkit_recipe.__main__ import main
from agentkit_recipe.grow import grow, origins

TOKENS = torch.arange(2, 62)[None]  # (1, 60)


def logits(model: DiffusionGemmaForBlockDiffusion, earlier: torch.Tensor | None = None) -> torch.Tensor:
    """earlier: logits of an earlier step that the canvas is conditioned on."""
    told = model.eval()(input_ids=TOKENS, decoder_input_ids=TOKENS[:, :20], self_conditioning_logits=earlier)
    assert isinstance(told.logits, torch.Tensor)
    return told.logits


def test_a_grown_checkpoint_gives_the_same_logits(tmp_path: Path) -> None:
    small = DiffusionGemmaForBlockDiffusion.from_pretrained(folder(), dtype=torch.float32)
    layers = small.config.text_config.num_hidden_layers + 2
    assert main(["grow", "--model", str(folder()), "--layers", str(layers), "--out", str(tmp_path)]) == 0
    large = DiffusionGemmaForBlockDiffusion.from_pretrained(tmp_path, dtype=torch.float32)
    types = large.config.text_config.layer_types
    assert len(types) == layers and types.index("full_attention") == layers - 1
    assert torch.equal(logits(large), logits(small))


def test_a_wider_one_gives_the_same_logits(tmp_path: Path) -> None:
    """With and without what it was given of an earlier step, but for the order of sums."""
    small = DiffusionGemmaForBlockDiffusion.from_pretrained(folder(), dtype=torch.float32)
    before = small.config.text_config
    heads, size = before.num_attention_heads, before.hidden_size * 7 // 6
    assert main(["grow", "--model", str(folder()), "--hidden-size", str(size), "--out", str(tmp_path)]) == 0
    large = DiffusionGemmaForBlockDiffusion.from_pretrained(tmp_path, dtype=torch.float32)
    assert (large.config.text_config.num_attention_heads, large.config.text_config.hidden_size) == (
        heads * 7 // 6,
        size,
    )
    earlier = torch.randn(1, 20, before.vocab_size, generator=torch.Generator().manual_seed(1))
    for told in (None, earlier):
        one, other = (logits(model, told) for model in (small, large))
        assert torch.allclose(one, other, atol=1e-3) and not torch.equal(one, torch.zeros_like(one))


def test_what_is_new_in_a_wider_one_can_learn() -> None:
    size = DiffusionGemmaForBlockDiffusion.from_pretrained(folder()).config.text_config.hidden_size
    large = grow(folder(), hidden_size=size * 7 // 6)
    logits(large).square().mean().backward()
    decoder = large.model.decoder
    layer, columns, rows = decoder.layers[0], (slice(None), slice(size, None)), (slice(size, None),)
    for weight, new in (
        (layer.self_attn.o_proj.weight, columns),  # what new heads write
        (layer.mlp.down_proj.weight, rows),  # what is written into new channels ...
        (decoder.embed_tokens.weight, columns),  # ... and what they begin with
    ):
        assert weight.grad is not None and weight.grad[new].any() and not weight[new].any()


@pytest.mark.parametrize(("ratio", "size"), [(0.5, "hidden_size"), (1.0625, "num_attention_heads")])
def test_widths_that_do_not_fit(ratio: float, size: str) -> None:
    hidden_size = DiffusionGemmaForBlockDiffusion.from_pretrained(folder()).config.text_config.hidden_size
    with pytest.raises(ValueError, match=f"{size} .* does not grow"):
        grow(folder(), hidden_size=int(hidden_size * ratio))


def test_what_adds_nothing_at_first_can_learn() -> None:
    layers = DiffusionGemmaForBlockDiffusion.from_pretrained(folder()).config.text_config.num_hidden_layers + 1
    large = grow(folder(), layers)
    silent = [
        weight
        for name, weight in large.named_parameters()
        if "layers" in name and "vision" not in name and not weight.any()
    ]
    logits(large).square().mean().backward()
    assert len(silent) == 2 and all(weight.grad is not None and weight.grad.any() for weight in silent)


@given(st.integers(2, 40), st.data())
def test_every_layer_stays_and_copies_stand_behind_theirs(before: int, data: st.DataObject) -> None:
    after = data.draw(st.integers(before, 2 * before - 1))
    found = origins(before, after)
    assert [layer for layer, copy in found if not copy] == list(range(before))
    copies = [index for index, (_, copy) in enumerate(found) if copy]
    assert len(found) == after and len(copies) == after - before
    assert all(found[index - 1] == (found[index][0], False) for index in copies)
    assert found[-1] == (before - 1, False)


@pytest.mark.parametrize("after", [1, 6])
def test_it_neither_shrinks_nor_copies_twice(after: int) -> None:
    with pytest.raises(ValueError, match=f"3 layers grow to 3 to 5, not to {after}"):
        origins(3, after)
