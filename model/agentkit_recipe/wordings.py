"""How a composed tool is named and described, and how it is asked for: a deed and a thing in words."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

NEW = ("create", "add", "register", "generate", "build", "compose")  # deeds on a thing that is not there yet
OTHER_VERB = 0.25  # tools that are asked for by a verb that need not be in their declaration


@dataclass(frozen=True)
class Deed:
    """What a tool does: the words for it, and the kin whose other deeds a request might mean as well."""

    words: tuple[str, ...]
    kin: str

    @property
    def kind(self) -> str:
        """ "verb", "attribute" (of one thing) or "many" (of them)."""
        return self.kin.split()[0]


@dataclass(frozen=True)
class Thing:
    """What it is done to: an object, with a modifier or without."""

    noun: str
    modifier: str = ""

    @property
    def words(self) -> str:
        return f"{self.modifier} {self.noun}".strip()


@dataclass(frozen=True)
class Wording:
    """A tool in words. Beginnings of requests have {0} for the thing's own name, where it has one.

    openings      say what to do, and to what
    questions     ask for it
    things_alone  leave out what to do
    deeds_alone   leave out what to do it to
    about         the description
    names         words to make the name of
    """

    openings: tuple[str, ...]
    questions: tuple[str, ...]
    things_alone: tuple[str, ...]
    deeds_alone: tuple[str, ...]
    about: str
    names: tuple[str, ...]


def put_in_words(deed: Deed, thing: Thing, rng: random.Random, *, named: bool) -> Wording:
    """The wording of a deed on a thing, which is `named` by a parameter of its own or not."""
    words = plural(thing.words) if deed.kind == "many" else thing.words
    name = " {0}" if named else ""
    things_alone = (f"{words}{name}", f"the {words}{name}", f"I need the {words}{name}", f"{words}{name}")
    if deed.kind == "attribute":
        return attribute_wording(deed.words[0], deed.words[1:], thing, rng, name, things_alone)
    if deed.kind == "many":
        return many_wording(deed, words, rng, things_alone)
    return verb_wording(deed, thing, rng, named, things_alone)


def verb_wording(deed: Deed, thing: Thing, rng: random.Random, named: bool, things_alone: tuple[str, ...]) -> Wording:
    shown, told, other = (rng.choice(deed.words) for _ in range(3))
    new = deed.words[0] in NEW
    article = "a new" if new else "the"
    things = thing.words
    openings = []
    for verb in dict.fromkeys((shown, told, *((other,) if rng.random() < OTHER_VERB else ()))):
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
    names = (f"{shown} {things}", f"{shown} {things}", f"{things} {shown}", f"{shown} {thing.noun}")
    deeds_alone = tuple(f"{verb} {{0}}" for verb in deed.words) if named else ()
    return Wording(tuple(openings), (), things_alone, deeds_alone, sentence(about, things, rng), names)


def attribute_wording(
    name: str, asks: Sequence[str], thing: Thing, rng: random.Random, own: str, things_alone: tuple[str, ...]
) -> Wording:
    x, short = f"the {thing.words}{own}", f"{thing.words}{own}"
    openings = (f"tell me the {name} of {x}", f"get the {name} of {x}", f"look up the {name} of {x}",
                f"show me the {name} of {x}", f"find out the {name} of {x}")  # fmt: skip
    questions = (f"what is the {name} of {x}", f"do you know the {name} of {x}", f"what {name} has {x}",
                 f"{name} of {x}", f"{name} of {short}", *(ask.replace("{x}", x) for ask in asks))  # fmt: skip
    about = rng.choice(("get the {n} of {a}", "tell the {n} of {a}", "look up the {n} of {a}", "show the {n} of {a}",
                        "returns the {n} of {a}", "the {n} of {a}", "find the {n} of the {t}"))  # fmt: skip
    about = about.format(n=name, a=with_article(thing.words), t=thing.words)
    names = (f"get {thing.words} {name}", f"{thing.words} {name}", f"{name} of {thing.words}",
             f"get {thing.noun} {name}")  # fmt: skip
    return Wording(openings, questions, things_alone, (), sentence(about, thing.words, rng), names)


def many_wording(deed: Deed, things: str, rng: random.Random, things_alone: tuple[str, ...]) -> Wording:
    verb, told = rng.choice(deed.words), rng.choice(deed.words)
    openings = (f"{verb} the {things}", f"{told} {things}", f"{told} all {things}", f"{verb} our {things}")
    if "count" in deed.words:
        questions = (f"how many {things} are there", f"how many {things} do we have", f"what is the number of {things}")
    else:
        questions = (f"which {things} are there", f"what {things} do we have", f"are there any {things}")
    about = rng.choice((f"{told} {things}", f"{told} the {things}", f"{third(told)} all {things}"))
    names = (f"{verb} {things}", f"{things} {verb}")
    return Wording(openings, questions, things_alone, (), sentence(about, things, rng), names)


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
