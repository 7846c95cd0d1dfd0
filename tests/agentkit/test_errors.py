"""Errors cross processes, as those of a pool of workers do, and come out as they were."""

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agentkit import (
    Agent,
    AgentkitError,
    ApprovalRequired,
    ModelRetry,
    OutcomeUnknown,
    RunCancelled,
    RunStopped,
    SessionConflict,
    ToolCallPart,
    UsageLimitExceeded,
)
from agentkit.testing import ScriptedModel, call


class OutOfStock(ModelRetry):
    """An error of an app's own, that is made in its own way."""

    def __init__(self, *, item: str) -> None:
        super().__init__(f"There is no {item}.", argument="item")
        self.item = item


def now() -> str:
    return "noon"


RESULT = Agent(ScriptedModel([call("now", zone="UTC"), call("now"), "It is noon."]), tools=[now]).run_sync(
    "What time is it?"
)
MADE: dict[type[AgentkitError], AgentkitError] = {
    ApprovalRequired: ApprovalRequired(calls=(ToolCallPart("pay", {"amount": 5}, "c1"),)),
    ModelRetry: ModelRetry("There is no such city.", argument="city"),
    OutcomeUnknown: OutcomeUnknown(),
    OutOfStock: OutOfStock(item="tea"),
    RunCancelled: RunCancelled(result=RESULT, still_running=("now",)),
    RunStopped: RunStopped("It stopped.", result=RESULT),
    SessionConflict: SessionConflict("MemorySession()"),
    UsageLimitExceeded: UsageLimitExceeded("turns", 3),
}


def classes(of: type[AgentkitError] = AgentkitError) -> Iterator[type[AgentkitError]]:
    if of.__module__ in ("agentkit.errors", __name__):
        yield of
    for inner in of.__subclasses__():
        yield from classes(inner)


@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", list(classes()))
def test_an_error_is_pickled_and_copied_whole(
    kind: type[AgentkitError], again: Callable[[AgentkitError], AgentkitError]
) -> None:
    error = MADE.get(kind) or kind("It went wrong.")
    copied = again(error)
    assert type(copied) is kind and str(copied) == str(error) and copied.args == error.args
    assert shown(copied) == shown(error)


def shown(error: AgentkitError) -> dict[str, Any]:
    """What an error holds; the errors of calls inside are equal when they say the same."""
    return {name: repr(value) if name == "result" else value for name, value in vars(error).items()}
