"""Conversations to learn from, as tokens: tool declarations, a request, a call, its result, an answer.

A *pack* is one set of declarations (the prefix) with several requests over it (the branches), each with canvases to
fill. Every pack follows from its key alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from agentkit.dialects.gemma4 import Gemma4
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import Message, SystemMessage, ToolDefinition, UserMessage

from . import cues, own_words, pairs, turns
from .cases import (
    HELD_OUT_MIX,
    INSTRUCTIONS,
    Call,
    Case,
    Mix,
    Scene,
    ask,
    chat,
    choose_scene,
    choose_views,
    clash,
    composed_scene,
    exchange,
    has_pair,
    results,
    show,
    unserved,
)
from .catalogue import HELD_OUT, KNOWN

DATA_VERSION = 12
SETS = tuple("known invented pairs families composed own_words conversation irrelevant chat".split())
"""The held-out sets, beside those of `turns`."""

EVALUATION_VERSION = 1  # the held-out cases stay as they are, so that figures of different data can be compared


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
        """The pack of `key`. With `answers`, the last canvas of a served request is the answer to the tool's result.

        Only then are there requests that lean on earlier turns: long branches stand together.
        """
        rng = random.Random(f"{DATA_VERSION}/{key}")
        mix = mix or self.mix
        mix = mix if answers else replace(mix, given_later=0.0, follow_up=0.0, chained=0.0)
        scene = choose_scene(rng, mix)
        messages: list[Message] = []
        if rng.random() < self.mix.instructions:
            messages.append(SystemMessage(rng.choice(INSTRUCTIONS)))
        plain = replace(mix, asked_back=0.0, given_later=0.0, follow_up=0.0, chained=0.0)
        for _ in range(rng.choices(range(len(mix.earlier_exchanges)), mix.earlier_exchanges)[0]):
            messages.extend(exchange(turns.case(scene, rng, "train", plain)))
        cases = [turns.case(scene, rng, "train", mix) for _ in range(branches)]
        made = [self.branch(case, canvases, answers=answers, rng=rng) for case in cases]
        return Pack(self.prefix(messages, [view.definition for view in scene.views]), made)

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

    def telling_apart(self, key: str, *, branches: int, canvases: int) -> Pack:
        """Telling values apart, and nothing else; see the modules `pairs` and `cues`."""
        rng = random.Random(f"{DATA_VERSION}/pairs/{key}")
        tool, cases = rng.choice((pairs.drill, cues.drill))(rng, branches)
        rng = random.Random(key)
        made = [self.branch(case, canvases, answers=False, rng=rng) for case in cases]
        return Pack(self.prefix([], [tool]), made)

    def random_tokens(self, rng: random.Random, least: int, most: int) -> list[int]:
        """Between `least` and `most` ids, any but control tokens."""
        return [
            rng.randrange(self.first_plain, self.dialect.tokenizer.vocab_size) for _ in range(rng.randint(least, most))
        ]

    def prefix(self, messages: Sequence[Message], tools: Sequence[ToolDefinition]) -> list[int]:
        """Everything before the user's turn."""
        tokens = self.dialect.render([*messages, UserMessage("")], tools)
        turns = [i for i, token in enumerate(tokens) if token == self.turn]
        return tokens[: turns[-2]]

    def branch(self, case: Case, canvases: int, *, answers: bool, rng: random.Random) -> Branch:
        """The user's turn and the reply, and canvases to fill after the user's turn, which don't see the reply.

        With `answers`, also what follows the reply of a case with calls: results, more calls, and the answer. The
        answer is then the last canvas; of the others, a random choice is filled.
        """
        tokens = self.dialect.render([*case.history, UserMessage(case.prompt)])[1:]
        reply = self.reply(case.rounds[0]) if case.rounds else self.dialect.render_answer(case.answer)
        spots = self.spots(len(tokens), reply)
        tokens = tokens + reply
        if not case.rounds or not answers:
            return Branch(tokens, [spots[i % len(spots)] for i in range(canvases)])
        for calls, following in zip(case.rounds, [*case.rounds[1:], None], strict=True):
            tokens = tokens + response(self.dialect, calls)
            reply = self.dialect.render_answer(case.answer) if following is None else self.reply(following)
            more = self.spots(len(tokens), reply)
            if following is not None:
                spots, tokens = spots + more, tokens + reply
        shown = [*rng.sample(spots, min(canvases - 1, len(spots))), more[0]]
        return Branch(tokens, [shown[i % len(shown)] for i in range(canvases)])

    def spots(self, start: int, reply: list[int]) -> list[CanvasTarget]:
        """`reply` cut into canvases, the last one filled with padding after the stop."""
        size = self.canvas_length
        pieces = [reply[i : i + size] for i in range(0, len(reply), size)]
        return [
            CanvasTarget(start + i * size, piece + [self.pad] * (size - len(piece))) for i, piece in enumerate(pieces)
        ]

    def reply(self, calls: Sequence[Call]) -> list[int]:
        """What the model should write to make the calls, and their stop."""
        written = [(call.view.definition.name, call.arguments) for call in calls]
        return [
            token
            for i, (name, arguments) in enumerate(written, start=1)
            for token in self.dialect.render_call(name, arguments, stop=i == len(written))
        ]


