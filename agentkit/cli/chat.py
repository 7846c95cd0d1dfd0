"""`agentkit chat`: a conversation."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from agentkit.agent import Agent
from agentkit.assistant import Assistant
from agentkit.cli.approve import approve
from agentkit.cli.line import LineEditor
from agentkit.cli.options import FINISHED, Commands, add_agent_options, load_deps, make_agent
from agentkit.cli.show import view
from agentkit.cli.slash import COMMANDS, is_command, obey
from agentkit.display import Lines, plain_console, printable
from agentkit.errors import AgentkitError, RunCancelled
from agentkit.result import AgentRunResult
from agentkit.usage import Usage


def add(commands: Commands) -> None:
    parser = commands.add_parser("chat", help="talk; /help lists what else there is, Ctrl-C stops an answer")
    watch = "show the canvas settle, step by step (default: on a terminal)"
    parser.add_argument("--watch", action=argparse.BooleanOptionalAction, help=watch)
    add_agent_options(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    agent, model = make_agent(options)
    deps = load_deps(options.deps, [agent])
    console = plain_console()
    watch = console.is_terminal if options.watch is None else options.watch
    with Assistant(agent) as assistant:
        Chat(assistant, agent, console, LineEditor(COMMANDS), lambda: view(console, watch, model), deps=deps).talk()
    return FINISHED


@dataclass
class Chat:
    """A person at a terminal, and an assistant.

    agent     whom the person talks to
    view      how one run is shown
    allowed   what the person has agreed to for good: whose calls, and the names that lead to the tool
    usage     what all runs have spent
    deps      what tools find as `RunContext.deps`
    """

    assistant: Assistant[Any, Any]
    agent: Agent[Any, Any]
    console: Console
    editor: LineEditor
    view: Callable[[], Lines]
    allowed: set[tuple[Agent[Any, Any] | None, tuple[str, ...]]] = field(default_factory=set)
    usage: Usage = field(default_factory=Usage)
    over: bool = False
    deps: Any = None

    def talk(self) -> None:
        """Until /quit or the end of the input. Ctrl-C drops the line at hand, or ends the answer, and nothing else."""
        self.say("Type a request; /help lists what else there is.")
        while not self.over:
            try:
                self.heed(self.editor.read("> ", remember=True).strip())
            except EOFError:
                self.over = True
            except KeyboardInterrupt:
                self.say("\nCtrl-D or /quit ends the chat.")

    def heed(self, line: str) -> None:
        """Does or answers what the line says. An error is told, whoever's it is, and the conversation stays."""
        try:
            if is_command(line):
                obey(self, line)
            elif line:
                self.answer(line)
        except AgentkitError as error:
            self.say(str(error), "red")
        except Exception as error:  # of the agent's own code
            self.say(f"{type(error).__name__}: {error}", "red")

    def answer(self, prompt: str) -> None:
        """Asks, and goes on for as long as there are calls that a person has to approve."""
        result = self.follow(prompt)
        while result is not None and result.stop_reason == "approval_required":
            decisions = approve(self, result)
            result = self.follow(None, deferred_tool_results=decisions)

    def follow(self, prompt: str | None, **options: Any) -> AgentRunResult[Any] | None:
        """Shows a run to its end; None when it was stopped."""
        with self.view() as lines, self.assistant.ask(prompt, deps=self.deps, **options) as answer:
            if prompt is not None and not self.console.is_terminal:
                lines.request(prompt)  # on a terminal it was typed
            while True:
                try:
                    for event in answer:
                        lines.show(event)
                    self.usage += answer.result().usage
                    return answer.result()
                except KeyboardInterrupt:
                    answer.cancel()  # and on with what is left, until the run has ended
                except RunCancelled as stopped:
                    if stopped.result is not None:
                        self.usage += stopped.result.usage
                    left = f"; {', '.join(stopped.still_running)} can't be stopped" if stopped.still_running else ""
                    self.say(f"stopped{left}", "yellow")
                    return None

    def say(self, text: str, style: str = "dim") -> None:
        self.console.print(printable(text), style=style, soft_wrap=True)
