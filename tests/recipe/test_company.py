"""Several processes make one run, step for step."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from agentkit.dialects.tokenizer import Tokenizer
from agentkit_recipe.company import Company, joined
from agentkit_recipe.settings import TrainSettings
from agentkit_recipe.train import Run, train

BUNDLED = Path(__file__).parents[2] / "model/agentkit_model/bundled"
SMALL = {"steps": 2, "warmup": 1, "decay": 1, "prefixes": 1, "branches": 2, "canvases": 1, "own_samples_from": 0}


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    tokenizer = BUNDLED / "tokenizer.json"
    alone = train(
        tmp_path / "alone",
        Tokenizer.from_file(tokenizer),
        TrainSettings(**SMALL),  # type: ignore[arg-type]
        device="cpu",
        minutes=None,
        save_every=60,
    )
    options = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    start = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", "-m"]
    command = [*start, "agentkit_recipe", "train", f"--out={tmp_path / 'two'}", f"--tokenizer={tokenizer}", *options]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True)
    together = Run.resume(tmp_path / "two", Tokenizer.from_file(tokenizer))
    assert together.step == alone.step == 2
    for name, weight in alone.trained.items():
        torch.testing.assert_close(together.trained[name], weight, rtol=1e-4, atol=1e-5, msg=name)


def test_shards_are_divided_among_the_processes() -> None:
    assert [list(Company(rank, 3).share(7)) for rank in range(3)] == [[0, 3, 6], [1, 4], [2, 5]]
    with pytest.raises(ValueError, match="3 processes need as many --shards, not 2"):
        Company(0, 3).share(2)


def test_a_process_on_its_own_is_a_company_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined("cpu") as company:
        assert company.leads and company.count == 1
        assert company.any(True) and not company.any(False)
