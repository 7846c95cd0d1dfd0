"""Which tools' words fit a request.

A prompt that declares two hundred tools is long, slow, and more than a small model can choose from. So a turn is told
of the few whose words fit the request best (`ModelSettings.max_tools`), and its canvases are held to those. Among these
few, words speak for one call and against another as well (`Constraints.relevance`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

from agentkit.letters import UNSPACED
from agentkit.messages import JSON, AssistantMessage, Message, ToolDefinition, UserMessage, is_prompt

K1, B = 1.2, 0.5  # BM25: how soon a repeated word stops counting, how much a long declaration is held against a tool
NAME, DESCRIPTION, PARAMETERS = 3, 2, 1  # how often a word counts, by where it stands
EARLIER = 0.3  # the weight of the conversation before the last request
SLIP, LEAST = 0.8, 5  # likeness at which a word that no tool has is taken for one misspelt, and its least length
SLIPS = 100  # words of a request that are looked up in this way, since each takes a while
FUNCTION_WORDS = frozenset(
    """
    a an the i me my you your it its we us our they them their this that these those there and or of to for from with at
    by as into is are was were be been am do does did have has had can could would will should may might must please
    """.split()
)
"""English words that say nothing of what somebody wants. Words such as on, off, where and when do."""

UNDIVIDED = re.compile(f"[{UNSPACED}]+")
WORD = re.compile(rf"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|{UNDIVIDED.pattern}|[^\W\d_a-zA-Z{UNSPACED}]+|\d+")


class ToolIndex:
    """Tools by the words of their names, descriptions and parameters, ranked by Okapi BM25.

    Robertson and Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond. Words are cut to stems
    ("invoices" and "invoicing" are one), and a word that no tool has is looked up with its nearest spelling.
    """

    def __init__(self, tools: Sequence[ToolDefinition]) -> None:
        counts = [Counter(_words_of(tool)) for tool in tools]
        lengths = [sum(count.values()) for count in counts]
        mean = max(sum(lengths) / max(len(tools), 1), 1.0)
        found = Counter(word for count in counts for word in count)
        self._size = len(tools)
        self._spellings: dict[str, str] = {}
        self._scores: dict[str, dict[int, float]] = {}  # by word, then by the tool's place
        for place, count in enumerate(counts):
            for word, times in count.items():
                rarity = math.log(1 + (len(tools) - found[word] + 0.5) / (found[word] + 0.5))
                damped = times * (K1 + 1) / (times + K1 * (1 - B + B * lengths[place] / mean))
                self._scores.setdefault(word, {})[place] = rarity * damped

    def scores(self, text: str) -> list[float]:
        """How well each tool fits `text`, in the order of the tools; 0 where they share no word."""
        totals = [0.0] * self._size
        for word in dict.fromkeys(stems(text)):
            for place, score in self._scores.get(self._spelled(word), {}).items():
                totals[place] += score
        return totals

    def _spelled(self, word: str) -> str:
        if word in self._scores or len(word) < LEAST:
            return word
        if word not in self._spellings and len(self._spellings) < SLIPS:
            alike = [known for known in self._scores if known[0] == word[0] and len(known) >= LEAST - 1]
            self._spellings[word] = next(iter(get_close_matches(word, alike, n=1, cutoff=SLIP)), word)
        return self._spellings.get(word, word)


def tools_in_view(
    tools: Sequence[ToolDefinition], messages: Sequence[Message], most: int | None, *, keep: str | None = None
) -> tuple[ToolDefinition, ...]:
    """The tools that a turn after `messages` is told about, at most `most` of them, in their own order.

    Those whose words fit the last request best; what was said before it counts for less. The choice is the same for all
    turns that follow a request, so that their prompts begin alike. Tools called since the request stay in view, and so
    does the one called `keep`.
    """
    if most is None or len(tools) <= most:
        return tuple(tools)
    asked = [place for place, message in enumerate(messages) if is_prompt(message)]
    last = asked[-1] if asked else 0
    turns = [message for message in messages[last:] if isinstance(message, AssistantMessage)]
    kept = {call.name for message in turns for call in message.calls} | {keep}
    fit = fitness(tools, messages)
    ranked = sorted(range(len(tools)), key=lambda place: (tools[place].name not in kept, -fit[place]))
    chosen = set(ranked[: max(most, sum(tool.name in kept for tool in tools))])
    return tuple(tool for place, tool in enumerate(tools) if place in chosen)


def fitness(tools: Sequence[ToolDefinition], messages: Sequence[Message]) -> list[float]:
    """How well each tool's words fit the last request, in points of BM25; what was said before it counts for less."""
    requests = [message.text for message in messages if isinstance(message, UserMessage) and not message.is_retry]
    index = ToolIndex(tools)
    now, before = index.scores(" ".join(requests[-1:])), index.scores(" ".join(requests[:-1]))
    return [last + EARLIER * earlier for last, earlier in zip(now, before, strict=True)]


def stems(text: str) -> Iterator[str]:
    """The words of a text or a name (`getInvoice`, `get_invoice`, `get-invoice`), lower case, without their endings;
    none of `FUNCTION_WORDS`.

    Where no spaces divide words, every two letters that stand together.
    """
    for word in WORD.findall(text):
        if UNDIVIDED.match(word):
            yield from (word[at : at + 2] for at in range(max(len(word) - 1, 1)))
        elif word.lower() not in FUNCTION_WORDS:
            yield _stem(word.lower())


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[: -2 if word.endswith(("xes", "ches", "shes", "sses")) else -1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            word = word.removesuffix(ending)
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    return word.removesuffix("e") if len(word) > 3 else word


def tool_stems(tool: ToolDefinition) -> frozenset[str]:
    """The words that speak of a tool: of its name, its description and its parameters, as `stems` has them."""
    return frozenset(_words_of(tool))


def _words_of(tool: ToolDefinition) -> Iterator[str]:
    for times, text in ((NAME, tool.name), (DESCRIPTION, tool.description), (PARAMETERS, _told(tool.parameters))):
        yield from _stems(text) * times


@lru_cache(maxsize=1024)
def _stems(text: str) -> tuple[str, ...]:
    """Kept, since each turn asks for the same tools."""
    return tuple(stems(text))


def _told(schema: JSON) -> str:
    """The parameters' names, descriptions and choices, as one text."""
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return " ".join(_told(inner) for inner in schema)
    if not isinstance(schema, Mapping):
        return ""
    own = [str(schema.get("description", "")), *(str(choice) for choice in schema.get("enum", ()))]
    maps = (schema.get(word) for word in ("properties", "$defs"))
    named, defined = (found if isinstance(found, Mapping) else {} for found in maps)
    inner = [*named.values(), *defined.values(), *(schema.get(word) for word in ("items", "anyOf", "oneOf", "allOf"))]
    return " ".join([*own, *named, *(_told(part) for part in inner)])
