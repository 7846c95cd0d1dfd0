"""What a cassette holds: the prompts of a model's turns, and the tokens of their canvases at every denoising step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from agentkit.dialects.base import Outline
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.errors import UserError
from agentkit.events import CanvasCommitted, CanvasDraft, Event, SpanRenoised
from agentkit.messages import JSON, AssistantMessage, Message, ToolCallPart, messages_to_json
from agentkit.models.base import CanvasRecord, ModelRequest
from agentkit.settings import ModelSettings
from agentkit.usage import Usage

FORMAT = 1


class CassetteError(UserError):
    """A cassette that can't be played: it is missing or damaged, or the model is asked something else than it was."""


@dataclass(frozen=True)
class Prompt:
    """What was asked: the conversation, the tools, and the settings that change the prompt or the turn's form."""

    messages: list[JSON]
    tools: list[JSON]
    settings: dict[str, JSON]

    @classmethod
    def of(cls, request: ModelRequest) -> Prompt:
        settings = request.settings
        return cls(
            messages=plain(request.messages),
            tools=[asdict(tool) for tool in request.declared],
            settings={
                "tool_choice": settings.tool_choice or "auto",
                "thinking": settings.thinking or False,
                "allow_text_output": request.allow_text_output,
            },
        )

    @property
    def digest(self) -> str:
        """The same for the same prompt, in another process, too."""
        return hashlib.sha256(_text(asdict(self)).encode()).hexdigest()[:16]

    def difference(self, other: Prompt) -> str:
        """Where the other prompt begins to differ from this one, in words."""
        for name, ours, theirs in (
            ("message", self.messages, other.messages),
            ("tool", self.tools, other.tools),
            ("setting", sorted(self.settings.items()), sorted(other.settings.items())),
        ):
            for index in range(max(len(ours), len(theirs))):
                left, right = (side[index] if index < len(side) else None for side in (ours, theirs))
                if _text(left) != _text(right):
                    return f"{name} {index} was {_shown(left)} and is {_shown(right)}"
        return "nothing"


@dataclass
class Canvas:
    """A canvas with all of its drafts."""

    record: CanvasRecord
    drafts: list[CanvasDraft] = field(default_factory=list)


@dataclass
class Take:
    """One thing the model did: a turn, or a repair of one.

    tokens   what it wrote; None where it could not repair
    usage    what it spent
    wrong    for a repair: the turn as it was, and which call and arguments were at fault
    """

    kind: Literal["turn", "repair"]
    prompt: Prompt
    canvases: list[Canvas] = field(default_factory=list)
    renoised: list[SpanRenoised] = field(default_factory=list)
    tokens: tuple[int, ...] | None = ()
    usage: Usage = field(default_factory=Usage)
    wrong: dict[str, JSON] = field(default_factory=dict)
    doubts: dict[int, list[dict[str, str]]] = field(default_factory=dict)

    def answers(self, wanted: Take) -> bool:
        """Whether the model was asked for the same; compared as text, in which NaN is itself."""
        mine, theirs = ([take.kind, asdict(take.prompt), take.wrong] for take in (self, wanted))
        return _text(mine) == _text(theirs)

    def note(self, event: Event) -> None:
        """Keeps what belongs on the tape: canvases and their drafts, and repaired spans."""
        match event:
            case CanvasDraft():
                self._drafts.append(replace(event, texts=(), entropies=tuple(round(e, 4) for e in event.entropies)))
            case CanvasCommitted(record):
                mine = [draft for draft in self._drafts if draft.canvas == record.index]
                self.canvases.append(Canvas(replace(record, text=""), mine))
            case SpanRenoised():
                self.renoised.append(event)
            case _:
                pass

    @cached_property
    def _drafts(self) -> list[CanvasDraft]:
        return []

    def ids(self) -> set[int]:
        """All tokens on the tape."""
        canvases = {id for canvas in self.canvases for id in canvas.record.tokens}
        return canvases | {id for canvas in self.canvases for draft in canvas.drafts for id in draft.tokens}


@dataclass
class Tape:
    """A recording of a model, as it lies in a file.

    vocabulary  the bytes of every token on the tape, as text where they are one
    control     the ids of the control tokens
    guarded     the ids among the tokens that are control tokens, of this format or another
    outlines    what prompts cost in tokens that it was asked about, by their digests
    """

    model: str
    dialect: str
    control: dict[str, int]
    vocabulary: dict[int, str | list[int]] = field(default_factory=dict)
    guarded: list[int] = field(default_factory=list)
    settings: ModelSettings = field(default_factory=ModelSettings)
    takes: list[Take] = field(default_factory=list)
    context_length: int | None = None
    outlines: dict[str, Outline] = field(default_factory=dict)
    format: int = FORMAT

    def learn(self, tokenizer: Tokenizer, ids: Iterable[int]) -> None:
        """Puts tokens into the vocabulary."""
        for id in ids:
            self.vocabulary.setdefault(id, _spelled(tokenizer.token_bytes(id)))
            if tokenizer.is_control(id) and id not in self.guarded:
                self.guarded.append(id)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        data = _ADAPTER.dump_python(self)  # pydantic's own JSON has no NaN
        path.write_bytes(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    @classmethod
    def load(cls, path: Path) -> Tape:
        """Raises `CassetteError` when there is no such file, or it is no cassette."""
        try:
            tape = _ADAPTER.validate_json(path.read_bytes())
        except OSError as error:
            raise CassetteError(f"There is no cassette {path}: {error.strerror}. Record it first.") from None
        except ValidationError as error:
            raise CassetteError(f"{path} is no cassette: {str(error).splitlines()[0]}. Record it again.") from None
        if tape.format != FORMAT:
            raise CassetteError(f"{path} has format {tape.format}, and this is format {FORMAT}. Record it again.")
        return tape


class TapeTokenizer(Tokenizer):
    """A tokenizer that reads the tokens of a tape, and needs nothing else; it can't write."""

    def __init__(self, tape: Tape) -> None:
        self.control = tape.control
        self._guarded = frozenset(tape.guarded) | set(tape.control.values())
        self._bytes = {id: s.encode() if isinstance(s, str) else bytes(s) for id, s in tape.vocabulary.items()}

    def _to_bytes(self, id: int) -> bytes:
        return "\ufffd".encode()


def plain(messages: Sequence[Message]) -> list[JSON]:
    """Messages as JSON, without what only the model that wrote them knows of them."""
    found: list[JSON] = json.loads(messages_to_json(map(_without_tokens, messages)))
    return found


def _without_tokens(message: Message) -> Message:
    if not isinstance(message, AssistantMessage):
        return message
    parts = (replace(part, certainty={}) if isinstance(part, ToolCallPart) else part for part in message.parts)
    return replace(message, parts=tuple(parts), tokens=None)


def _spelled(raw: bytes) -> str | list[int]:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return list(raw)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: Any) -> str:
    if value is None:
        return "not there"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"


_ADAPTER = TypeAdapter(Tape)
