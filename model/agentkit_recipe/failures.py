"""What tools say when they fail: short reasons, and in training the longer texts that programs write."""

from __future__ import annotations

import random
import re

from .families import spoken
from .values import sample
from .vocabulary import listed
from .words import of_split

REASONS = listed("""not found, no permission, the server is busy, the name is taken, the card was declined, the disk is full, it is locked,
    the code is wrong, time ran out, it is closed today, no connection, it does not exist, the limit is reached, nothing left in stock""")  # fmt: skip  # noqa: E501
TEXTS = (  # of training, with kinds of values in them
    "the {thing} {value} is unknown",
    "the {thing} {value} is unknown: did you mean {value}?",
    "the {thing} {value} is unknown: did you mean {value} or {value}?",
    "no {thing} is known for {value}: write a usual name, such as {value}",
    "there is no {thing} called {value}",
    "no {thing} was found for {value}",
    "{value} is no {thing}",
    "{value} is not a valid {thing}",
    "{value} is too long: at most {count} characters",
    "the {thing} is empty: write what to look for",
    "the {thing} must be at least {count}, not {small_int}",
    "{count} is more than {small_int}, which is the most there can be",
    "cannot convert {value} to {value}: choose another {thing}",
    "cannot open {path}: {reason}",
    "{path} is not a text file",
    "the {thing} {value} was not found. Check the {thing} and try again.",
    "the {thing} of {value} is already taken. Choose another one.",
    "{value} is already booked on {weekday} at {time}",
    "{person} has no permission to change the {thing} {value}",
    "the service did not answer within {seconds} seconds",
    "the tool did not finish within {seconds} seconds.",
    "only {small_int} are left, {count} are needed",
    "the {thing} {value} cannot be changed after {date}",
    "division by zero: write another {thing}",
    "the {thing} cannot be read at {value}: {reason}",
    "the value is too large or not a number",
    "HTTP {count}: {reason}",
    "The tool failed: ValueError: {reason}",
    "The tool failed: KeyError: {value}",
    "The tool failed: ConnectionError: {reason}",
    "The tool failed: RuntimeError: the {thing} {value} is gone",
    "The tool failed: TimeoutError: no answer from {domain}",
    "The arguments are wrong. {thing}: {value} is not one of {value}, {value}",
)
THINGS = listed("""unit, city, place, name, code, account, file, folder, date, time, page, query, text, number, order, room, user, currency,
    language, station, song, list, entry, note, device, product, ticket, message, contact, event, address, key, amount""")  # fmt: skip  # noqa: E501
VALUES = "word word word title person code city unit path item color currency number topic".split()
LONG = 0.6  # of the failures of training, those with a longer text


def failure(rng: random.Random, split: str) -> str:
    """Why a call failed. Held-out reasons are short."""
    if split != "train" or rng.random() >= LONG:
        return rng.choice(of_split(REASONS, split))
    text = rng.choice(TEXTS).replace("{thing}", rng.choice(THINGS))
    where = f"{rng.choice(THINGS)}: " if text[0].islower() and rng.random() < 0.4 else ""
    return where + re.sub(r"\{(\w+)\}", lambda match: _put(match[1], rng), text)


def _put(kind: str, rng: random.Random) -> str:
    """A value of a text; strings of users stand in quotes now and then."""
    if kind == "reason":
        return rng.choice(of_split(REASONS, "train"))
    if kind != "value":
        return spoken(sample(kind, rng, "train"))
    value = spoken(sample(rng.choice(VALUES), rng, "train"))
    return f"'{value}'" if rng.random() < 0.6 else value
