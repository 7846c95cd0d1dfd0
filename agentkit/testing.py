"""Models for tests: answers by script, by function, and faults on purpose.

They are ordinary models: the loop, the tools, the limits and the events are the real ones.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from inspect import isawaitable
from typing import Any, TypeAlias

from anyio.lowlevel import checkpoint

from agentkit.errors import ModelError
from agentkit.events import CanvasCommitted, SpanRenoised
from agentkit.messages import AssistantMessage, AssistantPart, TextPart, ThoughtPart, ToolCallPart
from agentkit.models.base import (
    CanvasRecord,
    Conversation,
    Emit,
    Model,
    ModelRequest,
    ModelResponse,
    WrongCall,
    emit_parts,
)
from agentkit.usage import Usage

__all__ = ["FaultyModel", "FunctionModel", "Reply", "ScriptedModel", "bad_call", "call", "toy_model"]

Part: TypeAlias = str | TextPart | ThoughtPart | ToolCallPart
Reply: TypeAlias = Part | AssistantMessage | Sequence[Part] | Exception
"""One turn: text, a part, several parts, a whole message, or an exception to raise instead."""


def call(name: str, /, **arguments: Any) -> ToolCallPart:
    """A tool call to script; its id is given by the run."""
    return ToolCallPart(name, arguments, id="")


def bad_call(name: str, raw: str, fault: str = "the arguments are not closed") -> ToolCallPart:
    """A call that could not be read, as a dialect reports it."""
    return ToolCallPart(name, None, id="", raw=raw, fault=fault)


class FunctionModel(Model):
    """A model that is a function: from a `ModelRequest` to a reply. It may be async.

    Each turn costs one canvas of one denoising step, so that limits can be tested.
    """

    name = "function"

    def __init__(self, function: Callable[[ModelRequest], Reply | Awaitable[Reply]]) -> None:
        self._function = function
        self.requests: list[ModelRequest] = []

    def converse(self) -> AbstractAsyncContextManager[Conversation]:
        return self._conversation()

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator[Conversation]:
        yield _FunctionConversation(self)

    def repaired(self, message: AssistantMessage, wrong: WrongCall) -> AssistantMessage | None:
        """The message with one call put right; None when the model can't do that."""
        return None

    async def reply(self, request: ModelRequest) -> Reply:
        """The next turn; every request is kept in `requests`."""
        self.requests.append(request)
        reply = self._function(request)
        return await reply if isawaitable(reply) else reply


class ScriptedModel(FunctionModel):
    """Replies with the script's turns, one after the other; `requests` are what it was asked.

    repairs  arguments that change in a call that was wrong, one mapping for each time it is asked to repair one;
             without any left it can't, as models without canvases never can. `wrong` is what it was asked to repair.
    """

    name = "scripted"

    def __init__(self, script: Iterable[Reply], *, repairs: Iterable[Mapping[str, Any]] = ()) -> None:
        self._script = list(script)
        self._repairs = list(repairs)
        self.wrong: list[WrongCall] = []
        super().__init__(lambda request: self._next())

    def repaired(self, message: AssistantMessage, wrong: WrongCall) -> AssistantMessage | None:
        """The message with the script's next repair put into the wrong call."""
        self.wrong.append(wrong)
        if not self._repairs:
            return None
        target = message.calls[wrong.index]
        changed = replace(target, arguments={**(target.arguments or {}), **self._repairs.pop(0)}, raw="", fault=None)
        return replace(message, parts=tuple(changed if part is target else part for part in message.parts))

    def _next(self) -> Reply:
        if len(self.requests) > len(self._script):
            raise ModelError(f"The script has {len(self._script)} turns, and turn {len(self.requests)} was asked for.")
        return self._script[len(self.requests) - 1]

    def assert_complete(self) -> None:
        """Raises AssertionError unless every turn of the script was asked for."""
        left = self._script[len(self.requests) :]
        if left:
            raise AssertionError(
                f"{len(left)} of {len(self._script)} turns were not asked for; the next is {left[0]!r}."
            )


