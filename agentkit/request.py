"""What a model is asked for a turn."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.messages import Message, SystemMessage, ToolDefinition
from agentkit.models.base import ModelRequest
from agentkit.retrieval import tools_in_view
from agentkit.run import Plan, Run


def turn_request(
    plan: Plan, messages: Sequence[Message], tools: tuple[ToolDefinition, ...] | None = None
) -> ModelRequest:
    """The request for a turn after `messages`, which tells the model about `tools`, or about those that fit best."""
    instructions = (SystemMessage(plan.instructions),) if plan.instructions else ()
    return ModelRequest(
        messages=(*instructions, *messages),
        tools=in_view(plan, messages) if tools is None else tools,
        output_tools=tuple(tool.definition for tool in plan.outputs.tools.values()),
        allow_text_output=plan.outputs.allow_text,
        settings=plan.settings,
    )


def in_view(plan: Plan, messages: Sequence[Message]) -> tuple[ToolDefinition, ...]:
    """The tools that turns after `messages` are told about."""
    tools = [tool.definition for tool in plan.callable_tools.values()]
    most = plan.model.settings.merge(plan.settings).max_tools
    return tools_in_view(tools, messages, most, keep=plan.settings.tool_choice)


def seen_tools(run: Run) -> tuple[ToolDefinition, ...]:
    """The tools that all turns of a run are told about: chosen once, so that their prompts begin alike."""
    if run.in_view is None:
        run.in_view = in_view(run.plan, run.messages)
    return run.in_view


def prompt_tokens(run: Run) -> int | None:
    """How many tokens the prompt of the run's next turn has; None where the model doesn't count them."""
    outline = run.plan.model.outline(turn_request(run.plan, run.messages, seen_tools(run)))
    return None if outline is None else outline.total
