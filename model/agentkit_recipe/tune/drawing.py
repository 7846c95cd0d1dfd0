"""Values for a field, drawn by its type, name, description, format and examples, and how they are said.

What a string is called tells what it may be: the words of the recipe's own parameters lead to its kinds of values
("city", "guest", "due date"). Where nothing does, and now and then elsewhere, it is any words at all, since what has to
be learned is to take the value from the request, whatever it is.
"""

from __future__ import annotations

import math
import random
import re
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import jsonschema

from agentkit.constraints import formats, regex
from agentkit.constraints.dfa import ByteDFA, Unsupported
from agentkit.errors import UserError
from agentkit.messages import JSON

from ..catalogue import FAMILIES
from ..parameters import INTEGERS, NUMBERS, PAIRS, SINGLES, TEXTS, drawn, plain
from ..values import KINDS, Said, in_words, sample
from .fields import Field, words_of

TRIES = 40
MOST = 60  # characters that a pattern leads to, unless the schema asks for more
ANY = ("word", "word", "title", "title", "person", "topic", "code", "item", "city", "note", "food")
OTHER_KIND = 0.2  # strings of another kind than their name says
LIKE_SEEN = 0.5  # values of the shape of an example's ...
AS_SEEN = 0.2  # ... and of these, exactly that one
BOUNDED = frozenset("percent tip year month degrees temperature".split())  # numbers that examples need not bound
CLOSED = frozenset("date time weekday month currency currency_from currency_to unit unit_from unit_to".split())
STOP = frozenset("the of a an in for to is be it or and which what who where when how that this its name".split())
MORE_KINDS = {
    "email": "email", "mail": "email", "phone": "phone", "telephone": "phone", "url": "url", "link": "url",
    "website": "url", "guest": "person", "employee": "person", "customer": "person", "patient": "person",
    "colleague": "person", "member": "person", "author": "person", "doctor": "person", "stylist": "person",
    "teacher": "person", "student": "person", "driver": "person", "song": "title", "book": "title", "movie": "title",
    "playlist": "title", "subject": "title", "headline": "title", "reason": "note", "remark": "note", "body": "message",
    "dish": "food", "meal": "food", "recipe": "food", "ingredient": "item", "product": "item", "street": "title",
    "tag": "word", "label": "word", "keyword": "word", "ticket": "order", "invoice": "order", "booking": "order",
    "reference": "code", "id": "code", "identifier": "code", "code": "code", "airport": "airport", "flight": "flight",
    "question": "query", "plant": "plant", "team": "team", "app": "app", "venue": "title", "hotel": "title",
    "restaurant": "title", "destination": "city", "origin": "city", "song title": "title", "drug": "word",
}  # fmt: skip


def draw(field: Field, rng: random.Random, split: str) -> Any:
    """A value for `field` (or a `Said`) that its schema allows.

    Raises `UserError` if none is found.
    """
    validator = jsonschema.Draft202012Validator(dict(field.schema))
    for _ in range(TRIES):
        value = _draw(field, rng, split)
        if validator.is_valid(plain(value)):
            return value
    raise UserError(
        f"No value was found for the parameter {field.pointer}, which has to satisfy {dict(field.schema)}. Give some "
        f"with Annotated[..., Field(examples=[...])], or in --examples."
    )


def _draw(field: Field, rng: random.Random, split: str) -> Any:
    if field.choices:
        return said_choice(rng.choice(field.choices))
    if field.type == "boolean":
        return rng.random() < 0.6
    if field.type in ("integer", "number"):
        return _number(field, rng, split)
    if field.type == "array":
        return _several(field, rng, split)
    return None if field.type == "null" else _string(field, rng, split)


def said_choice(choice: JSON) -> Any:
    """A choice as it is said: `NOT_STARTED` as "not started"."""
    text = words_of(choice) if isinstance(choice, str) and re.search(r"[a-z]{2}|[A-Z]{4}|_", choice) else str(choice)
    return choice if text == choice else Said(text or str(choice), choice)


