"""The command line as a user runs it: the bundled model in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentkit import UserError, __version__
from agentkit.bundled import folder
from agentkit.cli import load_tools, main
from agentkit.models.local import cached, local_models


def agentkit(
    *arguments: str, input: str | None = None, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "200", "PYTHONWARNINGS": "error", **environment}
    command = [sys.executable, "-m", "agentkit.cli", *arguments]
    return subprocess.run(command, input=input, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def test_ask_shows_request_canvases_call_result_and_answer() -> None:
    done = agentkit("ask", "Calculate 12 * 34")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "request   Calculate 12 * 34"
    assert any(line.startswith("canvas 1  <|tool_call>call:calculate{") for line in lines)
    assert "call      calculate(expression='12 * 34')" in lines
    assert "result    408" in lines
    assert lines[-1].startswith("answer    ") and "408" in lines[-1]
    assert done.stderr == ""


def test_ask_as_json_with_a_tool_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        'def turn_on(device: str) -> str:\n    """Turn on a device."""\n    return "ok"\n'
    )
    done = agentkit("ask", "Turn on the heater", "--json", "--tools", "mine:turn_on", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["stop_reason"] == "finished"
    assert [(call["name"], call["arguments"]) for call in result["tool_calls"]] == [("turn_on", {"device": "heater"})]
    assert result["usage"]["denoising_steps"] == sum(canvas["steps"] for canvas in result["canvases"])


def test_watch_prints_a_line_for_each_step_when_not_on_a_terminal() -> None:
    done = agentkit("ask", "Calculate 12 * 34", "--watch")
    assert sum(line.startswith("step ") for line in done.stdout.splitlines()) >= 2


@pytest.mark.parametrize("option", ["--json", "--explain", "--no-tools"])
def test_output_that_nobody_reads_ends_the_program_quietly(option: str) -> None:
    read, written = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "agentkit.cli", "ask", "Calculate 12 * 34", option]
    done = subprocess.run(command, stdout=written, stderr=subprocess.PIPE, text=True, timeout=120)
    os.close(written)
    assert done.returncode == 1 and done.stderr == ""


ANSWERS = """
from agentkit import Agent
from agentkit.testing import ScriptedModel, call

class Kettle:
    def __str__(self) -> str:
        return "a kettle"

def find(name: str) -> Kettle:
    \"\"\"Find a kettle.\"\"\"
    return Kettle()

kettles = Agent(ScriptedModel([call("find", name="blue")]), output_type=find)
arrows = Agent(ScriptedModel(["tea \u2192 milk"]))
"""


@pytest.mark.parametrize(
    ("agent", "shown", "output"), [("arrows", "tea ? milk", "tea \u2192 milk"), ("kettles", "a kettle", "a kettle")]
)
def test_no_answer_is_lost_whatever_it_is_and_stdout_takes(tmp_path: Path, agent: str, shown: str, output: str) -> None:
    (tmp_path / "answers.py").write_text(ANSWERS)
    command = ["ask", "?", "--agent", f"answers:{agent}"]
    lines = agentkit(*command, cwd=tmp_path, PYTHONIOENCODING="cp1252")
    assert lines.stdout.splitlines()[-1] == f"answer    {shown}" and lines.returncode == 0, lines.stderr
    done = agentkit(*command, "--json", cwd=tmp_path, PYTHONIOENCODING="cp1252")
    assert json.loads(done.stdout)["output"] == output and done.returncode == 0, done.stderr


CART = """
from agentkit import Agent, RunContext
from agentkit.testing import FunctionModel, call

def reply(request):
    last = request.messages[-1]
    return str(last.results[0].content) if last.kind == "tool" else call("add", item=last.text)

shop = Agent(FunctionModel(reply), deps_type=list, name="shop")

@shop.tool
def add(ctx: RunContext[list], item: str) -> str:
    \"\"\"Put an item into the cart.\"\"\"
    ctx.deps.append(item)
    return ", ".join(ctx.deps)

