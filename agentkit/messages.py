"""What is said in a run: frozen messages that survive a round trip through JSON without loss.

A conversation is a sequence of `Message`. Calls that could not be read keep their raw text, so a faulty call can be
stored, shown to the model again and read back exactly as it came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from agentkit.errors import UserError
from agentkit.jsonable import clean

JSON: TypeAlias = Any
"""A value that JSON can hold: None, bool, int, float, str, or a list or a str-keyed dict of such."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A tool as the model sees it: `parameters` is the JSON Schema of the arguments object."""

    name: str
    description: str
    parameters: dict[str, JSON]


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text of an answer."""

    text: str
    kind: Literal["text"] = field(default="text", repr=False)


@dataclass(frozen=True, slots=True)
class ThoughtPart:
    """Text of a thought: not part of the answer."""

    text: str
    kind: Literal["thought"] = field(default="thought", repr=False)


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A call as the model wrote it.

    `arguments` is None when they could not be read; then `fault` says why, and `raw` holds what was written.
    `certainty` is the probability that the model gave each argument's value, where the model tells it: the product over
    the value's tokens in the last denoising step; of a calibrated checkpoint, how often values of such are right.
    """

    name: str
    arguments: dict[str, JSON] | None
    id: str
    raw: str = ""
    fault: str | None = None
    certainty: dict[str, float] = field(default_factory=dict, repr=False, compare=False)
    kind: Literal["tool_call"] = field(default="tool_call", repr=False)


AssistantPart: TypeAlias = Annotated[TextPart | ThoughtPart | ToolCallPart, Field(discriminator="kind")]
_PARTS = (TextPart, ThoughtPart, ToolCallPart)


@dataclass(frozen=True, slots=True)
class SystemMessage:
    """The developer's instructions."""

    text: str
    kind: Literal["system"] = field(default="system", repr=False)

    def __post_init__(self) -> None:
        _check_text(self)


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What the user said; or, with `is_retry`, why the answer before it won't do: the model is to write another one."""

    text: str
    is_retry: bool = field(default=False, kw_only=True)
    kind: Literal["user"] = field(default="user", repr=False)

    def __post_init__(self) -> None:
        _check_text(self)


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    """What the model wrote in one turn; for `parts`, a text alone will do.

    `tokens` are the committed token ids as `model` wrote them; they mean nothing to another model, and they are sent to
    `model` again only as long as they say what the parts say.
    """

    parts: tuple[AssistantPart, ...]
    model: str | None = None
    tokens: tuple[int, ...] | None = None
    kind: Literal["assistant"] = field(default="assistant", repr=False)

    if TYPE_CHECKING:  # what is given may be less than what is kept

        def __init__(
            self,
            parts: str | Sequence[AssistantPart],
            model: str | None = None,
            tokens: tuple[int, ...] | None = None,
            kind: Literal["assistant"] = "assistant",
        ) -> None: ...

    def __post_init__(self) -> None:
        given: Any = self.parts
        parts = (TextPart(given),) if isinstance(given, str) else given
        if not isinstance(parts, tuple | list) or not all(isinstance(part, _PARTS) for part in parts):
            raise UserError(
                f"AssistantMessage takes a text, or a tuple of TextPart(...), ThoughtPart(...) and ToolCallPart(...), "
                f"not {given!r}."
            )
        object.__setattr__(self, "parts", tuple(parts))

    @property
    def text(self) -> str:
        """The answer's text, without thoughts and calls."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def thoughts(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, ThoughtPart))

    @property
    def calls(self) -> tuple[ToolCallPart, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCallPart))

    def with_call(self, call: ToolCallPart, changed: ToolCallPart) -> AssistantMessage:
        """The message with another call in the place of one; the tokens are not what it says any more."""
        return replace(self, parts=tuple(changed if part is call else part for part in self.parts), tokens=None)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came back from one call; `is_error` when the call was refused or failed."""

    call_id: str
    name: str
    content: JSON
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Paused:
    """An agent that another one has asked, and that waits for a person: its conversation, and the calls that wait."""

    messages: tuple[Message, ...]
    pending: tuple[ToolCallPart, ...]


@dataclass(frozen=True, slots=True)
class ToolMessage:
    """The results of one turn's calls, in the order of the calls.

    paused  while the turn waits for a person: the agents that were asked and wait, by the ids of the calls that ask
    """

    results: tuple[ToolResult, ...]
    paused: dict[str, Paused] = field(default_factory=dict, repr=False)
    kind: Literal["tool"] = field(default="tool", repr=False)

    @property
    def text(self) -> str:
        """The results, one behind the other on lines of their own; what is no text, as JSON."""
        contents = (result.content for result in self.results)
        return "\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in contents)


Message: TypeAlias = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage,
    Field(discriminator="kind"),
]


def _check_text(message: SystemMessage | UserMessage) -> None:
    """Raises `UserError` for a message whose text is none; puts "?" for what no store and no tokenizer can take."""
    text: Any = message.text
    if not isinstance(text, str):
        raise UserError(f"{type(message).__name__} takes a text, not {text!r}.")
    object.__setattr__(message, "text", clean(text))


@cache
def _adapter() -> TypeAdapter[tuple[Message, ...]]:
    return TypeAdapter(tuple[Message, ...], config=ConfigDict(ser_json_inf_nan="constants"))


def messages_to_json(messages: Iterable[Message]) -> str:
    """The messages as JSON text (numbers that JSON lacks, such as NaN, as bare constants, as Python's json does)."""
    return _adapter().dump_json(tuple(messages)).decode()


def messages_from_json(data: str | bytes) -> tuple[Message, ...]:
    """Reads what `messages_to_json` wrote. Raises `pydantic.ValidationError` when it is anything else."""
    return read_json(_adapter(), data)


def read_json(adapter: TypeAdapter[T], data: str | bytes) -> T:
    """What the text says, however deep it is nested: pydantic's own reader gives up at 200 levels.

    Raises `pydantic.ValidationError`.
    """
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        if "recursion limit" not in error.errors()[0]["msg"]:
            raise
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            raise error from None
        return adapter.validate_python(value)


def stripped(parts: Iterable[AssistantPart]) -> tuple[AssistantPart, ...]:
    """The parts, without blanks around the whole of their text; those between two texts belong to it."""
    found = list(parts)
    texts = [(index, part.text) for index, part in enumerate(found) if isinstance(part, TextPart)]
    for index, text in texts:
        text = text.lstrip() if index == texts[0][0] else text
        found[index] = TextPart(text.rstrip() if index == texts[-1][0] else text)
    return tuple(found)


def is_prompt(message: Message) -> bool:
    """Whether a person said it: a run begins with it."""
    return isinstance(message, UserMessage) and not message.is_retry


def last_prompt(messages: Sequence[Message]) -> int:
    """The index of the last message that a person said; 0 where there is none."""
    return max((index for index, message in enumerate(messages) if is_prompt(message)), default=0)


def open_calls(messages: Sequence[Message]) -> tuple[ToolCallPart, ...]:
    """The calls at the end of a conversation that nothing has answered yet."""
    match messages[-2:]:
        case [*_, AssistantMessage() as message]:
            return message.calls
        case [AssistantMessage() as message, ToolMessage(results)]:
            answered = {result.call_id for result in results}
            return tuple(call for call in message.calls if call.id not in answered)
    return ()
