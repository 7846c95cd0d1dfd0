"""Requests that take more than one call or more than one turn.

    several_calls  two or three requests in one, served by calls side by side
    asked_back     a required value is missing: the reply asks for it, in the words of the declaration
    given_later    and the next turn gives it
    follow_up      the call of the turn before once more, but for one value
    chained        the result of one call is an argument of the next, in the same turn or in the one after

Each takes a scene and gives a case, or None where the scene's tools don't allow it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from agentkit.messages import AssistantMessage, TextPart, UserMessage

from . import families
from .answers import plain_answer
from .cases import Call, Case, Mix, Scene, View, case_of, dressed, exchange
from .composed import Composed, filled, put
from .parameters import Part, Told
from .values import Said

JOINTS = (" and ", " and ", ", and ", " and then ", ", then ", ". Then ", ". Also, ", "; ", " and also ")
AGAIN = (
    "and {x}",
    "and {x}",
    "now {x}",
    "the same {x}",
    "once more, but {x}",
    "again {x}",
    "and now {x}",
    "this time {x}",
)
REFERENCES = ("it", "that", "the result", "what you find", "that {n}", "this {n}", "the {n}")
WRITTEN = frozenset("text message note query title topic word".split())
"""The kinds of values that a result of any kind may be."""
PREPOSITIONS = tuple(f"{word} " for word in "for in at on from with to by about of into".split())
THREE = 0.15  # of the requests for several calls, those for three
SAME_TURN = 0.6  # of the chained calls, those that follow each other in one turn

Maker: TypeAlias = Callable[[Scene, random.Random, str], Case | None]


# -- several calls -----------------------------------------------------------------------------------------------------


def several_calls(scene: Scene, rng: random.Random, split: str) -> Case | None:
    """Two or three requests in one sentence, for different tools or for one of them with different values."""
    cases: list[Case] = []
    calls: list[Call] = []
    count = 3 if rng.random() < THREE else 2
    for _ in range(4 * count):
        case = scene.served(rng, split)
        (call,) = case.rounds[0]
        twice = any(call.view is other.view and call.arguments == other.arguments for other in calls)
        if twice or (len(cases) + 1 < count and ends_open(case.prompt, call)):
            continue
        cases.append(case)
        calls.append(call)
        if len(cases) == count:
            prompt = joined([case.prompt for case in cases], rng)
            return Case(prompt, (tuple(calls),), " ".join(case.answer for case in cases))
    return None


def ends_open(prompt: str, call: Call) -> bool:
    """Whether the request ends with a value that words behind it might be taken for a part of."""
    ends = [value for value in leaves(call.arguments) if plain_end(prompt).endswith(value)]
    return any(" " in value for value in ends) or any(isinstance(v, list) for v in call.arguments.values())


def leaves(value: Any) -> list[str]:
    """The strings in a JSON value."""
    if isinstance(value, Mapping):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value] if isinstance(value, str) else []


def joined(prompts: list[str], rng: random.Random) -> str:
    """Several requests as one."""
    text, last = prompts[0], prompts[-1]
    for prompt in prompts[1:-1]:
        text = f"{plain_end(text)}, {lower(prompt)}"
    joint = rng.choice(JOINTS)
    return plain_end(text) + joint + (last if joint.startswith(". Then") and rng.random() < 0.2 else lower(last))


def plain_end(prompt: str) -> str:
    return prompt.rstrip(".?")


def lower(prompt: str) -> str:
    """Without its capital, unless the first word has one anyway."""
    first = prompt.split()[0]
    return prompt if first in ("I", "AM", "PM") or not first[1:].islower() else prompt[0].lower() + prompt[1:]


# -- missing values ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Incomplete:
    """A request without a value that its call needs, how the value is asked for and given, and the whole call."""

    prompt: str
    question: str
    given: str
    case: Case  # the request with the value in it: its call, result and answer


def asked_back(scene: Scene, rng: random.Random, split: str) -> Case | None:
    found = incomplete(scene, rng, split)
    return Case(found.prompt, (), found.question) if found else None


def given_later(scene: Scene, rng: random.Random, split: str) -> Case | None:
    found = incomplete(scene, rng, split)
    if found is None:
        return None
    history = UserMessage(found.prompt), AssistantMessage((TextPart(found.question),))
    return replace(found.case, prompt=found.given, history=history)


def incomplete(scene: Scene, rng: random.Random, split: str) -> Incomplete | None:
    views = list(scene.views)
    rng.shuffle(views)
    for view in views:
        found = of_family(view, rng, split) if isinstance(view, View) else of_composed(view, scene, rng, split)
        if found is not None:
            return found
    return None


def of_family(view: View, rng: random.Random, split: str) -> Incomplete | None:
    cut = endings(view.family)
    if not cut:
        return None
    phrase, slot, left = rng.choice(cut)
    drawn = families.draw(view.family, phrase, rng, split)
    case = of_values(view, drawn, rng, split)
    key = view.keys[slot.key[0]]
    return Incomplete(
        prompt=dressed(left, drawn, rng, split),
        question=question(view.definition.parameters["properties"], [key]),
        given=ending(families.spoken(drawn[slot.key[0]]), rng),
        case=case,
    )


def endings(family: families.Family) -> list[tuple[str, families.Slot, str]]:
    """The family's phrasings that end with a value that has to be there: phrasing, slot, and what stands before."""
    return [
        (phrase, slot, left)
        for phrase in family.asks
        for slot in family.slots
        if not slot.optional and slot.json_type != "boolean" and (left := families.without(phrase, slot.key[0]))
    ]


