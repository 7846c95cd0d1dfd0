"""What a session is made of: a log of entries, each written before anything rests on it.

The log is only ever added to. What it amounts to, a `SessionState`, is found by going through it from the start, so a
process that was killed leaves nothing half done: the last entry is there or it is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter

from agentkit.calls import identity
from agentkit.counts import Counts
from agentkit.messages import JSON, AssistantMessage, Message, Paused, ToolCallPart, ToolResult, is_prompt, open_calls
from agentkit.models.base import CanvasRecord
from agentkit.pauses import asking, paused_agents
from agentkit.result import StopReason
from agentkit.usage import Usage


@dataclass(frozen=True, slots=True)
class MessagesEntry:
    """The conversation from message number `start` on; what stood there before is replaced."""

    start: int
    messages: tuple[Message, ...]
    kind: Literal["messages"] = field(default="messages", repr=False)


@dataclass(frozen=True, slots=True)
class CanvasEntry:
    """A canvas was committed, of a turn that is not finished."""

    canvas: CanvasRecord
    kind: Literal["canvas"] = field(default="canvas", repr=False)


@dataclass(frozen=True, slots=True)
class BegunEntry:
    """The tool of a call is about to begin."""

    call_id: str
    kind: Literal["begun"] = field(default="begun", repr=False)


@dataclass(frozen=True, slots=True)
class AnswerEntry:
    """A call was answered; `faulty` and `costs_retry` as in `Outcome`."""

    result: ToolResult
    faulty: bool = False
    costs_retry: bool = False
    kind: Literal["answer"] = field(default="answer", repr=False)


@dataclass(frozen=True, slots=True)
class OutputEntry:
    """The function of a call that ends the run has finished, with this value as JSON."""

    call_id: str
    value: JSON
    kind: Literal["output"] = field(default="output", repr=False)


@dataclass(frozen=True, slots=True)
class CountsEntry:
    """What is counted of a run, as in `Counts`; `turns` are those that have come since."""

    retries: dict[str, int]
    bad_calls: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    kind: Literal["counts"] = field(default="counts", repr=False)


@dataclass(frozen=True, slots=True)
class DecisionsEntry:
    """What a person decided about calls: the identity of those approved, and why others were denied, by their ids."""

    approved: dict[str, str]
    denied: dict[str, str]
    kind: Literal["decisions"] = field(default="decisions", repr=False)


@dataclass(frozen=True, slots=True)
class PausedEntry:
    """The agents that were asked and wait for a person, by the ids of the calls that asked."""

    agents: dict[str, Paused]
    kind: Literal["paused"] = field(default="paused", repr=False)


@dataclass(frozen=True, slots=True)
class InsideEntry:
    """An entry in the log of the agent that was asked by a call whose tool has begun: a log inside the log."""

    call_id: str
    entry: Entry
    kind: Literal["inside"] = field(default="inside", repr=False)


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """What all runs of the session have spent together until now."""

    usage: Usage
    kind: Literal["usage"] = field(default="usage", repr=False)


@dataclass(frozen=True, slots=True)
class StopEntry:
    """A run came to its end. The calls in `pending` have not begun: they wait for a person."""

    reason: StopReason
    detail: str = ""
    pending: tuple[str, ...] = ()
    kind: Literal["stop"] = field(default="stop", repr=False)


Entry: TypeAlias = Annotated[
    MessagesEntry
    | CanvasEntry
    | BegunEntry
    | AnswerEntry
    | OutputEntry
    | CountsEntry
    | DecisionsEntry
    | PausedEntry
    | InsideEntry
    | UsageEntry
    | StopEntry,
    Field(discriminator="kind"),
]


@cache
def entry_adapter() -> TypeAdapter[Entry]:
    """Entries to JSON and back; NaN and the like as bare constants."""
    return TypeAdapter(Entry, config=ConfigDict(ser_json_inf_nan="constants"))


@dataclass(slots=True)
class SessionState:
    """What a log amounts to.

    messages   the conversation
    usage      what all runs have spent
    canvases   canvases of a turn that is not finished
    next_canvas   the index of the run's next canvas
    begun      ids of the last turn's calls whose tools began and that have no answer: nobody knows how far they came
    answers    answers to calls of the last turn, while not all are answered
    outputs    values of functions that ended the run, by the ids of the last turn's calls
    counts     what is counted of the run
    approved, denied   what a person decided about the last turn's calls, and about those of agents that they asked
    paused     the agents that those calls asked and that wait for a person
    inside     the logs of the agents that those calls asked and that have not answered
    stop       how the last run ended; None when it did not get to its end
    """

    messages: list[Message] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    canvases: list[CanvasRecord] = field(default_factory=list)
    next_canvas: int = 0
    begun: set[str] = field(default_factory=set)
    answers: dict[str, AnswerEntry] = field(default_factory=dict)
    outputs: dict[str, JSON] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    approved: dict[str, str] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    paused: dict[str, Paused] = field(default_factory=dict)
    inside: dict[str, list[Entry]] = field(default_factory=dict)
    stop: StopEntry | None = None

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> SessionState:
        """Goes through the log."""
        state = cls()
        for entry in entries:
            state.add(entry)
        return state

    def add(self, entry: Entry) -> None:
        """Goes one entry further."""
        match entry:
            case MessagesEntry(start, messages):
                self._say(start, messages)
            case CanvasEntry(canvas):
                self.canvases.append(canvas)
                self.next_canvas = canvas.index + 1
            case BegunEntry(call_id):
                self.begun.add(call_id)
                self.answers.pop(call_id, None)
                self.outputs.pop(call_id, None)
            case AnswerEntry(result):
                self.begun.discard(result.call_id)
                self.inside.pop(result.call_id, None)
                self.answers[result.call_id] = entry
            case OutputEntry(call_id, value):
                self.begun.discard(call_id)
                self.outputs[call_id] = value
            case CountsEntry(retries, bad_calls, turns):
                self.counts = Counts(Counter(retries), set(bad_calls), [*self.counts.turns, *turns])
            case DecisionsEntry(approved, denied):
                self.approved, self.denied = dict(approved), dict(denied)
            case PausedEntry(agents):
                self.paused = dict(agents)
                self.begun -= agents.keys()
                self.inside = {id: log for id, log in self.inside.items() if id not in agents}
            case InsideEntry(call_id, inner):
                self.inside[call_id] = self.log_inside(call_id)
                self.inside[call_id].append(inner)
                self.paused.pop(call_id, None)
            case UsageEntry(usage):
                self.usage = usage
            case StopEntry(pending=pending):
                self.stop = entry
                self.begun.difference_update(pending)

    def log_inside(self, call_id: str) -> list[Entry]:
        """The log of the agent that a call asked; one that waited for a person goes on from its conversation."""
        paused = self.paused.get(call_id)
        return self.inside.get(call_id, []) if paused is None else [MessagesEntry(0, paused.messages)]

    def _say(self, start: int, messages: tuple[Message, ...]) -> None:
        """The calls that are still open keep what is known about them, unless they are other calls now."""
        if messages and is_prompt(messages[-1]) and messages[-1:] != tuple(self.messages[-1:]):
            self.next_canvas, self.counts = 0, Counts()  # a new run
        before = {call.id: identity(call) for call in self._calls()}
        self.messages[start:] = messages
        self.stop = None
        same = {call.id for call in self._calls() if before.get(call.id) == identity(call)}
        self.begun -= paused_agents(self.messages).keys()
        kept = same if open_calls(self.messages) else set()
        self.outputs = {id: value for id, value in self.outputs.items() if id in same}
        self.begun &= kept
        self.answers = {id: answer for id, answer in self.answers.items() if id in kept}
        self.approved = {id: call for id, call in self.approved.items() if asking(id, kept)}
        self.denied = {id: reason for id, reason in self.denied.items() if asking(id, kept)}
        self.paused = {id: agent for id, agent in self.paused.items() if id in kept}
        self.inside = {id: log for id, log in self.inside.items() if id in self.begun}
        self.canvases = []

    def _calls(self) -> tuple[ToolCallPart, ...]:
        """The calls of the last turn."""
        turns = (message for message in reversed(self.messages) if isinstance(message, AssistantMessage))
        return next((turn.calls for turn in turns), ())
