"""Tiny networks with random weights, as checkpoints of transformers' own class."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion, DiffusionGemmaTextConfig
from transformers.models.diffusion_gemma.generation_diffusion_gemma import (
    DiffusionGemmaGenerationConfig,
    EntropyBoundSamplerConfig,
)
from transformers.models.gemma4.configuration_gemma4 import Gemma4VisionConfig

from agentkit_model import Engine, native
from tests.model.kinds import KINDS

MakeConfig = Callable[..., DiffusionGemmaConfig]
MakeModel = Callable[..., DiffusionGemmaForBlockDiffusion]


def make_config(*, canvas_length: int = 8, **text: Any) -> DiffusionGemmaConfig:
    """Two sliding layers with a window of 6, one full layer with keys for values, one expert.

    The spread of the weights matters: wider ones make a chaotic network, in which a difference in the last bit of one
    step (transformers pads and masks, we do neither) grows tenfold in each step of self-conditioning.
    """
    spread = text.pop("initializer_range", 0.1)
    settings: dict[str, Any] = dict(
        vocab_size=48,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=3,
        layer_types=["sliding_attention", "sliding_attention", "full_attention"],
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        global_head_dim=16,
        num_global_key_value_heads=1,
        sliding_window=6,
        max_position_embeddings=512,
        num_experts=1,
        top_k_experts=1,
        moe_intermediate_size=16,
        pad_token_id=0,
        eos_token_id=[1, 5],
        bos_token_id=2,
        initializer_range=spread,
    )
    vision = Gemma4VisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
        global_head_dim=8,
        position_embedding_size=16,
    )
    return DiffusionGemmaConfig(
        text_config=DiffusionGemmaTextConfig(**(settings | text)),
        vision_config=vision,
        canvas_length=canvas_length,
        initializer_range=spread,
    )


CONFIGS: dict[str, dict[str, Any]] = {
    "sliding": {},
    "full": {"layer_types": ["full_attention"] * 3},
    "experts": KINDS["experts"],
    "compiled": KINDS["compiled"] | {"initializer_range": 0.03},
    "odd sizes": {"canvas_length": 5, "hidden_size": 24, "intermediate_size": 20, "vocab_size": 37},
}


@pytest.fixture(scope="session")
def tiny_config() -> MakeConfig:
    """A function from settings of the text network to a tiny config."""
    return make_config


@pytest.fixture(scope="session")
def twin() -> MakeModel:
    """A function from (config, seed) to the network that `Engine.from_config(config, seed=seed)` runs."""

    def make(config: DiffusionGemmaConfig, seed: int = 0) -> DiffusionGemmaForBlockDiffusion:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return DiffusionGemmaForBlockDiffusion(config).eval()

    return make


@pytest.fixture(params=list(CONFIGS), scope="session")
def any_config(request: pytest.FixtureRequest) -> DiffusionGemmaConfig:
    """Each of several tiny configs in turn."""
    return make_config(**CONFIGS[request.param])


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine.from_config(make_config(), device="cpu") as engine:
        yield engine


@pytest.fixture(scope="module")
def saved(tiny_config: MakeConfig, twin: MakeModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as transformers saves it, with its own sampler settings."""
    folder = tmp_path_factory.mktemp("checkpoint")
    model = twin(tiny_config())
    model.generation_config = DiffusionGemmaGenerationConfig(
        max_denoising_steps=7,
        sampler_config=EntropyBoundSamplerConfig(entropy_bound=0.25),
        t_min=0.1,
        t_max=0.9,
        eos_token_id=[1, 6, 40],
        pad_token_id=3,
    )
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["kernels", "numpy"])
def both_ways(request: pytest.FixtureRequest) -> Iterator[None]:
    """Paths found by compiled kernels and without them."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "numpy":
            patch.setattr(native, "library", lambda: None)
        yield
