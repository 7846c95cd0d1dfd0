"""Automata of one token an edge, whose edges write words into values."""

from collections.abc import Sequence
from typing import TypeAlias

from agentkit_model import TokenAutomaton

Edge: TypeAlias = tuple[int, int, int, int, int]
"""Source, target, token, value and word."""


def claiming(edges: Sequence[Edge], *, final: int, pad: int, stop: int) -> TokenAutomaton:
    """The automaton of these edges from state 0 to the final one, which is the last."""
    source, target, token, value, word = zip(*edges, strict=True)
    return TokenAutomaton(
        size=final + 1,
        source=source,
        target=target,
        label=range(len(edges)),
        cost=[0.0] * len(edges),
        sets=[(each,) for each in token],
        start=0,
        final=final,
        pad=pad,
        stops=frozenset((stop,)),
        values=value,
        words=word,
    )
