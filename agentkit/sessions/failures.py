"""What the errors of SQLite mean to whoever keeps a session in its file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentkit.errors import SessionError, UserError

_OURS = {
    sqlite3.SQLITE_NOTADB: "is no SQLite database: give sessions a file of their own.",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: does its folder exist, and may files be made in it?",
}
"""What the developer mends."""

_GO_ON = "What was written before is safe: go on from it with run(None, session=...)."
_THEIRS = {
    sqlite3.SQLITE_BUSY: f"is locked by another program: end that one, or wait for it. {_GO_ON}",
    sqlite3.SQLITE_LOCKED: f"is locked by another program: end that one, or wait for it. {_GO_ON}",
    sqlite3.SQLITE_FULL: f"can't grow, the disk is full: make room. {_GO_ON}",
    sqlite3.SQLITE_READONLY: "may not be written: change the permissions of the file and its folder, or use another.",
    sqlite3.SQLITE_PERM: "may not be written: change the permissions of the file and its folder, or use another.",
    sqlite3.SQLITE_IOERR: f"can't be read or written, the file system failed: look after the disk. {_GO_ON}",
    sqlite3.SQLITE_CORRUPT: "is damaged: put a copy in its place, or save what is left with `sqlite3 FILE .recover`.",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raises `UserError` or `SessionError` in the place of an error of SQLite, with the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without what it says about where it happened
        if code in _OURS:
            raise UserError(f"The session file {path} {_OURS[code]}") from error
        what = _THEIRS.get(code, f"can't be used. {_GO_ON}")
        raise SessionError(f"The session file {path} {what} (SQLite: {error})") from error
