"""`agentkit models`: which checkpoints there are."""

from __future__ import annotations

import argparse
from pathlib import Path

from agentkit.cli.options import FINISHED, Commands
from agentkit.display import plain_console


def add(commands: Commands) -> None:
    parser = commands.add_parser("models", help="list the models that can be opened")
    parser.add_argument("folders", nargs="*", type=Path, help="checkpoints to look at, besides the usual places")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    from rich.table import Table

    from agentkit.models.local import local_models

    table = Table("name", "parameters", "canvas", "vocabulary", "context", "folder")
    for model in local_models(options.folders):
        table.add_row(
            model.name, model.size, str(model.canvas), str(model.vocabulary), str(model.context), str(model.folder)
        )
    plain_console().print(table)
    return FINISHED