def cart() -> list:
    return ["salt"]

full = ["tea"]
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an agent whose tool needs deps, and a line for the agent to answer."""
    (tmp_path / "shop_here.py").write_text(CART)
    (tmp_path / "in.jsonl").write_text('"milk"\n')
    (tmp_path / "cases.jsonl").write_text('{"prompt": "milk", "answer": "salt, milk"}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shop_here", raising=False)
    return tmp_path


@pytest.mark.parametrize("deps", ["cart", "list", "full"])
def test_tools_find_the_deps_that_are_named_or_made(shop: Path, deps: str, capsys: pytest.CaptureFixture[str]) -> None:
    named = f"shop_here:{deps}" if deps != "list" else "builtins:list"
    assert main(["ask", "milk", "--json", "--agent", "shop_here:shop", "--deps", named]) == 0
    before = {"cart": ["salt"], "list": [], "full": ["tea"]}[deps]
    assert json.loads(capsys.readouterr().out)["output"] == ", ".join([*before, "milk"])


def test_every_command_gives_them(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = ["--agent", "shop_here:shop", "--deps", "shop_here:cart"]
    assert main(["batch", "in.jsonl", "out.jsonl", *mine]) == 0
    assert json.loads((shop / "out.jsonl").read_text().splitlines()[-1])["output"] == "salt, milk"
    assert main(["eval", "cases.jsonl", "--fail-under", "1", *mine]) == 0
    assert "answer    salt, milk, eggs" in agentkit("chat", *mine, input="milk\neggs\n", cwd=shop).stdout


@pytest.mark.parametrize(
    "command",
    [
        ["ask", "milk", "--agent"],
        ["chat", "--agent"],
        ["batch", "in.jsonl", "out.jsonl", "--agent"],
        ["eval", "cases.jsonl", "--agent"],
        ["mcp", "--tools"],
    ],
)
def test_an_agent_that_needs_deps_is_not_run_without(
    shop: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "shop_here:shop"]) == 2
    assert "need deps, which are list: give --deps MODULE:OBJECT" in " ".join(capsys.readouterr().err.split())


WIPE = """
from agentkit import Agent, tool
from agentkit.testing import ScriptedModel, call

@tool(requires_approval=True)
def wipe() -> str:
    \"\"\"Wipe the list.\"\"\"
    return "wiped"

