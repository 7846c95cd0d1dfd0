"""Messages and tools to pieces, in Gemma 4's format.

    <bos><|turn>system\\n[<|think|>\\n]INSTRUCTIONS<|tool>declaration:...<tool|><turn|>\\n
    <|turn>user\\n...<turn|>\\n
    <|turn>model\\n<|channel>thought\\n...\\n<channel|><|tool_call>call:f{x:1}<tool_call|><|tool_response>response:f{...}
    <tool_response|>ANSWER<turn|>\\n

The answers of tools stay in the model's turn, and the model goes on right after them. A message that this very model
wrote is replayed by its own tokens: rendering a longer conversation begins with the rendering of the shorter one and
those tokens, so that the model's cache can be kept. Only thoughts are dropped: those of turns before the last user
message, the closed one that such a turn was opened with included, and of messages without a call. A message whose
parts were changed since is written by its parts: its tokens say something else.

Where the models' chat templates lose or misplace something, this does not: text that comes before a call stays before
it (they move it behind the answers), a model's text that follows a closed model turn opens a turn of its own, and a
failed call's message is the member `error` of the response.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

from agentkit.dialects.base import CallRegion, Region, TextRegion
from agentkit.dialects.gemma4_parse import parse
from agentkit.dialects.gemma4_schema import declaration_pieces
from agentkit.dialects.gemma4_values import Marker, Piece, encode_pieces, member_pieces, value_pieces
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.jsonable import too_deep
from agentkit.messages import (
    JSON,
    AssistantMessage,
    AssistantPart,
    Message,
    SystemMessage,
    TextPart,
    ThoughtPart,
    ToolCallPart,
    ToolDefinition,
    ToolMessage,
    ToolResult,
    UserMessage,
    stripped,
)

BOS = Marker("<bos>")
THINK = Marker("<|think|>")
TURN, TURN_END = Marker("<|turn>"), Marker("<turn|>")
TOOL, TOOL_END = Marker("<|tool>"), Marker("<tool|>")
CALL, CALL_END = Marker("<|tool_call>"), Marker("<tool_call|>")
RESPONSE, RESPONSE_END = Marker("<|tool_response>"), Marker("<tool_response|>")
CHANNEL, CHANNEL_END = Marker("<|channel>"), Marker("<channel|>")

Tokens: TypeAlias = tuple[int, ...]


def system_pieces(instructions: str, tools: Sequence[ToolDefinition], *, thinking: bool) -> list[Piece]:
    pieces: list[Piece] = [TURN, "system\n"]
    if thinking:
        pieces += [THINK, "\n"]
    pieces.append(instructions.strip())
    for tool in tools:
        pieces += [TOOL, *declaration_pieces(tool), TOOL_END]
    return [*pieces, TURN_END, "\n"]


def user_pieces(text: str) -> list[Piece]:
    return [TURN, "user\n", text.strip(), TURN_END, "\n"]


def prompt_pieces(*, thinking: bool) -> list[Piece]:
    """The opening of a model's turn. With thinking off it holds a thought that is already closed."""
    return [TURN, "model\n"] if thinking else [TURN, "model\n", CHANNEL, "thought\n", CHANNEL_END]


def thought_pieces(text: str) -> list[Piece]:
    return [CHANNEL, f"thought\n{text}\n", CHANNEL_END]


def call_pieces(name: str, arguments: Mapping[str, JSON]) -> list[Piece]:
    return [CALL, f"call:{name}{{", *member_pieces(arguments), "}", CALL_END]


def faulty_call_pieces(call: ToolCallPart) -> list[Piece]:
    """A call that could not be read, as the plain text that it was."""
    raw = call.raw.removeprefix(CALL.name).removesuffix(CALL_END.name)
    return [CALL, raw or f"call:{call.name}{{}}", CALL_END]


def response_pieces(result: ToolResult) -> list[Piece]:
    """A mapping gives its members; anything else is the one member `value`, or `error` when the call failed."""
    content = result.content
    if isinstance(content, Mapping):
        members = member_pieces(content)
    else:
        members = ["error:" if result.is_error else "value:", *value_pieces(content)]
    return [RESPONSE, f"response:{result.name}{{", *members, "}", RESPONSE_END]


