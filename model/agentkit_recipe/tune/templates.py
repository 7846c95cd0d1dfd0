"""Example phrasings as templates: the values of the call that stand in the request are slots for other values.

"Book the Blue Room for 4 people", with the call `{"room": "Blue Room", "people": 4}`, becomes "Book the {0} for {1}
people". A value that is not in the request ("half past seven" for "19:30") stays as it is, with the words around it.
So does an argument that no fields make up: a list of several objects, a map.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.messages import JSON

from ..families import spoken
from ..parameters import plain
from ..values import in_words, split_of
from .drawing import said_choice
from .fields import Field, get, put, without_slots

ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
ARTICLES = frozenset("the a an my our".split())
PREPOSITIONS = frozenset(
    """for in at on from to with by about until till as of under into onto named called titled saying because via using
    between during before after since within per near around over through against instead than that""".split()
)
SLOT = re.compile(r"\{(\d+)(th)?\}")  # with "th": said as an ordinal


@dataclass(frozen=True)
class Template:
    """A request with {number} of a field in the place of each value.

    fixed  values that the call has though they are not in the request, by field number
    whole  arguments that the call has as they are, by name; no field of theirs has a slot
    """

    wording: str
    fixed: Mapping[int, JSON] = field(default_factory=dict)
    whole: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def slots(self) -> list[int]:
        return [int(match[1]) for match in SLOT.finditer(self.wording)]

    def said(self, values: Mapping[int, Any]) -> str:
        """The wording with the values' words in it."""

        def words(match: re.Match[str]) -> str:
            value = values[int(match[1])]
            return ordinal(plain(value)) if match[2] else spoken(value)

        return SLOT.sub(words, self.wording)

    @property
    def split(self) -> str:
        """The split that a wording belongs to, whatever its values: one in four is held out."""
        return split_of(self.wording)


def template_of(prompt: str, arguments: Mapping[str, JSON], fields: Sequence[Field]) -> Template:
    """The template of an example."""
    given = {number: value for number, f in enumerate(fields) for there, value in [get(arguments, f.path)] if there}
    made: dict[str, Any] = {}
    for number, value in given.items():
        put(made, fields[number].path, value)
    whole = {key: value for key, value in arguments.items() if key not in made or made[key] != value}
    given = {number: value for number, value in given.items() if fields[number].path[0] not in whole}
    twice = {number for number in given for other in given if other != number and given[other] == given[number]}
    places: list[tuple[int, int, int]] = []
    fixed: dict[int, JSON] = {}
    for number in sorted(given, key=lambda n: -len(str(given[n]))):
        free = [place for place in found_in(prompt, given[number]) if not any(_overlap(place, p) for p in places)]
        if free and number not in twice:
            places.append((*free[0], number))
        else:
            fixed[number] = given[number]
    wording, at = "", 0
    for start, end, number in sorted(places):
        counted = "th" if prompt[start:end].lower() in _ordinals(given[number]) else ""
        wording += without_slots(prompt[at:start]) + f"{{{number}{counted}}}"
        at = end
    return Template(wording + without_slots(prompt[at:]), fixed, whole)


def found_in(prompt: str, value: JSON) -> Iterator[tuple[int, int]]:
    """Where a value stands in a request, as it is or as it is said."""
    if isinstance(value, list):
        yield from _list_in(prompt, value)
        return
    for text in _spellings(value):
        pattern = rf"(?<![\w.]){re.escape(text)}(?!\w|[.,-]\d)" if text else r"(?!)"
        yield from (match.span() for match in re.finditer(pattern, prompt, re.IGNORECASE))


def _spellings(value: JSON) -> list[str]:
    if isinstance(value, bool) or value is None or isinstance(value, Mapping):
        return []
    if isinstance(value, str):
        said = said_choice(value)
        return [value] if isinstance(said, str) else [value, said.text]
    spelled = [str(value), f"{value:.2f}", *_ordinals(value)]
    if float(value).is_integer():
        spelled.append(str(int(value)))
    if value in range(100):
        spelled += [in_words(int(value)), in_words(int(value)).replace(" ", "-")]
    return spelled


def _ordinals(value: JSON) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in range(1, 1000):
        return []
    return [ordinal(int(value)), *ORDINALS[int(value) - 1 : int(value)]]


def ordinal(number: int) -> str:
    """ "1st", "22nd", "13th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _list_in(prompt: str, values: Sequence[JSON]) -> Iterator[tuple[int, int]]:
    """Where all entries of a list stand one after the other, with nothing but commas and "and" between them."""
    at, start = 0, -1
    for value in values:
        places = [place for place in found_in(prompt, value) if place[0] >= at]
        if not places or (
            start >= 0 and not re.fullmatch(r"\s*(,|and|, and|&|, &|or|plus)\s*", prompt[at : places[0][0]])
        ):
            return
        start = places[0][0] if start < 0 else start
        at = places[0][1]
    if start >= 0:
        yield start, at


def _overlap(one: tuple[int, int], other: tuple[int, int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


# -- parts of templates ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pieces:
    """A template in its pieces: how it begins, with the fields that stand in it, and how each other value is led in."""

    opening: str
    forms: Mapping[int, str]  # " for {1} people" without its space, by field number


def pieces_of(template: Template) -> Pieces | None:
    """The pieces of a template whose values each follow a word that leads to them; None where one cuts it short."""
    if template.fixed or template.whole:
        return None
    wording = template.wording.strip().rstrip(".?!")
    cuts: list[int] = []
    for match in SLOT.finditer(wording):
        before = wording[(cuts[-1] if cuts else 0) : match.start()]
        words = list(re.finditer(r"\b[\w']+\b", before))
        leads = [word for word in words if word[0].lower() in PREPOSITIONS]
        near = leads and leads_to(words[words.index(leads[-1]) :]) and not SLOT.search(before[leads[-1].end() :])
        if near and leads[-1].start() > 0:
            cuts.append((cuts[-1] if cuts else 0) + leads[-1].start())
    if not cuts:
        return Pieces(wording, {})
    forms: dict[int, str] = {}
    for start, end in zip(cuts, [*cuts[1:], len(wording)], strict=True):
        piece = wording[start:end].strip().rstrip(",;")
        found = [int(match[1]) for match in SLOT.finditer(piece)]
        if len(found) != 1:
            return None
        forms[found[0]] = piece
    opening = wording[: cuts[0]].strip().rstrip(",;")
    return Pieces(opening, forms) if opening else None


def leads_to(words: Sequence[re.Match[str]]) -> bool:
    """Whether the words before a slot are a preposition and little else; "to" may be the beginning of an infinitive."""
    between = [word[0].lower() for word in words[1:]]
    return len(between) <= 2 and (words[0][0].lower() != "to" or not set(between) - ARTICLES)