agent = Agent(ScriptedModel([call("wipe")]), tools=[wipe])
"""


def test_where_a_person_is_asked_is_said(tmp_path: Path) -> None:
    (tmp_path / "wiping.py").write_text(WIPE)
    done = agentkit("ask", "wipe", "--agent", "wiping:agent", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    stopped, hint = done.stdout.splitlines()[-2:]
    assert stopped == "stopped   approval_required: A person has to approve: wipe."
    assert hint.strip() == "(agentkit chat asks)"


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"agentkit {__version__}\n"


def test_an_error_in_a_module_of_ones_own_is_shown_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_here.py").write_text("import math\nmath.no_such_thing\ndef f(): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AttributeError, match="no_such_thing"):
        load_tools(["broken_here:f"])


def test_a_module_of_the_folder_at_hand_does_not_stand_in_for_one_that_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "colorsys.py").write_text("raise SystemExit('this is not the one that is installed')")
    (tmp_path / "neighbour_here.py").write_text("ANSWER = 'from next door'")
    (tmp_path / "models_here.py").write_text(
        "import colorsys\n"
        "from agentkit.testing import FunctionModel\n"
        "def reply(request):\n"
        "    from neighbour_here import ANSWER\n"
        "    return ANSWER\n"
        "model = FunctionModel(reply)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])
    for name in ("colorsys", "neighbour_here", "models_here"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    before = sys.path.copy()
    assert main(["ask", "hello", "--model", "models_here:model", "--no-tools"]) == 0
    assert "from next door" in capsys.readouterr().out and sys.path == before


def test_chat_keeps_the_conversation_until_quit() -> None:
    done = agentkit("chat", input="Calculate 3 * 4\nhello\n/new\nhello\n/quit\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("answer    ") == 3


def test_models_lists_the_bundled_one() -> None:
    done = agentkit("models")
    assert done.returncode == 0 and "bundled" in done.stdout and "48" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["ask", "x", "--tools", "nonsense"], "write module:function"),
        (["ask", "x", "--tools", "no_such_module:f"], "no module 'no_such_module'"),
        (["ask", "x", "--tools", "json:no_such_thing"], "no 'no_such_thing'"),
        (["ask", "x", "--tools", "tools :x"], "--tools tools :x: there"),
        (["ask", "x", "--tools", ".tools:f"], "write module:function"),
        (["ask", "x", "--model", "json:dumps"], "can't be called without arguments: missing a"),
        (["ask", "x", "--json", "--watch"], "exclude each other"),
        (["ask", "x", "--model", "openai:gpt@http://localhost"], "can't be used"),
        (["ask", "x", "--model", "/no/such/folder"], "no such folder"),
        (["models", "/no/such/folder"], "no config.json"),
    ],
)
def test_wrong_use_is_one_line_and_exit_status_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err.replace("\n", " ")
    assert complaint in said and "Traceback" not in said


def test_tools_may_be_named_by_the_object_that_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes_here.py").write_text("from agentkit_tools import Notes\nnotes = Notes(':memory:')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert [tool.__name__ for tool in load_tools(["notes_here:notes"])] == ["add_note", "find_notes", "list_notes"]
    with pytest.raises(UserError, match="module:function"):
        load_tools([":x"])
    with pytest.raises(UserError, match="agentkit_tools:Notes is a class: make an object of it"):
        load_tools(["agentkit_tools:Notes"])


def test_checkpoints_of_the_hub_cache_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = tmp_path / "models--google--some-diffusion" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text((folder() / "config.json").read_text())
    other = tmp_path / "models--someone--bert" / "snapshots" / "abc"
    other.mkdir(parents=True)
    (other / "config.json").write_text('{"model_type": "bert"}')
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert list(cached()) == [("google/some-diffusion", snapshot)]
    names = {model.name: model for model in local_models([snapshot])}
    assert names["google/some-diffusion"].size == "?" and names["bundled"].size.endswith("M")


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({}, ".cache/huggingface/hub"),
        ({"XDG_CACHE_HOME": "$HOME/xdg"}, "xdg/huggingface/hub"),
        ({"HF_HOME": "~/hf", "XDG_CACHE_HOME": "$HOME/xdg"}, "hf/hub"),
        ({"HUGGINGFACE_HUB_CACHE": "~/old", "HF_HOME": "~/hf"}, "old"),
        ({"HF_HUB_CACHE": "$HOME/new", "HUGGINGFACE_HUB_CACHE": "~/old"}, "new"),
    ],
)
def test_the_hub_cache_is_where_the_hub_library_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], place: str
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(tmp_path), **settings}.items():
        monkeypatch.setenv(name, value)
    snapshot = tmp_path / place / "models--me--mine" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text((folder() / "config.json").read_text())
    assert list(cached()) == [("me/mine", snapshot)]


def test_a_broken_entry_of_the_hub_cache_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (folder() / "config.json").read_text()
    entries = {"list": "[]", "partial": '{"model_type": "diffusion_gemma"}', "torn": whole, "whole": whole}
    for name, config in entries.items():
        snapshot = tmp_path / f"models--me--{name}" / "snapshots" / "abc"
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text(config)
    (tmp_path / "models--me--torn" / "snapshots" / "abc" / "model.safetensors").symlink_to("/nowhere/blob")
    (tmp_path / "models--me--whole" / "snapshots" / "abc" / "model.safetensors").write_bytes(b"\xff" * 99)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    found = {model.name: model.size for model in local_models()}
    assert found.keys() == {"bundled", "me/torn", "me/whole"}
    assert found["me/torn"] == found["me/whole"] == "?"
