"""Runs prefills and denoising steps: tokens and plans in, tensors through the network, plain values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from agentkit_model import sampler
from agentkit_model.attention import CanvasPartner, PrefillPartner
from agentkit_model.cache import Cache, Store
from agentkit_model.network import Network
from agentkit_model.noise import Renoise
from agentkit_model.path import Path, best_path
from agentkit_model.plan import CanvasResult, Draft
from agentkit_model.work import Denoising, Prefill

PREFILL_CHUNK = 1024  # tokens of one causal pass; bounds the size of its attention mask


@dataclass(slots=True)
class Outcome:
    """What one step made of one canvas, still on the device. L is the canvas length."""

    canvas: Tensor  # (L,) int64, what would be the result now
    entropies: Tensor  # (L,) float32, nats
    accepted: Tensor  # (L,) bool
    logits: Tensor  # (L, V) float32, the model's own
    tempered: Tensor  # (L, V) float32
    path: Path | None
    done: Tensor | None  # () bool; None = cannot be done yet


class Runner:
    """Drives the network for the worker. Not thread-safe: everything here runs in the worker's thread."""

    def __init__(self, network: Network, renoise: Renoise, stop_tokens: frozenset[int]) -> None:
        self.network = network
        self.renoise = renoise
        self.stop_tokens = stop_tokens
        self.canvas_length = int(network.config.canvas_length)
        self.forward_passes = 0
        self._shareable: dict[tuple[int, int], bool] = {}

    def new_cache(self) -> Cache:
        """A cache without tokens or memory; it grows when tokens come."""
        return Cache(Store(self.network.layer_shapes, 0, self.network.device, self.network.dtype))

    # -- prefill

    def prefill(self, work: Prefill) -> int:
        """Runs the next chunk of a prefill; returns how many tokens it had."""
        start, end = work.done, min(work.done + PREFILL_CHUNK, len(work.tokens))
        if work.store is None:
            work.base = work.cache.length
            work.store = work.cache.claim(len(work.tokens))
        base = work.base
        tokens = torch.tensor(work.tokens[start:end], device=self.network.device)[None]  # (1, N)
        partner = PrefillPartner(work.store, base + start, end - start)
        self.network.encode(tokens, self.network.rope(base + start, end - start), partner)
        self.forward_passes += 1
        work.done = end
        return end - start

    # -- canvases

    def admit(self, row: Denoising) -> None:
        """Makes a canvas ready for its first step: its start, its room in the cache, its clamps."""
        network, length = self.network, self.canvas_length
        row.store = row.cache.room(length)
        row.rope = network.rope(row.position, length)
        row.soft = torch.zeros(length, network.text_config.hidden_size, device=network.device, dtype=network.dtype)
        start = self.renoise.start(row.noise, length)  # (L,) on the CPU
        for position, token in enumerate(row.plan.initial or ()):
            if token is not None:
                start[position] = token
        for position, token in row.plan.clamped.items():
            start[position] = token
        row.canvas = start.to(network.device)
        if row.plan.clamped:
            positions = torch.tensor(list(row.plan.clamped), device=network.device)
            tokens = torch.tensor(list(row.plan.clamped.values()), device=network.device)
            row.constraints.append(sampler.Clamp(positions, tokens))
            row.free = torch.ones(length, dtype=torch.bool, device=network.device).index_fill_(0, positions, False)

    def step(self, rows: Sequence[Denoising]) -> list[CanvasResult | None]:
        """One denoising step of all rows in one pass: for each row its result, or None if it goes on."""
        hidden = self._decode(rows)  # (B, L, H)
        outcomes = [self._sample(row, self.network.logits(hidden[i])) for i, row in enumerate(rows)]
        results: list[CanvasResult | None] = []
        for row, outcome, done in zip(rows, outcomes, _flags(outcomes), strict=True):
            if row.watched:
                row.post(_draft(row, outcome))
            if done or row.step == row.settings.max_denoising_steps:
                results.append(self._result(row, outcome, stable=done))
            else:
                row.soft = self.network.soften(outcome.tempered)
                results.append(None)
        return results

    def clamped_result(self, row: Denoising) -> CanvasResult:
        """The result of a canvas of which every position is clamped: there is nothing to denoise."""
        tokens = [row.plan.clamped[position] for position in range(self.canvas_length)]
        return CanvasResult.of(
            tokens,
            [0.0] * self.canvas_length,
            stop_tokens=self.stop_tokens,
            steps=0,
            reason="stable",
            seed=row.seed,
            position=row.position,
            probabilities=[1.0] * self.canvas_length,
        )

    def _sample(self, row: Denoising, logits: Tensor) -> Outcome:
        """Applies one step's logits (L, V) to a canvas, in transformers' order."""
        # 1. Clamps and the path first, then the temperature of this canvas' own step.
        for constraint in row.constraints:
            logits = constraint(logits, row.step)
        heat = sampler.temperature(row.settings, row.step)
        tempered = sampler.temper(logits, heat)
        log_probs = sampler.log_normalise(tempered)
        probs = log_probs.softmax(dim=-1)  # not exp(): so the entropies are transformers' to the last bit
        entropies = sampler.entropy(log_probs, probs)
        path, canvas, doubts = self._path(row, logits), tempered.argmax(dim=-1), entropies
        if path is not None:
            canvas = path.tokens
            hold = row.plan.hold
            if hold is not None and path.bound < self.canvas_length and row.step >= hold.from_step:
                tempered = sampler.temper(_lifted(logits, path, hold.bonus), heat)
                log_probs = sampler.log_normalise(tempered)
                probs = log_probs.softmax(dim=-1)
                doubts = sampler.entropy(log_probs, probs)
        # 2. Sample; the most probable canvas is kept beside it.
        drawn = sampler.draw(probs, row.noise.uniforms(self.canvas_length).to(logits.device))
        # 3. Accept what is certain enough, make noise of the rest.
        accepted = sampler.accept(doubts, row.settings.entropy_bound)
        row.canvas = self.renoise.again(row.noise, drawn, accepted)
        # 4. Stable and confident?
        done = None
        if row.plan.hold is None or path is not None:
            done = sampler.stable(canvas, row.history, row.settings.stability_threshold)
        if done is not None:
            done = done & sampler.confident(doubts, row.free, row.settings.confidence_threshold)
        row.history.append(canvas)
        row.step += 1
        return Outcome(canvas, entropies, accepted, logits, tempered, path, done)

    def _path(self, row: Denoising, logits: Tensor) -> Path | None:
        """The path that the canvas is held to in this step; at the last step there always is one."""
        hold = row.plan.hold
        last = row.step + 1 == row.settings.max_denoising_steps
        # A canvas can't be done before it was bound, so earlier paths than its history takes are of no use.
        if hold is None or (row.step < hold.from_step - row.settings.stability_threshold and not last):
            return None
        return best_path(hold, logits, decide=last or row.step >= hold.patience)

    def _result(self, row: Denoising, outcome: Outcome, *, stable: bool) -> CanvasResult:
        chosen = outcome.logits.log_softmax(dim=-1).gather(1, outcome.canvas[:, None]).squeeze(1)  # (L,)
        return CanvasResult.of(
            outcome.canvas.tolist(),
            outcome.entropies.tolist(),
            stop_tokens=self.stop_tokens,
            steps=row.step,
            reason="stable" if stable else "max_steps",
            seed=row.seed,
            position=row.position,
            probabilities=chosen.exp().tolist(),
            departures=_departures(outcome),
            states=outcome.path.states if outcome.path is not None else (),
        )

    # -- the shared pass

    def _decode(self, rows: Sequence[Denoising]) -> Tensor:
        """Hidden states (B, L, H) of all rows, in one pass where that cannot change a row's result."""
        if len(rows) == 1 or not self._exact:
            return self._pass(rows)
        if self.network.routes_tokens:
            return self._one_by_one(rows)
        key = (len(rows), torch.get_num_threads())
        if key not in self._shareable:
            alone, shared = self._one_by_one(rows), self._pass(rows)
            self._shareable[key] = torch.equal(alone, shared)
            return alone
        return self._pass(rows) if self._shareable[key] else self._one_by_one(rows)

    @property
    def _exact(self) -> bool:
        """Whether a row's result must not depend on its company to the last bit: in float32 on the CPU.

        A row has its own attention, logits, sampling and noise; what rows share are the matrix products and elementwise
        functions of the layers. Their kernels may sum in another order when there are more rows. So the first time a
        number of rows comes up, each row is also run alone, and the shared pass is used for that number only if both
        agree in every bit: the order of summation depends on shapes, not on values. With several experts it does depend
        on values (tokens are grouped by expert), so there rows are always run one by one.
        """
        return self.network.device.type == "cpu" and self.network.dtype == torch.float32

    def _one_by_one(self, rows: Iterable[Denoising]) -> Tensor:
        return torch.cat([self._pass([row]) for row in rows])

    def _pass(self, rows: Sequence[Denoising]) -> Tensor:
        self.forward_passes += 1
        canvases = torch.stack([row.canvas for row in rows])  # (B, L)
        soft = torch.stack([row.soft for row in rows])  # (B, L, H)
        rope = {
            kind: (torch.cat([row.rope[kind][0] for row in rows]), torch.cat([row.rope[kind][1] for row in rows]))
            for kind in rows[0].rope
        }
        partner = CanvasPartner([(row.store, row.position) for row in rows])
        return self.network.decode(canvases, soft, rope, partner)


