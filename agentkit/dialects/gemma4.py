"""Gemma 4's wire format, which DiffusionGemma speaks: one class for both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from agentkit.dialects import gemma4_parse as reading
from agentkit.dialects import gemma4_render as writing
from agentkit.dialects.base import Outline, Parsed
from agentkit.dialects.gemma4_schema import declaration_pieces
from agentkit.dialects.gemma4_values import Piece, encode_pieces
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import JSON, Message, ToolDefinition, ToolResult

if TYPE_CHECKING:
    from agentkit.constraints.automaton import Automaton
    from agentkit.constraints.vocabulary import Vocabulary
    from agentkit_model import TokenAutomaton


class Gemma4:
    """Renders conversations for a model of the Gemma 4 family and parses what it writes.

    The `render_*` methods give the parts of a conversation, for those who need to know which tokens belong to what.
    Every part begins with a marker or follows one, so its tokens are the same alone as within a conversation.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.stop_tokens = frozenset(tokenizer.control[name] for name in writing.STOPS)

    def render(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition] = (),
        *,
        thinking: bool = False,
        model: str | None = None,
    ) -> list[int]:
        """The prompt's token ids, from `<bos>` to where the model must go on.

        Args:
            messages: the conversation. Instructions are a `SystemMessage` at its start.
            tools: what the model may call.
            thinking: let the model think first; without it, the prompt ends with an empty thought.
            model: the model that will read the prompt; what that model itself wrote is replayed by its own tokens.

        Raises:
            ValueError: a tool's name cannot stand in a call.
        """
        return writing.render(self.tokenizer, messages, tools, thinking=thinking, model=model)[0]

    def outline(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition] = (),
        *,
        thinking: bool = False,
        model: str | None = None,
    ) -> Outline:
        """How many tokens each part of `render`'s prompt has."""
        ids, ends = writing.render(self.tokenizer, messages, tools, thinking=thinking, model=model)
        declared = tuple(len(self.render_tool(tool)) for tool in tools)
        return Outline(
            system=ends[0] - sum(declared),
            tools=declared,
            messages=tuple(end - start for start, end in pairwise(ends)),
            opening=len(ids) - ends[-1],
        )

    def parse(self, tokens: Sequence[int]) -> Parsed:
        """The regions of a model's turn: what it wrote after `render`'s prompt, over as many canvases as it took.

        Reads up to the first stop token (`<eos>`, `<turn|>` or `<|tool_response>`). Never raises: whatever the format
        does not allow is a fault with its span. `agentkit.dialects.gemma4_parse` lists the variants that are accepted.
        """
        return reading.parse(self.tokenizer, tokens, self.stop_tokens)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokenizer's tokens as what automata are made of."""
        from agentkit.constraints.vocabulary import Vocabulary

        return Vocabulary(self.tokenizer)

    def call_automaton(
        self,
        tool: ToolDefinition,
        *,
        fixed: Mapping[str, JSON] | None = None,
        only: frozenset[str] | None = None,
        banned: Mapping[str, Sequence[JSON]] | None = None,
        begun: Mapping[str, JSON] | None = None,
    ) -> Automaton:
        """Every call of a tool that its schema allows; see `agentkit.dialects.gemma4_grammar.call_automaton`."""
        from agentkit.dialects.gemma4_grammar import call_automaton

        return call_automaton(
            self.tokenizer,
            self.vocabulary,
            tool.name,
            tool.parameters,
            fixed=fixed,
            only=only,
            banned=banned,
            begun=begun,
        )

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
        """Every turn that makes such calls; see `agentkit.dialects.gemma4_turn.turn_automaton`."""
        from agentkit.dialects.gemma4_turn import turn_automaton

        return turn_automaton(
            self.tokenizer,
            self.vocabulary,
            calls,
            outputs,
            required=required,
            thinking=thinking,
            begun=begun,
            bias=bias,
        )

    def repair_automaton(self, before: Sequence[int], call: Automaton, after: Sequence[int]) -> TokenAutomaton:
        """A turn of which one call is written anew; see `agentkit.dialects.gemma4_turn.repair_automaton`."""
        from agentkit.dialects.gemma4_turn import repair_automaton

        return repair_automaton(self.tokenizer, self.vocabulary, before, call, after)

    def render_bos(self) -> list[int]:
        return self._encode([writing.BOS])

    def render_system(
        self, instructions: str = "", tools: Sequence[ToolDefinition] = (), *, thinking: bool = False
    ) -> list[int]:
        """`<|turn>system\\n...<turn|>\\n`, with the tools' declarations."""
        return self._encode(writing.system_pieces(instructions, tools, thinking=thinking))

    def render_tool(self, tool: ToolDefinition) -> list[int]:
        """`<|tool>declaration:NAME{...}<tool|>`."""
        return self._encode([writing.TOOL, *declaration_pieces(tool), writing.TOOL_END])

    def render_user(self, text: str) -> list[int]:
        """`<|turn>user\\n...<turn|>\\n`."""
        return self._encode(writing.user_pieces(text))

    def render_prompt(self, *, thinking: bool = False) -> list[int]:
        """`<|turn>model\\n`, where the model begins to write; with thinking off followed by an empty thought."""
        return self._encode(writing.prompt_pieces(thinking=thinking))

    def render_thought(self, text: str) -> list[int]:
        """`<|channel>thought\\n...\\n<channel|>`."""
        return self._encode(writing.thought_pieces(text))

    def render_call(self, name: str, arguments: Mapping[str, JSON], *, stop: bool = False) -> list[int]:
        """`<|tool_call>call:NAME{...}<tool_call|>`, with `stop` also the `<|tool_response>` that a model stops at."""
        return self._encode([*writing.call_pieces(name, arguments), *([writing.RESPONSE] if stop else [])])

    def render_call_opening(self, name: str | None = None) -> list[int]:
        """What a turn begins with that has to call a tool: `<|tool_call>call:`, and with a name `NAME{`."""
        return self._encode([writing.CALL, "call:" if name is None else f"call:{name}{{"])

    def render_response(self, result: ToolResult, *, opened: bool = False) -> list[int]:
        """`<|tool_response>response:NAME{...}<tool_response|>`; without its first token if that was `opened` before."""
        pieces = writing.response_pieces(result)
        return self._encode(pieces[1:] if opened else pieces)

    def render_answer(self, text: str, *, stop: bool = True) -> list[int]:
        """The text that ends a model's turn, and `<turn|>`. The newline that follows a turn is not the model's."""
        return self._encode([text.strip(), *([writing.TURN_END] if stop else [])])

    def _encode(self, pieces: Iterable[Piece]) -> list[int]:
        return encode_pieces(self.tokenizer, pieces)
