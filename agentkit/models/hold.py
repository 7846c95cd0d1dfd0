"""What a turn's canvases are held to: the tools' schemas as one automaton, grounded in the conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from agentkit.dialects.base import Dialect
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import JSON, Message, ToolDefinition, ToolMessage, UserMessage, is_prompt
from agentkit.models.base import ModelRequest, WrongCall
from agentkit.pointers import escaped, unescaped
from agentkit.retrieval import fitness, stems, tool_stems
from agentkit.settings import Constraints

if TYPE_CHECKING:
    from agentkit.constraints.automaton import Automaton
    from agentkit.constraints.grounding import Words
    from agentkit.constraints.labels import Keys
    from agentkit_model import Hold, TokenAutomaton

TELLING = 5.0
"""Points of BM25 beyond which a tool's words tell no more."""

CHANCE = 1.0
"""Points that any request may have in common with some tool. Of held-out requests that no tool fits, 94 of 100 have no
more; of those that one fits, 59 to 96 have."""

DESCRIBED = 1 / 3
"""The part of `Constraints.naming` that words cost which stand in a tool's description alone: it may name examples."""

OPENING = 0.25
"""The part of `Constraints.relevance` by which each point beyond speaks for a call, instead of text."""


def turn_hold(
    dialect: Dialect,
    tokenizer: Tokenizer,
    request: ModelRequest,
    constraints: Constraints,
    *,
    begun: tuple[ToolDefinition, Mapping[str, JSON]] | None = None,
) -> Hold:
    """The hold of a turn from its beginning, or from that of a call of which some part stands.

    Args:
        begun: that call's tool, and what stands, by JSON pointer: see `Dialect.call_automaton`.

    Raises what the dialect raises about a schema that can't be held.
    """

    words = words_of(tokenizer, request, constraints)
    asked = _answers(request)

    def call(tool: ToolDefinition, standing: Mapping[str, JSON] | None = None) -> Automaton:
        found = dialect.call_automaton(tool, begun=standing)
        return grounded(tool, found, words, tokenizer, constraints, asked=asked)

    tools, outputs = callable_tools(request)
    fit = fit_of(tools, request, constraints)
    best, worth = max(fit, default=0.0), constraints.relevance
    ended = begun is not None and begun[0] in outputs  # nothing comes behind it
    automaton = dialect.turn_automaton(
        [] if ended else [priced(call(tool), worth * (best - own)) for tool, own in zip(tools, fit, strict=True)],
        [] if ended else [call(tool) for tool in outputs],
        required=_chosen(request) or not request.allow_text_output,
        thinking=request.settings.thinking or False,
        begun=call(*begun) if begun is not None else None,
        bias=worth * OPENING * max(best - CHANCE, 0.0),
    )
    return hold(automaton, constraints)


def fit_of(tools: Sequence[ToolDefinition], request: ModelRequest, constraints: Constraints) -> list[float]:
    """How well each tool's words fit the request that a turn answers, in points; nothing fits where it answers none."""
    if not (constraints.relevance and _answers(request)):
        return [0.0] * len(tools)
    return [min(points, TELLING) for points in fitness(tools, request.messages)]


def _answers(request: ModelRequest) -> bool:
    """Whether the turn answers what somebody asks, and not a result."""
    return bool(request.messages) and is_prompt(request.messages[-1])


def priced(call: Automaton, price: float) -> Automaton:
    """The call's automaton where making it costs so many nats more."""
    if not price:
        return call
    first = (call.source == call.start).astype(call.cost.dtype)
    return replace(call, cost=call.cost + first * price)


def callable_tools(request: ModelRequest) -> tuple[Sequence[ToolDefinition], Sequence[ToolDefinition]]:
    """What the turn may call, as `tool_choice` says: tools, and those whose call is the run's output."""
    choice = request.settings.tool_choice or "auto"
    tools = [tool for tool in request.tools if choice in ("auto", "required", tool.name)]
    return tools, () if _chosen(request) else request.output_tools


def _chosen(request: ModelRequest) -> bool:
    """Whether `tool_choice` says that some tool has to be called."""
    choice = request.settings.tool_choice or "auto"
    return choice != "auto" and any(choice in ("required", tool.name) for tool in request.tools)


