"""Processes that are killed while they write a session; what has to hold then stands in killing.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the killed processes are forked")
def test_killed_at_any_moment_a_run_goes_on_and_nothing_is_lost_or_done_twice(tmp_path):
    script = str(Path(__file__).parent / "killing.py")
    processes = []
    for seed in range(2):
        (tmp_path / str(seed)).mkdir()
        command = [sys.executable, "-W", "error", script, str(tmp_path / str(seed)), str(seed), "110"]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    outputs = [process.communicate(timeout=280) for process in processes]
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors
    counts = [[int(count) for count in out.split()] for out, _ in outputs]
    kills, trials, unknown = map(sum, zip(*counts, strict=True))
    assert kills >= 220
    assert trials > 20
    assert unknown > 0  # some tools were under way, so the kills did strike in the middle
