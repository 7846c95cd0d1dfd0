"""Sessions in a SQLite file."""

from __future__ import annotations

import glob
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
from pydantic import ValidationError

from agentkit.calls import logger
from agentkit.errors import SessionConflict, SessionError, UserError
from agentkit.messages import read_json
from agentkit.sessions.base import Session, SessionWriter
from agentkit.sessions.entries import Entry, entry_adapter
from agentkit.sessions.failures import explained
from agentkit.sessions.lock import SignOfLife, lives
from agentkit.sessions.schema import migrate, roll_back
from agentkit.usage import UsageLimits

_PATIENCE = 30.0  # seconds to wait for others that write the same file
_PAUSE = 0.005  # seconds between two tries where SQLite doesn't wait by itself


class SqliteSession(Session):
    """A conversation in a SQLite file, which may hold any number of them.

    path           the file; it is made when it isn't there, its folder is not
    session_id     which of the file's conversations
    usage_limits   what all runs of the session may spend together

    What is written is on the disk before anything rests on it (write-ahead log, `synchronous=FULL`), so a killed
    process or a power failure loses nothing of it. Different sessions of one file may be written side by side, from any
    number of processes; a second writer of one session gets `SessionConflict`. While a run writes, a file
    `PATH-OWNER.lock` lies beside the database; symbolic links are followed, so that all find it at the same place. The
    event loop's thread never waits for the disk.

    Raises `UserError` when the file can't be opened, or belongs to a newer agentkit or to something else, and
    `SessionError` when it can't be read or written: a full disk, a lock, permissions, damage.
    """

    def __init__(
        self, path: str | os.PathLike[str], session_id: str, *, usage_limits: UsageLimits | None = None
    ) -> None:
        if str(path) in ("", ":memory:"):
            raise UserError("SqliteSession needs a file; for a session in memory, use MemorySession.")
        self.path = Path(os.path.realpath(path))
        self.session_id = session_id
        self.usage_limits = usage_limits

    async def read(self) -> Sequence[Entry]:
        return await anyio.to_thread.run_sync(self._read)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SessionWriter]:
        claim = _Claim(self)
        try:
            with anyio.CancelScope(shield=True), explained(self.path):
                writer = await anyio.to_thread.run_sync(claim.begin)
            yield writer
        finally:
            with anyio.CancelScope(shield=True):
                try:
                    await anyio.to_thread.run_sync(claim.end)
                except anyio.get_cancelled_exc_class():  # asyncio's own: no shield keeps it away
                    threading.Thread(target=claim.end).start()
                    raise

    def _read(self) -> tuple[Entry, ...]:
        with explained(self.path), closing(self.connect()) as connection:
            return self.entries(connection)

    def entries(self, connection: sqlite3.Connection) -> tuple[Entry, ...]:
        """The session's log."""
        query = "SELECT entry FROM agentkit_entries WHERE session_id = ? ORDER BY number"
        rows = connection.execute(query, (self.session_id,)).fetchall()
        return tuple(self._entry(number, text) for number, (text,) in enumerate(rows))

    def _entry(self, number: int, text: str) -> Entry:
        try:
            return read_json(entry_adapter(), text)
        except ValidationError as error:
            wrong = error.errors()[0]
            cause = "a newer agentkit wrote it, or somebody else. Upgrade agentkit"
            if wrong["type"] == "json_invalid":
                cause = "it is damaged. Put a copy of the file in its place"
            raise SessionError(
                f"Entry {number} of {self!r} can't be read: {cause}, or use another session. ({wrong['msg']})"
            ) from error

    def connect(self) -> sqlite3.Connection:
        """An open connection to the file, in its present layout."""
        connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous = FULL")
            migrate(connection, str(self.path))
        except BaseException:
            connection.close()
            raise
        return connection

    def lock_path(self, owner: str) -> Path:
        """Where a writer shows that it lives."""
        return self.path.with_name(f"{self.path.name}-{owner}.lock")

    def __repr__(self) -> str:
        return f"SqliteSession({str(self.path)!r}, {self.session_id!r})"


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Has the file written by a write-ahead log.

    Where others open a new file or close one at the same moment, SQLite gives this up at once, however long it may
    wait otherwise (https://www.sqlite.org/c3ref/busy_handler.html: where waiting could be in vain).
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(_PAUSE)


class _Claim:
    """A session in the hands of a run, until that ends it: even before the thread that claims the session is done."""

    def __init__(self, session: SqliteSession) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._ended = False
        self._writer: _Writer | None = None

    def begin(self) -> _Writer:
        writer = _Writer(self._session)
        with self._lock:
            self._writer = writer
        if self._ended:  # nobody waits for it any more
            self.end()
        return writer

    def end(self) -> None:
        """Gives the session up, once, however often it is called."""
        with self._lock:
            self._ended = True
            writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()


class _Writer:
    """The one that may write a session. All methods but `append` block."""

    def __init__(self, session: SqliteSession) -> None:
        self._session = session
        self._owner = uuid.uuid4().hex
        self._lock = threading.Lock()  # tools of one turn finish side by side
        with ExitStack() as failed:
            self._connection = failed.enter_context(closing(session.connect()))
            with self._transaction():
                self._sign = self._claim()
                failed.callback(self._sign.end)
            self.entries: Sequence[Entry] = session.entries(self._connection)
            failed.pop_all()

    async def append(self, entries: Sequence[Entry]) -> None:
        with explained(self._session.path):
            await anyio.to_thread.run_sync(self._append, entries)

    def close(self) -> None:
        """Gives the session up."""
        release = "UPDATE agentkit_sessions SET owner = NULL WHERE session_id = ? AND owner = ?"
        with self._lock:
            try:
                with self._transaction():
                    self._connection.execute(release, (self._session.session_id, self._owner))
            except sqlite3.Error as error:  # its name stays there, and is in nobody's way once its sign of life ends
                logger.warning("%r could not be given up in good order: %s", self._session, error)
            finally:
                self._connection.close()
                self._sign.end()

    def _append(self, entries: Sequence[Entry]) -> None:
        with self._lock, self._transaction():
            if self._present_owner() != self._owner:
                raise SessionConflict(repr(self._session))
            insert = "INSERT INTO agentkit_entries (session_id, number, entry) VALUES (?, ?, ?)"
            for number, entry in enumerate(entries, self._next_number()):
                text = entry_adapter().dump_json(entry).decode()
                self._connection.execute(insert, (self._session.session_id, number, text))

    def _next_number(self) -> int:
        """The number of the next entry, as the file has it: what was taken back leaves no gap."""
        query = "SELECT coalesce(max(number) + 1, 0) FROM agentkit_entries WHERE session_id = ?"
        (number,) = self._connection.execute(query, (self._session.session_id,)).fetchone()
        return int(number)

    def _claim(self) -> SignOfLife:
        """Becomes the owner, unless there is one that lives; what the dead have left is taken away."""
        before = self._present_owner()
        if before is not None and lives(self._session.lock_path(before)):
            raise SessionConflict(repr(self._session))
        for path in self._session.path.parent.glob(f"{glob.escape(self._session.path.name)}-*.lock"):
            if not lives(path):
                path.unlink(missing_ok=True)
        claim = "INSERT INTO agentkit_sessions VALUES (?, ?) ON CONFLICT DO UPDATE SET owner = excluded.owner"
        self._connection.execute(claim, (self._session.session_id, self._owner))
        return SignOfLife(self._session.lock_path(self._owner))

    def _present_owner(self) -> str | None:
        query = "SELECT owner FROM agentkit_sessions WHERE session_id = ?"
        row = self._connection.execute(query, (self._session.session_id,)).fetchone()
        return None if row is None else row[0]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Writes all or nothing, alone in the file."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            roll_back(self._connection)
            raise
