"""Composed tools: a deed, a thing and parameters put together from lists of plain words.

The catalogue's families can be learned by heart; these can't. There are millions of them, so that the only way to the
right call is to read the declarations: which tool in view does what is asked (or does none), and which value belongs to
which parameter. A set of composed tools holds near duplicates: the same deed on another thing, another deed on the same
thing. Some of a set are kept out of view, and a request for one of those is to be refused, however near what is in view
comes.

Held out, with the split "heldout": a quarter of the groups of verbs, of the things, of their modifiers, of what is
asked about them, of the parameters' nouns, of the enums, and of the values. A held-out composed tool is made of
held-out entries alone. Some of its words do occur elsewhere in training, as a value or in a family's phrasing; and the
seven ways to look things up and the little words that lead to a value ("from", "on behalf of") serve both splits.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.messages import ToolDefinition

from . import registers
from .families import spoken
from .parameters import Part, Values, drawn, keyed, make_part, plain
from .values import pseudo_word, sample
from .words import ATTRIBUTES, FAILURES, LOOKUPS, MODIFIERS, OBJECTS, VERBS, groups_of_split, of_split

PARTS = (18, 38, 31, 13)  # weights of none to three parts beside the thing's own name
NAMED_THING = 0.55  # tools whose thing is told from others by a parameter of its own
SIBLING = 0.6  # tools of a set that share the deed or the thing with an earlier one
OPTIONAL = 0.3
DEED_LEFT_OUT = 0.16  # requests that name the thing alone, where no other tool is about it
THING_LEFT_OUT = 0.12  # requests that name the deed alone, where no other tool does it
FAILED = 0.08  # calls whose result is an error
CLAUSES = ("it is ", "the ", "use ", "set ")  # how a part begins that is a sentence of its own
LEADS = ("for ", "in ", "at ", "on ", "from ", "with ")  # how one begins that may come first
NEW = "create add register generate build compose set up draft make produce".split()


@dataclass(frozen=True)
class Deed:
    """What a tool does: the words for it, and the kin whose other deeds a request might mean as well."""

    words: tuple[str, ...]
    kin: str


@dataclass(frozen=True)
class Thing:
    """What it is done to: an object, with a modifier or without."""

    noun: str
    modifier: str = ""

    @property
    def words(self) -> str:
        return f"{self.modifier} {self.noun}".strip()


@dataclass(frozen=True)
class Asked:
    """A request for a composed tool and what follows it."""

    prompt: str
    arguments: dict[str, Any]
    result: Any
    failed: bool
    answer: str


@dataclass(frozen=True)
class Composed:
    """One tool. `openings` are the beginnings of requests, with {0} for the thing's own name where it has one; those in
    `things_alone` leave out what to do, those in `deeds_alone` what to do it to."""

    definition: ToolDefinition
    deed: Deed
    thing: Thing
    openings: tuple[str, ...]
    questions: tuple[str, ...]
    things_alone: tuple[str, ...]
    deeds_alone: tuple[str, ...]
    naming: Part | None
    parts: tuple[Part, ...]
    result: str  # "status", "value", "list" or "count"

    def clashes(self, other: Composed) -> bool:
        """Whether a request for one of the two might mean the other."""
        if self.thing.noun != other.thing.noun or self.deed.kin != other.deed.kin:
            return False
        return self.thing.modifier == other.thing.modifier or not (self.thing.modifier and other.thing.modifier)

    @property
    def vocabulary(self) -> frozenset[str]:
        """The words that say what it does."""
        return frozenset(re.findall(r"[a-z]+", " ".join((*self.deed.words, self.thing.words))))

    def ask(self, rng: random.Random, split: str, others: Sequence[Composed] = ()) -> Asked:
        """A request with values of `split`, the call's arguments, a result and the answer to it.

        It may leave out what is clear without saying, given the `others` that there are.
        """
        required = set(self.definition.parameters.get("required", ()))
        chosen = [part for part in self.parts if required & set(part.properties) or rng.random() < 0.5]
        rng.shuffle(chosen)
        chosen.sort(key=lambda part: part.last)
        wording, register = self.opening(rng, others)
        asks = register is not registers.imperative
        values: list[Any] = []
        arguments: dict[str, Any] = {}
        if self.naming is not None:
            name = self.naming.say(rng, split)[1]
            values += name
            put(arguments, self.naming, name)
        for part in chosen:
            words, found = part.say(rng, split)
            wording = joined(wording, renumbered(words, len(values)), rng, last=part.last, asks=asks)
            values += found
            put(arguments, part, found)
        wording = register(wording, rng)
        prompt = re.sub(r"\{(\d+)\}", lambda match: spoken(values[int(match[1])]), wording)
        order = self.definition.parameters["properties"]
        result, failed, answer = outcome(self.result, rng, split)
        return Asked(prompt, {key: arguments[key] for key in order if key in arguments}, result, failed, answer)

    def opening(self, rng: random.Random, others: Sequence[Composed]) -> tuple[str, registers.Register]:
        """The beginning of a request, and the register that goes with it."""
        draw = rng.random()
        if draw < DEED_LEFT_OUT and all(o.thing.noun != self.thing.noun for o in others):
            return rng.choice(self.things_alone), registers.statement
        if draw > 1 - THING_LEFT_OUT and self.deeds_alone and all(o.deed.kin != self.deed.kin for o in others):
            return rng.choice(self.deeds_alone), registers.imperative
        if self.questions and rng.random() < 0.6:
            return rng.choice(self.questions), registers.question
        return rng.choice(self.openings), registers.imperative


def put(arguments: dict[str, Any], part: Part, values: Values) -> None:
    """Sets the part's values in `arguments`."""
    for path, value in zip(part.paths, values, strict=True):
        inner = arguments.setdefault(path[0], {}) if len(path) == 2 else arguments
        inner[path[-1]] = plain(value)


