"""What a dialect is: a model family's wire format, in both directions.

Messages and tools go to prompt tokens; the tokens that the model writes go to regions (text, thought, tool call), each
with the span of tokens that it covers. A span is a pair `(start, end)` of token indices, end excluded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from agentkit.messages import JSON, Message, ToolDefinition

if TYPE_CHECKING:
    from agentkit.constraints.automaton import Automaton
    from agentkit_model import TokenAutomaton

Span: TypeAlias = tuple[int, int]
FaultKind: TypeAlias = Literal["truncated", "unclosed", "syntax", "name", "duplicate", "stray"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the model's output that the format does not allow.

    Attributes:
        reason: what is wrong, for the developer and for the model.
        span: the tokens at fault; these are what has to be written anew.
        pointer: JSON pointer of the argument at fault.
        kind: `truncated` (the output ends inside a region: the model has more to say), `unclosed` (a stop token comes
            inside a region), `syntax`, `name` (a call without a name), `duplicate` (a key twice in one object),
            `stray` (a control token that has no place here).
    """

    reason: str
    span: Span | None = None
    pointer: str | None = None
    kind: FaultKind = "syntax"


@dataclass(frozen=True, slots=True)
class TextRegion:
    """Text of the answer, as it was written."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ThoughtRegion:
    """A thought; its span includes the channel's markers."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class CallRegion:
    """A tool call.

    Attributes:
        name: the tool's name, empty where none could be read.
        name_span: the tokens of the name; None without a name.
        arguments: the arguments, None when the call has faults.
        value_spans: the tokens of every value that was read, by JSON pointer; `""` is the whole arguments object. Each
            is the smallest span that covers the value with its quotes or brackets; neighbours may share a token.
        key_spans: the tokens of every member's key, by the pointer of its value.
        values: every value that was read to its end, by JSON pointer, whatever is wrong with the call.
        cut_key: where the output ends within a member's key, as a pointer: what it has of it.
        cut_number: where it ends within a number, or behind one that may go on, the pointer of that value.
        raw: the call's text, control tokens shown literally. The tokens themselves are those of the span.
        span: the tokens of the whole call, markers included.
        faults: what is wrong with it.
    """

    name: str
    name_span: Span | None
    arguments: dict[str, JSON] | None
    value_spans: Mapping[str, Span]
    raw: str
    span: Span
    key_spans: Mapping[str, Span] = field(default_factory=dict)
    values: Mapping[str, JSON] = field(default_factory=dict)
    cut_key: str | None = None
    cut_number: str | None = None
    faults: tuple[Fault, ...] = ()

    def certainty(self, probabilities: Sequence[float]) -> dict[str, float]:
        """The probability of each argument's value, given that of every token of the turn: the product over it."""
        return {
            key: math.prod(probabilities[slice(*self.value_spans[pointer])])
            for key in self.arguments or {}
            if (pointer := "/" + key.replace("~", "~0").replace("/", "~1")) in self.value_spans
        }


Region: TypeAlias = TextRegion | ThoughtRegion | CallRegion


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the model wrote in one turn.

    Attributes:
        regions: in order, not overlapping.
        faults: all of them, those of the calls included.
        open: the output ends inside a thought or a call.
        stop: the stop token (its id) that ended the turn; None when none has come yet.
        length: how many tokens the turn has, up to and including the stop token.
    """

    regions: tuple[Region, ...]
    faults: tuple[Fault, ...]
    open: bool
    stop: int | None
    length: int

    @property
    def text(self) -> str:
        """The answer's text, without thoughts and calls."""
        return "".join(region.text for region in self.regions if isinstance(region, TextRegion)).strip()

    @property
    def calls(self) -> tuple[CallRegion, ...]:
        return tuple(region for region in self.regions if isinstance(region, CallRegion))


@dataclass(frozen=True, slots=True)
class Outline:
    """How many tokens of a prompt each of its parts has; together they are all of it.

    Attributes:
        system: the instructions, with what the prompt begins with and what stands around the declarations.
        tools: each tool's declaration.
        messages: each message, with what closes the one before; 0 for the instructions.
        opening: what opens the model's turn.
    """

    system: int
    tools: tuple[int, ...]
    messages: tuple[int, ...]
    opening: int

    @property
    def total(self) -> int:
        return self.system + sum(self.tools) + sum(self.messages) + self.opening


class Dialect(Protocol):
    """A model family's wire format."""

    stop_tokens: frozenset[int]

    def render(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition],
        *,
        thinking: bool = False,
        model: str | None = None,
    ) -> list[int]:
        """The prompt, up to where the model must go on."""
        ...

    def outline(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition],
        *,
        thinking: bool = False,
        model: str | None = None,
    ) -> Outline:
        """How many tokens the parts of that prompt have."""
        ...

    def parse(self, tokens: Sequence[int]) -> Parsed:
        """The regions of what the model wrote after such a prompt. Never raises."""
        ...

    def render_call_opening(self, name: str | None = None) -> list[int]:
        """The tokens a turn begins with that has to call a tool: any tool, or the one of that name."""
        ...

    def call_automaton(
        self,
        tool: ToolDefinition,
        *,
        fixed: Mapping[str, JSON] | None = None,
        only: frozenset[str] | None = None,
        banned: Mapping[str, Sequence[JSON]] | None = None,
        begun: Mapping[str, JSON] | None = None,
    ) -> Automaton:
        """Every call of a tool that its schema allows.

        Args:
            fixed: values that are written as they are, by JSON pointer.
            only: the arguments that are written; None leaves optional ones to the model.
            banned: values that must not be written, by JSON pointer.
            begun: what stands already in the objects and arrays that are not closed yet, by JSON pointer: keys and
                items that come have to differ from it where the schema says so.
        """
        ...

    def turn_automaton(
        self,
        calls: Sequence[Automaton],
        outputs: Sequence[Automaton] = (),
        *,
        required: bool = False,
        thinking: bool | int = False,
        begun: Automaton | None = None,
        bias: float = 0.0,
    ) -> TokenAutomaton:
        """Every turn that makes such calls or one of `outputs`: some call if `required`, thoughts with `thinking`.

        With `begun`, the rest of a turn from the beginning of this call. `bias`: nats in favour of a call, where the
        turn begins.
        """
        ...

    def repair_automaton(self, before: Sequence[int], call: Automaton, after: Sequence[int]) -> TokenAutomaton:
        """The turn that consists of the tokens `before`, a call that is written anew, and the tokens `after`."""
        ...
