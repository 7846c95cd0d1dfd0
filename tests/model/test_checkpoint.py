"""Opening checkpoints: from a folder, without the network, and what is said when something is wrong with it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from agentkit_model import CanvasPlan, CheckpointError, Engine, OutOfMemoryError, checkpoint

PLAN = CanvasPlan(seed=3, max_denoising_steps=4, t_min=0.2, t_max=0.4, entropy_bound=1.0)


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return shutil.copytree(saved, tmp_path / "copy")


def test_a_folder_gives_the_same_canvases_as_its_network(saved: Path, tiny_config: Any) -> None:
    results = []
    for engine in (Engine.from_pretrained(saved, device="cpu"), Engine.from_config(tiny_config(), device="cpu")):
        with engine, engine.sync.open(range(12)) as context, context.fill(PLAN) as canvas:
            results.append(canvas.result().entropies)
    assert results[0] == results[1]


def test_settings_come_from_the_generation_config(saved: Path) -> None:
    with Engine.from_pretrained(str(saved), device="cpu") as engine:
        assert engine.sampler.max_denoising_steps == 7
        assert engine.sampler.entropy_bound == 0.25
        assert (engine.sampler.t_min, engine.sampler.t_max) == (0.1, 0.9)
        assert engine.sampler.confidence_threshold == 0.005  # left open there: transformers' default
        assert (engine.stop_tokens, engine.pad_token) == ({1, 6, 40}, 3)


def test_a_folder_may_lack_the_generation_config(folder: Path) -> None:
    (folder / "generation_config.json").unlink()
    with Engine.from_pretrained(folder, device="cpu") as engine:
        assert engine.sampler.max_denoising_steps == 48
        assert engine.stop_tokens == {1, 5}


def test_no_network_access_for_a_folder(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("tried to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    Engine.from_pretrained(saved, device="cpu").close_sync()


def test_dtypes(saved: Path) -> None:
    with Engine.from_pretrained(saved, device="cpu", dtype=torch.bfloat16) as engine:
        assert engine.dtype == torch.bfloat16
    with pytest.raises(ValueError, match="dtype must be a floating dtype"):
        Engine.from_pretrained(saved, device="cpu", dtype="int8")


@pytest.mark.parametrize("source", ["/nowhere/at/all", "./nowhere", "nowhere", "~/no/such/folder"])
def test_no_such_folder(source: str) -> None:
    with pytest.raises(CheckpointError, match=r"no such folder. Give the folder that holds config.json, or a hub id"):
        Engine.from_pretrained(source)


def test_a_file_is_no_folder(saved: Path) -> None:
    with pytest.raises(CheckpointError, match="no such folder"):
        Engine.from_pretrained(saved / "config.json")


def test_no_config(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"config.json is missing: .* is this the right folder\?"):
        Engine.from_pretrained(folder)


def test_a_config_that_is_no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config.json cannot be read as JSON"):
        Engine.from_pretrained(folder)


def test_another_kind_of_model(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(CheckpointError, match="model_type is 'llama'; this engine runs \"diffusion_gemma\""):
        Engine.from_pretrained(folder)


def test_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model.safetensors is missing: the weights are incomplete"):
        Engine.from_pretrained(folder)


def test_a_missing_shard(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "model-2.safetensors"}}))
    with pytest.raises(CheckpointError, match=r"model-2.safetensors is missing"):
        Engine.from_pretrained(folder)


def test_a_download_that_was_cut_off(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="is not a complete safetensors file"):
        Engine.from_pretrained(folder)


def test_weights_of_another_shape(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["intermediate_size"] = 64
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="transformers could not load this checkpoint"):
        Engine.from_pretrained(folder, device="cpu")


@pytest.mark.filterwarnings("ignore")
def test_missing_weights_are_not_replaced_by_random_ones(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    name = "model.decoder.layers.1.mlp.up_proj.weight"
    del weights[name]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="weights are not in the checkpoint's files"):
        Engine.from_pretrained(folder, device="cpu")


def test_too_little_memory(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "free_memory", lambda device: 1000)
    with pytest.raises(
        OutOfMemoryError, match=r'the weights take .* GiB, but .* are free on cpu; give dtype="bfloat16"'
    ):
        Engine.from_pretrained(saved, device="cpu")


def test_prompts_without_a_causal_order_are_refused(tiny_config: Any) -> None:
    with pytest.raises(CheckpointError, match='use_bidirectional_attention="all" is not supported'):
        Engine.from_config(tiny_config(use_bidirectional_attention="all"), device="cpu")


def test_a_hub_id_is_opened_from_the_cache(saved: Path, tmp_path: Path) -> None:
    """In a process of its own, since the hub client reads its settings when it is imported."""
    snapshot = tmp_path / "models--someone--tiny" / "snapshots" / "0123"
    shutil.copytree(saved, snapshot)
    (tmp_path / "models--someone--tiny" / "refs").mkdir()
    (tmp_path / "models--someone--tiny" / "refs" / "main").write_text("0123")
    program = """
from agentkit_model import CheckpointError, Engine
with Engine.from_pretrained("someone/tiny", device="cpu") as engine:
    print(engine.canvas_length)
try:
    Engine.from_pretrained("someone/other", device="cpu")
except CheckpointError as error:
    print(error)
"""
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()[:2]
    assert int(first) > 0
    assert second.startswith("someone/other: no such folder here, and the Hugging Face hub gave no such checkpoint")
    assert done.stderr == ""  # no progress bar for what takes no time
