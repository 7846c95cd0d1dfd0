"""Two thousand canvases with whatever may happen to them: nothing is left behind, and no result is another one."""

from __future__ import annotations

import gc
import itertools
import random
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
import torch
from torch import Tensor

from agentkit_model import (
    CanvasCancelled,
    CanvasPlan,
    CanvasResult,
    Context,
    ContextError,
    DenoisingError,
    Engine,
    Hold,
    TokenAutomaton,
)
from agentkit_model.noise import Noise, UniformRenoise
from agentkit_model.sync import SyncContext
from tests.model.kinds import KINDS

CANVASES = 2000
LENGTH, VOCAB = 8, 48
PROMPTS = [
    [(7 * prompt + 3 * place) % VOCAB for place in range(length)] for prompt, length in enumerate(range(1, 140, 9))
]
PROMPTS += [[*PROMPTS[-1], *prompt[:20]] for prompt in PROMPTS[:6]]  # which begin with one another
Operation = tuple[str, tuple[int, ...]]  # "extend" with tokens, or "rewind" to a length


class BrokenAutomaton(TokenAutomaton):
    """One that fails inside of a step, as a bug in somebody's constraint would."""

    @property
    def tables(self) -> Any:  # type: ignore[override]
        raise RuntimeError("this automaton is broken")


