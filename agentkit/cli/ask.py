"""`agentkit ask`: one request, one answer."""

from __future__ import annotations

import argparse
import json
from functools import partial

import anyio

from agentkit.cli.options import FINISHED, Commands, add_agent_options, load_deps, make_agent
from agentkit.cli.show import stream, view, write
from agentkit.display import plain_console
from agentkit.errors import UserError
from agentkit.report import PromptReport


def add(commands: Commands) -> None:
    parser = commands.add_parser("ask", help="answer one request")
    parser.add_argument("prompt", help="the request")
    parser.add_argument("--watch", action="store_true", help="show the canvas settle, step by step")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.add_argument("--explain", action="store_true", help="show what the prompt costs in tokens, and ask nothing")
    add_agent_options(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    if options.json and options.watch:
        raise UserError("--json and --watch exclude each other.")
    if options.explain and options.watch:
        raise UserError("--explain asks nothing: there is nothing to --watch.")
    agent, model = make_agent(options)
    if options.explain:
        return explain(agent.prompt_report(options.prompt), as_json=options.json)
    lines = None if options.json else view(plain_console(), options.watch, model)
    deps = load_deps(options.deps, [agent])
    return anyio.run(partial(stream, agent, options.prompt, (), lines, deps=deps))[0]


def explain(report: PromptReport, *, as_json: bool) -> int:
    """Prints a prompt's report: part by part, or as one JSON object."""
    if as_json:
        parts = [{"part": part, "tokens": tokens} for part, tokens in report.rows()]
        facts = {"total": report.total, "context": report.context, "left": report.left, "parts": parts}
        write(json.dumps(facts))
    else:
        write(str(report))
    return FINISHED
