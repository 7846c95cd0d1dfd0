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


def logits(model: DiffusionGemmaForBlockDiffusion) -> torch.Tensor:
    return model.eval()(input_ids=TOKENS, decoder_input_ids=TOKENS[:, :20]).logits


def test_a_grown_checkpoint_gives_the_same_logits(tmp_path: Path) -> None:
    small = DiffusionGemmaForBlockDiffusion.from_pretrained(folder(), dtype=torch.float32)
    layers = small.config.text_config.num_hidden_layers + 2
    assert main(["grow", "--model", str(folder()), "--layers", str(layers), "--out", str(tmp_path)]) == 0
    large = DiffusionGemmaForBlockDiffusion.from_pretrained(tmp_path, dtype=torch.float32)
    types = large.config.text_config.layer_types
    assert len(types) == layers and types.index("full_attention") == layers - 1
    assert torch.equal(logits(large), logits(small))


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
