"""Plain schemas that all have to hold, merged into one node for each type of value that they leave.

Plain means: references and alternatives have been spelt out already (see `normalize`), and count for nothing here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from functools import partial
from typing import Any

from agentkit.constraints.lengths import EXACT_LENGTH, MOST_LENGTH
from agentkit.constraints.merge_array import merged_array
from agentkit.constraints.merge_object import merged_object
from agentkit.constraints.nodes import Choice, Node, Number, Refused, Text, identity, union
from agentkit.constraints.places import (
    Bound,
    Context,
    Place,
    Places,
    excluded,
    forbidden,
    format_of,
    given,
    least,
    most,
    telling,
    writable,
)
from agentkit.messages import JSON

_KINDS = ("object", "array", "string", "number", "integer", "boolean", "null")
_SPELT_OUT = {"$ref", "allOf", "anyOf"}  # what they say is said by places of their own
_EVALUATED = {"unevaluatedProperties", "unevaluatedItems"}
_TELLING = {
    "object": {"properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties",
               "maxProperties", "dependentRequired", "unevaluatedProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"},
    "string": {"minLength", "maxLength", "pattern", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}  # fmt: skip


def merged(context: Context, places: Places, free: int) -> Iterator[Callable[[], Node]]:
    """What builds the node for each type that is left; each may raise `Refused`.

    Args:
        places: the schemas, plain.
        free: how deep a value may be nested if nothing is said of it.
    """
    if any("enum" in place.schema or "const" in place.schema for place in places):
        yield partial(_choice, context, places)
        return
    kinds, told = _kinds(places)
    meant = {kind for kind in _TELLING if any(place.schema.keys() & _TELLING[kind] for place in places)}
    if told or not meant or context.exact:
        yield from _builders(context, places, kinds, free, told=told or bool(meant))
    else:
        yield partial(_meant, context, places, [kinds & _spelt(meant), kinds - _spelt(meant)], free)


def _meant(context: Context, places: Places, choices: list[set[str]], free: int) -> Node:
    """Where no type is given: the types that its keywords are about, and any other only if these can't be."""
    refusal: Refused | None = None
    for kinds in choices:
        found: list[Node] = []
        for build in _builders(context, places, kinds, free, told=kinds is choices[0]):
            try:
                found.append(build())
            except Refused as error:
                if error.broken:
                    raise
                refusal = refusal or error
        if found:
            return union(found)
    raise refusal or Refused(telling(places, {"not"}), "no value can be valid here")


def _builders(
    context: Context, places: Places, kinds: set[str], free: int, *, told: bool
) -> Iterator[Callable[[], Node]]:
    for kind in (kind for kind in _KINDS if kind in kinds):
        if kind == "boolean":
            yield partial(_words, context, places, (True, False))
        elif kind == "null":
            yield partial(_words, context, places, (None,))
        elif kind == "string":
            yield partial(_text, context, places)
        elif kind == "number" or (kind == "integer" and "number" not in kinds):
            yield partial(_number, context, places, kind == "integer")
        elif kind != "integer" and (told or free > 0):
            build = merged_object if kind == "object" else merged_array
            yield partial(build, context, places, free if told else free - 1)


def _kinds(places: Places) -> tuple[set[str], bool]:
    """The types of value that all places allow, and whether any of them gives a type."""
    kinds = set(_KINDS)
    for place in places:
        if "type" in place.schema:
            kinds &= _spelt(place.schema["type"])
    for banned in map(_spelt, forbidden(places, "type")):
        kinds -= banned if "number" in banned or "number" not in kinds else banned - {"integer"}
    return kinds, any("type" in place.schema for place in places)


def _spelt(given: Any) -> set[str]:
    kinds = {given} if isinstance(given, str) else set(given)
    return kinds | {"integer"} if "number" in kinds else kinds


def _choice(context: Context, places: Places) -> Node:
    told = [(place, word) for place in places for word in ("const", "enum") if word in place.schema]
    kept, *others = ([place.schema[word]] if word == "const" else place.schema[word] for place, word in told)
    known = [set(map(identity, other)) for other in others]
    rest = _without(places, {"const", "enum", "oneOf"} | (set() if context.exact else _SPELT_OUT))
    values = tuple(
        value
        for value in kept
        if all(identity(value) in other for other in known) and _can_be_written(value) and context.valid(value, rest)
    )
    if not values:
        place, word = told[0]
        raise Refused(f"{place.pointer}/{word}", "none of its values can be valid")
    return Choice(values)


def _words(context: Context, places: Places, values: tuple[JSON, ...]) -> Node:
    kept = tuple(value for value in values if context.valid(value, _without(places, {"oneOf"})))
    if not kept:
        raise Refused(telling(places, {"not"}), "no value can be valid here")
    return Choice(kept)


