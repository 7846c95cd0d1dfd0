"""Runs prefills and denoising steps: tokens and plans in, tensors through the network, plain values out."""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from agentkit_model import sampler, vocabulary
from agentkit_model.attention import Reading, Seat, Segments
from agentkit_model.cache import GRAIN, Cache, Memory, NoCopy, Store
from agentkit_model.compiled import Compiled, Looked
from agentkit_model.errors import DenoisingError, OutOfMemoryError
from agentkit_model.graphs import Graphs
from agentkit_model.lanes import SMALL, Lanes, shares
from agentkit_model.network import Network, Rope
from agentkit_model.noise import Renoise
from agentkit_model.path import Path, best_path
from agentkit_model.plan import CanvasResult, Draft
from agentkit_model.prefixes import Prefixes
from agentkit_model.review import doubtful, expected
from agentkit_model.sight import Asked, of_clamps
from agentkit_model.transfer import Array, download, upload
from agentkit_model.vocabulary import WHOLE, Chunked, Decided, Outlook, Whole
from agentkit_model.work import Denoising, Prefill, failing

PREFILL_CHUNK = 1024  # tokens of one causal pass; bounds the size of its attention mask
LEAST_BLOCKS = 2  # of a prompt that are worth a lane, when Python runs in one lane at a time
TINY = 1e-30  # the least probability whose logarithm is taken
PREFIX_MEMORY = 1 << 28  # bytes of remembered prompts that no context holds


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
class Shown:
    """What one step made of its canvases, on the device (B, L)."""

    outlook: Outlook
    canvases: Tensor  # long, what would be the results now
    accepted: Tensor  # bool
    paths: Sequence[Path | None]