def renumbered(words: str, by: int) -> str:
    """The placeholders {0} and {1} counted on from `by`."""
    return re.sub(r"\{(\d)\}", lambda match: f"{{{int(match[1]) + by}}}", words)


def joined(wording: str, words: str, rng: random.Random, *, last: bool, asks: bool) -> str:
    """`wording` with a part's words behind it, or now and then in front."""
    if words.startswith(":"):
        return wording + words
    if words.startswith(CLAUSES):
        return wording + rng.choice((", ", ", and ", " and ")) + words
    if words.startswith(("and ", "but ")):
        return f"{wording} {words}"
    if not last and not asks and words.startswith(LEADS) and rng.random() < 0.07:
        return f"{words}, {wording}"
    return wording + rng.choice((" ", " ", " ", ", ")) + words


# -- making tools ------------------------------------------------------------------------------------------------------


def compose_set(rng: random.Random, count: int, split: str = "train") -> list[Composed]:
    """`count` tools under distinct names of which none can be meant by a request for another one."""
    made: list[Composed] = []
    while len(made) < count:
        tool = sibling(rng.choice(made), rng, split) if made and rng.random() < SIBLING else compose(rng, split)
        if not any(tool.clashes(other) or tool.definition.name == other.definition.name for other in made):
            made.append(tool)
    return made


def sibling(tool: Composed, rng: random.Random, split: str) -> Composed:
    """A near duplicate: another deed on the same thing, or the same deed on another one."""
    draw = rng.random()
    if draw < 0.4:
        return compose(rng, split, thing=tool.thing)
    if draw < 0.6 and tool.thing.modifier:
        return compose(rng, split, deed=tool.deed, thing=Thing(tool.thing.noun, rng.choice(of_split(MODIFIERS, split))))
    return compose(rng, split, deed=tool.deed)


def compose(rng: random.Random, split: str, *, deed: Deed | None = None, thing: Thing | None = None) -> Composed:
    """A tool of a deed and a thing, both random where they are not given."""
    deed = deed or random_deed(rng, split)
    thing = thing or random_thing(rng, split)
    kind = deed.kin.split()[0]
    naming = name_of_thing(thing, rng, split) if kind != "many" and rng.random() < NAMED_THING else None
    used: set[str] = set(naming.properties) if naming else set()
    parts: list[Part] = []
    for _ in range(rng.choices(range(len(PARTS)), PARTS)[0]):
        parts.append(make_part(rng, split, used, text=not any(part.last for part in parts)))
    openings, questions, about, names = wordings(deed, thing, kind, rng, bool(naming))
    alone, deeds = left_out(deed, thing, kind, bool(naming))
    name = styled(rng.choice(names), rng)
    if rng.random() < 0.12:
        name = pseudo_word(rng, split)
    properties: dict[str, Any] = dict(naming.properties) if naming else {}
    required = list(properties)
    for part in parts:
        properties |= part.properties
        if rng.random() >= OPTIONAL:
            required += part.properties
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = required
    result = {"many": "count" if "count" in deed.words else "list", "attribute": "value"}.get(kind, "status")
    return Composed(
        ToolDefinition(name, about, parameters),
        deed,
        thing,
        openings,
        questions,
        alone,
        deeds,
        naming,
        tuple(parts),
        result,
    )


