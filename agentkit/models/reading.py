"""What a turn's tokens say: from what a dialect parsed to messages and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agentkit.dialects.base import CallRegion, Dialect, Fault, Parsed, TextRegion
from agentkit.messages import (
    AssistantMessage,
    AssistantPart,
    TextPart,
    ThoughtPart,
    ToolCallPart,
    ToolDefinition,
    stripped,
)
from agentkit.models.base import CanvasRecord, Finish
from agentkit.models.calibration import Calibration
from agentkit.models.watch import call_id
from agentkit.schema import ArgumentFault
from agentkit.usage import Usage


def message_of(
    parsed: Parsed,
    tokens: Sequence[int],
    *,
    model: str,
    turn: int,
    probabilities: Sequence[float] = (),
    calibration: Calibration = Calibration(),  # noqa: B008
) -> AssistantMessage:
    """The turn as a message.

    Args:
        model: the name of the model that wrote it.
        turn: how many messages were before it, for the calls' ids.
        probabilities: that the model gave each of the tokens; without them the calls' certainty is unknown.
        calibration: of the certainty.
    """
    parts: list[AssistantPart] = []
    for region in parsed.regions:
        if isinstance(region, CallRegion):
            parts.append(_call_part(region, call_id(turn, len(parts)), probabilities, calibration))
        elif isinstance(region, TextRegion):
            if region.text.strip():
                parts.append(TextPart(region.text))
        elif text := region.text.strip():
            parts.append(ThoughtPart(text))
    return AssistantMessage(stripped(parts), model=model, tokens=tuple(tokens))


def said_on(canvases: Sequence[CanvasRecord], dialect: Dialect) -> list[AssistantPart]:
    """The text and the thoughts of a turn that got no further than these canvases."""
    tokens = [token for canvas in canvases for token in canvas.tokens]
    parts = message_of(dialect.parse(tokens), tokens, model="", turn=0).parts
    return [part for part in parts if not isinstance(part, ToolCallPart)]


def with_ids_of(renewed: AssistantMessage, message: AssistantMessage, index: int) -> AssistantMessage:
    """The message with the calls' ids, and what is known about the calls that were kept, as they were."""
    old = iter(message.calls)
    parts: list[AssistantPart] = []
    number = -1
    for part in renewed.parts:
        if isinstance(part, ToolCallPart):
            number += 1
            before = next(old)
            part = replace(part, id=before.id) if number == index else before
        parts.append(part)
    return replace(renewed, parts=tuple(parts))


def probabilities_of(records: Sequence[CanvasRecord]) -> list[float]:
    return [probability for record in records for probability in record.probabilities]


def doubts_of(parsed: Parsed, records: Sequence[CanvasRecord], doubt: float | None) -> dict[int, list[ArgumentFault]]:
    """The arguments whose mean entropy is above `doubt` nats, by the call's place in the turn."""
    entropies = [entropy for record in records for entropy in record.entropies]
    found: dict[int, list[ArgumentFault]] = {}
    for index, call in enumerate(parsed.calls if doubt is not None else ()):
        for pointer, (start, end) in call.value_spans.items():
            mean = sum(entropies[start:end]) / (end - start)
            if pointer.count("/") == 1 and mean > (doubt or 0.0):
                fault = ArgumentFault(pointer, f"the model is unsure of it: {mean:.2f} nats a token")
                found.setdefault(index, []).append(fault)
    return found


def invalid_calls(parsed: Parsed, tools: Sequence[ToolDefinition]) -> int:
    """How many of the calls that can be read no tool takes: of no tool, or with arguments against its schema."""
    from jsonschema import validators

    schemas = {tool.name: tool.parameters for tool in tools}
    found = 0
    for call in parsed.calls:
        if call.faults or call.arguments is None:
            continue
        schema = schemas.get(call.name, False)
        kind = validators.validator_for(schema, default=validators.Draft202012Validator)
        found += not kind(schema, format_checker=kind.FORMAT_CHECKER).is_valid(call.arguments)
    return found


def finish_of(parsed: Parsed) -> Finish:
    if parsed.stop is None:
        return "length"
    return "tool_calls" if parsed.calls else "stop"


def usage_of(read: int, records: Sequence[CanvasRecord]) -> Usage:
    return Usage(
        canvases=len(records),
        denoising_steps=sum(record.steps for record in records),
        prompt_tokens=read,
        output_tokens=sum(len(record.tokens) for record in records),
    )


def _call_part(region: CallRegion, id: str, probabilities: Sequence[float], calibration: Calibration) -> ToolCallPart:
    fault = "; ".join(_reason(fault) for fault in region.faults) or None
    raw = region.certainty(probabilities) if probabilities else {}
    certainty = {key: calibration(share) for key, share in raw.items()}
    arguments = None if fault else region.arguments
    return ToolCallPart(region.name, arguments, id, raw=region.raw, fault=fault, certainty=certainty)


def _reason(fault: Fault) -> str:
    return f"{fault.pointer}: {fault.reason}" if fault.pointer else fault.reason