class _Turn(Enum):
    """How far the model's turn has come."""

    CLOSED = 0
    SAID = 1  # text; nothing closes it yet
    CALLED = 2  # calls without an answer
    STOPPED = 3  # calls without an answer, and the `<|tool_response>` that the model stops at
    ANSWERED = 4  # the last thing is a tool's answer
    CUT = 5  # the model's own tokens, without a stop


class Transcript:
    """Writes a conversation down, message by message."""

    def __init__(self, tokenizer: Tokenizer, *, thinking: bool) -> None:
        self._tokenizer = tokenizer
        self._thinking = thinking
        self._ids: list[int] = []
        self._pieces: list[Piece] = []
        self._turn = _Turn.CLOSED
        self._write(BOS)

    @property
    def length(self) -> int:
        """How many tokens are written."""
        self._flush()
        return len(self._ids)

    def system(self, text: str, tools: Sequence[ToolDefinition] = (), *, thinking: bool = False) -> None:
        self._close()
        self._flush()
        self._ids.extend(_encoded(self._tokenizer, tuple(system_pieces(text, tools, thinking=thinking))))

    def user(self, text: str) -> None:
        self._close()
        self._write(*user_pieces(text))

    def assistant(self, message: AssistantMessage, *, with_thoughts: bool) -> None:
        """A message part by part, in the order of the parts; thoughts only before calls, as the templates do."""
        if self._turn in (_Turn.CLOSED, _Turn.SAID, _Turn.CUT):
            self._close()
            self._write(TURN, "model\n")
        elif self._turn is _Turn.CALLED:
            self._write(RESPONSE)
        for part in stripped(message.parts):
            if isinstance(part, TextPart):
                self._write(part.text)
            elif isinstance(part, ToolCallPart):
                calls = faulty_call_pieces(part) if part.arguments is None else call_pieces(part.name, part.arguments)
                self._write(*calls)
            elif isinstance(part, ThoughtPart) and with_thoughts and message.calls:
                self._write(*thought_pieces(part.text))
        self._turn = _Turn.CALLED if message.calls else _Turn.SAID

    def replay(self, tokens: Sequence[int], *, now: bool, with_thoughts: bool, answered: bool, last: bool) -> None:
        """A message by the tokens that the model itself wrote.

        Args:
            now: it belongs to the turn at hand, and has the opening of that.
            with_thoughts: keep its thoughts.
            answered: tool results follow, whatever it stopped with.
            last: nothing follows, so a message that was cut off is left as it is and the model goes on from there.
        """
        if self._turn in (_Turn.CLOSED, _Turn.SAID, _Turn.CUT):
            self._close()
            self._write(*prompt_pieces(thinking=self._thinking or not now))
        elif self._turn is _Turn.CALLED:
            self._write(RESPONSE)
        body, stop = self._split_stop(tokens)
        if not with_thoughts:
            body = self._without_thoughts(body)
        self._flush()
        self._ids.extend(body)
        if stop is None and last:
            self._turn = _Turn.CUT
            return
        if stop != RESPONSE.name:
            self._write(*self._closers(body))
        if stop == RESPONSE.name:
            self._write(RESPONSE)
            self._turn = _Turn.STOPPED
        else:
            self._turn = _Turn.CALLED if answered else _Turn.SAID

    def results(self, results: Sequence[ToolResult]) -> None:
        if self._turn in (_Turn.CLOSED, _Turn.SAID):
            self._close()
            self._write(TURN, "model\n")
        for result in results:
            pieces = response_pieces(result)
            self._write(*(pieces[1:] if self._turn is _Turn.STOPPED else pieces))
            self._turn = _Turn.ANSWERED

    def finish(self) -> list[int]:
        """The ids, up to where the model must go on."""
        if self._turn is _Turn.CALLED:
            self._write(RESPONSE)
        elif self._turn in (_Turn.CLOSED, _Turn.SAID):
            self._close()
            self._write(*prompt_pieces(thinking=self._thinking))
        self._flush()
        return self._ids

    def _close(self) -> None:
        if self._turn is _Turn.SAID:
            self._write(TURN_END, "\n")
        elif self._turn is _Turn.CALLED:
            self._write(RESPONSE)
        self._turn = _Turn.CLOSED

    def _write(self, *pieces: Piece) -> None:
        self._pieces.extend(pieces)

    def _flush(self) -> None:
        self._ids.extend(encode_pieces(self._tokenizer, self._pieces))
        self._pieces.clear()

    def _split_stop(self, tokens: Sequence[int]) -> tuple[Tokens, str | None]:
        """The tokens before the first stop token, and the name of that token."""
        names = self._tokenizer.control_names
        for index, token in enumerate(tokens):
            if (name := names.get(token)) in STOPS:
                return tuple(tokens[:index]), name
        return tuple(tokens), None

    def _without_thoughts(self, tokens: Tokens) -> Tokens:
        """The tokens without their channels. A channel that is never closed ends at a call, or at the end."""
        names = self._tokenizer.control_names
        kept: list[int] = []
        inside = False
        for token in tokens:
            name = names.get(token)
            inside = (inside or name == CHANNEL.name) and name != CALL.name
            if not inside:
                kept.append(token)
            inside = inside and name != CHANNEL_END.name
        return tuple(kept)

    def _closers(self, tokens: Tokens) -> list[Piece]:
        """What closes the channel or the call that the tokens leave open."""
        names = self._tokenizer.control_names
        closers = {CHANNEL.name: [CHANNEL_END], CALL.name: [CALL_END], CHANNEL_END.name: [], CALL_END.name: []}
        last = next((name for token in reversed(tokens) if (name := names.get(token)) in closers), None)
        return list(closers[last]) if last else []