def random_deed(rng: random.Random, split: str) -> Deed:
    draw = rng.random()
    if draw < 0.2:
        entries = [(name, asks) for name, asks in ATTRIBUTES if of_split((name,), split)]
        name, asks = rng.choice(entries)
        return Deed((name, *(ask.strip() for ask in asks.split(",") if ask.strip())), f"attribute {name}")
    if draw < 0.32:
        group = rng.choice(LOOKUPS)
        return Deed(group, "many count" if "count" in group else "many list")
    lines = [(i, group) for i, line in enumerate(VERBS) for group in groups_of_split(line, split)]
    line, group = rng.choice(lines)
    return Deed(group, f"verb {line}")


def random_thing(rng: random.Random, split: str) -> Thing:
    noun = rng.choice(of_split(OBJECTS, split))
    return Thing(noun, rng.choice(of_split(MODIFIERS, split)) if " " not in noun and rng.random() < 0.4 else "")


def name_of_thing(thing: Thing, rng: random.Random, split: str) -> Part:
    """The parameter that says which of the things is meant."""
    kind = rng.choice(("code", "order", "word", "title", "title", "person", "big_int"))
    noun = thing.noun.replace(" ", "_")
    word = {"code": "code", "order": "number", "big_int": "number", "person": "owner"}.get(kind, "name")
    key = rng.choice((word, word, f"{noun}_{word}", "id", noun))
    about = rng.choice(
        (f"The {word} of the {thing.noun}.", f"Which {thing.noun}.", f"The {thing.words}.", f"Its {word}.")
    )
    return keyed(rng, split, key, kind, (about,), ("{0}",))


