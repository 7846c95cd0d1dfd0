"""What an output type should be called: the same held-out requests, with other names and descriptions of the type.

    python benchmarks/typed_results.py [--requests N] [--json FILE]

On the bundled model, held to the schema. Each request is one that a tool of a family trained on would serve; here the
tool's arguments are the output type, and nothing but the output can be written. Rows:

    as the tool                the name and the description of the tool
    final_result, described    the default name, and the tool's description as the type's docstring
    final_result, named        no docstring: the type's name in words is the description, as agentkit makes it
    final_result, bare         no docstring and no name: the default description

Steps per canvas and the stop rule are the checkpoint's own: at most 48 steps, until the canvas stays the same for one
step and its mean entropy is below 0.05 nats.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import anyio
import torch
from measure import machine, say

from agentkit import ModelSettings, ToolDefinition, UserMessage
from agentkit.events import Event
from agentkit.models import load_model
from agentkit.models.base import Model, ModelRequest
from agentkit.output import DESCRIPTION, NAME
from agentkit_recipe.conversation import evaluation_case
from agentkit_recipe.figures import same


def rows(tool: ToolDefinition) -> dict[str, ToolDefinition]:
    """The output as each row declares it."""
    words = tool.name.replace("_", " ").capitalize()
    return {
        "as the tool": tool,
        "final_result, described": ToolDefinition(NAME, tool.description, tool.parameters),
        "final_result, named": ToolDefinition(NAME, f"{words}.", tool.parameters),
        "final_result, bare": ToolDefinition(NAME, DESCRIPTION, tool.parameters),
    }


async def measure(model: Model, requests: int) -> dict[str, dict[str, float]]:
    found: dict[str, list[tuple[bool, int]]] = {}
    index = 0
    while min(map(len, found.values()), default=0) < requests:
        _, case = evaluation_case("known", index)
        index += 1
        if case.call is None:
            continue
        for row, output in rows(case.call.view.definition).items():
            arguments, steps = await write(model, case.prompt, output, seed=index)
            found.setdefault(row, []).append((same(arguments, case.call.arguments), steps))
        say(index)
    return {
        row: {
            "requests": len(cases),
            "right": round(sum(right for right, _ in cases) / len(cases), 3),
            "steps": round(sum(steps for _, steps in cases) / len(cases), 1),
        }
        for row, cases in found.items()
    }


async def write(model: Model, prompt: str, output: ToolDefinition, *, seed: int) -> tuple[Any, int]:
    """The arguments that the model writes, and the denoising steps it takes."""
    request = ModelRequest(
        (UserMessage(prompt),), output_tools=(output,), allow_text_output=False, settings=ModelSettings(seed=seed)
    )
    async with model.converse() as conversation:
        response = await conversation.respond(request, _nowhere)
    return response.message.calls[0].arguments, response.usage.denoising_steps


async def _nowhere(event: Event) -> None:
    """Nobody looks."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200, help="of each row (default: 200)")
    parser.add_argument("--json", type=Path, help="where the figures go, besides the terminal")
    options = parser.parse_args()
    found = anyio.run(measure, load_model("bundled"), options.requests)
    figures = {"machine": machine(torch.device("cpu")), "rows": found}
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
