"""Families of everyday tools: how a tool is named, described, asked for, and what it returns.

`draw` samples the arguments one phrasing needs, `request` writes the phrasing, and `make_result` the tool's result.
Arguments are keyed by the usual (first) name of each slot; renaming is the caller's matter.

A result template is one of
    "* field"                a list of 1-3 distinct values of the field
    "key = text; key = text" a dict
    "text"                   a string, or the value of the field with its type where the text is one field
and a field is {int low high} (numbers or arguments), {float low high digits}, {pick a|b|c}, {kind name} (a value of
values.KINDS), {arg key} (an argument), {eval key} (the arithmetic an argument spells), {calc expression over
arguments}, {convert}, {prime key} (yes or no), {secret key} (as many letters and digits as the argument says),
{work function key key} (what a function of `works` makes of arguments).
"""

from __future__ import annotations

import ast
import operator
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentkit_recipe.values import Said, convert, in_words, partner, sample
from agentkit_recipe.works import WORKS

_FIELD = re.compile(r"\{([^{}]+)\}")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_LEADING = r"(?:[ ,:]+(?:in|at|for|to|of|from|with|about|by|on|into|near|named|called|saying|that|as|the|my))*[ ,:]+"
_UNFINISHED = frozenset("is are was does do did has have equal and or than what a an".split())
_PAIRED = {"unit_to": "unit_from", "currency_to": "currency_from", "city_to": "city_from", "path_to": "path"}


@dataclass(frozen=True)
class Slot:
    """One parameter. `choices` makes it an enum (booleans: "true", "false"); `said` lists other words for a choice."""

    key: tuple[str, ...]
    kind: str
    about: tuple[str, ...]
    choices: tuple[str, ...] = ()
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: bool = False
    json_type: str = "string"


@dataclass(frozen=True)
class Family:
    """One kind of tool; the first name and the first description are the usual ones."""

    name: str
    names: tuple[str, ...]
    about: tuple[str, ...]
    slots: tuple[Slot, ...]
    asks: tuple[str, ...]
    result: str


def draw(family: Family, ask: str, rng: random.Random, split: str = "train") -> dict[str, Any]:
    """A value (or a `Said`) for every slot named in the phrasing `ask`, in the order of the slots."""
    named = set(_PLACEHOLDER.findall(ask))
    drawn: dict[str, Any] = {}
    kinds: dict[str, Any] = {}
    for slot in family.slots:
        if slot.key[0] in named:
            value = _draw_slot(slot, kinds, rng, split)
            if split == "train" and type(value) is int and re.search(rf"(^| )\{{{slot.key[0]}\}}( |$)", ask):
                value = maybe_in_words(value, rng)
            drawn[slot.key[0]] = kinds[slot.kind] = value
    return drawn


def redraw(
    family: Family, drawn: Mapping[str, Any], slot: Slot, rng: random.Random, split: str = "train"
) -> dict[str, Any]:
    """What was drawn, with another value for one slot that goes with the rest."""
    others = {other.kind: drawn[other.key[0]] for other in family.slots if other.key[0] in drawn and other is not slot}
    return {**drawn, slot.key[0]: _draw_slot(slot, others, rng, split)}


def maybe_in_words(number: int, rng: random.Random) -> int | Said:
    """The number, or the same said in words: one up to a dozen more often than a larger one."""
    if not 1 <= number <= 99 or rng.random() > (0.3 if number <= 12 else 0.08):
        return number
    return Said(in_words(number), number)


def _draw_slot(slot: Slot, kinds: Mapping[str, Any], rng: random.Random, split: str) -> Any:
    if slot.choices:
        choice = rng.choice(slot.choices)
        value = choice == "true" if slot.json_type == "boolean" else choice
        text = rng.choice(slot.said.get(choice, (choice,)))
        return value if text == value else Said(text, value)
    first = kinds.get(_PAIRED.get(slot.kind, ""))
    return sample(slot.kind, rng, split) if first is None else partner(slot.kind, first, rng, split)


