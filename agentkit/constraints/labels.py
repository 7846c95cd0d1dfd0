"""What stands beside a value and says which parameter it is for.

"width 1200 and height 300", "for 6 people", "20 percent", "blue as the theme", "from Oslo to Rome": who asks names what
he gives, and a small model that has read both values may still write each into the other's place. So a value costs
something in a parameter where the words beside it speak for another one.

The words are English. What is said in other languages is labelled by parameters' names alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agentkit.constraints.spelled import says_number
from agentkit.messages import ToolDefinition
from agentkit.retrieval import WORD, stems

DESCRIBED = 0.5
"""What a label counts that stands in a parameter's description, and not in its name."""

LOOK = 2.0
"""What a label counts that is the value's own look: a date, a time, an address of mail."""

ELSEWHERE = 0.5
"""The part of a price that a value costs where its parameter's label stands somewhere else in the latest text."""

Keys: TypeAlias = tuple[str, ...]
"""The keys of the members that a value stands in, outermost first."""

_FILLERS = frozenset("of to is be should at called named as a an the".split())  # limit of 10, set the limit to 10
_ARTICLES = frozenset("a an the my".split())
_SENTENCE = re.compile(r"[.?!:]")
_APART = re.compile(r"[.,;?!)]")
_NAMED = re.compile(r"[:=]")
_DECIMAL = re.compile(r"\d+[.,]")
_COLON = re.compile(r":\s")
_CURRENCY = frozenset("$\u00a3\u00a5\u20ac")

_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
# what values look like, and words of a parameter that say that it takes such
_LOOKS = {
    "<date>": re.compile(
        rf"""(?: (?:next|this)\ (?:{_WEEKDAY}|week|month) | {_WEEKDAY} | today | tomorrow | tonight
        | {_MONTH}\ \d | \d{{1,2}}(?:st|nd|rd|th)?\.?\ (?:of\ )?{_MONTH}
        | \d{{4}}-\d\d-\d\d | \d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}} )\b""",
        re.IGNORECASE | re.VERBOSE,
    ),
    "<time>": re.compile(
        r"(?:\d{1,2}:\d\d | \d{1,2}\ ?[ap]m | noon | midnight | half\ past | quarter\ (?:to|past))\b",
        re.IGNORECASE | re.VERBOSE,
    ),
    "<mail>": re.compile(r"[\w.+-]+@\w"),
    "<file>": re.compile(
        r"""[\w-]+(?:[/.][\w-]+)*\.(?: txt|md|pdf|docx?|xlsx?|pptx?|csv|json|ya?ml|toml|xml|html?|css|[jt]s|py|rb|go|rs|
        java|cpp|[ch]|sh|sql|ipynb|jpe?g|png|gif|svg|webp|mp[34]|wav|mov|zip|tar|gz|log|ini|cfg|epub )\b(?![@/])""",
        re.IGNORECASE | re.VERBOSE,
    ),
    "<site>": re.compile(
        r"https?:// | www\.\w | [\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|edu|gov|app)\b(?!@)",
        re.IGNORECASE | re.VERBOSE,
    ),
    "<phone>": re.compile(r"\+?\(?\d{2,4}\)?[ -]\d{3,4}(?:[ -]?\d{2,4})?(?![\w:/-]) | \+?\d{9,13}\b", re.VERBOSE),
    "<version>": re.compile(r"v\d+(?:\.\d+)*(?![\w.]) | \d+\.\d+\.\d+(?![\w.]\w)", re.VERBOSE),
    "<color>": re.compile(
        r"""(?: red|orange|yellow|green|blue|purple|pink|brown|black|white|gr[ae]y|beige|ivory|crimson|scarlet|turquoise
        | teal|cyan|magenta|violet|indigo|lavender|lilac|maroon|olive|gold|silver|lime|amber|salmon )(?![\w-])""",
        re.VERBOSE,
    ),
    "<language>": re.compile(
        r"""(?: English|Spanish|French|German|Italian|Portuguese|Dutch|Swedish|Norwegian|Danish|Finnish|Icelandic|Polish
        | Czech|Slovak|Hungarian|Romanian|Bulgarian|Greek|Turkish|Russian|Ukrainian|Arabic|Hebrew|Hindi|Urdu|Bengali
        | Tamil|Thai|Vietnamese|Indonesian|Malay|Chinese|Mandarin|Japanese|Korean|Swahili|Latin|Irish|Welsh )\b""",
        re.VERBOSE,
    ),
}
_SPOKEN = frozenset({"<color>", "<language>"})  # of these, plain words: "blue" in paint_blue speaks of the tool
_BEFORE = {
    "from": "<from>",
    "since": "<from>",
    "to": "<to>",
    "into": "<to>",
    "until": "<to>",
    "till": "<to>",
    "in": "<in>",
    "by": "<by>",
    "with": "<with>",
    "about": "<about>",
    "called": "<named>",
    "named": "<named>",
    "titled": "<named>",
    "saying": "<says>",
    "says": "<says>",
}
# what a number is measured in
_UNITS = {
    "<weight>": "kg kilo kilos kilogram kilograms g gram grams lb lbs pound pounds oz ounce ounces ton tons tonnes",
    "<length>": "mm cm m km millimeters centimeters meters metres kilometers kilometres inch inches ft feet mile miles",
    "<money>": "euro euros dollar dollars pound pounds cents bucks francs",
}
_UNIT_SIGNS: Mapping[str, frozenset[str]] = {sign: frozenset(words.split()) for sign, words in _UNITS.items()}
_ATTACHED = re.compile(r"\d+([a-z]+)")  # 5kg
_COST = frozenset({"cost", "costs"})  # "29 cost 16" is about the 16
# words of a parameter that mean what a label says
_MEANT = {
    "<date>": "date day when until since due deadline",
    "<time>": "time hour when at clock",
    "<mail>": "email mail address recipient to cc bcc",
    "<file>": "file filename path document image photo picture attachment",
    "<site>": "url link website site page web domain host",
    "<phone>": "phone telephone mobile number contact recipient",
    "<version>": "version release tag build",
    "<color>": "color colour shade",
    "<language>": "language lang",
    "<from>": "from source origin start departure since old base begin",
    "<to>": "to into target destination goal until end new wanted",
    "<in>": "in into target destination wanted city town place location room country region area where language",
    "<by>": "artist author singer writer composer by",
    "<with>": "attendee participant guest partner person with",
    "<about>": "topic subject theme about",
    "<named>": "name title",
    "<says>": "message text body content say",
    "<weight>": "weight mass kg kilo gram",
    "<across>": "width wide columns",
    "<down>": "height high tall rows",
    "<length>": "length width height depth distance size cm meter",
    "<money>": "price cost amount total budget fee fare salary bill money",
    "cost": "price total cost",
    "<low>": "low lower lowest least smallest min minimum from start begin first",
    "<high>": "high higher highest most largest max maximum to until end last",
    "<measured>": "unit from source base",
    "percent": "rate percentage share discount interest",
    "degre": "temperature",
}
_MEANINGS: Mapping[str, frozenset[str]] = {sign: frozenset(words.split()) for sign, words in _MEANT.items()}
_TELLS = frozenset("say write tell send".split())
_LONGEST_LOOK = 40  # characters that a value's look is told by


