"""What a tuned model learns from: requests for one's own tools, among them and with some of them out of view, requests
that none of them serves, and the recipe's own conversations, so that what it knew is not lost."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from agentkit import bundled
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import Message, SystemMessage
from agentkit.retrieval import stems

from .. import turns
from ..cases import INSTRUCTIONS, Case, ask, case_of, chat, dress, fill, show
from ..catalogue import TRAINED
from ..composed import compose
from ..conversation import Pack, Writer
from ..phrases import REFUSALS, UNSERVED
from .tool import OwnTool


@dataclass(frozen=True)
class Shares:
    """Of the packs, and of what they hold."""

    replay: float = 0.2  # packs of the recipe's own data
    most_in_view: int = bundled.MAX_TOOLS
    all_in_view: float = 0.5  # of the others, those with as many in view as there may be; the rest have any number
    instructions: float = 0.25
    refused: float = 0.3  # requests that no tool in view serves
    chitchat: float = 0.04
    asked_back: float = 0.06  # requests for a tool that lack a required value: it is asked for
    several_calls: float = 0.05  # requests for two tools in one
    near_misses: float = 0.5  # of the refused ones, those for a tool out of view, where one is
    as_shown: float = 0.3  # of the others, those of the examples that call nothing, where there are any


class OwnWriter(Writer):
    """Packs of one's own tools, in place of the recipe's."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        tools: Sequence[OwnTool],
        *,
        canvas_length: int,
        refused: Sequence[str] = (),
        shares: Shares | None = None,
    ) -> None:
        super().__init__(tokenizer, canvas_length=canvas_length)
        self.tools = tools
        self.examples = refused
        self.shares = shares or Shares()
        self.vocabulary = frozenset().union(*(tool.vocabulary for tool in tools))

    def pack_of(self, view: int, key: str, *, branches: int, canvases: int, answers: bool = False) -> Pack:
        """A pack with so many tools in view, or one of the recipe's own for 0."""
        if not view:
            return self.pack(key, branches=branches, canvases=canvases, answers=answers)
        rng = random.Random(f"tune/{key}")
        shown = self.in_view(view, rng)
        hidden = [tool for tool in self.tools if tool not in shown]
        messages: list[Message] = []
        if rng.random() < self.shares.instructions:
            messages.append(SystemMessage(rng.choice(INSTRUCTIONS)))
        cases = [self.case(shown, hidden, rng) for _ in range(branches)]
        made = [self.branch(case, canvases, answers=answers, rng=rng) for case in cases]
        return Pack(self.prefix(messages, [tool.definition for tool in shown]), made)

    @property
    def most_in_view(self) -> int:
        return min(len(self.tools), self.shares.most_in_view)

    def tools_in_view(self, rng: random.Random) -> int:
        """How many of the tools the packs of a step have in view; 0 for the recipe's own conversations."""
        if rng.random() < self.shares.replay:
            return 0
        if rng.random() < self.shares.all_in_view:
            return self.most_in_view
        return rng.randint(1, self.most_in_view)

    def in_view(self, count: int, rng: random.Random) -> list[OwnTool]:
        """As many tools as there may be in their order, or fewer in any."""
        shown = rng.sample(list(self.tools), count)
        return sorted(shown, key=self.tools.index) if count == self.most_in_view else shown

    def case(self, shown: Sequence[OwnTool], hidden: Sequence[OwnTool], rng: random.Random) -> Case:
        """A request that nothing serves, small talk, or a request for one of the tools in view, or for two of them."""
        kind, shares = rng.random(), self.shares
        if kind < shares.refused:
            return Case(self.refused(hidden, rng, "train"), (), REFUSALS[0])
        if kind < shares.refused + shares.chitchat:
            return chat(rng)
        tool = rng.choice(shown)
        if rng.random() < shares.asked_back and (missing := tool.ask_without(rng, "train")) is not None:
            prompt, key = missing
            return Case(prompt, (), turns.question(tool.definition.parameters["properties"], [key]))
        case = case_of(tool, tool.ask(rng, "train"))
        if rng.random() < shares.several_calls:
            return self.several(case, rng.choice(shown), rng)
        return case

    def several(self, first: Case, other: OwnTool, rng: random.Random) -> Case:
        """Two requests in one, if the first doesn't end with a value that what follows might be taken for."""
        second = case_of(other, other.ask(rng, "train"))
        (one,), (two,) = first.rounds[0], second.rounds[0]
        if turns.ends_open(first.prompt, one) or (one.view is two.view and one.arguments == two.arguments):
            return first
        answer = f"{first.answer} {second.answer}"
        return Case(turns.joined([first.prompt, second.prompt], rng), ((one, two),), answer)

    def refused(self, hidden: Sequence[OwnTool], rng: random.Random, split: str) -> str:
        """A request that no tool in view serves."""
        if hidden and rng.random() < self.shares.near_misses:
            return rng.choice(hidden).ask(rng, split).prompt
        if self.examples and rng.random() < self.shares.as_shown:
            return dress(rng.choice(self.examples), rng)
        return self.unrelated(rng, split)

    def unrelated(self, rng: random.Random, split: str) -> str:
        """A request that has no word in common with any of the tools."""
        while True:
            draw = rng.random()
            if draw < 0.15:
                prompt = dress(fill(rng.choice(UNSERVED), rng, split), rng)
            elif draw < 0.55:
                prompt = ask(show(rng.choice(TRAINED), rng, "usual"), rng, split).prompt
            else:
                prompt = compose(rng, split).ask(rng, split).prompt
            if not self.vocabulary & set(stems(prompt)):
                return prompt

    def prompt_length(self) -> int:
        """Tokens of the declarations of all tools in view, where these are the longest."""
        longest = sorted((tool.definition for tool in self.tools), key=lambda tool: -len(self.prefix([], [tool])))
        return len(self.prefix([], longest[: self.shares.most_in_view]))
