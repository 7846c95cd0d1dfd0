"""Where agents meet the engine: messages become a context, canvases become messages.

A conversation keeps one context. For each turn the whole conversation is rendered, and whatever the context already
holds of it is reused: the model's own canvases are replayed by the tokens they were committed with, so that a turn of a
tool loop prefills nothing but the tools' answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import anyio
import anyio.to_thread

from agentkit.constraints.nodes import Refused
from agentkit.dialects import Gemma4
from agentkit.dialects.base import CallRegion, Dialect, Outline, Parsed
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.errors import ModelError, ModelNotFoundError, UsageLimitExceeded, UserError
from agentkit.events import CanvasCommitted, CanvasDraft, CanvasStarted, SpanRenoised
from agentkit.messages import AssistantMessage, AssistantPart, ToolDefinition
from agentkit.models.allowed import check_allowed
from agentkit.models.base import (
    CanvasRecord,
    Conversation,
    Emit,
    Model,
    ModelRequest,
    ModelResponse,
    Progress,
    WrongCall,
    emit_parts,
)
from agentkit.models.calibration import Calibration
from agentkit.models.defaults import read_defaults
from agentkit.models.reading import (
    doubts_of,
    finish_of,
    invalid_calls,
    message_of,
    probabilities_of,
    said_on,
    usage_of,
    with_ids_of,
)
from agentkit.models.watch import CallWatch
from agentkit.settings import Constraints, ModelSettings
from agentkit.tasks import flat_errors

if TYPE_CHECKING:
    from agentkit.models.distinct import Held
    from agentkit_model import Canvas, CanvasPlan, CanvasResult, Context, Draft, Engine

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
        settings: what holds where a run says nothing.
        calibration: of the certainty that calls are told with; by default it is what the network gave.
    """

    def __init__(
        self,
        engine: Engine,
        tokenizer: Tokenizer,
        *,
        dialect: str | Dialect = "gemma4",
        name: str = "diffusion",
        settings: ModelSettings | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.dialect: Dialect = _dialect(dialect, tokenizer) if isinstance(dialect, str) else dialect
        self.name = name
        self.settings = settings or ModelSettings()
        self.calibration = calibration or Calibration()
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
        settings: ModelSettings | None = None,
        quantization: Literal["int8", "int4", "float8"] | None = None,
        progress: Progress | None = None,
        **engine_options: Any,
    ) -> DiffusionModel:
        """Opens a local folder or hub id with its tokenizer. Needs the extra `engine` (torch and transformers).

        settings: on top of those in the folder's `agentkit.json`, if it has one (`agentkit.models.defaults`).
        quantization: holds the weights in 8 or 4 bits; "int8" and "int4" need the extra `quantization`.
        engine_options: of `agentkit_model.Engine`; among them those that bound its memory: `max_batch` canvases in one
        pass, `cache_memory` bytes for all contexts and `memory_timeout` seconds of waiting for them, and
        `prefix_memory` bytes for prompts that may come again.

        Raises `ModelNotFoundError` where there is no whole checkpoint, and what the engine raises where it has no room.
        """
        check_allowed(str(source))
        defaults = read_defaults(source)
        if progress is not None:
            progress("import", 0, 0)  # seconds, the first time
        try:
            from agentkit_model import CheckpointError, Engine
        except ModuleNotFoundError as error:
            raise UserError(
                f"Running a model in this process needs {error.name}: pip install 'agentkit-diffusion[engine]'."
            ) from error
        try:
            engine = Engine.from_pretrained(
                source, device=device, dtype=dtype, quantization=quantization, progress=progress, **engine_options
            )
        except CheckpointError as error:
            raise ModelNotFoundError(str(error)) from error
        tokenizer = Tokenizer.from_pretrained(source)
        return cls(
            engine,
            tokenizer,
            dialect=dialect,
            name=name or str(source),
            settings=defaults.settings.merge(settings),
            calibration=defaults.calibration,
        )

    def parts_of(self, canvases: Sequence[CanvasRecord]) -> Sequence[AssistantPart]:
        return said_on(canvases, self.dialect)

    @property
    def context_length(self) -> int:
        """The most tokens that a prompt and what is written after it can have."""
        return self.engine.max_tokens

    def outline(self, request: ModelRequest) -> Outline:
        thinking = bool(self.settings.merge(request.settings).thinking)
        return self.dialect.outline(request.messages, request.declared, thinking=thinking, model=self.name)

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
        request = self._settled(request)
        with _engine_errors(self.model.name):
            prompt = self._prompt(request)
            held = await self._held(request)
            self._canvases = max(self._canvases, request.canvases + len(request.written))
            if held is not None and request.written:
                gone_on = await anyio.to_thread.run_sync(
                    held.gone_on, _tokens_of(request.written), self._limit(request)
                )
                request, held = (replace(request, written=()), held) if gone_on is None else (request, gone_on)
            read, records = await self._continue(prompt, request, held, emit)
        records = [*request.written, *records]
        tokens = _tokens_of(records)
        parsed = self.model.dialect.parse(tokens)
        message = self._message(parsed, tokens, probabilities_of(records), turn=len(request.messages))
        await emit_parts(message, emit)
        return ModelResponse(
            message=message,
            faults=parsed.faults,
            doubts=doubts_of(parsed, records, request.settings.doubt),
            finish=finish_of(parsed),
            usage=usage_of(read, records[len(request.written) :]),
            canvases=tuple(records),
        )

    async def _continue(
        self, prompt: Sequence[int], request: ModelRequest, held: Held | None, emit: Emit
    ) -> tuple[int, list[CanvasRecord]]:
        """Writes what the turn lacks; gives the number of tokens that were read, and the new canvases."""
        if request.written and request.written[-1].stopped:
            return 0, []
        tokens = _tokens_of(request.written)
        context, read = await self._read([*prompt, *tokens], request)
        return read, await self._write(context, request, held, emit, before=tokens)

    async def repair(
        self, request: ModelRequest, message: AssistantMessage, wrong: WrongCall, emit: Emit
    ) -> AssistantMessage | None:
        """Rewinds to the canvas in which the call begins and denoises from the first wrong value on.

        What the call holds besides is kept by the automaton and not by its positions, so that the new value may be of
        any length.
        """
        request = self._settled(request)
        tokens = message.tokens if message.tokens is not None and message.model == self.model.name else ()
        parsed = self.model.dialect.parse(tokens)
        region = parsed.calls[wrong.index] if wrong.index < len(parsed.calls) else None
        tool = next((tool for tool in request.declared if region is not None and tool.name == region.name), None)
        if region is None or tool is None:
            return None
        slots = [region.value_spans[pointer][0] for pointer in wrong.pointers if pointer in region.value_spans]
        kept = min(slots, default=region.span[0])
        start = kept // self.model.engine.canvas_length * self.model.engine.canvas_length
        with _engine_errors(self.model.name):
            try:
                held = await self._repair_held(request, tool, tokens[: parsed.length], region, wrong)
            except Refused:  # all that could be written there was wrong already
                return None
            automaton = held.hold.automaton
            if not (states := automaton.follow(tokens[:start])):
                start = region.span[0]  # what is kept was written in other tokens than the automaton writes it in
                states = automaton.follow(tokens[:start])
            if min(automaton.distance[state] for state in states) > self._limit(request) - start:
                return None  # nothing else is as short as that
            held = replace(held, hold=replace(held.hold, state=states))
            request.budget.charge(repairs=1)
            context, _ = await self._read([*self._prompt(request), *tokens[:start]], request)
            first = self._canvases
            initial = tokens[start:kept][: self.model.engine.canvas_length]
            records = await self._write(context, request, held, emit, before=tokens[:start], initial=initial)
        written = [*tokens[:start], *(token for record in records for token in record.tokens)]
        reparsed = self.model.dialect.parse(written)
        span = reparsed.calls[wrong.index].span
        for pointer in wrong.pointers:
            steps = sum(record.steps for record in records)
            await emit(SpanRenoised(first, (kept - start, span[1] - start), wrong.reason, pointer or None, steps))
        probabilities = [1.0] * start + probabilities_of(records)
        renewed = self._message(reparsed, written, probabilities, turn=len(request.messages))
        return with_ids_of(renewed, message, wrong.index)

    # -- what a turn is made of

    def _settled(self, request: ModelRequest) -> ModelRequest:
        """The request with the model's own settings where it says nothing."""
        return replace(request, settings=self.model.settings.merge(request.settings))

    def _prompt(self, request: ModelRequest) -> list[int]:
        thinking = bool(request.settings.thinking)
        return self.model.dialect.render(request.messages, request.declared, thinking=thinking, model=self.model.name)

    async def _held(self, request: ModelRequest) -> Held | None:
        """What the turn is held to; made in a thread, since a large vocabulary takes a while."""
        from agentkit.models.distinct import Distinct, Held
        from agentkit.models.hold import callable_tools, turn_hold

        constraints = request.settings.constraints
        if constraints is False:
            _refuse_budget(request.settings.thinking)
            return None
        dialect = self.model.dialect
        resume = partial(turn_hold, dialect, self.model.tokenizer, request, constraints or Constraints())

        def make() -> Held:
            tools, outputs = callable_tools(request)
            return Held(resume(), Distinct(dialect, [*tools, *outputs], resume))

        return await anyio.to_thread.run_sync(make)

    async def _repair_held(
        self,
        request: ModelRequest,
        tool: ToolDefinition,
        tokens: Sequence[int],
        region: CallRegion,
        wrong: WrongCall,
    ) -> Held:
        from agentkit.models.distinct import Distinct, Held
        from agentkit.models.hold import repair_hold

        start, dialect = region.span[0], self.model.dialect
        arguments = region.arguments if region.arguments is not None and "" not in wrong.pointers else None
        resume = partial(
            repair_hold,
            dialect,
            self.model.tokenizer,
            request,
            request.settings.constraints or Constraints(),
            tool=tool,
            arguments=arguments,
            wrong=wrong,
            before=tokens[:start],
            after=tokens[region.span[1] :],
        )
        return await anyio.to_thread.run_sync(lambda: Held(resume(), Distinct(dialect, [tool], resume, at=start)))

    async def _read(self, prompt: Sequence[int], request: ModelRequest) -> tuple[Context, int]:
        """The context, holding `prompt`, and how many of its tokens had to be prefilled; they are spent."""
        self._check_room(len(prompt))
        request.budget.check_canvas()
        shared = _common_prefix(self._context.tokens, prompt) if self._context is not None else 0
        request.budget.charge(prompt_tokens=len(prompt) - shared)
        if self._context is None:
            self._context = await self.model.engine.open(prompt)
            request.budget.add(cached_tokens=self._context.reused)
            return self._context, len(prompt)
        if shared < len(self._context):
            await self._context.rewind(shared)
        if shared < len(prompt):
            await self._context.extend(prompt[shared:])
        return self._context, len(prompt) - shared

    async def _write(
        self,
        context: Context,
        request: ModelRequest,
        held: Held | None,
        emit: Emit,
        *,
        before: Sequence[int] = (),
        initial: Sequence[int] = (),
    ) -> list[CanvasRecord]:
        """Fills and commits canvases until one stops, or the turn's limit is met.

        Args:
            before: the turn's tokens that are committed already.
            initial: what the first canvas begins with instead of noise.
        """
        limit = self._limit(request)
        written = list(before)
        records: list[CanvasRecord] = []
        watch = self._watch(request)
        while len(written) < limit:
            start = initial if not records else ()
            result, end, held = await self._canvas(context, request, held, emit, watch, start, written, limit)
            record = self._record(result)
            records.append(record)
            if watch is not None:
                watch.commit(record)
            written += record.tokens
            await emit(CanvasCommitted(record))
            if result.reason == "max_steps" and result.steps < self._most_steps(request.settings):
                raise request.budget.exceeded("denoising_steps")  # it was cut off: nothing may rest on it
            if record.stopped:
                break
            if len(written) == end < limit:
                raise request.budget.exceeded("tokens")
        return records

    async def _canvas(
        self,
        context: Context,
        request: ModelRequest,
        held: Held | None,
        emit: Emit,
        watch: CallWatch | None,
        initial: Sequence[int],
        written: Sequence[int],
        limit: int,
    ) -> tuple[CanvasResult, int, Held | None]:
        """One canvas behind what is written of a turn, as far as it is committed, and what holds the next one.

        Between them the token of the turn at which the budget ends it, if that is before `limit`.
        """
        self._check_room(len(context))
        length, used = self.model.engine.canvas_length, len(written)
        wanted = min(limit - used, length)
        with request.budget.held(canvases=1, output_tokens=wanted) as granted:
            end = limit if granted["output_tokens"] == wanted else used + granted["output_tokens"]
            plan = self._plan(request.settings, request, first=not used and held is None)
            if held is not None:
                hold = held.within(end - used)
                if end < limit and end - used < min(hold.automaton.distance[state] for state in hold.begin):
                    raise request.budget.exceeded("tokens")  # no turn is as short as that
                plan = replace(plan, hold=hold)
            if initial:
                plan = replace(plan, initial=[*initial, *[None] * (length - len(initial))])
            await emit(CanvasStarted(self._canvases))
            result = await self._best(context, plan, request, emit, watch, written)
            result = replace(result, length=min(result.length, end - used))
            if held is not None and held.distinct:  # what follows may take an automaton of its own
                result, held = await anyio.to_thread.run_sync(held.behind, result, written, end)
            elif held is not None:
                result, held = held.behind(result, written, end)
            await context.commit(result)
            request.budget.add(canvases=1, output_tokens=result.length)
        if result.renoised is not None:
            first, steps = result.renoised
            why = "the encoder expected another token there"
            await emit(SpanRenoised(self._canvases, (first, result.length), why, steps=steps))
        return result, end, held

    def _check_room(self, tokens: int) -> None:
        """Raises `ModelError` where no canvas has room behind so many tokens."""
        length, most = self.model.engine.canvas_length, self.model.context_length
        if tokens + length > most:
            raise ModelError(
                f"{self.model.name}: the conversation with its instructions and tools has {tokens} tokens, and the "
                f"model reads {most}, of which a canvas takes {length}. Shorten message_history, or give the agent "
                f"compaction=Summarise() or a function that keeps what is recent. A single message that is too long "
                f"has to be cut before."
            )

    def _limit(self, request: ModelRequest) -> int:
        """Tokens that a turn may have."""
        return request.settings.max_tokens or MAX_CANVASES * self.model.engine.canvas_length

    def _most_steps(self, settings: ModelSettings) -> int:
        return settings.max_denoising_steps or self.model.engine.sampler.max_denoising_steps

    def _plan(self, settings: ModelSettings, request: ModelRequest, *, first: bool) -> CanvasPlan:
        from agentkit_model import CanvasPlan

        t_max, t_min = settings.temperature or (None, None)
        return CanvasPlan(
            # a stream of seeds: neighbouring run seeds share none of them
            seed=None if settings.seed is None else (settings.seed * 1_000_003 + self._canvases) % 2**63,
            max_denoising_steps=settings.max_denoising_steps,
            entropy_bound=settings.entropy_bound,
            t_max=t_max,
            t_min=t_min,
            review=settings.review,
            clamped=dict(enumerate(self._opening(settings, request))) if first else {},
        )

    def _opening(self, settings: ModelSettings, request: ModelRequest) -> Sequence[int]:
        """The tokens an unconstrained turn has to begin with, if it has to make a call: they are clamped."""
        choice = settings.tool_choice or "auto"
        if request.tools and choice not in ("auto", "none", "required"):
            return self.model.dialect.render_call_opening(choice)
        if (request.tools and choice == "required") or not request.allow_text_output:
            return self.model.dialect.render_call_opening()
        return ()

    def _watch(self, request: ModelRequest) -> CallWatch | None:
        """Looks for calls that may begin early. Of several candidates nobody knows which one will be kept."""
        rule = request.settings.early_tools
        if not rule or request.early is None or (request.settings.candidates or 1) > 1:
            return None
        watch = CallWatch(self.model.dialect, rule, turn=len(request.messages), offer=request.early)
        for record in request.written:
            watch.commit(record)
        return watch

    async def _best(
        self,
        context: Context,
        plan: CanvasPlan,
        request: ModelRequest,
        emit: Emit,
        watch: CallWatch | None,
        written: Sequence[int],
    ) -> CanvasResult:
        """The canvas with the fewest faults, then the least mean entropy, of as many as `candidates` asks for."""
        count = request.settings.candidates or 1
        if count == 1:
            return await self._fill(context, plan, request, emit, watch)
        results: list[CanvasResult] = []
        beyond: list[UsageLimitExceeded] = []

        async def one(number: int) -> None:
            seed = None if plan.seed is None else (plan.seed + number * 7_919_000_003) % 2**63
            drafted = replace(request, drafts=request.drafts and not number)
            try:
                results.append(await self._fill(context, replace(plan, seed=seed), drafted, emit))
            except UsageLimitExceeded as error:
                beyond.append(error)  # for this one nothing is left; the others may do

        with flat_errors():
            async with anyio.create_task_group() as group:
                for number in range(count):
                    group.start_soon(one, number)
        if not results:
            raise beyond[0]
        return min(results, key=partial(self._merit, request, written))

    def _merit(self, request: ModelRequest, written: Sequence[int], result: CanvasResult) -> tuple[int, float, int]:
        """Less is better; the seed makes the choice the same whatever order the canvases finished in."""
        parsed = self.model.dialect.parse([*written, *result.tokens[: result.length]])
        faults = sum(fault.kind != "truncated" for fault in parsed.faults) + invalid_calls(parsed, request.declared)
        return faults, sum(result.entropies[: result.length]) / result.length, result.seed

    async def _fill(
        self, context: Context, plan: CanvasPlan, request: ModelRequest, emit: Emit, watch: CallWatch | None = None
    ) -> CanvasResult:
        """Denoises a canvas, with no more steps than are left to spend."""
        wanted = self._most_steps(request.settings)
        with request.budget.held(denoising_steps=wanted) as granted:
            if granted["denoising_steps"] < wanted:
                plan = replace(plan, max_denoising_steps=granted["denoising_steps"])
            async with context.fill(plan) as canvas:
                try:
                    await self._look(canvas, request, emit, watch)
                    return await canvas.result()
                finally:
                    request.budget.add(denoising_steps=canvas.steps)

    async def _look(self, canvas: Canvas, request: ModelRequest, emit: Emit, watch: CallWatch | None) -> None:
        """Shows the drafts to whoever wants to see them."""
        if not request.drafts and watch is None:
            return
        async with aclosing(aiter(canvas)) as drafts:
            async for draft in drafts:
                if watch is not None:
                    watch.look(draft)
                if request.drafts:
                    await emit(self._draft(draft))

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
            probabilities=result.probabilities[:length],
            departures=tuple(position for position in result.departures if position < length),
            steps=result.steps,
            reason=result.reason,
            seed=result.seed,
            stopped=bool(tokens) and tokens[-1] in self.model.engine.stop_tokens,
            text=self.model.tokenizer.decode(tokens, markers=True),
        )

    def _message(
        self, parsed: Parsed, tokens: Sequence[int], probabilities: Sequence[float], *, turn: int
    ) -> AssistantMessage:
        return message_of(
            parsed,
            tokens,
            model=self.model.name,
            turn=turn,
            probabilities=probabilities,
            calibration=self.model.calibration,
        )


def _refuse_budget(thinking: bool | int | None) -> None:
    if thinking and thinking is not True:
        raise UserError(f"thinking={thinking} bounds a thought by the constraints; constraints=False leaves none.")


def _dialect(name: str, tokenizer: Tokenizer) -> Dialect:
    if name not in DIALECTS:
        raise UserError(f"No dialect is called {name!r}; there are {', '.join(DIALECTS)}, or give a Dialect object.")
    return DIALECTS[name](tokenizer)


def _tokens_of(records: Sequence[CanvasRecord]) -> list[int]:
    return [token for record in records for token in record.tokens]


@contextmanager
def _engine_errors(name: str) -> Iterator[None]:
    from agentkit_model import EngineError

    try:
        yield
    except EngineError as error:
        raise ModelError(f"{name}: {error}") from error


def _common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))
