"""The examples run on the bundled model and do what they are there to show."""

import runpy
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_hello_is_seven_lines_and_answers() -> None:
    source = (EXAMPLES / "hello.py").read_text()
    assert len([line for line in source.splitlines() if line.strip()]) <= 7
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "hello.py")], capture_output=True, text=True, timeout=120, check=True
    )
    assert "milk" in done.stdout


def test_the_home_assistant_changes_the_home(capsys: pytest.CaptureFixture[str]) -> None:
    home = runpy.run_path(str(EXAMPLES / "home_assistant.py"))["main"]()
    assert home.degrees == {"kitchen": 21}
    assert home.timers == [12]
    assert home.on == set()
    said = capsys.readouterr().out
    assert "turn_on{'device': 'heater'}" in said and "turn_off{'device': 'heater'}" in said


def test_twenty_agents_share_one_engine(capsys: pytest.CaptureFixture[str]) -> None:
    results = anyio.run(runpy.run_path(str(EXAMPLES / "many_agents.py"))["main"])
    assert len(results) == 20 and "20 agents" in capsys.readouterr().out
    right = 0
    for number, result in zip(range(11, 31), results, strict=True):
        assert result.stop_reason == "finished"
        right += str(number * (number + 3)) in result.output
    assert right == 20


def test_an_app_embeds_the_assistant(capsys: pytest.CaptureFixture[str]) -> None:
    answer, listed, notes = runpy.run_path(str(EXAMPLES / "embedding.py"))["main"]()
    assert notes == ["buy milk and bread"]
    assert answer and "buy milk and bread" in listed
    assert "the app's loop went on" in capsys.readouterr().out