@lru_cache(maxsize=64)
def _encoded(tokenizer: Tokenizer, pieces: tuple[Piece, ...]) -> tuple[int, ...]:
    """The tokens of pieces. Kept, since each turn of a conversation declares the same tools."""
    return tuple(encode_pieces(tokenizer, pieces))


STOPS = frozenset(("<eos>", TURN_END.name, RESPONSE.name))


def _unchanged(tokenizer: Tokenizer, message: AssistantMessage) -> bool:
    """Whether a message says what its tokens say."""
    return _said(message.parts) == _read(tokenizer, tuple(message.tokens or ()))


@lru_cache(maxsize=4096)
def _read(tokenizer: Tokenizer, tokens: Tokens) -> list[tuple[str, str]]:
    """What a turn's tokens say. Kept, since each turn of a conversation replays those before it."""
    stops = frozenset(tokenizer.control[name] for name in STOPS)
    return _said(parse(tokenizer, tokens, stops).regions)


def _said(parts: Iterable[AssistantPart | Region]) -> list[tuple[str, str]]:
    """What a message and the regions that it was made of have in common: each part's kind, or tool, and text."""
    said: list[tuple[str, str]] = []
    for part in parts:
        if isinstance(part, (ToolCallPart, CallRegion)):
            legible = part.arguments is not None and not too_deep(part.arguments)
            said.append((part.name, repr(part.arguments) if legible else part.raw))
        elif text := part.text.strip():
            said.append(("" if isinstance(part, (TextPart, TextRegion)) else CHANNEL.name, text))
    return said


def render(
    tokenizer: Tokenizer,
    messages: Sequence[Message],
    tools: Sequence[ToolDefinition],
    *,
    thinking: bool,
    model: str | None,
) -> tuple[list[int], list[int]]:
    """The prompt of `agentkit.dialects.gemma4.Gemma4.render`, and where its system turn and each message end."""
    transcript = Transcript(tokenizer, thinking=thinking)
    first = messages[0] if messages else None
    if tools or thinking or isinstance(first, SystemMessage):
        instructions = first.text if isinstance(first, SystemMessage) else ""
        transcript.system(instructions, tools, thinking=thinking)
    ends = [transcript.length]
    last_user = max((index for index, message in enumerate(messages) if isinstance(message, UserMessage)), default=-1)
    for index, message in enumerate(messages):
        now = index > last_user
        if isinstance(message, UserMessage):
            transcript.user(message.text)
        elif isinstance(message, ToolMessage):
            transcript.results(message.results)
        elif isinstance(message, SystemMessage):
            if index:
                transcript.system(message.text)
        elif message.tokens is not None and model == message.model is not None and _unchanged(tokenizer, message):
            following = messages[index + 1] if index + 1 < len(messages) else None
            answered = isinstance(following, ToolMessage)
            transcript.replay(
                message.tokens,
                now=now,
                with_thoughts=now and (bool(message.calls) or answered or following is None),
                answered=answered,
                last=following is None,
            )
        else:
            transcript.assistant(message, with_thoughts=now)
        ends.append(transcript.length)
    return transcript.finish(), ends
