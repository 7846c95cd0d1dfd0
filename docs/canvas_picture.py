"""Draws docs/canvas.svg: the bundled model's canvas, step by step, as it settles into a tool call.

python docs/canvas_picture.py
"""

from __future__ import annotations

import math
from io import StringIO
from pathlib import Path

import anyio
from rich.console import Console
from rich.text import Text

from agentkit import Agent, CanvasCommitted, CanvasDraft, ModelSettings, ToolCallFinished
from agentkit.display import colour, describe_call, visible
from agentkit.models import load_model
from agentkit_tools import calculate, convert_units, current_time

PROMPT = "Calculate 12 * 34"
TARGET = Path(__file__).parent / "canvas.svg"


async def draw(console: Console) -> None:
    model = load_model("bundled")
    agent = Agent(model, tools=[calculate, current_time, convert_units], model_settings=ModelSettings(seed=0))
    certain = math.log(2048)
    console.print(f"[bold]{PROMPT}[/bold]\n")
    async with agent.run_stream_events(PROMPT) as events:
        async for event in events:
            if isinstance(event, CanvasDraft):
                line = Text().append(f"step {event.step:<3}", style="dim")
                for text, entropy in zip(event.texts, event.entropies, strict=True):
                    shown = "" if text == "<pad>" else visible(text)
                    line.append(shown, style=colour(entropy / certain))
                line.truncate(console.width, overflow="ellipsis")
                console.print(line)
            elif isinstance(event, CanvasCommitted):
                console.print(f"[dim]committed after {event.canvas.steps} denoising steps[/dim]\n", highlight=False)
            elif isinstance(event, ToolCallFinished):
                console.print(Text(f"{describe_call(event.call)} -> {event.result.content}\n", style="magenta"))


def main(target: Path = TARGET) -> None:
    console = Console(record=True, width=118, file=StringIO(), force_terminal=True, color_system="truecolor")
    anyio.run(draw, console)
    target.write_text(console.export_svg(title="a canvas becomes a tool call"), encoding="utf-8")


if __name__ == "__main__":
    main()
