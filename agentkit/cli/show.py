"""A run on the terminal, shown as it happens."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from agentkit.agent import Agent
from agentkit.cli.options import FINISHED, STOPPED
from agentkit.display import Lines, Watch, finished_as_json, json_or_text, plain_console
from agentkit.events import RunFinished
from agentkit.messages import Message
from agentkit.models.base import Model


def view(console: Console, watch: bool, model: Model) -> Lines:
    """How the run is shown: in place on a terminal with --watch, else line by line."""
    if watch and console.is_terminal:
        return Watch(console, vocab_size=getattr(getattr(model, "tokenizer", None), "vocab_size", 0) or 2)
    return Lines(console, drafts=watch)


async def stream(
    agent: Agent[Any, Any], prompt: str, history: Sequence[Message], lines: Lines | None, *, deps: Any = None
) -> tuple[int, Sequence[Message]]:
    """Runs and shows; the exit status and the conversation. Without `lines`, the result goes to stdout as JSON."""
    if lines is None:
        result = await agent.run(prompt, message_history=history, deps=deps)
        write(json.dumps(finished_as_json(RunFinished(result), json_or_text)))  # in ASCII, which any stdout takes
        return _status(result.stop_reason), result.all_messages()
    status, messages = STOPPED, history
    with lines:
        lines.request(prompt)
        async with agent.run_stream_events(prompt, message_history=history, deps=deps) as events:
            async for event in events:
                lines.show(event)
                if isinstance(event, RunFinished):
                    if event.result.stop_reason == "approval_required":
                        lines.line("", "(agentkit chat asks)", "dim")
                    status, messages = _status(event.result.stop_reason), event.result.all_messages()
    return status, messages


def write(text: str) -> None:
    """Writes a line to stdout as it is. Where nobody reads it any more the program ends, as with rich's lines."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        plain_console().on_broken_pipe()


def _status(stop_reason: str) -> int:
    return FINISHED if stop_reason == "finished" else STOPPED
