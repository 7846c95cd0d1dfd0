"""Automata followed naively: what they accept, what they can spell, and paths through them at random."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from math import inf

from agentkit.constraints.automaton import Automaton
from agentkit.dialects import Tokenizer


class Walker:
    """An automaton with its edges by state."""

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self.edges: dict[int, list[tuple[int, int]]] = defaultdict(list)  # source: target, label
        self.sets = [frozenset(tokens.tolist()) for tokens in automaton.sets]
        sources = defaultdict(list)
        for source, target, label in zip(
            automaton.source.tolist(), automaton.target.tolist(), automaton.label.tolist(), strict=True
        ):
            self.edges[source].append((target, label))
            sources[target].append(source)
        self.distance = {automaton.final: 0}  # tokens to the end
        waiting = [automaton.final]
        for state in waiting:
            for source in sources[state]:
                if source not in self.distance:
                    self.distance[source] = self.distance[state] + 1
                    waiting.append(source)

    def accepts(self, tokens: Sequence[int]) -> bool:
        states = {self.automaton.start}
        for token in tokens:
            states = {target for state in states for target, label in self.edges[state] if token in self.sets[label]}
        return self.automaton.final in states

    def cost(self, tokens: Sequence[int]) -> float:
        """What the cheapest path of some tokens costs; infinite if none is accepted."""
        costs = {self.automaton.start: 0.0}
        for token in tokens:
            found: dict[int, float] = {}
            for edge, (source, target) in enumerate(zip(self.automaton.source, self.automaton.target, strict=True)):
                if source in costs and token in self.sets[self.automaton.label[edge]]:
                    cost = costs[source] + float(self.automaton.cost[edge])
                    found[target] = min(cost, found.get(target, inf))
            costs = found
        return costs.get(self.automaton.final, inf)

    def spells(self, tokenizer: Tokenizer, tokens: Sequence[int]) -> bool:
        """Whether some tokens with the same bytes and the same markers are accepted."""
        symbols: list[int | tuple[int]] = []  # bytes, and markers as tuples
        for token in tokens:
            symbols.extend([(token,)] if tokenizer.is_control(token) else tokenizer.token_bytes(token))
        by_bytes = _by_bytes(tokenizer)
        longest = max(map(len, by_bytes))
        reached: list[set[int]] = [set() for _ in range(len(symbols) + 1)]
        reached[0].add(self.automaton.start)
        for place, symbol in enumerate(symbols):
            if isinstance(symbol, tuple):
                found = {1: list(symbol)}
            else:
                run = bytes(s for s in symbols[place : place + longest] if not isinstance(s, tuple))
                marker = next((n for n, s in enumerate(symbols[place:]) if isinstance(s, tuple)), longest)
                found = {n: by_bytes.get(run[:n], []) for n in range(1, min(len(run), marker) + 1)}
            for state in reached[place]:
                for target, label in self.edges[state]:
                    for length, candidates in found.items():
                        if not self.sets[label].isdisjoint(candidates):
                            reached[place + length].add(target)
        return self.automaton.final in reached[-1]

    def path(self, chance: random.Random, patience: int = 40) -> list[int]:
        """The tokens of a path; after `patience` of them it takes the shortest way to the end."""
        return self._walk(self.automaton.start, [], chance, patience)

    def path_from(self, begun: Sequence[int], chance: random.Random) -> list[int] | None:
        """The tokens of a path that begins with some; None where there is none."""
        states = {self.automaton.start}
        for token in begun:
            states = {target for state in states for target, label in self.edges[state] if token in self.sets[label]}
        states &= self.distance.keys()
        return self._walk(chance.choice(sorted(states)), [*begun], chance, len(begun) + 20) if states else None

    def _walk(self, state: int, tokens: list[int], chance: random.Random, patience: int) -> list[int]:
        while state != self.automaton.final:
            edges = [edge for edge in self.edges[state] if edge[0] in self.distance]
            if len(tokens) >= patience:
                edges = [min(edges, key=lambda edge: self.distance[edge[0]])]
            target, label = chance.choice(edges)
            tokens.append(int(chance.choice(self.automaton.sets[label])))
            state = target
        return tokens

    def dead_ends(self) -> set[int]:
        """States from which the end cannot be reached, and states that cannot be reached."""
        reached, waiting = {self.automaton.start}, [self.automaton.start]
        for state in waiting:
            for target, _ in self.edges[state]:
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
        return set(range(self.automaton.size)) - (reached & set(self.distance))


@cache
def _by_bytes(tokenizer: Tokenizer) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = defaultdict(list)
    for token, spelling in tokenizer.plain_tokens().items():
        found[spelling].append(token)
    return found
