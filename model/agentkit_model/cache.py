"""The keys and values of a context's tokens, in full length for every layer.

transformers' own cache keeps only the last `sliding_window - 1` tokens of a sliding layer, so it cannot be rewound.
Here every layer keeps all of them, and attention looks at as many of the last ones as its layer sees.

One `Store` may serve several contexts that agree on a beginning: each `Cache` is a store and a length. A cache writes
into a store only if it is the only holder, and otherwise takes a copy first (copy on write). What `Prefixes` remembers
of a store is written over only where there is no memory for a copy. Beyond `length` a store has room to spare: canvases
put their own keys and values there while they are denoised, so that keys of prefix and canvas lie side by side and no
step copies the prefix.
"""

import threading
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from agentkit_model.errors import ContextError, OutOfMemoryError
from agentkit_model.waiting import Bell

GRAIN = 64  # a store grows in multiples of this many positions
SPARE = 256  # positions that are spared for what comes next, or a quarter of all where that is more


@dataclass(frozen=True, slots=True)
class LayerShape:
    """What a cache must know about a layer: key/value heads, size of a head, and the window (None: sees everything)."""

    kv_heads: int
    head_dim: int
    window: int | None

    def first_visible(self, position: int) -> int:
        """The first token that a canvas at `position` attends to; a window of W shows W - 1 tokens of the prefix."""
        return 0 if self.window is None else max(0, position - (self.window - 1))


class NoRoom(OutOfMemoryError):
    """There is no memory now, but there may be when others are closed."""


class NoCopy(OutOfMemoryError):
    """There is never memory for a larger store beside the one that it is copied from."""


