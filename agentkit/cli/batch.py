"""`agentkit batch`: a file of requests in, a file of answers out, and on again where it stopped."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import anyio
from rich.progress import Progress

from agentkit.agent import Agent
from agentkit.batch import BatchItem
from agentkit.cli.journal import Journal, digest_of, key_of, open_journal
from agentkit.cli.options import DEFAULT_TOOLS, FINISHED, STOPPED, Commands, add_agent_options, load_deps, make_agent
from agentkit.cli.progress import progress_bar
from agentkit.display import finished_as_json, plain_console, printable
from agentkit.errors import UserError
from agentkit.events import RunFinished
from agentkit.jsonable import NotJsonable
from agentkit.messages import JSON

ABOUT = """\
Each line of IN is an object with a "prompt" and, if you like, an "id", or just a string. Each line of OUT answers one:
with its "index" (0 is the first line), its "id", and either what `agentkit ask --json` prints or an "error" with
"type" and "message". Lines come in the order in which they are done. Called again, it goes on where it stopped; with
another model, agent, deps, instructions, tools, seed or steps it needs another OUT.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the input: a prompt, or what is wrong with it."""

    index: int
    id: JSON = None
    prompt: str = ""
    fault: str | None = None
    digest: str = ""

    @property
    def key(self) -> str:
        return key_of(self.index, self.id)


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "batch",
        help="answer a file of requests",
        epilog=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", type=Path, metavar="IN", help="requests, one JSON value a line")
    parser.add_argument("output", type=Path, metavar="OUT", help="where the answers go, one JSON object a line")
    parser.add_argument("--concurrency", type=int, default=16, help="runs side by side (default: 16)")
    parser.add_argument("--retry-errors", action="store_true", help="ask again what ended in an error last time")
    add_agent_options(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0: every line is answered; 1: some ended in an error or without an answer."""
    if options.concurrency < 1:
        raise UserError(f"--concurrency {options.concurrency}: at least one request runs at a time.")
    if not options.input.is_file():
        raise UserError(f"There is no file {options.input}.")
    if options.output.exists() and options.output.samefile(options.input):
        raise UserError("IN and OUT are the same file.")
    with open_journal(options.output, _maker(options)) as journal:
        lines = partial(unanswered, options.input, journal, options.retry_errors)
        total = sum(1 for _ in lines())
        agent, _ = make_agent(options)
        deps = load_deps(options.deps, [agent])
        console = plain_console(stderr=True)
        with progress_bar(console) as progress:
            progress.add_task("batch", total=total)
            anyio.run(_answer, agent, deps, lines(), journal, options.concurrency, progress)
        ended = Counter(journal.done.get(line.key, False) for line in read_lines(options.input))
    console.print(printable(f"{ended[True]} answered, {ended[False]} not: {options.output}"))
    return STOPPED if ended[False] else FINISHED


def _maker(options: argparse.Namespace) -> str:
    """A fingerprint of the options that make the answers."""
    tools = [] if options.no_tools else options.tools or DEFAULT_TOOLS
    made_by = (options.agent, options.deps, options.model or "bundled", tools, options.instructions or "")
    return digest_of(json.dumps([*made_by, options.seed or 0, options.steps]))


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of the input, blank ones left out; only the ids are kept while reading."""
    ids: set[str] = set()
    with path.open("rb") as file:
        for index, raw in enumerate(file):
            if raw.strip():
                line = _read_line(index, raw)
                if line.id is not None and line.key in ids:
                    line = Line(index, fault=f"an earlier line has the {line.key} as well", digest=line.digest)
                elif line.id is not None:
                    ids.add(line.key)
                yield line


def unanswered(path: Path, journal: Journal, retry_errors: bool) -> Iterator[Line]:
    """The lines that have yet to be answered."""
    earlier = {key for key, answered in journal.done.items() if answered or not retry_errors}
    for line in read_lines(path):
        if not (journal.answers(line.key, line.digest) and line.key in earlier):
            yield line


async def _answer(
    agent: Agent[Any, Any], deps: Any, lines: Iterator[Line], journal: Journal, concurrency: int, progress: Progress
) -> None:
    running: dict[int, Line] = {}
    numbers = count()

    def write(line: Line, outcome: dict[str, JSON]) -> None:
        named = {} if line.id is None else {"id": line.id}
        journal.append({"index": line.index, **named, "digest": line.digest, **outcome})
        progress.advance(progress.task_ids[0])

    def prompts() -> Iterator[str]:
        for line in lines:
            if line.fault is not None:
                write(line, {"error": {"type": "InvalidLine", "message": line.fault}})
            else:
                running[next(numbers)] = line
                yield line.prompt

    async with agent.run_stream_batch(prompts(), max_concurrent=concurrency, deps=deps) as items:
        async for item in items:
            write(running.pop(item.index), _outcome(item))


def _outcome(item: BatchItem) -> dict[str, JSON]:
    if item.result is None:
        return _error(item.error)
    try:
        return finished_as_json(RunFinished(item.result))
    except NotJsonable as error:
        return _error(error)


def _error(error: Exception | None) -> dict[str, JSON]:
    return {"error": {"type": type(error).__name__, "message": str(error)}}


def _read_line(index: int, raw: bytes) -> Line:
    try:
        text = raw.decode("utf-8-sig" if index == 0 else "utf-8")
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Line(index, fault=f"the line can't be read: {error}", digest=digest_of(repr(raw)))
    prompt, id = (value.get("prompt"), value.get("id")) if isinstance(value, dict) else (value, None)
    if not isinstance(prompt, str):
        fault = 'a line is a string, or an object whose "prompt" is a string'
        return Line(index, id, fault=fault, digest=digest_of(repr(raw)))
    return Line(index, id, prompt, digest=digest_of(prompt))
