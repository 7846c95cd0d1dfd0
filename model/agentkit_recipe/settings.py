"""How a training run goes. Apart from the code that needs torch, so that the command line can show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainSettings:
    """`shards` x `prefixes` x `branches` requests a step, `canvases` noised canvases for each request."""

    seed: int = 0
    steps: int = 11_000
    warmup: int = 150
    decay: int = 5000
    learning_rate: float = 2e-3  # AdamW's, for embeddings and vectors
    muon_rate: float = 0.02  # Muon's, for matrices
    weight_decay: float = 0.02
    shards: int = 2  # of a step, each of `prefixes` x `branches` requests, in threads of their own
    prefixes: int = 2
    branches: int = 8
    canvases: int = 2
    answer_share: float = 0.6  # steps whose served requests also learn the answer to the tool's result
    drill_steps: int = 600  # the first steps, most of them drills in copying ...
    drill_share: float = 0.5
    drill_branches: int = 32
    pair_share: float = 0.18  # steps of drills in telling values apart
    few_tools_steps: int = 1500  # ... and until here one or two tools in view
    narrow_share: float = 0.5  # steps whose canvases are cut to `narrow_length`: most replies fit, and padding costs
    narrow_length: int = 32
    pad_weight: float = 0.1
    opening_weight: float = 2.5  # of a reply's first tokens, where it is decided whether to call, and what
    opening_length: int = 8
    causal_weight: float = 0.3  # of the encoder's next-token loss, on declarations and on replies ...
    declaration_weight: float = 1.0  # ... where each token of a reply but its first counts 1
    span_share: float = 0.1  # canvases that are clean but for one run
    own_samples: float = 0.7  # of the self-conditioned canvases, made by the sampler from the model's own prediction
    own_samples_from: int = 1000
    average: float = 0.998
    entropy_bound: float = 0.1


@dataclass(frozen=True)
class Speed:
    """How a machine makes its steps. No part of a run's settings: another machine may go on with the run."""

    bfloat16: bool | None = None  # matrix products; by default on a GPU. Pays on CPUs with AMX, too
    compiler: str | None = None  # a backend of `torch.compile`, such as "inductor", which needs a C++ compiler
