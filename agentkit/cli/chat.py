"""`agentkit chat`: a conversation."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

import anyio
from rich.console import Console

from agentkit.cli.options import FINISHED, Commands, add_agent_options, make_agent
from agentkit.cli.show import stream, view
from agentkit.messages import Message


def add(commands: Commands) -> None:
    parser = commands.add_parser("chat", help="talk; /quit ends, Ctrl-C stops an answer")
    parser.add_argument("--watch", action="store_true", help="show the canvas settle, step by step")
    add_agent_options(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
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
                _, history = anyio.run(partial(stream, agent, prompt, history, view(console, options.watch, model)))
            except KeyboardInterrupt:
                console.print("stopped", style="yellow")
