"""Shortening a run's conversation as its agent's policy says, and holding the policy to what it must not break."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from agentkit.compaction import History
from agentkit.errors import UserError
from agentkit.events import Event, HistoryCompacted
from agentkit.handover import handovers, with_handovers
from agentkit.messages import AssistantMessage, Message, ToolMessage, last_prompt
from agentkit.models.base import ModelRequest
from agentkit.request import prompt_tokens
from agentkit.run import Run


async def compact(run: Run) -> None:
    """Lets the agent's policy shorten the run's conversation before a turn."""
    policy = run.plan.compaction
    if policy is None or run.turn_canvases:  # a turn that was begun in another process goes on with its own prompt
        return
    before = tuple(run.messages)
    tokens = prompt_tokens(run)
    turns, context = handovers(run.plan, before), run.plan.model.context_length
    found: Any = policy(History(before, tokens, context, turns, partial(_ask, run), partial(_count, run)))
    found = await found if inspect.isawaitable(found) else found
    if not isinstance(found, Iterable):
        raise UserError(f"compaction: it has to give the messages to go on with, all of them; it gave {found!r}.")
    given = tuple(found)
    after = tuple(with_handovers(run.plan, turns, given))
    if after == before:
        return
    _check(before, after)
    run.new_from = _moved(run.new_from, before, after)
    run.messages[:] = after
    await run.journal.save(run)
    await run.emit(HistoryCompacted(before, after, tokens, prompt_tokens(run)))


async def _ask(run: Run, messages: Sequence[Message], max_tokens: int) -> str:
    request = replace(_request(run, messages, max_tokens), budget=run.budget.child(), canvases=run.next_canvas)
    request.budget.check_canvas()
    async with run.plan.model.converse() as conversation:
        response = await conversation.respond(request, _nowhere)
    request.budget.settle(response.usage)
    return response.message.text


def _count(run: Run, messages: Sequence[Message]) -> int | None:
    outline = run.plan.model.outline(_request(run, messages))
    return None if outline is None else outline.total


def _request(run: Run, messages: Sequence[Message], max_tokens: int | None = None) -> ModelRequest:
    settings = replace(run.plan.settings, max_tokens=max_tokens, tool_choice=None, thinking=False)
    return ModelRequest(tuple(messages), settings=settings)


async def _nowhere(event: Event) -> None:
    """A summary's canvases are none of the run's."""


def _check(before: Sequence[Message], after: Sequence[Message]) -> None:
    """Raises `UserError` where a policy broke the conversation."""
    if not after or after[-1] != before[-1]:
        raise UserError("compaction: the last message has to stay, for it is what the model is to answer.")
    answered, since = _answered(before), _answered(after[last_prompt(after) :])
    older = since & _answered(before[: last_prompt(before)])
    if older:
        raise UserError(f"compaction: the last prompt was cut, and these calls before it stayed: {_listed(older)}.")
    for message, following in zip((None, *after), (*after, None), strict=True):
        calls = {call.id for call in message.calls} if isinstance(message, AssistantMessage) else set()
        results = {result.call_id for result in following.results} if isinstance(following, ToolMessage) else set()
        cut = (results - calls) | ((calls & answered) - results)
        if cut:
            raise UserError(f"compaction: these calls were cut from their results: {_listed(cut)}.")


def _answered(messages: Sequence[Message]) -> set[str]:
    return {result.call_id for message in messages if isinstance(message, ToolMessage) for result in message.results}


def _listed(ids: set[str]) -> str:
    return ", ".join(sorted(ids))


def _moved(new_from: int, before: Sequence[Message], after: Sequence[Message]) -> int:
    """Where the run's own messages begin now."""
    first = before[new_from] if new_from < len(before) else None
    places = (place for place, message in enumerate(after) if message is first)
    return next(places, max(0, new_from + len(after) - len(before)))
