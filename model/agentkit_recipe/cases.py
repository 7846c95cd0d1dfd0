"""Cases: a request over the tools in view, the calls that serve it, their results and the answer; or why there is none.

What cases hold, and how often, is stated in `Mix`. The tools are the catalogue's families or composed ones. Requests
that take several calls or several turns are put together in `turns`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from agentkit.messages import (
    AssistantMessage,
    Message,
    TextPart,
    ToolCallPart,
    ToolDefinition,
    ToolMessage,
    ToolResult,
    UserMessage,
)

from . import families, registers
from .answers import plain_answer
from .catalogue import CLASHES, KNOWN, OPEN_ENDED, TRAINED
from .common import AFTER, BEFORE
from .composed import Asked, Composed, compose_set
from .failures import failure
from .families import Family
from .phrases import CHITCHAT, REFUSALS, UNSERVED
from .values import pseudo_word, sample


@dataclass(frozen=True)
class Mix:
    """The shares of what a pack holds."""

    tools_in_view: tuple[int, ...] = (28, 34, 22, 9, 5, 2)  # weights of one to six tools
    usual_names: float = 0.36  # a tool under its usual name and keys
    invented_names: float = 0.42  # under random words; the rest under synonyms
    bare_parameters: float = 0.35  # tools whose parameters have no descriptions
    nullable: float = 0.4  # optional parameters that may be null
    instructions: float = 0.3
    earlier_exchanges: tuple[int, ...] = (60, 16, 12, 7, 5)  # weights of none to four before the request
    no_tool_fits: float = 0.3
    chitchat: float = 0.05
    failed: float = 0.1  # training calls of families' tools whose result is an error
    by_description: float = 0.2  # training requests in the very words of a tool's description
    asides: float = 0.08  # something beside the request, before it or after it
    other_registers: float = 0.25  # training requests with context before them, or misspelt
    composed: float = 0.24  # packs of composed tools
    everyday: float = 0.55  # of the other packs, those that draw on all families there are; the rest on the known ones
    families_beside: float = 0.25  # of the tools in view there, those of the catalogue's families
    pairs: float = 0.28  # packs in which most requests are for tools that take two values of one kind
    pair_names: tuple[float, float] = (0.4, 0.35)  # there, tools under their usual names and under random words
    pair_requests: float = 0.7  # there, requests for such a tool
    near_misses: float = 0.7  # of the requests that no composed tool fits, those for a composed tool kept out of view
    several_calls: float = 0.25  # of the requests that are served, where the tools allow it: two or three in one
    asked_back: float = 0.08  # a required value is missing, and is asked for
    given_later: float = 0.1  # in packs with answers: and is given in the turn after that
    follow_up: float = 0.15  # there, too: the turn before, but for one value
    chained: float = 0.12  # there, too: the result of one call is an argument of the next


HELD_OUT_MIX = Mix(invented_names=0.45, bare_parameters=0.15, nullable=0.0, no_tool_fits=0.2, asides=0.0, everyday=0.75)
"""Of the held-out cases, which stay as they are when the training's mix changes."""

INSTRUCTIONS = (
    "You are a helpful assistant.",
    "You are a helpful assistant. Answer in one sentence.",
    "You help people at home.",
    "Use the tools to answer.",
    "Be brief.",
)
OPENERS = ("", "", "", "", "", "please ", "can you ", "could you ", "hey, ", "hi, ", "I want you to ", "would you ")
QUESTION_WORDS = ("what", "how", "is", "are", "when", "who", "where", "which", "do", "does", "will", "did", "any", "i ")


@dataclass(frozen=True)
class View:
    """A family's tool as one conversation shows it: its name, description and keys there."""

    family: Family
    definition: ToolDefinition
    keys: dict[str, str]  # the slot's usual key -> the key shown


class Shown(Protocol):
    """A tool as a conversation shows it."""

    @property
    def definition(self) -> ToolDefinition: ...


@dataclass(frozen=True)
class Call:
    """A call as it should be, and what comes of it."""

    view: Shown
    arguments: dict[str, Any]
    result: Any
    failed: bool = False  # the result is an error


