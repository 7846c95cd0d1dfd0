"""What a model is to be tuned to: the tools, the examples to learn from, and the cases kept out to measure with.

Held out are

    phrasings  examples as they were written: one in five of each tool that has at least three (of those without a call,
               one in five), or the cases of a file of their own, and then all examples are learned from
    generated  requests made up with values that tuning never draws
    refusals   requests that no tool serves, made up of wordings and values that tuning never draws
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_origin, get_type_hints
from zlib import crc32

from agentkit.dialects.tokenizer import Tokenizer
from agentkit.errors import UserError
from agentkit.evaluation import Case, ExpectedCall
from agentkit.messages import JSON, ToolDefinition
from agentkit.schema import InvalidArguments
from agentkit.tools import Tool

from ..network import Architecture
from .packs import OwnWriter
from .tool import Example, OwnTool

VERSION = 3  # of what is made of the same tools and examples
KEPT_OUT = 5  # one in so many examples
GENERATED = 5  # held-out cases made up for each tool ...
REFUSALS = 4, 40  # ... and refusals for each, and at most so many
CANVASES = 3  # most of a call
TRIES = 50  # calls that are made up until one is taken; where more are needed, training might find none in its own


@dataclass(frozen=True)
class Plan:
    """Tools by name with their examples, what nothing serves, and the held-out sets by name."""

    tools: tuple[OwnTool, ...]
    refused: tuple[str, ...]
    held_out: dict[str, list[Case]]

    def fingerprint(self, base: str, seed: int) -> str:
        """The same for the same tools, examples and beginnings."""
        told = {
            "version": VERSION,
            "base": base,
            "seed": seed,
            "tools": [vars_of(tool.definition) for tool in self.tools],
            "examples": [(t.wording, list(t.fixed.items()), t.whole) for tool in self.tools for t in tool.templates],
            "refused": self.refused,
            "held_out": [(case.prompt, repr(case.calls)) for cases in self.held_out.values() for case in cases],
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


def vars_of(definition: ToolDefinition) -> tuple[str, str, dict[str, JSON]]:
    return definition.name, definition.description, definition.parameters


def make_plan(
    tools: dict[str, Tool], tokenizer: Tokenizer, examples: Iterable[Case], held_out: Iterable[Case] | None
) -> Plan:
    """Sorts the examples, keeps some of them out, and makes up the rest of what is measured.

    Raises `UserError` for an example that can't be learned from, and for a tool that can't be tuned to.
    """
    if not tools:
        raise UserError("There are no tools to tune to: name a function, or a list of functions.")
    learned, kept = list(examples), list(held_out) if held_out is not None else None
    for case in (*learned, *(kept or ())):
        _check(case, tools)
    if kept is None:
        kept = [case for group in _by_tool(learned, tools).values() for case in _kept_out(group)]
        learned = [case for case in learned if case not in kept]
    by_tool = _by_tool(learned, tools)
    own = tuple(
        OwnTool(
            tool.definition,
            [Example(c.prompt, arguments_of(c)) for c in by_tool[name]],
            returns_of(tool),
            tool.check,
        )
        for name, tool in tools.items()
    )
    refused = tuple(case.prompt for case in by_tool[""])
    writer = OwnWriter(tokenizer, own, canvas_length=48, refused=refused)
    for tool in own:
        check_length(tool, writer)
    check_room(writer)
    sets = {"phrasings": kept, "generated": _generated(own), "refusals": _refusals(writer)}
    return Plan(own, refused, {name: cases for name, cases in sets.items() if cases})


def returns_of(tool: Tool) -> str:
    """What kind of result a function gives, as the recipe tells them apart."""
    try:
        given = get_type_hints(tool.function).get("return")
    except (NameError, TypeError):
        given = None
    given = get_origin(given) or given
    if given in (list, tuple, set):
        return "list"
    if given is int:
        return "count"
    return "value" if given in (float, dict) else "status"


def arguments_of(case: Case) -> dict[str, JSON]:
    """The arguments of a case's one call."""
    return (case.calls[0].arguments or {}) if case.calls else {}


def _check(case: Case, tools: dict[str, Tool]) -> None:
    """Raises `UserError` for what no request and its call can be learned from."""
    where = f"The example {case.id or case.prompt!r}"
    if case.calls is None or case.history:
        raise UserError(f'{where} has to say which call is right: give "calls" ([] for none), and no "history".')
    if len(case.calls) > 1:
        raise UserError(f"{where} expects {len(case.calls)} calls; an example to tune with has one, or none.")
    for call in case.calls:
        if call.name not in tools:
            raise UserError(f"{where} calls {call.name!r}, which is none of the tools ({', '.join(tools)}).")
        try:
            tools[call.name].check(call.arguments or {})
        except InvalidArguments as error:
            raise UserError(f"{where} calls {call.name} with arguments that don't fit: {error}.") from None


def _by_tool(cases: Iterable[Case], tools: Iterable[str]) -> dict[str, list[Case]]:
    """The cases by the tool they call; those that call none under ""."""
    found: dict[str, list[Case]] = {name: [] for name in (*tools, "")}
    for case in cases:
        found[case.calls[0].name if case.calls else ""].append(case)
    return found


def _kept_out(cases: Sequence[Case]) -> list[Case]:
    """One in five, at least one of three or more; which, follows from their words alone."""
    ranked = sorted(cases, key=lambda case: crc32(case.prompt.encode()))
    return ranked[: max(1, round(len(ranked) / KEPT_OUT))] if len(ranked) >= 3 else []


def _generated(tools: Sequence[OwnTool]) -> list[Case]:
    cases = []
    for tool in tools:
        for index in range(GENERATED):
            asked = tool.ask(random.Random(f"held out/{tool.definition.name}/{index}"), "heldout")
            call = ExpectedCall(tool.definition.name, asked.arguments)
            cases.append(Case(asked.prompt, id=f"{call.name} {index}", calls=(call,)))
    return cases


def _refusals(writer: OwnWriter) -> list[Case]:
    rng = random.Random("held out")
    each, most = REFUSALS
    count = min(each * len(writer.tools), most)
    return [Case(writer.unrelated(rng, "heldout"), id=f"none {index}", calls=()) for index in range(count)]


# -- what can't be tuned -----------------------------------------------------------------------------------------------


def check_length(tool: OwnTool, writer: OwnWriter) -> None:
    """Raises `UserError` for a tool whose calls are longer than a turn, or that refuses nearly all that are made up."""
    name, room = tool.definition.name, CANVASES * writer.canvas_length
    for index in range(12):
        asked = tool.ask(random.Random(f"check/{index}"), "train", TRIES)
        length = len(writer.dialect.render_call(name, asked.arguments, stop=True))
        if length > room:
            raise UserError(
                f"The tool {name!r} can't be tuned: a call of it takes {length} tokens, and a turn has {room}. Give it "
                f"fewer or shorter parameters."
            )


def check_room(writer: OwnWriter) -> None:
    """Raises `UserError` where the declarations leave no room for a conversation."""
    length, room = writer.prompt_length(), Architecture().context_length // 2
    if length > room:
        raise UserError(
            f"The declarations of the tools take {length} tokens, and may take {room}: tune to fewer tools, or shorten "
            f"their descriptions."
        )
