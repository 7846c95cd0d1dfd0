"""How far the loading of a checkpoint has come, told to whoever loads it."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

from tqdm import tqdm
from transformers.utils import logging as transformers_logging

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a stage ("download" in bytes, "weights" in tensors), how much is done, and of how much; 0 is unknown."""


@contextmanager
def weights_told(progress: Progress | None) -> Iterator[None]:
    """While inside, transformers tells `progress` what it loads instead of drawing a bar. Not for two at a time."""
    if progress is None:
        yield
        return
    tell = partial(progress, "weights")
    before = transformers_logging.set_tqdm_hook(lambda _, args, options: _Bar(*args, **options, tell=tell))
    try:
        yield
    finally:
        transformers_logging.set_tqdm_hook(before)


def download_bar(progress: Progress | None) -> type[Any] | None:
    """A class for the hub client's `tqdm_class`; None, its own bar, where nobody is told."""
    if progress is None:
        return None
    tell = partial(progress, "download")

    class DownloadBar(_Bar):
        def __init__(self, *args: Any, name: str = "", **options: Any) -> None:
            counts_bytes = options.get("unit") == "B" and not name.endswith(".transfer")
            super().__init__(*args, **options, tell=tell if counts_bytes else None)

    return DownloadBar


class _Bar(tqdm):
    """A progress bar that tells its numbers to a function and draws nothing."""

    monitor_interval = 0  # tqdm's own thread would only redraw

    def __init__(self, *args: Any, tell: Callable[[int, int], None] | None, **options: Any) -> None:
        self._tell = tell
        quiet = {"file": io.StringIO(), "leave": True, "disable": False, "mininterval": 0, "miniters": 1}
        super().__init__(*args, **{**options, **quiet})

    def refresh(self, *_: Any, **__: Any) -> bool:
        """Tells; not in `display`, which tqdm calls with a lock held that an error would leave locked."""
        if self._tell is not None:
            self._tell(int(self.n), int(self.total or 0))
        return True

    def display(self, *_: Any, **__: Any) -> bool:
        return True
