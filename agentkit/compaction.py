"""Keeping a conversation short: what is dropped of it, and when."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from agentkit.errors import UserError
from agentkit.messages import AssistantMessage, Message, ToolMessage, ToolResult, UserMessage, is_prompt

DROPPED = "(dropped to save room)"
SUMMARY = "Summary of the conversation until here: "


@dataclass(frozen=True, slots=True)
class History:
    """A conversation before a turn of the model, as a policy sees it.

    messages   all of it but the agent's instructions
    tokens     of the whole prompt; None where the model doesn't count them
    context    the most tokens the model can hold; None where it doesn't say
    handovers  the turns since the last prompt by which it came to the agent that has it: they stay in any case
    """

    messages: tuple[Message, ...]
    tokens: int | None = None
    context: int | None = None
    handovers: tuple[Message, ...] = ()
    _ask: Callable[[Sequence[Message], int], Awaitable[str]] | None = field(default=None, repr=False)
    _count: Callable[[Sequence[Message]], int | None] | None = field(default=None, repr=False)

    @property
    def filled(self) -> float:
        """How much of the context the prompt fills, from 0 to 1 and above; 1 where that is not known."""
        return self.tokens / self.context if self.tokens is not None and self.context else 1.0

    async def ask(self, messages: Sequence[Message], *, max_tokens: int) -> str:
        """What the same model answers to other messages: without the agent's instructions and tools, on its budget."""
        if self._ask is None:
            raise UserError("This history belongs to no run: there is no model to ask.")
        return await self._ask(messages, max_tokens)

    def fits(self, messages: Sequence[Message], *, max_tokens: int) -> bool:
        """Whether `ask` can be answered in so many tokens; True where that is not known.

        A quarter of the context has to stay free besides: what is said on a canvas is short, but not the canvas.
        """
        tokens = None if self._count is None else self._count(messages)
        return tokens is None or self.context is None or tokens + max_tokens <= self.context * 3 // 4


Compaction: TypeAlias = Callable[[History], Sequence[Message] | Awaitable[Sequence[Message]]]
"""Gives the messages to go on with. The last one has to stay, and no call may be cut from its result.

Turns that handed the conversation over since its last prompt stay, also where a policy leaves them out.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOldResults:
    """Puts a short note in the place of what tools answered long ago; the calls stay.

    keep  the results of so many latest turns stay whole; those that the model has yet to read do in any case
    over  how much of the context has to be filled before anything is dropped, from 0 to 1; 0: always
    """

    keep: int = 3
    over: float = 0.5

    def __post_init__(self) -> None:
        _check_numbers(self.keep, self.over)

    def __call__(self, history: History) -> Sequence[Message]:
        if history.filled < self.over:
            return history.messages
        places = [place for place, message in enumerate(history.messages) if isinstance(message, ToolMessage)]
        turns = [place for place, message in enumerate(history.messages) if isinstance(message, AssistantMessage)]
        old = set(places[: max(0, len(places) - self.keep)]) & set(range(max(turns, default=0)))
        return [_emptied(message) if place in old else message for place, message in enumerate(history.messages)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarise:
    """Puts a summary by the same model in the place of what was said long ago, as a message of the user.

    Of what is longer than the model can read at once, it goes on from a summary of the first half; of a turn that is so
    by itself, what its tools answered is left out.

    keep          so many latest steps stay whole: a message, or a turn of calls with its results; the last request
                  and the turns that handed the conversation over since then stay besides
    over          how much of the context has to be filled first, from 0 to 1; 0: always
    instructions  what the model is asked for
    max_tokens    of the summary
    """

    keep: int = 4
    over: float = 0.5
    instructions: str = "Summarise our conversation until here in a few sentences: what was asked, found and done."
    max_tokens: int = 256

    def __post_init__(self) -> None:
        _check_numbers(self.keep, self.over, least=1)

    async def __call__(self, history: History) -> Sequence[Message]:
        steps = list(_steps(history.messages))
        old = _flat(steps[: max(0, len(steps) - self.keep)])
        kept = _flat(steps[max(0, len(steps) - self.keep) :])
        requests = [] if any(map(is_prompt, kept)) else list(filter(is_prompt, old))[-1:]
        kept = [*requests, *(message for message in old if message in history.handovers), *kept]
        new = [message for message in old if message not in kept and not _is_summary(message)]
        if history.filled < self.over or len(new) < 2:
            return history.messages
        summary = await self._summary(history, list(_steps(old)))
        return [UserMessage(SUMMARY + summary), *kept] if summary.strip() else history.messages

    async def _summary(self, history: History, steps: Sequence[list[Message]], before: Sequence[Message] = ()) -> str:
        """What the model makes of the steps, and of what stands before them; nothing if it says nothing to a part."""
        asked = [*before, *_flat(steps), UserMessage(self.instructions)]
        if not history.fits(asked, max_tokens=self.max_tokens):
            if len(steps) > 1:
                half = len(steps) // 2
                first = await self._summary(history, steps[:half], before)
                if not first.strip():
                    return first
                return await self._summary(history, steps[half:], [UserMessage(SUMMARY + first)])
            asked = [_emptied(message) if isinstance(message, ToolMessage) else message for message in asked]
        return await history.ask(asked, max_tokens=self.max_tokens)


def _steps(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """What belongs together: a turn's calls and their results, and every other message by itself."""
    step: list[Message] = []
    for message in messages:
        if step and not isinstance(message, ToolMessage):
            yield step
            step = []
        step.append(message)
    if step:
        yield step


def _flat(steps: Sequence[Sequence[Message]]) -> list[Message]:
    return [message for step in steps for message in step]


def _emptied(message: Message) -> Message:
    assert isinstance(message, ToolMessage)
    results = tuple(_shorter(result) for result in message.results)
    return message if results == message.results else replace(message, results=results)


def _shorter(result: ToolResult) -> ToolResult:
    if len(json.dumps(result.content, default=str)) <= len(json.dumps(DROPPED)):
        return result
    return replace(result, content=DROPPED)


def _is_summary(message: Message) -> bool:
    return isinstance(message, UserMessage) and message.text.startswith(SUMMARY)


def _check_numbers(keep: int, over: float, *, least: int = 0) -> None:
    if keep < least or not 0 <= over <= 1:
        raise UserError(f"A compaction's keep is at least {least} and its over from 0 to 1, not {keep!r} and {over!r}.")
