"""Finding out whether something is a DiffusionGemma checkpoint, whether it fits, and loading it."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion
from transformers.utils import logging as transformers_logging

from agentkit_model import quantize
from agentkit_model.errors import CheckpointError, OutOfMemoryError
from agentkit_model.progress import Progress, download_bar, weights_told
from agentkit_model.quantize import Quantization
from agentkit_model.sampler import SamplerSettings

MODEL_TYPE = "diffusion_gemma"
VISION = (
    "model.encoder.vision_tower.",
    "model.encoder.embed_vision.",
)  # not used by the engine, so they may be missing
LONG_LOAD = 2**30  # bytes of weights from which on loading shows a progress bar
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
_LOADING = threading.Lock()  # transformers builds one network at a time: what it patches meanwhile is the process's
ITEM_SIZES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1}


def load(
    source: str | Path,
    *,
    device: str | torch.device,
    dtype: str | torch.dtype,
    quantization: Quantization | None = None,
    progress: Progress | None = None,
) -> DiffusionGemmaForBlockDiffusion:
    """Loads the network from a folder or from the hub; see `Engine.from_pretrained` for the errors."""
    target = choose_device(device)
    if quantization is not None:
        quantize.check(quantization, target)
    folder = Path(source).expanduser()
    chosen = choose_dtype(dtype, target, "auto" if target.type != "cpu" else torch.float32)
    if not folder.is_dir():
        if folder.exists() or not _may_be_hub_id(str(source)):
            raise CheckpointError(
                f"{source}: no such folder. Give the folder that holds config.json, or a hub id (owner/name)"
            )
        folder = download(str(source), progress)
    # Weights that are quantised come to the host first, whole.
    size = check_folder(folder, chosen, target if quantization is None else torch.device("cpu"))
    if quantization is not None and target.type != "cpu":
        kept = chosen if isinstance(chosen, torch.dtype) else torch.bfloat16
        needed = quantize.weight_bytes(DiffusionGemmaConfig.from_pretrained(str(folder)), quantization, kept)
        check_memory(folder, needed, target)
    try:
        with _LOADING, _progress_bar(size >= LONG_LOAD), weights_told(progress):
            model, report = DiffusionGemmaForBlockDiffusion.from_pretrained(
                str(folder),
                dtype=chosen,
                attn_implementation="sdpa",
                local_files_only=True,
                output_loading_info=True,
            )
    except Exception as error:  # transformers, safetensors and the hub client each raise their own kinds
        raise CheckpointError(f"{source}: transformers could not load this checkpoint: {error}") from error
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(VISION))
    if missing:
        raise CheckpointError(
            f"{source}: {len(missing)} weights are not in the checkpoint's files, the first: {missing[0]}"
        )
    return place(model, target, quantization)


def place(
    model: DiffusionGemmaForBlockDiffusion, device: torch.device, quantization: Quantization | None
) -> DiffusionGemmaForBlockDiffusion:
    """The network on the device, quantised on the way there where that is asked for."""
    if quantization is not None:
        quantize.quantize(model, quantization, device)
    return model.to(device)


def random_model(
    config: DiffusionGemmaConfig,
    *,
    seed: int,
    device: str | torch.device,
    dtype: str | torch.dtype,
    quantization: Quantization | None = None,
) -> DiffusionGemmaForBlockDiffusion:
    """A network with weights drawn from the seed on the CPU."""
    target = choose_device(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = DiffusionGemmaForBlockDiffusion(config)
    return place(model.to(choose_dtype(dtype, target, torch.float32)), target, quantization)


def choose_device(device: str | torch.device) -> torch.device:
    if device != "auto":
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def choose_dtype(dtype: str | torch.dtype, device: torch.device, default: Any) -> Any:
    """The dtype asked for; "auto" gives the default. MPS has no float64."""
    if dtype == "auto":
        return default
    chosen = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(chosen, torch.dtype) or not chosen.is_floating_point:
        raise ValueError(f'dtype must be a floating dtype such as "float32" or torch.bfloat16, not {dtype!r}')
    if device.type == "mps" and chosen == torch.float64:
        raise ValueError("MPS devices have no float64; use float32")
    return chosen


# -- what the checkpoint says about sampling


def sampler_settings(model: DiffusionGemmaForBlockDiffusion) -> SamplerSettings:
    """The checkpoint's generation config; what it leaves open is filled with transformers' defaults."""
    generation: Any = model.generation_config
    names = ("max_denoising_steps", "t_min", "t_max", "stability_threshold", "confidence_threshold")
    given = {name: value for name in names if (value := getattr(generation, name, None)) is not None}
    if (sampler := getattr(generation, "sampler_config", None)) is not None:
        given["entropy_bound"] = sampler.entropy_bound
    return SamplerSettings(**given)


def stop_tokens(model: DiffusionGemmaForBlockDiffusion) -> frozenset[int]:
    ids = model.generation_config.eos_token_id
    if ids is None:
        ids = model.config.text_config.eos_token_id
    return frozenset([ids] if isinstance(ids, int) else ids or ())


def pad_token(model: DiffusionGemmaForBlockDiffusion) -> int:
    candidates = (model.generation_config.pad_token_id, model.config.text_config.pad_token_id)
    return next((int(token) for token in candidates if token is not None), 0)


# -- checks before anything is loaded


def download(source: str, progress: Progress | None = None) -> Path:
    """The folder of a hub id's files: from the Hugging Face cache, or from the hub. The small files come first, so that
    another kind of model is refused before its weights are fetched."""
    try:
        bar = download_bar(progress)
        check_config(Path(snapshot_download(source, allow_patterns=["*.json"], tqdm_class=bar)))
        return Path(snapshot_download(source, allow_patterns=["*.json", "*.safetensors", "*.jinja"], tqdm_class=bar))
    except CheckpointError:
        raise
    except Exception as error:  # the hub client's own kinds, and those of the network below it
        raise CheckpointError(
            f"{source}: no such folder here, and the Hugging Face hub gave no such checkpoint: {error}"
        ) from error


def check_config(folder: Path) -> None:
    """Raises CheckpointError if the folder's configuration is not that of a DiffusionGemma."""
    config = _read_json(folder / "config.json", "a checkpoint folder has one; is this the right folder?")
    if config.get("model_type") != MODEL_TYPE:
        raise CheckpointError(
            f'{folder / "config.json"}: model_type is {config.get("model_type")!r}; this engine runs "{MODEL_TYPE}"'
        )