class Memory:
    """What all stores of an engine take together, and may take.

    limit: bytes; None is no limit.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.stores: weakref.WeakSet[Store] = weakref.WeakSet()  # with room for anything
        self.reclaim: Callable[[int], None] = lambda needed: None  # asked to free so many bytes before it is too late
        self.spoken_for = False  # whether others get what becomes free
        self.bell = Bell()  # rings when a store is let go of

    @property
    def used(self) -> int:
        return sum(store.bytes for store in self.stores)

    def check(self, needed: int, beside: int | None = 0) -> None:
        """Raises an error if so many bytes more are too many, `beside` as many that the same context takes; None where
        it needs no more if it is alone. NoRoom if there is room when others are closed; else, since there never is,
        OutOfMemoryError, which is NoCopy if there were without those beside."""
        if self.limit is None or not needed:
            return
        if beside is not None and needed > self.limit:
            raise OutOfMemoryError(
                f"this context alone would take {_mib(needed)}, which is over the engine's cache_memory of "
                f"{_mib(self.limit)}: shorten the prompt, or give it more"
            )
        if beside is not None and needed + beside > self.limit:
            raise NoCopy(
                f"a larger copy of this context would take {_mib(needed)} beside its {_mib(beside)}, which is over the "
                f"engine's cache_memory of {_mib(self.limit)}: close it and open its tokens anew, or give it more"
            )
        if not self.spoken_for and self.used + needed > self.limit:
            self.reclaim(self.used + needed - self.limit)
        if self.spoken_for or self.used + needed > self.limit:
            raise NoRoom(
                f"the caches of {len(self.stores)} contexts take {_mib(self.used)}, and {_mib(needed)} more are over "
                f"the engine's cache_memory of {_mib(self.limit)}: close contexts, shorten prompts, or give it more"
            )

    def held_by_others(self, caches: "set[Cache]") -> bool:
        """Whether a cache that is not one of these holds memory."""
        held = Counter(cache.store for cache in caches)
        with self.bell.condition:
            return any(len(store.holders) > held[store] for store in self.stores)


def _mib(count: int) -> str:
    return f"{count / 2**20:.1f}".removesuffix(".0") + " MiB"


class Store:
    """Keys and values of all layers: for each layer two tensors (kv_heads, capacity, head_dim)."""

    def __init__(
        self,
        shapes: Sequence[LayerShape],
        capacity: int,
        device: torch.device,
        dtype: torch.dtype,
        memory: Memory | None = None,
        beside: int | None = 0,
        cleared: bool = True,
    ) -> None:
        """beside: see `Memory.check`. cleared: whether it is filled with zeros, so that what attention leaves out is a
        number."""
        self.memory = memory or Memory()
        self.bytes = capacity * sum(2 * s.kv_heads * s.head_dim for s in shapes) * dtype.itemsize  # that it takes
        self.memory.check(self.bytes, beside)

        self.shapes = tuple(shapes)
        sizes = [s.kv_heads * capacity * s.head_dim for s in shapes]
        make = torch.zeros if cleared else torch.empty
        whole = make(2 * sum(sizes), device=device, dtype=dtype)  # one piece of memory
        parts = torch.split_with_sizes(whole, [*sizes, *sizes])
        each = [part.view(s.kv_heads, capacity, s.head_dim) for part, s in zip(parts, (*shapes, *shapes), strict=True)]
        self.keys, self.values = each[: len(shapes)], each[len(shapes) :]
        self.capacity = capacity
        self.filled = 0  # positions that some holder's tokens occupy
        self.kept = 0  # positions that are remembered, whoever holds them
        self.holders: weakref.WeakSet[Cache] = weakref.WeakSet()
        if capacity:
            self.memory.stores.add(self)
            weakref.finalize(self, self.memory.bell.ring).atexit = False

    def empty(self) -> "Store":
        """A new store of the same shapes without room for anything."""
        return Store(self.shapes, 0, self.keys[0].device, self.keys[0].dtype, self.memory)

    def copy(self, length: int, capacity: int, beside: int | None) -> "Store":
        """A new store of that capacity with the first `length` positions of this one. beside: see `Memory.check`."""
        new = Store(self.shapes, capacity, self.keys[0].device, self.keys[0].dtype, self.memory, beside, cleared=False)
        for old, fresh in zip(self.keys + self.values, new.keys + new.values, strict=True):
            fresh[:, :length] = old[:, :length]
            fresh[:, length:] = 0.0
        new.filled = length
        return new

    def let_go(self, cache: "Cache") -> None:
        """Has one holder less."""
        with self.memory.bell.condition:
            self.holders.discard(cache)
            self.memory.bell.ring()


class Cache:
    """A context's hold on a store: the first `length` positions are its tokens'."""

    def __init__(self, store: Store, length: int = 0, lock: "threading.Lock | None" = None) -> None:
        self.store = store
        self.length = length
        self._lock = lock or threading.Lock()  # one for all caches that may come to share a store
        self._released = False
        store.holders.add(self)

    def fork(self) -> "Cache":
        """A second hold on the same tokens; nothing is copied."""
        with self._lock:
            return Cache(self.store, self.length, self._lock)

    def rewind(self, length: int) -> None:
        """Forgets the tokens from `length` on."""
        with self._lock:
            self.length = length
            self._trim()

    def adopt(self, store: Store, length: int) -> None:
        """Takes the first `length` tokens of another store in place of its own."""
        with self._lock:
            self.store.let_go(self)
            self.store, self.length = store, length
            store.holders.add(self)

    def keep(self) -> Store:
        """The store, in which this cache's tokens are not written over from now on."""
        with self._lock:
            self.store.kept = max(self.store.kept, self.length)
            return self.store

    def room(self, count: int, forget: Callable[[Store], None] | None = None) -> Store:
        """A store in which the `count` positions after this cache's tokens hold nobody's tokens: scratch space.

        Other holders may use the same positions as scratch space, one after the other within a step. forget: forgets
        what is remembered of a store, which is asked for where nothing else makes room.
        """
        with self._lock:
            if self.store.filled != self.length or self.length + count > self.store.capacity:
                self._move(count, forget)
            return self.store

    def claim(self, count: int, forget: Callable[[Store], None] | None = None) -> Store:
        """A store in which this cache alone may write its next `count` tokens; `settle` makes them count."""
        with self._lock:
            alone = len(self.store.holders) == 1
            if not alone or self.store.filled != self.length or self.length + count > self.store.capacity:
                self._move(count, forget)
            self.store.filled = self.length + count
            return self.store

    def settle(self, count: int) -> None:
        """Ends a claim: `count` of the claimed positions are now tokens, 0 if the claim is given up."""
        with self._lock:
            self.length += count
            self._trim()

    def release(self) -> None:
        """Gives up the store, so that its memory is free, or its other holders need not copy because of this one."""
        with self._lock:
            old = self.store
            self.store, self.length, self._released = old.empty(), 0, True
            old.let_go(self)

    def _trim(self) -> None:
        """Takes back positions that nobody's tokens occupy any more."""
        if len(self.store.holders) == 1:
            self.store.filled = max(self.length, self.store.kept)

    def _move(self, count: int, forget: Callable[[Store], None] | None) -> None:
        if self._released:
            raise ContextError("the context was closed")
        old = self.store
        alone, fits = len(old.holders) == 1, self.length + count <= old.capacity
        needed = self.length + count + max(min(count, SPARE), (self.length + count) // 4)
        beside = None if fits else old.bytes if alone else 0
        try:
            new = old.copy(self.length, -(-needed // GRAIN) * GRAIN, beside)
        except NoRoom:
            if forget is None or not (alone and fits):
                raise
            old.kept, old.filled = 0, self.length  # only what is remembered was in the way
            return forget(old)
        old.let_go(self)
        new.holders.add(self)
        self.store = new
