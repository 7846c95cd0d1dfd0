"""A sign of life: a file that is locked as long as its owner lives, however its owner ends.

SQLite locks files on every system it runs on, and the operating system lets go of the locks of a process that is gone.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


class SignOfLife:
    """Held from when it is made until `end()`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _locked(sqlite3.connect(path, isolation_level=None, check_same_thread=False))

    def end(self) -> None:
        self._connection.close()
        self._path.unlink(missing_ok=True)


def lives(path: Path) -> bool:
    """Whether somebody holds the sign of life at that path."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0)) as connection:
            _locked(connection)
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # otherwise there is no such file
    return False


def _locked(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA journal_mode = OFF")  # nothing is written, so there is nothing to take back
    connection.execute("BEGIN EXCLUSIVE")
    return connection