class Runner:
    """Drives the network for the worker. Work begins and is admitted in one of the worker's threads at a time; steps of
    different canvases, and reading, may be under way in several."""

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
        self.prefixes = Prefixes(prefix_memory, whole=self._exact)
        self.memory = Memory(cache_memory)
        self.memory.reclaim = self.prefixes.free
        self._lock = threading.Lock()  # of all caches: any of them may come to share a store with another one
        self.renoise = renoise
        self.stop_tokens = stop_tokens
        self.canvas_length = int(network.config.canvas_length)
        self.graphs: Graphs | None = None  # made in the worker's thread, as everything on a device is
        self.lanes: Lanes | None = None
        if self._bitwise and network.parameters <= SMALL:
            self.lanes = Lanes()
        self._shareable: dict[tuple[str, int, int], bool] = {}

    def working_memory(self, canvases: int) -> int:
        """Bytes that a step of so many canvases, with as much of prompts as is read beside them, takes at most beside
        weights and caches."""
        positions = canvases * self.canvas_length
        passed = self.network.working_memory(positions + PREFILL_CHUNK)
        return max(passed, vocabulary.working_memory(self.network, positions))

    @property
    def threads(self) -> int:
        """How many threads may step canvases at the same time, each its own: one for each lane, where rows don't depend
        on each other in any bit and canvases have room of their own."""
        return self.lanes.count if self.lanes is not None and self.network.independent else 1

    def new_cache(self) -> Cache:
        """A cache without tokens or memory; it grows when tokens come."""
        network = self.network
        return Cache(Store(network.layer_shapes, 0, network.device, network.dtype, self.memory), lock=self._lock)

    # -- prefill

    def begin(self, work: Prefill) -> None:
        """Takes over what is known of a prompt's beginning, and room for the rest.

        A context that has to grow and never finds room for that beside what it has gives it up, and is read anew.

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
        try:
            return self._claim(work, work.cache, self.prefixes.forget)
        except NoCopy:
            with work.signal.lock:  # whoever abandons it may use the context from then on
                if work.ended:
                    raise
                self.prefixes.forget(work.cache.store)
                work.cache.adopt(work.cache.store.empty(), 0)
                work.before, work.tokens = (), work.before + work.tokens
        self.begin(work)

    def _claim(self, work: Prefill, target: Cache, forget: Callable[[Store], None] | None = None) -> None:
        """Has a prompt written into a cache that holds its beginning."""
        reused = target.length - len(work.before)
        work.store = target.claim(len(work.tokens) - reused, forget)
        work.target, work.done, work.reused = target, reused, reused

    def chunk(self, work: Prefill, most: int) -> Chunk:
        """The next tokens of a prefill that has begun, about `most` of them at most.

        Where products have to be `_exact`, tokens are read in blocks of one size at multiples of it, the beginning of a
        block once more with what is added to it, and filled up at its end. So the keys of a token come from the same
        products bit for bit, whatever the way in which a context came to its tokens.
        """
        assert work.store is not None
        base = len(work.before)
        start, end = base + work.done, base + min(work.done + min(most, PREFILL_CHUNK), len(work.tokens))
        size = end - start if self.lanes is None else GRAIN
        if self._exact:
            start = start - start % GRAIN
            end, size = min(-(-end // GRAIN) * GRAIN, base + len(work.tokens)), GRAIN
        blocks = []
        for first in range(start, end, size):
            known = (
                *work.before[first : first + size],
                *work.tokens[max(0, first - base) : min(first + size, end) - base],
            )
            tokens = torch.zeros(size if self._exact else len(known), dtype=torch.long)
            tokens[: len(known)] = torch.tensor(known)
            reading = Reading(work.store, first, len(tokens), len(known))
            rope = self.network.rope(first, len(tokens))
            blocks.append(Block(upload(tokens, self.network.device), rope, reading))
        return Chunk(work, end - base - work.done, blocks)

    def read(self, chunks: Sequence[Chunk], *, alone: bool = True) -> None:
        """Runs chunks in a pass without canvases. `alone`: nothing else is computed meanwhile."""
        blocks = [block for chunk in chunks for block in chunk.blocks]
        parts = self._reading_parts(blocks) if alone else [blocks]
        known = all(self._reads_alike(count) is not None for part in parts for count in self._together(len(part)))
        if self.lanes is None or len(parts) == 1 or not known:
            for part in parts:
                self._read(part)
            return
        for part, following in itertools.pairwise(parts):
            part[-1].reading.before(following[0].reading)
        self.lanes.map(self._read_in_lane, parts)

    def _reading_parts(self, blocks: Sequence[Block]) -> list[Sequence[Block]]:
        """The blocks in as many parts as there are lanes for them, each of blocks that follow one another."""
        count = 1
        if self.lanes is not None and torch.get_num_threads() == 1:
            count = max(1, min(self.lanes.count, len(blocks) // (LEAST_BLOCKS if self._exact else 1)))
        cuts = [len(blocks) * place // count for place in range(count + 1)]
        return [blocks[start:end] for start, end in itertools.pairwise(cuts)]

    def _read_in_lane(self, blocks: Sequence[Block]) -> None:
        with blocks[-1].reading.opening():
            self._read(blocks)

    def _together(self, count: int) -> Iterator[int]:
        """How many of so many blocks share each pass: where that has to make no difference to any bit, powers of two,
        so that few numbers have to be tried."""
        while count:
            size = 1 << (count.bit_length() - 1) if self._exact else count
            yield size
            count -= size

    def _read(self, blocks: Sequence[Block]) -> None:
        start = 0
        for count in self._together(len(blocks)):
            self._read_alike(blocks[start : start + count])
            start += count

    def _read_alike(self, blocks: Sequence[Block]) -> None:
        """As in `_exactly`: all blocks together if that makes no difference to any bit, else one by one."""
        alike = self._reads_alike(len(blocks))
        if alike is not False:
            self._pass((), blocks)
        if alike:
            return
        together = [block.reading.written() for block in blocks] if alike is None else None
        for block in blocks:
            self._pass((), [block])
        if together is not None:
            alone = [block.reading.written() for block in blocks]
            same = all(map(torch.equal, itertools.chain(*together), itertools.chain(*alone)))
            self._shareable["read", len(blocks), torch.get_num_threads()] = same

    def _reads_alike(self, count: int) -> bool | None:
        """Whether so many blocks may share a pass; None where that is not known yet."""
        if count == 1 or not self._exact:
            return True
        if self.network.routes_tokens:
            return False
        return self._shareable.get(("read", count, torch.get_num_threads()))

    # -- canvases

    def admit(self, row: Denoising) -> None:
        """Makes a canvas ready for its first step: its start, its room in the cache, its clamps."""
        network, length = self.network, self.canvas_length
        store = row.cache.store if network.independent else row.cache.room(length, self.prefixes.forget)
        row.seat = Seat(store, row.position, length)
        row.rope = network.rope(row.position, length)
        self._begin(row)

    def _begin(self, row: Denoising) -> None:
        """What a canvas is before its first step: noise, but for what its plan says."""
        network, length = self.network, self.canvas_length
        row.soft = torch.zeros(length, network.text_config.hidden_size, device=network.device, dtype=network.dtype)
        start = self.renoise.fresh(row.noise, length)  # (L,) on the CPU
        for position, token in enumerate(row.plan.initial or ()):
            if token is not None:
                start[position] = token
        clamped = row.plan.clamped
        if clamped:
            mask, tokens = torch.zeros(length, dtype=torch.bool), torch.zeros(length, dtype=torch.long)
            for position, token in clamped.items():
                start[position] = tokens[position] = token
                mask[position] = True
            row.decided = Decided(upload(mask, network.device), upload(tokens, network.device))
        row.canvas = upload(start, network.device)
        if row.plan.hold is not None:
            row.asked = Asked(row.plan.hold.automaton.tables, clamped)

    def step(self, rows: Sequence[Denoising], chunks: Sequence[Chunk] = ()) -> list[CanvasResult | None]:
        """One denoising step of all rows in one pass: for each row its result, or None if it goes on or has failed.
        Rows that are done are read once more instead, where their plans say so.

        What fails in a row's own part of the step (its path, its noise, its result) is the end of that row alone.
        Chunks of prompts and of committed canvases are read in the same pass, where rows `shares_passes` with them.
        """
        if self.lanes is None or self.network.independent or len(rows) < 2 or chunks:
            return self._step(rows, chunks)
        weights = [row.position + 8 * self.canvas_length for row in rows]  # what a canvas costs, roughly
        groups = [id(row.seat.store) for row in rows]  # canvases on one store use the same room in it
        parts = shares(weights, groups, self.lanes.count)

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
        drafts = [row for row in rows if row.draft is not None]
        others = [row for row in rows if row.draft is None]
        made = dict(zip(drafts, self._review(drafts), strict=True)) if drafts else {}
        if others or chunks:
            made |= zip(others, self._denoise(others, chunks), strict=True)
        return [made[row] for row in rows]

    def _denoise(self, rows: Sequence[Denoising], chunks: Sequence[Chunk]) -> list[CanvasResult | None]:
        blocks = [block for chunk in chunks for block in chunk.blocks]
        hidden = self._exactly("decode", len(rows), lambda part: self._pass(rows[part], blocks))  # (B, L, H)
        results: list[CanvasResult | None] = []
        for part in self._parts(len(rows)):
            results += self._sample(rows[part], hidden[part])
        return results

    def clamped_result(self, row: Denoising) -> CanvasResult:
        """The result of a canvas of which every position is clamped: there is nothing to denoise.

        Raises:
            DenoisingError: the automaton that it is held to does not accept it.
        """
        hold, clamped = row.plan.hold, row.plan.clamped
        tokens = [clamped[position] for position in range(self.canvas_length)]
        path = None if hold is None else best_path(hold, of_clamps(Asked(hold.automaton.tables, clamped)))
        if path is not None and path.tokens.tolist() != tokens:
            raise DenoisingError("the automaton does not accept the tokens to which every position is clamped")
        return CanvasResult.of(
            tokens,
            [0.0] * self.canvas_length,
            stop_tokens=self.stop_tokens,
            steps=0,
            reason="stable",
            seed=row.seed,
            position=row.position,
            probabilities=[1.0] * self.canvas_length,
            states=() if path is None else path.states,
        )

    def _parts(self, count: int) -> Iterator[slice]:
        """How many canvases look at the vocabulary together: as many as there is memory for."""
        cells = self.canvas_length * len(self.network.table)  # logits of one canvas
        most = max(1, WHOLE // cells) if cells <= WHOLE or self._bitwise else count
        return (slice(start, start + most) for start in range(0, count, most))

    def _look(self, rows: Sequence[Denoising], hidden: Tensor) -> Outlook:
        heats = torch.stack([sampler.temperature(row.settings, row.age) for row in rows])
        asked = {place: row.asked for place, row in enumerate(rows) if row.asked is not None and self._wants_path(row)}
        return self._outlook(hidden, heats, self._decided(rows), asked)

    def _outlook(self, hidden: Tensor, heats: Tensor, decided: Decided | None, asked: Mapping[int, Asked]) -> Outlook:
        network = self.network
        if isinstance(network, Compiled):
            return Looked(network, hidden, heats, decided, asked)
        if self.canvas_length * len(network.table) > WHOLE:
            return Chunked(network, hidden, heats, decided, asked)
        logits = self._exactly("logits", len(hidden), lambda part: network.logits(hidden[part]))  # (B, L, V)
        return Whole(network, logits, heats, decided, asked)

    def _decided(self, rows: Sequence[Denoising]) -> Decided | None:
        """The clamps of all canvases; None if there are none."""
        if all(row.decided is None for row in rows):
            return None
        none = Decided(torch.zeros_like(rows[0].canvas, dtype=torch.bool), torch.zeros_like(rows[0].canvas))
        known = [row.decided or none for row in rows]
        return Decided(torch.stack([each.mask for each in known]), torch.stack([each.tokens for each in known]))

    def _sample(self, rows: Sequence[Denoising], hidden: Tensor) -> list[CanvasResult | None]:
        """Applies one step's hidden states (B, L, H) to canvases, in transformers' order."""
        device, shape = hidden.device, hidden.shape[:2]
        # 1. What the network expects, at the temperature of each canvas' own step, and the paths they are held to.
        outlook = self._look(rows, hidden)
        paths = self._paths(rows, outlook)
        uniforms, fresh = torch.zeros(shape), torch.zeros(shape, dtype=torch.long)  # (B, L)
        for place, row in enumerate(rows):
            with failing(row):
                uniforms[place] = row.noise.uniforms(self.canvas_length)
                fresh[place] = self.renoise.fresh(row.noise, self.canvas_length)
        shown = self._held(rows, paths, outlook)
        # 2. Sample; the most probable canvas is kept beside it.
        drawn = outlook.draw(upload(uniforms, device))
        # 3. Accept what is certain enough, make noise of the rest.
        bounds = torch.tensor([[row.settings.entropy_bound] for row in rows])  # (B, 1)
        accepted = sampler.accept(outlook.doubts, upload(bounds, device))  # (B, L)
        canvases = torch.where(accepted, drawn, upload(fresh, device))
        done = self._done(rows, paths, outlook, shown)
        for place, row in enumerate(rows):
            row.canvas, row.shown = canvases[place], shown[place]
            row.step += 1
        return self._conclude(rows, Shown(outlook, shown, accepted, paths), done)

    def _held(self, rows: Sequence[Denoising], paths: Sequence[Path | None], outlook: Outlook) -> Tensor:
        """What canvases would be now (B, L): their paths, or what is most probable. Where it is time to hold a canvas
        to its path, the path is lifted."""
        if all(path is None for path in paths):
            return outlook.best
        shape, device = outlook.best.shape, outlook.best.device
        tokens, found = torch.zeros(shape, dtype=torch.long), torch.zeros(len(rows), 1, dtype=torch.bool)
        held, bonus = torch.zeros(shape, dtype=torch.bool), torch.zeros(len(rows), 1)
        for place, (row, path) in enumerate(zip(rows, paths, strict=True)):
            hold = row.plan.hold
            if path is not None and hold is not None:
                tokens[place], found[place] = torch.from_numpy(path.tokens), True
                if row.age >= hold.from_step:
                    held[place, path.bound :], bonus[place] = True, min(hold.bonus, sampler.MOST)
        on_device = upload(tokens, device)
        if bool(held.any()):
            outlook.lift(on_device, upload(held, device), upload(bonus, device))
        return torch.where(upload(found, device), on_device, outlook.best)

    def _done(
        self, rows: Sequence[Denoising], paths: Sequence[Path | None], outlook: Outlook, shown: Tensor
    ) -> list[bool]:
        """Which canvases are stable and confident behind this step, with one transfer from the device for all."""
        thresholds = torch.tensor([row.settings.confidence_threshold for row in rows])  # (B,)
        if not bool(thresholds.any()):
            return [False] * len(rows)  # nothing is as confident as that
        before = [row.canvas if row.shown is None else row.shown for row in rows]
        decided = outlook.decided
        free = None if decided is None else ~decided.mask
        confident = sampler.confident(outlook.doubts, free, upload(thresholds, shown.device))  # (B,)
        unchanged = (torch.stack(before) == shown).all(dim=-1)  # (B,)
        (flags,) = download([torch.stack([unchanged, confident])])
        done = []
        for row, path, same, sure in zip(rows, paths, *flags.tolist(), strict=True):
            row.unchanged = row.unchanged + 1 if same and row.shown is not None else 0
            may_end = row.plan.hold is None or path is not None
            done.append(may_end and sure and row.unchanged >= row.settings.stability_threshold)
        return done

    def _conclude(self, rows: Sequence[Denoising], shown: Shown, done: Sequence[bool]) -> list[CanvasResult | None]:
        """Shows drafts to those who look, ends what is done, and prepares the next step of the others."""
        results: list[CanvasResult | None] = [None] * len(rows)
        alive = [place for place, row in enumerate(rows) if not row.ended]
        ending = [place for place in alive if done[place] or rows[place].finished]
        looked_at = [place for place in alive if rows[place].watched]
        if ending or looked_at:
            seen = self._seen(shown, ending)
            for place in looked_at:
                with failing(rows[place]):
                    rows[place].post(seen.draft(place, rows[place].step))
            for place in ending:
                with failing(rows[place]):
                    result = self._result(rows[place], place, seen, shown.paths[place], stable=done[place])
                    results[place] = self._reviewed(rows[place], result)
        going = [place for place in alive if place not in ending and not rows[place].ended]
        if going:
            greedy = any(rows[place].settings.t_min == 0.0 for place in going)  # a token's own embedding, whatever else
            soft = self._exactly(
                "soften", len(going), lambda part: shown.outlook.soften(going[part]), telling=not greedy
            )
            for place, of_row in zip(going, soft, strict=True):
                rows[place].soft = of_row
        return results

    def _seen(self, shown: Shown, ending: Sequence[int]) -> "Seen":
        """What is told of a step, on the host."""
        outlook = shown.outlook
        pieces = [shown.canvases, outlook.entropies, shown.accepted, outlook.best]
        pieces += [outlook.probabilities(ending, shown.canvases)] if ending else []
        canvases, entropies, accepted, best, *probabilities = download(pieces)
        found = dict(zip(ending, probabilities[0], strict=True)) if ending else {}
        return Seen(canvases, entropies, accepted, best, shown.paths, found)

    def _wants_path(self, row: Denoising) -> bool:
        """Whether a path is looked for in this step. At the last one it always is; a canvas can't be done before it
        was bound, so earlier paths than its history takes are of no use."""
        hold = row.plan.hold
        return hold is not None and (row.last or row.age >= hold.from_step - row.settings.stability_threshold)

    def _paths(self, rows: Sequence[Denoising], outlook: Outlook) -> list[Path | None]:
        """The paths that canvases are held to in this step; a canvas for which there is none fails, and it alone."""
        paths: list[Path | None] = [None] * len(rows)
        for place, sight in outlook.sights().items():
            row, hold = rows[place], rows[place].plan.hold
            with failing(row):
                assert hold is not None
                paths[place] = best_path(hold, sight, decide=row.last or row.age >= hold.patience)
        return paths

    def _result(self, row: Denoising, place: int, seen: "Seen", path: Path | None, *, stable: bool) -> CanvasResult:
        return CanvasResult.of(
            seen.canvases[place].tolist(),
            seen.entropies[place].tolist(),
            stop_tokens=self.stop_tokens,
            steps=row.step,
            reason="stable" if stable else "max_steps",
            seed=row.seed,
            position=row.position,
            probabilities=seen.probabilities[place].tolist(),
            departures=seen.departures(place),
            states=() if path is None else path.states,
        )

    # -- a second reading

    def _reviewed(self, row: Denoising, result: CanvasResult) -> CanvasResult | None:
        """The result of a canvas that was denoised to its end, or None if it is to be read once more.

        There have to be steps left by which it could be denoised anew; and what was denoised anew counts if it is done
        as well.
        """
        hold, way = row.plan.hold, row.way
        if hold is None or row.plan.review is None:
            return result
        if way is None and (row.finished or not doubtful(hold, result, row.plan.clamped)):
            return result
        if row.search.best is not None and result.reason == "max_steps":
            return replace(row.search.best, steps=result.steps)
        row.draft = result if way is None else way.behind(result, row.age)
        return None

    def _review(self, rows: Sequence[Denoising]) -> list[CanvasResult | None]:
        """Reads drafts once more: for each the result, or None if it goes on, or has failed."""
        count = 1 if self._exact else len(rows)
        results: list[CanvasResult | None] = [None] * len(rows)
        for first in range(0, len(rows), count):
            some = rows[first : first + count]
            for place, (row, hidden) in enumerate(zip(some, self._told(some), strict=True), start=first):
                with failing(row):
                    results[place] = self._judged(row, hidden)
        return results

    def _told(self, rows: Sequence[Denoising]) -> Sequence[Tensor]:
        """The encoder's hidden states (N, H) by which it expects each draft's N tokens: row n is behind n of them, and
        row 0 does not count."""
        network, readings, tokens, ropes = self.network, [], [], []
        for row in rows:
            assert row.draft is not None
            length = row.draft.length
            kept = 0 if network.independent else length  # in the room that canvases have for a step
            readings.append(Reading(row.seat.store, row.position, length, kept))
            tokens.append(torch.tensor(row.draft.tokens[:length], dtype=torch.long))
            ropes.append({kind: (cosines[:length], sines[:length]) for kind, (cosines, sines) in row.rope.items()})
        read = upload(torch.cat(tokens), network.device)
        rope = {kind: _side_by_side([each[kind] for each in ropes]) for kind in ropes[0]}
        hidden = network.run(read[:0], network.table[:0], read, rope, Segments(readings), telling=True)
        return [torch.cat([part[:1], part[:-1]]) for part in torch.split(hidden, [len(part) for part in tokens])]

    def _judged(self, row: Denoising, hidden: Tensor) -> CanvasResult | None:
        """What becomes of a draft, by what the encoder expects (N, H)."""
        draft, hold, tolerance = row.draft, row.plan.hold, row.plan.review
        assert draft is not None and hold is not None and tolerance is not None
        row.draft = None
        outlook = self._outlook(hidden[None], torch.ones(1), None, {0: Asked(hold.automaton.tables)})
        (sight,) = outlook.sights().values()
        awaited = expected(hold, sight, draft, row.plan.clamped)
        written = torch.tensor([draft.tokens[: draft.length], awaited.tokens.tolist()])  # (2, N)
        own, others = (
            download([outlook.probabilities([0], upload(tokens[None], self.network.device))])[0][0]
            for tokens in written
        )
        own, others = (np.log(np.maximum(part, TINY)) for part in (own, others))  # (N,)
        row.search.learn(draft, awaited.worth(own), [*awaited.ways(draft, own, others, tolerance)])
        assert row.search.best is not None
        row.way = None if row.finished else row.search.next()
        if row.way is None:
            return replace(row.search.best, steps=draft.steps)
        row.plan = replace(row.plan, clamped={**row.given, **row.way.held})
        row.began, row.unchanged, row.shown = row.step, 0, None
        self._begin(row)
        return None

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
        """Whether what is read shares a pass with canvases; on lanes it is read by itself."""
        return self.lanes is None and not self._exact

    @property
    def _bitwise(self) -> bool:
        """Whether a row's result must be the same to the last bit whatever its company."""
        return self.network.device.type == "cpu" and self.network.dtype == torch.float32

    @property
    def _exact(self) -> bool:
        """Whether that takes care: torch's products may sum in another order when there are more rows."""
        return self._bitwise and not self.network.independent

    def _pass(self, rows: Sequence[Denoising], blocks: Sequence[Block] = ()) -> Tensor:
        """Runs canvases and, behind them, what is read; returns the canvases' hidden states (B, L, H)."""
        network, empty = self.network, torch.empty(0, dtype=torch.long, device=self.network.device)
        canvases = torch.cat([row.canvas for row in rows]) if rows else empty  # (B * L,)
        soft = torch.cat([row.soft for row in rows]) if rows else network.table[:0]  # (B * L, H)
        read = torch.cat([block.tokens for block in blocks]) if blocks else empty
        ropes = [row.rope for row in rows] + [block.rope for block in blocks]
        rope = ropes[0] if len(ropes) == 1 else {kind: _side_by_side([r[kind] for r in ropes]) for kind in ropes[0]}
        segments = Segments([*(row.seat for row in rows), *(block.reading for block in blocks)])
        if self.graphs is not None and not blocks:
            hidden = self.graphs.run(canvases, soft, rope, segments)  # (B * L, H)
        else:
            hidden = network.run(canvases, soft, read, rope, segments)
        return hidden.view(len(rows), self.canvas_length, hidden.shape[-1])


def _side_by_side(pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Cosines and sines of several segments as those of one."""
    cosines, sines = zip(*pairs, strict=True)
    return torch.cat(cosines), torch.cat(sines)


@dataclass(slots=True)
class Seen:
    """A step's canvases on the host: (B, L) each, the probabilities only of those that end."""

    canvases: Array
    entropies: Array
    accepted: Array
    best: Array
    paths: Sequence[Path | None]
    probabilities: Mapping[int, Array]

    def draft(self, place: int, step: int) -> Draft:
        return Draft(
            step,
            tuple(self.canvases[place].tolist()),
            tuple(self.entropies[place].tolist()),
            tuple(self.accepted[place].tolist()),
            tuple(self.departures(place)),
        )

    def departures(self, place: int) -> list[int]:
        """Where a path is not what the model alone would have written."""
        if self.paths[place] is None:
            return []
        found: list[int] = (self.best[place] != self.canvases[place]).nonzero()[0].tolist()
        return found
