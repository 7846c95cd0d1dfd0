"""Conversations to learn from: tool declarations, a request, a call, its result, an answer.

A *pack* is one set of declarations (the prefix) with several requests over it (the branches), each with canvases to
fill. Every pack follows from its key alone. What the conversations hold, and how often, is stated in `Mix`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentkit.dialects.gemma4 import Gemma4
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolDefinition,
    ToolMessage,
    ToolResult,
    UserMessage,
)

from . import families
from .catalogue import CLASHES, HELD_OUT, KNOWN, OPEN_ENDED
from .families import Family
from .phrases import CHITCHAT, REFUSALS, UNSERVED
from .values import pseudo_word, sample

DATA_VERSION = 1


@dataclass(frozen=True)
class Mix:
    """The shares of what a pack holds."""

    tools_in_view: tuple[int, ...] = (28, 34, 22, 9, 5, 2)  # weights of one to six tools
    usual_names: float = 0.15  # a tool under its usual name and keys
    invented_names: float = 0.7  # under random words; the rest under synonyms
    bare_parameters: float = 0.15  # tools whose parameters have no descriptions
    instructions: float = 0.3
    earlier_exchange: float = 0.12
    no_tool_fits: float = 0.2
    chitchat: float = 0.05
    by_description: float = 0.2  # training requests in the very words of a tool's description


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


@dataclass(frozen=True)
class Case:
    """A request and what should follow. `call` is None when no tool is to be called; then `answer` is the whole
    reply."""

    prompt: str
    view: View | None
    arguments: dict[str, Any] | None
    result: Any
    answer: str


@dataclass(frozen=True)
class CanvasTarget:
    anchor: int
    target: list[int]


@dataclass(frozen=True)
class Branch:
    tokens: list[int]
    canvases: list[CanvasTarget]


@dataclass(frozen=True)
class Pack:
    prefix: list[int]
    branches: list[Branch]


# -- what is said ------------------------------------------------------------------------------------------------------


def show(family: Family, rng: random.Random, names: str, split: str = "train") -> View:
    """`family` as a tool; `names` is "usual", "synonym" or "invented"."""
    bare = rng.random() < Mix.bare_parameters
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
    return Case(
        prompt=dress(families.request(phrase, drawn), rng),
        view=view,
        arguments={view.keys[key]: value for key, value in arguments.items()},
        result=result,
        answer=families.answer(family.answers[0], drawn, result),
    )


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


def unserved(views: Sequence[View], rng: random.Random, split: str) -> Case:
    """A request that none of `views` can serve."""
    shown = {view.family.name for view in views}
    others = [family for family in KNOWN if family.name not in shown and not clash(family, shown)]
    if rng.random() < 0.6 and not shown & OPEN_ENDED:
        prompt = ask(show(rng.choice(others), rng, "usual"), rng, split).prompt
    else:
        prompt = dress(fill(rng.choice(UNSERVED), rng, split), rng)
    return Case(prompt, None, None, None, REFUSALS[0])


def fill(phrase: str, rng: random.Random, split: str) -> str:
    """`phrase` with a value of the named kind in each placeholder."""
    return re.sub(r"\{(\w+)\}", lambda match: families.spoken(sample(match[1], rng, split)), phrase)


def clash(family: Family, shown: set[str]) -> bool:
    """Whether one of the shown families could serve this family's requests."""
    return any(family.name in group and shown & group for group in CLASHES)


def chat(rng: random.Random) -> Case:
    prompt, answer = rng.choice(CHITCHAT)
    return Case(dress(prompt, rng, openers=()), None, None, None, answer)


def choose_views(
    pool: Sequence[Family], rng: random.Random, mix: Mix, names: str | None = None, split: str = "train"
) -> list[View]:
    """The tools in view: distinct families under distinct names."""
    count = rng.choices(range(1, len(mix.tools_in_view) + 1), mix.tools_in_view)[0]
    views: list[View] = []
    for family in rng.sample(list(pool), 12):
        if len(views) == count:
            break
        if clash(family, {view.family.name for view in views}):
            continue
        kind = names
        if kind is None:
            draw_ = rng.random()
            kind = "usual" if draw_ < mix.usual_names else "invented" if draw_ > 1 - mix.invented_names else "synonym"
        view = show(family, rng, kind, split)
        if all(view.definition.name != other.definition.name for other in views):
            views.append(view)
    return views


# -- as tokens ---------------------------------------------------------------------------------------------------------


