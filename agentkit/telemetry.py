"""Runs as OpenTelemetry spans and metrics, by the semantic conventions for generative AI.

`gen_ai.*` names are those of https://opentelemetry.io/docs/specs/semconv/gen-ai/, `agentkit.*` what canvases have
besides. Needs the extra `otel`: the API alone, which does nothing until your program sets up an SDK with an exporter.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

try:
    from opentelemetry import metrics, trace
except ModuleNotFoundError as missing:
    from agentkit.errors import UserError

    raise UserError("agentkit.telemetry needs opentelemetry: pip install 'agentkit-diffusion[otel]'.") from missing

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from agentkit.calls import logger
from agentkit.errors import RunCancelled
from agentkit.messages import (
    JSON,
    AssistantMessage,
    Message,
    SystemMessage,
    TextPart,
    ThoughtPart,
    ToolMessage,
    UserMessage,
)
from agentkit.models.base import CanvasRecord
from agentkit.observer import Observer

if TYPE_CHECKING:
    from agentkit.calls import Outcome, PreparedCall
    from agentkit.models.base import ModelRequest, ModelResponse, WrongCall
    from agentkit.result import AgentRunResult
    from agentkit.run import Run

PROVIDER = "agentkit"
"""`gen_ai.provider.name`: the models run in this process."""

_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
_TOKENS = [4.0**power for power in range(14)]
_STEPS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128]
_NATS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]


class Telemetry(Observer):
    """Give it to an agent: `Agent(..., observer=Telemetry())`.

    tracer_provider, meter_provider  where spans and metrics go; by default the program's own
    include_content                  whether prompts, answers, arguments and results are recorded, and exceptions' texts
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        include_content: bool = False,
    ) -> None:
        from agentkit import __version__

        self.include_content = include_content
        self._tracer = trace.get_tracer("agentkit", __version__, tracer_provider)
        meter = metrics.get_meter("agentkit", __version__, meter_provider)

        def histogram(name: str, unit: str, text: str, bounds: Sequence[float]) -> metrics.Histogram:
            return meter.create_histogram(name, unit, text, explicit_bucket_boundaries_advisory=bounds)

        self._duration = histogram("gen_ai.client.operation.duration", "s", "GenAI operation duration.", _SECONDS)
        self._tokens = histogram("gen_ai.client.token.usage", "{token}", "Number of tokens used.", _TOKENS)
        self._steps = histogram("agentkit.canvas.denoising_steps", "{step}", "Denoising steps of a canvas.", _STEPS)
        self._entropy = histogram("agentkit.canvas.entropy", "nat", "Mean entropy of a canvas' tokens.", _NATS)

    @contextmanager
    def run(self, run: Run) -> Iterator[Callable[[AgentRunResult[Any]], None]]:
        name = run.plan.name
        with self._span("invoke_agent", name or "", run, {"gen_ai.agent.name": name}) as (span, fail):
            prompt = run.messages[run.new_from :]
            self._content(span, "gen_ai.input.messages", lambda: _messages(prompt))

            def ended(result: AgentRunResult[Any]) -> None:
                _set(span, {"agentkit.stop_reason": result.stop_reason, **_usage_of(result)})
                if result.stop_reason not in ("finished", "approval_required"):  # to wait is no failure
                    fail(result.stop_reason, result.stop_detail)
                answers = [m for m in result.new_messages() if isinstance(m, AssistantMessage)][-1:]
                self._content(span, "gen_ai.output.messages", lambda: _messages(answers))

            try:
                yield ended
            except RunCancelled as error:
                if error.result is not None:
                    ended(error.result)
                raise

    @contextmanager
    def turn(self, run: Run, request: ModelRequest) -> Iterator[Callable[[ModelResponse], None]]:
        settings = request.settings
        asked = {
            "gen_ai.request.max_tokens": settings.max_tokens,
            "gen_ai.request.seed": settings.seed,
            "gen_ai.request.choice.count": settings.candidates,
            "agentkit.request.max_denoising_steps": settings.max_denoising_steps,
            "agentkit.request.entropy_bound": settings.entropy_bound,
        }
        with self._span("chat", run.plan.model.name, run, asked) as (span, _):
            self._content(span, "gen_ai.input.messages", lambda: _messages(request.messages))

            def ended(response: ModelResponse) -> None:
                finish = {"tool_calls": "tool_call"}.get(response.finish, response.finish)
                _set(span, {"gen_ai.response.finish_reasons": [finish]})
                self._canvases(span, run, response)
                self._content(span, "gen_ai.output.messages", lambda: _messages([response.message]))

            yield ended

    @contextmanager
    def repair(
        self, run: Run, request: ModelRequest, wrong: WrongCall
    ) -> Iterator[Callable[[AssistantMessage | None], None]]:
        before = run.budget.usage.denoising_steps
        asked = {"agentkit.repair.pointers": list(wrong.pointers)}
        with self._span("repair", run.plan.model.name, run, asked) as (span, _):
            self._content(span, "agentkit.repair.reason", lambda: wrong.reason)

            def ended(message: AssistantMessage | None) -> None:
                steps = run.budget.usage.denoising_steps - before
                _set(span, {"agentkit.repair.done": message is not None, "agentkit.denoising_steps": steps})

            yield ended

    @contextmanager
    def tool(self, run: Run, call: PreparedCall) -> Iterator[Callable[[Outcome], None]]:
        part = call.call
        asked = {
            "gen_ai.tool.name": part.name,
            "gen_ai.tool.call.id": part.id,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.description": call.tool.description if call.tool is not None else None,
        }
        with self._span("execute_tool", part.name, run, asked) as (span, fail):
            self._content(span, "gen_ai.tool.call.arguments", lambda: part.arguments)

            def ended(outcome: Outcome) -> None:
                if outcome.error is not None and not outcome.waits:
                    fail(type(outcome.error).__qualname__, outcome.error)
                self._content(span, "gen_ai.tool.call.result", lambda: outcome.result.content)

            yield ended

    @contextmanager
    def _span(
        self, operation: str, target: str, run: Run, attributes: Mapping[str, Any]
    ) -> Iterator[tuple[Span, Callable[[str, object], None]]]:
        """A span, current while inside, and the operation's duration as a metric; what says of both that it failed."""
        names = _names(operation, run)
        measured = dict(names)
        started = time.perf_counter()
        with self._tracer.start_as_current_span(
            f"{operation} {target}".strip(),
            kind=SpanKind.INTERNAL,
            attributes=_given({**names, **attributes}),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def fail(kind: str, said: object) -> None:
                measured["error.type"] = kind
                span.set_attribute("error.type", kind)
                span.set_status(Status(StatusCode.ERROR, (str(said) if self.include_content else "") or None))

            try:
                yield span, fail
            except Exception as error:
                fail(type(error).__qualname__, error)
                raise
            finally:
                self._duration.record(time.perf_counter() - started, measured)

    def _canvases(self, span: Span, run: Run, response: ModelResponse) -> None:
        names, usage, canvases = _names("chat", run), response.usage, response.canvases
        for canvas in canvases:
            span.add_event("agentkit.canvas", _given(_canvas(canvas)))
            self._steps.record(canvas.steps, names)
            if canvas.entropies:
                self._entropy.record(_mean(canvas.entropies), names)
        entropies = [entropy for canvas in canvases for entropy in canvas.entropies]
        _set(
            span,
            {
                "gen_ai.usage.input_tokens": usage.prompt_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
                "agentkit.canvases": len(canvases),
                "agentkit.denoising_steps": sum(canvas.steps for canvas in canvases),
                "agentkit.entropy": _mean(entropies) if entropies else None,
                "agentkit.faults": len(response.faults),
            },
        )
        self._tokens.record(usage.prompt_tokens, {**names, "gen_ai.token.type": "input"})
        self._tokens.record(usage.output_tokens, {**names, "gen_ai.token.type": "output"})

    def _content(self, span: Span, name: str, value: Callable[[], Any]) -> None:
        """Records what was said, if that is wanted and anybody looks. What can't be recorded is left out."""
        if self.include_content and span.is_recording():
            try:
                said = value()
                span.set_attribute(name, said if isinstance(said, str) else json.dumps(said))
            except Exception:
                logger.exception("Telemetry can't record %s", name)


def _names(operation: str, run: Run) -> dict[str, str]:
    """What spans and metrics have in common."""
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": PROVIDER,
        "gen_ai.request.model": run.plan.model.name,
    }