def of_values(view: View, drawn: Mapping[str, Any], rng: random.Random, split: str, prompt: str = "") -> Case:
    """The case of the values drawn for a request, whose words are still to come or given."""
    arguments = families.arguments_of(drawn)
    result = families.make_result(view.family, arguments, rng, split)
    call = Call(view, {view.keys[key]: value for key, value in arguments.items()}, result)
    return Case(prompt, ((call,),), plain_answer(result))


def of_composed(tool: Composed, scene: Scene, rng: random.Random, split: str) -> Incomplete | None:
    required = set(tool.definition.parameters.get("required", ()))
    parts = [part for part in tool.parts if required >= set(part.properties) and not said_as_a_flag(part)]
    if not parts:
        return None
    part = rng.choice(parts)
    asked = tool.ask(rng, split, scene.others(tool), without=part)
    words, values = part.say(rng, split)
    arguments = dict(asked.arguments)
    put(arguments, part, values)
    call = Call(tool, tool.in_order(arguments), asked.result, asked.failed)
    bare = len(values) == 1 and rng.random() < 0.5
    return Incomplete(
        prompt=asked.prompt,
        question=question(tool.definition.parameters["properties"], list(part.properties)),
        given=ending(families.spoken(values[0]) if bare else filled(words.lstrip(": "), values), rng),
        case=Case("", ((call,),), asked.answer),
    )


def said_as_a_flag(part: Part) -> bool:
    """Whether the part is yes or no, which nobody misses."""
    return any(schema.get("type") == "boolean" for schema in part.properties.values())


def question(properties: Mapping[str, Any], keys: list[str]) -> str:
    """How missing values are asked for: in the words of their declarations."""
    return f"Please tell me {' and '.join(described(key, properties[key]) for key in keys)}."


def described(key: str, schema: Mapping[str, Any]) -> str:
    """A parameter in the words of its description, or by its key."""
    about = str(schema.get("description", "")).split(". ")[0].rstrip(".")
    return about[0].lower() + about[1:] if about else f"the {key.replace('_', ' ')}"


def ending(text: str, rng: random.Random) -> str:
    """A short reply, with a full stop now and then."""
    return text + "." if rng.random() < 0.3 and not text.endswith(".") else text


# -- turns that lean on earlier ones -----------------------------------------------------------------------------------


def follow_up(scene: Scene, rng: random.Random, split: str) -> Case | None:
    """A request, its call and answer, and then the same with another value."""
    tools = [view for view in scene.views if may_be_followed(view)]
    if not tools:
        return None
    tool = rng.choice(tools)
    if isinstance(tool, View):
        return again_of_family(tool, rng, split)
    part = rng.choice([part for part in tool.parts if leads(part)])
    first = tool.ask(rng, split, scene.others(tool), told=(part, told(part, rng, split)))
    again = tool.ask(rng, split)  # its result and answer
    words, values = told(part, rng, split)
    arguments = dict(first.arguments)
    put(arguments, part, values)
    if arguments == first.arguments:
        return None
    call = Call(tool, tool.in_order(arguments), again.result, again.failed)
    prompt = ending(rng.choice(AGAIN).replace("{x}", filled(words, values)), rng)
    return Case(prompt, ((call,),), again.answer, tuple(exchange(case_of(tool, first))))


def may_be_followed(view: View | Composed) -> bool:
    """Whether a request for the tool can be made once more by saying one value of it."""
    return bool(followed(view.family)) if isinstance(view, View) else any(map(leads, view.parts))


def followed(family: families.Family) -> list[tuple[str, families.Slot, str]]:
    """The endings of the family's phrasings that can stand alone behind "and": "in {city}"."""
    found = [(phrase, slot, phrase.removeprefix(left).lstrip(" ,:")) for phrase, slot, left in endings(family)]
    return [(phrase, slot, words) for phrase, slot, words in found if words.startswith(PREPOSITIONS)]


