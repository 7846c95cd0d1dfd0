"""A model that says what it is told to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agentkit.errors import ModelError, UserError
from agentkit.messages import AssistantMessage
from agentkit.models.base import WrongCall
from agentkit.testing.function import FunctionModel
from agentkit.testing.replies import Reply


class ScriptedModel(FunctionModel):
    """Replies with the script's turns, one after the other; `requests` are what it was asked.

    repairs  arguments that change in a call that was wrong, one mapping for each time it is asked to repair one;
             without any left it can't, as models without canvases never can. `wrong` is what it was asked to repair.
    """

    name = "scripted"

    def __init__(self, script: Iterable[Reply], *, repairs: Iterable[Mapping[str, Any]] = ()) -> None:
        if not isinstance(script, Iterable) or isinstance(script, str | Mapping):
            raise UserError(f"ScriptedModel takes a list of turns, not {script!r}: write ScriptedModel([...]).")
        self._script = list(script)
        self._repairs = list(repairs)
        self.wrong: list[WrongCall] = []
        super().__init__(lambda request: self._next())

    def repaired(self, message: AssistantMessage, wrong: WrongCall) -> AssistantMessage | None:
        """The message with the script's next repair put into the wrong call."""
        self.wrong.append(wrong)
        if not self._repairs:
            return None
        target = message.calls[wrong.index]
        changed = replace(target, arguments={**(target.arguments or {}), **self._repairs.pop(0)}, raw="", fault=None)
        return replace(message, parts=tuple(changed if part is target else part for part in message.parts))

    def _next(self) -> Reply:
        if len(self.requests) > len(self._script):
            raise ModelError(f"The script has {len(self._script)} turns, and turn {len(self.requests)} was asked for.")
        return self._script[len(self.requests) - 1]

    def assert_complete(self) -> None:
        """Raises AssertionError unless every turn of the script was asked for."""
        left = self._script[len(self.requests) :]
        if left:
            raise AssertionError(
                f"{len(left)} of {len(self._script)} turns were not asked for; the next is {left[0]!r}."
            )
