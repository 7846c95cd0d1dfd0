import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from agentkit.dialects.tokenizer import Tokenizer
from agentkit_recipe.settings import TrainSettings
from agentkit_recipe.train import Run, train

SETTINGS = TrainSettings(steps=6, warmup=2, decay=2, prefixes=1, branches=2, canvases=2, own_samples_from=1)


def trained(folder: Path, tokenizer: Tokenizer, **changes: float) -> Run:
    return train(folder, tokenizer, replace(SETTINGS, **changes), device="cpu", minutes=None, save_every=60)


def test_a_run_that_was_cut_goes_on_exactly(tmp_path: Path, tokenizer: Tokenizer) -> None:
    whole = trained(tmp_path / "whole", tokenizer)
    cut = Run(tmp_path / "cut", tokenizer, SETTINGS, "cpu")
    for _ in range(3):
        cut.train_step()
    cut.save()
    resumed = trained(tmp_path / "cut", tokenizer)
    assert resumed.step == whole.step == 6
    for name, weight in whole.trained.items():
        assert torch.equal(weight, resumed.trained[name]), name
        assert torch.equal(whole.average[name], resumed.average[name]), name


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_end_keeps_its_steps(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    step = Run.train_step

    def told_in_the_second_step(run: Run) -> dict[str, float]:
        if run.step == 1:
            signal.raise_signal(number)
        return step(run)

    monkeypatch.setattr(Run, "train_step", told_in_the_second_step)
    handler = signal.getsignal(number)
    assert trained(tmp_path, tokenizer).step == 2
    assert Run.resume(tmp_path, tokenizer).step == 2
    assert signal.getsignal(number) is handler


def test_a_run_may_be_in_any_thread(tmp_path: Path, tokenizer: Tokenizer) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(trained, tmp_path, tokenizer).result().step == 6


def test_a_few_steps_lower_the_loss(tmp_path: Path, tokenizer: Tokenizer) -> None:
    # without drills, which are harder than other packs
    alike = replace(SETTINGS, steps=30, warmup=5, shards=1, branches=4, pair_share=0.0)
    run = Run(tmp_path, tokenizer, alike, "cpu")
    losses = [run.train_step()["loss"] for _ in range(30)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_the_learning_rate_rises_stays_and_falls(tmp_path: Path, tokenizer: Tokenizer) -> None:
    run = Run(tmp_path, tokenizer, replace(SETTINGS, steps=10, warmup=2, decay=4), "cpu")
    rates = []
    for run.step in range(10):
        rates.append(round(run.schedule(), 3))
    assert rates == [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]


def test_resuming_without_a_checkpoint_says_so(tmp_path: Path, tokenizer: Tokenizer) -> None:
    with pytest.raises(FileNotFoundError, match="train there first"):
        Run.resume(tmp_path, tokenizer)


def test_declarations_may_be_left_out_of_what_is_learned(tmp_path: Path, tokenizer: Tokenizer) -> None:
    def causal(weight: float) -> float:
        run = Run(tmp_path, tokenizer, replace(SETTINGS, drill_steps=0, declaration_weight=weight), "cpu")
        return run.shard_step(0)[1]["causal"]

    assert causal(0.0) != causal(1.0) and causal(1e-6) == pytest.approx(causal(0.0), rel=1e-3)