class Beside(NamedTuple):
    """A word of a text, and a sign that stands beside it: a stem, or a meaning such as `<from>`."""

    word: int
    sign: str


class Found(NamedTuple):
    """The labels of a text, by the place of the value's word among the text's words.

    looks   of values that begin with the word: what they look like
    before  of values that begin with the word
    behind  of values that end with it: "blue as the theme"
    unit    of numbers that are the word: "20 percent"
    stems   of each word
    """

    looks: tuple[Beside, ...]
    before: tuple[Beside, ...]
    behind: tuple[Beside, ...]
    unit: tuple[Beside, ...]
    stems: tuple[frozenset[str], ...]


class Prices(NamedTuple):
    """What the labels of the texts say of a parameter's value.

    first, last, number  what it costs by the word that it begins with, that it ends with, or that it is as a number;
                         (words + 1,) each, nats; the last of what is no word
    spoken, counted      how far the latest text has a label of its own for it, as a text or a number there: 0 to 1
    """

    first: NDArray[np.float32]
    last: NDArray[np.float32]
    number: NDArray[np.float32]
    spoken: float = 0.0
    counted: float = 0.0


def prices(
    tool: ToolDefinition,
    places: Sequence[Keys],
    texts: Sequence[tuple[str, tuple[tuple[int, int], ...]]],
    weight: float,
) -> dict[Keys, Prices]:
    """The prices of the tool's values that stand in `places`.

    Args:
        places: no two alike.
        texts: each with the characters at which its words begin and end; latest first.
        weight: nats that a value costs beside another parameter's name.
    """
    count = sum(len(spans) for _, spans in texts)
    calls = frozenset(stems(tool.name))  # who says them speaks of the tool
    signs = [_signs(tool.parameters, keys) for keys in places]
    before, behind, unit, looks = np.zeros((4, len(places), count + 1), np.float32)  # (P, W + 1) each
    names = frozenset(itertools.chain.from_iterable(named for named, _ in signs))
    name, number = np.zeros((2, count + 1), np.bool_)
    latest = np.arange(count + 1) < (len(texts[0][1]) if texts else 0)
    first = 0
    for text, spans in texts:
        found = labels(text, spans)
        alike = [look for look in found.looks if look.sign not in _SPOKEN or calls.isdisjoint(found.stems[look.word])]
        for rows, marks in ((before, found.before), (behind, found.behind), (unit, found.unit), (looks, alike)):
            for word, sign in marks:
                for place, (named, described) in enumerate(signs):
                    whole = LOOK if sign in _LOOKS else 1.0
                    share = whole if sign in named else DESCRIBED if sign in described else 0.0
                    if sign not in calls:
                        rows[place, first + word] = max(rows[place, first + word], share)
        for word, own in enumerate(found.stems):
            name[first + word] = not names.isdisjoint(own)
        number[first : first + len(spans)] = [says_number(text[slice(*span)]) for span in spans]
        first += len(spans)
    before += looks
    around, counted = np.maximum(before, behind), np.maximum(before, unit)
    begins = _others(before, around) + name + _elsewhere(before, around, latest)
    ends = _others(behind, around)
    numbers = _others(counted, counted) + _elsewhere(counted, counted, latest)
    told = around * latest, counted * (number & latest)
    spoken, counts = (np.minimum(np.max(own, axis=1, initial=0.0), 1.0) for own in told)
    return {
        keys: Prices(
            weight * begins[place],
            weight * ends[place],
            weight * numbers[place],
            float(spoken[place]),
            float(counts[place]),
        )
        for place, keys in enumerate(places)
    }