class BrokenNoise(UniformRenoise):
    """Noise that fails now and then, for one canvas of a pass."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__(vocab_size)
        self._calls = itertools.count(1)  # of several threads
        self.faults: list[int] = []

    def fresh(self, noise: Noise, length: int) -> Tensor:
        call = next(self._calls)
        if call % 97 == 0:
            self.faults.append(call)
            raise RuntimeError("no noise today")
        return super().fresh(noise, length)


def loop(kind: type[TokenAutomaton], tokens: Sequence[int]) -> TokenAutomaton:
    """Any number of these tokens, then a stop and pads."""
    edges: dict[str, Any] = dict(size=2, source=[0, 0], target=[0, 1], label=[0, 1], cost=[0.0, 0.0])
    return kind(**edges, sets=[tokens, [1]], start=0, final=1, pad=0, stops=frozenset((1,)), breaks=frozenset((0,)))


HOLDS = [Hold(automaton=loop(TokenAutomaton, range(9, 30))), Hold(automaton=loop(TokenAutomaton, (40, 41)), bonus=3.0)]
BROKEN = Hold(automaton=loop(BrokenAutomaton, range(9, 30)))


def plan(rng: random.Random) -> CanvasPlan:
    """Plans of all kinds: own steps, temperatures, bounds, clamps, starts and holds. Few seeds, so that some repeat."""
    held = rng.random()
    return CanvasPlan(
        seed=rng.randrange(40),
        max_denoising_steps=rng.randint(1, 4),
        t_max=rng.choice([0.0, 0.05, 0.8]),
        t_min=0.0,
        entropy_bound=rng.choice([0.1, 3.0]),
        confidence_threshold=rng.choice([0.005, 0.5]),
        clamped={} if held < 0.5 else {rng.randrange(LENGTH): rng.randrange(9, 30) for _ in range(rng.choice([0, 2]))},
        initial=rng.choice([None, None, [None] * 4 + [9] * 4]),
        hold=BROKEN if held < 0.004 else rng.choice(HOLDS) if held < 0.2 else None,
    )


@dataclass
class Filled:
    """A canvas that came out, and how its context came to its tokens."""

    history: tuple[Operation, ...]
    plan: CanvasPlan
    result: CanvasResult


@dataclass
class Visits:
    """What visitors do to one engine, and what they have seen of it."""

    engine: Engine
    left: int
    filled: list[Filled] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    broken: int = 0  # plans with an automaton that fails
    closed: list[Context] = field(default_factory=list)  # in the end, and still referred to
    forks: weakref.WeakSet[Context] = field(default_factory=weakref.WeakSet)  # that nobody closes
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        """Whether another canvas may begin; the right to it is taken."""
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def plan(self, rng: random.Random) -> CanvasPlan:
        asked = plan(rng)
        with self.lock:
            self.broken += asked.hold is BROKEN
        return asked

    def saw(self, history: tuple[Operation, ...], plan: CanvasPlan, result: CanvasResult) -> None:
        with self.lock:
            self.ends["finished"] += 1
            self.filled.append(Filled(history, plan, result))

    # -- visitors of an event loop

    async def crowd(self, seed: int) -> None:
        """Ten visitors at a time, who come when they like."""

        async def visitor(number: int) -> None:
            rng = random.Random(f"{seed}/{number}")
            while self.left > 0:
                await anyio.sleep(rng.random() * 0.01)
                await self.visit(rng)

        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(visitor, number)

    async def visit(self, rng: random.Random) -> None:
        prompt = rng.choice(PROMPTS)
        history: tuple[Operation, ...] = (("extend", tuple(prompt)),)
        with anyio.move_on_after(10 if rng.random() < 0.97 else 0.001):  # some give up while their prompt is read
            context = await self.engine.open(prompt)
            self.closed.append(context)
            async with context:
                await self.stay(rng, context, history)

    async def stay(self, rng: random.Random, context: Context, history: tuple[Operation, ...]) -> None:
        """Fills a few canvases, each in its own way, and goes on from some of them."""
        for _ in range(rng.randint(1, 5)):
            if not self.take():
                return
            asked = self.plan(rng)
            way = rng.choice(["result", "result", "drafts", "leave", "cancel", "close", "fork", "rewind"])
            try:
                if way == "leave":
                    await self.leave(rng, context, asked)
                elif way == "cancel":
                    await self.cancel(rng, context, asked)
                elif way == "close":
                    await self.close_under_way(context.fork(), asked)
                else:
                    if way == "fork":
                        context = context.fork()
                        self.forks.add(context)
                    if way == "rewind":
                        history += (("rewind", (rng.randint(0, len(context)),)),)
                        await context.rewind(history[-1][1][0])
                    result = await self.fill(context, asked, watch=way == "drafts")
                    self.saw(history, asked, result)
                    if rng.random() < 0.5 and len(context) < 200:
                        await context.commit(result)
                        history += (("extend", result.tokens[: result.length]),)
            except DenoisingError as error:
                assert "broken" in str(error) or "no noise" in str(error)
                self.ends["failed"] += 1

    async def fill(self, context: Context, asked: CanvasPlan, *, watch: bool) -> CanvasResult:
        async with context.fill(asked) as canvas:
            if watch:
                async for draft in canvas:
                    assert len(draft.tokens) == LENGTH
            return await canvas.result()

    async def leave(self, rng: random.Random, context: Context, asked: CanvasPlan) -> None:
        """Looks at some drafts, or at none, and goes."""
        async with context.fill(asked) as canvas:
            canvas.start()
            for _ in range(rng.randint(0, 3)):
                await anyio.sleep(0.0005)
        self.ends["left"] += 1

    async def cancel(self, rng: random.Random, context: Context, asked: CanvasPlan) -> None:
        """Is cancelled at any moment."""
        with anyio.move_on_after(rng.random() * 0.01) as scope:
            await self.fill(context, asked, watch=rng.random() < 0.5)
        self.ends["cancelled" if scope.cancelled_caught else "in time"] += 1

    async def close_under_way(self, context: Context, asked: CanvasPlan) -> None:
        """Closes a context whose canvas is being filled."""
        self.closed.append(context)
        async with context.fill(asked) as canvas:
            canvas.start()
            await context.close()
            try:
                await canvas.result()
                self.ends["in time"] += 1
            except CanvasCancelled:
                self.ends["closed"] += 1
        with pytest.raises(ContextError, match="closed"):
            context.fork()

    # -- a visitor without one

    def thread(self, seed: int) -> None:
        rng = random.Random(seed)
        while self.take():
            prompt, asked = rng.choice(PROMPTS), self.plan(rng)
            with self.engine.sync.open(prompt) as context:
                self.closed.append(context.context)
                try:
                    with context.fill(asked) as canvas:
                        self.saw((("extend", tuple(prompt)),), asked, canvas.result())
                except DenoisingError:
                    self.ends["failed"] += 1


class Alone:
    """A second engine on which every canvas is filled with nobody else about, in a context of the same history."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.known: dict[tuple[tuple[Operation, ...], int], CanvasResult] = {}

    def result(self, filled: Filled) -> CanvasResult:
        key = filled.history, hash(repr(filled.plan))
        if key not in self.known:
            with self.context(filled.history) as context, context.fill(filled.plan) as canvas:
                self.known[key] = canvas.result()
        return self.known[key]

    def context(self, history: Sequence[Operation]) -> SyncContext:
        (_, prompt), *others = history
        context = self.engine.sync.open(prompt)
        for kind, values in others:
            if kind == "extend":
                context.extend(values)
            else:
                context.rewind(values[0])
        return context


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def in_threads(works: Sequence[Callable[[], None]]) -> None:
    """Runs all of them at the same time and raises what any of them raised."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize(("kind", "count"), [("one expert", 1), ("compiled", 3)])
def test_two_thousand_canvases(tiny_config: Any, kind: str, count: int) -> None:
    """On one thread, and on several where kernels leave time for them."""
    config = tiny_config(**KINDS[kind], num_hidden_layers=2, layer_types=["sliding_attention", "full_attention"])
    vocab = config.text_config.vocab_size
    before = {thread.name for thread in threading.enumerate()}
    torch.set_num_threads(count)
    engine = Engine.from_config(config, seed=5, device="cpu", max_batch=12, prefix_memory=200_000)
    torch.set_num_threads(1)
    assert len(engine._worker._threads) == (count if engine._runner.network.independent else 1)
    engine._runner.renoise = noise = BrokenNoise(vocab)
    visits = Visits(engine, left=CANVASES)

    def visitors(backend: str, seed: int) -> Callable[[], None]:
        return lambda: anyio.run(visits.crowd, seed, backend=backend)

    in_threads([visitors("asyncio", 1), visitors("trio", 2), lambda: visits.thread(3)])

    # 1. All of it happened.
    ends = visits.ends
    assert set(ends) >= {"finished", "failed", "left", "cancelled", "closed"}
    assert ends["finished"] > CANVASES / 3
    assert sum(ends.values()) >= CANVASES - 100  # but for those who gave up altogether
    assert min(len(noise.faults), visits.broken) > 3
    assert ends["failed"] <= len(noise.faults) + visits.broken  # nobody else's canvas
    # 2. The engine is idle, and works.
    gc.collect()  # forks that nobody closed close themselves
    engine._runner.renoise = UniformRenoise(vocab)
    with engine.sync.open(PROMPTS[3]) as context:
        assert context.fill(CanvasPlan(seed=1, max_denoising_steps=2)).result().steps == 2
    worker = engine._worker
    assert not worker._busy
    assert (worker._live, list(worker._waiting), list(worker._prefills)) == ([], [], [])
    stats = engine.stats
    assert ends["finished"] <= stats.canvases <= CANVASES + 1
    assert 0 < stats.cancelled <= CANVASES
    # 3. Nobody's cache is left: what there is, the engine remembers of prompts, within its bound.
    assert all(context._closed for context in visits.closed)
    assert len(visits.closed) > 200
    gc.collect()  # what the worker's last pass held as well, now that it has made another one
    assert len(visits.forks) == 0
    sizes = [store.bytes for store in engine._runner.memory.stores]
    assert sum(sizes) <= 200_000 + max(sizes, default=0)  # the one closed last may be too much until the next prompt
    # 4. Nor a thread.
    engine.close_sync()
    visits.closed.clear()
    stores = weakref.WeakSet(engine._runner.memory.stores)
    del engine, visits.engine, worker, context
    gc.collect()
    assert len(stores) == 0
    assert {thread.name for thread in threading.enumerate()} <= before | {"MainThread"}
    # 5. And what came out is what comes out alone.
    with Engine.from_config(config, seed=5, device="cpu", prefix_memory=0) as quiet:
        alone = Alone(quiet)
        for filled in visits.filled:
            assert filled.result == alone.result(filled)
