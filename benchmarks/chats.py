"""The loop that agents are made of, written on transformers' `generate()`: render, generate, parse, run the tools,
append, go on with the cache."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from sides import Script, Slower, padded
from torch import Tensor
from transformers import DiffusionGemmaForBlockDiffusion, DynamicCache

from agentkit import AssistantMessage, TextPart, ToolCallPart, ToolDefinition, ToolMessage, ToolResult, UserMessage
from agentkit.dialects import Gemma4
from agentkit.messages import Message

NAME = "generate"
MAX_CANVASES = 3


class Chat(Protocol):
    """One conversation: what `generate()` goes on from, and what becomes of what it wrote."""

    over: bool
    steps: Sequence[int] | None
    """The denoising steps of the next turn's canvases where they are given; None leaves them to the stop rule."""

    def prompt(self) -> list[int]: ...

    def take(self, written: Sequence[int]) -> None:
        """Takes a turn's tokens, up to and including the stop."""


@dataclass(frozen=True)
class Turn:
    """A turn as our engine wrote it."""

    tokens: tuple[int, ...]
    steps: tuple[int, ...]  # of each canvas


@dataclass
class Replay:
    """A session in the turns that it took on our side, so that both sides do the same work.

    Everything of the loop is done anew: rendering, denoising (for as many steps), parsing, running the tools. Only the
    tokens are those written before, or else the two sides' conversations would part.
    """

    dialect: Gemma4
    tools: dict[str, tuple[ToolDefinition, Callable[..., Any]]]
    session: list[tuple[str, list[Turn]]]  # prompts, each with its turns
    messages: list[Message] = field(default_factory=list)
    calls: int = 0
    _left: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = list(self.session)
        self._go_on()

    @property
    def over(self) -> bool:  # type: ignore[override]
        return not self._left

    @property
    def steps(self) -> Sequence[int]:  # type: ignore[override]
        return self._left[0].steps

    def prompt(self) -> list[int]:
        return self.dialect.render(self.messages, [definition for definition, _ in self.tools.values()], model=NAME)

    def take(self, written: Sequence[int]) -> None:
        message = message_of(self.dialect, self._left.pop(0).tokens, len(self.messages))
        self.messages.append(message)
        if message.calls:
            self.messages.append(ToolMessage(tuple(map(self._run, message.calls))))
        self._go_on()

    def _run(self, call: ToolCallPart) -> ToolResult:
        self.calls += 1
        try:
            _, function = self.tools[call.name]
            return ToolResult(call.id, call.name, function(**(call.arguments or {})))
        except Exception as error:  # whatever a tool raises goes back to the model
            return ToolResult(call.id, call.name, f"{type(error).__name__}: {error}", is_error=True)

    def _go_on(self) -> None:
        while not self._left and self.session:
            prompt, self._left = self.session.pop(0)
            self._left = list(self._left)
            self.messages.append(UserMessage(prompt))


def message_of(dialect: Gemma4, tokens: Sequence[int], turn: int) -> AssistantMessage:
    """What the model wrote, as a message that is replayed by its tokens."""
    parsed = dialect.parse(tokens)
    parts: list[TextPart | ToolCallPart] = [
        ToolCallPart(call.name, None if call.faults else call.arguments, f"call_{turn}_{index}", raw=call.raw)
        for index, call in enumerate(parsed.calls)
    ]
    if parsed.text:
        parts.append(TextPart(parsed.text))
    return AssistantMessage(tuple(parts), model=NAME, tokens=tuple(tokens))


class Prefix:
    """Tokens that all conversations begin with, and their cache, of which each batch takes a copy."""

    def __init__(self, model: DiffusionGemmaForBlockDiffusion, prompts: Sequence[Sequence[int]]) -> None:
        length = next(i for i, column in enumerate(zip(*prompts, strict=False)) if len(set(column)) > 1)
        self.tokens = list(prompts[0][:length])
        self.cache = DynamicCache(config=model.config.get_text_config(decoder=True))
        with torch.inference_mode():
            model.model.encoder(torch.tensor([self.tokens], device=model.device), past_key_values=self.cache)

    def copied(self, rows: int) -> DynamicCache:
        cache = copy.deepcopy(self.cache)
        cache.batch_repeat_interleave(rows)
        return cache