def _others(labels: NDArray[np.float32], own: NDArray[np.float32]) -> NDArray[np.float32]:
    """By how much the labels of the other places speak for them more than its own for each (P, W + 1)."""
    if len(labels) < 2:
        return np.zeros_like(labels)
    ranked = np.sort(labels, axis=0)
    best = np.where(labels == ranked[-1], ranked[-2], ranked[-1])
    found: NDArray[np.float32] = np.maximum(best - own, 0.0)
    return found


def _elsewhere(labels: NDArray[np.float32], own: NDArray[np.float32], latest: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What it costs each place to be filled with what has no label of its own, where the latest text has one."""
    most = np.max(labels * latest, axis=1, initial=0.0, keepdims=True)  # (P, 1)
    found: NDArray[np.float32] = ELSEWHERE * np.maximum(most - own * latest, 0.0)
    return found


def _signs(schema: object, keys: Keys) -> tuple[frozenset[str], frozenset[str]]:
    """By which labels a place is meant, for its name and for its description's sake."""
    name = keys[-1] if keys else ""
    return _meant(name, described=False), _meant(about(schema, keys), described=True)


def about(schema: object, keys: Keys) -> str:
    """The description of the member that stands there; empty where it has none."""
    found = ""
    for key in keys:
        members = schema.get("properties") if isinstance(schema, Mapping) else None
        schema = members.get(key) if isinstance(members, Mapping) else None
        found = str(schema.get("description", "")) if isinstance(schema, Mapping) else ""
    return found


@lru_cache(maxsize=1024)
def _meant(text: str, *, described: bool) -> frozenset[str]:
    words = [word.lower() for word in WORD.findall(text)]
    told = described and words[:1] == ["what"] and not _TELLS.isdisjoint(words)  # "what to write"
    if described:  # "the city to look up" says less than "the city to travel to"
        words = [word for word in words[:-1] if word != "to"] + words[-1:]
    words += [word.removesuffix("s") for word in words]  # where it starts
    meant = {sign for sign, known in _MEANINGS.items() if not known.isdisjoint(words)}
    if "<to>" in meant:
        meant -= {"<measured>"}
    if "who" in words or "whom" in words:  # "who gets the message"
        meant -= {"<says>"}
    if told:
        meant |= {"<says>"}
    if {"<from>", "<to>"} <= meant:
        meant -= {"<from>", "<to>"} if described else {"<to>"}
    return frozenset({*stems(text), *meant})


@lru_cache(maxsize=256)
def labels(text: str, spans: tuple[tuple[int, int], ...]) -> Found:
    """The labels of a text whose words begin and end at such characters. Kept, since each turn asks for the texts of
    its conversation."""
    said = _Said(text, spans)
    words = range(len(spans))
    return Found(
        looks=tuple(Beside(word, sign) for word in words for sign in said.looks(word)),
        before=tuple(Beside(word, sign) for word in words for sign in said.before(word)),
        behind=tuple(Beside(word, sign) for word in words for sign in said.behind(word)),
        unit=tuple(Beside(word, sign) for word in words for sign in said.unit(word)),
        stems=tuple(said.stems(word) for word in words),
    )


class _Said:
    """A text as words and what stands between them."""

    def __init__(self, text: str, spans: Sequence[tuple[int, int]]) -> None:
        self._text, self._spans = text, spans
        self._words = [text[start:end].lower() for start, end in spans]

    def _gap(self, word: int) -> str:
        """What stands before a word."""
        return self._text[self._spans[word - 1][1] if word else 0 : self._spans[word][0]]

    def looks(self, word: int) -> Iterator[str]:
        """What a value that begins with the word looks like."""
        start = self._spans[word][0]
        text = self._text[start : start + _LONGEST_LOOK]
        return (sign for sign, look in _LOOKS.items() if look.match(text))

    def before(self, word: int) -> Iterator[str]:
        """What stands before a value that begins with the word."""
        yield from self._way(word)
        yield from self._bound(word)
        if self._says(word):
            yield "<says>"
        if self._gap(word)[-1:] in _CURRENCY:
            yield "<money>"
        if word and self._words[word - 1].isdigit() and self._gap(word) == " ":
            yield "<measured>"
        yield from self._label(word)

    def _bound(self, word: int) -> Iterator[str]:
        """Between this and that, from 2 to 9, 800 by 600."""
        before = self._words[word - 1] if word else ""
        if before == "between":
            yield "<low>"
        if before == "and" and "between" in self._words[max(word - 6, 0) : word - 1]:
            yield "<high>"
        if not self._is_number(word):
            return
        if before == "from":
            yield "<low>"
        if before == "to" and "from" in self._words[max(word - 4, 0) : word - 1]:
            yield "<high>"
        if self._following(word)[:1] == ["by"] and self._is_number(word + 2):
            yield "<across>"
        if before == "by" and word > 1 and self._is_number(word - 2):
            yield "<down>"

    def _says(self, word: int) -> bool:
        """ "Text Ann: dinner is ready", "send her the message dinner is ready"."""
        if _COLON.search(self._gap(word)):
            return True
        return (
            bool(word)
            and not self._gap(word).strip()
            and self._words[word - 1] == "message"
            and self._message(word - 1)
        )

    def _message(self, word: int) -> bool:
        """Whether something is called by a word, as in "an email" or "the message", instead of a parameter."""
        return bool(word) and self._words[word - 1] in _ARTICLES

    def _is_number(self, word: int) -> bool:
        return word < len(self._words) and self._words[word].isdigit()

    def _way(self, word: int) -> Iterator[str]:
        """From, to, by or the like. "In 20 minutes" says nothing of where."""
        first = self._words[word]
        while word and self._gap(word).strip() in ("", ":", "="):
            word -= 1
            if self._words[word] not in _ARTICLES:
                sign = _BEFORE.get(self._words[word])
                if sign is not None and not (sign in ("<in>", "<by>") and first.isdigit()):
                    yield sign
                return

    def _label(self, word: int) -> Iterator[str]:
        """The last word before it that is no filler. At the beginning of a sentence it is what to do: "note 7", but
        "note: call Anna"."""
        for label in range(word - 1, max(word - 5, -1), -1):
            gap = self._gap(label + 1)
            if _APART.search(gap):
                return
            if self._words[label] not in _FILLERS:
                if self._message(label) and _COLON.search(gap):
                    return
                if (label and not _SENTENCE.search(self._gap(label))) or _NAMED.search(gap):
                    yield from self.stems(label)
                return

    def behind(self, word: int) -> Iterator[str]:
        """ "blue as the theme", "jets for the step"."""
        rest = self._following(word)
        if rest[:1] == ["as"] or rest[:2] == ["for", "the"]:
            label = next((at for at, other in enumerate(rest[1:], word + 2) if other not in _ARTICLES), None)
            if label is not None:
                yield from self.stems(label)

    def unit(self, word: int) -> Iterator[str]:
        if word + 1 < len(self._words) and _DECIMAL.fullmatch(f"{self._words[word]}{self._gap(word + 1)}"):
            word += self._words[word + 1].isdigit()  # 3.5 percent
        end = self._spans[word][1]
        if self._text[end : end + 2].lstrip().startswith("%"):
            yield "percent"
        yield from self.behind(word)
        attached, following = _ATTACHED.fullmatch(self._words[word]), self._following(word)[:1]
        for unit in [attached[1]] if attached else following:
            yield from (sign for sign, known in _UNIT_SIGNS.items() if unit in known)
        if following and following[0] not in _COST | {"as"}:
            yield from self.stems(word + 1)

    def _following(self, word: int) -> list[str]:
        """The words behind it, up to the next sign; four at most."""
        found = []
        for label in range(word + 1, min(word + 5, len(self._words))):
            if self._gap(label).strip():
                break
            found.append(self._words[label])
        return found

    def stems(self, word: int) -> frozenset[str]:
        return frozenset(stems(self._text[slice(*self._spans[word])]))
