"""Answers that state a tool's result and nothing else, whatever the tool is.

The result alone decides on the words. So they are learned once, and said of any tool; a wording for each kind of tool
would have to be known by heart, and of a tool that nobody has seen there would be none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .families import spoken

STATUSES = frozenset(
    """ok done success saved noted logged added paid created blocked active muted assigned ordered approved written set
    sent published moved planned stopped halted changed accepted excused entered reported unlocked locked ready received
    submitted pending announced scheduled frozen queued completed finished started restarted running deployed healthy
    building silent ticking booked confirmed on off playing paused calling dialing ringing renamed deleted opened
    cleaning watering updated removed""".split()
)  # results that say only that something was done


def plain_answer(result: Any, *, failed: bool = False) -> str:
    """What can be said of any tool's result: that it is done, what it is, or what was found.

    A result that is a sentence is the answer; of objects in a list, the first members are told, of a failure what
    it comes to.
    """
    if failed:
        return f"Sorry, that failed: {_reason(spoken(result))}."
    if result is None:
        return "Done."
    if isinstance(result, Mapping):
        return _of_object(result)
    if isinstance(result, list):
        told = [next(iter(entry.values())) if isinstance(entry, Mapping) and entry else entry for entry in result]
        return f"I found {spoken(told)}." if told else "I found nothing."
    if isinstance(result, bool):
        return f"It is {str(result).lower()}."
    if isinstance(result, str) and result.endswith((".", "!", "?")):
        return result
    return f"Done: {result}." if result in STATUSES else f"It is {spoken(result)}."


def _reason(text: str) -> str:
    """What a failure comes to: without what went wrong inside, whose argument it was, and what to do about it."""
    return re.sub(r"^(The tool failed: )?(\w+: )?", "", text).split(": ")[0].split(". ")[0].rstrip(".!?")


def _of_object(result: Mapping[str, Any]) -> str:
    """An object member by member, a status before the others."""
    members = [f"the {key.replace('_', ' ')} is {spoken(value)}" for key, value in result.items() if key != "status"]
    if "status" not in result:
        return f"T{spoken(members)[1:]}." if members else "Done."
    return ", ".join([plain_answer(result["status"]).rstrip("."), *members]) + "."
