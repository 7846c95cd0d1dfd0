"""How a training run goes. Apart from the code that needs torch, so that the command line can show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainSettings:
    """`prefixes` x `branches` requests a step, `canvases` noised canvases for each request."""

    seed: int = 0
    steps: int = 6000
    warmup: int = 150
    decay: int = 1500
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    prefixes: int = 3
    branches: int = 8
    canvases: int = 2
    answer_share: float = 0.3  # steps whose served requests also learn the answer to the tool's result
    pad_weight: float = 0.1
    span_share: float = 0.1  # canvases that are clean but for one run
    own_samples: float = 0.3  # of the self-conditioned canvases, made by the sampler from the model's own prediction
    own_samples_from: int = 1000
    average: float = 0.998
    entropy_bound: float = 0.1
