"""Models on tape: recorded once with their weights, played ever after without."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from anyio.lowlevel import checkpoint

from agentkit.budget import Budget
from agentkit.dialects.base import Outline
from agentkit.errors import UserError
from agentkit.events import CanvasCommitted, CanvasDraft, CanvasStarted, Event
from agentkit.messages import AssistantMessage, AssistantPart
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
from agentkit.models.diffusion import DIALECTS
from agentkit.models.reading import finish_of, message_of, said_on, with_ids_of
from agentkit.schema import ArgumentFault
from agentkit.testing.tape import Canvas, CassetteError, Prompt, Take, Tape, TapeTokenizer, plain
from agentkit.usage import Usage


class RecordingModel(Model):
    """A model that runs in this process, and what it does on tape: every canvas at every denoising step.

    `save(path)` writes what was recorded until then. Turns that failed or were cancelled are not on it.
    """

    def __init__(self, model: Model) -> None:
        inner: Any = model
        names = {kind: name for name, kind in DIALECTS.items()}
        if not hasattr(inner, "tokenizer") or type(getattr(inner, "dialect", None)) not in names:
            raise UserError(f"The model {model.name!r} can't be recorded: only models that write on canvases here can.")
        self.name, self.settings = model.name, model.settings
        self._model, self._tokenizer = model, inner.tokenizer
        self._tape = Tape(
            model.name,
            names[type(inner.dialect)],
            dict(inner.tokenizer.control),
            settings=model.settings,
            context_length=model.context_length,
        )

    def save(self, path: str | Path) -> None:
        self._tape.save(Path(path))

    @property
    def context_length(self) -> int | None:
        return self._model.context_length

    def outline(self, request: ModelRequest) -> Outline | None:
        found = self._model.outline(request)
        if found is not None:
            self._tape.outlines[Prompt.of(request).digest] = found
        return found

    def parts_of(self, canvases: Sequence[CanvasRecord]) -> Sequence[AssistantPart]:
        return self._model.parts_of(canvases)

    def converse(self) -> AbstractAsyncContextManager[Conversation]:
        return self._conversation()

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator[Conversation]:
        async with self._model.converse() as conversation:
            yield _RecordingConversation(self, conversation)

    def keep(self, take: Take) -> None:
        """Puts a whole take on the tape."""
        self._tape.learn(self._tokenizer, sorted(take.ids() | set(take.tokens or ())))
        self._tape.takes.append(take)


class _RecordingConversation(Conversation):
    def __init__(self, model: RecordingModel, conversation: Conversation) -> None:
        self._model = model
        self._conversation = conversation

    async def respond(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        take = Take("turn", Prompt.of(request), [Canvas(replace(record, text="")) for record in request.written])
        before = replace(request.budget.usage)
        response = await self._conversation.respond(replace(request, drafts=True), _noting(take, request, emit))
        take.tokens = response.message.tokens
        take.usage = _spent(before, request.budget.usage)
        take.doubts = {index: [asdict(fault) for fault in faults] for index, faults in response.doubts.items()}
        self._model.keep(take)
        return response

    async def repair(
        self, request: ModelRequest, message: AssistantMessage, wrong: WrongCall, emit: Emit
    ) -> AssistantMessage | None:
        take = Take("repair", Prompt.of(request), wrong=_fault(message, wrong))
        before = replace(request.budget.usage)
        noting = _noting(take, request, emit)
        repaired = await self._conversation.repair(replace(request, drafts=True), message, wrong, noting)
        take.tokens = None if repaired is None else repaired.tokens
        take.usage = _spent(before, request.budget.usage)
        self._model.keep(take)
        return repaired


class CassetteModel(Model):
    """Plays what a `RecordingModel` saved, without weights, torch or a tokenizer: the tokens go through the dialect.

    Turns are found by their prompts, each is played once, so runs may go on side by side. Raises `CassetteError`
    when the file can't be played, and in a run when the model is asked something that isn't on it (any more).
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        tape = Tape.load(self.path)
        self.name, self.settings = tape.model, tape.settings
        self.tokenizer = TapeTokenizer(tape)
        if tape.dialect not in DIALECTS:
            raise CassetteError(f"{path} is in the dialect {tape.dialect!r}, which is unknown here.")
        self.dialect = DIALECTS[tape.dialect](self.tokenizer)
        self._left, self._outlines, self._context_length = list(tape.takes), tape.outlines, tape.context_length

    @property
    def context_length(self) -> int | None:
        return self._context_length

    def outline(self, request: ModelRequest) -> Outline | None:
        return self._outlines.get(Prompt.of(request).digest)

    def parts_of(self, canvases: Sequence[CanvasRecord]) -> Sequence[AssistantPart]:
        return said_on(canvases, self.dialect)

    def converse(self) -> AbstractAsyncContextManager[Conversation]:
        return self._conversation()

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator[Conversation]:
        yield _PlayingConversation(self)

    def assert_complete(self) -> None:
        """Raises AssertionError unless all of the tape was played."""
        if self._left:
            raise AssertionError(f"{len(self._left)} takes of {self.path} were not played.")

    def next(self, wanted: Take) -> Take:
        """The first take that is left with the same prompt."""
        for index, take in enumerate(self._left):
            if take.answers(wanted):
                return self._left.pop(index)
        nearest = next((take for take in self._left if take.kind == wanted.kind), None)
        if nearest is None:
            raise CassetteError(f"All of {self.path} was played, and one more {wanted.kind} was asked for. {_AGAIN}")
        why = nearest.prompt.difference(wanted.prompt)
        if why == "nothing":
            why = f"the fault was {nearest.wrong} and is {wanted.wrong}"
        raise CassetteError(f"The model is asked something else than {self.path} was recorded with: {why}. {_AGAIN}")


