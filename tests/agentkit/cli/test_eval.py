"""`agentkit eval`, with files and models of a project of its own."""

import json
import sys
from pathlib import Path

import pytest

from agentkit import UserError
from agentkit.cli import main
from agentkit.evaluation import read_cases

PROJECT = '''
from agentkit import Agent, ModelError, ModelSettings
from agentkit.testing import FunctionModel, call


def add_item(item: str) -> str:
    """Add an item to the shopping list."""
    return "added"


def reply(request):
    if hasattr(request.messages[-1], "results"):
        return "It is on the list."
    word = request.messages[-1].text.split()[1]
    if word == "trouble":
        return ModelError("broken")
    return call("add_item", item=word if request.settings.constraints is None else word.upper())


class Named(FunctionModel):
    name = "named"


def model():
    return Named(reply)


agent = Agent(Named(reply), tools=[add_item], instructions="Be brief.", model_settings=ModelSettings(seed=3))


def polite(output, case):
    return "please" in output
'''

CASES = [
    {"id": "milk", "prompt": "Add milk", "calls": [{"name": "add_item", "arguments": {"item": "milk"}}]},
    {"prompt": "Add tea", "calls": [{"name": "add_item"}], "contains": ["list"]},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "eval_project.py").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "eval_project", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    write(tmp_path, *CASES)
    return tmp_path


def write(folder: Path, *cases: object) -> None:
    (folder / "cases.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in cases))


OWN = ["--model", "eval_project:model", "--tools", "eval_project:add_item"]


def test_variants_side_by_side(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    variants = ["--variant", "held={}", "--variant", 'free={"constraints": false}']
    assert main(["eval", "cases.jsonl", *OWN, *variants, "--json", "e.json", "--html", "e.html"]) == 0
    shown = capsys.readouterr()
    assert "4/4" in shown.err and "held" in shown.out and "free" in shown.out
    held, free = json.loads((folder / "e.json").read_text())["variants"]
    assert (held["name"], held["model"], held["figures"]["passed"]["share"]) == ("held", "named", 1.0)
    assert (free["name"], free["figures"]["passed"]["share"]) == ("free", 0.5)
    assert held["outcomes"][1]["case"] == "line 2"
    assert (folder / "e.html").read_text().startswith("<!doctype html>")


def test_an_agent_of_ones_own_with_a_checker(folder: Path) -> None:
    assert main(["eval", "cases.jsonl", "--agent", "eval_project:agent", "--repeat", "2", "--json", "e.json"]) == 0
    (variant,) = json.loads((folder / "e.json").read_text())["variants"]
    assert variant["name"] == "agent" and [o["repetition"] for o in variant["outcomes"]] == [0, 0, 1, 1]
    checked = ["--agent", "eval_project:agent", "--checker", "eval_project:polite", "--json", "e.json"]
    assert main(["eval", "cases.jsonl", *checked]) == 0
    (variant,) = json.loads((folder / "e.json").read_text())["variants"]
    assert variant["figures"]["right_answers"]["share"] == 0.0


def test_several_models(folder: Path) -> None:
    models = ["--model", "eval_project:model", "--model", "eval_project:Named.__call__"]
    assert main(["eval", "cases.jsonl", *models, "--tools", "eval_project:add_item"]) == 2
    (folder / "second.py").write_text("from eval_project import model\n")
    models = ["--model", "eval_project:model", "--model", "second:model", "--tools", "eval_project:add_item"]
    assert main(["eval", "cases.jsonl", *models, "--variant", "a={}", "--json", "e.json"]) == 0
    names = [variant["name"] for variant in json.loads((folder / "e.json").read_text())["variants"]]
    assert names == ["eval_project:model a", "second:model a"]


def test_the_exit_status_says_whether_enough_passed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    free = [*OWN, "--variant", 'free={"constraints": false}']
    assert main(["eval", "cases.jsonl", *free, "--fail-under", "0.5"]) == 0
    capsys.readouterr()
    assert main(["eval", "cases.jsonl", *free, "--fail-under", "0.6"]) == 1
    assert "passed 50.0%, less than --fail-under 60%" in capsys.readouterr().err
    write(folder, {"prompt": "Add trouble", "calls": []})
    assert main(["eval", "cases.jsonl", *OWN]) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--variant", "x"], "write NAME=JSON"),
        (["--variant", "x={"], "--variant x"),
        (["--variant", 'x={"speed": 3}'], "no setting speed"),
        (["--variant", 'x={"max_tokens": "many"}'], "max_tokens"),
        (["--repeat", "0"], "at least 1"),
        (["--fail-under", "90"], "--fail-under 90: give a share from 0 to 1, such as 0.9"),
        (["--agent", "eval_project:polite"], "is no Agent"),
        (["--agent", "eval_project:agent", "--tools", "eval_project:add_item"], "leave out --tools"),
        (["--checker", "eval_project:nothing"], "no 'nothing'"),
        (["--json", "nowhere/e.json"], "--json nowhere/e.json can't be written"),
        (["--html", "."], "--html . can't be written"),
    ],
)
def test_wrong_use(folder: Path, arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    own = [] if "--agent" in arguments else OWN
    assert main(["eval", "cases.jsonl", *own, *arguments]) == 2
    shown = capsys.readouterr()
    assert complaint in shown.err.replace("\n", " ") and not shown.out, "nothing has run"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "holds no cases"),
        ("{}", "line 1: prompt"),
        ('{"prompt": "a", "calls": []}\n{"prompt": "b", "call": []}', "line 2: call"),
        ("nonsense", "line 1"),
        (
            '{"prompt": "a", "id": "x", "calls": []}\n{"prompt": "b", "id": "x", "calls": []}',
            "two cases have the id 'x'",
        ),
    ],
)
def test_files_that_hold_no_cases(folder: Path, content: str, complaint: str) -> None:
    (folder / "cases.jsonl").write_text(content)
    with pytest.raises(UserError, match=complaint):
        read_cases(folder / "cases.jsonl")
    with pytest.raises(UserError, match="can't be read"):
        read_cases(folder / "no.jsonl")


def test_a_byte_order_mark_is_no_part_of_the_cases(folder: Path) -> None:
    (folder / "cases.jsonl").write_text('{"prompt": "a", "calls": []}\n', encoding="utf-8-sig")
    assert [case.prompt for case in read_cases(folder / "cases.jsonl")] == ["a"]