def _number(field: Field, rng: random.Random, split: str) -> Any:
    whole = field.type == "integer"
    low, high = _bounds(field)
    numbers = [value for value in field.seen if isinstance(value, int | float) and not isinstance(value, bool)]
    seen = [value for value in numbers if math.isfinite(value) and low <= value <= high]
    step = field.schema.get("multipleOf", 1 if whole else 0)
    span = max(100, 20 * step)
    kind = kind_of(field)
    if kind in BOUNDED and "multipleOf" not in field.schema and rng.random() < 0.7:
        return drawn(kind, rng, split)
    if seen and rng.random() < 0.85:
        least, most = min(seen), max(seen)
        low = max(low, least / 2 if least > 0 else 2 * least)
        high = min(high, max(2 * most if most > 0 else most / 2, most + 3))
    elif low == -math.inf and high == math.inf and "multipleOf" not in field.schema:
        kinds = ("count", "small_int", "big_int") if whole else ("number", "money", "count")
        return drawn(kind or rng.choice(kinds), rng, split)
    elif high == math.inf:
        low = max(low, step) if low == -math.inf else low
        high = max(low + span, 10 * low)
    elif low == -math.inf:
        low = min(0, high - span)
    if step:
        first, last = int(-(-low // step)), int(high // step)
        value = round(rng.randint(first, max(first, last)) * step, 9)  # 0.3 and not 3 * 0.1
        return drawn_number(int(value), rng) if value == int(value) else value
    value = rng.uniform(low, high)
    if rng.random() < 0.5 and low <= round(value) <= high:
        return drawn_number(round(value), rng)
    value = round(value, rng.choice((1, 2)))
    return Said(f"{value:.2f}", value) if rng.random() < 0.5 else value


def drawn_number(number: int, rng: random.Random) -> Any:
    """A whole number, in words now and then."""
    return Said(in_words(number), number) if 2 <= number <= 99 and rng.random() < 0.12 else number


def _bounds(field: Field) -> tuple[float, float]:
    """Between which numbers its schema has it; infinite where it doesn't say."""
    low = max(field.schema.get("minimum", -math.inf), field.schema.get("exclusiveMinimum", -math.inf))
    high = min(field.schema.get("maximum", math.inf), field.schema.get("exclusiveMaximum", math.inf))
    return low, high


def _several(field: Field, rng: random.Random, split: str) -> Said:
    least = max(1, int(field.schema.get("minItems", 1)))
    most = min(int(field.schema.get("maxItems", 3)), max(3, least))
    seen = tuple(entry for value in field.seen if isinstance(value, list) for entry in value)
    schema = field.schema.get("items") or {"type": "string"}
    entry = Field(field.path, {"description": field.about, **schema}, True, seen)
    entries: list[Any] = []
    for _ in range(TRIES):
        value = draw(entry, rng, split)
        if plain(value) not in map(plain, entries):
            entries.append(value)
        if len(entries) == most or (len(entries) >= least and rng.random() < 0.35):
            break
    texts = [value.text if isinstance(value, Said) else str(value) for value in entries]
    return Said(in_a_row(texts, rng), list(map(plain, entries)))


def in_a_row(texts: Sequence[str], rng: random.Random) -> str:
    if len(texts) == 1:
        return texts[0]
    return ", ".join(texts) if rng.random() < 0.15 else f"{', '.join(texts[:-1])} and {texts[-1]}"


# -- strings -----------------------------------------------------------------------------------------------------------


def _string(field: Field, rng: random.Random, split: str) -> Any:
    text = _text(field, rng, split)
    if not isinstance(text, str) or "pattern" in field.schema or "format" in field.schema:
        return text
    return _fitting(text, field, rng, split)


def _fitting(text: str, field: Field, rng: random.Random, split: str) -> str:
    """`text` with more words where it is too short, and cut where it is too long, between words where it may be."""
    least, most = _lengths(field)
    while len(text) < least:
        text += f" {plain(sample('word', rng, split))}"
    if len(text) <= most:
        return text
    words = text[: most + 1].rpartition(" ")[0]
    return words if len(words) >= max(1, least) else text[:most].strip()


def _lengths(field: Field) -> tuple[int, int]:
    return int(field.schema.get("minLength", 0)), int(field.schema.get("maxLength", sys.maxsize))


def _text(field: Field, rng: random.Random, split: str) -> Any:
    seen = [value for value in field.seen if isinstance(value, str)]
    shape = str(field.schema.get("format", ""))
    if shape in FORMATS:
        return FORMATS[shape](rng, split)
    kind = kind_of(field)
    if kind in CLOSED and rng.random() < 0.75:
        return sample(kind, rng, split)
    if seen and rng.random() < (LIKE_SEEN if kind is None else LIKE_SEEN / 2):
        known = split == "train" and rng.random() < AS_SEEN
        return rng.choice(seen) if known else like(rng.choice(seen), rng, split)
    if "pattern" in field.schema or shape:
        automaton = _automaton(str(field.schema.get("pattern", "")), shape)
        if automaton is not None:
            return walk(automaton, rng, *_lengths(field))
    if kind is None or rng.random() < OTHER_KIND:
        kind = rng.choice(ANY)
    return sample(kind, rng, split)


@lru_cache(maxsize=256)
def _automaton(pattern: str, shape: str) -> ByteDFA | None:
    try:
        return regex.compile(pattern) if pattern else formats.of(shape)
    except Unsupported:
        return None


def walk(automaton: ByteDFA, rng: random.Random, least: int, most: int) -> str:
    """A text that the automaton accepts, of plain characters where it may be; those at its ends are no spaces."""
    state, text = 0, bytearray()
    while len(text) < min(most, max(least, MOST)):
        ways = [byte for byte in range(0x20, 0x7F) if automaton.table[state, byte] >= 0]
        if automaton.accepting[state] and len(text) >= least and (not ways or rng.random() < 0.3):
            break
        letters = [byte for byte in ways if chr(byte).isalnum()]
        if not ways:
            break
        byte = rng.choice(letters if letters and rng.random() < 0.9 else ways)
        text.append(byte)
        state = int(automaton.table[state, byte])
    return text.decode().strip()


def _iso_date(rng: random.Random, split: str) -> str:
    return f"{rng.randint(2024, 2029)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _iso_time(rng: random.Random, split: str) -> str:
    return f"{rng.randrange(24):02}:{rng.randrange(60):02}:00"


FORMATS: dict[str, Callable[[random.Random, str], Any]] = {
    "date": _iso_date,
    "time": _iso_time,
    "date-time": lambda rng, split: f"{_iso_date(rng, split)}T{_iso_time(rng, split)}",
    "email": KINDS["email"].draw,
    "uri": KINDS["url"].draw,
    "uuid": lambda rng, split: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
}

_PIECE = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_HELD_TOGETHER = frozenset("the a an of in at on to for and or with from by my our is".split())


def like(value: str, rng: random.Random, split: str) -> str:
    """Another value of the shape of `value`: other digits, other capitals in a code, other words."""
    pieces = _PIECE.findall(value)
    code = any(piece.isdigit() for piece in pieces)
    found = []
    for before, piece in pairwise(["", *pieces]):
        if before == "." and len(piece) < 5:  # the ending of a file's name
            found.append(piece)
        elif piece.isdigit():
            first = rng.choice("123456789") if piece[0] != "0" else "0"
            found.append(first + "".join(rng.choice("0123456789") for _ in piece[1:]))
        elif code and piece.isupper() and len(piece) < 4:
            found.append("".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in piece))
        elif piece.isalpha() and piece.lower() not in _HELD_TOGETHER and rng.random() < 0.7:
            word = str(sample("word", rng, split)).split()[0].lower()
            found.append(
                word.upper()
                if piece.isupper() and len(piece) > 1
                else word.capitalize()
                if piece[0].isupper()
                else word
            )
        else:
            found.append(piece)
    return "".join(found)


# -- kinds -------------------------------------------------------------------------------------------------------------


def kind_of(field: Field) -> str | None:
    """The kind of values that a field's name and description speak of."""
    known = _kinds(field.type)
    for text in (field.words, words_of(field.about.split(".")[0])):
        if text in known:
            return known[text]
        for word in reversed([word for word in text.split() if word not in STOP][-4:]):
            if word in known or word.removesuffix("s") in known:
                return known.get(word) or known[word.removesuffix("s")]
    return None


@lru_cache(maxsize=4)
def _kinds(type: str) -> dict[str, str]:
    """Words that the recipe calls its own parameters by, each with the kind that most of them have."""
    counts: dict[str, Counter[str]] = {}

    def count(words: str, kind: str) -> None:
        if type_of(kind) == type and kind != "choice" and kind in KINDS:
            counts.setdefault(words, Counter())[kind] += 1

    for entry in (*SINGLES, *TEXTS, *PAIRS):
        for keys in entry.keys:
            for key, kind in zip(keys, entry.kinds, strict=False):
                count(words_of(key), kind)
    for family in FAMILIES:
        for slot in family.slots:
            for key in slot.key:
                if slot.json_type == type and slot.json_type != "array":
                    count(words_of(key), slot.kind)
    known = {words: found.most_common(1)[0][0] for words, found in counts.items()}
    return known | {words: kind for words, kind in MORE_KINDS.items() if type_of(kind) == type}


def type_of(kind: str) -> str:
    return "integer" if kind in INTEGERS else "number" if kind in NUMBERS else "string"
