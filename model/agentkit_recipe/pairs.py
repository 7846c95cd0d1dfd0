"""Drills in telling two values of one kind apart.

Which of two cities is the origin, only the words around them say: "from", "to", "into", and their order. Of whole
requests too few turn on that for it to be learned soon. So a pack of drills has one tool that takes two such values,
and many short requests, of which nothing else matters.
"""

from __future__ import annotations

import random
from typing import Any

from agentkit.messages import ToolDefinition

from .cases import Call, Case, View, dress, invented_name
from .families import Family, arguments_of, request
from .tables import family, slot
from .values import sample

KINDS = "city city city unit unit currency currency language word person folder code time date team color item".split()
KEYS = (  # keys and descriptions of where something starts, and where it ends; {n} is the kind
    ("from_{n}", "to_{n}", "The {n} to start from.", "The {n} to end with."),
    ("from_{n}", "to_{n}", "The {n} to convert from.", "The {n} to convert to."),
    ("source", "target", "The {n} it is now.", "The {n} it shall be."),
    ("source_{n}", "target_{n}", "The source.", "The target."),
    ("origin", "destination", "Where it starts.", "Where it ends."),
    ("start", "end", "The {n} at the start.", "The {n} at the end."),
    ("old", "new", "The old {n}.", "The new {n}."),
    ("old_{n}", "new_{n}", "What it is now.", "What it shall be."),
    ("base", "quote", "The {n} one has.", "The {n} one wants."),
    ("have", "want", "The {n} one has.", "The wanted {n}."),
    ("before", "after", "The {n} before.", "The {n} behind."),
    ("giver", "taker", "Which {n} gives.", "Which {n} takes."),
)
SAID = (
    "from {0} to {1}|{0} to {1}|to {1} from {0}|from {0} into {1}|{0} into {1}|out of {0} into {1}|{1} from {0}"
    "|I have {0} and want {1}|turn {0} into {1}|change {0} to {1}|convert {0} to {1}|starting with {0}, ending with {1}"
    "|go to {1} from {0}|replace {0} by {1}|{1} instead of {0}|get me from {0} to {1}|to {1}, starting from {0}"
    "|I am at {0} and need {1}|it is {0} and shall be {1}|how do I get from {0} to {1}|move from {0} to {1}"
).split("|")
COUNTED = (
    "{2} {0} to {1}|convert {2} {0} to {1}|how many {1} are {2} {0}|how much is {2} {0} in {1}|what is {2} {0} in {1}"
    "|{2} {0} in {1}|turn {2} {0} into {1}|change {2} {0} to {1}|from {0} to {1}, {2}|{2} from {0} to {1}"
    "|to {1} from {0}, {2}|I have {2} {0} and want {1}"
).split("|")


def drill(rng: random.Random, count: int) -> tuple[ToolDefinition, list[Case]]:
    """A tool, and so many requests for it."""
    kind = rng.choice(KINDS)
    counted = rng.random() < 0.4
    keys = [text.format(n=kind) for text in rng.choice(KEYS)]
    usual = rng.random() < 0.6
    first, second = keys[:2] if usual else (invented_name(rng, "train"), invented_name(rng, "train"))
    if first == second:
        second += "_too"
    ends: dict[str, Any] = {
        first: {"type": "string", "description": keys[2]},
        second: {"type": "string", "description": keys[3]},
    }
    if usual and rng.random() < 0.3:
        for schema in ends.values():
            del schema["description"]
    number = {rng.choice(("value", "amount", "sum", "count")): {"type": "number", "description": "How much."}}
    properties = {**number, **ends} if counted else ends
    if rng.random() < 0.2:
        properties = dict(reversed(properties.items()))
    name = (
        invented_name(rng, "train") if rng.random() < 0.5 else rng.choice(("convert", "change", "go", "move", "swap"))
    )
    about = "Convert from one to the other." if counted else "Go from one to the other."
    tool = ToolDefinition(name, about, {"type": "object", "properties": properties, "required": list(properties)})
    view = View(_ANY, tool, {})
    return tool, [_case(view, rng, kind, first, second, *number if counted else ()) for _ in range(count)]


def _case(view: View, rng: random.Random, kind: str, first: str, second: str, *number: str) -> Case:
    drawn: dict[str, Any] = {"0": sample(kind, rng, "train")}
    while True:
        drawn["1"] = sample(kind, rng, "train")
        if arguments_of(drawn)["0"] != arguments_of(drawn)["1"]:
            break
    if number:
        drawn["2"] = sample("number", rng, "train")
    prompt = dress(request(rng.choice(COUNTED if number else SAID), drawn), rng)
    found = arguments_of(drawn)
    arguments = {first: found["0"], second: found["1"], **{key: found["2"] for key in number}}
    ordered = {key: arguments[key] for key in view.definition.parameters["properties"]}
    return Case(prompt, ((Call(view, ordered, "ok"),),), "")


_ANY: Family = family("pair a_pair two_ends", "Any.|Any.|Any.", (slot("one", "word", "One.|One."),), "{one}", "ok")
