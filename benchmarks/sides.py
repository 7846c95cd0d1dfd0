"""The two sides of the engine's benchmarks: our engine and transformers' `generate()`, over the same weights."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import anyio
import torch
from torch import Tensor
from transformers import DiffusionGemmaForBlockDiffusion
from transformers.generation import StoppingCriteria, StoppingCriteriaList
from transformers.models.diffusion_gemma.generation_diffusion_gemma import StableAndConfidentStoppingCriteria

from agentkit_model import CanvasPlan, Engine

Prompts = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Request:
    """A prompt that is continued by so many canvases, whatever stop tokens they hold."""

    prompt: tuple[int, ...]
    canvases: int
    seed: int


@dataclass(frozen=True)
class Setting:
    """How `generate()` is run. threads: of torch, on the CPU; 0 leaves them as they are."""

    cache: str = "dynamic"
    compiled: bool = False
    threads: int = 0

    def __str__(self) -> str:
        threads = f", {self.threads} thread{'s' * (self.threads > 1)}" if self.threads else ""
        return f"{self.cache} cache{', compiled' if self.compiled else ''}{threads}"


class Slower(Exception):
    """A trial that took longer than the best one before it."""


def twin(model: DiffusionGemmaForBlockDiffusion) -> DiffusionGemmaForBlockDiffusion:
    """A second network with the same weights: its modules and configuration are copies, its tensors are shared."""
    shared = {id(tensor): tensor for tensor in chain(model.parameters(), model.buffers())}
    other = copy.deepcopy(model, shared).eval()
    other.set_attn_implementation("sdpa")  # which an engine that took over the first one may have changed
    return other


class Ours:
    """Our engine. Its canvases are asked for at the same time; what shares a pass is its own business."""

    def __init__(self, model: DiffusionGemmaForBlockDiffusion, **options: Any) -> None:
        self.engine = Engine(model, **options)

    def fill(self, prompts: Prompts, steps: int) -> float:
        """Seconds for one canvas behind each prompt, of exactly so many steps; the prompts' prefill included."""
        plan = CanvasPlan(seed=0, max_denoising_steps=steps, confidence_threshold=0.0)
        if len(prompts) == 1:
            start = time.perf_counter()
            with self.engine.sync.open(prompts[0]) as context, context.fill(plan) as canvas:
                assert canvas.result().steps == steps
            return time.perf_counter() - start
        requests = [Request(tuple(prompt), 1, seed) for seed, prompt in enumerate(prompts)]
        seconds, done = self.serve(requests, plan)
        assert done == [[steps]] * len(prompts)
        return seconds

    def serve(self, requests: Sequence[Request], plan: CanvasPlan | None = None) -> tuple[float, list[list[int]]]:
        """Seconds for all requests at the same time, and the steps that each one's canvases took."""
        steps: list[list[int]] = [[] for _ in requests]
        plan = plan or CanvasPlan()

        async def one(index: int, request: Request) -> None:
            async with await self.engine.open(request.prompt) as context:
                for number in range(request.canvases):
                    seeded = replace(plan, seed=request.seed + number)
                    async with context.fill(seeded) as canvas:
                        result = await canvas.result()
                    steps[index].append(result.steps)
                    if number + 1 < request.canvases:
                        await context.extend(result.tokens)

        async def everybody() -> float:
            start = time.perf_counter()
            async with anyio.create_task_group() as group:
                for index, request in enumerate(requests):
                    group.start_soon(one, index, request)
            return time.perf_counter() - start

        return anyio.run(everybody), steps

    def first_draft(self, prompt: Sequence[int], steps: int) -> float:
        """Seconds from a prompt to the first draft of its canvas."""
        plan = CanvasPlan(seed=0, max_denoising_steps=steps, confidence_threshold=0.0)
        start = time.perf_counter()
        with self.engine.sync.open(prompt) as context, context.fill(plan) as canvas:
            next(iter(canvas))
            return time.perf_counter() - start

    def close(self) -> None:
        self.engine.close_sync()


