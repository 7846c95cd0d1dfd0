"""What a prompt costs, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentkit.errors import UserError
from agentkit.messages import AssistantMessage, Message, SystemMessage, ToolMessage
from agentkit.request import turn_request
from agentkit.run import Plan

_SHOWN = 60  # characters of a message that a report shows


@dataclass(frozen=True, slots=True)
class PromptReport:
    """The tokens of a prompt; all parts together are `total`.

    instructions  of the agent's instructions, with what stands around the tools' declarations
    tools         of each declaration, the outputs' included, by the tool's name
    messages      each message of the conversation and its tokens, with those that close the message before it
    opening       of what opens the model's turn
    context       the most tokens that the model can hold; None where it doesn't say
    """

    instructions: int
    tools: dict[str, int]
    messages: tuple[tuple[Message, int], ...]
    opening: int
    context: int | None

    @property
    def total(self) -> int:
        """All tokens of the prompt."""
        said = sum(tokens for _, tokens in self.messages)
        return self.instructions + sum(self.tools.values()) + said + self.opening

    @property
    def left(self) -> int | None:
        """How many tokens of the context are left to write in; less than 0 where the prompt doesn't fit."""
        return None if self.context is None else self.context - self.total

    def rows(self) -> list[tuple[str, int]]:
        """Each part in words, with its tokens, in the order of the prompt."""
        tools = [(f"tool {name}", tokens) for name, tokens in self.tools.items()]
        said = [(_in_words(message), tokens) for message, tokens in self.messages]
        return [("instructions", self.instructions), *tools, *said, ("opening of the turn", self.opening)]

    def __str__(self) -> str:
        rows = [*self.rows(), ("total", self.total)]
        rows += [] if self.left is None else [(f"left of {self.context}", self.left)]
        return "\n".join(f"{tokens:>7}  {what}" for what, tokens in rows)


def prompt_report(plan: Plan, messages: Sequence[Message]) -> PromptReport:
    """What the first turn after `messages` costs. Raises `UserError` for a model that doesn't count tokens."""
    kept = [message for message in messages if not (plan.instructions and isinstance(message, SystemMessage))]
    request = turn_request(plan, kept)
    outline = plan.model.outline(request)
    if outline is None:
        raise UserError(f"The model {plan.model.name!r} doesn't tell what its prompts cost.")
    names = [tool.name for tool in request.declared]
    said = outline.messages[len(request.messages) - len(kept) :]
    return PromptReport(
        instructions=outline.system,
        tools=dict(zip(names, outline.tools, strict=True)),
        messages=tuple(zip(kept, said, strict=True)),
        opening=outline.opening,
        context=plan.model.context_length,
    )


def _in_words(message: Message) -> str:
    if isinstance(message, ToolMessage):
        text = "; ".join(f"{result.name}: {result.content}" for result in message.results)
    elif isinstance(message, AssistantMessage):
        text = "; ".join(filter(None, [message.text, *(f"{call.name}({call.arguments})" for call in message.calls)]))
    else:
        text = message.text
    text = " ".join(text.split())
    return f"{message.kind}: {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}"
