"""The command line: one file for each command, each with `add(commands)` and the function that runs it."""

from __future__ import annotations

import argparse
import io
import logging
import sys
from collections.abc import Sequence

from agentkit import __version__
from agentkit.cli import ask, batch, chat, eval, mcp, models, tune
from agentkit.cli.options import INTERRUPTED, WRONG_USE, load_tools
from agentkit.display import plain_console, printable
from agentkit.errors import AgentkitError

__all__ = ["build_parser", "load_tools", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit status: 0 answered, 1 stopped without an answer, 2 wrong use, 130
    interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="replace")  # an answer is shown whatever the terminal's encoding lacks
    options = build_parser().parse_args(arguments)
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(PrintableFormatter())
    path = sys.path.copy()
    sys.path.append("")  # modules of the folder at hand, none of which stands in for one that is installed
    try:
        return int(options.command(options))
    except KeyboardInterrupt:
        return INTERRUPTED
    except AgentkitError as error:
        plain_console(stderr=True).print(printable(f"agentkit: {error}"), style="red")
        return WRONG_USE
    finally:
        sys.path[:] = path


class PrintableFormatter(logging.Formatter):
    """What is logged on the terminal: errors of tools say what others wrote."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agentkit", description="Agents on diffusion language models.")
    parser.add_argument("--version", action="version", version=f"agentkit {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (ask, chat, batch, eval, mcp, models, tune):
        command.add(commands)
    return parser
