"""A model that fails on purpose."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio

from agentkit.dialects.base import Outline
from agentkit.errors import ModelError, UserError
from agentkit.messages import JSON, AssistantMessage, AssistantPart, ToolCallPart
from agentkit.models.base import CanvasRecord, Conversation, Emit, Model, ModelRequest, ModelResponse, WrongCall
from agentkit.schema import escaped_step


class FaultyModel(Model):
    """A model that fails on purpose, repeatably: each turn of the model it wraps is, by chance, spoiled.

    corrupt    chance that one argument of a call becomes a value of another type
    noise      chance that the tokens of one argument's value become others: the span of a canvas, for models that write
               on canvases; the call then says something else or can't be read
    garble     chance that a call can't be read
    rename     chance that a call names a tool that doesn't exist
    truncate   chance that the turn is cut off in the middle, as if `max_tokens` were reached
    stall      chance that the model does nothing for `stall_seconds` before it answers; for good unless that is set
    fail       chance that the model raises `error`
    spans      JSON pointers (`"/city"`) of the arguments that `corrupt` and `noise` may choose; None: any
    turns      which of the model's turns, from 0, may be spoiled; None: any

    `faults` are the kinds of fault there were. What the wrapped model can repair it repairs here as well.
    """

    name = "faulty"

    def __init__(
        self,
        model: Model,
        *,
        corrupt: float = 0.0,
        noise: float = 0.0,
        garble: float = 0.0,
        rename: float = 0.0,
        truncate: float = 0.0,
        stall: float = 0.0,
        fail: float = 0.0,
        spans: Collection[str] | None = None,
        turns: Collection[int] | None = None,
        stall_seconds: float = math.inf,
        error: Exception | None = None,
        seed: int = 0,
    ) -> None:
        if noise and not (hasattr(model, "dialect") and hasattr(model, "tokenizer")):
            raise UserError(f"FaultyModel(noise=...): the model {model.name!r} writes no tokens; use corrupt=.")
        self.model = model
        self.settings = model.settings
        self.faults: list[str] = []
        self._chances = {"corrupt": corrupt, "noise": noise, "garble": garble, "rename": rename, "truncate": truncate}
        self._before = {"stall": stall, "fail": fail}
        self._spans = None if spans is None else frozenset(spans)
        self._turns = None if turns is None else frozenset(turns)
        self._stall_seconds = stall_seconds
        self._error = error
        self._random = random.Random(seed)
        self._asked = 0

    @property
    def context_length(self) -> int | None:
        return self.model.context_length

    def outline(self, request: ModelRequest) -> Outline | None:
        return self.model.outline(request)

    def parts_of(self, canvases: Sequence[CanvasRecord]) -> Sequence[AssistantPart]:
        return self.model.parts_of(canvases)

    def converse(self) -> AbstractAsyncContextManager[Conversation]:
        return self._conversation()

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator[Conversation]:
        async with self.model.converse() as conversation:
            yield _FaultyConversation(self, conversation)

    def next_faults(self) -> list[str]:
        """The kinds of fault that the next turn is to have, by chance."""
        turn, self._asked = self._asked, self._asked + 1
        chances = {**self._chances, **self._before}
        hit = [kind for kind, chance in chances.items() if self._random.random() < chance]
        return hit if self._turns is None or turn in self._turns else []

    async def before(self, hit: Sequence[str]) -> None:
        """What goes wrong before the wrapped model answers."""
        if "stall" in hit:
            self.faults.append("stall")
            await anyio.sleep(self._stall_seconds)
        if "fail" in hit:
            self.faults.append("fail")
            raise self._error or ModelError("The model failed on purpose.")

    def spoil(self, response: ModelResponse, hit: Sequence[str], turn: int) -> ModelResponse:
        """The response with these faults. `turn` is how many messages were before it."""
        message = self._noised(response.message, turn) if "noise" in hit else response.message
        parts = [self._spoiled(part, hit) for part in message.parts]
        finish = response.finish
        if "truncate" in hit and parts:
            self.faults.append("truncate")
            parts, finish = _cut_off(parts), "length"
        return replace(response, message=replace(message, parts=tuple(parts)), finish=finish)

    def _spoiled(self, part: AssistantPart, hit: Sequence[str]) -> AssistantPart:
        if not isinstance(part, ToolCallPart) or part.arguments is None:
            return part
        if "rename" in hit:
            self.faults.append("rename")
            part = replace(part, name=f"{part.name}_x")
        if "corrupt" in hit and (pointers := self._chosen(_pointers(part.arguments))):
            self.faults.append("corrupt")
            steps = self._random.choice(pointers).split("/")[1:]
            part = replace(part, arguments=_changed(part.arguments, steps))
        if "garble" in hit:
            self.faults.append("garble")
            part = replace(part, arguments=None, raw=repr(part.arguments)[:-1], fault="the arguments are not closed")
        return part

    def _noised(self, message: AssistantMessage, turn: int) -> AssistantMessage:
        """The turn with the tokens of one value replaced by others, read again."""
        from agentkit.models.reading import message_of

        model: Any = self.model  # one that writes tokens
        tokens = list(message.tokens or ())
        spans = {
            pointer: span
            for call in model.dialect.parse(tokens).calls
            for pointer, span in call.value_spans.items()
            if pointer
        }
        if not (pointers := self._chosen(spans)):
            return message
        self.faults.append("noise")
        start, end = spans[self._random.choice(pointers)]
        plain = sorted(model.tokenizer.plain_tokens())
        tokens[start:end] = [self._random.choice(plain) for _ in tokens[start:end]]
        return message_of(model.dialect.parse(tokens), tokens, model=message.model or model.name, turn=turn)

    def _chosen(self, pointers: Collection[str]) -> list[str]:
        return sorted(pointer for pointer in pointers if self._spans is None or pointer in self._spans)


class _FaultyConversation(Conversation):
    def __init__(self, model: FaultyModel, conversation: Conversation) -> None:
        self._model = model
        self._conversation = conversation

    async def respond(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        hit = self._model.next_faults()
        await self._model.before(hit)
        return self._model.spoil(await self._conversation.respond(request, emit), hit, len(request.messages))

    async def repair(
        self, request: ModelRequest, message: AssistantMessage, wrong: WrongCall, emit: Emit
    ) -> AssistantMessage | None:
        return await self._conversation.repair(request, message, wrong, emit)


def _pointers(arguments: JSON, at: str = "") -> list[str]:
    """The JSON pointers of all values within the arguments."""
    items = arguments.items() if isinstance(arguments, dict) else enumerate(arguments)
    found = []
    for key, value in items:
        pointer = f"{at}/{escaped_step(str(key))}"
        found += [pointer, *(_pointers(value, pointer) if isinstance(value, (dict, list)) else ())]
    return found


def _changed(value: JSON, steps: Sequence[str]) -> JSON:
    """The value with what stands at the pointer's steps made one of another type."""
    if not steps:
        return "?" if isinstance(value, dict) else {"?": value}
    step, *rest = steps
    if isinstance(value, list):
        return [_changed(item, rest) if str(index) == step else item for index, item in enumerate(value)]
    return {key: _changed(item, rest) if escaped_step(key) == step else item for key, item in value.items()}


def _cut_off(parts: list[AssistantPart]) -> list[AssistantPart]:
    *whole, last = parts
    if isinstance(last, ToolCallPart):
        raw = last.raw or repr(last.arguments)
        return [*whole, replace(last, arguments=None, raw=raw[: len(raw) // 2], fault="the call was cut off")]
    return [*whole, replace(last, text=last.text[: len(last.text) // 2])]
