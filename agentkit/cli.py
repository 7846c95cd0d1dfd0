"""`agentkit ask`, `agentkit chat`, `agentkit models`."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console

from agentkit.agent import Agent
from agentkit.display import Lines, Watch, finished_as_json
from agentkit.errors import AgentkitError, UserError
from agentkit.events import RunFinished
from agentkit.messages import Message
from agentkit.models import load_model
from agentkit.models.base import Model
from agentkit.settings import ModelSettings
from agentkit.tools import Tool, ToolFunction

FINISHED, STOPPED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

DEFAULT_TOOLS = (
    "agentkit_tools:calculate",
    "agentkit_tools:current_time",
    "agentkit_tools:convert_units",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit status: 0 answered, 1 stopped without an answer, 2 wrong use, 130
    interrupted."""
    options = build_parser().parse_args(arguments)
    sys.path.insert(0, "")  # tools of the folder at hand, as `python -m` would find them
    try:
        return int(options.command(options))
    except KeyboardInterrupt:
        return INTERRUPTED
    except AgentkitError as error:
        Console(stderr=True).print(f"agentkit: {error}", style="red", markup=False, highlight=False)
        return WRONG_USE
    finally:
        sys.path.remove("")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agentkit", description="Agents on diffusion language models.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    ask = commands.add_parser("ask", help="answer one request")
    ask.add_argument("prompt", help="the request")
    ask.add_argument("--watch", action="store_true", help="show the canvas settle, step by step")
    ask.add_argument("--json", action="store_true", help="print the result as one JSON object")
    _add_agent_options(ask)
    ask.set_defaults(command=run_ask)

    chat = commands.add_parser("chat", help="talk; /quit ends, Ctrl-C stops an answer")
    chat.add_argument("--watch", action="store_true", help="show the canvas settle, step by step")
    _add_agent_options(chat)
    chat.set_defaults(command=run_chat)

    models = commands.add_parser("models", help="list the models that can be opened")
    models.add_argument("folders", nargs="*", type=Path, help="checkpoints to look at, besides the usual places")
    models.set_defaults(command=run_models)
    return parser


def _add_agent_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="bundled", help="'bundled', a folder or a hub id (default: bundled)")
    parser.add_argument(
        "--tools",
        nargs="+",
        action="extend",
        metavar="MODULE:FUNCTION",
        help=f"tools to offer (default: {' '.join(DEFAULT_TOOLS)})",
    )
    parser.add_argument("--no-tools", action="store_true", help="offer no tools")
    parser.add_argument("--instructions", default="", help="what the model is told before the request")
    parser.add_argument("--seed", type=int, default=0, help="of the canvases' noise (default: 0)")
    parser.add_argument("--steps", type=int, help="most denoising steps of a canvas")


def run_ask(options: argparse.Namespace) -> int:
    if options.json and options.watch:
        raise UserError("--json and --watch exclude each other.")
    agent, model = make_agent(options)
    if options.json:
        return anyio.run(partial(_stream, agent, options.prompt, (), None))[0]
    console = Console(highlight=False)
    return anyio.run(partial(_stream, agent, options.prompt, (), view(console, options.watch, model)))[0]


def run_chat(options: argparse.Namespace) -> int:
    agent, model = make_agent(options)
    console = Console(highlight=False)
    history: Sequence[Message] = ()
    console.print("Type a request; /new forgets the conversation, /quit ends.", style="dim")
    while True:
        try:
            prompt = console.input("[bold]> [/bold]").strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return FINISHED
        if prompt in ("/quit", "/exit"):
            return FINISHED
        if prompt == "/new":
            history = ()
        elif prompt:
            try:
                _, history = anyio.run(partial(_stream, agent, prompt, history, view(console, options.watch, model)))
            except KeyboardInterrupt:
                console.print("stopped", style="yellow")


def run_models(options: argparse.Namespace) -> int:
    from rich.table import Table

    from agentkit.models.local import local_models

    table = Table("name", "parameters", "canvas", "vocabulary", "context", "folder")
    for model in local_models(options.folders):
        table.add_row(
            model.name, model.size, str(model.canvas), str(model.vocabulary), str(model.context), str(model.folder)
        )
    Console(highlight=False).print(table)
    return FINISHED


def make_agent(options: argparse.Namespace) -> tuple[Agent[Any], Model]:
    names = () if options.no_tools else options.tools or DEFAULT_TOOLS
    settings = ModelSettings(seed=options.seed, max_denoising_steps=options.steps)
    tools = load_tools(names)
    model = load_model(options.model)
    return Agent(model, instructions=options.instructions, tools=tools, model_settings=settings), model


def load_tools(names: Iterable[str]) -> list[Tool | ToolFunction]:
    """The tools called `module:function`, or all of `module:object` where the object lists its tools as `.tools`."""
    found: list[Tool | ToolFunction] = []
    for name in names:
        module_name, separator, attribute = name.partition(":")
        if not separator or not module_name or not attribute:
            raise UserError(f"--tools {name}: write module:function, such as agentkit_tools:calculate.")
        try:
            thing = getattr(importlib.import_module(module_name), attribute)
        except ModuleNotFoundError as error:
            raise UserError(f"--tools {name}: there is no module {error.name!r} here.") from error
        except AttributeError as error:
            raise UserError(f"--tools {name}: the module {module_name} has no {attribute!r}.") from error
        found.extend(getattr(thing, "tools", (thing,)))
    return found


def view(console: Console, watch: bool, model: Model) -> Lines:
    """How the run is shown: in place on a terminal with --watch, else line by line."""
    if watch and console.is_terminal:
        return Watch(console, vocab_size=getattr(getattr(model, "tokenizer", None), "vocab_size", 0) or 2)
    return Lines(console, drafts=watch)


async def _stream(
    agent: Agent[Any], prompt: str, history: Sequence[Message], lines: Lines | None
) -> tuple[int, Sequence[Message]]:
    """Runs and shows; the exit status and the conversation. Without `lines`, the result goes to stdout as JSON."""
    if lines is None:
        result = await agent.run(prompt, message_history=history)
        sys.stdout.write(json.dumps(finished_as_json(RunFinished(result)), ensure_ascii=False) + "\n")
        return _status(result.stop_reason), result.all_messages()
    status, messages = STOPPED, history
    with lines:
        lines.request(prompt)
        async with agent.run_stream_events(prompt, message_history=history) as events:
            async for event in events:
                lines.show(event)
                if isinstance(event, RunFinished):
                    status, messages = _status(event.result.stop_reason), event.result.all_messages()
    return status, messages


def _status(stop_reason: str) -> int:
    return FINISHED if stop_reason == "finished" else STOPPED


if __name__ == "__main__":
    raise SystemExit(main())
