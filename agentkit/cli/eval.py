"""`agentkit eval`: cases of your own, with several models or settings side by side."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from agentkit.agent import Agent
from agentkit.cli.options import (
    DEFAULT_TOOLS,
    FINISHED,
    STOPPED,
    Commands,
    add_deps_option,
    add_tools_option,
    load_agent,
    load_deps,
    load_object,
    load_tools,
    open_model,
)
from agentkit.cli.progress import progress_bar
from agentkit.display import plain_console
from agentkit.errors import UserError
from agentkit.settings import ModelSettings

ABOUT = """\
Each line of CASES is an object: "prompt", and what is expected of its run: "calls" ([{"name": ..., "arguments": ...}],
in any order; [] for none), "answer", "contains" ([texts]) or "checker" ("module:function" of output and case).
"results" ({tool: value}) are given instead of running tools. The exit status is 1 if a run raised an error, or a
variant passed fewer than --fail-under asks for.
"""


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "eval",
        help="run cases of your own, with several models or settings side by side",
        epilog=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cases", type=Path, metavar="CASES", help="a file with one case a line")
    parser.add_argument("--agent", metavar="MODULE:AGENT", help="the agent to evaluate, with its tools and settings")
    add_deps_option(parser)
    parser.add_argument("--model", action="append", help="a model; several times for several (default: bundled)")
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="""settings to compare, such as free='{"constraints": false}'; may hold "model" and "instructions" too""",
    )
    add_tools_option(parser, "tools to offer where there is no --agent (default: those of `agentkit ask`)")
    parser.add_argument("--instructions", default="", help="what the model is told before the request")
    parser.add_argument("--checker", metavar="MODULE:FUNCTION", help="looks at every output, given it and the case")
    parser.add_argument("--seed", type=int, help="of the first run of a case (default: 0, or the agent's own)")
    parser.add_argument("--repeat", type=int, default=1, help="how often a case is run, each time with another seed")
    parser.add_argument("--concurrency", type=int, default=1, help="runs side by side; 1 for figures of time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and outcomes")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report with plots")
    parser.add_argument("--fail-under", type=float, metavar="SHARE", help="the least share (0 to 1) that has to pass")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    from agentkit.evaluation import evaluate, read_cases, report

    if options.repeat < 1 or options.concurrency < 1:
        raise UserError("--repeat and --concurrency are at least 1.")
    if options.fail_under is not None and not 0 <= options.fail_under <= 1:
        raise UserError(f"--fail-under {options.fail_under:g}: give a share from 0 to 1, such as 0.9.")
    for option, path in (("--json", options.json), ("--html", options.html)):
        if path is not None:
            _refuse_unwritable(option, path)
    cases = read_cases(options.cases)
    agent = _agent(options)
    deps = load_deps(options.deps, [agent])
    variants = _variants(options)
    checker = load_object(options.checker, "--checker", "checks:is_right") if options.checker else None
    console = plain_console(stderr=True)
    with progress_bar(console) as progress:
        task = progress.add_task("eval", total=len(cases) * options.repeat * len(variants))
        evaluation = anyio.run(
            partial(
                evaluate,
                agent,
                cases,
                variants,
                deps=deps,
                checker=checker,
                repeat=options.repeat,
                max_concurrent=options.concurrency,
                progress=lambda outcome: progress.advance(task),
            )
        )
    plain_console().print(evaluation.table())
    if options.json is not None:
        evaluation.save(options.json)
    if options.html is not None:
        report(evaluation, options.html, title=options.cases.name)
    figures = [variant.figures for variant in evaluation.variants]
    passed = min(of.passed.value for of in figures if of.passed is not None)
    failed = options.fail_under is not None and passed < options.fail_under
    if failed:
        console.print(f"passed {passed:.1%}, less than --fail-under {100 * options.fail_under:g}%", style="red")
    return STOPPED if failed or any(of.errors for of in figures) else FINISHED


def _refuse_unwritable(option: str, path: Path) -> None:
    """Raises `UserError` where results could not be written, before there are any."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UserError(f"{option} {path} can't be written: name a file in a folder that exists and may be written to.")


def _agent(options: argparse.Namespace) -> Agent[Any, Any]:
    if options.agent is None:
        names = options.tools or DEFAULT_TOOLS
        return Agent(
            instructions=options.instructions,
            tools=load_tools(names),
            model_settings=ModelSettings(seed=0),
        )
    return load_agent(options.agent, [f"--{name}" for name in ("tools", "instructions") if getattr(options, name)])


def _variants(options: argparse.Namespace) -> list[Any]:
    """Each --variant with each --model; a variant that names its own model once."""
    from agentkit.evaluation import Variant

    given = [_variant(text) for text in options.variant] or [Variant(name="")]
    models = options.model or ([] if options.agent else ["bundled"])
    opened = {name: open_model(name) for name in [*models, *(v.model for v in given if v.model)]}
    found = []
    for variant in given:
        for name in [variant.model] if variant.model or not models else models:
            several = len(models) > 1 and not variant.model
            label = " ".join(filter(None, [name if several or not variant.name else "", variant.name])) or "agent"
            found.append(
                Variant(
                    name=label,
                    model=opened[name] if name else None,
                    settings=ModelSettings(seed=options.seed).merge(variant.settings),
                    instructions=variant.instructions,
                )
            )
    return found


def _variant(text: str) -> Any:
    from pydantic import TypeAdapter, ValidationError

    from agentkit.evaluation import Variant

    name, separator, written = text.partition("=")
    if not separator or not name:
        raise UserError(f"--variant {text}: write NAME=JSON, such as quick='{{\"max_denoising_steps\": 4}}'.")
    try:
        fields = TypeAdapter(dict[str, Any]).validate_json(written)
        model, instructions = fields.pop("model", None), fields.pop("instructions", None)
        unknown = sorted(fields.keys() - ModelSettings.__dataclass_fields__.keys())
        if unknown:
            raise UserError(f"--variant {name}: there is no setting {', '.join(unknown)}.")
        settings = TypeAdapter(ModelSettings).validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(f"--variant {name}: {'/'.join(map(str, first['loc']))}: {first['msg']}.") from None
    return Variant(name=name, model=model, settings=settings, instructions=instructions)
