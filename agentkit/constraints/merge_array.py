"""Arrays: plain schemas that all have to hold, merged into one node.

`contains` is spelt out by where the items stand that it asks for: an array is any of some that have them in different
places, the first ones that are possible.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from agentkit.constraints.lengths import MOST_FEWEST, MOST_ITEMS
from agentkit.constraints.nodes import Array, Node, Refused, union
from agentkit.constraints.places import Context, Place, Places, excluded, least, most, telling
from agentkit.constraints.size import MOST_COUNTED, size
from agentkit.constraints.without import without

_TELLING = {"minItems", "uniqueItems"}
_WAYS = 16  # in which items that `contains` asks for may stand
_LATER = 3  # places beyond the first ones at which they may

Hits: TypeAlias = tuple[tuple[int, ...], ...]
"""For each `contains` the places of the items that it asks for."""


@dataclass(frozen=True, slots=True)
class _Contains:
    """A `contains`, and how often it asks for an item; `most` is None where that may be more often."""

    place: Place
    fewest: int
    most: int | None


def merged_array(context: Context, places: Places, free: int) -> Node:
    """An array, or a union of such. Raises `Refused`."""
    found: list[Node] = []
    refusal: Refused | None = None
    merging = _Merging(context, places, free)
    for hits in itertools.islice(merging.ways(), 4 * _WAYS):
        try:
            found.append(merging.array(hits))
        except Refused as error:
            if error.broken:
                raise
            refusal = refusal or error
        if len(found) == _WAYS:
            break
    if not found:
        raise refusal or Refused(
            telling(places, {"contains"}), "no array has as many of the items that it must contain"
        )
    try:
        return without(union(found), [value for value in excluded(places) if isinstance(value, list)], exact=True)
    except Refused as error:
        raise Refused(telling(places, {"not"}), error.reason) from None


class _Merging:
    """What the places say of an array's items."""

    def __init__(self, context: Context, places: Places, free: int) -> None:
        self._context = context
        self._places = places
        self._free = free
        self._low, self._high = most(places, "minItems"), least(places, "maxItems")
        if self._low and self._low.value > MOST_FEWEST:
            raise Refused(self._low.where, f"more than {MOST_FEWEST} items are not counted")
        self._fewest = int(self._low.value) if self._low else 0
        self._end = None if self._high is None else int(self._high.value)
        self._prefix = max((len(_prefix(place)) for place in places), default=0)
        self._contains = [self._asked(place) for place in places if "contains" in place.schema]
        self._known: dict[tuple[int, tuple[bool, ...]], Node | Refused] = {}

    def _asked(self, place: Place) -> _Contains:
        fewest, end = (place.schema.get(keyword) for keyword in ("minContains", "maxContains"))
        fewest = 1 if fewest is None else int(fewest)
        if fewest > MOST_FEWEST:
            raise Refused(f"{place.pointer}/minContains", f"more than {MOST_FEWEST} items are not counted")
        return _Contains(place, fewest, None if end is None else int(end))

    def ways(self) -> Iterator[Hits]:
        """Where the items that are asked for may stand, those first that need the fewest items."""
        each = []
        for asked in self._contains:
            window = max(self._prefix, asked.fewest) + _LATER
            window = window if self._end is None else min(window, self._end)
            end = asked.fewest if asked.most is None else min(asked.most, window)
            sizes = range(asked.fewest, end + 1)
            ways = (way for size in sizes for way in itertools.combinations(range(window), size))
            each.append(sorted(itertools.islice(ways, 4 * _WAYS), key=lambda way: (len(way), way[-1:])))
        yield from itertools.product(*each)

    def array(self, hits: Hits) -> Array:
        """The array with the items that are asked for in these places. Raises `Refused`."""
        reach = max((places[-1] + 1 for places in hits if places), default=0)
        fewest, end, known = max(self._fewest, reach), self._end, max(self._prefix, reach)
        items: list[Node] = []
        rest: Node | None = None
        refusal: Refused | None = None
        try:
            for index in range(known if end is None else min(known, end)):
                items.append(self._item(index, hits))
            if end is None or end > known:
                rest = self._item(known, hits)
        except Refused as error:
            if error.broken:
                raise
            refusal = error
        if rest is None:
            end = len(items)
        if end is not None and fewest > end:
            if refusal:
                raise refusal
            bound = self._high or self._low
            where = bound.where if bound else telling(self._places, {"contains"})
            raise Refused(where, f"there can be at most {end} items, and there must be {fewest}")
        unique = [
            place for place in self._places if place.schema.get("uniqueItems") is True and (end is None or end > 1)
        ]
        for place in unique:
            self._context.note(place.pointer, "uniqueItems")
        counted = MOST_ITEMS + max(len(items), fewest)
        uncounted: int | None = None
        if self._high and end is not None and rest is not None and end > max(len(items), fewest):
            if end > counted or (end - len(items)) * size(rest) > MOST_COUNTED:
                self._context.note(self._high.pointer, self._high.keyword)
                end, uncounted = None, end
        pointer = telling(self._places, _TELLING)
        return Array(tuple(items), rest, fewest, end, bool(unique), uncounted, pointer)

    def _item(self, index: int, hits: Hits) -> Node:
        """The item at an index, one that is asked for or one that is not."""
        asked = tuple(index in places for places in hits)
        key = (min(index, self._prefix), asked)
        if key not in self._known:
            evaluated = [contains.place for contains, here in zip(self._contains, asked, strict=True) if here]
            places = _items(self._places, index, evaluated)
            for contains, here in zip(self._contains, asked, strict=True):
                if here:
                    places.append(contains.place.at("contains"))
                elif contains.most is not None:
                    places.append(contains.place.saying(**{"not": contains.place.schema["contains"]}))
            try:
                self._known[key] = self._context.node(places, self._free)
            except Refused as error:
                self._known[key] = error
        node = self._known[key]
        if isinstance(node, Refused):
            raise node
        return node


def _prefix(place: Place) -> Sequence[Any]:
    """The schemas of the first items; up to draft 7 they stand in `items`."""
    prefix = place.schema.get("prefixItems", place.schema.get("items"))
    return prefix if isinstance(prefix, list) else ()


def _items(places: Places, index: int, evaluated: Places) -> list[Place]:
    """The schemas of the item at an index, which these places evaluate by their `contains`."""
    found = [own for place in places if (own := _own(place, index)) is not None]
    for place in places:
        if "unevaluatedItems" in place.schema:
            inner = place.parts(places)
            others = (part for part in inner if part is not place and "unevaluatedItems" in part.schema)
            if not any(others) and all(_own(part, index) is None and part not in evaluated for part in inner):
                found.append(place.at("unevaluatedItems"))
    return found


def _own(place: Place, index: int) -> Place | None:
    """What one place says of the item at an index."""
    schema = place.schema
    if index < len(_prefix(place)):
        return place.at("prefixItems" if "prefixItems" in schema else "items", index)
    rest = "additionalItems" if isinstance(schema.get("items"), list) else "items"
    return place.at(rest) if rest in schema else None