@dataclass(frozen=True)
class Case:
    """A request and what should follow.

    prompt   what the user says
    rounds   the calls: those of one round are made side by side, in one reply, and the next round sees their results
    answer   the text after them; without rounds it is the whole reply
    history  the turns before
    """

    prompt: str
    rounds: tuple[tuple[Call, ...], ...]
    answer: str
    history: tuple[Message, ...] = ()

    @property
    def call(self) -> Call | None:
        """The first call, which in most cases is the only one; None where nothing is to be called."""
        return self.rounds[0][0] if self.rounds else None


def show(family: Family, rng: random.Random, names: str, split: str = "train", *, mix: Mix = HELD_OUT_MIX) -> View:
    """`family` as a tool; `names` is "usual", "synonym" or "invented"."""
    bare = rng.random() < mix.bare_parameters
    if names == "usual":
        name, about = family.names[0], family.about[0]
    else:
        name, about = rng.choice(family.names), rng.choice(family.about)
    if names == "invented":
        name = invented_name(rng, split)
    keys: dict[str, str] = {}
    properties: dict[str, Any] = {}
    for slot in family.slots:
        key = slot.key[0]
        if names == "synonym":
            key = rng.choice(slot.key)
        while names == "invented" and (key in properties or key == slot.key[0]):
            key = invented_name(rng, split)
        if key in properties:
            key = slot.key[0]
        keys[slot.key[0]] = key
        schema: dict[str, Any] = {"type": slot.json_type}
        if slot.json_type == "array":
            schema["items"] = {"type": "string"}
        if not bare:
            schema["description"] = slot.about[0] if names == "usual" else rng.choice(slot.about)
        if slot.choices and slot.json_type == "string":
            schema["enum"] = list(slot.choices)
        if slot.optional and mix.nullable and rng.random() < mix.nullable:  # held-out cases take no draw for it
            schema = {**schema, "type": [slot.json_type, "null"]}
        properties[key] = schema
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    required = [keys[slot.key[0]] for slot in family.slots if not slot.optional]
    if required:
        parameters["required"] = required
    return View(family, ToolDefinition(name, about, parameters), keys)


def invented_name(rng: random.Random, split: str) -> str:
    """One or two random words, real or made up, such as a tool or a key may be called that nobody has seen."""
    words = []
    for _ in range(rng.choice((1, 1, 2))):
        word = str(sample("word", rng, split)).lower() if rng.random() < 0.5 else pseudo_word(rng, split)
        words.append("".join(filter(str.isalpha, word))[:8])
    return "_".join(words)


def ask(view: View, rng: random.Random, split: str) -> Case:
    """A request for the view's tool with values of `split`."""
    family = view.family
    phrase = rng.choice(family.asks)
    if split == "train" and rng.random() < Mix.by_description:
        slots = " ".join(f"{{{slot.key[0]}}}" for slot in family.slots if not slot.optional)
        about = view.definition.description.rstrip(".")
        phrase = about[0].lower() + about[1:] + (f": {slots}" if slots else "")
    drawn = families.draw(family, phrase, rng, split)
    arguments = families.arguments_of(drawn)
    result = families.make_result(family, arguments, rng, split)
    failed = split == "train" and rng.random() < Mix.failed
    result = failure(rng, split) if failed else result
    if split == "train" and rng.random() < Mix.other_registers:
        prompt = families.request(registers.finish(phrase, rng, asks=phrase.startswith(QUESTION_WORDS)), drawn)
    else:
        prompt = dressed(phrase, drawn, rng, split)
    call = Call(view, {view.keys[key]: value for key, value in arguments.items()}, result, failed)
    return Case(prompt, ((call,),), plain_answer(result, failed=failed))


def dressed(phrase: str, drawn: Mapping[str, Any], rng: random.Random, split: str) -> str:
    """The request in a phrasing, with the values drawn for it, in some register."""
    says_what_to_do = split != "train" or phrase.split()[0].lower() in registers.IMPERATIVES
    return dress(families.request(phrase, drawn), rng, openers=OPENERS if says_what_to_do else ())


def dress(text: str, rng: random.Random, *, openers: Sequence[str] = OPENERS) -> str:
    """The same request in another register: an opener, an end, a capital."""
    question = text.lower().startswith(QUESTION_WORDS)
    if openers and not question:
        text = rng.choice(openers) + text
        if openers and rng.random() < 0.1:
            text += " please"
    if rng.random() < 0.5:
        text = text[0].upper() + text[1:]
    end = "?" if question or text.lower().startswith(("can you", "could you", "would you")) else "."
    return text + end if rng.random() < 0.55 else text