def _flags(outcomes: Sequence[Outcome]) -> list[bool]:
    """Which canvases are done, with one transfer from the device for all of them and none if none can be."""
    known = [outcome.done for outcome in outcomes if outcome.done is not None]
    flags = iter(torch.stack(known).tolist() if known else [])
    return [outcome.done is not None and next(flags) for outcome in outcomes]


def _draft(row: Denoising, outcome: Outcome) -> Draft:
    return Draft(
        row.step,
        tuple(outcome.canvas.tolist()),
        tuple(outcome.entropies.tolist()),
        tuple(outcome.accepted.tolist()),
        tuple(_departures(outcome)),
    )


def _departures(outcome: Outcome) -> list[int]:
    """Where the path is not what the model alone would have written."""
    if outcome.path is None:
        return []
    departs = outcome.logits.argmax(dim=-1) != outcome.canvas
    return [int(position) for position in departs.nonzero().squeeze(1).tolist()]


def _lifted(logits: Tensor, path: Path, bonus: float) -> Tensor:
    """Logits (L, V) with the bonus on the tokens of the path, from where it binds."""
    lifted = logits.clone()
    lifted[path.bound :].scatter_add_(
        1, path.tokens[path.bound :, None], logits.new_full((len(logits) - path.bound, 1), bonus)
    )
    return lifted
