"""Runs prefills and denoising steps: tokens and plans in, tensors through the network, plain values out."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from agentkit_model import sampler
from agentkit_model.attention import Reading, Seat, Segments
from agentkit_model.cache import GRAIN, Cache, Memory, Store
from agentkit_model.errors import OutOfMemoryError
from agentkit_model.lanes import SMALL, Lanes, shares
from agentkit_model.network import Network, Rope
from agentkit_model.noise import Renoise
from agentkit_model.path import Path, best_paths
from agentkit_model.plan import CanvasResult, Draft
from agentkit_model.prefixes import Prefixes
from agentkit_model.vocabulary import WHOLE, Chunked, Decided, Outlook, Whole
from agentkit_model.work import Denoising, Prefill, failing

PREFILL_CHUNK = 1024  # tokens of one causal pass; bounds the size of its attention mask
PREFIX_MEMORY = 1 << 29  # bytes of remembered prompts that no context holds


@dataclass(slots=True)
class Block:
    """Tokens that are read behind each other, attending to what lies before them."""

    tokens: Tensor  # (N,) int64
    rope: Rope
    reading: Reading


@dataclass(slots=True)
class Chunk:
    """What is read of a prefill in one pass."""

    work: Prefill
    count: int  # tokens of the prefill that it gets on by
    blocks: list[Block]


@dataclass(slots=True)
class Outcome:
    """What one step made of one canvas, still on the device. L is the canvas length."""

    outlook: Outlook
    row: int  # its place in the outlook
    canvas: Tensor  # (L,) int64, what would be the result now
    accepted: Tensor  # (L,) bool
    path: Path | None
    done: Tensor | None  # () bool; None = cannot be done yet


class Runner:
    """Drives the network for the worker. Not thread-safe: everything here runs in the worker's thread."""

    def __init__(
        self,
        network: Network,
        renoise: Renoise,
        stop_tokens: frozenset[int],
        *,
        prefix_memory: int = PREFIX_MEMORY,
        cache_memory: int | None = None,
    ) -> None:
        self.network = network
        self.prefixes = Prefixes(prefix_memory)
        self.memory = Memory(cache_memory)
        self.memory.reclaim = self.prefixes.free
        self._lock = threading.Lock()  # of all caches: any of them may come to share a store with another one
        self.renoise = renoise
        self.stop_tokens = stop_tokens
        self.canvas_length = int(network.config.canvas_length)
        self.forward_passes = 0
        self.lanes = Lanes() if self._exact and network.parameters <= SMALL else None
        self._shareable: dict[tuple[str, int, int], bool] = {}

    def new_cache(self) -> Cache:
        """A cache without tokens or memory; it grows when tokens come."""
        network = self.network
        return Cache(Store(network.layer_shapes, 0, network.device, network.dtype, self.memory), lock=self._lock)

    # -- prefill

    def begin(self, work: Prefill) -> None:
        """Takes over what is known of a prompt's beginning, and room for the rest.

        Raises:
            NoRoom: there is no memory now; nothing is taken over.
            OutOfMemoryError: the prompt never fits.
        """
        self.prefixes.trim()
        known = None if work.before else self.prefixes.find(work.tokens)
        if known is not None:
            try:
                return self._claim(work, Cache(*known, self._lock))
            except OutOfMemoryError:
                del known  # there may be room if it is let go of, and the beginning read anew
        self._claim(work, work.cache)

    def _claim(self, work: Prefill, target: Cache) -> None:
        """Has a prompt written into a cache that holds its beginning."""
        reused = target.length - len(work.before)
        work.store = target.claim(len(work.tokens) - reused)
        work.target, work.done, work.reused = target, reused, reused

    def chunk(self, work: Prefill, most: int) -> Chunk:
        """The next tokens of a prefill that has begun, about `most` of them at most.

        Where results have to be exact, tokens are read in blocks of one size at multiples of it, the beginning of a
        block once more with what is added to it, and filled up at its end. So the keys of a token come from the same
        products bit for bit, whatever the way in which a context came to its tokens.
        """
        assert work.store is not None
        base = len(work.before)
        start, end = base + work.done, base + min(work.done + min(most, PREFILL_CHUNK), len(work.tokens))
        size = end - start
        if self._exact:
            start = start - start % GRAIN
            end, size = min(-(-end // GRAIN) * GRAIN, base + len(work.tokens)), GRAIN
        blocks = []
        for first in range(start, end, size):
            known = (
                *work.before[first : first + size],
                *work.tokens[max(0, first - base) : min(first + size, end) - base],
            )
            tokens = torch.zeros(size, dtype=torch.long)
            tokens[: len(known)] = torch.tensor(known)
            reading = Reading(work.store, first, size, len(known))
            blocks.append(Block(tokens.to(self.network.device), self.network.rope(first, size), reading))
        return Chunk(work, end - base - work.done, blocks)

    def read(self, chunks: Sequence[Chunk]) -> None:
        """Runs chunks in a pass without canvases."""
        self.forward_passes += 1
        blocks = [block for chunk in chunks for block in chunk.blocks]
        key = ("read", len(blocks), torch.get_num_threads())
        if len(blocks) == 1 or not self._exact or self._shareable.get(key):
            self._pass((), blocks)
            return
        # As in `_exactly`: together if that makes no difference to any bit, else one by one.
        together = None
        if key not in self._shareable and not self.network.routes_tokens:
            self._pass((), blocks)
            together = [block.reading.written() for block in blocks]
        for block in blocks:
            self._pass((), [block])
        if together is not None:
            alone = [block.reading.written() for block in blocks]
            self._shareable[key] = all(map(torch.equal, chain(*together), chain(*alone)))

    # -- canvases

    def admit(self, row: Denoising) -> None:
        """Makes a canvas ready for its first step: its start, its room in the cache, its clamps."""
        network, length = self.network, self.canvas_length
        row.seat = Seat(row.cache.room(length), row.position, length)
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
            row.decided = Decided(positions, tokens)
            row.free = torch.ones(length, dtype=torch.bool, device=network.device).index_fill_(0, positions, False)

    def step(self, rows: Sequence[Denoising], chunks: Sequence[Chunk] = ()) -> list[CanvasResult | None]:
        """One denoising step of all rows in one pass: for each row its result, or None if it goes on or has failed.

        What fails in a row's own part of the step (its path, its noise, its result) is the end of that row alone.
        Chunks of prompts and of committed canvases are read in the same pass, where rows `shares_passes` with them.
        """
        self.forward_passes += 1
        if self.lanes is None or len(rows) < 2 or chunks:
            return self._step(rows, chunks)
        weights = [row.position + 8 * self.canvas_length for row in rows]  # what a canvas costs, roughly
        parts = shares(weights, [id(row.seat.store) for row in rows], self.lanes.count)

        def run(part: Sequence[int]) -> list[CanvasResult | None]:
            mine = [rows[place] for place in part]
            results: list[CanvasResult | None] = [None] * len(mine)
            with failing(*mine):
                results = self._step(mine)
            return results

        results: list[CanvasResult | None] = [None] * len(rows)
        for part, found in zip(parts, self.lanes.map(run, parts), strict=True):
            for place, result in zip(part, found, strict=True):
                results[place] = result
        return results

    def _step(self, rows: Sequence[Denoising], chunks: Sequence[Chunk] = ()) -> list[CanvasResult | None]:
        blocks = [block for chunk in chunks for block in chunk.blocks]
        hidden = self._exactly("decode", len(rows), lambda part: self._pass(rows[part], blocks))  # (B, L, H)
        results: list[CanvasResult | None] = []
        for part in self._parts(len(rows)):
            results += self._sample(rows[part], hidden[part])
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

    def _parts(self, count: int) -> Iterator[slice]:
        """How many canvases look at the vocabulary together: as many as there is memory for."""
        cells = self.canvas_length * len(self.network.table)  # logits of one canvas
        most = max(1, WHOLE // cells) if cells <= WHOLE or self._exact else count
        return (slice(start, start + most) for start in range(0, count, most))

    def _look(self, rows: Sequence[Denoising], hidden: Tensor) -> Outlook:
        network = self.network
        heats = torch.stack([sampler.temperature(row.settings, row.step) for row in rows]).to(network.device)
        decided = [row.decided for row in rows]
        if self.canvas_length * len(network.table) > WHOLE:
            keep = [place for place, row in enumerate(rows) if self._wants_path(row)]
            return Chunked(network, hidden, heats, decided, keep)
        logits = self._exactly("logits", len(rows), lambda part: network.logits(hidden[part]))  # (B, L, V)
        return Whole(network, logits, heats, decided)

    def _sample(self, rows: Sequence[Denoising], hidden: Tensor) -> list[CanvasResult | None]:
        """Applies one step's hidden states (B, L, H) to canvases, in transformers' order."""
        # 1. What the network expects, at the temperature of each canvas' own step, and the paths they are held to.
        outlook = self._look(rows, hidden)
        paths = self._paths(rows, outlook)
        uniforms = torch.zeros(len(rows), self.canvas_length)  # (B, L)
        for place, (row, path) in enumerate(zip(rows, paths, strict=True)):
            with failing(row):
                self._lift(row, path, outlook, place)
                uniforms[place] = row.noise.uniforms(self.canvas_length)
        # 2. Sample; the most probable canvas is kept beside it.
        drawn = outlook.draw(uniforms.to(hidden.device))
        # 3. Accept what is certain enough, make noise of the rest.
        bounds = torch.tensor([[row.settings.entropy_bound] for row in rows], device=hidden.device)  # (B, 1)
        accepted = sampler.accept(outlook.doubts, bounds)  # (B, L)
        outcomes = []
        for place, (row, path) in enumerate(zip(rows, paths, strict=True)):
            if row.ended:
                continue
            with failing(row):
                row.canvas = self.renoise.again(row.noise, drawn[place], accepted[place])
                outcomes.append(self._outcome(row, path, outlook, place, accepted[place]))
        return self._conclude(rows, outcomes)

    def _lift(self, row: Denoising, path: Path | None, outlook: Outlook, place: int) -> None:
        """Holds a canvas to its path, where it has one and it is time."""
        hold = row.plan.hold
        if path is not None and hold is not None and path.bound < self.canvas_length and row.step >= hold.from_step:
            outlook.lift(place, path.tokens, path.bound, hold.bonus)

    def _outcome(self, row: Denoising, path: Path | None, outlook: Outlook, place: int, accepted: Tensor) -> Outcome:
        """Counts a step of one canvas, and sees whether the canvas is stable and confident behind it."""
        canvas = outlook.best[place] if path is None else path.tokens
        done = None
        if row.plan.hold is None or path is not None:
            done = sampler.stable(canvas, row.history, row.settings.stability_threshold)
        if done is not None:
            done = done & sampler.confident(outlook.doubts[place], row.free, row.settings.confidence_threshold)
        row.history.append(canvas)
        row.step += 1
        return Outcome(outlook, place, canvas, accepted, path, done)

    def _conclude(self, rows: Sequence[Denoising], outcomes: Sequence[Outcome]) -> list[CanvasResult | None]:
        """Shows drafts to those who look, ends what is done, and prepares the next step of the others."""
        results: list[CanvasResult | None] = [None] * len(rows)
        going = []
        for outcome, done in zip(outcomes, _flags(outcomes), strict=True):
            row = rows[outcome.row]
            with failing(row):
                if row.watched:
                    row.post(_draft(row, outcome))
                if done or row.step == row.settings.max_denoising_steps:
                    results[outcome.row] = self._result(row, outcome, stable=done)
                else:
                    going.append(outcome.row)
        if going:
            outlook = outcomes[0].outlook
            greedy = any(rows[place].settings.t_min == 0.0 for place in going)  # a token's own embedding, whatever else
            soft = self._exactly("soften", len(going), lambda part: outlook.soften(going[part]), telling=not greedy)
            for place, of_row in zip(going, soft, strict=True):
                rows[place].soft = of_row
        return results

    def _wants_path(self, row: Denoising) -> bool:
        """Whether a path is looked for in this step. At the last one it always is; a canvas can't be done before it
        was bound, so earlier paths than its history takes are of no use."""
        hold = row.plan.hold
        return hold is not None and (row.last or row.step >= hold.from_step - row.settings.stability_threshold)

    def _paths(self, rows: Sequence[Denoising], outlook: Outlook) -> list[Path | None]:
        """The paths that canvases are held to in this step; a canvas for which there is none fails, and it alone."""
        wanting = [place for place, row in enumerate(rows) if self._wants_path(row)]
        paths: list[Path | None] = [None] * len(rows)
        try:
            for place, path in zip(wanting, self._find(rows, outlook, wanting), strict=True):
                paths[place] = path
        except Exception:  # whose it is shows one by one
            for place in wanting:
                with failing(rows[place]):
                    (paths[place],) = self._find(rows, outlook, [place])
        return paths

    def _find(self, rows: Sequence[Denoising], outlook: Outlook, wanting: Sequence[int]) -> list[Path | None]:
        holds = [hold for place in wanting if (hold := rows[place].plan.hold) is not None]
        logits = [outlook.logits(place) for place in wanting]
        decide = [
            rows[place].last or rows[place].step >= hold.patience for place, hold in zip(wanting, holds, strict=True)
        ]
        return best_paths(holds, logits, decide)

    def _result(self, row: Denoising, outcome: Outcome, *, stable: bool) -> CanvasResult:
        probabilities = outcome.outlook.probabilities(outcome.row, outcome.canvas)  # (L,)
        return CanvasResult.of(
            outcome.canvas.tolist(),
            outcome.outlook.entropies[outcome.row].tolist(),
            stop_tokens=self.stop_tokens,
            steps=row.step,
            reason="stable" if stable else "max_steps",
            seed=row.seed,
            position=row.position,
            probabilities=probabilities.tolist(),
            departures=_departures(outcome),
            states=outcome.path.states if outcome.path is not None else (),
        )

    # -- the shared pass

    def _exactly(self, what: str, count: int, run: Callable[[slice], Tensor], *, telling: bool = True) -> Tensor:
        """`run` for all of `count` rows together where that cannot change a row's result, else one by one.

        In float32 on the CPU a row's result must not depend on its company to the last bit. A row has its own
        attention, sampling and noise; what rows share are the matrix products and elementwise functions. Their kernels
        may sum in another order when there are more rows. So the first time a number of rows comes up, each row is also
        run alone, and the shared product is used for that number only if both agree in every bit: the order of
        summation depends on shapes, not on values. With several experts it does depend on values (tokens are grouped
        by expert), so there the layers are always run row by row. Results that would agree anyway are not `telling`.
        """
        everything = slice(0, count)
        if count == 1 or not self._exact:
            return run(everything)
        key = (what, count, torch.get_num_threads())
        if what == "decode" and self.network.routes_tokens:
            self._shareable[key] = False
        if self._shareable.get(key):
            return run(everything)
        alone = torch.cat([run(slice(row, row + 1)) for row in range(count)])
        if key not in self._shareable and telling:
            self._shareable[key] = torch.equal(alone, run(everything))
        return alone

    @property
    def shares_passes(self) -> bool:
        """Whether what is read may share a pass with canvases, and how much of it does not matter to the last bit."""
        return not self._exact

    @property
    def _exact(self) -> bool:
        return self.network.device.type == "cpu" and self.network.dtype == torch.float32

    def _pass(self, rows: Sequence[Denoising], blocks: Sequence[Block] = ()) -> Tensor:
        """Runs canvases and, behind them, what is read; returns the canvases' hidden states (B, L, H)."""
        network, empty = self.network, torch.empty(0, dtype=torch.long, device=self.network.device)
        canvases = torch.cat([row.canvas for row in rows]) if rows else empty  # (B * L,)
        soft = torch.cat([row.soft for row in rows]) if rows else network.table[:0]  # (B * L, H)
        read = torch.cat([block.tokens for block in blocks]) if blocks else empty
        ropes = [row.rope for row in rows] + [block.rope for block in blocks]
        rope = ropes[0] if len(ropes) == 1 else {kind: _side_by_side([r[kind] for r in ropes]) for kind in ropes[0]}
        segments = Segments([*(row.seat for row in rows), *(block.reading for block in blocks)])
        hidden = network.run(canvases, soft, read, rope, segments)  # (B * L, H)
        return hidden.view(len(rows), self.canvas_length, hidden.shape[-1])


def _side_by_side(pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Cosines and sines of several segments as those of one."""
    cosines, sines = zip(*pairs, strict=True)
    return torch.cat(cosines), torch.cat(sines)


def _flags(outcomes: Sequence[Outcome]) -> list[bool]:
    """Which canvases are done, with one transfer from the device for all of them and none if none can be."""
    known = [outcome.done for outcome in outcomes if outcome.done is not None]
    flags = iter(torch.stack(known).tolist() if known else [])
    return [outcome.done is not None and next(flags) for outcome in outcomes]


def _draft(row: Denoising, outcome: Outcome) -> Draft:
    return Draft(
        row.step,
        tuple(outcome.canvas.tolist()),
        tuple(outcome.outlook.entropies[outcome.row].tolist()),
        tuple(outcome.accepted.tolist()),
        tuple(_departures(outcome)),
    )


def _departures(outcome: Outcome) -> list[int]:
    """Where the path is not what the model alone would have written."""
    if outcome.path is None:
        return []
    departs = outcome.outlook.best[outcome.row] != outcome.canvas
    return [int(position) for position in departs.nonzero().squeeze(1).tolist()]
