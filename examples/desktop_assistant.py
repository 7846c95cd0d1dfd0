"""A desktop assistant: a window whose canvas settles while you look, and that never freezes."""

import math
import tkinter as tk
from tkinter import ttk
from typing import Any

from agentkit import (
    Agent,
    Answer,
    Assistant,
    CanvasDraft,
    Event,
    ModelSettings,
    RunFinished,
    ToolCallFinished,
    ToolCallStarted,
)
from agentkit.display import describe_call, visible
from agentkit_tools import calculate, convert_units, current_time

TICK = 30  # milliseconds between two looks at what has happened
NOISE = math.log(2048)  # nats of entropy of a token that could be any of the bundled model's vocabulary


class Window(tk.Tk):
    """Everything here happens in Tk's thread; the assistant has its own, and is only ever polled."""

    def __init__(self, assistant: Assistant[Any, Any]) -> None:
        super().__init__()
        self.title("agentkit")
        self.assistant = assistant.start()
        self.answer: Answer[Any] | None = None
        self.loading = ttk.Progressbar(self, maximum=1.0)
        self.log = tk.Text(self, height=14, width=80, state="disabled", padx=12, pady=8, wrap="word", relief="flat")
        self.log["font"] = ("TkDefaultFont", 11)
        self.canvas = tk.Text(self, height=4, bg="#14161c", fg="#8890a0", padx=12, pady=8, relief="flat")
        self.entry = ttk.Entry(self, font=("TkDefaultFont", 12))
        self.button = ttk.Button(self, text="Ask", command=self.ask_or_stop)
        self.loading.pack(fill="x")
        self.log.pack(fill="both", expand=True)
        self.canvas.pack(fill="x")
        self.entry.pack(side="left", fill="x", expand=True, padx=8, pady=8)
        self.button.pack(side="right", padx=8)
        self.log.tag_config("you", font=("TkDefaultFont", 11, "bold"))
        self.log.tag_config("tool", foreground="#7a5aa8")
        self.log.tag_config("error", foreground="#b3261e")
        self.entry.bind("<Return>", lambda _: self.ask_or_stop())
        self.entry.focus()
        self.protocol("WM_DELETE_WINDOW", self.quit_at_once)
        self.tick()

    def ask_or_stop(self) -> None:
        if self.answer is not None:
            self.answer.cancel()
        elif prompt := self.entry.get().strip():
            self.entry.delete(0, "end")
            self.write(prompt, "you")
            self.answer = self.assistant.ask(prompt)
            self.button["text"] = "Stop"

    def tick(self) -> None:
        """Shows what has happened since the last tick, and never waits for more."""
        if self.assistant.state == "loading":
            self.loading["value"] = self.assistant.loading.fraction or 0.0
        else:
            self.loading.pack_forget()
        if self.answer is not None:
            over = self.answer.done
            for event in self.answer.poll():
                self.show(event)
            if over:
                self.finish(self.answer)
        self.next_tick = self.after(TICK, self.tick)

    def show(self, event: Event) -> None:
        match event:
            case CanvasDraft():
                self.draw(event)
            case ToolCallStarted(call):
                self.write(describe_call(call), "tool")
            case ToolCallFinished():
                self.write(f"→ {event.result.content}", "tool")
            case RunFinished(result):
                self.write(result.output or result.stop_detail)

    def draw(self, draft: CanvasDraft) -> None:
        self.canvas.delete("1.0", "end")
        for text, entropy in zip(draft.texts, draft.entropies, strict=True):
            if text != "<pad>":
                share = min(entropy / NOISE, 1.0) ** 0.5
                colour = f"#{int(80 + 175 * share):02x}{int(200 - 140 * share):02x}5a"  # green is certain, red is noise
                self.canvas.tag_config(colour, foreground=colour)
                self.canvas.insert("end", visible(text), colour)

    def finish(self, answer: Answer[Any]) -> None:
        self.answer = None
        self.button["text"] = "Ask"
        try:
            answer.result()
        except Exception as error:  # the model could not be loaded, the run was stopped, ...
            self.write(str(error), "error")

    def write(self, text: str, tag: str = "") -> None:
        self.log["state"] = "normal"
        self.log.insert("end", f"{text}\n", tag)
        self.log["state"] = "disabled"
        self.log.see("end")

    def quit_at_once(self) -> None:
        self.assistant.close(wait=False)
        self.after_cancel(self.next_tick)
        self.destroy()


if __name__ == "__main__":
    tools = [calculate, convert_units, current_time]
    Window(Assistant(Agent("bundled", tools=tools, model_settings=ModelSettings(seed=0)))).mainloop()