def with_aside(case: Case, rng: random.Random, split: str) -> Case:
    """The case with something before the request, or behind it, that has nothing to do with it."""
    prompt = case.prompt
    if rng.random() < 0.4:
        end = "" if prompt.endswith((".", "?", "!")) else rng.choice((".", ".", "!", ","))
        return replace(case, prompt=f"{prompt}{end} {fill(rng.choice(AFTER), rng, split)}")
    before = fill(rng.choice(BEFORE), rng, split)
    first, _, rest = prompt.partition(" ")
    values = str([call.arguments for calls in case.rounds for call in calls])
    if not before.endswith((".", "?", "!")) and first != "I" and first not in values:
        first = first.lower()
    return replace(case, prompt=f"{before[0].upper()}{before[1:]} {first} {rest}".rstrip())


def unserved(views: Sequence[View], rng: random.Random, split: str) -> Case:
    """A request that none of `views` can serve."""
    shown = {view.family.name for view in views}
    others = [family for family in KNOWN if family.name not in shown and not clash(family, shown)]
    if rng.random() < 0.6 and not shown & OPEN_ENDED:
        prompt = ask(show(rng.choice(others), rng, "usual"), rng, split).prompt
    else:
        prompt = dress(fill(rng.choice(UNSERVED), rng, split), rng)
    return Case(prompt, (), REFUSALS[0])


def fill(phrase: str, rng: random.Random, split: str) -> str:
    """`phrase` with a value of the named kind in each placeholder."""
    return re.sub(r"\{(\w+)\}", lambda match: families.spoken(sample(match[1], rng, split)), phrase)


def clash(family: Family, shown: set[str]) -> bool:
    """Whether one of the shown families could serve this family's requests."""
    return not shown.isdisjoint(CLASHES.get(family.name, ()))


def chat(rng: random.Random) -> Case:
    prompt, answer = rng.choice(CHITCHAT)
    return Case(dress(prompt, rng, openers=()), (), answer)


def choose_views(
    pool: Sequence[Family],
    rng: random.Random,
    mix: Mix,
    names: str | None = None,
    split: str = "train",
    *,
    certain: Sequence[Family] = (),
) -> list[View]:
    """The tools in view: distinct families under distinct names, those that are `certain` first."""
    count = rng.choices(range(1, len(mix.tools_in_view) + 1), mix.tools_in_view)[0]
    views: list[View] = []
    for family in [*certain, *(family for family in rng.sample(list(pool), 12) if family not in certain)]:
        if len(views) == count:
            break
        if clash(family, {view.family.name for view in views}):
            continue
        kind = names
        if kind is None:
            draw_ = rng.random()
            kind = "usual" if draw_ < mix.usual_names else "invented" if draw_ > 1 - mix.invented_names else "synonym"
        view = show(family, rng, kind, split, mix=mix)
        if all(view.definition.name != other.definition.name for other in views):
            views.append(view)
    return views


def case_of(tool: Shown, asked: Asked) -> Case:
    return Case(asked.prompt, ((Call(tool, asked.arguments, asked.result, asked.failed),),), asked.answer)


# -- scenes ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """The tools in view, and composed ones kept out of view whose requests are to be refused."""

    views: Sequence[View | Composed]
    hidden: Sequence[Composed] = ()

    def case(self, rng: random.Random, split: str, mix: Mix) -> Case:
        """Small talk, a request that none of the tools fits, or one that one of them does."""
        kind = rng.random()
        if mix.no_tool_fits <= kind < mix.no_tool_fits + mix.chitchat:
            return chat(rng)
        case = self.unserved(rng, split, mix) if kind < mix.no_tool_fits else self.served(rng, split)
        beside = mix.asides and rng.random() < mix.asides  # held-out cases take no draw for it
        return with_aside(case, rng, split) if beside else case

    def served(self, rng: random.Random, split: str) -> Case:
        """A request for one of the tools that takes one call."""
        return self.request(rng.choice(self.views), rng, split)

    def request(self, view: View | Composed, rng: random.Random, split: str) -> Case:
        """A request for `view`."""
        if isinstance(view, View):
            return ask(view, rng, split)
        return case_of(view, view.ask(rng, split, self.others(view)))

    def others(self, tool: Composed) -> list[Composed]:
        """The composed tools but for this one, in view or not."""
        return [o for o in (*self.views, *self.hidden) if isinstance(o, Composed) and o is not tool]

    def unserved(self, rng: random.Random, split: str, mix: Mix) -> Case:
        if self.hidden and rng.random() < mix.near_misses:
            missing = rng.choice(self.hidden)
            return Case(missing.ask(rng, split, self.others(missing)).prompt, (), REFUSALS[0])
        composed = [view for view in self.views if isinstance(view, Composed)]
        while True:
            case = unserved([view for view in self.views if isinstance(view, View)], rng, split)
            words = set(re.findall(r"[a-z]+", case.prompt.lower()))
            if not any(view.vocabulary & words for view in composed):
                return case


