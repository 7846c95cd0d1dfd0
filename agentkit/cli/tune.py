"""`agentkit tune`: the bundled model, tuned to tools of your own on this machine."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from agentkit.cli.options import FINISHED, INTERRUPTED, Commands, load_tools
from agentkit.display import plain_console, printable
from agentkit.errors import UserError

ABOUT = """\
Data are made of the functions' own signatures and docstrings, and of the phrasings in --examples: lines as `agentkit
eval` reads them, each with a "prompt" and the one call in "calls" that is right ([] for none). Some of the phrasings
are kept out to measure with, unless --held-out names a file of others. Nothing leaves this machine.

Ctrl-C stores what was learned; the same command goes on. The exit status is 0 when it is done, 130 after an
interruption.
"""
SHOWN = 12  # cases that went wrong


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "tune",
        help="tune the bundled model to tools of your own, on this machine",
        epilog=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tools", nargs="+", metavar="MODULE:FUNCTIONS", help="a function, a list of functions, or what has .tools"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the checkpoint is written")
    parser.add_argument("--examples", type=Path, metavar="FILE", help="phrasings to learn from, one case a line")
    parser.add_argument("--held-out", type=Path, metavar="FILE", help="phrasings to measure with")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training (default: 10)")
    parser.add_argument("--model", default="bundled", help="the checkpoint to begin with (default: bundled)")
    parser.add_argument("--threads", type=int, help="of training (default: as many as there are cores, at most 8)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--restart", action="store_true", help="begin anew in a folder that holds another tuning")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise UserError("Tuning needs torch and transformers: pip install 'agentkit-diffusion[engine]'.")
    from agentkit.evaluation import read_cases
    from agentkit_recipe.tune import measure, tune

    if options.threads is not None and options.threads < 1:
        raise UserError(f"--threads {options.threads}: at least 1.")
    tuning = tune(
        load_tools(options.tools),
        options.out,
        examples=read_cases(options.examples) if options.examples else (),
        held_out=read_cases(options.held_out) if options.held_out else None,
        minutes=options.minutes,
        model=options.model,
        threads=options.threads,
        seed=options.seed,
        restart=options.restart,
    )
    console = plain_console()
    reached = f"{tuning.steps} steps, {tuning.seconds / 60:.1f} of {options.minutes:g} minutes"
    if not tuning.finished:
        console.print(f"Stopped after {reached}. The same command goes on.")
        return INTERRUPTED
    console.print(measure.table(tuning.before, tuning.after))
    for line in tuning.wrong[:SHOWN]:
        console.print(printable(f"wrong: {line}"))
    if len(tuning.wrong) > SHOWN:
        console.print(f"and {len(tuning.wrong) - SHOWN} more in {options.out / 'tuning' / 'report.json'}")
    console.print(f"{reached}. Agent({str(options.out)!r}) and --model {options.out} load it.", soft_wrap=True)
    return FINISHED
