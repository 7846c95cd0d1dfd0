"""The parameters of composed tools: how they are declared, and how their values are said in a request.

A `Part` is what is said in one go: one parameter ("for Anna"), or two that belong together ("from Oslo to Rome"), which
may be the members of a nested object. Which of two values is which follows from the words around them alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .values import Said, in_words, partner, pseudo_word, sample
from .words import ADJECTIVES, CHOICES, EXTRAS, NOUNS, PARENTS, PLURALS, QUANTITIES, of_split

Values = tuple[Any, ...]
Told = tuple[str, Values]  # words with {0} and {1}, and their values
Say = Callable[[random.Random, str], Told]  # (rng, split) -> what is told


@dataclass(frozen=True)
class Part:
    """Parameters whose values are said together.

    properties  their schemas by key
    paths       where each value stands: (key,) or (key, inner key)
    say         draws values of a split and the words that they are said in
    last        free text, which ends a request
    """

    properties: Mapping[str, Any]
    paths: tuple[tuple[str, ...], ...]
    say: Say = field(compare=False)
    last: bool = False


@dataclass(frozen=True)
class Natural:
    """Parameters whose values need no name in the request: the words around them say what they are."""

    kinds: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    about: tuple[tuple[str, ...], ...]
    said: tuple[str, ...]


INTEGERS = frozenset("count people percent minutes small_int year big_int weight height low high sides seconds".split())
NUMBERS = frozenset("money number degrees".split())


def _natural(text: str) -> tuple[Natural, ...]:
    found = []
    for line in text.strip().splitlines():
        kinds, keys, about, said = (part.strip() for part in line.split("|"))
        found.append(
            Natural(
                tuple(kinds.split()),
                tuple(tuple(alternative.split()) for alternative in keys.split(",")),
                tuple(tuple(entry.strip() for entry in alternative.split("/")) for alternative in about.split(";")),
                tuple(entry.strip() for entry in said.split(";")),
            )
        )
    return tuple(found)


SINGLES = _natural("""
person | person, name, client, user, owner | Who it is for.; The name of the person. | for {0}; on behalf of {0}
person | recipient, receiver, to | Who gets it.; The name of the recipient. | to {0}; and let {0} have it
person | partner, companion, with_whom | Who comes along.; The name of the companion. | with {0}; together with {0}
city | city, place, location, town | The city.; Where it is.; Name of the place. | in {0}; near {0}; over in {0}
country | country, nation | The country.; In which country. | in {0}; somewhere in {0}
date | date, day, when, due | The day.; When it takes place.; The date. | for {0}; by {0}; on {0}
time | time, at, hour, start | The time of day.; At what time. | at {0}; from {0} on; around {0}
weekday | weekday, day, every | The day of the week.; On which day. | every {0}; on {0}; each {0}
month | month, in_month | The month.; In which month. | in {0}; during {0}
year | year, since_year | The year.; Of which year. | in {0}; from {0}; of the year {0}
minutes | minutes, duration, length | How many minutes.; The length in minutes. | for {0} minutes; lasting {0} minutes
small_int | days, nights, duration_days | How many days.; The number of days. | for {0} days; over {0} days
people | people, persons, party_size | For how many people.; The number of persons. | for {0} people; for {0} of us
small_int | times, repeat, repetitions | How often.; The number of repetitions. | {0} times; repeated {0} times
percent | percent, rate, share | How many percent.; The share in percent. | by {0} percent; at {0} percent; by {0}%
money | price, amount, cost, budget | The price in euros.; How much money. | for {0} euros; worth {0} euros; costing {0}
number | kilos, weight_kg, load | How many kilos.; The weight in kg. | weighing {0} kg; of {0} kilos
degrees | degrees, temperature | The temperature.; How warm, in degrees. | at {0} degrees; to {0} degrees
email | email, address, mail_to | The email address.; Where to send it. | to {0}; using {0}; at {0}
phone | phone, number, telephone | The phone number.; The number to call. | at {0}; via {0}
url | url, link, website | The address of the page.; The link. | from {0}; on {0}; at {0}
path | path, file, file_path | The path of the file.; Which file. | from {0}; in the file {0}; using {0}
folder | folder, directory | The folder.; Where the files are. | in the folder {0}; into the folder {0}
language | language, lang | The language.; In which language. | in {0}; using {0}
color | color, paint | The color.; Which color it has. | in {0}; painted {0}
company | company, firm, supplier_name | The company.; The name of the firm. | from {0}; at {0}; with the company {0}
room | room, area | The room.; In which room. | in the {0}; from the {0}
device | device, machine_name | The device.; Which device to use. | with the {0}; on the {0}
topic | topic, about, subject | The topic.; What it is about. | about {0}; on the topic of {0}
""")
TEXTS = _natural("""
note | text, note, content | The text.; What it says. | : {0}; saying {0}; with the text {0}
message | message, body, words | The message.; What to say. | : {0}; saying {0}; with the message {0}; that says {0}
note | comment, remark, reason | A comment.; The reason. | : {0}; because: {0}; with the comment {0}
query | query, search, terms | Words to look for.; The search terms. | for {0}; matching {0}; containing {0}
""")
PAIRS = _natural("""
city city | from to, origin destination, start end | Where it starts. / Where it ends.; The origin. / The destination. | from {0} to {1}; to {1} from {0}; between {0} and {1}; starting in {0} and ending in {1}
person person | sender recipient, giver taker, from to | Who sends it. / Who gets it.; The sender. / The recipient. | from {0} to {1}; to {1} from {0}; for {1} from {0}
date date | start_date end_date, first_day last_day, since until | The first day. / The last day.; When it starts. / When it ends. | from {0} to {1}; from {0} until {1}; between {0} and {1}; until {1} starting {0}
time time | start end, opens closes, begin finish | When it starts. / When it ends.; The start. / The end. | from {0} to {1}; from {0} until {1}; between {0} and {1}; until {1} starting at {0}
low high | minimum maximum, low high, least most, min max | The smallest value. / The largest value.; The lower bound. / The upper bound. | between {0} and {1}; from {0} to {1}; at least {0} and at most {1}; at most {1} and at least {0}
height height | width height, wide high | The width in cm. / The height in cm.; How wide. / How high. | {0} wide and {1} high; {1} high and {0} wide; with width {0} and height {1}; {0} by {1}
folder folder | source target, from_folder to_folder, old_place new_place | Where it is now. / Where it goes.; The source. / The target. | from {0} to {1}; from {0} into {1}; into {1} from {0}
word word | old new, before after, current wanted | The old word. / The new word.; What it is now. / What it shall be. | from {0} to {1}; changing {0} to {1}; replacing {0} with {1}; to {1} instead of {0}
title title | old_title new_title, current_name new_name | The old name. / The new name.; What it is called now. / Its new name. | from {0} to {1}; to {1} instead of {0}; changing {0} to {1}
code code | debit credit, from_account to_account, old_code new_code | Where it is taken from. / Where it goes to.; The first code. / The second code. | from {0} to {1}; to {1} from {0}
team team | home away, host visitors | The home team. / The visiting team.; Who plays at home. / Who comes. | {0} against {1}; {0} versus {1}; {0} at home against {1}
language language | from_language to_language, source target | The language it is in. / The language it shall be in. | from {0} to {1}; from {0} into {1}; into {1} from {0}
currency_from currency_to | from_currency to_currency, base quote | The currency it is in. / The wanted currency. | from {0} to {1}; from {0} into {1}; into {1} from {0}
unit_from unit_to | from_unit to_unit, unit wanted_unit | The unit it is in. / The wanted unit. | from {0} to {1}; from {0} into {1}; into {1} from {0}
item item | first second, main side | What comes first. / What comes second.; The first one. / The second one. | first {0} then {1}; {0} before {1}; {1} after {0}
people small_int | adults children, grown_ups kids | How many adults. / How many children. | for {0} adults and {1} children; with {1} children and {0} adults
count money | quantity unit_price, pieces price_each | How many pieces. / The price of one. | {0} pieces at {1} euros each; at {1} euros each and {0} pieces
small_int minutes | hours minutes | The hours. / The minutes. | {0} hours and {1} minutes; taking {0} hours {1} minutes
person email | name email, contact address | The name. / The email address. | for {0} at {1}; for {0} using {1}; at {1} for {0}
city country | city country, town nation | The city. / The country. | in {0}, {1}; in {0} in {1}
""")  # noqa: E501
OPEN = tuple("word word title person topic code city food item company color team order parcel".split())
KEYED = ("with {n} {0}", "with the {n} {0}", "{n} {0}", "{n}: {0}", "the {n} is {0}", "use {0} as {n}",
         "using {0} as the {n}", "{0} as {n}", "with {0} as the {n}", "the {n} should be {0}", "{n} = {0}",
         "and {0} for the {n}", "set the {n} to {0}", "under the {n} {0}")  # fmt: skip
COUNTED = ("with {n} {0}", "{n} {0}", "{n}: {0}", "with a {n} of {0}", "at a {n} of {0}", "{0} as {n}",
           "the {n} is {0}", "set the {n} to {0}", "{n} = {0}", "use {0} as the {n}")  # fmt: skip
ABOUT = ("The {n}.", "Which {n}.", "The wanted {n}.", "What to use as {n}.", "Its {n}.", "The name of the {n}.")
HOW_MUCH = ("The {n}.", "The {n} as a number.", "Which {n}.", "The wanted {n}.", "What the {n} is.")
BARE = 0.15  # parameters without a description
OPAQUE = 0.12  # parameters under a random word, so that the description alone says what they are


def make_part(rng: random.Random, split: str, used: set[str], *, text: bool) -> Part:
    """A part whose keys and words are not in `used`, to which they are added. `text`: free text is allowed."""
    makers = [named, named, quantity, single, single, single, pair, pair, choice, flag, several]
    while True:
        maker = rng.choice([*makers, free_text] if text else makers)
        part, words = maker(rng, split)
        words = {*part.properties, *words}
        if not words & used:
            used |= words
            return part


Made = tuple[Part, set[str]]


def named(rng: random.Random, split: str) -> Made:
    """A string that the request names by its noun."""
    noun = rng.choice(of_split(NOUNS, split))
    return keyed(rng, split, noun, rng.choice(OPEN), ABOUT, KEYED), {noun}


def quantity(rng: random.Random, split: str) -> Made:
    """A number that the request names by its noun."""
    noun = rng.choice(of_split(QUANTITIES, split))
    return keyed(rng, split, noun, rng.choice(("count", "small_int", "big_int", "number")), HOW_MUCH, COUNTED), {noun}


def keyed(rng: random.Random, split: str, noun: str, kind: str, about: Sequence[str], said: Sequence[str]) -> Part:
    key, description = naming(rng, split, noun.replace(" ", "_"), rng.choice(about).format(n=noun))
    forms = tuple(form.replace("{n}", noun) for form in said)

    def say(rng: random.Random, split: str) -> tuple[str, Values]:
        return rng.choice(forms), (drawn(kind, rng, split),)

    return Part({key: typed(kind, description)}, ((key,),), say)


def single(rng: random.Random, split: str) -> Made:
    return natural(rng, split, rng.choice(SINGLES))


def free_text(rng: random.Random, split: str) -> Made:
    part, words = natural(rng, split, rng.choice(TEXTS))
    return Part(part.properties, part.paths, part.say, last=True), words | {"free text"}


def pair(rng: random.Random, split: str) -> Made:
    return natural(rng, split, rng.choice(PAIRS))


def natural(rng: random.Random, split: str, entry: Natural) -> Made:
    """`entry` as one or two parameters; two are a nested object now and then."""
    names = rng.choice(entry.keys)
    abouts = rng.choice(entry.about)
    if len(entry.kinds) == 1:
        named = [naming(rng, split, names[0], abouts[0])]
    else:
        bare = rng.random() < BARE
        named = [(name, "" if bare else about) for name, about in zip(names, abouts, strict=True)]
    inner = {key: typed(kind, about) for kind, (key, about) in zip(entry.kinds, named, strict=True)}
    paths: tuple[tuple[str, ...], ...] = tuple((key,) for key in inner)
    properties: dict[str, Any] = inner
    if len(inner) == 2 and rng.random() < 0.2:
        parent = rng.choice(PARENTS)
        properties = {parent: {"type": "object", "properties": inner, "required": list(inner)}}
        paths = tuple((parent, key) for key in inner)

    def say(rng: random.Random, split: str) -> tuple[str, Values]:
        return rng.choice(entry.said), draw_all(entry.kinds, rng, split)

    # the words that lead to the values must be this part's own: one "from", one "for", one "in" in a request
    return Part(properties, paths, say), {f"{form.split()[0]} .." for form in entry.said if form[0] not in ":{"}


def choice(rng: random.Random, split: str) -> Made:
    """An enum."""
    groups = [group for group in CHOICES if group[0] and of_split(group[0][:1], split)]
    keys, choices, said = rng.choice(groups)
    if rng.random() < 0.35:  # choices that no list holds
        noun = rng.choice(of_split(NOUNS, split))
        keys, said = (noun.replace(" ", "_"),), tuple(form.replace("{n}", noun) for form in KEYED)
        choices = tuple(sorted({str(sample("word", rng, split)).lower().split()[0] for _ in range(rng.randint(2, 4))}))
    upper = rng.random() < 0.1
    kept = sorted(rng.sample(choices, rng.randint(min(2, len(choices)), len(choices))), key=choices.index)
    options = [option.upper() if upper else option for option in kept]
    spelled = keys[0].replace("_", " ")
    key, about = naming(rng, split, rng.choice(keys), rng.choice(("The {n}.", "Which {n}.", "The wanted {n}."))
                        .format(n=spelled))  # fmt: skip

    def say(rng: random.Random, split: str) -> tuple[str, Values]:
        option = rng.choice(options)
        return rng.choice(said), (Said(option.lower(), option) if upper else option,)

    return Part({key: described({"type": "string", "enum": options}, about)}, ((key,),), say), {spelled}


def flag(rng: random.Random, split: str) -> Made:
    """A boolean: an adjective, whether something comes along, or in training whether it is on."""
    if split == "train" and rng.random() < 0.25:
        word = "on"
        name = rng.choice(("on", "is_on", "enabled", "active", "powered", "turned_on"))
        about = rng.choice(("Whether it is on.", "True for on.", "On or off.", "Whether it shall be on or off."))
        yes: tuple[str, ...] = ("on", "turned on", "switched on", "and turn it on", "and switch it on")
        no: tuple[str, ...] = ("off", "turned off", "switched off", "and turn it off", "and switch it off")
    elif rng.random() < 0.5:
        word = rng.choice(of_split(ADJECTIVES, split))
        name, about = rng.choice((word, f"is_{word}", f"make_{word}")), f"Whether it is {word}."
        yes = (f"and make it {word}", f"{word} please", f"it is {word}", f"marked {word}")
        no = (f"but not {word}", f"it is not {word}", f"not {word}")
    else:
        word = rng.choice(of_split(EXTRAS, split))
        spelled = word.replace(" ", "_")
        name = rng.choice((f"with_{spelled}", f"include_{spelled}", spelled))
        about = rng.choice((f"Whether to include {word}.", f"True for {word}.", f"With {word} or without."))
        yes = (f"with {word}", f"including {word}", f"and include {word}")
        no = (f"without {word}", f"with no {word}", f"excluding {word}")

    def say(rng: random.Random, split: str) -> tuple[str, Values]:
        value = rng.random() < 0.6
        return rng.choice(yes if value else no), (value,)

    key, about = naming(rng, split, name, about)
    return Part({key: described({"type": "boolean"}, about)}, ((key,),), say), {word}


def several(rng: random.Random, split: str) -> Made:
    """An array of strings."""
    noun = rng.choice(of_split(PLURALS, split))
    kind = rng.choice(("word", "item", "person", "city", "food"))
    key, about = naming(rng, split, noun, rng.choice(("The {n}.", "All {n}.", "The list of {n}.")).format(n=noun))
    forms = tuple(form.format(n=noun) for form in ("with the {n} {{0}}", "{n}: {{0}}", "for the {n} {{0}}",
                                                   "with {{0}} as {n}", "and these {n}: {{0}}"))  # fmt: skip

    def say(rng: random.Random, split: str) -> tuple[str, Values]:
        entries: list[str] = []
        while len(entries) < 2 or (len(entries) < 3 and rng.random() < 0.4):
            entry = str(sample(kind, rng, split))
            if entry not in entries:
                entries.append(entry)
        return rng.choice(forms), (Said(" and ".join((", ".join(entries[:-1]), entries[-1])), entries),)

    schema = described({"type": "array", "items": {"type": "string"}}, about)
    return Part({key: schema}, ((key,),), say), {noun}


# -- keys, schemas, values ---------------------------------------------------------------------------------------------


def naming(rng: random.Random, split: str, key: str, about: str) -> tuple[str, str]:
    """The key and the description shown: one of them may be missing or say nothing, never both."""
    draw = rng.random()
    if draw < OPAQUE:
        return pseudo_word(rng, split)[:8], about
    return (key, "") if draw > 1 - BARE else (key, about)


def described(schema: dict[str, Any], about: str) -> dict[str, Any]:
    return {**schema, "description": about} if about else schema


def typed(kind: str, about: str) -> dict[str, Any]:
    name = "integer" if kind in INTEGERS else "number" if kind in NUMBERS else "string"
    return described({"type": name}, about)


def draw_all(kinds: Sequence[str], rng: random.Random, split: str) -> Values:
    """A value of each kind; two of one kind differ."""
    first = drawn(kinds[0], rng, split)
    if len(kinds) == 1:
        return (first,)
    if kinds[1] in ("unit_to", "currency_to"):
        return first, partner(kinds[1], first, rng, split)
    while True:
        second = drawn(kinds[1], rng, split)
        if plain(second) != plain(first):
            return first, second


def drawn(kind: str, rng: random.Random, split: str) -> Any:
    """A value of `kind`; a small whole number is in words now and then."""
    value = sample(kind, rng, split)
    if isinstance(value, int) and 2 <= value <= 99 and rng.random() < 0.12:
        return Said(in_words(value), value)
    return value


def plain(value: Any) -> Any:
    return value.value if isinstance(value, Said) else value