def response(dialect: Gemma4, calls: Sequence[Call]) -> list[int]:
    """The results of calls made side by side, as they stand after the calls' stop token."""
    found = results(calls).results
    return [token for i, result in enumerate(found) for token in dialect.render_response(result, opened=i == 0)]


def evaluation_case(kind: str, index: int, mix: Mix | None = None) -> tuple[list[ToolDefinition], Case]:
    """Case `index` of the held-out set `kind`, with the tools in view.

    "known": families trained on, values never seen. "invented": the same under names never seen. "pairs": those of
    the known ones that take two values of one kind. "families": families never trained on. "composed": composed
    tools of held-out words. "own_words": tools and requests written by hand. "conversation": known families, after
    one to three other requests and their answers. "irrelevant": no tool fits. "chat": small talk. "several": two or
    three calls in one reply. "missing": a required value has to be asked for. "later": it was asked for. "follow_up":
    the turn before, but for one value. "chained": a result is the next call's argument. In these five the tools are
    known families under other names for even `index`, and composed ones of held-out words for odd; in the last two,
    always composed ones.
    """
    rng = random.Random(f"evaluate/{EVALUATION_VERSION}/{kind}/{index}")
    mix = mix or HELD_OUT_MIX
    if kind == "composed":
        scene = composed_scene(rng, replace(mix, families_beside=0.0), "heldout")
        return [view.definition for view in scene.views], scene.served(rng, "heldout")
    if kind == "own_words":
        return own_words.case(index, rng, mix)
    if kind in turns.MAKERS:
        return evaluation_turn(kind, index, rng, mix)
    if kind in ("families", "pairs"):
        pool = HELD_OUT if kind == "families" else [family for family in KNOWN if has_pair(family)]
        others = choose_views(
            KNOWN, rng, replace(mix, tools_in_view=(30, 40, 20, 10, 0, 0)), rng.choice(("usual", "synonym"))
        )
        target = show(rng.choice(pool), rng, rng.choice(("usual", "synonym")))
        views = [v for v in others if v.definition.name != target.definition.name and v.family is not target.family]
        if kind == "pairs":
            views = [v for v in views if not clash(target.family, {v.family.name})]
        views.insert(rng.randint(0, len(views)), target)
        return [v.definition for v in views], ask(target, rng, "heldout")
    names = "invented" if kind == "invented" else rng.choice(("usual", "synonym"))
    views = choose_views(KNOWN, rng, mix, names, "heldout")
    definitions = [view.definition for view in views]
    if kind == "irrelevant":
        return definitions, unserved(views, rng, "heldout")
    if kind == "chat":
        return definitions, chat(rng)
    if kind == "conversation":
        earlier = [exchange(ask(rng.choice(views), rng, "heldout")) for _ in range(rng.randint(1, 3))]
        case = ask(rng.choice(views), rng, "heldout")
        return definitions, replace(case, history=tuple(chain.from_iterable(earlier)))
    if kind not in ("known", "invented"):
        raise ValueError(f"no held-out set is called {kind!r}; there are {', '.join((*SETS, *turns.MAKERS))}")
    return definitions, ask(rng.choice(views), rng, "heldout")


def evaluation_turn(kind: str, index: int, rng: random.Random, mix: Mix) -> tuple[list[ToolDefinition], Case]:
    """A held-out case that takes several calls or turns."""
    make = turns.MAKERS[kind]
    while True:
        if index % 2 == 0 and make not in (turns.follow_up, turns.chained):
            scene = Scene(choose_views(KNOWN, rng, mix, rng.choice(("usual", "synonym")), "heldout"))
        else:
            scene = composed_scene(rng, replace(mix, families_beside=0.0), "heldout")
        case = make(scene, rng, "heldout")
        if case is not None:
            return [view.definition for view in scene.views], case
