"""A model that is a function."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from inspect import isawaitable

from anyio.lowlevel import checkpoint

from agentkit.events import CanvasCommitted, CanvasStarted, SpanRenoised
from agentkit.messages import AssistantMessage
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
from agentkit.testing.replies import Reply, as_message
from agentkit.usage import Usage


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


class _FunctionConversation(Conversation):
    def __init__(self, model: FunctionModel) -> None:
        self._model = model
        self._canvases = 0

    async def respond(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        request.budget.check_canvas()
        await checkpoint()
        self._canvases = max(self._canvases, request.canvases)
        await emit(CanvasStarted(self._canvases))
        message = as_message(await self._model.reply(request), self._model.name)
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