class _PlayingConversation(Conversation):
    def __init__(self, model: CassetteModel) -> None:
        self._model = model

    async def respond(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        take = self._model.next(Take("turn", Prompt.of(request)))
        written = request.written
        records = [*written, *await self._play(take, request, emit, written=len(written))]
        tokens = take.tokens or ()
        parsed = self._model.dialect.parse(tokens)
        probabilities = [probability for record in records for probability in record.probabilities]
        message = message_of(
            parsed, tokens, model=self._model.name, turn=len(request.messages), probabilities=probabilities
        )
        await emit_parts(message, emit)
        doubts = {index: [ArgumentFault(**fault) for fault in faults] for index, faults in take.doubts.items()}
        return ModelResponse(message, parsed.faults, finish_of(parsed), doubts, take.usage, tuple(records))

    async def repair(
        self, request: ModelRequest, message: AssistantMessage, wrong: WrongCall, emit: Emit
    ) -> AssistantMessage | None:
        take = self._model.next(Take("repair", Prompt.of(request), wrong=_fault(message, wrong)))
        await self._play(take, request, emit)
        if take.tokens is None:
            return None
        for event in take.renoised:
            await emit(event)
        renewed = message_of(
            self._model.dialect.parse(take.tokens), take.tokens, model=self._model.name, turn=len(request.messages)
        )
        return with_ids_of(renewed, message, wrong.index)

    async def _play(self, take: Take, request: ModelRequest, emit: Emit, *, written: int = 0) -> list[CanvasRecord]:
        """Shows and commits the take's canvases after those that are written already, and spends what they cost."""
        budget = Budget(parent=request.budget)
        records: list[CanvasRecord] = []
        budget.spend(prompt_tokens=take.usage.prompt_tokens)
        for canvas in take.canvases[written:]:
            budget.check_canvas()
            await emit(CanvasStarted(canvas.record.index))
            for draft in canvas.drafts:
                await checkpoint()
                if request.drafts:
                    texts = tuple(map(self._model.tokenizer.token_text, draft.tokens))
                    await emit(replace(draft, texts=texts))
            text = self._model.tokenizer.decode(canvas.record.tokens, markers=True)
            records.append(replace(canvas.record, text=text))
            await emit(CanvasCommitted(records[-1]))
            budget.spend(canvases=1, denoising_steps=canvas.record.steps, output_tokens=len(canvas.record.tokens))
        if not written:
            budget.settle(take.usage)
        return records


def _noting(take: Take, request: ModelRequest, emit: Emit) -> Emit:
    async def both(event: Event) -> None:
        take.note(event)
        if request.drafts or not isinstance(event, CanvasDraft):
            await emit(event)

    return both


def _spent(before: Usage, after: Usage) -> Usage:
    return Usage(**{name: getattr(after, name) - value for name, value in asdict(before).items()})


def _fault(message: AssistantMessage, wrong: WrongCall) -> dict[str, Any]:
    return {"turn": plain([message])[0], "call": wrong.index, "pointers": list(wrong.pointers)}


_AGAIN = "If that is meant, record it again."