def repair_hold(
    dialect: Dialect,
    tokenizer: Tokenizer,
    request: ModelRequest,
    constraints: Constraints,
    *,
    tool: ToolDefinition,
    arguments: dict[str, JSON] | None,
    wrong: WrongCall,
    before: Sequence[int],
    after: Sequence[int],
    begun: tuple[ToolDefinition, Mapping[str, JSON]] | None = None,
) -> Hold:
    """The hold of a canvas in which one call is written again, between the tokens `before` and `after` it.

    arguments: the call's, of which those that are not at fault are kept; None when all are to be written again.
    begun: what of the new call stands already; it is then held from the call's own beginning.
    """
    fixed = {} if arguments is None else pinned(arguments, wrong.pointers)
    only = None
    if arguments is not None:
        only = frozenset(arguments) | {unescaped(pointer.split("/")[1]) for pointer in wrong.pointers}
    standing = None if begun is None else begun[1]
    call = dialect.call_automaton(tool, fixed=fixed, only=only, banned=wrong.banned, begun=standing)
    words = words_of(tokenizer, request, constraints)
    call = grounded(tool, call, words, tokenizer, constraints, beside=_texts(list(fixed.values())))
    return hold(dialect.repair_automaton(before if begun is None else (), call, after), constraints)


def hold(automaton: TokenAutomaton, constraints: Constraints) -> Hold:
    from agentkit_model import Hold

    return Hold(
        automaton=automaton,
        bonus=constraints.bonus,
        from_step=constraints.from_step,
        settle=constraints.settle,
        patience=constraints.patience,
        twice=constraints.twice,
    )


def words_of(tokenizer: Tokenizer, request: ModelRequest, constraints: Constraints) -> Words:
    """The words that values may be taken from; looked at when a call first needs them, and then known to all calls."""
    from agentkit.constraints.grounding import Words

    known = None
    if constraints.grounding == "inferred" and constraints.labels:
        known = frozenset(chain.from_iterable(map(tool_stems, request.tools)))
    return Words(tokenizer, said(request.messages, constraints.sources), known)


def grounded(
    tool: ToolDefinition,
    call: Automaton,
    words: Words,
    tokenizer: Tokenizer,
    constraints: Constraints,
    *,
    beside: Sequence[str] = (),
    asked: bool = False,
) -> Automaton:
    """The automaton of a tool's call with its values taken from the conversation, as far as the constraints say.

    beside: values that stand in the call already.
    asked: whether the call answers the latest text, so that what it speaks of is to be in it.
    """
    from agentkit.constraints.flags import flags
    from agentkit.constraints.grounding import ground
    from agentkit.constraints.labels import prices
    from agentkit.constraints.omission import omissions

    inferred = constraints.grounding == "inferred"
    if not call.slots or not (inferred or any(slot.declared for slot in call.slots)):
        return call
    places, standing = _places(call, flags=False), words.taken(beside)
    taken = dict.fromkeys(standing, constraints.twice)
    inner: dict[Keys, set[int]] = {}
    if inferred and constraints.naming:
        named, described = (words.like(frozenset(stems(text))) for text in (tool.name, tool.description))
        taken = (
            dict.fromkeys(described, DESCRIBED * constraints.naming) | dict.fromkeys(named, constraints.naming) | taken
        )
        for keys in places:  # the front door is a value of lock_door(door)
            own = words.like(frozenset(stems(keys[-1]))) if keys else set()
            inner[keys] = words.described(own & (named | described) - standing)
    marked, said, omitted = {}, {}, {}
    if inferred and constraints.labels:
        marked = prices(tool, places, words.spoken, constraints.labels)
        said = flags(tool, _places(call, flags=True), words.spoken, constraints.labels)
        omitted = omissions(tool, call.slots, words, marked, said, constraints.labels) if asked else {}
    cost = constraints.preference if inferred else None
    return ground(
        call, words, tokenizer, cost=cost, taken=taken, prices=marked, flags=said, inner=inner, omitted=omitted
    )


def _places(call: Automaton, *, flags: bool) -> list[Keys]:
    """Where the call's values stand: a yes or a no, or others."""
    return list(dict.fromkeys(slot.keys for slot in call.slots if (slot.kind == "flag") is flags))


def said(messages: Sequence[Message], sources: str = "conversation") -> list[str]:
    """What the user said and the tools answered, as texts that values may be taken from."""
    texts: list[str] = []
    for message in messages:
        if isinstance(message, UserMessage) and not (message.is_retry and sources == "request"):
            texts.append(message.text)
        elif isinstance(message, ToolMessage) and sources == "conversation":
            texts += [text for result in message.results for text in _texts(result.content)]
    return texts[-1:] if sources == "request" else texts


def _texts(value: JSON) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def pinned(arguments: dict[str, JSON], free: Sequence[str]) -> dict[str, JSON]:
    """The arguments' values by JSON pointer, as few as hold everything but what stands at the pointers `free`."""
    found: dict[str, JSON] = {}

    def walk(value: JSON, pointer: str) -> None:
        if pointer in free:
            return
        inside = any(other.startswith(f"{pointer}/") for other in free)
        if isinstance(value, dict) and (inside or not pointer):
            for key, inner in value.items():
                walk(inner, f"{pointer}/{escaped(key)}")
        elif not inside:
            found[pointer] = value

    walk(arguments, "")
    return found
