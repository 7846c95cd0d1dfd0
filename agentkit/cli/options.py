"""What the commands have in common: the options that make an agent, and the exit statuses."""

from __future__ import annotations

import argparse
import importlib
import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from agentkit.agent import Agent
from agentkit.errors import UserError
from agentkit.models import load_model
from agentkit.models.base import Model
from agentkit.settings import ModelSettings

FINISHED, STOPPED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

DEFAULT_TOOLS = (
    "agentkit_tools:calculate",
    "agentkit_tools:current_time",
    "agentkit_tools:convert_units",
)


def add_agent_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--agent", metavar="MODULE:AGENT", help="an Agent of your own, in place of one made by the options that follow"
    )
    add_deps_option(parser)
    parser.add_argument(
        "--model", help="'bundled', a folder, a hub id, or MODULE:OBJECT for a Model of your own (default: bundled)"
    )
    add_tools_option(parser, f"tools to offer (default: {' '.join(DEFAULT_TOOLS)})")
    parser.add_argument("--no-tools", action="store_true", help="offer no tools")
    parser.add_argument("--instructions", help="what the model is told before the request")
    parser.add_argument("--seed", type=int, help="of the canvases' noise (default: 0)")
    parser.add_argument("--steps", type=int, help="most denoising steps of a canvas")


def add_deps_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--deps", metavar="MODULE:OBJECT", help="what tools find as RunContext.deps, or a function or class to make it"
    )


def add_tools_option(parser: argparse.ArgumentParser, help: str, *, required: bool = False) -> None:
    parser.add_argument("--tools", nargs="+", action="extend", metavar="MODULE:FUNCTION", help=help, required=required)


def make_agent(options: argparse.Namespace) -> tuple[Agent[Any, Any], Model]:
    """The agent that the options ask for, and its model."""
    if options.agent is not None:
        made_by = ("model", "tools", "no_tools", "instructions", "seed", "steps")
        values = {f"--{name.replace('_', '-')}": getattr(options, name) for name in made_by}
        given = [name for name, value in values.items() if value is not None and value is not False]
        agent = load_agent(options.agent, given)
        return agent, load_model(agent.model) if isinstance(agent.model, str) else agent.model
    names = () if options.no_tools else options.tools or DEFAULT_TOOLS
    settings = ModelSettings(seed=options.seed or 0, max_denoising_steps=options.steps)
    tools = load_tools(names)
    model = open_model(options.model or "bundled")
    return Agent(model, instructions=options.instructions or "", tools=tools, model_settings=settings), model


def load_agent(name: str, given: Sequence[str]) -> Agent[Any, Any]:
    """The agent called `module:agent`. Raises `UserError` where there are options `given` that it has itself."""
    if given:
        raise UserError(f"--agent brings its own: leave out {', '.join(given)}.")
    agent = load_object(name, "--agent", "my_app:agent")
    if not isinstance(agent, Agent):
        raise UserError(f"--agent {name} is no Agent.")
    return agent


def load_deps(name: str | None, agents: Iterable[Agent[Any, Any]]) -> Any:
    """The object called `module:object`, or what the function or class of that name makes; None without a name.

    Raises `UserError` where one of the agents can't do without.
    """
    if name is None:
        for agent in agents:
            if agent.deps_type not in (None, type(None)):
                raise UserError(
                    f"The agent's tools need deps, which are {getattr(agent.deps_type, '__name__', agent.deps_type)}: "
                    "give --deps MODULE:OBJECT, an object or a function that makes one."
                )
        return None
    thing = load_object(name, "--deps", "my_app:make_deps")
    return _made(thing, "--deps", name) if inspect.isroutine(thing) or isinstance(thing, type) else thing


def open_model(name: str) -> Model:
    """The model of that name; `module:object` is a `Model`, or a function that makes one."""
    if ":" not in name or name.startswith("openai:") or Path(name).exists():
        return load_model(name)
    thing = load_object(name, "--model", "my_models:scripted")
    model = _made(thing, "--model", name) if callable(thing) and not isinstance(thing, Model) else thing
    if not isinstance(model, Model):
        raise UserError(f"--model {name} is neither a Model nor a function that makes one.")
    return model


def _made(function: Callable[..., Any], option: str, name: str) -> Any:
    """What the function makes. Raises `UserError` where it needs arguments, which nobody gives it here."""
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError) as error:
        raise UserError(f"{option} {name} can't be called without arguments: {error}.") from None
    return function()


def load_tools(names: Iterable[str]) -> list[Any]:
    """The tools called `module:function`, or all of `module:object` where the object is a list of tools, or lists them
    as `.tools`.

    An agent is given back as it is.
    """
    found: list[Any] = []
    for name in names:
        thing = load_object(name, "--tools", "agentkit_tools:calculate")
        if isinstance(thing, type) and hasattr(thing, "tools"):
            raise UserError(f"--tools {name} is a class: make an object of it in a module of yours, and name that.")
        several = thing if isinstance(thing, list | tuple) else getattr(thing, "tools", (thing,))
        found.extend((thing,) if isinstance(thing, Agent) else several)
    return found


def load_object(name: str, option: str, example: str) -> Any:
    """The object called `module:name`. Raises `UserError`, in words about the option that it was given to."""
    module_name, separator, attribute = name.partition(":")
    if not separator or not module_name or module_name.startswith(".") or not attribute:
        raise UserError(f"{option} {name}: write module:function, such as {example}.")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UserError(f"{option} {name}: there is no module {error.name!r} here.") from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise UserError(f"{option} {name}: the module {module_name} has no {attribute!r}.") from error
