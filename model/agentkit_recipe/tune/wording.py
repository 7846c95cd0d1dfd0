"""A tool that somebody wrote, in words: how a request for it may begin, from its name and description, and how each of
its values may be led in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..parameters import COUNTED, KEYED, SINGLES, TEXTS
from ..wordings import third
from ..words import LOOKUPS, VERBS
from .drawing import kind_of
from .fields import Field, without_slots, words_of

ASKING = frozenset(
    """get fetch show find list look check tell search return retrieve read count display view give calculate compute
    query lookup see estimate summarize summarise""".split()
)
WANTING = frozenset(
    """book reserve order buy rent create make schedule request open plan set arrange add register hire draft get
    generate prepare""".split()
)
PHRASE = re.compile(r" (?:for|in|at|on|from|to|with|by|of|about|between|until|under|into|using|that|and|or|so) ")
DIRECTIONS = (
    (frozenset("from origin source start begin since sender departure old".split()), ("from {0}", "starting from {0}")),
    (frozenset("to destination target until recipient receiver new".split()), ("to {0}", "going to {0}")),
    (frozenset("end finish until checkout return last".split()), ("until {0}", "to {0}")),
)  # fmt: skip


def verbs_like(verb: str) -> tuple[str, ...]:
    """The verb, and those of the recipe's lists that mean the same."""
    groups = [group for line in VERBS for group in line if verb in group] + [g for g in LOOKUPS if verb in g]
    return tuple(dict.fromkeys((verb, *(word for group in groups for word in group))))


def openings(name: str, description: str, fields: Sequence[Field]) -> tuple[list[str], list[str], list[str]]:
    """How a request may begin: as an order, as a question, and by its object alone.

    A field that the description speaks of ("the weather in a city") has its slot there.
    """
    spelled = words_of(name)
    told = imperative(description)
    orders: list[str] = []
    questions: list[str] = []
    objects: list[str] = []
    for words in dict.fromkeys(filter(None, (told, spelled))):
        verb, _, thing = words.partition(" ")
        if not thing:
            orders.append(words)
            continue
        if match := re.match(r"(?:out |up )?((?:where|what|who|when|how|which|whether|if)\b.*)", thing):
            clause = with_slots(match[1], fields)
            orders += [f"{verb} {with_slots(thing, fields)}", f"tell me {clause}", f"I want to know {clause}"]
            questions += [f"do you know {clause}", f"can you tell me {clause}", clause]
            continue
        known = verbs_like(verb)
        slotted = with_slots(thing, fields)
        short = PHRASE.split(thing)[0]
        things = dict.fromkeys((thing, short, slotted, with_slots(short, fields)))
        for which in things:
            orders += [f"{verb} {which}"] * 2 + [f"{other} {which}" for other in known[1:]]
            bare = re.sub(r"^(?:a|an|the) ", "", which)
            objects += [bare, f"{bare} please"]
            if verb in ASKING:
                questions += [
                    f"what is {which}",
                    f"what {'are' if plural(which) else 'is'} {which}",
                    f"do you know {which}",
                ]
                questions += [f"can you tell me {which}", f"which {bare} are there"] if plural(which) else []
                orders += [f"tell me {which}", f"show me {which}", f"give me {which}", f"look up {which}"]
            if verb in WANTING:
                objects += [f"I need {which}", f"I want {which}", f"we need {which}", f"I would like {which}"]
    return orders, questions, objects


def plural(thing: str) -> bool:
    return bool(re.match(r"[a-z ]*s\b", thing)) and not thing.startswith(("a ", "an "))


