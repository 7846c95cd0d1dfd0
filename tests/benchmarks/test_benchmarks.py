"""The benchmarks run and write what they promise; their figures are nobody's test."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def figures(tmp_path: Path, name: str, *options: str) -> dict[str, Any]:
    report = tmp_path / "figures.json"
    command = [sys.executable, str(BENCHMARKS / name), "--json", str(report), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # on a busy machine several wait for one another
    subprocess.run(command, check=True, capture_output=True, timeout=280, env=environment)
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def test_engine(tmp_path: Path) -> None:
    plot = tmp_path / "chart.svg"
    options = ("--quick", "--repeats", "1", "--requests", "3", "--plot", str(plot))
    cases = ("one_canvas", "ragged_32", "first_draft", "canvas_growth")
    found = figures(tmp_path, "engine.py", *options, "--cases", *cases)
    assert found.keys() == {"machine", "gigabytes_at_full_size", *cases}
    assert found["gigabytes_at_full_size"] == {"bfloat16": 50.5, "int8": 26.1, "int4": 14.1, "float8": 26.1}
    assert all(found[case]["ratio"] > 0 for case in cases)
    assert found["one_canvas"]["steps_per_canvas"] == 16
    assert found["ragged_32"]["requests"] == 3
    assert found["canvas_growth"]["points"].keys() == {"1", "32"}
    assert plot.read_text().startswith("<svg")


def test_step_profile(tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    options = ("--canvases", "2", "--prompt", "20", "--steps", "2", "--threads", "1", "--trace", str(trace))
    command = [sys.executable, str(BENCHMARKS / "step_profile.py"), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=280)
    assert "aten::" in done.stdout  # the engine's own thread was seen
    assert "ms a step" in done.stdout
    assert json.loads(trace.read_text())["traceEvents"]


def test_agents(tmp_path: Path) -> None:
    plot = tmp_path / "chart.svg"
    sizes = ("--agents", "2", "--prompts", "1", "--requests", "3", "--repeats", "1", "--plot", str(plot))
    found = figures(tmp_path, "agents.py", "--quick", *sizes)
    assert found.keys() == {"machine", "loop_20", "right_calls"}
    assert found["loop_20"]["ratio"] > 0
    assert found["loop_20"]["canvases"] >= 2
    assert 0 <= found["right_calls"]["generate_right"] <= 1
    assert plot.read_text().startswith("<svg")


def test_correction(tmp_path: Path) -> None:
    picture, table = tmp_path / "chart.svg", tmp_path / "table.md"
    written = ("--picture", str(picture), "--table", str(table))
    found = figures(tmp_path, "correction.py", "--requests", "4", "--corrupted", "5", *written)
    names = ["error-turns", "regenerate", "constrained", "constrained+repair"]
    assert [row["name"] for row in found["rows"]] == names * 2
    for row in found["rows"]:
        assert 0 <= row["right"] <= row["valid"] <= 1
        if row["name"].startswith("constrained"):
            assert row["valid"] == 1
    assert found["grounding"].keys() == {"inferred", "declared"}
    assert picture.read_text().startswith("<svg")
    lines = table.read_text().splitlines()
    assert len(lines) == 2 + 8
    assert len({line.count("|") for line in lines}) == 1


def test_constraints(tmp_path: Path) -> None:
    found = figures(tmp_path, "constraints.py", "--quick")
    assert found["compile_seconds_at_262144_tokens"]["cold"].keys() == {
        "vocabulary",
        "weather",
        "booking",
        "mail",
        "again",
    }
    assert 0 < found["bundled_model"]["path_share"] < 1
    assert {row["case"] for row in found["sizes"]} >= {"maxLength 100", "enum of 1000"}


def test_retrieval(tmp_path: Path) -> None:
    found = figures(tmp_path, "retrieval.py", "--quick")
    for row in found["rows"]:
        assert 0.5 < row["within"]["1"] <= row["within"]["5"] <= 1
        assert row["requests"] == 50 and row["search_ms"] > 0


def test_typed_results(tmp_path: Path) -> None:
    rows = figures(tmp_path, "typed_results.py", "--requests", "2")["rows"]
    names = ["as the tool", "final_result, described", "final_result, named", "final_result, bare"]
    assert list(rows) == names
    assert all(row["requests"] == 2 and 0 <= row["right"] <= 1 and row["steps"] >= 1 for row in rows.values())


def test_sampler(tmp_path: Path) -> None:
    plot = tmp_path / "sampler.svg"
    found = figures(tmp_path, "sampler.py", "--quick", "--cases", "20", "--sets", "composed", "--plot", str(plot))
    assert len(found["rows"]) == 8 and sum(row["default"] for row in found["rows"]) == 1
    assert len({row["steps"] for row in found["rows"]}) > 1, "settings make a difference"
    assert "as shipped" in plot.read_text()


def test_tools_in_view(tmp_path: Path) -> None:
    rows = figures(tmp_path, "tools_in_view.py", "--quick", "--most", "2", "6")["rows"]
    assert [(row["tools"], row["cases"], row["most"]) for row in rows] == [
        (100, 3, 2),
        (100, 3, 6),
        (12, 3, 2),
        (12, 3, 6),
    ]
    assert all(0 <= row["exact"] <= row["tool"] <= 1 and row["steps_per_canvas"] > 0 for row in rows)
    assert all(row["in_view"] > 0 for row in rows)
