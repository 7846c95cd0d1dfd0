"""Text to token ids and back, with the control tokens kept apart.

A control token opens or closes something in a wire format: a turn, a call, a string. Only a dialect may write one, by
id. `Tokenizer.encode` never yields one, whatever the text says, and `Tokenizer.control` is the only way to get one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agentkit.errors import UserError

GEMMA_MARKERS = (
    "<pad>",
    "<eos>",
    "<bos>",
    "<|tool>",
    "<tool|>",
    "<|tool_call>",
    "<tool_call|>",
    "<|tool_response>",
    "<tool_response|>",
    '<|"|>',
    "<|think|>",
    "<|channel>",
    "<channel|>",
    "<|turn>",
    "<turn|>",
)
"""The control tokens of the Gemma 4 format."""

_META_SPACE = "\u2581"  # what SentencePiece writes for a space
_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_REPLACEMENT = "\ufffd".encode()
_SHORT = 200  # characters of a text whose tokens are kept, since a prompt says most things again
_KEPT = 4096  # such texts


class TokenizerError(UserError):
    """A tokenizer that cannot serve: a missing file, missing control tokens, or text that it cannot write."""


class Tokenizer:
    """A `tokenizer.json` of the `tokenizers` library, made safe for prompts.

    Byte-level vocabularies and SentencePiece-like ones with byte fallback are supported: both can write any text.

    Args:
        definition: the text of a `tokenizer.json`.
        markers: the control tokens that the vocabulary must hold.

    Raises:
        TokenizerError: the definition cannot be read, or it lacks some of the markers (the message names them).
    """

    def __init__(self, definition: str, *, markers: Iterable[str] = GEMMA_MARKERS) -> None:
        import tokenizers

        try:
            backend = tokenizers.Tokenizer.from_str(definition)
        except Exception as error:  # the library raises bare Exception
            raise TokenizerError(f"this is no tokenizer.json of the tokenizers library: {error}") from error
        backend.encode_special_tokens = True
        backend.no_padding()
        backend.no_truncation()
        self._backend = backend
        self._definition = definition
        self._added = {id: token for id, token in backend.get_added_tokens_decoder().items()}
        self.control: Mapping[str, int] = MappingProxyType(self._find(tuple(markers)))
        self._guarded = frozenset(id for id, token in self._added.items() if token.special) | set(self.control.values())
        self._bytes: dict[int, bytes] = {}
        self._known = lru_cache(_KEPT)(self._encoded)
        self._by_byte = self._lossy_characters()

    @classmethod
    def from_file(cls, path: str | Path, *, markers: Iterable[str] = GEMMA_MARKERS) -> Tokenizer:
        """Reads a `tokenizer.json`. Raises `TokenizerError` when it is not there or is something else."""
        try:
            definition = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TokenizerError(f"cannot read the tokenizer {path}: {error}") from error
        return cls(definition, markers=markers)

    @classmethod
    def from_pretrained(cls, source: str | Path, *, markers: Iterable[str] = GEMMA_MARKERS) -> Tokenizer:
        """Reads the tokenizer of a checkpoint: a folder that holds a `tokenizer.json`, or a hub id."""
        folder = Path(source).expanduser()
        if folder.is_dir():
            return cls.from_file(folder / "tokenizer.json", markers=markers)
        import tokenizers

        try:
            backend = tokenizers.Tokenizer.from_pretrained(str(source))
        except Exception as error:
            raise TokenizerError(f"{source} is no folder, and the hub has no tokenizer for it: {error}") from error
        return cls(backend.to_str(), markers=markers)

    @property
    def vocab_size(self) -> int:
        """How many tokens there are, control tokens included."""
        return int(self._backend.get_vocab_size(with_added_tokens=True))

    @cached_property
    def digest(self) -> str:
        """The same for tokenizers with the same definition and markers."""
        digest = hashlib.blake2b(self._definition.encode(), digest_size=16)
        digest.update("\n".join(self.control).encode())
        return digest.hexdigest()

    @cached_property
    def control_names(self) -> Mapping[int, str]:
        """Marker strings by id: the inverse of `control`."""
        return MappingProxyType({id: name for name, id in self.control.items()})

    def encode(self, text: str) -> list[int]:
        """The ids of a plain text; never a control token. Lone surrogates become U+FFFD."""
        return list(self._known(text) if len(text) <= _SHORT else self._encoded(text))

    def _encoded(self, text: str) -> Sequence[int]:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if not self._by_byte:
            return self._encode(text)
        ids: list[int] = []
        for part in re.split(f"([{''.join(self._by_byte)}])", text):
            ids.extend(self._by_byte.get(part) or self._encode(part))
        return ids

    def decode(self, ids: Iterable[int], *, markers: bool = False) -> str:
        """The text of some ids. Control tokens are left out, or shown literally with `markers=True`."""
        shown = (id for id in ids if markers or id not in self._guarded)
        return b"".join(self.token_bytes(id) for id in shown).decode("utf-8", "replace")

    def token_text(self, id: int) -> str:
        """One token as text, for display; part of a character shows as U+FFFD."""
        return self.token_bytes(id).decode("utf-8", "replace")

    def token_bytes(self, id: int) -> bytes:
        """The UTF-8 bytes that a token stands for; U+FFFD for an id that is not in the vocabulary."""
        known = self._bytes.get(id)
        if known is None:
            known = self._bytes[id] = self._to_bytes(id)
        return known

    def plain_tokens(self) -> dict[int, bytes]:
        """The bytes of every token that is no control token, by id."""
        vocabulary = self._backend.get_vocab(with_added_tokens=True)
        return {id: self._spell(id, token) for token, id in vocabulary.items() if id not in self._guarded}

    def is_control(self, id: int) -> bool:
        """Whether the id is a control token, of this format or of another."""
        return id in self._guarded

    def _find(self, markers: Sequence[str]) -> dict[str, int]:
        ids = {marker: self._backend.token_to_id(marker) for marker in markers}
        missing = [marker for marker, id in ids.items() if id is None]
        if missing:
            raise TokenizerError(
                f"the tokenizer's vocabulary lacks the control tokens {' '.join(missing)}: "
                "it belongs to a model of another format"
            )
        return {marker: id for marker, id in ids.items() if id is not None}

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = []
        parts = [text]
        while parts:
            part = parts.pop()
            encoding = self._backend.encode(part, add_special_tokens=False)
            pairs = zip(encoding.ids, encoding.offsets, strict=True)
            markers = [(start, end) for id, (start, end) in pairs if id in self._guarded]
            for start, end in markers:
                if end - start < 2:
                    raise TokenizerError(f"the tokenizer has no plain token for {part[start:end]!r}")
            if markers:  # the library took some text for what is not flagged as special: cut inside it
                cuts = [len(part), *(start + 1 for start, _ in reversed(markers)), 0]
                parts += [part[start:end] for end, start in pairwise(cuts)]
            else:
                ids += encoding.ids
        return ids

    def _lossy_characters(self) -> dict[str, list[int]]:
        """Characters that the vocabulary would turn into others, with the byte tokens that keep them."""
        ids = self._encode(_META_SPACE)
        if b"".join(map(self.token_bytes, ids)) == _META_SPACE.encode():
            return {}
        found = [self._backend.token_to_id(f"<0x{byte:02X}>") for byte in _META_SPACE.encode()]
        tokens = [id for id in found if id is not None]
        return {_META_SPACE: tokens} if len(tokens) == len(found) else {}

    @cached_property
    def _byte_level(self) -> bool:
        return "ByteLevel" in _decoders(json.loads(self._definition).get("decoder"))

    def _to_bytes(self, id: int) -> bytes:
        token = self._backend.id_to_token(id) if id >= 0 else None
        return _REPLACEMENT if token is None else self._spell(id, token)

    def _spell(self, id: int, token: str) -> bytes:
        """The bytes of a token, given how the vocabulary writes it."""
        if id in self._added:
            return str(self._added[id].content).encode()
        if self._byte_level:
            return token.translate(_LATIN).encode("latin-1", "ignore")
        byte = _BYTE_TOKEN.fullmatch(token)
        if byte:
            return bytes([int(byte[1], 16)])
        return token.replace(_META_SPACE, " ").encode()


def _decoders(decoder: Any) -> set[str]:
    if not decoder:
        return set()
    return {decoder["type"]}.union(*(_decoders(inner) for inner in decoder.get("decoders", ())))


def _byte_characters() -> Iterator[tuple[str, int]]:
    """The printable character that byte-level BPE (GPT-2) writes for each byte."""
    shifted = 256
    for byte in range(256):
        if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte <= 0xFF:
            yield chr(byte), byte
        else:
            yield chr(shifted), byte
            shifted += 1


_LATIN = dict.fromkeys(range(256)) | {ord(character): chr(byte) for character, byte in _byte_characters()}
"""Turns a byte-level token into characters of Latin-1, one for each byte; what stands for no byte is dropped."""