class Generate:
    """transformers' `generate()` on prompts padded on the left, as it wants them."""

    def __init__(self, model: DiffusionGemmaForBlockDiffusion, setting: Setting | None = None) -> None:
        self.model = model
        self.setting = setting or Setting()
        self.length = int(model.config.canvas_length)

    def fill(self, prompts: Prompts, steps: int) -> float:
        """Seconds for one canvas behind each prompt, in one batch, of exactly so many steps."""
        return self._timed(prompts, canvases=1, **_fixed(steps))

    def serve(
        self, requests: Sequence[Request], steps: Sequence[Sequence[int]], batch: int, *, limit: float = float("inf")
    ) -> float:
        """Seconds for all requests, so many at a time and in this order.

        A row of a batch counts as finished as soon as it has taken the steps given for its canvas; after its last
        canvas it counts as finished at once. So nothing is computed but what the batch as such makes necessary: the
        rows wait for the slowest one, in every canvas. Raises `Slower` after `limit` seconds.
        """
        taken = 0.0
        for start in range(0, len(requests), batch):
            part, counts = requests[start : start + batch], steps[start : start + batch]
            script = Script(counts, self.model.device, deadline=time.perf_counter() + limit - taken)
            with script.leading(self.model) as settings:
                taken += self._timed([request.prompt for request in part], canvases=script.most, **settings)
        return taken

    def first_draft(self, prompt: Sequence[int], steps: int) -> float:
        """Seconds from a prompt to the first draft of its canvas, as a streamer gets it."""
        streamer = FirstDraft()
        start = time.perf_counter()
        self._timed([prompt], canvases=1, streamer=streamer, **_fixed(steps))
        return streamer.at - start

    def _timed(self, prompts: Prompts, *, canvases: int, **settings: Any) -> float:
        with torch_threads(self.setting.threads):
            start = time.perf_counter()
            self._generate(prompts, canvases, settings)
            if self.model.device.type == "cuda":
                torch.cuda.synchronize()
            return time.perf_counter() - start

    def _generate(self, prompts: Prompts, canvases: int, settings: dict[str, Any]) -> Any:
        ids, mask = padded(prompts, self.model.device)
        return self.model.generate(
            ids,
            attention_mask=mask,
            max_new_tokens=canvases * self.length,
            cache_implementation=self.setting.cache,
            disable_compile=not self.setting.compiled,
            **{"eos_token_id": None, **settings},  # how many canvases there are is said by the caller
        )


def padded(prompts: Prompts, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids and mask, both (B, N), of prompts that are padded on the left."""
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    return ids.to(device), mask.to(device)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """So many threads of torch for the block; 0 leaves them as they are."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fixed(steps: int) -> dict[str, Any]:
    """Exactly so many steps: a canvas would have to stay the same for as many steps as there are."""
    return {"max_denoising_steps": steps, "stability_threshold": steps}


class Script:
    """Says when canvases are finished, from step counts: steps[row][canvas]."""

    def __init__(self, steps: Sequence[Sequence[int]], device: torch.device, *, deadline: float = float("inf")) -> None:
        self.most = max(map(len, steps))
        padded = [[*row, *[0] * (self.most - len(row))] for row in steps]
        self.steps = torch.tensor(padded, device=device)  # (B, C)
        self.canvases = torch.tensor([len(row) for row in steps], device=device)  # (B,)
        self.deadline = deadline
        self.canvas = -1
        self.step = 0

    @contextmanager
    def leading(self, model: DiffusionGemmaForBlockDiffusion) -> Iterator[dict[str, Any]]:
        """For the block, the network's stop rule keeps its cost and gives the script's answers; yields what generate()
        must be given besides."""
        prepare = model._prepare_diffusion_stopping_criteria

        def scripted(config: Any) -> Scripted:
            rule = prepare(config)
            return Scripted(self, rule.stability_threshold, rule.confidence_threshold)

        model._prepare_diffusion_stopping_criteria = scripted
        try:
            yield {"stopping_criteria": StoppingCriteriaList([AfterCanvases(self)]), "eos_token_id": None}
        finally:
            del model._prepare_diffusion_stopping_criteria


class Scripted(StableAndConfidentStoppingCriteria):
    """The stop rule at its full cost, with the script's answer."""

    def __init__(self, script: Script, stability: int, confidence: float) -> None:
        super().__init__(stability_threshold=stability, confidence_threshold=confidence)
        self.script = script

    def reset(self) -> None:
        super().reset()
        self.script.canvas += 1
        self.script.step = 0

    def __call__(self, argmax_canvas: Tensor, logits: Tensor) -> Tensor:
        super().__call__(argmax_canvas, logits)
        if time.perf_counter() > self.script.deadline:
            raise Slower
        self.script.step += 1
        return self.script.step >= self.script.steps[:, self.script.canvas]  # (B,)


class AfterCanvases(StoppingCriteria):  # type: ignore[misc]
    """A sequence is over after as many canvases as the script has for it."""

    def __init__(self, script: Script) -> None:
        self.script = script

    def __call__(self, input_ids: Tensor, scores: Tensor | None, **_: Any) -> Tensor:
        return self.script.canvas + 1 >= self.script.canvases  # (B,)


class FirstDraft:
    """A streamer that notes when the first draft came."""

    def __init__(self) -> None:
        self.at = 0.0

    def put(self, value: Tensor) -> None:
        """Whole canvases do not matter here."""

    def put_draft(self, value: Tensor) -> None:
        self.at = self.at or time.perf_counter()

    def end(self) -> None:
        """Nor does the end."""
