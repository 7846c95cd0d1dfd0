from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, DiffusionGemmaForBlockDiffusion

from agentkit import ModelSettings
from agentkit.bundled import folder
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.models.calibration import Calibration
from agentkit.models.defaults import Defaults, read_defaults, write_defaults
from agentkit_model import Engine
from agentkit_recipe.__main__ import main
from agentkit_recipe.export import blend
from agentkit_recipe.settings import TrainSettings
from agentkit_recipe.train import Run


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer, tokenizer_file: Path) -> Path:
    """A run of one step, exported by the command line over an earlier checkpoint that was calibrated."""
    root = tmp_path_factory.mktemp("export")
    (root / "model").mkdir()
    earlier = Defaults(settings=ModelSettings(max_tools=3), calibration=Calibration((0.5,), (0.4,)))
    write_defaults(root / "model", earlier)
    settings = TrainSettings(steps=1, prefixes=1, branches=2, drill_steps=0)
    run = Run(root / "run", tokenizer, settings, "cpu")
    run.train_step()
    run.save()
    command = ["export", "--run", str(root / "run"), "--tokenizer", str(tokenizer_file), "--out", str(root / "model")]
    assert main(command) == 0
    return root / "model"


def test_the_engine_opens_it_with_its_settings(checkpoint: Path, tokenizer: Tokenizer) -> None:
    with Engine.from_pretrained(checkpoint, device="cpu") as engine:
        assert engine.canvas_length == 48 and engine.vocab_size == tokenizer.vocab_size
        assert engine.stop_tokens == {tokenizer.control[name] for name in ("<eos>", "<turn|>", "<|tool_response>")}
        assert (engine.sampler.t_max, engine.sampler.t_min, engine.sampler.entropy_bound) == (0.8, 0.4, 0.1)


def test_a_calibration_of_other_weights_is_dropped(checkpoint: Path) -> None:
    assert read_defaults(checkpoint) == Defaults(settings=ModelSettings(max_tools=3))


def test_it_is_a_checkpoint_of_the_class_of_transformers(checkpoint: Path, tokenizer: Tokenizer) -> None:
    model = DiffusionGemmaForBlockDiffusion.from_pretrained(checkpoint)
    assert model.dtype == torch.bfloat16
    theirs = AutoTokenizer.from_pretrained(checkpoint)
    assert theirs.encode("Add milk", add_special_tokens=False) == tokenizer.encode("Add milk")
    assert theirs.pad_token_id == tokenizer.control["<pad>"]


def test_it_can_be_evaluated(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    assert main(["evaluate", "--model", str(checkpoint), "--cases", "2", "--sets", "known", "--json", str(report)]) == 0
    assert "known" in capsys.readouterr().out
    assert '"cases": 2' in report.read_text()


def test_a_run_can_begin_with_its_weights(checkpoint: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    run = Run(tmp_path, tokenizer, TrainSettings(seed=7), "cpu")
    run.start_from(checkpoint)
    stored = dict(DiffusionGemmaForBlockDiffusion.from_pretrained(checkpoint).named_parameters())
    assert all(torch.equal(weight, stored[name].float()) for name, weight in run.trained.items())
    assert all(torch.equal(weight, run.trained[name]) for name, weight in run.average.items())


def test_a_run_can_be_blended_with_what_it_began_with(
    checkpoint: Path, tokenizer: Tokenizer, tokenizer_file: Path, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run", tokenizer, TrainSettings(seed=7), "cpu")
    run.save()
    command = [
        "export",
        "--run",
        str(tmp_path / "run"),
        "--tokenizer",
        str(tokenizer_file),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*command, "--blend", str(checkpoint), "--share", "0.25"]) == 0
    began, blended = (
        dict(DiffusionGemmaForBlockDiffusion.from_pretrained(folder, dtype=torch.float32).named_parameters())
        for folder in (checkpoint, tmp_path / "out")
    )
    for name, weight in run.trained.items():
        torch.testing.assert_close(blended[name], 0.75 * weight + 0.25 * began[name], atol=1e-2, rtol=1e-2)


def test_only_shares_and_like_architectures_blend(checkpoint: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    run = Run(tmp_path, tokenizer, TrainSettings(), "cpu")
    with pytest.raises(ValueError, match=r"from 0 to 1, not 1\.5"):
        blend(run.model, checkpoint, 1.5)
    with pytest.raises(ValueError, match="another architecture"):
        blend(run.model, folder(), 0.5)
