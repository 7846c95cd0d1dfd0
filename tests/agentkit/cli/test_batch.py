"""`agentkit batch` as a process, with real files and a real kill."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit.cli import main

MODELS = '''
"""Models for the batch: they note what they were asked in a file, one line each."""
import os

import anyio

from agentkit import Agent, ModelError
from agentkit.testing import FunctionModel, call


async def reply(request):
    prompt = request.messages[-1].text
    with open("asked.txt", "a", errors="replace") as file:
        file.write(prompt + "\\n")
    if prompt == "grow":
        with open("in.jsonl", "a") as file:
            file.write('"late"\\n')
    await anyio.sleep(float(os.environ.get("SECONDS_A_TURN", "0")))
    return ModelError("it is broken") if prompt == "break" else f"{prompt}!"  # never empty


def model():
    return FunctionModel(reply)


nothing = 3


def parsed(prompt: str) -> object:
    return int(prompt) if prompt.isdigit() else object()


agent = Agent(FunctionModel(lambda request: call("parsed", prompt=request.messages[-1].text)), output_type=parsed)
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "batch_models.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "batch_models", raising=False)
    return tmp_path


def write_input(folder: Path, *lines: object) -> None:
    (folder / "in.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def batch(*more: str) -> int:
    return main(["batch", "in.jsonl", "out.jsonl", "--model", "batch_models:model", "--no-tools", *more])


def answers(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


def asked(folder: Path) -> list[str]:
    return (folder / "asked.txt").read_text().splitlines()


def test_each_line_is_answered_by_its_index_and_id(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_input(folder, {"id": "a", "prompt": "one", "more": 1}, "two", {"id": 7, "prompt": "three"})
    assert batch() == 0
    by_index = {record["index"]: record for record in answers(folder)}
    assert [by_index[n]["output"] for n in range(3)] == ["one!", "two!", "three!"]
    assert [by_index[n].get("id") for n in range(3)] == ["a", None, 7]
    assert by_index[0]["stop_reason"] == "finished" and by_index[0]["usage"]["turns"] == 1
    shown = capsys.readouterr()
    assert shown.out == "" and "3/3" in shown.err and "3 answered, 0 not: out.jsonl" in shown.err


def test_any_id_and_any_text_are_known_again(folder: Path) -> None:
    ids = ["\ud800", "ä", 3, 3.5, True, ["a", {"b": None}], "3", None]
    write_input(folder, *({"id": id, "prompt": f"Grüße {n} \udfff"} for n, id in enumerate(ids)))
    assert batch() == 0 and batch() == 0
    assert len(answers(folder)) == len(ids)
    assert {json.dumps(record.get("id")) for record in answers(folder)} == set(map(json.dumps, ids))


def test_bad_lines_and_failing_runs_are_records_and_not_the_end(folder: Path) -> None:
    lines = [b'{"prompt": "ok"}', b"{oops", b"", b"\xff", b"17", b'{"id": "x", "prompt": 3}', b'{"prompt": "break"}']
    (folder / "in.jsonl").write_bytes(b"\n".join(lines))
    assert batch() == 1
    errors = {record["index"]: record.get("error") for record in answers(folder)}
    assert errors.keys() == {0, 1, 3, 4, 5, 6} and errors[0] is None
    assert {errors[n]["type"] for n in (1, 3, 4, 5)} == {"InvalidLine"}
    assert errors[6] == {"type": "ModelError", "message": "it is broken"}


def test_a_second_call_does_only_what_is_left(folder: Path) -> None:
    write_input(folder, "one", "two")
    assert batch() == 0
    write_input(folder, "one", "two", "three")
    assert batch() == 0
    assert sorted(asked(folder)) == ["one", "three", "two"] and len(answers(folder)) == 3


def test_answers_of_another_agent_are_not_gone_on_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_input(folder, "one", "break")
    assert batch("--instructions", "Be brief.") == 1
    brief = ["--instructions", "Be brief."]
    for others in (
        ["--instructions", "Be long."],
        [*brief, "--seed", "7"],
        [*brief, "--deps", "batch_models:nothing"],
        [],
    ):
        assert batch(*others) == 2
        assert "an answer by another agent, deps, model" in capsys.readouterr().err.replace("\n", " ")
    write_input(folder, "one", "break", "two")
    assert batch("--instructions", "Be brief.", "--seed", "0", "--concurrency", "2") == 1
    assert asked(folder) == ["one", "break", "two"]


def test_a_file_that_does_not_say_who_answered_is_gone_on_with(folder: Path) -> None:
    write_input(folder, "one", "two")
    assert batch() == 0
    records = [{name: value for name, value in record.items() if name != "made_by"} for record in answers(folder)]
    (folder / "out.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records[:1]))
    assert batch() == 0
    assert len(answers(folder)) == 2


def test_lines_that_are_added_meanwhile_are_answered_now_or_by_the_next_call(folder: Path) -> None:
    write_input(folder, "one", "grow")
    assert batch() == 1
    assert batch() == 0
    assert [record["output"] for record in answers(folder)] == ["one!", "grow!", "late!"]


def test_errors_are_asked_again_only_when_that_is_wanted(folder: Path) -> None:
    write_input(folder, {"id": "a", "prompt": "break"}, "fine")
    assert batch() == 1 and batch() == 1
    assert asked(folder).count("break") == 1
    assert batch("--retry-errors") == 1
    assert asked(folder).count("break") == 2 and asked(folder).count("fine") == 1
    write_input(folder, {"id": "a", "prompt": "mended"}, "fine")
    assert batch() == 0
    assert answers(folder)[-1]["output"] == "mended!"


def test_an_agent_of_ones_own_with_outputs_that_json_cannot_hold(folder: Path) -> None:
    write_input(folder, "12", "x")
    assert main(["batch", "in.jsonl", "out.jsonl", "--agent", "batch_models:agent"]) == 1
    outcomes = {record["index"]: record for record in answers(folder)}
    assert outcomes[0]["output"] == 12 and outcomes[1]["error"]["type"] == "NotJsonable"


def test_the_same_id_twice_is_an_error_of_the_second_line(folder: Path) -> None:
    write_input(folder, {"id": "a", "prompt": "one"}, {"id": "a", "prompt": "two"})
    assert batch() == 1 and batch() == 1
    assert asked(folder) == ["one"]
    second = next(record for record in answers(folder) if record["index"] == 1)
    assert "id" not in second and 'id "a"' in second["error"]["message"]


def test_a_line_that_was_half_written_is_written_again(folder: Path) -> None:
    write_input(folder, "one", "two", "three")
    batch("--concurrency", "1")
    whole = (folder / "out.jsonl").read_bytes()
    third = whole.rindex(b"\n", 0, -1) + 1
    for cut in (third + 1, third + 40, len(whole) - 1):
        (folder / "out.jsonl").write_bytes(whole[:cut])
        assert batch() == 0
        assert [record["output"] for record in answers(folder)] == ["one!", "two!", "three!"]
    assert asked(folder).count("three") == 4 and asked(folder).count("one") == 1


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prompts=st.lists(st.text(max_size=8), min_size=1, max_size=5),
    share=st.floats(0, 1),
)
def test_wherever_the_file_ends_what_is_whole_stays_and_the_rest_is_answered(
    folder: Path, prompts: list[str], share: float
) -> None:
    out = folder / "out.jsonl"
    out.unlink(missing_ok=True)
    write_input(folder, *({"prompt": prompt} for prompt in prompts))
    assert batch() == 0
    cut = out.read_bytes()[: int(share * out.stat().st_size)]
    out.write_bytes(cut)
    assert batch() == 0
    assert out.read_bytes().startswith(cut[: cut.rfind(b"\n") + 1])
    assert {record["index"]: record["output"] for record in answers(folder)} == {
        index: f"{prompt}!" for index, prompt in enumerate(prompts)
    }
    assert len(answers(folder)) == len(prompts)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"my notes\n", "line 1, is no record"),
        (b"my notes", "line 1, is no record"),
        (b'{"prompt": "a"}\n', "line 1, is no record"),
        (b'{"index": 0, "digest": "0", "stop_reason": "finished"}\n', "another request with index 0"),
    ],
)
def test_a_file_that_is_something_else_is_left_as_it_is(
    folder: Path, content: bytes, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_input(folder, "one")
    (folder / "out.jsonl").write_bytes(content)
    assert batch() == 2
    assert complaint in capsys.readouterr().err.replace("\n", " ")
    assert (folder / "out.jsonl").read_bytes() == content


def test_wrong_use(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def complaint(*arguments: str) -> str:
        assert main(["batch", *arguments]) == 2
        return capsys.readouterr().err.replace("\n", " ")

    assert "no file in.jsonl" in complaint("in.jsonl", "out.jsonl")
    write_input(folder, "one")
    assert "same file" in complaint("in.jsonl", "in.jsonl")
    assert "can't be written" in complaint("in.jsonl", "no/such/folder/out.jsonl")
    assert "--concurrency 0" in complaint("in.jsonl", "out.jsonl", "--concurrency", "0")
    assert "neither a Model" in complaint("in.jsonl", "out.jsonl", "--model", "batch_models:nothing")
    own = ("in.jsonl", "out.jsonl", "--agent", "batch_models:agent")
    assert "leave out --no-tools, --seed" in complaint(*own, "--seed", "0", "--no-tools")
    assert "is no Agent" in complaint("in.jsonl", "out.jsonl", "--agent", "batch_models:nothing")
    assert asked_nothing(folder)


def asked_nothing(folder: Path) -> bool:
    return not (folder / "asked.txt").exists()


def test_a_killed_batch_goes_on_and_answers_every_line_once(folder: Path) -> None:
    prompts = [f"p{n}" for n in range(120)]
    write_input(folder, *({"id": prompt, "prompt": prompt} for prompt in prompts))
    chance = random.Random(0)
    for until in (3, 11, 12, 25):
        process = start(seconds=0.05)
        wait_for_lines(folder, until, process)
        time.sleep(chance.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with (folder / "out.jsonl").open("ab") as file:
            file.write(b'{"index": 3')  # what a kill in the middle of a write leaves
    assert start(seconds=0).wait(120) == 0
    assert sorted(record["id"] for record in answers(folder)) == sorted(prompts)
    assert all(record["output"] == f"{record['id']}!" for record in answers(folder))
    assert len(asked(folder)) <= 120 + 4 * 4  # none but those under way when it was killed


def test_two_processes_do_not_write_to_one_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_input(folder, *(f"p{n}" for n in range(40)))
    process = start(seconds=0.5)
    wait_for_lines(folder, 1, process)
    assert batch() == 2
    assert "Another process is writing to out.jsonl" in capsys.readouterr().err
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 130
    before = len(answers(folder))
    assert batch() == 0
    assert before < len(answers(folder)) == 40


def start(seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "agentkit.cli", "batch", "in.jsonl", "out.jsonl", "--no-tools"]
    environment = {**os.environ, "SECONDS_A_TURN": str(seconds), "PYTHONWARNINGS": "error"}
    return subprocess.Popen(
        [*command, "--model", "batch_models:model", "--concurrency", "4"], env=environment, stderr=subprocess.DEVNULL
    )


def wait_for_lines(folder: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    file = folder / "out.jsonl"
    while not file.exists() or file.read_bytes().count(b"\n") < count:
        assert process.poll() is None, "the batch ended before it could be killed"
        time.sleep(0.005)
