"""The desktop example in a real window, on a virtual display where there is no other."""

import gc
import os
import runpy
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from agentkit import Agent, Assistant, ModelSettings
from agentkit.testing import FunctionModel, ScriptedModel, call
from agentkit_tools import calculate

pytest.importorskip("tkinter", reason="this Python has no tkinter: apt-get install python3-tk")
EXAMPLE = Path(__file__).parents[2] / "examples" / "desktop_assistant.py"


@pytest.fixture(scope="module")
def display() -> Iterator[None]:
    """A virtual display in DISPLAY, unless there is one."""
    if os.environ.get("DISPLAY"):
        yield
        return
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        pytest.skip("no display and no Xvfb here: apt-get install xvfb")
    reading, writing = os.pipe()
    server = subprocess.Popen([xvfb, "-displayfd", str(writing), "-screen", "0", "1024x768x24"], pass_fds=[writing])
    os.close(writing)
    with os.fdopen(reading) as number:
        os.environ["DISPLAY"] = f":{number.readline().strip()}"
    yield
    del os.environ["DISPLAY"]
    server.terminate()
    server.wait()


@pytest.fixture
def window(display: None) -> Iterator[Callable[..., Any]]:
    """Makes windows around agents, and lets Tk's objects go in Tk's thread."""
    shown: list[Any] = []

    def show(agent: Agent[Any, Any] | Callable[[], Agent[Any, Any]]) -> Any:
        shown.append(runpy.run_path(str(EXAMPLE))["Window"](Assistant(agent)))
        return shown[-1]

    yield show
    shown.pop().quit_at_once()
    gc.collect()


def ask(window: Any, prompt: str) -> None:
    window.entry.insert(0, prompt)
    window.button.invoke()


def until(window: Any, condition: Callable[[], bool]) -> None:
    """Lets the window live until the condition holds."""

    def look() -> None:
        window.quit() if condition() else window.after(10, look)

    window.after(0, look)
    window.mainloop()


def said(window: Any) -> list[str]:
    return window.log.get("1.0", "end").split("\n")


def test_the_window_shows_the_loading_the_canvas_the_call_and_the_answer(window: Callable[..., Any]) -> None:
    shown = window(Agent("bundled", tools=[calculate], model_settings=ModelSettings(seed=0)))
    ask(shown, "Calculate 12 * 34")
    assert shown.button["text"] == "Stop"
    until(shown, lambda: shown.answer is None)
    assert (
        said(shown)[:3] == ["Calculate 12 * 34", "calculate(expression='12 * 34')", "→ 408"] and "408" in said(shown)[3]
    )
    assert len(shown.canvas.get("1.0", "end")) > 5 and shown.canvas.tag_names()
    assert shown.button["text"] == "Ask" and not shown.loading.winfo_ismapped()


def test_the_stop_button_ends_the_run_and_the_window_goes_on(window: Callable[..., Any]) -> None:
    async def forever() -> None:
        """Never comes back."""
        await anyio.sleep_forever()

    shown = window(Agent(ScriptedModel([call("forever"), "Back."]), tools=[forever]))
    ask(shown, "Go")
    until(shown, lambda: "forever()" in said(shown))
    shown.button.invoke()
    until(shown, lambda: shown.answer is None)
    assert "The run was cancelled." in said(shown)
    ask(shown, "Go on")
    until(shown, lambda: "Back." in said(shown))


def test_the_window_lives_while_the_model_loads_and_closes_at_once(window: Callable[..., Any]) -> None:
    gate = threading.Event()

    def load() -> Agent[Any, Any]:
        gate.wait(60)
        return Agent(FunctionModel(lambda request: "x"))

    shown = window(load)
    ticks: list[int] = []
    until(shown, lambda: ticks.append(1) or len(ticks) > 3)
    assert shown.assistant.state == "loading" and shown.loading.winfo_ismapped()
    shown.assistant.close(wait=False)
    assert shown.assistant.state == "closed" and not gate.is_set()
    gate.set()


def test_a_model_that_cannot_be_loaded_is_said(window: Callable[..., Any]) -> None:
    shown = window(Agent("/no/such/folder"))
    ask(shown, "?")
    until(shown, lambda: shown.answer is None)
    assert "no such folder" in " ".join(said(shown))
