"""Looking at drafts for calls that are as good as written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from agentkit.dialects.base import CallRegion, Dialect, Parsed
from agentkit.messages import ToolCallPart
from agentkit.models.base import CanvasRecord
from agentkit.settings import EarlyTools

if TYPE_CHECKING:
    from agentkit_model import Draft

Tokens: TypeAlias = tuple[int, ...]


class CallWatch:
    """Offers the calls of a turn that may begin before its canvas is done, each of them once.

    Calls on canvases that are committed count as well, as long as the turn goes on.

    dialect  how the turn is read
    rule     when a call may begin
    turn     the turn's number, for the calls' ids
    offer    where the calls go
    """

    def __init__(self, dialect: Dialect, rule: EarlyTools, *, turn: int, offer: Callable[[ToolCallPart], None]) -> None:
        self._dialect = dialect
        self._rule = rule
        self._turn = turn
        self._offer = offer
        self._tokens: Tokens = ()
        self._entropies: tuple[float, ...] = ()
        self._ages: dict[tuple[int, Tokens], int] = {}  # steps a call has stayed as it is, by where and what it is
        self._offered: Counter[Tokens] = Counter()

    def commit(self, canvas: CanvasRecord) -> None:
        """Goes on after a canvas of the turn."""
        self._tokens += canvas.tokens
        self._entropies += canvas.entropies

    def look(self, draft: Draft) -> None:
        """Offers the calls that this draft makes ripe."""
        tokens, entropies = self._tokens + draft.tokens, self._entropies + draft.entropies
        parsed = self._dialect.parse(tokens)
        whole = [call for call in parsed.calls if call.arguments is not None and not call.faults]
        places = [(call.span[0], tokens[slice(*call.span)]) for call in whole]
        self._ages = {place: self._ages.get(place, -1) + 1 for place in places}
        seen: Counter[Tokens] = Counter()
        for call, place in zip(whole, places, strict=True):
            if self._ages[place] >= self._rule.steps and _mean(entropies, call) <= self._rule.certainty:
                written = place[1]
                seen[written] += 1
                if seen[written] > self._offered[written]:  # else it was offered, and has moved at most
                    self._offered[written] += 1
                    self._offer(self._part(parsed, call))

    def _part(self, parsed: Parsed, call: CallRegion) -> ToolCallPart:
        before = parsed.regions[: parsed.regions.index(call)]
        place = sum(isinstance(region, CallRegion) or bool(region.text.strip()) for region in before)
        return ToolCallPart(call.name, call.arguments, call_id(self._turn, place), raw=call.raw)


def call_id(turn: int, place: int) -> str:
    """The id of a call that is part number `place` of a turn."""
    return f"call_{turn}_{place}"


def _mean(entropies: Sequence[float], call: CallRegion) -> float:
    start, end = call.span
    return sum(entropies[start:end]) / (end - start)
