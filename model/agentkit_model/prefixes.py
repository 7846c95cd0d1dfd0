"""Prompts whose keys and values are remembered, so that one that begins alike prefills only the rest.

Most of a short turn's cost is its system prompt and tool declarations, which every turn of every agent shares. Tokens
are compared in blocks, by hashes that chain (as vLLM's automatic prefix caching does), so finding the longest known
beginning of a prompt takes one look-up a block.
"""

import itertools
import operator
from collections import OrderedDict
from collections.abc import Iterator

from agentkit_model.cache import GRAIN, Cache, Store


class Prefixes:
    """The stores of live and of recent contexts, by the tokens whose keys and values they hold.

    Used by the worker's thread alone. A store that no context holds any more is kept as long as all such stores
    together take at most `memory` bytes; the one that was of use longest ago goes first.

    whole: whether a beginning is of use in whole blocks only; else what follows on them is compared token by token.
    """

    def __init__(self, memory: int, *, block: int = GRAIN, whole: bool = True) -> None:
        self.memory = memory
        self.block = block
        self.whole = whole
        self._tokens: OrderedDict[Store, tuple[int, ...]] = OrderedDict()  # least recently used first
        self._bytes = 0  # of these stores, idle or not
        self._stores: dict[int, dict[Store, None]] = {}  # hash of a beginning -> stores that begin so

    def known(self, tokens: tuple[int, ...]) -> int:
        """How long the longest known beginning of these tokens is."""
        found = self._longest(tokens)
        return 0 if found is None else found[1]

    def find(self, tokens: tuple[int, ...]) -> tuple[Store, int] | None:
        """A store with the longest known beginning of these tokens, and the beginning's length."""
        best = self._longest(tokens)
        if best is not None:
            self._tokens.move_to_end(best[0])
        return best

    def _longest(self, tokens: tuple[int, ...]) -> tuple[Store, int] | None:
        best: list[Store] = []
        length = 0
        for count, key in self._keys(tokens):
            # two beginnings with the same hash are not believed to be the same
            found = [store for store in self._stores.get(key, {}) if self._tokens[store][:count] == tokens[:count]]
            if not found:
                break
            best, length = found, count
        if not best:
            return None
        if self.whole:
            return best[-1], length
        following = tokens[length : length + self.block]
        more = {store: _alike(self._tokens[store][length : length + self.block], following) for store in best}
        longest = max(reversed(best), key=more.__getitem__)
        return longest, length + more[longest]

    def remember(self, cache: Cache, tokens: tuple[int, ...]) -> None:
        """Remembers that this cache's store holds the keys and values of these tokens, the cache's own."""
        if not self.memory or len(tokens) < self.block:
            return
        store = cache.keep()
        self.forget(store)
        self._tokens[store] = tokens
        self._bytes += store.bytes
        for _, key in self._keys(tokens):
            self._stores.setdefault(key, {})[store] = None
        self.trim()

    @property
    def full(self) -> bool:
        """Whether there is too much, if no context holds it."""
        return self._bytes > self.memory

    def trim(self) -> None:
        """Lets go of what is too much."""
        if self.full:
            self.free(sum(store.bytes for store in self._idle()) - self.memory)

    def clear(self) -> None:
        """Forgets all; what contexts hold goes with them."""
        for store in list(self._tokens):
            self.forget(store)

    def free(self, needed: int) -> None:
        """Lets go of so many bytes, if as many are held by nobody else."""
        for store in self._idle():
            if needed <= 0:
                break
            needed -= store.bytes
            self.forget(store)

    def _idle(self) -> list[Store]:
        """The stores that no context holds, the one of least use first."""
        return [store for store in self._tokens if not store.holders]

    def forget(self, store: Store) -> None:
        """Remembers nothing of a store any more."""
        tokens = self._tokens.pop(store, ())
        self._bytes -= store.bytes if tokens else 0
        for _, key in self._keys(tokens):
            self._stores[key].pop(store, None)
            if not self._stores[key]:
                del self._stores[key]

    def _keys(self, tokens: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        """Each beginning of whole blocks: its length and its hash."""
        key = 0
        for count in range(self.block, len(tokens) + 1, self.block):
            key = hash((key, tokens[count - self.block : count]))
            yield count, key


def _alike(some: tuple[int, ...], others: tuple[int, ...]) -> int:
    """How many tokens both begin with."""
    differing = itertools.compress(itertools.count(), map(operator.ne, some, others))
    return next(differing, min(len(some), len(others)))
