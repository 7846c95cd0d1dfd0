"""A diffusion model with random weights: the real engine and dialect, in the size of a test."""

from __future__ import annotations

from pathlib import Path

from agentkit.dialects import Gemma4, Tokenizer
from agentkit.errors import UserError
from agentkit.models.diffusion import DiffusionModel
from agentkit.settings import ModelSettings

QUICK = ModelSettings(max_tokens=48, max_denoising_steps=4)
"""What a toy does unless it is told otherwise: noise needs no 48 steps, and rarely ends its turn by itself."""


def build(seed: int, tokenizer: Tokenizer | None = None) -> DiffusionModel:
    """A network of two layers and canvases of 16 tokens over `tokenizer`, by default the bundled model's."""
    try:
        from transformers import DiffusionGemmaConfig, DiffusionGemmaTextConfig
        from transformers.models.gemma4.configuration_gemma4 import Gemma4VisionConfig

        import agentkit_model
    except ModuleNotFoundError as error:
        raise UserError(f"toy_model needs {error.name}: pip install 'agentkit-diffusion[engine]'.") from error

    if tokenizer is None:
        tokenizer = Tokenizer.from_file(Path(agentkit_model.__file__).parent / "bundled" / "tokenizer.json")
    dialect = Gemma4(tokenizer)
    text = DiffusionGemmaTextConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        layer_types=["sliding_attention", "full_attention"],
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,  # half a head is whole vectors of the compiled kernels
        global_head_dim=32,
        num_global_key_value_heads=1,
        sliding_window=64,
        max_position_embeddings=16_384,
        num_experts=1,
        top_k_experts=1,
        moe_intermediate_size=16,
        pad_token_id=tokenizer.control["<pad>"],
        bos_token_id=tokenizer.control["<bos>"],
        eos_token_id=sorted(dialect.stop_tokens),
        initializer_range=0.2,
    )
    vision = Gemma4VisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=16,
        position_embedding_size=16,
    )
    config = DiffusionGemmaConfig(text_config=text, vision_config=vision, canvas_length=16, initializer_range=0.2)
    config.eos_token_id = sorted(dialect.stop_tokens)
    engine = agentkit_model.Engine.from_config(config, seed=seed, device="cpu", dtype="float32")
    return DiffusionModel(engine, tokenizer, dialect=dialect, name=f"toy-{seed}", settings=QUICK)
