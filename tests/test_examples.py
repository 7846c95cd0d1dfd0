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
    assert done.stdout == "milk is on the list.\n"


def test_the_home_assistant_changes_the_home(capsys: pytest.CaptureFixture[str]) -> None:
    home = runpy.run_path(str(EXAMPLES / "home_assistant.py"))["main"]()
    assert home.on == {"heater", "lamp"} and home.timers == [12, 20]
    assert home.degrees == {} and home.playing is None
    said = capsys.readouterr().out
    assert "The heater is on." in said and "The timer runs for 20 minutes." in said


def test_twenty_agents_share_one_engine(capsys: pytest.CaptureFixture[str]) -> None:
    results = anyio.run(runpy.run_path(str(EXAMPLES / "many_agents.py"))["main"])
    assert len(results) == 20 and "20 agents" in capsys.readouterr().out
    for result in results:
        product = result.tool_calls[0].result.content
        assert result.stop_reason == "finished" and result.output == f"It is {product}."


def test_an_app_embeds_the_assistant(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, notes = runpy.run_path(str(EXAMPLES / "embedding.py"))["main"]()
    assert notes == ["call the dentist", "buy milk and bread"] or notes == ["buy milk and bread", "call the dentist"]
    assert (first, second) == ("Saved note 1.", "Saved note 2.")
    assert "the app's loop went on" in capsys.readouterr().out


def test_a_request_waits_for_a_person_and_is_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(EXAMPLES / "durable.py"))["main"]
    file = ["--session", str(tmp_path / "sessions.db")]
    asked = main(["Turn on the heater", *file])
    assert asked.stop_reason == "approval_required"
    assert "goes on" not in capsys.readouterr().out
    done = main(["--approve", *file])
    assert done.stop_reason == "finished"
    said = capsys.readouterr().out
    assert said.count("(the heater goes on)") == 1
    main(["Turn on the lamp", *file])
    denied = main(["--deny", *file])
    assert denied.stop_reason == "finished" and denied.tool_calls[0].result.content == "The user said no."
    assert "lamp goes on" not in capsys.readouterr().out
