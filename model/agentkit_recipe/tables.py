"""How the tables of families are written: alternatives separated by `|`, names by spaces, the usual one first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .families import Family, Slot


def slot(keys: str, kind: str, about: str, json_type: str = "string", **more: Any) -> Slot:
    """A parameter whose values are of a kind of `values.KINDS`."""
    return Slot(tuple(keys.split()), kind, parts(about), json_type=json_type, **more)


def choice(keys: str, choices: str, about: str, said: Mapping[str, tuple[str, ...]] | None = None, **more: Any) -> Slot:
    """An enum; `said` lists the words a choice comes in where they are not the choice itself."""
    return Slot(tuple(keys.split()), "choice", parts(about), tuple(choices.split("|")), said or {}, **more)


def flag(keys: str, true: str, false: str, about: str, **more: Any) -> Slot:
    """A boolean, and the words that `true` and `false` are said in."""
    said = {"true": parts(true), "false": parts(false)}
    return choice(keys, "true|false", about, said, json_type="boolean", **more)


def family(names: str, about: str, slots: tuple[Slot, ...], asks: str, result: str) -> Family:
    """A family of tools, from the texts of its table."""
    words = names.split()
    return Family(words[0], tuple(words), parts(about), slots, parts(asks), result)


def parts(text: str) -> tuple[str, ...]:
    """The alternatives of a text, each on one line."""
    return tuple(" ".join(part.split()) for part in text.split("|"))
