"""What has to differ is made to: canvases are cut where a key of a map, or an item of a unique array, is there twice.

No automaton holds that. So every canvas is looked at before it is committed: it is kept up to where something is
repeated, and the next one begins there, in an automaton that leaves out what stands already. Nothing changes for a
model that does not repeat itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from agentkit.constraints.distinct import begun, differs, repeated
from agentkit.constraints.nodes import Node, Refused
from agentkit.constraints.normalize import normalized
from agentkit.dialects.base import CallRegion, Dialect, Parsed
from agentkit.messages import JSON, ToolDefinition

if TYPE_CHECKING:
    from agentkit_model import CanvasResult, Hold


_SPARED = 16
"""Tokens of a turn that are spared, and as many as its shortest end has: keys and items that differ may be longer."""


class Resume(Protocol):
    """Makes the hold from the beginning of a call on, of which some part stands."""

    def __call__(self, *, begun: tuple[ToolDefinition, Mapping[str, JSON]]) -> Hold: ...


@dataclass(frozen=True, slots=True)
class Held:
    """What the next canvas of a turn is held to, and what has to differ in the turn."""

    hold: Hold
    distinct: Distinct

    def within(self, room: int) -> Hold:
        """The hold of the next canvas, where the turn may have so many tokens more.

        Some of them are spared: a key or an item that differs may be longer than one that does not.
        """
        shortest = min(self.hold.automaton.distance[state] for state in self.hold.begin)
        spared = shortest + _SPARED if self.distinct else 0
        return replace(self.hold, limit=min(room, max(shortest, room - spared, 1)))

    def behind(self, result: CanvasResult, written: Sequence[int], limit: int) -> tuple[CanvasResult, Held]:
        """What of a canvas can be committed, and what the next one is held to.

        Args:
            written: the turn's tokens before it.
            limit: tokens that the whole turn may have.
        """
        resumed = None
        if self.distinct:
            tokens = [*written, *result.tokens[: result.length]]
            length, resumed = self.distinct.kept(tokens, len(written), limit)
            result = replace(result, length=length - len(written))
        return result, replace(self, hold=resumed or self.hold.behind(result))

    def gone_on(self, tokens: Sequence[int], limit: int) -> Held | None:
        """What comes behind the tokens of a turn that was broken off; None where the hold does not allow them."""
        states = self.hold.automaton.follow(tokens)
        if not states:
            return None
        _, resumed = self.distinct.kept(tokens, len(tokens) - 1, limit) if self.distinct else (0, None)
        return replace(self, hold=resumed or replace(self.hold, state=states))


class Distinct:
    """Where the canvases of one turn have to be cut.

    Args:
        dialect: reads what was written.
        tools: those that may be called.
        resume: makes the hold of what follows.
        at: only the call that begins at this token of the turn is looked at; None: all of them.
    """

    def __init__(
        self, dialect: Dialect, tools: Sequence[ToolDefinition], resume: Resume, *, at: int | None = None
    ) -> None:
        self._dialect = dialect
        self._tools = {tool.name: tool for tool in tools if dialect.call_automaton(tool).distinct}
        self._resume = resume
        self._at = at

    def __bool__(self) -> bool:
        """Whether anything has to differ at all."""
        return bool(self._tools)

    def kept(self, tokens: Sequence[int], start: int, limit: int) -> tuple[int, Hold | None]:
        """How many of a turn's tokens to keep, and the hold from there on; None where the present one goes on.

        Args:
            tokens: the turn so far.
            start: where its last canvas begins; more than this is kept, though something may then be there twice.
            limit: tokens that the whole turn may have.
        """
        whole = self._dialect.parse(tokens)
        calls = [call for call in whole.calls if self._counts(call)]
        places = [place for call in calls for place in self._repeats(call, start)]
        end = min([len(tokens), *(place for place in places if place > start)])
        for length in range(end, start, -1):
            parsed = whole if length == len(tokens) else self._dialect.parse(tokens[:length])
            found, hold = self._resumed(parsed, tokens[:length], limit - length, calls, repeats=end < len(tokens))
            if found:
                return length, hold
        return len(tokens), None

    def _resumed(
        self, parsed: Parsed, tokens: Sequence[int], room: int, whole: Sequence[CallRegion], *, repeats: bool
    ) -> tuple[bool, Hold | None]:
        """Whether the turn can go on behind these tokens, and the hold if that has to leave something out.

        `whole` are the calls before the turn was cut: they tell what a number was that now has no end.
        """
        call = parsed.calls[-1] if parsed.open and parsed.calls else None
        if call is None or not self._counts(call):
            return True, None
        tool = self._tools[call.name]
        values = dict(call.values)
        if call.cut_number is not None and differs(_node(tool), call.cut_number):
            before = next(one for one in whole if one.span[0] == call.span[0])
            if before.value_spans.get(call.cut_number, (0, math.inf))[1] > len(tokens):
                return False, None  # what follows has to differ from it, and nobody knows yet what it is
            values[call.cut_number] = before.values[call.cut_number]
        standing = begun(_node(tool), call.key_spans, values)
        if not standing or (not repeats and not _could_repeat(_node(tool), call, standing)):
            return True, None
        try:
            hold = self._resume(begun=(tool, standing))
        except Refused:
            return False, None
        automaton = hold.automaton
        states = frozenset(
            state for state in automaton.follow(tokens[call.span[0] :]) if automaton.distance[state] <= room
        )
        return bool(states), replace(hold, state=states)

    def _counts(self, call: CallRegion) -> bool:
        return call.name in self._tools and self._at in (None, call.span[0])

    def _repeats(self, call: CallRegion, start: int) -> Iterator[int]:
        """The tokens at which something begins that is there twice, or ends, if it began before `start`."""
        yield from (fault.span[0] for fault in call.faults if fault.kind == "duplicate" and fault.span)
        for pointer in repeated(_node(self._tools[call.name]), call.values):
            first, end = call.value_spans[pointer]
            yield first if first > start else end - 1


def _could_repeat(node: Node, call: CallRegion, standing: Mapping[str, JSON]) -> bool:
    """Whether what a call breaks off in could become what stands already: a key, or any item of a unique array."""
    if any(differs(node, pointer) for pointer in standing):
        return True
    return call.cut_key is not None and any(pointer.startswith(call.cut_key) for pointer in standing)


def _node(tool: ToolDefinition) -> Node:
    return normalized(tool.parameters).node
