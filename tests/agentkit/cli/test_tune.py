"""`agentkit tune` in a process of its own, with the bundled model: interrupted, and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentkit.cli import main

TOOLS = '''
def set_extraction(power: int) -> str:
    """Adjust the dust extraction."""
    return "adjusted"


functions = [set_extraction]
'''
PHRASINGS = [("dust extraction at 40 percent", 40), ("suction on 75%", 75), ("extractor: 10", 10)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tune_project.py").write_text(TOOLS)
    cases = [{"prompt": p, "calls": [{"name": "set_extraction", "arguments": {"power": n}}]} for p, n in PHRASINGS]
    cases.append({"prompt": "sing me a song", "calls": []})
    (tmp_path / "cases.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in cases))
    return tmp_path


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "100", "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "agentkit.cli", *arguments]
    return subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=240)
    return process.returncode, out + err


def test_it_is_interrupted_and_gone_on_with(project: Path) -> None:
    command = ["tune", "tune_project:functions", "--examples", "cases.jsonl", "--out", "mine", "--threads", "1"]
    process = start(project, *command, "--minutes", "30")
    curve = project / "mine" / "tuning" / "curve.jsonl"
    while not curve.exists() and process.poll() is None:  # it is there once training has begun
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    status, said = finish(process)
    assert status == 130 and "of 30 minutes. The same command goes on." in said, said
    assert (project / "mine" / "tuning" / "checkpoint.pt").exists()
    assert not (project / "mine" / "config.json").exists()

    status, said = finish(start(project, *command, "--minutes", "0.01"))
    assert status == 0, said
    assert "before" in said and "after" in said and "phrasings" in said and "refusals" in said
    assert "measuring before" not in said  # that was done already
    assert (project / "mine" / "config.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tune_project:nothing"], "no 'nothing'"),
        (["tune_project:functions", "--minutes", "-1"], "--minutes -1"),
        (["tune_project:functions", "--threads", "0"], "--threads 0"),
        (["tune_project:functions", "--examples", "none.jsonl"], "none.jsonl can't be read"),
        (["tune_project:functions", "--model", "nowhere"], "nowhere is no folder"),
    ],
)
def test_wrong_use_is_told(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(project)
    monkeypatch.delitem(sys.modules, "tune_project", raising=False)
    monkeypatch.setenv("COLUMNS", "300")
    assert main(["tune", *arguments, "--out", "mine"]) == 2
    assert words in capsys.readouterr().err and not (project / "mine").exists()


def test_without_the_engine_it_says_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr("agentkit.cli.tune.find_spec", lambda name: None)
    assert main(["tune", "tune_project:functions", "--out", "mine"]) == 2
    assert "agentkit-diffusion[engine]" in capsys.readouterr().err
