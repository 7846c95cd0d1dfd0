"""Lines typed at a terminal, with the platform's line editing and a history that outlives the program."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

try:
    import readline
except ImportError:  # Windows: its console edits lines by itself, and keeps no history
    readline = None  # type: ignore[assignment]

MOST = 1000  # lines of history that are kept


class LineEditor:
    """Reads lines, bytes that are no text as U+FFFD. On a terminal they are edited with readline, and Tab completes a
    line's first word.

    The history is in the file that `AGENTKIT_HISTORY` names, or in `~/.agentkit_history`, for its owner's eyes alone.
    Without one that can be read and written there is none.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._words = sorted(words)
        self._file: Path | None = None
        if isinstance(sys.stdin, io.TextIOWrapper) and sys.stdin.errors == "strict":
            sys.stdin.reconfigure(errors="replace")
        if readline is not None and sys.stdin.isatty():
            readline.set_auto_history(False)
            readline.set_completer_delims(" ")
            readline.set_completer(self._complete)
            libedit = "libedit" in (readline.__doc__ or "")
            readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
            self._open_history()

    def read(self, prompt: str, *, remember: bool = False) -> str:
        """The next line. Raises `EOFError` at the end of the input, and `KeyboardInterrupt`."""
        line = input(prompt)
        if remember and self._file is not None and line.strip():
            readline.add_history(line)
            with suppress(OSError):
                if hasattr(readline, "append_history_file"):
                    readline.append_history_file(1, self._file)
                else:  # libedit
                    readline.write_history_file(self._file)
        return line

    def _open_history(self) -> None:
        with suppress(OSError, RuntimeError):  # not to be read or written, or there is no home
            file = Path(os.environ.get("AGENTKIT_HISTORY") or Path.home() / ".agentkit_history")
            file.touch(mode=0o600)
            readline.set_history_length(MOST)
            readline.read_history_file(file)
            readline.write_history_file(file)  # cut to its length
            self._file = file

    def _complete(self, start: str, index: int) -> str | None:
        fitting = [word for word in self._words if start and word.startswith(start)]
        return fitting[index] if index < len(fitting) else None