def _without(places: Places, words: Set[str]) -> list[Place]:
    """The places without `oneOf`, whose branches are compared once all are known, and without other words.

    A place that asks what its parts evaluate keeps them.
    """
    return [
        replace(place, schema={word: value for word, value in place.schema.items() if word not in left_out})
        for place in places
        for left_out in [{"oneOf"} if place.schema.keys() & _EVALUATED else words]
    ]


def _text(context: Context, places: Places) -> Node:
    shortest, longest = most(places, "minLength"), least(places, "maxLength")
    fewest, end = (None if bound is None else int(bound.value) for bound in (shortest, longest))
    if shortest and longest and shortest.value > longest.value:
        raise Refused(longest.where, f"no string has at least {fewest} and at most {end} characters")
    if shortest and shortest.value > MOST_LENGTH:
        raise Refused(shortest.where, f"more than {MOST_LENGTH} characters are not counted")
    counted = EXACT_LENGTH if (fewest or 0) <= EXACT_LENGTH else MOST_LENGTH
    if longest and longest.value > counted:
        context.note(longest.pointer, "maxLength")
    asked = {place.schema["format"] for place in places if "format" in place.schema}
    for banned in forbidden(places, "format"):
        if banned in asked or banned not in context.formats:
            reason = f"every string here has the format {banned!r}: it is asked for, or nothing checks it"
            raise Refused(telling(places, {"not"}), reason)
        context.note(telling(places, {"not"}), "not")
    return Text(
        min_length=fewest or 0,
        max_length=end if end is not None and end <= counted else None,
        patterns=given(places, "pattern"),
        formats=tuple(dict.fromkeys(format_of(place.schema) for place in places if "format" in place.schema)),
        forbidden=forbidden(places, "pattern"),
        excluded=tuple(value for value in excluded(places) if isinstance(value, str) and writable(value)),
        declared=_declared(places),
        uncounted=bool(longest and longest.value > counted),
        pointer=telling(places, _TELLING["string"]),
    )


def _number(context: Context, places: Places, integer: bool) -> Node:
    low, high = most(places, "minimum"), least(places, "maximum")
    above, below = most(places, "exclusiveMinimum"), least(places, "exclusiveMaximum")
    for bound in (low, high, above, below):
        if bound and math.isnan(bound.value):
            raise Refused(bound.where, "no number is more or less than NaN", broken=True)
    apart = forbidden(places, "multipleOf")
    if not integer and any("integer" in _spelt(banned) for banned in forbidden(places, "type")):
        apart = (*apart, 1)  # a number, but no integer
    node = Number(
        minimum=_value(low),
        maximum=_value(high),
        exclusive_minimum=_value(above),
        exclusive_maximum=_value(below),
        multiples=given(places, "multipleOf"),
        apart=apart,
        decimal=any(place.schema.get("x-decimal") is True for place in places),
        excluded=tuple(value for value in excluded(places) if is_number(value)),
        declared=_declared(places),
        pointer=telling(places, _TELLING["number"]),
    )
    node = whole(node) if integer else node
    if empty_range(node):
        where = next(bound.where for bound in (high, below, low, above) if bound)
        raise Refused(where, f"no {'integer' if integer else 'number'} is within these bounds")
    return node


def whole(node: Number) -> Number:
    """The integers among some numbers: their bounds are integers and inclusive."""
    low = [math.ceil(node.minimum)] if node.minimum is not None else []
    high = [math.floor(node.maximum)] if node.maximum is not None else []
    if node.exclusive_minimum is not None:
        low.append(math.floor(node.exclusive_minimum) + 1)
    if node.exclusive_maximum is not None:
        high.append(math.ceil(node.exclusive_maximum) - 1)
    return replace(
        node,
        integer=True,
        minimum=max(low, default=None),
        maximum=min(high, default=None),
        exclusive_minimum=None,
        exclusive_maximum=None,
    )


def empty_range(node: Number) -> bool:
    """Whether the bounds leave nothing between them."""
    low = [bound for bound in (node.minimum, node.exclusive_minimum) if bound is not None]
    high = [bound for bound in (node.maximum, node.exclusive_maximum) if bound is not None]
    if not low or not high or max(low) < min(high):
        return False
    return max(low) > min(high) or max(low) == node.exclusive_minimum or min(high) == node.exclusive_maximum


def is_number(value: JSON) -> bool:
    """Whether a value is a number, which true is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(bound: Bound | None) -> float | None:
    return None if bound is None else bound.value


def _declared(places: Places) -> bool:
    return any(place.schema.get("x-grounded") is True for place in places)


def _can_be_written(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(writable(key) and _can_be_written(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(_can_be_written, value))
    return not isinstance(value, str) or writable(value)
