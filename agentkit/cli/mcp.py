"""`agentkit mcp`: tools as an MCP server."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Sequence
from functools import partial

import anyio

from agentkit.agent import Agent
from agentkit.cli.options import FINISHED, Commands, add_deps_option, add_tools_option, load_deps, load_tools
from agentkit.display import plain_console
from agentkit.errors import UserError


def add(commands: Commands) -> None:
    parser = commands.add_parser("mcp", help="serve tools by the Model Context Protocol (extra: mcp)")
    add_tools_option(parser, "the tools, or agents, to serve", required=True)
    add_deps_option(parser)
    parser.add_argument("--name", default="agentkit", help="what the server is called (default: agentkit)")
    parser.add_argument("--http", metavar="HOST:PORT", help="serve http://HOST:PORT/mcp instead of stdin and stdout")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="with --http: another host that requests may be sent to; several times for several",
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    from agentkit.mcp import mcp_server, serve_http, serve_stdio

    tools = load_tools(options.tools)
    deps = load_deps(options.deps, (tool for tool in tools if isinstance(tool, Agent)))
    server = mcp_server(tools, name=options.name, deps=deps)
    if options.http is None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a thread waits for the next line, and only the system can end it
        anyio.run(serve_stdio, server)
    else:
        host, port = _address(options.http)
        serving = partial(_say, host, options.allow_host)
        anyio.run(partial(serve_http, server, host=host, port=port, allowed_hosts=options.allow_host, serving=serving))
    return FINISHED


def _say(host: str, allowed: Sequence[str], url: str) -> None:
    console = plain_console(stderr=True)
    console.print(f"serving {url}; Ctrl-C ends", soft_wrap=True)
    if host in ("0.0.0.0", "::"):
        hosts = ", ".join(["localhost", *allowed])
        console.print(f"for requests that are sent to {hosts}; --allow-host HOST allows another", soft_wrap=True)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise UserError(f"--http {text}: write HOST:PORT, such as 127.0.0.1:8000.")
    return host.strip("[]"), int(port)
