"""What came of a case, and how right it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from agentkit.calls import prepare
from agentkit.evaluation.cases import Case
from agentkit.jsonable import to_json_value
from agentkit.messages import JSON, ToolCallPart, open_calls
from agentkit.result import AgentRunResult
from agentkit.tools import Tool

Checker: TypeAlias = Callable[[Any, Case], object]
"""Looks at an output: False or an AssertionError says that it is wrong. It may be async."""


@dataclass(frozen=True)
class Made:
    """A call that the model made, and whether it was valid: read, of a known tool, with arguments that fit."""

    name: str
    arguments: dict[str, JSON] | None
    valid: bool


@dataclass(frozen=True)
class Outcome:
    """What came of one run of a case. What was not to be judged is None.

    case           the case's id
    repetition     0 for the first run of it
    right_calls    the expected calls were made, and no other valid ones
    valid_calls    every call that was made was valid; None without calls
    right_answer   the output is as expected
    why            what is wrong with the answer, or what the run raised
    steps, canvases, repairs, tokens   as in `Usage`
    milliseconds   of the whole run
    """

    case: str
    prompt: str
    repetition: int = 0
    calls: tuple[Made, ...] = ()
    output: JSON = None
    stop_reason: str = ""
    right_calls: bool | None = None
    valid_calls: bool | None = None
    right_answer: bool | None = None
    why: str = ""
    error: bool = False
    canvases: int = 0
    steps: int = 0
    repairs: int = 0
    tokens: int = 0
    milliseconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether all that was judged is right."""
        return not self.error and False not in (self.right_calls, self.right_answer)


async def judge(
    case: Case, repetition: int, result: AgentRunResult[Any], tools: Mapping[str, Tool], checkers: Sequence[Checker]
) -> Outcome:
    """How right a run's result is. Where it waits for a person, all calls of its last turn were made."""
    calls = [*(finished.call for finished in result.tool_calls), *open_calls(result.all_messages())]
    made = tuple(Made(call.name, call.arguments, prepare(call, tools).wrong is None) for call in calls)
    output = result.output if result.stop_reason == "finished" else None
    wrong = await _wrong_answer(case, output, checkers)
    usage = result.usage
    return Outcome(
        case=case.id,
        prompt=case.prompt,
        repetition=repetition,
        calls=made,
        output=to_json_value(output),
        stop_reason=result.stop_reason,
        right_calls=None if case.calls is None else _right_calls(case, _valid(calls, made), tools),
        valid_calls=all(call.valid for call in made) if made else None,
        right_answer=None if not (case.judges_answer or checkers) else not wrong,
        why=wrong,
        canvases=usage.canvases,
        steps=usage.denoising_steps,
        repairs=usage.repairs,
        tokens=usage.tokens,
        milliseconds=usage.seconds * 1000,
    )


def failed(case: Case, repetition: int, error: Exception, *, judged: bool) -> Outcome:
    """The outcome of a run that raised."""
    return Outcome(
        case=case.id,
        prompt=case.prompt,
        repetition=repetition,
        right_calls=None if case.calls is None else False,
        right_answer=False if judged else None,
        why=f"{type(error).__name__}: {error}",
        error=True,
    )


def same(left: JSON, right: JSON) -> bool:
    """Equal as JSON: 1 and true differ, 1 and 1.0 do not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def _valid(calls: Sequence[ToolCallPart], made: Sequence[Made]) -> list[ToolCallPart]:
    return [call for call, of_it in zip(calls, made, strict=True) if of_it.valid]


def _right_calls(case: Case, calls: Sequence[ToolCallPart], tools: Mapping[str, Tool]) -> bool:
    left = list(calls)
    for expected in sorted(case.calls or (), key=lambda call: call.arguments is None):  # the choosy ones first
        for call in left:
            arguments = expected.arguments
            if call.name == expected.name and (
                arguments is None or same(_full(call.arguments, call.name, tools), _full(arguments, call.name, tools))
            ):
                left.remove(call)
                break
        else:
            return False
    return not left


def _full(arguments: dict[str, JSON] | None, name: str, tools: Mapping[str, Tool]) -> JSON:
    """The arguments with the tool's defaults where nothing is given."""
    if arguments is None or name not in tools:
        return arguments
    tool = tools[name]
    nothing = {key: None for key, default in tool.defaults.items() if default is None}  # which schemas don't tell
    properties = tool.parameters.get("properties", {})
    defaults = {key: schema["default"] for key, schema in properties.items() if "default" in schema}
    return {**nothing, **defaults, **arguments}


async def _wrong_answer(case: Case, output: Any, checkers: Sequence[Checker]) -> str:
    """What is wrong with the output; nothing where that is empty."""
    if not case.judges_answer and not checkers:
        return ""
    if output is None:
        return "there is no answer"
    if case.answer is not None and not _same_answer(to_json_value(output), case.answer):
        return f"it should be {case.answer!r}"
    text = str(output).casefold()
    if missing := [part for part in case.contains if part.casefold() not in text]:
        return f"it should contain {missing[0]!r}"
    for checker in checkers:
        try:
            found = checker(output, case)
            if (await found if inspect.isawaitable(found) else found) is False:
                return "the checker says that it is wrong"
        except AssertionError as error:
            return str(error) or "the checker says that it is wrong"
    return ""


def _same_answer(output: JSON, expected: JSON) -> bool:
    if isinstance(output, str) and isinstance(expected, str):
        return output.split() == expected.split()
    return same(output, expected)