@dataclass(frozen=True)
class Paired(Scene):
    """Tools of which some take two values of one kind; most requests are for those."""

    share: float = 0.7

    def served(self, rng: random.Random, split: str) -> Case:
        pairs = [view for view in self.views if takes_pair(view)]
        return self.request(rng.choice(pairs if pairs and rng.random() < self.share else self.views), rng, split)


def takes_pair(view: View | Composed) -> bool:
    """Whether a tool takes two values of one kind: which is which, only the words around them say."""
    return has_pair(view.family) if isinstance(view, View) else any(len(part.paths) == 2 for part in view.parts)


def has_pair(family: Family) -> bool:
    kinds = [re.sub("_(from|to)$", "", slot.kind) for slot in family.slots if not slot.choices]
    return len(set(kinds)) < len(kinds)


PAIRED = tuple(family for family in TRAINED if has_pair(family))


def choose_scene(rng: random.Random, mix: Mix) -> Scene:
    """The tools of a training pack."""
    pairs = rng.random() < mix.pairs
    if pairs and rng.random() < mix.composed:
        scene = composed_scene(rng, mix, pool=TRAINED)
        return Paired(scene.views, scene.hidden, mix.pair_requests)
    if pairs:
        usual, invented = mix.pair_names
        mix = replace(mix, usual_names=usual, invented_names=invented)
        views = choose_views(TRAINED, rng, mix, certain=[rng.choice(PAIRED)])
        rng.shuffle(views)
        return Paired(views, share=mix.pair_requests)
    if rng.random() < mix.composed:
        return composed_scene(rng, mix, pool=TRAINED)
    return Scene(choose_views(TRAINED if rng.random() < mix.everyday else KNOWN, rng, mix))


def composed_scene(rng: random.Random, mix: Mix, split: str = "train", *, pool: Sequence[Family] = KNOWN) -> Scene:
    """Composed tools in view, one or two of their set out of view, and families' tools among them."""
    count = rng.choices(range(1, len(mix.tools_in_view) + 1), mix.tools_in_view)[0]
    tools = compose_set(rng, count + rng.choice((1, 2)), split)
    views: list[View | Composed] = [*tools[:count]]
    for place, family in enumerate(rng.sample(pool, count - 1)):
        words = frozenset(" ".join(family.names).replace("_", " ").split())
        shown = {view.family.name for view in views if isinstance(view, View)}
        apart = not any(words & tool.vocabulary for tool in tools) and not clash(family, shown)
        apart = apart and family.name not in OPEN_ENDED
        if rng.random() < mix.families_beside and apart:
            views[place] = show(family, rng, rng.choice(("usual", "synonym", "invented")), split, mix=mix)
    rng.shuffle(views)
    return Scene(views, tools[count:])


def exchange(case: Case) -> list[Message]:
    """`case` as a finished exchange of the history."""
    messages: list[Message] = [*case.history, UserMessage(case.prompt)]
    for calls in case.rounds:
        parts = [ToolCallPart(call.view.definition.name, call.arguments, str(i)) for i, call in enumerate(calls)]
        messages += [AssistantMessage(tuple(parts)), results(calls)]
    return [*messages, AssistantMessage((TextPart(case.answer),))]


def results(calls: Sequence[Call]) -> ToolMessage:
    """What came of the calls of one round."""
    return ToolMessage(
        tuple(
            ToolResult(str(i), call.view.definition.name, call.result, is_error=call.failed)
            for i, call in enumerate(calls)
        )
    )
