"""Runs cases with several variants of an agent."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import Any

import anyio
import anyio.to_thread

from agentkit.agent import Agent
from agentkit.errors import UserError
from agentkit.evaluation.cases import Case
from agentkit.evaluation.figures import Evaluation, VariantOutcomes
from agentkit.evaluation.judge import Checker, Outcome, failed, judge
from agentkit.handover import HandoffTool
from agentkit.messages import JSON
from agentkit.models import load_model
from agentkit.models.base import Model
from agentkit.override import Overrides
from agentkit.settings import ModelSettings
from agentkit.tasks import flat_errors
from agentkit.tools import Tool


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A way to run the cases: what it changes of the agent. None leaves the agent's own.

    settings go on top of the agent's; `seed` is of the first repetition, the others count on from it.
    """

    name: str
    model: str | Model | None = None
    settings: ModelSettings = field(default_factory=ModelSettings)
    instructions: str | None = None


async def evaluate(
    agent: Agent[Any, Any],
    cases: Iterable[Case],
    variants: Sequence[Variant] = (Variant(name="agent"),),
    *,
    deps: Any = None,
    checker: Checker | None = None,
    repeat: int = 1,
    max_concurrent: int = 1,
    progress: Callable[[Outcome], None] | None = None,
) -> Evaluation:
    """Runs each case with each variant. A case without an id is known by its place, as "case 1" and so on.

    Args:
        deps: what tools find as `RunContext.deps`, the same in all runs.
        checker: looks at every output, besides what the cases say.
        repeat: how often each case is run, each time with another seed.
        max_concurrent: runs side by side; more than one makes their milliseconds say less.
        progress: is called with each outcome.

    Raises:
        UserError: for a case that expects nothing or speaks of other tools, a checker that isn't there, cases of the
            same id, and variants of the same name.
    """
    cases = [case if case.id else replace(case, id=f"case {place}") for place, case in enumerate(cases, 1)]
    if twice := [id for id, count in Counter(case.id for case in cases).items() if count > 1]:
        raise UserError(f"Several cases have the id {twice[0]!r}: give each an id of its own, or none.")
    if len({variant.name for variant in variants}) < len(variants) or not variants:
        raise UserError("An evaluation has at least one variant, and each a name of its own.")
    if min(repeat, max_concurrent) < 1:
        raise UserError(f"evaluate: repeat and max_concurrent are at least 1, not {repeat!r} and {max_concurrent!r}.")
    checkers = [_checkers(case, checker) for case in cases]
    for case, of_case in zip(cases, checkers, strict=True):
        _check(case, of_case, agent)
    todo = [(*judged, number) for number in range(repeat) for judged in zip(cases, checkers, strict=True)]
    found: list[VariantOutcomes] = []
    for variant in variants:
        model = variant.model if variant.model is not None else agent.model
        opened = await anyio.to_thread.run_sync(load_model, model) if isinstance(model, str) else model
        outcomes = await _outcomes(partial(_run, agent, deps, variant, opened), todo, max_concurrent, progress)
        found.append(VariantOutcomes(variant.name, opened.name, _said(variant.settings), outcomes))
    return Evaluation(tuple(found))


async def _outcomes(
    run: Callable[[Case, Sequence[Checker], int], Awaitable[Outcome]],
    todo: Sequence[tuple[Case, Sequence[Checker], int]],
    max_concurrent: int,
    progress: Callable[[Outcome], None] | None,
) -> tuple[Outcome, ...]:
    """What came of all runs, in their order."""
    outcomes: dict[int, Outcome] = {}
    waiting = iter(range(len(todo)))

    async def work() -> None:
        for index in waiting:  # shared by all workers, each run goes to one of them
            outcomes[index] = await run(*todo[index])
            if progress is not None:
                progress(outcomes[index])

    with flat_errors():
        async with anyio.create_task_group() as group:
            for _ in range(max_concurrent):
                group.start_soon(work)
    return tuple(outcomes[index] for index in range(len(todo)))