def check_folder(folder: Path, dtype: Any, device: torch.device) -> int:
    """The bytes that the folder's weights take in that dtype; raises CheckpointError or OutOfMemoryError if they
    cannot be loaded onto that device."""
    check_config(folder)
    needed = sum(_size(file, dtype) for file in _weight_files(folder))
    check_memory(folder, needed, device)
    return needed


def check_memory(folder: Path, needed: int, device: torch.device) -> None:
    """Raises OutOfMemoryError if the device has less memory free than the folder's weights need."""
    free = free_memory(device)
    if free is not None and needed > free:
        raise OutOfMemoryError(
            f"{folder}: the weights take {needed / 2**30:.1f} GiB, but {free / 2**30:.1f} GiB are free on {device}; "
            'give dtype="bfloat16" if that is not the dtype already, or quantization="int8", "int4" or "float8", free '
            "memory, or use another device"
        )


@contextmanager
def _progress_bar(shown: bool) -> Iterator[None]:
    """Loading shows transformers' progress bar only where it takes long and somebody is at the terminal."""
    if (shown and sys.stderr.isatty()) or not transformers_logging.is_progress_bar_enabled():
        yield
        return
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.enable_progress_bar()


def free_memory(device: torch.device) -> int | None:
    """Bytes free on the device, or None where the system does not tell."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _may_be_hub_id(source: str) -> bool:
    return not source.startswith((".", "/", "~", "\\")) and source.count("/") == 1 and ":" not in source


def _read_json(file: Path, hint: str) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{file} is missing: {hint}") from None
    except (ValueError, OSError) as error:
        raise CheckpointError(f"{file} cannot be read as JSON ({error}); copy or download it again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{file} does not hold a JSON object; copy or download it again")
    return content


def _weight_files(folder: Path) -> list[Path]:
    if (folder / INDEX).exists():
        shards = _read_json(folder / INDEX, "").get("weight_map", {})
        files = sorted({folder / name for name in shards.values()})
    else:
        files = [folder / WEIGHTS]
    for file in files:
        if not file.is_file():
            raise CheckpointError(
                f"{file} is missing: the weights are incomplete; copy or download the checkpoint again"
            )
    return files


def _size(file: Path, dtype: Any) -> int:
    """Bytes of a safetensors file's weights once they are in that dtype, from the file's header alone."""
    total = os.path.getsize(file)
    try:
        with file.open("rb") as stream:
            count = int.from_bytes(stream.read(8), "little")
            if not 2 <= count <= total - 8:
                raise ValueError(f"a header of {count} bytes in a file of {total}")
            header = json.loads(stream.read(count))
        header.pop("__metadata__", None)
        spans = [(entry["dtype"], *entry["data_offsets"]) for entry in header.values()]
        if spans and max(end for _, _, end in spans) != total - 8 - count:
            raise ValueError("the file is cut off or too long")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{file} is not a complete safetensors file ({error}); copy or download it again"
        ) from error
    if not isinstance(dtype, torch.dtype):
        return total
    return sum((end - start) * dtype.itemsize // ITEM_SIZES.get(kind, dtype.itemsize) for kind, start, end in spans)