def left_out(deed: Deed, thing: Thing, kind: str, named: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Beginnings of requests without what to do, and without what to do it to."""
    words = plural(thing.words) if kind == "many" else thing.words
    name = " {0}" if named else ""
    things = (f"{words}{name}", f"the {words}{name}", f"I need the {words}{name}", f"{words}{name}")
    return things, tuple(f"{verb} {{0}}" for verb in deed.words) if named and kind == "verb" else ()


def wordings(
    deed: Deed, thing: Thing, kind: str, rng: random.Random, named: bool
) -> tuple[tuple[str, ...], tuple[str, ...], str, list[str]]:
    """Beginnings of requests, questions, the description, and names as words."""
    if kind == "attribute":
        return attribute_wordings(deed.words[0], deed.words[1:], thing, rng, named)
    if kind == "many":
        return many_wordings(deed, thing, rng)
    shown, told, other = (rng.choice(deed.words) for _ in range(3))
    new = deed.words[0] in NEW
    article = "a new" if new else "the"
    things = thing.words
    openings = []
    for verb in dict.fromkeys((shown, told, *((other,) if rng.random() < 0.25 else ()))):
        if named:
            openings += [f"{verb} {article} {things} {{0}}"] * 2
            openings += [f"{verb} {things} {{0}}", f"{verb} the {things} called {{0}}", f"{verb} {{0}}, the {things}"]
        else:
            openings += [f"{verb} {article} {things}"] * 2
            openings += [f"{verb} {things}", f"{verb} {with_article(things)}"]
            openings.append(f"{verb} {'my' if not new else 'one more'} {things}")
    thing_there = rng.choice((f"{with_article(things)}", f"the {things}", plural(things)))
    about = rng.choice((f"{told} {thing_there}", f"{told} {thing_there}", f"{third(told)} {thing_there}",
                        f"use this to {told} {thing_there}", f"{told} one {things}"))  # fmt: skip
    names = [f"{shown} {things}", f"{shown} {things}", f"{things} {shown}", f"{shown} {thing.noun}"]
    return tuple(openings), (), sentence(about, things, rng), names


def attribute_wordings(
    name: str, asks: Sequence[str], thing: Thing, rng: random.Random, named: bool
) -> tuple[tuple[str, ...], tuple[str, ...], str, list[str]]:
    x = f"the {thing.words}" + (" {0}" if named else "")
    short = thing.words + (" {0}" if named else "")
    openings = (f"tell me the {name} of {x}", f"get the {name} of {x}", f"look up the {name} of {x}",
                f"show me the {name} of {x}", f"find out the {name} of {x}")  # fmt: skip
    questions = (f"what is the {name} of {x}", f"do you know the {name} of {x}", f"what {name} has {x}",
                 f"{name} of {x}", f"{name} of {short}", *(ask.replace("{x}", x) for ask in asks))  # fmt: skip
    about = rng.choice(("get the {n} of {a}", "tell the {n} of {a}", "look up the {n} of {a}", "show the {n} of {a}",
                        "returns the {n} of {a}", "the {n} of {a}", "find the {n} of the {t}"))  # fmt: skip
    about = about.format(n=name, a=with_article(thing.words), t=thing.words)
    names = [
        f"get {thing.words} {name}",
        f"{thing.words} {name}",
        f"{name} of {thing.words}",
        f"get {thing.noun} {name}",
    ]
    return openings, questions, sentence(about, thing.words, rng), names


def many_wordings(
    deed: Deed, thing: Thing, rng: random.Random
) -> tuple[tuple[str, ...], tuple[str, ...], str, list[str]]:
    things = plural(thing.words)
    verb, told = rng.choice(deed.words), rng.choice(deed.words)
    openings = [f"{verb} the {things}", f"{told} {things}", f"{told} all {things}", f"{verb} our {things}"]
    if "count" in deed.words:
        questions = (f"how many {things} are there", f"how many {things} do we have", f"what is the number of {things}")
    else:
        questions = (f"which {things} are there", f"what {things} do we have", f"are there any {things}")
    about = rng.choice((f"{told} {things}", f"{told} the {things}", f"{third(told)} all {things}"))
    return tuple(openings), questions, sentence(about, things, rng), [f"{verb} {things}", f"{things} {verb}"]


def sentence(about: str, things: str, rng: random.Random) -> str:
    """A description as a sentence, a second one behind it now and then."""
    more = rng.choice(
        ("", "", "", "", "", "", "", f" Works on {things} only.", " Returns what was done.", " Use with care.")
    )
    return about[0].upper() + about[1:] + "." + more


def styled(words: str, rng: random.Random) -> str:
    """Words as a tool's name."""
    parts = re.sub(r"[^a-z0-9 ]", "", words.lower()).split()
    draw = rng.random()
    if draw < 0.08:
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    return "-".join(parts) if draw > 0.97 else "_".join(parts)


def with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def plural(words: str) -> str:
    if words.endswith(("s", "x", "ch", "sh")):
        return words + "es"
    return words[:-1] + "ies" if words.endswith("y") and words[-2] not in "aeiou" else words + "s"


def third(verb: str) -> str:
    """The verb, whatever stands behind it, as in "it does"."""
    first, *rest = verb.split()
    if first.endswith(("s", "x", "ch", "sh", "o")):
        first += "es"
    elif first.endswith("y") and first[-2] not in "aeiou":
        first = first[:-1] + "ies"
    else:
        first += "s"
    return " ".join((first, *rest))


# -- results -----------------------------------------------------------------------------------------------------------


def outcome(kind: str, rng: random.Random, split: str) -> tuple[Any, bool, str]:
    """A result, whether it is an error, and the answer, which says the result and nothing else."""
    if rng.random() < FAILED:
        message = rng.choice(of_split(FAILURES, split))
        return message, True, f"Sorry, that failed: {message}."
    if kind == "count":
        count = rng.randint(0, 300)
        return count, False, f"There are {count}."
    if kind == "list":
        of = rng.choice(("word", "title", "person", "code"))
        entries = list(dict.fromkeys(str(sample(of, rng, split)) for _ in range(rng.randint(1, 3))))
        return entries, False, f"I found {spoken(entries)}."
    if kind == "value":
        value = plain(
            drawn(rng.choice(("word", "code", "city", "person", "date", "count", "money", "title")), rng, split)
        )
        return value, False, f"It is {value}."
    status = rng.choice(("done", "ok", "saved", "queued", "completed", "accepted", "finished", "in progress"))
    if rng.random() < 0.5:
        return status, False, f"Done: {status}."
    code = sample("code", rng, split)
    return {"status": status, "id": code}, False, f"Done: {status}, id {code}."
