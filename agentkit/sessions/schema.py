"""The tables of a session database, and the way from every released layout to the present one."""

from __future__ import annotations

import sqlite3

from agentkit.errors import UserError

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE agentkit_sessions (
            session_id TEXT PRIMARY KEY,
            owner TEXT                    -- of the run that writes; NULL when none does
        ) STRICT
        """,
        """
        CREATE TABLE agentkit_entries (
            session_id TEXT NOT NULL REFERENCES agentkit_sessions,
            number INTEGER NOT NULL,      -- 0, 1, ... within the session
            written_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            entry TEXT NOT NULL,          -- JSON, see agentkit.sessions.entries
            PRIMARY KEY (session_id, number)
        ) STRICT, WITHOUT ROWID
        """,
    ),
)
"""Number n takes a database from version n to version n + 1. What was released is never changed, only added to."""


def migrate(connection: sqlite3.Connection, where: str) -> None:
    """Brings a database to the present version, in one transaction.

    Raises `UserError` when it is newer than this program, or no database of sessions at all.
    """
    present = len(MIGRATIONS)
    if _version(connection, where) == present:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, where)  # another process may have been faster
        if version > present:
            raise UserError(
                f"{where} has version {version} of the session tables, and this agentkit knows versions up to "
                f"{present}: upgrade agentkit, or use another file."
            )
        if version == 0:
            connection.execute("CREATE TABLE agentkit_schema (version INTEGER NOT NULL) STRICT")
            connection.execute("INSERT INTO agentkit_schema VALUES (0)")
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute("UPDATE agentkit_schema SET version = ?", (present,))
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """Takes a transaction back, unless SQLite did so by itself, as it does when the disk is full."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, where: str) -> int:
    """0 for an empty database."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if "agentkit_schema" in tables:
        row = connection.execute("SELECT version FROM agentkit_schema").fetchone()
        return int(row[0])
    if tables:
        others = ", ".join(sorted(tables))
        raise UserError(f"{where} is a database of something else ({others}): give sessions a file of their own.")
    return 0