class Group:
    """Conversations that take their turns together, in one batch.

    With `reuse`, the cache of a turn serves the next one as far as transformers allows it: new tokens are padded on
    the left behind it, so in a batch there are masked holes within the rows. What a prompt no longer begins with is cut
    off. A turn of several canvases leaves whole canvases in the cache, tails behind stops included, so after it the
    conversation is read anew.
    """

    def __init__(
        self, model: DiffusionGemmaForBlockDiffusion, chats: Sequence[Chat], *, reuse: bool, prefix: Prefix | None
    ) -> None:
        self.model = model
        self.live = [chat for chat in chats if not chat.over]
        self.reuse = reuse
        self.canvases = self.steps = 0
        self.cache: DynamicCache | None = None
        self.held: list[list[int]] = [[] for _ in self.live]
        self.mask = torch.zeros(len(self.live), 0, dtype=torch.long, device=model.device)  # (B, cached)
        if reuse and prefix is not None:
            self.cache = prefix.copied(len(self.live))
            self.held = [prefix.tokens for _ in self.live]
            self.mask = self.mask.new_ones(len(self.live), len(prefix.tokens))

    def run(self, *, deadline: float = float("inf")) -> None:
        """All turns of all conversations. Raises `Slower` when a turn would begin after the deadline."""
        while self.live:
            if time.perf_counter() > deadline:
                raise Slower
            self._turn()

    def _turn(self) -> None:
        prompts = [chat.prompt() for chat in self.live]
        if self.cache is None:
            self._forget()
        self._agree(prompts)
        new = [prompt[len(held) :] for prompt, held in zip(prompts, self.held, strict=True)]
        ids, mask = padded(new, self.model.device)
        self.mask = torch.cat([self.mask, mask], dim=1)
        written, output = self._generate(ids)
        single = written.shape[1] == self.model.config.canvas_length
        self.cache, self.held = (output.past_key_values if self.reuse and single else None), prompts
        for chat, row in zip(self.live, written.tolist(), strict=True):
            chat.take(row)
        self._drop()

    def _generate(self, ids: Tensor) -> tuple[Tensor, Any]:
        """The tokens written behind ids (B, N), and generate()'s output."""
        settings: dict[str, Any] = {"attention_mask": self.mask, "past_key_values": self.cache}
        length = self.model.config.canvas_length
        given = [chat.steps for chat in self.live if chat.steps is not None]
        if given:
            script = Script(given, self.model.device)
            with script.leading(self.model) as leading:
                output = self.model.generate(ids, max_new_tokens=script.most * length, **settings, **leading)
            self.canvases += sum(map(len, given))
            self.steps += sum(map(sum, given))
        else:
            output = self.model.generate(ids, max_new_tokens=MAX_CANVASES * length, **settings)
            self._count(output.sequences[:, ids.shape[1] :], output.tokens_per_forward)
        return output.sequences[:, ids.shape[1] :], output

    def _count(self, written: Tensor, per_step: Tensor) -> None:
        """Steps and canvases of a turn that nobody scripted: generate() tells tokens a step, without pads."""
        tokens = (written != self.model.generation_config.pad_token_id).sum(dim=-1)  # (B,)
        self.steps += int((tokens / per_step).round().sum())
        self.canvases += int((-(-tokens // self.model.config.canvas_length)).sum())

    def _agree(self, prompts: Sequence[Sequence[int]]) -> None:
        """Leaves of the cache what all prompts begin with."""
        while lost := max(unlike(prompt, held) for prompt, held in zip(prompts, self.held, strict=True)):
            self._cut(lost)

    def _cut(self, count: int) -> None:
        """Takes off the last `count` columns of the cache, and the tokens that each row has there."""
        assert self.cache is not None
        columns = self.mask.shape[1] - count
        self.held = [
            held[: len(held) - int(row[columns:].sum())] for held, row in zip(self.held, self.mask, strict=True)
        ]
        self.mask = self.mask[:, :columns]
        self.cache.crop(-count)

    def _forget(self) -> None:
        self.cache = None
        self.held = [[] for _ in self.live]
        self.mask = self.mask[:, :0]

    def _drop(self) -> None:
        """Leaves out the conversations that are over."""
        stay = [index for index, chat in enumerate(self.live) if not chat.over]
        if len(stay) == len(self.live):
            return
        kept = torch.tensor(stay, dtype=torch.long, device=self.model.device)
        if self.cache is not None:
            self.cache.batch_select_indices(kept)
        self.mask = self.mask[kept]
        self.live = [self.live[index] for index in stay]
        self.held = [self.held[index] for index in stay]


def unlike(prompt: Sequence[int], held: Sequence[int]) -> int:
    """How many of the last tokens that are held are none that the prompt begins with."""
    pairs = zip(held, prompt, strict=False)
    return len(held) - next((i for i, (left, right) in enumerate(pairs) if left != right), min(len(held), len(prompt)))