def again_of_family(view: View, rng: random.Random, split: str) -> Case | None:
    phrase, slot, words = rng.choice(followed(view.family))
    drawn = families.draw(view.family, phrase, rng, split)
    other = families.redraw(view.family, drawn, slot, rng, split)
    before = of_values(view, drawn, rng, split, dressed(phrase, drawn, rng, split))
    after = of_values(view, other, rng, split)
    if before.call is None or after.call is None or before.call.arguments == after.call.arguments:
        return None
    prompt = ending(rng.choice(AGAIN).replace("{x}", families.request(words, other)), rng)
    return replace(after, prompt=prompt, history=tuple(exchange(before)))


def leads(part: Part) -> bool:
    """Whether the part is one value that is no free text, said behind words that lead to it."""
    return len(part.paths) == 1 and len(part.paths[0]) == 1 and not part.last and not said_as_a_flag(part)


def told(part: Part, rng: random.Random, split: str) -> Told:
    """What is said of the part, in words that can stand alone behind "and"."""
    while True:
        words, values = part.say(rng, split)
        if words.startswith(("for ", "in ", "at ", "on ", "from ", "with ", "to ", "by ", "{")):
            return words, values
        if not words.startswith((":", "and ", "but ")) and rng.random() < 0.2:
            return words, values


def chained(scene: Scene, rng: random.Random, split: str) -> Case | None:
    """A request whose result the next call needs: "look up the owner of X and book a room for them"."""
    sources = [view for view in scene.views if tells_a_value(view)]
    takers = [(view, gap) for view in scene.views for gap in gaps(view)]
    pairs = [(source, tool, gap) for source in sources for tool, gap in takers if tool is not source]
    if not pairs:
        return None
    source, taker, gap = rng.choice(pairs)
    first = scene.request(source, rng, split)
    assert first.call is not None
    if first.call.failed or not isinstance(first.call.result, str):
        return None
    if isinstance(taker, View):
        then = with_reference(taker, gap, Said(reference(source, rng), first.call.result), rng, split)
    else:
        words, _ = told(gap, rng, split)
        said = (words, (Said(reference(source, rng), first.call.result),))
        then = case_of(taker, taker.ask(rng, split, scene.others(taker), told=(gap, said)))
    if rng.random() < SAME_TURN:
        return Case(joined([first.prompt, then.prompt], rng), first.rounds + then.rounds, then.answer)
    return replace(then, history=tuple(exchange(first)))


def tells_a_value(view: View | Composed) -> bool:
    """Whether the tool's result is one value, no list and no object."""
    if isinstance(view, Composed):
        return view.result == "value"
    return " = " not in view.family.result and not view.family.result.startswith("* ")


def gaps(view: View | Composed) -> list[Any]:
    """What a result may be put into: slots of a family's tool, parts of a composed one."""
    if isinstance(view, View):
        return [slot for slot in view.family.slots if slot.kind in WRITTEN and slot.json_type == "string"]
    return [part for part in view.parts if leads(part) and is_text(part)]


def reference(source: View | Composed, rng: random.Random) -> str:
    """How a result is spoken of before it is there."""
    if isinstance(source, View):
        return rng.choice([words for words in REFERENCES if "{n}" not in words])
    return rng.choice(REFERENCES).replace("{n}", source.deed.words[0])


def with_reference(view: View, slot: families.Slot, said: Said, rng: random.Random, split: str) -> Case:
    """A request for the view's tool in which a value is spoken of, and not said."""
    key = slot.key[0]
    phrase = rng.choice([phrase for phrase in view.family.asks if f"{{{key}}}" in phrase])
    drawn = {**families.draw(view.family, phrase, rng, split), key: said}
    return of_values(view, drawn, rng, split, dressed(phrase, drawn, rng, split))


def is_text(part: Part) -> bool:
    (schema,) = part.properties.values()
    return schema.get("type") == "string" and "enum" not in schema


MAKERS: dict[str, Maker] = {
    "several": several_calls,
    "missing": asked_back,
    "later": given_later,
    "follow_up": follow_up,
    "chained": chained,
}


def case(scene: Scene, rng: random.Random, split: str, mix: Mix) -> Case:
    """A case of any kind: those of this module take their shares of the requests that the scene's tools serve."""
    plain = scene.case(rng, split, mix)
    if plain.call is None:
        return plain
    shares = (mix.several_calls, mix.asked_back, mix.given_later, mix.follow_up, mix.chained)
    chosen = rng.choices([None, *MAKERS.values()], [1 - sum(shares), *shares])[0]
    return (chosen(scene, rng, split) if chosen else None) or plain
