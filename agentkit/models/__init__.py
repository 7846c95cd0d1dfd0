"""Models that agents can talk to, and the way from a name to one."""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from importlib import import_module

from agentkit.errors import ModelNotFoundError
from agentkit.models.allowed import check_allowed
from agentkit.models.base import Model, Progress

_lock = threading.Lock()
_opening: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_loaded: weakref.WeakValueDictionary[str, Model] = weakref.WeakValueDictionary()
_bundled: list[Model] = []


def load_model(name: str, *, progress: Progress | None = None) -> Model:
    """The model of that name; one per process, shared by all who ask while anybody holds it.

    "bundled" is the model that ships with agentkit; anything else is a local folder or hub id of a diffusion
    checkpoint. May take long: it reads weights, and `progress` is told how far it has come. Raises
    `ModelNotFoundError` where there is no such checkpoint, and what the engine raises where it has no room for one.
    """
    check_allowed(name)
    with _lock:
        opening = _opening[name]
    with opening:  # models of other names need not wait
        model = _loaded.get(name)
        if model is None:
            model = _loaded[name] = _open(name, progress)
        if name == "bundled" and not _bundled:
            _bundled.append(model)
        return model


def _open(name: str, progress: Progress | None) -> Model:
    if name == "bundled":
        bundled: Model = import_module("agentkit.bundled").load(progress)
        return bundled
    if name.startswith("openai:"):
        raise ModelNotFoundError(
            f"{name!r}: servers that speak the OpenAI protocol can't be used as models yet. Use 'bundled', a folder or "
            f"hub id of a diffusion checkpoint, or a Model object."
        )
    if not name.strip():
        raise ModelNotFoundError("The model's name is empty: use 'bundled', a folder, a hub id, or a Model object.")
    opened: Model = import_module("agentkit.models.diffusion").DiffusionModel.from_pretrained(name, progress=progress)
    return opened
