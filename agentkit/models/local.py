"""Which diffusion checkpoints are on this machine: the bundled one, the Hugging Face cache's, and folders by name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentkit import bundled
from agentkit.errors import ModelNotFoundError

MODEL_TYPE = "diffusion_gemma"


@dataclass(frozen=True)
class LocalModel:
    """A checkpoint that can be opened. `canvas`, `vocabulary` and `context` are in tokens."""

    name: str
    folder: Path
    parameters: int | None
    canvas: int
    vocabulary: int
    context: int

    @property
    def size(self) -> str:
        count = self.parameters
        if count is None:
            return "?"
        return f"{count / 1e9:.1f} B" if count >= 1e9 else f"{count / 1e6:.2f} M"


def local_models(folders: Iterable[Path] = ()) -> list[LocalModel]:
    """The checkpoints found, without those of the cache whose configuration says too little.

    Raises `ModelNotFoundError` for a folder of `folders` that holds none.
    """
    found = [inspect("bundled", bundled.folder())]
    for folder in folders:
        if not is_checkpoint(folder):
            raise ModelNotFoundError(f"{folder} holds no config.json of a DiffusionGemma checkpoint.")
        found.append(inspect(str(folder), folder))
    for name, folder in cached():
        with suppress(ModelNotFoundError):
            found.append(inspect(name, folder))
    return found


def cached() -> Iterator[tuple[str, Path]]:
    """Hub ids and folders of the DiffusionGemma checkpoints in the Hugging Face cache."""
    for repository in sorted(_hub_cache().glob("models--*")):
        for snapshot in sorted(repository.glob("snapshots/*")):
            if is_checkpoint(snapshot):
                yield repository.name.removeprefix("models--").replace("--", "/"), snapshot


def _hub_cache() -> Path:
    """Where `huggingface_hub` puts what it downloads, found as it does, since it need not be installed."""
    given = os.environ.get
    home = given("HF_HOME") or os.path.join(given("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    root = given("HF_HUB_CACHE") or given("HUGGINGFACE_HUB_CACHE") or os.path.join(home, "hub")
    return Path(os.path.expandvars(os.path.expanduser(root)))


def is_checkpoint(folder: Path) -> bool:
    try:
        return bool(read_config(folder).get("model_type") == MODEL_TYPE)
    except (OSError, ValueError):
        return False


def inspect(name: str, folder: Path) -> LocalModel:
    """What a checkpoint says of itself. Raises `ModelNotFoundError` if its configuration lacks some of it."""
    config = read_config(folder)
    try:
        canvas, text = config["canvas_length"], config["text_config"]
        vocabulary, context = text["vocab_size"], text["max_position_embeddings"]
    except (KeyError, TypeError) as error:
        raise ModelNotFoundError(f"{folder / 'config.json'} is no whole configuration: {error!r}.") from error
    return LocalModel(name, folder, _parameters(folder), canvas, vocabulary, context)


def _parameters(folder: Path) -> int | None:
    """How many there are; None where there are no weights, or none that can be read."""
    try:
        return sum(map(count_parameters, folder.glob("*.safetensors"))) or None
    except (OSError, ValueError):
        return None


def count_parameters(file: Path) -> int:
    """How many numbers a safetensors file holds, read from its header alone. Raises `ValueError` if it is none."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header: dict[str, Any] = json.loads(stream.read(min(length, file.stat().st_size)))
    total = 0
    for key, entry in header.items():
        if key != "__metadata__":
            size = 1
            for extent in entry["shape"]:
                size *= extent
            total += size
    return total


def read_config(folder: Path) -> dict[str, Any]:
    """A checkpoint's configuration. Raises `OSError` or `ValueError` when there is none."""
    config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise ValueError(f"{folder / 'config.json'} holds no object.")
    return config
