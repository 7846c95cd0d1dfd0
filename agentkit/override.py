"""What an agent uses in place of its own for a while, in this task and those it starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from typing_extensions import TypedDict

from agentkit.models.base import Model
from agentkit.settings import ModelSettings
from agentkit.tools import Tool, ToolFunction, collect_tools


class Overrides(TypedDict, total=False):
    """The keywords of `Agent.override`.

    model           the model, by name or as an object
    tools           all the tools there are
    deps            what tools find as `RunContext.deps`, whatever a run is given
    instructions    what the model is told before everything else
    model_settings  settings on top of the agent's and the run's
    """

    model: str | Model
    tools: Iterable[Tool | ToolFunction]
    deps: Any
    instructions: str
    model_settings: ModelSettings


_overrides: ContextVar[Mapping[object, Overrides]] = ContextVar("agentkit_overrides")


def overrides(agent: object) -> Overrides:
    """What is overridden of an agent here and now."""
    return _overrides.get({}).get(agent, {})


@contextmanager
def overriding(agent: object, changes: Overrides) -> Iterator[None]:
    """While inside, `changes` hold for the agent, on top of those outside."""
    if "tools" in changes:
        tools = tuple(collect_tools(changes["tools"]).values())  # they are looked through more than once
        changes = {**changes, "tools": tools}
    before = _overrides.get({})
    token = _overrides.set({**before, agent: {**before.get(agent, {}), **changes}})
    try:
        yield
    finally:
        _overrides.reset(token)
