"""Events of a run as a person sees them: line by line, or a canvas that settles in place."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from agentkit.events import (
    CanvasCommitted,
    CanvasDraft,
    DelegatedEvent,
    Event,
    HandedOver,
    HistoryCompacted,
    RunFinished,
    SpanRenoised,
    ThoughtCommitted,
    ToolCallDiscarded,
    ToolCallFinished,
    ToolCallStarted,
    UsageWarning,
)
from agentkit.jsonable import NotJsonable, to_json_value
from agentkit.messages import JSON, ToolCallPart

LABEL = 9  # width of the labels on the left, in columns

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode categories: controls, formats, halves of pairs, separators of lines
_HARMLESS = "\n\t\u200c\u200d"  # the last two join letters, and emoji


def plain_console(*, stderr: bool = False) -> Console:
    """A console that shows text as it is: no word of it is markup, an emoji or a number to colour."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


class Lines:
    """Prints what is committed: canvases, calls, results and the answer. Drafts as lines of their own with `drafts`."""

    def __init__(self, console: Console, *, drafts: bool = False) -> None:
        self.console = console
        self.drafts = drafts
        self.speaker = ""  # which agent, of those that were asked by others

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def request(self, prompt: str) -> None:
        self.line("request", prompt, "bold")

    def show(self, event: Event) -> None:
        match event:
            case CanvasDraft() if self.drafts:
                self.line(f"step {event.step}", one_line(event.texts), "dim")
            case CanvasCommitted(canvas):
                self.line(f"canvas {canvas.index + 1}", canvas.text.replace("\n", "\\n"), "cyan")
                ended = {"stable": "stable and confident", "max_steps": "out of steps"}.get(
                    canvas.reason, canvas.reason
                )
                self.line("", f"{len(canvas.tokens)} tokens in {canvas.steps} denoising steps ({ended})", "dim")
            case SpanRenoised():
                where = event.pointer or f"tokens {event.span[0]} to {event.span[1]}"
                self.line("re-noised", f"{where}: {event.reason} ({event.steps} steps)", "yellow")
            case ThoughtCommitted(text):
                self.line("thought", text, "dim italic")
            case ToolCallStarted(call):
                self.line("call", describe_call(call), "magenta")
            case ToolCallDiscarded(call):
                self.line("not used", describe_call(call), "dim")
            case ToolCallFinished():
                style = "red" if event.result.is_error else "green"
                if event.seconds == 0 and event.result.is_error:
                    self.line("call", describe_call(event.call), "red")
                self.line("result", str(event.result.content), style)
            case HistoryCompacted(tokens_before=before, tokens_after=after):
                tokens = "" if before is None else f" ({before} tokens, now {after})"
                self.line("", f"the conversation was shortened{tokens}", "dim")
            case DelegatedEvent(agent=agent, event=inner):
                speaker, self.speaker = self.speaker, f"{self.speaker}{agent}: "
                self.show(inner)
                self.speaker = speaker
            case HandedOver(agent=agent):
                self.line("agent", str(agent), "magenta")
            case UsageWarning(limit, used, maximum):
                self.line("limit", f"{used:g} of {maximum:g} {limit.replace('_', ' ')} are spent", "yellow")
            case RunFinished(result):
                if result.stop_reason == "finished":
                    self.line("answer", as_text(result.output), "bold")
                else:
                    self.line("stopped", f"{result.stop_reason}: {result.stop_detail}", "red")
            case _:
                pass

    def line(self, label: str, text: str, style: str) -> None:
        shown = Text().append(f"{label:<{LABEL}} ", style="dim")
        shown.append(printable(self.speaker), style="dim").append(printable(text), style=style)
        self.console.print(shown, soft_wrap=True)


class Watch(Lines):
    """The same, with the canvas at hand redrawn in place at every denoising step, tokens coloured by certainty."""

    def __init__(self, console: Console, *, vocab_size: int) -> None:
        super().__init__(console)
        self.live = Live(console=console, auto_refresh=False, transient=True)
        self.certain = math.log(max(vocab_size, 2))

    def __enter__(self) -> Watch:
        self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.update(Text(""), refresh=True)
        self.live.stop()

    def show(self, event: Event) -> None:
        if isinstance(event, CanvasDraft):
            self.live.update(self.canvas(event), refresh=True)
            return
        if isinstance(event, CanvasCommitted):
            self.live.update(Text(""), refresh=True)
        super().show(event)

    def canvas(self, draft: CanvasDraft) -> Text:
        """The whole canvas, each token in the colour of its certainty."""
        shown = Text().append(f"{f'step {draft.step}':<{LABEL}} ", style="dim")
        for text, entropy in zip(draft.texts, draft.entropies, strict=True):
            shown.append(visible(text), style=colour(entropy / self.certain))
        return shown


def colour(uncertainty: float) -> str:
    """A colour for an entropy as a share (0 to 1) of the most it can be: green is certain, red is noise."""
    share = min(max(uncertainty, 0.0), 1.0) ** 0.5
    red, green = int(80 + 175 * share), int(200 - 140 * share)
    return f"rgb({red},{green},90)"


def visible(text: str) -> str:
    """A token's text on one line: line ends and what can't be printed are made visible."""
    return "".join(c if c.isprintable() else {"\n": "↵"}.get(c, "·") for c in text)


def printable(text: str) -> str:
    """Text of any lines, with what could move the cursor, rule the terminal or turn the writing round made visible."""
    return "".join("·" if unicodedata.category(c) in _UNSEEN and c not in _HARMLESS else c for c in text)


def one_line(texts: Iterable[str]) -> str:
    return "".join(map(visible, texts))


def as_text(output: Any) -> str:
    """An output as it is shown: text as it is, other values as JSON, or as `str` where that can't hold them."""
    if isinstance(output, str):
        return output
    try:
        return json.dumps(to_json_value(output), ensure_ascii=False)
    except NotJsonable:
        return str(output)


def describe_call(call: ToolCallPart) -> str:
    """`name(argument=value, ...)`, or what was written where that could not be read."""
    if call.arguments is None:
        return call.raw or call.name
    return f"{call.name}({', '.join(f'{visible(key)}={value!r}' for key, value in call.arguments.items())})"


def json_or_text(output: Any) -> JSON:
    """An output as JSON, or as `str` where that can't hold it."""
    try:
        return to_json_value(output)
    except NotJsonable:
        return str(output)


def finished_as_json(event: RunFinished, output_as: Callable[[Any], JSON] = to_json_value) -> dict[str, Any]:
    """A run's result as JSON: for `--json`. Raises `NotJsonable` where `output_as` does."""
    result = event.result
    usage = {name: getattr(result.usage, name) for name in result.usage.__dataclass_fields__}
    return {
        "output": output_as(result.output) if result.has_output else None,
        "stop_reason": result.stop_reason,
        "stop_detail": result.stop_detail,
        "usage": usage,
        "tool_calls": [
            {
                "name": finished.call.name,
                "arguments": finished.call.arguments,
                "result": finished.result.content,
                "is_error": finished.result.is_error,
            }
            for finished in result.tool_calls
        ],
        "pending_calls": [
            {"id": call.id, "name": call.name, "arguments": call.arguments, "certainty": dict(call.certainty)}
            for call in result.pending_calls
        ],
        "canvases": [
            {"text": canvas.text, "steps": canvas.steps, "reason": canvas.reason, "seed": canvas.seed}
            for canvas in result.canvases
        ],
    }
