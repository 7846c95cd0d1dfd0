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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.messages import ToolDefinition

from . import registers
from .answers import STATUSES, plain_answer
from .failures import failure
from .families import spoken
from .parameters import Part, Told, Values, drawn, keyed, make_part, plain
from .values import pseudo_word, sample
from .wordings import Deed, Thing, Wording, put_in_words, styled
from .words import ATTRIBUTES, LOOKUPS, MODIFIERS, OBJECTS, SENTENCES, VERBS, groups_of_split, of_split

PARTS = (18, 38, 31, 13)  # weights of none to three parts beside the thing's own name
NAMED_THING = 0.55  # tools whose thing is told from others by a parameter of its own
SIBLING = 0.6  # tools of a set that share the deed or the thing with an earlier one
OPTIONAL = 0.3
DEED_LEFT_OUT = 0.16  # requests that name the thing alone, where no other tool is about it
THING_LEFT_OUT = 0.12  # requests that name the deed alone, where no other tool does it
FAILED = 0.08  # calls whose result is an error
RICHER = 0.35  # training results of more than one value or word
CLAUSES = ("it is ", "the ", "use ", "set ")  # how a part begins that is a sentence of its own
LEADS = ("for ", "in ", "at ", "on ", "from ", "with ")  # how one begins that may come first


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
    """One tool: what it does to what, in words, with a parameter that names the thing (or none) and others."""

    definition: ToolDefinition
    deed: Deed
    thing: Thing
    wording: Wording
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

    def ask(
        self,
        rng: random.Random,
        split: str,
        others: Sequence[Composed] = (),
        *,
        without: Part | None = None,
        told: tuple[Part, Told] | None = None,
    ) -> Asked:
        """A request with values of `split`, the call's arguments, a result and the answer to it.

        It may leave out what is clear without saying, given the `others` that there are. It says nothing of the part
        `without`, though the call needs it, and what it says of the part in `told` is given there.
        """
        certain, given = told or (None, None)
        required = set(self.definition.parameters.get("required", ()))
        chosen = [
            part
            for part in self.parts
            if part is not without and (part is certain or required & set(part.properties) or rng.random() < 0.5)
        ]
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
            words, found = given if given and part is certain else part.say(rng, split)
            wording = joined(wording, renumbered(words, len(values)), rng, last=part.last, asks=asks)
            values += found
            put(arguments, part, found)
        wording = register(wording, rng)
        prompt = filled(wording, tuple(values))
        result, failed, answer = outcome(self.result, rng, split)
        return Asked(prompt, self.in_order(arguments), result, failed, answer)

    def in_order(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments in the order of the declaration."""
        return {key: arguments[key] for key in self.definition.parameters["properties"] if key in arguments}

    def opening(self, rng: random.Random, others: Sequence[Composed]) -> tuple[str, registers.Register]:
        """The beginning of a request, and the register that goes with it."""
        draw, words = rng.random(), self.wording
        if draw < DEED_LEFT_OUT and all(o.thing.noun != self.thing.noun for o in others):
            return rng.choice(words.things_alone), registers.statement
        if draw > 1 - THING_LEFT_OUT and words.deeds_alone and all(o.deed.kin != self.deed.kin for o in others):
            return rng.choice(words.deeds_alone), registers.imperative
        if words.questions and rng.random() < 0.6:
            return rng.choice(words.questions), registers.question
        return rng.choice(words.openings), registers.imperative


def put(arguments: dict[str, Any], part: Part, values: Values) -> None:
    """Sets the part's values in `arguments`."""
    for path, value in zip(part.paths, values, strict=True):
        inner = arguments.setdefault(path[0], {}) if len(path) == 2 else arguments
        inner[path[-1]] = plain(value)


def filled(words: str, values: Values) -> str:
    """`words` with the values in their placeholders."""
    return re.sub(r"\{(\d+)\}", lambda match: spoken(values[int(match[1])]), words)


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
    naming = name_of_thing(thing, rng, split) if deed.kind != "many" and rng.random() < NAMED_THING else None
    used: set[str] = set(naming.properties) if naming else set()
    parts: list[Part] = []
    for _ in range(rng.choices(range(len(PARTS)), PARTS)[0]):
        parts.append(make_part(rng, split, used, text=not any(part.last for part in parts)))
    wording = put_in_words(deed, thing, rng, named=naming is not None)
    name = styled(rng.choice(wording.names), rng)
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
    result = {"many": "count" if "count" in deed.words else "list", "attribute": "value"}.get(deed.kind, "status")
    definition = ToolDefinition(name, wording.about, parameters)
    return Composed(definition, deed, thing, wording, naming, tuple(parts), result)


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


# -- results -----------------------------------------------------------------------------------------------------------


def outcome(kind: str, rng: random.Random, split: str) -> tuple[Any, bool, str]:
    """A result, whether it is an error, and the answer, which says the result and nothing else."""
    failed = rng.random() < FAILED
    result = failure(rng, split) if failed else result_of(kind, rng, split)
    return result, failed, plain_answer(result, failed=failed)


def result_of(kind: str, rng: random.Random, split: str) -> Any:
    """What a tool returns that counts, lists, looks up a value or does something."""
    if split == "train" and rng.random() < RICHER:
        return richer_result(kind, rng)
    if kind == "count":
        return rng.randint(0, 300)
    if kind == "list":
        of = rng.choice(("word", "title", "person", "code"))
        return list(dict.fromkeys(str(sample(of, rng, split)) for _ in range(rng.randint(1, 3))))
    if kind == "value":
        return looked_up(rng, split)
    status = rng.choice(("done", "ok", "saved", "queued", "completed", "accepted", "finished", "started"))
    return status if rng.random() < 0.5 else {"status": status, "id": sample("code", rng, split)}


def looked_up(rng: random.Random, split: str) -> Any:
    return plain(drawn(rng.choice(("word", "code", "city", "person", "date", "count", "money", "title")), rng, split))


def richer_result(kind: str, rng: random.Random) -> Any:
    """Objects, lists of them, yes or no, sentences, nothing at all; such as no held-out tool returns."""
    names = rng.sample([name.replace(" ", "_") for name, _ in ATTRIBUTES], 3)
    if kind == "list":
        entries = [{key: looked_up(rng, "train") for key in names[:2]} for _ in range(rng.randint(0, 3))]
        return entries
    if kind in ("value", "count"):
        if rng.random() < 0.2:
            return rng.random() < 0.5
        return {key: looked_up(rng, "train") for key in names[: rng.choice((1, 2, 2, 3))]}
    if rng.random() < 0.25:
        return None
    if rng.random() < 0.3:
        return {"status": rng.choice(sorted(STATUSES)), **{key: looked_up(rng, "train") for key in names[:2]}}
    return re.sub(r"\{(\w+)\}", lambda match: spoken(sample(match[1], rng, "train")), rng.choice(SENTENCES))
