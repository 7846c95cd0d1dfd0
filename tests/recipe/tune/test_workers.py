"""Several processes make the steps of one tuning, as one does."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from agentkit import Tool
from agentkit.bundled import folder as bundled_folder
from agentkit.dialects.tokenizer import Tokenizer
from agentkit_recipe.settings import Speed, TrainSettings
from agentkit_recipe.tune.run import TuneRun, one_thread_a_shard
from agentkit_recipe.tune.tool import Example, OwnTool
from agentkit_recipe.tune.workers import hired, mapped


def fire_kiln(degrees: int) -> str:
    """Start the kiln."""
    return "heating"


def make(folder: Path, shards: int) -> TuneRun:
    settings = TrainSettings(warmup=1, shards=shards, prefixes=1, branches=2, canvases=1, own_samples_from=0)
    tools = (OwnTool(Tool(fire_kiln).definition, [Example("kiln: 900", {"degrees": 900})]),)
    tokenizer = Tokenizer.from_pretrained(bundled_folder())
    run = TuneRun(folder, tokenizer, settings, tools, refused=(), budget=100.0)
    run.start_from(bundled_folder())
    return run


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    alone, together = make(tmp_path / "alone", 2), make(tmp_path / "together", 2)
    with one_thread_a_shard(), hired(together, bundled_folder() / "tokenizer.json", Speed()) as together.workers:
        for _ in range(2):
            told = together.train_step()
            shards = list(map(alone.shard_step, range(2)))
            alone.shard_steps = lambda shards=shards: shards  # type: ignore[method-assign, misc]
            assert told == pytest.approx(alone.train_step(), rel=1e-4)
        (worker,) = together.workers.workers
        assert worker.process.poll() is None
    assert worker.process.poll() is not None
    for name, weight in alone.trained.items():
        torch.testing.assert_close(together.trained[name], weight, rtol=1e-4, atol=1e-5, msg=name)
    together.save()  # the weights outlive the workers
    kept = make(tmp_path / "together", 2)
    assert kept.load() and kept.step == 2


@pytest.mark.skipif(sys.platform == "win32", reason="processes there have no such signals")
def test_ctrl_c_is_not_the_workers_and_one_that_is_gone_is_told(tmp_path: Path) -> None:
    run = make(tmp_path, 2)
    with one_thread_a_shard(), hired(run, bundled_folder() / "tokenizer.json", Speed()) as run.workers:
        run.train_step()
        process = run.workers.workers[0].process
        os.kill(process.pid, signal.SIGINT)
        run.train_step()
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match=r"ended with status -9; .* fewer --threads"):
            for _ in range(2):  # the first may still be written to the pipe
                run.train_step()


def test_a_worker_ends_with_its_pipe(tmp_path: Path) -> None:
    start = [sys.executable, "-P", "-c", "from agentkit_recipe.tune.workers import main; main()"]
    (tmp_path / "torch.py").write_text("raise SystemExit('of the folder at hand')")
    ended = subprocess.run(start, input=b"", capture_output=True, cwd=tmp_path, timeout=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_tensors_in_a_file_are_seen_by_all_who_map_it(tmp_path: Path) -> None:
    shapes = [torch.Size([]), torch.Size([3, 5]), torch.Size([2])]
    mine, theirs = mapped(tmp_path / "file", shapes), mapped(tmp_path / "file", shapes)
    for number, tensor in enumerate(mine):
        tensor.fill_(number + 1)
    assert [tensor.shape for tensor in theirs] == shapes
    assert [tensor.unique().tolist() for tensor in theirs] == [[1.0], [2.0], [3.0]]
