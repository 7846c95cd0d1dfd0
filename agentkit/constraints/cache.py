"""Arrays kept on disk from one run to the next.

They are kept in the folder that `AGENTKIT_CACHE` names, or else in the platform's cache folder. What is there can be
deleted at any time. A cache that cannot be read or written is never an error: what it should have held is made again.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
"""Part of every file's name; another number makes older files count for nothing."""

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


def cached(key: str, make: Callable[[], Arrays]) -> Arrays:
    """What was made for this key before, else what `make` gives, which is then kept.

    Args:
        key: names all that the arrays depend on, in characters that can stand in a file's name.
    """
    try:
        path = folder() / f"{key}-{FORMAT}.npz"
    except RuntimeError:  # there is no home
        return make()
    found = _read(path)
    if found is None:
        found = make()
        _write(path, found)
    return found


def folder() -> Path:
    """Where arrays are kept. Raises `RuntimeError` when the user's home cannot be found."""
    named = os.environ.get("AGENTKIT_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "agentkit"


def _read(path: Path) -> Arrays | None:
    """The arrays of a file; None where there is none, or one that is damaged (each array has its checksum)."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError, EOFError, BadZipFile):
        return None


def _write(path: Path, arrays: Arrays) -> None:
    """Writes a file at once: nobody ever reads half of it."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
