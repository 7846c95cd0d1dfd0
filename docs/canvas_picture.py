"""Draws the pictures of canvases that settle, from runs of the bundled model: docs/canvas.svg and docs/repair.svg.

python docs/canvas_picture.py
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console
from rich.text import Text

from agentkit import (
    Agent,
    CanvasCommitted,
    CanvasDraft,
    ModelRetry,
    ModelSettings,
    SpanRenoised,
    ToolCallFinished,
    ToolCallStarted,
)
from agentkit.display import colour, describe_call, visible
from agentkit.models import load_model
from agentkit_tools import calculate, convert_units, current_time

FOLDER = Path(__file__).parent


def turn_on(device: str) -> str:
    """Turn on a device.

    Args:
        device: The device to turn on.
    """
    if device != "fan":
        raise ModelRetry("no such device", argument="device")
    return "ok"


@dataclass(frozen=True)
class Picture:
    """A run to draw; with `until_right`, up to the first call that brought a result."""

    name: str
    title: str
    prompt: str
    tools: Sequence[Any]
    until_right: bool = False


PICTURES = (
    Picture("canvas", "a canvas becomes a tool call", "Calculate 12 * 34", (calculate, current_time, convert_units)),
    Picture("repair", "a wrong argument is denoised again", "Switch on the heater or the fan", (turn_on,), True),
)


async def draw(picture: Picture, console: Console) -> None:
    model = load_model("bundled")
    agent = Agent(model, tools=picture.tools, model_settings=ModelSettings(seed=0))
    certain = math.log(2048)
    console.print(f"[bold]{picture.prompt}[/bold]\n")
    async with agent.run_stream_events(picture.prompt) as events:
        async for event in events:
            match event:
                case CanvasDraft():
                    line = Text().append(f"step {event.step:<3}", style="dim")
                    for text, entropy in zip(event.texts, event.entropies, strict=True):
                        shown = "" if text == "<pad>" else visible(text)
                        line.append(shown, style=colour(entropy / certain))
                    line.truncate(console.width, overflow="ellipsis")
                    console.print(line)
                case CanvasCommitted(canvas):
                    console.print(f"[dim]committed after {canvas.steps} denoising steps[/dim]\n", highlight=False)
                case SpanRenoised():
                    what = f"the value of {event.pointer} is another one now" if event.pointer else event.reason
                    console.print(f"[dim]{what}[/dim]\n", highlight=False)
                case ToolCallStarted(call):
                    console.print(Text(describe_call(call), style="magenta"))
                case ToolCallFinished():
                    style = "red" if event.result.is_error else "magenta"
                    console.print(Text(f"-> {event.result.content}\n", style=style))
                    if picture.until_right and not event.result.is_error:
                        return


def main(folder: Path = FOLDER) -> None:
    for picture in PICTURES:
        console = Console(record=True, width=118, file=StringIO(), force_terminal=True, color_system="truecolor")
        anyio.run(draw, picture, console)
        target = folder / f"{picture.name}.svg"
        target.write_text(console.export_svg(title=picture.title), encoding="utf-8")


if __name__ == "__main__":
    main()
