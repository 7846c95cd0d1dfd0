"""With the same noise, our canvases are those of transformers' generate()."""

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion

from agentkit_model import CanvasPlan, Engine
from agentkit_model.noise import Noise
from agentkit_model.sampler import draw
from tests.model.kinds import KINDS

# generate() has torch import its compiler, which warns about torch's own use of torch.jit.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")

STOPPING = {"max_denoising_steps": 30, "t_min": 0.02, "t_max": 0.1, "entropy_bound": 3.0, "confidence_threshold": 0.1}
SETTINGS: list[dict[str, Any]] = [
    {"max_denoising_steps": 16},  # otherwise transformers' defaults
    STOPPING,
    {"max_denoising_steps": 20, "entropy_bound": 30.0, "stability_threshold": 3, "confidence_threshold": 2.0},
    {"max_denoising_steps": 9, "stability_threshold": 0, "confidence_threshold": 0.9, "t_min": 0.0, "t_max": 0.3},
]


class SharedNoise:
    """Lets transformers draw from our noise: for each canvas in turn one Noise for each row, as our engine has it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, model: DiffusionGemmaForBlockDiffusion, length: int) -> None:
        self.length = length
        prepare = model._prepare_denoiser_inputs

        def next_canvas(**kwargs: Any) -> Any:
            self.noises = [Noise(seed) for seed in self.seeds.pop(0)]
            return prepare(**kwargs)

        monkeypatch.setattr(model, "_prepare_denoiser_inputs", next_canvas)
        monkeypatch.setattr(torch, "multinomial", self.multinomial)
        monkeypatch.setattr(torch, "randint", self.randint)
        self.seeds: list[Sequence[int]] = []
        self._randint = torch.randint

    def multinomial(self, probs: Tensor, num_samples: int) -> Tensor:
        rows = probs.view(len(self.noises), self.length, -1)
        drawn = [draw(row, noise.uniforms(self.length)) for row, noise in zip(rows, self.noises, strict=True)]
        return torch.cat(drawn)[:, None]

    def randint(self, *args: Any, **kwargs: Any) -> Tensor:
        if "generator" in kwargs:  # our own Noise
            return REAL_RANDINT(*args, **kwargs)
        assert kwargs["size"] == (len(self.noises), self.length)
        return torch.stack([noise.tokens(self.length, kwargs["high"]) for noise in self.noises])


REAL_RANDINT = torch.randint


def reference(
    monkeypatch: pytest.MonkeyPatch,
    model: DiffusionGemmaForBlockDiffusion,
    prompts: Sequence[Sequence[int]],
    seeds: Sequence[Sequence[int]],
    settings: dict[str, Any],
) -> list[list[int]]:
    """generate() over left-padded prompts; seeds[canvas][row]. Returns each row's tokens behind its prompt."""
    length, width = model.config.canvas_length, max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    model.generation_config.eos_token_id = None  # canvases are compared whole
    settings = dict(settings)
    if "entropy_bound" in settings:
        from transformers.models.diffusion_gemma.generation_diffusion_gemma import EntropyBoundSamplerConfig

        settings["sampler_config"] = EntropyBoundSamplerConfig(entropy_bound=settings.pop("entropy_bound"))
    with monkeypatch.context() as patch:
        SharedNoise(patch, model, length).seeds = list(seeds)
        out = model.generate(ids, attention_mask=mask, max_new_tokens=length * len(seeds), **settings)
    return out.sequences[:, width:].tolist()


def ours(engine: Engine, prompt: Sequence[int], seeds: Sequence[int], settings: dict[str, Any]) -> list[int]:
    """The same canvases one after the other; whole canvases are appended, as generate() does without stop tokens."""
    tokens: list[int] = []
    with engine.sync.open(prompt) as context:
        for seed in seeds:
            with context.fill(CanvasPlan(seed=seed, **settings)) as canvas:
                result = canvas.result()
            context.extend(result.tokens)
            tokens += result.tokens
    return tokens


@pytest.mark.parametrize("settings", SETTINGS)
def test_several_canvases_in_a_row(
    any_config: DiffusionGemmaConfig, twin: Any, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    prompt = [2, 7, 9, 30, 4, 11, 12, 3, 3, 20]  # longer than the window of 6
    model = twin(copy.deepcopy(any_config))
    with Engine.from_config(any_config, device="cpu") as engine:
        seeds = [11, 12, 13]
        expected = reference(monkeypatch, model, [prompt], [[seed] for seed in seeds], settings)
        assert ours(engine, prompt, seeds, settings) == expected[0]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_a_batch_with_left_padding(
    tiny_config: Any, twin: Any, monkeypatch: pytest.MonkeyPatch, text: dict[str, Any], settings: dict[str, Any]
) -> None:
    """transformers pads the prompts and shifts their positions; we do neither, and the canvases are the same."""
    prompts = [[2, 7, 9], [2, 30, 4, 11, 12, 3, 3, 20, 8, 9, 10], [2], [2, 5, 6, 7, 8, 9, 10]]
    seeds = [[10 * canvas + row for row in range(len(prompts))] for canvas in range(2)]
    config = tiny_config(initializer_range=0.05, **text)
    expected = reference(monkeypatch, twin(copy.deepcopy(config)), prompts, seeds, settings)
    with Engine.from_config(config, device="cpu") as engine:
        for row, prompt in enumerate(prompts):
            assert ours(engine, prompt, [canvas[row] for canvas in seeds], settings) == expected[row]


def test_the_steps_taken_are_the_same(twin: Any, tiny_config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping is not only right in the end: no step more or less than transformers takes."""
    config = tiny_config()
    model, prompt = twin(copy.deepcopy(config)), list(range(2, 14))
    passes = 0

    def count(*_: Any) -> None:
        nonlocal passes
        passes += 1

    model.model.decoder.register_forward_hook(count)
    steps = []
    with Engine.from_config(config, device="cpu") as engine, engine.sync.open(prompt) as context:
        for seed in range(8):
            passes = 0
            expected = reference(monkeypatch, model, [prompt], [[seed]], STOPPING)
            with context.fill(CanvasPlan(seed=seed, **STOPPING)) as canvas:
                result = canvas.result()
            assert (list(result.tokens), result.steps) == (expected[0], passes)
            steps.append(result.steps)
            assert result.reason == ("stable" if result.steps < 30 else "max_steps")
    assert len(set(steps)) > 3  # the canvases do stop at different steps
