"""`agentkit ask`: one request, one answer."""

from __future__ import annotations

import argparse
from functools import partial

import anyio
from rich.console import Console

from agentkit.cli.options import Commands, add_agent_options, make_agent
from agentkit.cli.show import stream, view
from agentkit.errors import UserError


def add(commands: Commands) -> None:
    parser = commands.add_parser("ask", help="answer one request")
    parser.add_argument("prompt", help="the request")
    parser.add_argument("--watch", action="store_true", help="show the canvas settle, step by step")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    add_agent_options(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    if options.json and options.watch:
        raise UserError("--json and --watch exclude each other.")
    agent, model = make_agent(options)
    lines = None if options.json else view(Console(highlight=False), options.watch, model)
    return anyio.run(partial(stream, agent, options.prompt, (), lines))[0]