def without(ask: str, key: str) -> str | None:
    """The phrasing without the value of `key` and what leads to it: "wake me up at {time}" becomes "wake me up".

    None where the value doesn't end it, or too little would be left.
    """
    left = re.sub(_LEADING + rf"\{{{key}\}}$", "", ask)
    return None if left == ask or " " not in left or left.split()[-1] in _UNFINISHED else left


def request(ask: str, drawn: Mapping[str, Any]) -> str:
    """The phrasing with the words of the drawn values in it."""
    return _PLACEHOLDER.sub(lambda match: spoken(drawn[match[1]]), ask)


def arguments_of(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON arguments of the call: drawn values without the words they were said in."""
    return {key: value.value if isinstance(value, Said) else value for key, value in drawn.items()}


def spoken(value: Any) -> str:
    """A value as words: numbers as JSON writes them, lists as "a, b and c"."""
    if isinstance(value, Said):
        return value.text
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        words = [spoken(entry) for entry in value]
        return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
    return str(value)


def make_result(family: Family, arguments: Mapping[str, Any], rng: random.Random, split: str = "train") -> Any:
    """A JSON result of calling `family` with `arguments` (keyed by the usual names), after `family.result`."""
    template = family.result
    if template.startswith("* "):
        entries: list[Any] = []
        for _ in range(rng.randint(1, 3)):
            entry = _text(template[2:], arguments, rng, split)
            if entry not in entries:
                entries.append(entry)
        return entries
    if " = " not in template:
        return _text(template, arguments, rng, split)
    pairs = (part.split(" = ", 1) for part in template.split("; "))
    return {key: _text(text, arguments, rng, split) for key, text in pairs}


def _text(text: str, arguments: Mapping[str, Any], rng: random.Random, split: str) -> Any:
    whole = _FIELD.fullmatch(text)
    if whole:
        return _field(whole[1], arguments, rng, split)
    return _FIELD.sub(lambda match: spoken(_field(match[1], arguments, rng, split)), text)


def _field(code: str, arguments: Mapping[str, Any], rng: random.Random, split: str) -> Any:
    name, _, rest = code.partition(" ")
    if name == "int":
        start, end = (int(arguments.get(bound, bound)) for bound in rest.split())
        return rng.randint(start, max(start, end))
    if name == "float":
        low, high, digits = rest.split()
        return round(rng.uniform(float(low), float(high)), int(digits))
    if name == "pick":
        return rng.choice(rest.split("|"))
    if name == "kind":
        value = sample(rest, rng, split)
        return value.value if isinstance(value, Said) else value
    if name == "arg":
        return arguments[rest]
    if name == "eval":
        return _exact(_calculate(str(arguments[rest]), {}), rng.choice((3, 6, 15)))
    if name == "prime":
        number = int(arguments[rest])
        return "yes" if number > 1 and all(number % factor for factor in range(2, int(number**0.5) + 1)) else "no"
    if name == "secret":
        return "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(int(arguments[rest])))
    if name == "work":
        function, *keys = rest.split()
        return WORKS[function](*(arguments[key] for key in keys))
    if name == "calc":
        return _number(_calculate(rest, arguments))
    if name == "convert":
        value = convert(arguments["value"], arguments["from_unit"], arguments["to_unit"])
        return _exact(rng.uniform(1, 100) if value is None else value, 6)
    raise ValueError(f"unknown field {{{code}}} in a result template; the module's docstring lists the fields")


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


def _calculate(expression: str, names: Mapping[str, Any]) -> float:
    def value(node: ast.expr) -> Any:
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.Name):
            return names[node.id]
        if isinstance(node, ast.Constant):
            return node.value
        raise ValueError(f"only + - * / over numbers and arguments can be calculated, not {expression!r}")

    try:
        return float(value(ast.parse(expression, mode="eval").body))
    except ZeroDivisionError:
        return 0.0


def _exact(value: float, digits: int) -> int | float:
    """Rounded to so many significant digits; whole numbers as int."""
    rounded = float(f"{value:.{digits}g}") if abs(value) < 10**digits else round(value)
    return int(rounded) if rounded == int(rounded) else rounded


def _number(value: float) -> int | float:
    rounded = round(value, 2 if abs(value) >= 1 else 4)
    return int(rounded) if rounded == int(rounded) else rounded
