"""How Gemma 4 writes JSON values: `{key:<|"|>text<|"|>,n:42,l:[true,None]}`.

Pieces are what a rendering is made of: a str is plain text, which can never become a control token, and a `Marker` is
one. Maps are written in the order of their keys, without regard to case, as the models' chat templates do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import JSON


@dataclass(frozen=True, slots=True)
class Marker:
    """A control token, by name."""

    name: str


Piece: TypeAlias = "str | Marker"
Value = TypeVar("Value")

QUOTE = Marker('<|"|>')

PLAIN_KEY = re.compile(r"""[^\s:={}\[\](),"'`<|>](?:[^:={}\[\](),"'`<|>\n\r]*[^\s:={}\[\](),"'`<|>])?""")
"""Keys that can stand bare. Any other key is put between <|"|> markers, as declarations do with nested keys."""


def encode_pieces(tokenizer: Tokenizer, pieces: Iterable[Piece]) -> list[int]:
    """Token ids of the pieces; adjoining texts are joined before they are encoded."""
    ids: list[int] = []
    text: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            text.append(piece)
            continue
        ids.extend(tokenizer.encode("".join(text)))
        ids.append(tokenizer.control[piece.name])
        text.clear()
    ids.extend(tokenizer.encode("".join(text)))
    return ids


def quoted(text: str) -> list[Piece]:
    return [QUOTE, text, QUOTE]


def sorted_items(mapping: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """Items by key without regard to case (the order of Jinja's `dictsort`)."""
    return sorted(mapping.items(), key=lambda item: str(item[0]).lower())


def key_pieces(key: str) -> list[Piece]:
    """A key of a call or a response: bare where it can be, quoted where it would be read as something else."""
    return [key] if PLAIN_KEY.fullmatch(key) else quoted(key)


def value_pieces(value: JSON, *, quote_keys: bool = False) -> list[Piece]:
    """A JSON value. Numbers and None are written as Python writes them, booleans as JSON does.

    Args:
        quote_keys: put every key between <|"|> markers (inside declarations).

    Raises:
        TypeError: the value is none that JSON can hold.
        ValueError: an integer has more digits than Python writes (`sys.set_int_max_str_digits`).
    """
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if value is None or isinstance(value, int | float):
        return [str(value)]
    if isinstance(value, Mapping):
        return ["{", *member_pieces(value, quote_keys=quote_keys), "}"]
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return ["[", *joined(value_pieces(item, quote_keys=quote_keys) for item in value), "]"]
    raise TypeError(f"a value of type {type(value).__name__} cannot be written as JSON")


def member_pieces(mapping: Mapping[str, JSON], *, quote_keys: bool = False) -> list[Piece]:
    """The members of a map, without its braces."""
    return joined(
        [*(quoted(str(key)) if quote_keys else key_pieces(str(key))), ":", *value_pieces(value, quote_keys=quote_keys)]
        for key, value in sorted_items(mapping)
    )


def joined(groups: Iterable[Sequence[Piece]]) -> list[Piece]:
    """The groups with commas between them."""
    pieces: list[Piece] = []
    for number, group in enumerate(groups):
        if number:
            pieces.append(",")
        pieces.extend(group)
    return pieces