class Writer:
    """Turns cases into tokens with the dialect that the model will be run with."""

    def __init__(self, tokenizer: Tokenizer, *, canvas_length: int, mix: Mix | None = None) -> None:
        self.dialect = Gemma4(tokenizer)
        self.canvas_length = canvas_length
        self.mix = mix or Mix()
        control = tokenizer.control
        self.pad, self.turn = control["<pad>"], control["<|turn>"]
        self.first_plain = max(control.values()) + 1  # the recipe's tokenizer has its control tokens in front

    def pack(self, key: str, *, branches: int, canvases: int, answers: bool = False, mix: Mix | None = None) -> Pack:
        """The pack of `key`. With `answers`, the last canvas of a served request is the answer to the tool's result."""
        rng = random.Random(f"{DATA_VERSION}/{key}")
        views = choose_views(KNOWN, rng, mix or self.mix)
        messages: list[Message] = []
        if rng.random() < self.mix.instructions:
            messages.append(SystemMessage(rng.choice(INSTRUCTIONS)))
        if rng.random() < self.mix.earlier_exchange:
            messages.extend(exchange(ask(rng.choice(views), rng, "train")))
        made = []
        for _ in range(branches):
            kind = rng.random()
            if kind < self.mix.no_tool_fits:
                case = unserved(views, rng, "train")
            elif kind < self.mix.no_tool_fits + self.mix.chitchat:
                case = chat(rng)
            else:
                case = ask(rng.choice(views), rng, "train")
            made.append(self.branch(case, canvases, answers=answers))
        return Pack(self.prefix(messages, views), made)

    def drill(self, key: str, *, branches: int, canvases: int) -> Pack:
        """Copying, and nothing else: requests made of random tokens, without declarations.

        Half say back the whole request, half the value that stands behind a key. Short and dense in what has to be
        copied, such packs form the attention that tool calls need long before tool calls themselves would.
        """
        rng = random.Random(f"{DATA_VERSION}/drill/{key}")
        encode = self.dialect.tokenizer.encode
        opening, closing = self.dialect.render_user("say")[:-2], self.dialect.render_user("")[-2:]
        made = []
        for _ in range(branches):
            if rng.random() < 0.5:
                wanted = self.random_tokens(rng, 2, 16)
                said = encode(" ") + wanted
            else:
                keys = [self.random_tokens(rng, 1, 2) for _ in range(rng.randint(2, 4))]
                values = [self.random_tokens(rng, 1, 5) for _ in keys]
                chosen = rng.randrange(len(keys))
                wanted = values[chosen]
                said = encode(" ") + keys[chosen]
                for name, value in zip(keys, values, strict=True):
                    said += encode(",") + name + encode(":") + value
            tokens = opening + said + closing + self.dialect.render_prompt()
            reply = [*wanted, closing[0]]
            made.append(Branch(tokens + reply, self.spots(len(tokens), reply) * canvases))
        return Pack(self.dialect.render_bos(), made)

    def random_tokens(self, rng: random.Random, least: int, most: int) -> list[int]:
        """Between `least` and `most` ids, any but control tokens."""
        return [
            rng.randrange(self.first_plain, self.dialect.tokenizer.vocab_size) for _ in range(rng.randint(least, most))
        ]

    def prefix(self, messages: Sequence[Message], views: Sequence[View]) -> list[int]:
        """Everything before the user's turn."""
        tokens = self.dialect.render([*messages, UserMessage("")], [view.definition for view in views])
        turns = [i for i, token in enumerate(tokens) if token == self.turn]
        return tokens[: turns[-2]]

    def branch(self, case: Case, canvases: int, *, answers: bool) -> Branch:
        """The user's turn and the reply, and canvases to fill after the user's turn, which don't see the reply."""
        tokens = self.dialect.render_user(case.prompt) + self.dialect.render_prompt()
        reply = self.reply(case)
        spots = self.spots(len(tokens), reply)
        if case.view is None or not answers:
            return Branch(tokens + reply, [spots[i % len(spots)] for i in range(canvases)])
        tokens = tokens + reply + self.response(case)
        answer = self.spots(len(tokens), self.dialect.render_answer(case.answer))
        shown = spots[: canvases - 1] + answer[:1]
        return Branch(tokens, [shown[i % len(shown)] for i in range(canvases)])

    def spots(self, start: int, reply: list[int]) -> list[CanvasTarget]:
        """`reply` cut into canvases, the last one filled with padding after the stop."""
        size = self.canvas_length
        pieces = [reply[i : i + size] for i in range(0, len(reply), size)]
        return [
            CanvasTarget(start + i * size, piece + [self.pad] * (size - len(piece))) for i, piece in enumerate(pieces)
        ]

    def reply(self, case: Case) -> list[int]:
        """What the model should write: the call and its stop, or the answer and its stop."""
        if case.view is None:
            return self.dialect.render_answer(case.answer)
        return self.dialect.render_call(case.view.definition.name, case.arguments or {}, stop=True)

    def response(self, case: Case) -> list[int]:
        """The tool's result, as it stands after the call's stop token."""
        assert case.view is not None
        return self.dialect.render_response(ToolResult("0", case.view.definition.name, case.result), opened=True)


def exchange(case: Case) -> list[Message]:
    """`case` as a finished exchange of the history."""
    assert case.view is not None
    name = case.view.definition.name
    return [
        UserMessage(case.prompt),
        AssistantMessage((ToolCallPart(name, case.arguments, "0"),)),
        ToolMessage((ToolResult("0", name, case.result),)),
        AssistantMessage((TextPart(case.answer),)),
    ]


def evaluation_case(kind: str, index: int, mix: Mix | None = None) -> tuple[list[ToolDefinition], Case]:
    """Case `index` of the held-out set `kind`, with the tools in view.

    "known": families trained on, values never seen. "invented": the same under names never seen. "families":
    families never trained on. "irrelevant": no tool fits. "chat": small talk.
    """
    rng = random.Random(f"evaluate/{DATA_VERSION}/{kind}/{index}")
    mix = mix or Mix()
    if kind == "families":
        others = choose_views(
            KNOWN, rng, replace(mix, tools_in_view=(30, 40, 20, 10, 0, 0)), rng.choice(("usual", "synonym"))
        )
        target = show(rng.choice(HELD_OUT), rng, rng.choice(("usual", "synonym")))
        views = [v for v in others if v.definition.name != target.definition.name]
        views.insert(rng.randint(0, len(views)), target)
        return [v.definition for v in views], ask(target, rng, "heldout")
    names = "invented" if kind == "invented" else rng.choice(("usual", "synonym"))
    views = choose_views(KNOWN, rng, mix, names, "heldout")
    definitions = [view.definition for view in views]
    if kind == "irrelevant":
        return definitions, unserved(views, rng, "heldout")
    if kind == "chat":
        return definitions, chat(rng)
    if kind not in ("known", "invented"):
        raise ValueError(f"no held-out set is called {kind!r}: known, invented, families, irrelevant or chat")
    return definitions, ask(rng.choice(views), rng, "heldout")
