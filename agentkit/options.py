"""What an agent and its runs may be given, in one place for all ways to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic

from typing_extensions import TypedDict

from agentkit.approval import DeferredToolResults
from agentkit.budget import Budget
from agentkit.cancellation import CancellationToken
from agentkit.compaction import Compaction
from agentkit.context import DepsT
from agentkit.errors import UserError
from agentkit.hooks import Hooks
from agentkit.messages import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from agentkit.models.base import Model
from agentkit.observer import Observer
from agentkit.sessions.base import Session
from agentkit.settings import ModelSettings
from agentkit.tools import Tool, ToolFunction
from agentkit.usage import UsageLimits


class AgentOptions(TypedDict, Generic[DepsT], total=False):
    """The keywords of `Agent` besides its model and output type; `Agent` says what they mean."""

    instructions: str
    tools: Iterable[Tool | ToolFunction]
    deps_type: type[DepsT] | None
    model_settings: ModelSettings | None
    usage_limits: UsageLimits | None
    retries: int
    tool_timeout: float | None
    name: str | None
    max_parallel_tools: int
    hooks: Hooks | None
    compaction: Compaction | None
    observer: Observer | None


class RunOptions(TypedDict, Generic[DepsT], total=False):
    """The keywords of `Agent.run`, `run_sync`, `run_stream_events`, `run_batch` and `run_stream_batch`.

    deps                what the tools find as `RunContext.deps`
    message_history     the conversation to go on from: an earlier result's `all_messages()`
    model_settings      settings of this run, on top of the agent's
    usage_limits        what this run may spend, instead of the agent's
    budget              what this run spends from besides: `ctx.budget` inside a tool, so that an agent that is asked by
                        another one spends what that one has; or a `Budget` that several runs share
    cancellation_token  cancels the run from outside
    session             the conversation to go on from, and where all that happens is kept; with a message_history, a
                        new session that begins with it
    deferred_tool_results   what a person decided about the calls that a run stopped for; without a prompt
    """

    deps: DepsT
    message_history: Sequence[Message] | None
    model_settings: ModelSettings | None
    usage_limits: UsageLimits | None
    budget: Budget | None
    cancellation_token: CancellationToken | None
    session: Session | None
    deferred_tool_results: DeferredToolResults | None


_KINDS: Mapping[str, tuple[str, Any]] = {
    "model": ("a str or a Model", str | Model),
    "instructions": ("a str", str | None),
    "model_settings": ("a ModelSettings", ModelSettings | None),
    "usage_limits": ("a UsageLimits", UsageLimits | None),
    "hooks": ("a Hooks", Hooks | None),
    "compaction": ("a function", Callable | None),
    "observer": ("an Observer", Observer | None),
    "budget": ("a Budget", Budget | None),
    "cancellation_token": ("a CancellationToken", CancellationToken | None),
    "session": ("a Session", Session | None),
    "deferred_tool_results": ("a DeferredToolResults", DeferredToolResults | None),
}
"""What options take, in words and as a class."""


def check_options(options: Mapping[str, Any]) -> None:
    """Raises `TypeError` for a keyword that no run takes, as Python does for any function, and `UserError` for a value
    of another type than it takes."""
    check_names("A run", options, RunOptions)
    check_kinds(options)
    history = options.get("message_history")
    if history is None:
        return
    if not isinstance(history, Sequence) or isinstance(history, str):
        raise UserError(f"message_history is a list of messages, such as a result's all_messages(), not {history!r}.")
    for message in history:
        if not isinstance(message, SystemMessage | UserMessage | AssistantMessage | ToolMessage):
            raise UserError(
                f"message_history holds {message!r}, which is no message: give a result's all_messages(), make it of "
                f"UserMessage(...) and the like, or read what was stored with messages_from_json(...)."
            )


def check_names(who: str, options: Mapping[str, Any], known: type) -> None:
    """Raises `TypeError` for a keyword that is none of a `TypedDict`'s."""
    unknown = sorted(options.keys() - known.__annotations__.keys())
    if unknown:
        raise TypeError(f"{who} takes no {', '.join(unknown)}; it takes {', '.join(known.__annotations__)}.")


def check_kinds(options: Mapping[str, Any]) -> None:
    """Raises `UserError` for an option that is given and is no object of its class."""
    for name, value in options.items():
        words, kind = _KINDS.get(name, ("", object))
        if not isinstance(value, kind):
            raise UserError(f"{name} takes {words}, not {value!r}.")
