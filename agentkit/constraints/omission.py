"""Optional values that were spoken of, and what it costs to leave them out.

"Clean it in quiet mode", "with breakfast", "the last 50 lines": who names a choice, or what a parameter is called,
gives a value for it. A small model often leaves such a value out, since most calls of its training do without.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agentkit.constraints.automaton import Automaton, Slot
from agentkit.constraints.flags import Flag
from agentkit.constraints.labels import DESCRIBED, Keys, Prices, about, labels
from agentkit.messages import ToolDefinition
from agentkit.retrieval import FUNCTION_WORDS, stems

if TYPE_CHECKING:
    from agentkit.constraints.grounding import Words

OMITTED = 0.625
"""The part of a price that it costs to leave out what was spoken of by its name: less than a choice costs that nobody
spoke of, which else would be written in its place."""

COUNTED = 2.0
"""What a number counts that has a label, as in "the last 50 lines": no other one would be written in its place."""

_OF_ANYTHING = FUNCTION_WORDS | {"in", "on"}
"""Choices that are said without being meant."""


def omissions(
    tool: ToolDefinition,
    slots: Sequence[Slot],
    words: Words,
    prices: Mapping[Keys, Prices],
    flags: Mapping[Keys, Flag],
    weight: float,
) -> dict[Keys, float]:
    """What it costs to leave out what stands in some places, in nats; only of those that the latest text speaks of.

    Args:
        slots: of the tool's call.
        words: of the conversation.
        prices, flags: what labels in it, and a yes or a no, make values cost; see `labels` and `flags`.
        weight: nats that a value costs beside another parameter's name.
    """
    calls, about_it = (frozenset(stems(told)) for told in (tool.name, tool.description))  # they speak of the tool
    said = frozenset(itertools.chain.from_iterable(labels(*words.spoken[0]).stems if words.spoken else ()))
    found: dict[Keys, float] = {}
    for slot in slots:
        marks = prices.get(slot.keys)
        cost, share = 0.0, 0.0
        if slot.kind == "choice":
            options = words.latest([option for option, _ in slot.options])
            share = float(
                any((_OF_ANYTHING | calls).isdisjoint({option.lower(), *stems(option)}) for option in options)
            )
        elif slot.kind == "flag":
            cost = max(flags.get(slot.keys, Flag()))
        elif slot.kind == "number":
            share = COUNTED * marks.counted if marks else 0.0
        elif slot.keys:
            own, told = frozenset(stems(slot.keys[-1])) - calls, frozenset(stems(about(tool.parameters, slot.keys)))
            named = 1.0 if own and own <= said else DESCRIBED * (not said.isdisjoint(told - calls - about_it - own))
            share = max(marks.spoken if marks else 0.0, named)
        cost = OMITTED * (cost or share * weight)
        if cost:
            found[slot.keys] = max(found.get(slot.keys, 0.0), cost)
    return found


def left_out(call: Automaton, costs: Mapping[Keys, float]) -> NDArray[np.float32]:
    """What each edge costs (E,) by which some values can be written no more that could be before: `costs`, by place.

    A path then costs that for each such place without a value. A place that a path may fill twice, as in an array,
    costs nothing.
    """
    found = np.zeros(len(call.source), np.float32)
    for keys, cost in costs.items():
        begins = [slot.begin for slot in call.slots if slot.keys == keys]
        enters = np.isin(call.target, begins)
        ahead = leading_to(call, enters)
        if not ahead[begins].any():
            found += np.float32(cost) * (ahead[call.source] & ~ahead[call.target] & ~enters)
    return found


def leading_to(call: Automaton, edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The states from which one of some edges (E,) can still be reached (S,)."""
    ahead = np.zeros(call.size, np.bool_)
    ahead[call.source[edges]] = True
    count = 0
    while count < (count := int(ahead.sum())):
        ahead[call.source[ahead[call.target]]] = True
    return ahead
