"""What a tool may know about the run that calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic

from typing_extensions import TypeVar

from agentkit.budget import Budget
from agentkit.cancellation import CancellationToken
from agentkit.messages import Message
from agentkit.usage import Usage

DepsT = TypeVar("DepsT", default=None)


@dataclass(frozen=True)
class RunContext(Generic[DepsT]):
    """The first parameter of a tool that asks for it; the model never sees it.

    deps           what the run was given as `deps`
    messages       the conversation up to this call
    usage          what the run has spent until now
    budget         what the run spends from; for the agents that a tool runs: `agent.run(..., budget=ctx.budget)`
    tool_name, tool_call_id   the call that is being answered
    tool_call_approved   whether a person agreed to it
    certainty      the probability that the model gave each of its arguments; empty when the model doesn't tell
    cancellation_token   the run's; for the agents that a tool runs
    retry          how many times in a row calls of this tool were wrong before this one, of `max_retries`
    """

    deps: DepsT
    messages: tuple[Message, ...] = ()
    usage: Usage = field(default_factory=Usage)
    budget: Budget = field(default_factory=Budget)
    tool_name: str = ""
    tool_call_id: str = ""
    tool_call_approved: bool = False
    certainty: Mapping[str, float] = field(default_factory=dict)
    retry: int = 0
    max_retries: int = 0
    cancellation_token: CancellationToken = field(default_factory=CancellationToken, repr=False)

    @property
    def last_attempt(self) -> bool:
        """Whether one more wrong call ends the run."""
        return self.retry >= self.max_retries

    @property
    def cancelled(self) -> bool:
        """Whether the run is cancelled; a long synchronous tool should look at it and return."""
        return self.cancellation_token.cancelled

    def cancel(self) -> None:
        """Cancels this run."""
        self.cancellation_token.cancel()
