"""A file of JSON lines that only ever grows, so that work that was cut off can go on where it stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import IO

from agentkit.errors import UserError
from agentkit.messages import JSON

_BEGINS = b'{"index": '  # how every record begins


class Journal:
    """The records of earlier processes and of this one, by key.

    A record is an object with the `index` of the line it answers, that line's `id` where it has one, a `digest` of what
    it answers, and `made_by`, one of who does. Its key is the id, or else the index. Only one process at a time may
    write to the file.

    done     how each key was left: True for an answer, False for an error or a run that stopped
    made_by  a digest of who answers now; a record that doesn't say it may be anybody's
    """

    def __init__(self, path: Path, file: IO[bytes], made_by: str) -> None:
        self.path = path
        self.made_by = made_by
        self._file = file
        self.done: dict[str, bool] = {}
        self._digests: dict[str, tuple[str, str]] = {}
        self._heal(self._read())

    def answers(self, key: str, digest: str) -> bool:
        """Whether there is a record of this. Raises `UserError` when the key has an answer to something else, or by
        somebody else."""
        found, made_by = self._digests.get(key, ("", ""))
        if self.done.get(key) and found != digest:
            raise UserError(
                f"{self.path} has an answer to another request with {key}: give another file, or remove it."
            )
        if self.done.get(key) and made_by != self.made_by:
            raise UserError(
                f"{self.path} has an answer by another agent, deps, model, tools, instructions, seed or steps with "
                f"{key}: give another file, or remove it."
            )
        return (found, made_by) == (digest, self.made_by)

    def append(self, record: dict[str, JSON]) -> None:
        """Writes a record, whole, before it returns. A later record of the same key replaces an earlier one."""
        record = {**record, "made_by": self.made_by}
        self._file.write(json.dumps(record).encode() + b"\n")  # in ASCII: Unicode has line ends of its own
        self._file.flush()
        self._note(record)

    def _read(self) -> int:
        """Notes all whole records and says where the last of them ends."""
        end = 0
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n"):
                self._refuse_unless(line.startswith(_BEGINS) or _BEGINS.startswith(line), number)
                break
            try:
                self._note(json.loads(line))
            except (ValueError, KeyError, TypeError, RecursionError):
                self._refuse_unless(False, number)
            end += len(line)
        return end

    def _heal(self, end: int) -> None:
        """Cuts off a last line that was only half written: what it answers is not done."""
        self._file.seek(end)
        self._file.truncate()

    def _note(self, record: dict[str, JSON]) -> None:
        key = key_of(record["index"], record.get("id"))
        self.done[key] = record.get("stop_reason") == "finished"
        self._digests[key] = record["digest"], record.get("made_by", self.made_by)

    def _refuse_unless(self, ours: bool, number: int) -> None:
        if not ours:
            raise UserError(f"{self.path}, line {number}, is no record of a batch: give another file to write to.")


@contextmanager
def open_journal(path: Path, made_by: str) -> Iterator[Journal]:
    """Opens or makes the file. Raises `UserError` when it is no journal, or another process writes to it."""
    try:
        file = path.open("a+b")
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}.") from error
    with file:
        try:
            _lock(file)
        except OSError:
            raise UserError(f"Another process is writing to {path}.") from None
        file.seek(0)
        yield Journal(path, file, made_by)


def key_of(index: int, id: JSON = None) -> str:
    """What a line and its record are known by."""
    return f"index {index}" if id is None else f"id {json.dumps(id)}"


def digest_of(text: str) -> str:
    """A fingerprint of what a record answers."""
    return blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(2**40)  # a byte that nobody reads: others may not read what is locked
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
