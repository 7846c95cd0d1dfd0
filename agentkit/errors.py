"""Every error of agentkit. The class says who must react.

AgentkitError
  UserError                 the developer mends the program
    ToolDefinitionError       a function or schema that can't be served as a tool
    ModelNotFoundError        a model's name that leads nowhere
  ToolError                 raised by a tool: the model is told
    ModelRetry                it may try again; costs one of the tool's retries
    ToolFailed                it has to live with it; costs no retry
    ApprovalRequired          not told: the run stops before anything happens, and a person decides
  RunError                  the caller of the run decides; what the run reached is in `.result`
    RunCancelled              the run was cancelled
    SessionError              the session can't be read or written
      SessionConflict           another run writes it
    UsageLimitExceeded        a limit was met; a run turns it into `stop_reason="usage_limit"`
    RunStopped                asked for by `result.raise_for_stop()`: the run ended without an answer
    ModelError                the model could not answer at all
  OutcomeUnknown            in `ToolCallFinished.error`: nobody knows whether the call was carried out
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentkit.jsonable import clean

if TYPE_CHECKING:
    from agentkit.messages import ToolCallPart
    from agentkit.result import AgentRunResult


def _with_args(kind: type[AgentkitError], args: tuple[Any, ...]) -> AgentkitError:
    return kind.__new__(kind, *args)


class AgentkitError(Exception):
    """Whatever agentkit raises on its own account."""

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy has what `__init__` made of its arguments, which are not kept, so that it isn't called again."""
        return _with_args, (type(self), self.args), self.__dict__


class UserError(AgentkitError):
    """The program uses agentkit in a way that can't work; the message says what to change."""


class ToolDefinitionError(UserError):
    """A function or schema can't be served as a tool; raised when it is registered."""


class ModelNotFoundError(UserError):
    """A model's name leads to no model."""


class ToolError(AgentkitError):
    """Raised inside a tool to speak to the model."""

    def __init__(self, message: str) -> None:
        self.message = clean(str(message))
        super().__init__(self.message)


class ModelRetry(ToolError):
    """The call was wrong and the model may try again: costs one of the tool's retries.

    `argument` names the argument at fault, by name or as a JSON pointer (`"/address/city"`).
    """

    def __init__(self, message: str, argument: str | None = None) -> None:
        if not isinstance(argument, str | None):
            raise TypeError(f"argument is a parameter's name or a JSON pointer, not {argument!r}")
        super().__init__(message)
        self.argument = argument


class ToolFailed(ToolError):
    """The tool could not do it, and trying again is no use: the model is told, no retry is spent."""


class ApprovalRequired(ToolError):
    """A person has to agree first: the run stops with `stop_reason="approval_required"`.

    A tool may raise it before its first side effect. `calls` are the calls that wait.
    """

    def __init__(
        self, message: str = "A person has to approve this call.", calls: tuple[ToolCallPart, ...] = ()
    ) -> None:
        super().__init__(message)
        self.calls = calls


class RunError(AgentkitError):
    """A run ended without an answer.

    `result` is what the run reached that raised it, with every call that was made, so that none is made again. Whatever
    else a run raises has it, too; None where no run had begun.
    """

    result: AgentRunResult[Any] | None = None


class RunCancelled(RunError):
    """The run was cancelled. No tool begins after this is raised.

    `result` is what was reached; `still_running` names the synchronous tools whose threads could not be stopped.
    """

    def __init__(
        self,
        message: str = "The run was cancelled.",
        *,
        result: AgentRunResult[Any] | None = None,
        still_running: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.result = result
        self.still_running = still_running


class SessionError(RunError):
    """The session can't be read or written: its disk is full, its file is locked, damaged or may not be written.

    The run ends before it acts on anything that isn't written.
    """


class SessionConflict(SessionError):
    """Another run, of this process or of another one, writes the session; nothing of this run was written."""

    def __init__(self, session: str) -> None:
        super().__init__(
            f"{session} is being written by another run. Wait until that one has ended, cancel it, or use another "
            f"session; a run whose process is gone is not in the way."
        )


class OutcomeUnknown(AgentkitError):
    """A call was interrupted, or its process stopped, and its tool is not declared `idempotent`.

    It is not run again; the model is told that nobody knows whether it was carried out.
    """

    def __init__(
        self,
        message: str = "This was interrupted while the call was under way. It is not known whether it was carried "
        "out: find out before you make it again.",
    ) -> None:
        super().__init__(message)


class UsageLimitExceeded(RunError):
    """A limit was met. `limit` is the field of `UsageLimits`, `maximum` its value."""

    def __init__(self, limit: str, maximum: float) -> None:
        super().__init__(f"The run met its limit of {maximum:g} {limit.replace('_', ' ')} (UsageLimits.{limit}).")
        self.limit = limit
        self.maximum = maximum


class RunStopped(RunError):
    """The run ended without an answer for `result.stop_reason`."""

    result: AgentRunResult[Any]

    def __init__(self, message: str, *, result: AgentRunResult[Any]) -> None:
        super().__init__(message)
        self.result = result


class ModelError(RunError):
    """The model could not answer: it failed, and not by writing something wrong."""
