"""Wrong arguments put right on the canvas, before the model is told about them.

One place decides what a wrong argument costs: where the model can re-noise the span (`Conversation.repair`), it does,
and nothing of it enters the history; where it can't, or stays wrong, the call is answered with an error as ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from agentkit.calls import Outcome, PreparedCall, prepare
from agentkit.errors import ModelRetry
from agentkit.messages import JSON, AssistantMessage
from agentkit.models.base import Conversation, ModelRequest, WrongCall
from agentkit.pointers import unescaped
from agentkit.run import Run
from agentkit.schema import ArgumentFault, InvalidArguments, escaped_step
from agentkit.tools import Tool

REPAIRS = 2
"""Repairs of a call when `ModelSettings.repairs` is not set."""


class Repairs:
    """The repairs of one turn's calls.

    request  what the turn answered; nothing begins early while it is repaired
    doubts   what the model itself is unsure of, by the call's place in the turn
    """

    def __init__(
        self,
        run: Run,
        conversation: Conversation,
        request: ModelRequest,
        tools: Mapping[str, Tool],
        doubts: Mapping[int, Sequence[ArgumentFault]],
    ) -> None:
        self._run = run
        self._conversation = conversation
        self._request = replace(request, early=None, written=())
        self._tools = tools
        self._doubts = dict(doubts)
        self._left: dict[int, int] = {}
        self._banned: dict[int, dict[str, list[JSON]]] = {}

    async def checked(self, calls: Sequence[PreparedCall], *, skip: Collection[int] = ()) -> list[PreparedCall]:
        """The calls of the turn, those with wrong arguments written again as often as it takes, or may take.

        skip  the places of calls that are answered already
        """
        mended = list(calls)
        for index in (index for index in range(len(mended)) if index not in skip):
            while faults := self._faults(index, mended[index]):
                again = await self._again(index, mended[index], faults, ban=mended[index].wrong is not None)
                if again is None:
                    break
                mended[index] = again
        return mended

    async def retried(self, index: int, call: PreparedCall, outcome: Outcome) -> PreparedCall | None:
        """The call written again because its tool asked for another value of an argument; None: the model is told.

        It is told about the call that the tool refused: what was written since, and is no better, is dropped.
        """
        error = outcome.error
        if not isinstance(error, ModelRetry) or not error.argument:
            return None
        pointer = error.argument if error.argument.startswith("/") else f"/{escaped_step(error.argument)}"
        refused, current = self._message, None
        try:
            current = await self._right(index, call, [ArgumentFault(pointer, error.message)])
        finally:
            if current is None:
                self._run.messages[-1] = refused
        return current

    async def _right(self, index: int, call: PreparedCall, faults: Sequence[ArgumentFault]) -> PreparedCall | None:
        """The call, written again until nothing is wrong with it; None when something stays so."""
        while faults:
            again = await self._again(index, call, faults, ban=True)
            if again is None or again.wrong is None:
                return again
            call, faults = again, self._faults(index, again)
        return None

    def _faults(self, index: int, call: PreparedCall) -> list[ArgumentFault]:
        if call.wrong is None:
            return list(self._doubts.pop(index, ()))
        if call.tool is None:
            return []
        if isinstance(call.error, InvalidArguments):
            return list(call.error.faults)
        return [ArgumentFault("", call.wrong)]

    async def _again(
        self, index: int, call: PreparedCall, faults: Sequence[ArgumentFault], *, ban: bool
    ) -> PreparedCall | None:
        left = self._left.setdefault(index, self._limit())
        if not left:
            return None
        self._left[index] -= 1
        banned = self._banned.setdefault(index, {})
        for fault in faults if ban else ():
            found, value = _at(call.call.arguments, fault.pointer)
            if found:
                banned.setdefault(fault.pointer, []).append(value)
        pointers = tuple(dict.fromkeys(fault.pointer for fault in faults))
        wrong = WrongCall(index, pointers, "; ".join(map(str, faults)), banned)
        await self._run.stop_if_cancelled()
        with self._run.plan.observer.repair(self._run, self._request, wrong) as ended:
            message = await self._conversation.repair(self._request, self._message, wrong, self._run.emit)
            ended(message)
        if message is None:
            self._left[index] = 0
            return None
        self._run.messages[-1] = message
        return prepare(message.calls[index], self._tools)

    def _limit(self) -> int:
        asked = self._request.settings.repairs
        return REPAIRS if asked is None else asked

    @property
    def _message(self) -> AssistantMessage:
        message = self._run.messages[-1]
        assert isinstance(message, AssistantMessage)
        return message


def _at(arguments: JSON, pointer: str) -> tuple[bool, JSON]:
    """Whether there is a value at a JSON pointer, and the value."""
    for step in pointer.split("/")[1:]:
        step = unescaped(step)
        if isinstance(arguments, dict) and step in arguments:
            arguments = arguments[step]
        elif isinstance(arguments, list) and step.isdigit() and int(step) < len(arguments):
            arguments = arguments[int(step)]
        else:
            return False, None
    return arguments is not None or bool(pointer), arguments
