"""Answers that state a tool's result and nothing else, whatever the tool is.

A few wordings that a result alone decides can be learned once and said of any tool; a wording for each family of tools
would have to be known by heart, and is only there for the families that have some of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .families import Family, answer, spoken

STATUSES = frozenset(
    """ok done saved noted logged added paid created blocked active muted assigned ordered approved written set sent
    published moved planned stopped halted changed accepted excused entered reported unlocked ready received submitted
    pending announced scheduled frozen queued completed finished started restarted running deployed healthy building
    silent ticking booked""".split()
)  # results that say only that something was done


def plain_answer(result: Any, *, failed: bool = False) -> str:
    """What can be said of any tool's result: that it is done, what it is, or what was found."""
    if failed:
        return f"Sorry, that failed: {spoken(result)}."
    if isinstance(result, Mapping):
        named = {key: f"{key.replace('_', ' ')} {spoken(value)}" for key, value in result.items()}
        if result.get("status") in STATUSES:
            del named["status"]
            return f"Done: {', '.join([result['status'], *named.values()])}."
        return f"I found {spoken([*named.values()])}."
    if isinstance(result, list):
        return f"I found {spoken(result)}." if result else "I found nothing."
    return f"Done: {result}." if result in STATUSES else f"It is {spoken(result)}."


def answer_of(family: Family, arguments: Mapping[str, Any], result: Any) -> str:
    """The answer to a result of the family's tool: in its first own wording, or plainly."""
    return answer(family.answers[0], arguments, result) if family.answers else plain_answer(result)
