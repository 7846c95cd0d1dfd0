"""Training: one command on CPU and CUDA, cut and resumed at will.

Every step's data and noise follow from (seed, step) alone, so a run resumed from its checkpoint goes on exactly as
if it had not been stopped. The learning rate is constant after a warm-up and falls linearly to zero over the last
`decay` steps; a run may be lengthened until that begins. A moving average of the weights is kept beside them.
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import DiffusionGemmaForBlockDiffusion

from agentkit.dialects.tokenizer import Tokenizer
from agentkit_model.allocator import keep_memory

from .company import Company, joined
from .conversation import Pack, Writer
from .muon import Muon
from .network import Architecture, Packed, PackedForward, Read, build_config, build_model, parameters
from .noise import apply_noise, more_noise, own_samples, uniform_noise_mask
from .progress import Progress
from .settings import Speed, TrainSettings

FEW_TOOLS = (70, 30)  # weights of one and two tools in view
DRILL_WIDTH = 24
TRAINING = 2**31 - 1  # bytes of free memory that a training process keeps: all of it


class Run:
    """A training run: model, optimiser, averaged weights, step and curve, stored in one folder."""

    def __init__(
        self,
        folder: Path,
        tokenizer: Tokenizer,
        settings: TrainSettings,
        device: str,
        writer: Writer | None = None,
        speed: Speed | None = None,
        company: Company | None = None,
    ) -> None:
        self.folder, self.tokenizer, self.settings = folder, tokenizer, settings
        self.device = torch.device(device)
        self.company = company or Company()
        speed = speed or Speed()
        half = self.device.type == "cuda" if speed.bfloat16 is None else speed.bfloat16
        products = torch.bfloat16 if half else torch.float32
        control = tokenizer.control
        arch = Architecture(vocab_size=tokenizer.vocab_size)
        config = build_config(arch, bos=control["<bos>"], eos=control["<eos>"], pad=control["<pad>"])
        self.model: DiffusionGemmaForBlockDiffusion = build_model(config, seed=settings.seed).to(self.device)
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_("vision" not in name and "router" not in name)
        self.trained = {n: p for n, p in self.model.named_parameters() if p.requires_grad}
        self.average = {n: p.detach().clone() for n, p in self.trained.items()}
        inner = [p for n, p in self.trained.items() if p.ndim >= 2 and "embed_tokens" not in n]
        outer = [p for n, p in self.trained.items() if p.ndim < 2 or "embed_tokens" in n]
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "muon": Muon(inner, lr=settings.muon_rate, weight_decay=settings.weight_decay, products=products),
            "adam": torch.optim.AdamW(
                outer, lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True
            ),
        }
        self.forward = PackedForward(self.model, products, speed.compiler)
        self.writer = writer or Writer(tokenizer, canvas_length=arch.canvas_length)
        self.pad = control["<pad>"]
        self.pool = ThreadPoolExecutor(
            settings.shards,
            "shard",
            torch.set_flush_denormal,  # a saturated soft cap has gradients so small that a CPU takes long over them
            (True,),
        )
        self.step = 0
        self.seconds = 0.0

    @classmethod
    def resume(cls, folder: Path, tokenizer: Tokenizer) -> Run:
        """The run stored in `folder`, with the settings it was stored with."""
        path = folder / "checkpoint.pt"
        if not path.exists():
            raise FileNotFoundError(f"no checkpoint.pt in {folder}: train there first")
        settings = TrainSettings(**torch.load(path, map_location="cpu", weights_only=True)["settings"])
        run = cls(folder, tokenizer, settings, "cpu")
        run.load()
        return run

    # -- storing -----------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Writes the checkpoint atomically: a cut while writing leaves the earlier one. One process of several does."""
        if not self.company.leads:
            return
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "settings": asdict(self.settings),
            "weights": {n: p.detach() for n, p in self.trained.items()},
            "average": self.average,
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / "checkpoint.partial"
        torch.save(state, partial)
        os.replace(partial, self.folder / "checkpoint.pt")

    def load(self) -> bool:
        """Goes on from the folder's checkpoint, if there is one."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        with torch.no_grad():
            for name, value in state["weights"].items():
                self.trained[name].copy_(value)
        self.average = {n: v.to(self.device) for n, v in state["average"].items()}
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.step, self.seconds = state["step"], state["seconds"]
        return True

    def start_from(self, checkpoint: Path) -> None:
        """Begins with the weights of a finished checkpoint of the same architecture instead of random ones."""
        weights = dict(DiffusionGemmaForBlockDiffusion.from_pretrained(checkpoint).named_parameters())
        with torch.no_grad():
            for name, parameter in self.trained.items():
                if name not in weights or weights[name].shape != parameter.shape:
                    raise ValueError(f"{checkpoint} is of another architecture: {name} differs")
                parameter.copy_(weights[name])
        self.average = {n: p.detach().clone() for n, p in self.trained.items()}

    def averaged_model(self) -> DiffusionGemmaForBlockDiffusion:
        """The model with the averaged weights in place (the run can't go on training it)."""
        with torch.no_grad():
            for name, value in self.average.items():
                self.trained[name].copy_(value)
        return self.model

    # -- one step ----------------------------------------------------------------------------------------------------

    @property
    def reached(self) -> int:
        """How far the run has come, of `total`."""
        return self.step

    @property
    def total(self) -> int:
        return self.settings.steps

    def schedule(self) -> float:
        """The learning rates' factor at this step, 0 to 1."""
        s = self.settings
        rise = min(1.0, (self.step + 1) / s.warmup)
        fall = min(1.0, (s.steps - self.step) / s.decay) if s.decay else 1.0
        return rise * max(fall, 0.0)

    def batch(self, shard: int) -> Packed:
        """The packed requests of one shard of this step."""
        s = self.settings
        key = f"{s.seed}/{self.step}/{shard}"
        rng = random.Random(f"{s.seed}/{self.step}")  # the same kind of batch for all shards: they wait for each other
        if self.step < s.drill_steps and rng.random() < s.drill_share:
            drill = self.writer.drill(key, branches=s.drill_branches, canvases=1)
            return collate([drill], self.device, DRILL_WIDTH)
        if rng.random() < s.pair_share:
            pack = self.writer.telling_apart(key, branches=s.drill_branches, canvases=1)
            return collate([pack], self.device, s.narrow_length)
        answers = rng.random() < s.answer_share
        width = s.narrow_length if rng.random() < s.narrow_share else self.writer.canvas_length
        mix = replace(self.writer.mix, tools_in_view=FEW_TOOLS) if self.step < s.few_tools_steps else self.writer.mix
        packs = [
            self.writer.pack(f"{key}/{i}", branches=s.branches, canvases=s.canvases, answers=answers, mix=mix)
            for i in range(s.prefixes)
        ]
        return collate(packs, self.device, width)

    def train_step(self) -> dict[str, float]:
        """One optimiser step on fresh data; its losses and the accuracy on noisy cells."""
        shards = self.settings.shards
        results = self.shard_steps()
        names = list(results[0][1])
        figures = torch.tensor([sum(told[name] for _, told in results) for name in names], device=self.device)
        gradients = [torch.stack(parts).sum(0) for parts in zip(*(found for found, _ in results), strict=True)]
        figures, *gradients = (total / shards for total in self.company.summed([figures, *gradients]))
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = optimizer.defaults["lr"] * self.schedule()
        for parameter, gradient in zip(self.trained.values(), gradients, strict=True):
            parameter.grad = gradient
        norm = torch.nn.utils.clip_grad_norm_(self.trained.values(), 1.0)
        for optimizer in self.optimizers.values():
            optimizer.step()
        self.step += 1
        with torch.no_grad():
            decay = min(self.settings.average, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(list(self.average.values()), list(self.trained.values()), 1 - decay)
        return {**dict(zip(names, figures.tolist(), strict=True)), "norm": norm.item(), "rate": self.schedule()}

    def shard_steps(self) -> list[tuple[list[Tensor], dict[str, float]]]:
        """Gradients and figures of this process's shards of the step. Shards run in threads of their own: on a CPU one
        thread for each is faster than all threads on each small product."""
        return list(self.pool.map(self.shard_step, self.company.share(self.settings.shards)))

    def shard_step(self, shard: int) -> tuple[list[Tensor], dict[str, float]]:
        """Gradients and figures of one shard."""
        return self.learned(self.batch(shard), shard)

    def learned(self, batch: Packed, shard: int) -> tuple[list[Tensor], dict[str, float]]:
        """Gradients and figures of a batch, with the noise of this step and shard."""
        s = self.settings
        generator = torch.Generator().manual_seed((s.seed * 1_000_003 + self.step) * 64 + shard)
        prefixes, branches, reads = self.forward.read(batch)
        canvas, soft, noisy = self.noised(batch, reads, generator)
        logits = self.forward.canvases(batch, reads, canvas, soft)
        causal = self.causal_loss(batch, prefixes, branches)
        weight = torch.where(batch.target == self.pad, s.pad_weight, 1.0)  # (N, K, C)
        weight[..., : s.opening_length] *= s.opening_weight
        losses = F.cross_entropy(logits.flatten(0, 2), batch.target.flatten(), reduction="none")
        denoising = (losses * weight.flatten()).sum() / weight.sum()
        gradients = torch.autograd.grad(denoising + s.causal_weight * causal, list(self.trained.values()))
        counted = noisy & (batch.target != self.pad)
        right = (logits.detach().argmax(-1) == batch.target)[counted].float().mean()
        return list(gradients), {"loss": denoising.item(), "causal": causal.item(), "accuracy": right.item()}

    def causal_loss(self, batch: Packed, prefixes: Sequence[Tensor], branches: Sequence[Tensor]) -> Tensor:
        """Next-token loss of the encoder on the declarations and on what follows the request.

        prefixes, branches: the encoder's last hidden states, (P, E) and (L, E) each.

        A second reading goes by the encoder's predictions (`agentkit_model.review`). And its weights are the decoder's,
        and it is here that copying (a name once declared, a value once said) is learned soonest.
        """
        s = self.settings
        hidden, following, weights = [], [], []
        if s.declaration_weight > 0:
            hidden += [states[:-1] for states in prefixes]
            following += [tokens[1:] for tokens in batch.prefixes]
            weights += [torch.full((len(tokens) - 1,), s.declaration_weight) for tokens in batch.prefixes]
        for states, tokens, anchors in zip(branches, batch.branches, batch.anchor, strict=True):
            first = min(anchors)  # the reply begins here
            hidden.append(states[first - 1 : -1])
            following.append(tokens[first:])
            weight = torch.ones(len(tokens) - first)
            weight[: s.opening_length] = s.opening_weight
            weights.append(weight)
        losses = F.cross_entropy(self.forward.head(torch.cat(hidden)), torch.cat(following), reduction="none")
        weight = torch.cat(weights).to(losses.device)
        return (losses * weight).sum() / weight.sum()

    def noised(self, batch: Packed, reads: Sequence[Read], generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """The noised canvases (N, K, C), the self-conditioning signal (N, K, C, E) and the noisy cells (N, K, C).

        Half of the branches are self-conditioned on the prediction for a noisier canvas."""
        s = self.settings
        count, per, size = batch.target.shape
        vocab = self.model.config.text_config.vocab_size
        target = batch.target.cpu().flatten(0, 1)  # (N*K, C)
        mask, _ = uniform_noise_mask(count * per, size, generator, span_share=s.span_share)
        canvas = apply_noise(target, mask, vocab, generator).view(count, per, size)
        soft = torch.zeros(count, per, size, self.model.config.text_config.hidden_size, device=self.device)

        chosen = range(0, count, 2)
        half = batch.rows(chosen)
        earlier = more_noise(mask.view(count, per, size)[::2].flatten(0, 1), generator)
        first = apply_noise(half.target.cpu().flatten(0, 1), earlier, vocab, generator).view(-1, per, size)
        with torch.no_grad():
            logits = self.forward.canvases(half, [seen.rows(chosen) for seen in reads], first.to(self.device), None)
            temperature = torch.rand(len(chosen), per, 1, 1, generator=generator) * 0.6 + 0.4
            logits = logits / temperature.to(self.device)
            soft[::2] = self.forward.soft_embedding(logits)
            if self.step >= s.own_samples_from:
                own = torch.rand(len(chosen), per, 1, generator=generator) < s.own_samples
                sampled = own_samples(logits.cpu().flatten(0, 1), s.entropy_bound, generator).view(-1, per, size)
                canvas[::2] = torch.where(own, sampled, canvas[::2])
        canvas = canvas.to(self.device)
        return canvas, soft, canvas != batch.target


def collate(packs: Sequence[Pack], device: torch.device, width: int) -> Packed:
    """Packs of equal canvas counts as one batch, canvases cut to `width` tokens."""
    branches = [branch for pack in packs for branch in pack.branches]
    return Packed(
        prefixes=[torch.tensor(pack.prefix, device=device) for pack in packs],
        owner=[i for i, pack in enumerate(packs) for _ in pack.branches],
        branches=[torch.tensor(branch.tokens, device=device) for branch in branches],
        anchor=[[canvas.anchor for canvas in branch.canvases] for branch in branches],
        target=torch.tensor(
            [[canvas.target[:width] for canvas in branch.canvases] for branch in branches], device=device
        ),
    )


@contextmanager
def stop_signal() -> Iterator[threading.Event]:
    """Set when the process is told to end. Only the main thread can be told; in others it stays unset."""
    told = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def train(
    folder: Path,
    tokenizer: Tokenizer,
    settings: TrainSettings,
    *,
    device: str,
    minutes: float | None,
    save_every: float,
    weights: Path | None = None,
    speed: Speed | None = None,
) -> Run:
    """Trains in `folder` until `settings.steps`, or until `minutes` have passed, going on from its checkpoint.

    A run that has none yet begins with the weights of the checkpoint in `weights`, or with random ones. Interrupted or
    terminated (SIGINT, SIGTERM), it ends with the step it is at and writes its checkpoint. Processes that torchrun
    started divide the shards of every step among themselves.
    """
    with joined(device) as company:
        run = Run(folder, tokenizer, settings, device, speed=speed, company=company)
        resumed = run.load()
        if not resumed and weights is not None:
            run.start_from(weights)
        title = f"{parameters(run.model):,} parameters on {device}" + (f", from step {run.step}" if resumed else "")
        go_on(run, title, minutes=minutes, save_every=save_every)
    return run


def go_on(run: Run, title: str, *, minutes: float | None, save_every: float) -> None:
    """Trains until the run's end, until `minutes` have passed, or until the process is told to end; then saves."""
    keep_memory(TRAINING)
    started = saved = time.monotonic()
    base = run.seconds
    now = started
    run.folder.mkdir(parents=True, exist_ok=True)
    with (
        Progress(title, total=run.total, done=run.reached, hidden=not run.company.leads) as progress,
        (run.folder / "curve.jsonl" if run.company.leads else Path(os.devnull)).open("a") as curve,
        stop_signal() as stopped,
    ):
        while run.reached < run.total and not run.company.any(
            stopped.is_set() or (minutes is not None and now - started > minutes * 60)
        ):
            figures = run.train_step()
            if not math.isfinite(figures["loss"]):
                raise FloatingPointError(f"the loss became {figures['loss']} at step {run.step}: lower --learning-rate")
            now = time.monotonic()
            run.seconds = base + now - started
            progress.update(run.reached, **{k: figures[k] for k in ("loss", "causal", "accuracy")})
            if run.step % 10 == 0:
                curve.write(json.dumps({"step": run.step, "seconds": round(run.seconds, 1), **figures}) + "\n")
                curve.flush()
            if now - saved > save_every * 60:
                run.save()
                saved = now
        run.save()