def imperative(description: str) -> str:
    """A description's first sentence as something to be told: "Books a room." is "book a room"."""
    sentence = re.split(r"(?<=[.!?;:])\s|\n\n", description.strip(), maxsplit=1)[0]
    words = re.sub(r"\s*\([^)]*\)", "", " ".join(sentence.split())).rstrip(".!?;:").split()
    words = re.sub(
        r"(?i)^(use this (?:tool )?to|this tool|allows? (?:you|one) to|lets you) ", "", " ".join(words)
    ).split()
    if not words:
        return ""
    first = words[0].lower() if not words[0].isupper() else words[0]
    for line in (*VERBS, LOOKUPS):
        for group in line:
            for verb in group:
                if first == third(verb) and first != verb:
                    first = verb
    return without_slots(" ".join((first, *words[1:])))


def with_slots(thing: str, fields: Sequence[Field]) -> str:
    """The thing with slots where it speaks of a required text: "an item to the list" becomes "{0} to the list"."""
    for number, field in enumerate(fields):
        if not field.required or field.type == "boolean" or f"{{{number}}}" in thing:
            continue
        names = "|".join(map(re.escape, names_of(field)))
        pattern = rf"\b(?:a|an|one|some|the given|a given|given)\s+(?:\w+\s)?(?:{names})\b"
        thing = re.sub(pattern, f"{{{number}}}", thing, count=1)
    return thing


def names_of(field: Field) -> list[str]:
    """What a field is called: "name" and, where it is "The name of the visitor.", "visitor"."""
    match = re.search(
        r"(?:name|title|number|id|code) of (?:the|a|an) (\w+)|^(?:the|which) (\w+)$", field.about.lower().rstrip(".")
    )
    found = [name for name in match.groups() if name] if match else []
    return [field.words, *found]


def forms_of(field: Field, number: int, rivals: Sequence[Field]) -> list[str]:
    """How a field's value is led in: by words that its kind goes with, and by its name. `rivals` are the other fields,
    of which none may be led in alike."""
    name = field.words
    if field.type == "boolean":
        return []
    natural: list[str] = []
    kind = kind_of(field) if field.type in ("string", "integer", "number") and not field.choices else None
    alike = [other for other in rivals if other.type == field.type and kind and kind_of(other) == kind]
    if kind and not alike:
        for entry in (*SINGLES, *TEXTS):
            if entry.kinds == (kind,) and any(
                words_of(key) in (name, name.split()[-1]) for keys in entry.keys for key in keys
            ):
                natural += entry.said
    for words, said in DIRECTIONS:
        if words & set(name.split()):
            natural += said
    counted = field.type in ("integer", "number")
    keyed = [form.replace("{n}", name) for form in (COUNTED if counted else KEYED)]
    if field.choices:
        natural += ["{0}", "in {0}", "as {0}", f"{{0}} {name}", f"with {{0}} {name}"]
    if counted and name.endswith("s"):
        natural += [f"for {{0}} {name}", f"with {{0}} {name}", f"{{0}} {name}"]
    slot = f"{{{number}}}"
    return [form.replace("{0}", slot) for form in natural * 3 + keyed]


def flag_forms(field: Field, value: bool) -> list[str]:
    """How a yes or a no is said."""
    about = without_slots(field.about.split(".")[0].strip())
    words = re.sub(r"^(is|are|make|be|should|has|do|must|want|wants|needs?) ", "", field.words)
    thing = re.sub(r"^(with|include|includes|including|add) ", "", words)
    found = []
    told = re.match(r"(?i)(?:whether|if|true if|set to true|true to|whether or not)\s+(?:to\s+)?(?P<x>.+)", about)
    if told:
        x = told["x"]
        if re.match(r"(?:it|the \w+|they) (?:is|are) ", x):
            state = re.sub(r"^(?:it|the \w+|they) (?:is|are) ", "", x)
            found += [f"make it {state}", f"it is {state}", state] if value else [f"it is not {state}", f"not {state}"]
        else:
            found += [f"and {x}", f"{x} too"] if value else [f"but do not {x}", f"and don't {x}", f"do not {x}"]
    if value:
        return [*found, f"with {thing}", f"and {words}", f"{words} please", f"{field.words} yes", f"{field.words} on"]
    return [*found, f"without {thing}", f"no {thing}", f"not {words}", f"{field.words} no", f"{field.words} off"]