def _canvas(canvas: CanvasRecord) -> dict[str, Any]:
    return {
        "agentkit.canvas.index": canvas.index,
        "agentkit.canvas.tokens": len(canvas.tokens),
        "agentkit.canvas.denoising_steps": canvas.steps,
        "agentkit.canvas.reason": canvas.reason,
        "agentkit.canvas.stopped": canvas.stopped,
        "agentkit.canvas.seed": canvas.seed,
        "agentkit.canvas.entropy": _mean(canvas.entropies) if canvas.entropies else None,
        "agentkit.canvas.entropy.max": max(canvas.entropies, default=None),
        "agentkit.canvas.departures": len(canvas.departures),
    }


def _usage_of(result: AgentRunResult[Any]) -> dict[str, Any]:
    usage = result.usage
    return {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "agentkit.turns": usage.turns,
        "agentkit.canvases": usage.canvases,
        "agentkit.denoising_steps": usage.denoising_steps,
        "agentkit.repairs": usage.repairs,
        "agentkit.tool_calls": usage.tool_calls,
    }


def _messages(messages: Sequence[Message]) -> list[JSON]:
    """Messages in the form of the conventions' JSON schemas."""
    return [{"role": message.kind, "parts": _parts(message)} for message in messages]


def _parts(message: Message) -> list[JSON]:
    match message:
        case SystemMessage() | UserMessage():
            return [{"type": "text", "content": message.text}]
        case ToolMessage():
            return [
                {"type": "tool_call_response", "id": result.call_id, "response": result.content}
                for result in message.results
            ]
        case AssistantMessage():
            return [_part(part) for part in message.parts]


def _part(part: Any) -> JSON:
    match part:
        case TextPart():
            return {"type": "text", "content": part.text}
        case ThoughtPart():
            return {"type": "reasoning", "content": part.text}
        case _:
            written = part.raw if part.arguments is None else part.arguments
            return {"type": "tool_call", "id": part.id, "name": part.name, "arguments": written}


def _set(span: Span, attributes: Mapping[str, Any]) -> None:
    span.set_attributes(_given(attributes))


def _given(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
