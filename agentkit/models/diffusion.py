"""Where agents meet the engine: messages become a context, canvases become messages.

A conversation keeps one context. For each turn the whole conversation is rendered, and whatever the context already
holds of it is reused: the model's own canvases are replayed by the tokens they were committed with, so that a turn of a
tool loop prefills nothing but the tools' answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agentkit.dialects import Gemma4
from agentkit.dialects.base import CallRegion, Dialect, Fault, Parsed, TextRegion
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.errors import ModelError, UserError
from agentkit.events import CanvasCommitted, CanvasDraft
from agentkit.messages import AssistantMessage, AssistantPart, TextPart, ThoughtPart, ToolCallPart
from agentkit.models.base import (
    CanvasRecord,
    Conversation,
    Emit,
    Finish,
    Model,
    ModelRequest,
    ModelResponse,
    emit_parts,
)
from agentkit.settings import ModelSettings
from agentkit.usage import Usage

if TYPE_CHECKING:
    from agentkit_model import CanvasPlan, CanvasResult, Context, Draft, Engine

MAX_CANVASES = 16
"""Canvases of one turn when `ModelSettings.max_tokens` is not set: a turn that never stops ends here."""


DIALECTS = {"gemma4": Gemma4}


class DiffusionModel(Model):
    """A diffusion checkpoint running in this process.

    Args:
        engine: an `agentkit_model.Engine`; it may be shared by any number of models and runs.
        tokenizer: the checkpoint's, as `agentkit.dialects.tokenizer.Tokenizer`.
        dialect: the wire format the checkpoint was trained on, by name or as an object.
        name: what the model is called in messages; messages of the same name are replayed by their tokens.
    """

    def __init__(
        self, engine: Engine, tokenizer: Tokenizer, *, dialect: str | Dialect = "gemma4", name: str = "diffusion"
    ) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.dialect: Dialect = _dialect(dialect, tokenizer) if isinstance(dialect, str) else dialect
        self.name = name
        if tokenizer.vocab_size > engine.vocab_size:
            raise UserError(
                f"The tokenizer has {tokenizer.vocab_size} tokens and the engine's vocabulary {engine.vocab_size}: "
                "they belong to different checkpoints."
            )

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        *,
        device: str = "auto",
        dtype: str = "auto",
        dialect: str = "gemma4",
        name: str | None = None,
    ) -> DiffusionModel:
        """Opens a local folder or hub id with its tokenizer. Needs the extra `engine` (torch and transformers)."""
        try:
            from agentkit_model import Engine
        except ModuleNotFoundError as error:
            raise UserError(
                f"Running a model in this process needs {error.name}: pip install 'agentkit-diffusion[engine]'."
            ) from error
        engine = Engine.from_pretrained(source, device=device, dtype=dtype)
        tokenizer = Tokenizer.from_pretrained(source)
        return cls(engine, tokenizer, dialect=dialect, name=name or str(source))

    @asynccontextmanager
    async def converse(self) -> AsyncIterator[Conversation]:
        conversation = DiffusionConversation(self)
        try:
            yield conversation
        finally:
            conversation.close()


class DiffusionConversation(Conversation):
    """One run's context on the engine. A turn that fails or is cancelled leaves it usable."""

    def __init__(self, model: DiffusionModel) -> None:
        self.model = model
        self._context: Context | None = None
        self._canvases = 0

    def close(self) -> None:
        if self._context is not None:
            self._context.close_sync()
            self._context = None

    async def respond(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        from agentkit_model import EngineError

        try:
            return await self._respond(request, emit)
        except EngineError as error:
            raise ModelError(f"{self.model.name}: {error}") from error

    async def _respond(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        settings, budget = request.settings, request.budget
        prompt = self.model.dialect.render(
            request.messages, request.tools, thinking=bool(settings.thinking), model=self.model.name
        )
        budget.check_canvas()
        context, read = await self._read(prompt)
        budget.spend(prompt_tokens=read)
        tokens: list[int] = []
        records: list[CanvasRecord] = []
        limit = settings.max_tokens or MAX_CANVASES * self.model.engine.canvas_length
        while len(tokens) < limit:
            if records:
                budget.check_canvas()
            plan = self._plan(settings, request, first=not records)
            result = await self._fill(context, plan, request.drafts, emit)
            kept = replace(result, length=min(result.length, limit - len(tokens)))
            await context.commit(kept)
            record = self._record(kept)
            records.append(record)
            tokens += record.tokens
            await emit(CanvasCommitted(record))
            budget.spend(canvases=1, denoising_steps=result.steps, output_tokens=kept.length)
            if record.stopped:
                break
        parsed = self.model.dialect.parse(tokens)
        message = self._message(parsed, tokens, turn=len(request.messages))
        await emit_parts(message, emit)
        return ModelResponse(
            message=message,
            faults=parsed.faults,
            finish=_finish(parsed),
            usage=_usage(read, records),
            canvases=tuple(records),
        )

    async def _read(self, prompt: Sequence[int]) -> tuple[Context, int]:
        """The context, holding `prompt`, and how many of its tokens had to be prefilled."""
        if self._context is None:
            self._context = await self.model.engine.open(prompt)
            return self._context, len(prompt)
        context = self._context
        shared = _common_prefix(context.tokens, prompt)
        if shared < len(context):
            await context.rewind(shared)
        if shared < len(prompt):
            await context.extend(prompt[shared:])
        return context, len(prompt) - shared

    def _plan(self, settings: ModelSettings, request: ModelRequest, *, first: bool) -> CanvasPlan:
        from agentkit_model import CanvasPlan

        t_max, t_min = settings.temperature or (None, None)
        index = self._canvases
        return CanvasPlan(
            # a stream of seeds: neighbouring run seeds share none of them
            seed=None if settings.seed is None else (settings.seed * 1_000_003 + index) % 2**63,
            max_denoising_steps=settings.max_denoising_steps,
            entropy_bound=settings.entropy_bound,
            t_max=t_max,
            t_min=t_min,
            clamped=dict(enumerate(self._opening(settings, request))) if first else {},
        )

    def _opening(self, settings: ModelSettings, request: ModelRequest) -> Sequence[int]:
        """The tokens a turn has to begin with under `tool_choice`, which are held while it is denoised."""
        choice = settings.tool_choice or "auto"
        if choice in ("auto", "none") or not request.tools:
            return ()
        return self.model.dialect.render_call_opening(None if choice == "required" else choice)

    async def _fill(self, context: Context, plan: CanvasPlan, drafts: bool, emit: Emit) -> CanvasResult:
        async with context.fill(plan) as canvas:
            if drafts:
                async for draft in canvas:
                    await emit(self._draft(draft))
            return await canvas.result()

    def _draft(self, draft: Draft) -> CanvasDraft:
        text = self.model.tokenizer.token_text
        return CanvasDraft(
            canvas=self._canvases,
            step=draft.step,
            tokens=draft.tokens,
            texts=tuple(map(text, draft.tokens)),
            entropies=draft.entropies,
            accepted=draft.accepted,
        )

    def _record(self, result: CanvasResult) -> CanvasRecord:
        index = self._canvases
        self._canvases += 1
        length = result.length
        tokens = result.tokens[:length]
        return CanvasRecord(
            index=index,
            tokens=tokens,
            entropies=result.entropies[:length],
            steps=result.steps,
            reason=result.reason,
            seed=result.seed,
            stopped=bool(tokens) and tokens[-1] in self.model.engine.stop_tokens,
            text=self.model.tokenizer.decode(tokens, markers=True),
        )

    def _message(self, parsed: Parsed, tokens: Sequence[int], *, turn: int) -> AssistantMessage:
        parts: list[AssistantPart] = []
        for region in parsed.regions:
            if isinstance(region, CallRegion):
                parts.append(_call_part(region, f"call_{turn}_{len(parts)}"))
            elif isinstance(region, TextRegion):
                if text := region.text.strip():
                    parts.append(TextPart(text))
            elif text := region.text.strip():
                parts.append(ThoughtPart(text))
        return AssistantMessage(tuple(parts), model=self.model.name, tokens=tuple(tokens))


def _dialect(name: str, tokenizer: Tokenizer) -> Dialect:
    if name not in DIALECTS:
        raise UserError(f"No dialect is called {name!r}; there are {', '.join(DIALECTS)}, or give a Dialect object.")
    return DIALECTS[name](tokenizer)


def _call_part(region: CallRegion, id: str) -> ToolCallPart:
    fault = "; ".join(_reason(fault) for fault in region.faults) or None
    return ToolCallPart(region.name, None if fault else region.arguments, id, raw=region.raw, fault=fault)


def _reason(fault: Fault) -> str:
    return f"{fault.pointer}: {fault.reason}" if fault.pointer else fault.reason


def _finish(parsed: Parsed) -> Finish:
    if parsed.stop is None:
        return "length"
    return "tool_calls" if parsed.calls else "stop"


def _usage(read: int, records: Sequence[CanvasRecord]) -> Usage:
    return Usage(
        canvases=len(records),
        denoising_steps=sum(record.steps for record in records),
        prompt_tokens=read,
        output_tokens=sum(len(record.tokens) for record in records),
    )


def _common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))