class _FunctionConversation(Conversation):
    def __init__(self, model: FunctionModel) -> None:
        self._model = model
        self._canvases = 0

    async def respond(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        request.budget.check_canvas()
        await checkpoint()
        reply = await self._model.reply(request)
        if isinstance(reply, Exception):
            raise reply
        message = _as_message(reply, self._model.name)
        canvas = CanvasRecord(self._canvases, steps=1, reason="stable", stopped=True, text=message.text)
        self._canvases += 1
        await emit(CanvasCommitted(canvas))
        await emit_parts(message, emit)
        usage = Usage(canvases=1, denoising_steps=1, output_tokens=len(message.text.split()))
        return ModelResponse(message, finish="tool_calls" if message.calls else "stop", usage=usage, canvases=(canvas,))

    async def repair(
        self, request: ModelRequest, message: AssistantMessage, wrong: WrongCall, emit: Emit
    ) -> AssistantMessage | None:
        repaired = self._model.repaired(message, wrong)
        if repaired is not None:
            request.budget.spend(repairs=1)
            await emit(SpanRenoised(self._canvases - 1, (0, 0), wrong.reason, wrong.pointers[0] or None, 1))
        return repaired


class FaultyModel(Model):
    """A model that fails on purpose, repeatably: each turn of the model it wraps is, by chance, spoiled.

    corrupt    chance that one argument of a call becomes a value of another type
    garble     chance that a call can't be read
    rename     chance that a call names a tool that doesn't exist
    truncate   chance that the turn is cut off in the middle, as if `max_tokens` were reached
    fail       chance that the model raises `ModelError`
    """

    name = "faulty"

    def __init__(
        self,
        model: Model,
        *,
        corrupt: float = 0.0,
        garble: float = 0.0,
        rename: float = 0.0,
        truncate: float = 0.0,
        fail: float = 0.0,
        seed: int = 0,
    ) -> None:
        self._model = model
        self.settings = model.settings
        self._chances = {"corrupt": corrupt, "garble": garble, "rename": rename, "truncate": truncate, "fail": fail}
        self._random = random.Random(seed)
        self.faults: list[str] = []

    def converse(self) -> AbstractAsyncContextManager[Conversation]:
        return self._conversation()

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator[Conversation]:
        async with self._model.converse() as conversation:
            yield _FaultyConversation(self, conversation)

    def spoil(self, response: ModelResponse) -> ModelResponse:
        """The response, spoiled as chance has it; the kinds of fault are kept in `faults`."""
        hit = [kind for kind, chance in self._chances.items() if self._random.random() < chance]
        if "fail" in hit:
            self.faults.append("fail")
            raise ModelError("The model failed on purpose.")
        parts = [self._spoiled(part, hit) for part in response.message.parts]
        finish = response.finish
        if "truncate" in hit and parts:
            self.faults.append("truncate")
            parts, finish = _cut_off(parts), "length"
        return replace(response, message=replace(response.message, parts=tuple(parts)), finish=finish)

    def _spoiled(self, part: AssistantPart, hit: Sequence[str]) -> AssistantPart:
        if not isinstance(part, ToolCallPart) or part.arguments is None:
            return part
        if "rename" in hit:
            self.faults.append("rename")
            part = replace(part, name=f"{part.name}_x")
        if "corrupt" in hit and part.arguments:
            self.faults.append("corrupt")
            name = self._random.choice(sorted(part.arguments))
            other = {"?": part.arguments[name]} if not isinstance(part.arguments[name], dict) else "?"
            part = replace(part, arguments={**part.arguments, name: other})
        if "garble" in hit:
            self.faults.append("garble")
            part = replace(part, arguments=None, raw=repr(part.arguments)[:-1], fault="the arguments are not closed")
        return part


class _FaultyConversation(Conversation):
    def __init__(self, model: FaultyModel, conversation: Conversation) -> None:
        self._model = model
        self._conversation = conversation

    async def respond(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        return self._model.spoil(await self._conversation.respond(request, emit))


def toy_model(seed: int = 0) -> Model:
    """The real engine with random weights and the bundled tokenizer, small enough for thousands of runs.

    What it writes is noise: text, bad calls, nothing; with `ModelSettings(seed=...)` the same every time. Canvases have
    16 tokens; unless the settings say otherwise, a turn has at most 3 of them, of at most 4 denoising steps each. Needs
    torch and transformers.
    """
    from agentkit.toy import build

    return build(seed)


def _as_message(reply: Reply, model: str) -> AssistantMessage:
    if isinstance(reply, AssistantMessage):
        return reply
    if isinstance(reply, (str, TextPart, ThoughtPart, ToolCallPart)):
        reply = [reply]
    if isinstance(reply, Exception):
        raise reply
    return AssistantMessage(tuple(TextPart(part) if isinstance(part, str) else part for part in reply), model=model)


def _cut_off(parts: list[AssistantPart]) -> list[AssistantPart]:
    *whole, last = parts
    if isinstance(last, ToolCallPart):
        raw = last.raw or repr(last.arguments)
        return [*whole, replace(last, arguments=None, raw=raw[: len(raw) // 2], fault="the call was cut off")]
    return [*whole, replace(last, text=last.text[: len(last.text) // 2])]