async def _run(
    agent: Agent[Any, Any],
    deps: Any,
    variant: Variant,
    model: Model,
    case: Case,
    checkers: Sequence[Checker],
    number: int,
) -> Outcome:
    settings = variant.settings
    if number:
        first = agent.model_settings.merge(settings).seed or 0
        settings = settings.merge(ModelSettings(seed=first + number))
    changes: Overrides = {"model": model, "model_settings": settings}
    if variant.instructions is not None:
        changes["instructions"] = variant.instructions
    if case.results:
        changes["tools"] = _with_results(agent.tools, case)
    with agent.override(**changes):
        tools = _known(agent)
        try:
            result = await agent.run(case.prompt, message_history=case.history, deps=deps)
            return await judge(case, number, result, tools, checkers)
        except Exception as error:
            return failed(case, number, error, judged=case.judges_answer or bool(checkers))


def _check(case: Case, checkers: Sequence[Checker], agent: Agent[Any, Any]) -> None:
    """Raises `UserError` for a case that can't be judged with this agent."""
    name = repr(case.id)
    if case.calls is None and not case.judges_answer and not checkers:
        raise UserError(f"The case {name} expects nothing: give calls, answer, contains or a checker.")
    known = _known(agent)
    if unknown := ({call.name for call in case.calls or ()} - known.keys()) | (
        case.results.keys() - agent.tools.keys()
    ):
        raise UserError(f"The case {name} speaks of tools that the agent lacks: {', '.join(sorted(unknown))}.")
    for call in case.calls or ():
        schema = known[call.name].parameters
        lacking = (call.arguments or {}).keys() - schema.get("properties", {}).keys()
        if lacking and schema.get("additionalProperties") is False and "patternProperties" not in schema:
            raise UserError(
                f"The case {name} expects arguments that {call.name!r} lacks: {', '.join(sorted(lacking))}; it takes "
                f"{', '.join(schema.get('properties', {})) or 'none'}."
            )


def _known(agent: Agent[Any, Any], seen: Collection[str] = ()) -> dict[str, Tool]:
    """The tools of the agent, and those of the agents that it may hand over to, but for what was `seen`."""
    found = dict(agent.tools)
    for name, output in agent._outputs.tools.items():
        if isinstance(output, HandoffTool) and name not in seen:
            found = {**_known(output.handoff.agent, {*seen, name}), **found}
    return found


def _with_results(tools: Mapping[str, Tool], case: Case) -> list[Tool]:
    return [_canned(tool, case.results[name]) if name in case.results else tool for name, tool in tools.items()]


def _canned(tool: Tool, value: JSON) -> Tool:
    """The tool with a result in place of what it does: a plain one, since an agent as a tool asks that agent, and one
    that asks no person, since it does nothing."""

    async def canned(*arguments: Any, **keywords: Any) -> JSON:
        return value

    stand_in = copy.copy(tool)
    stand_in.__class__ = Tool
    stand_in.function, stand_in.is_async = canned, True
    stand_in.options = replace(tool.options, requires_approval=False, min_certainty=None)
    return stand_in


def _checkers(case: Case, common: Checker | None) -> list[Checker]:
    checkers = [] if common is None else [common]
    if case.checker is not None:
        module, _, name = case.checker.partition(":")
        try:
            checkers.append(getattr(import_module(module), name))
        except (ImportError, AttributeError, ValueError) as error:
            raise UserError(f"The case {case.id}: there is no checker {case.checker!r}: {error}") from error
    return checkers


def _said(settings: ModelSettings) -> dict[str, JSON]:
    """The settings that are not left to the agent, as JSON."""
    from pydantic import TypeAdapter

    said: dict[str, JSON] = TypeAdapter(ModelSettings).dump_python(settings, mode="json", exclude_none=True)
    return said
