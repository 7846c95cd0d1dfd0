"""Notes kept in an SQLite file."""

import os
import sqlite3
import threading
import unicodedata
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from agentkit import ModelRetry, ToolFailed

_SCHEMA = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, folded TEXT NOT NULL)"
MAX_QUERY = 1000


class Notes:
    """Notes that a model can save, find and list: `Agent(tools=[*Notes("notes.db").tools])`.

    Any number of threads and processes may use the same file. All text is bound as a parameter and searched for
    literally, so neither SQL nor wildcards in it have a meaning.

    Args:
        path: The SQLite file, made now if it does not exist; ":memory:" keeps the notes until `close`.
        max_length: Characters a note may have.
        max_notes: Notes that can be saved.
        max_results: Notes that one call returns, the newest ones.
        timeout: Seconds to wait while another process writes.

    Raises:
        ValueError: The file cannot be opened, or is no SQLite database.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_length: int = 10_000,
        max_notes: int = 10_000,
        max_results: int = 100,
        timeout: float = 10.0,
    ) -> None:
        self.path = str(path)
        if not self.path:
            raise ValueError('the path of the notes is empty: name a file, or ":memory:"')
        if self.path != ":memory:":
            self.path = os.path.abspath(self.path)  # the same file wherever the program goes
        self.max_length = max_length
        self.max_notes = max_notes
        self.max_results = max_results
        self.timeout = timeout
        self._lock = threading.Lock()
        self._memory = self._connect(":memory:") if self.path == ":memory:" else None
        if self._memory is not None:
            weakref.finalize(self, self._memory.close)
        try:
            with self._transaction("opened") as connection:
                connection.execute(_SCHEMA)
        except ToolFailed as error:
            raise ValueError(f"cannot use {self.path!r} for notes: {error}") from error

    @property
    def tools(self) -> list[Callable[..., Any]]:
        """The functions to hand to an agent."""
        return [self.add_note, self.find_notes, self.list_notes]

    def add_note(self, text: str) -> str:
        """Save a note.

        Args:
            text: The text of the note.
        """
        if not text.strip():
            raise ModelRetry("the text is empty: write what to note", argument="text")
        if len(text) > self.max_length:
            raise ModelRetry(f"the text is too long: at most {self.max_length} characters", argument="text")
        _check(text, "text")
        with self._transaction("saved") as connection:
            (count,) = connection.execute("SELECT count(*) FROM notes").fetchone()
            if count >= self.max_notes:
                raise ToolFailed(f"the notes are full: there are {count}")
            row = connection.execute("INSERT INTO notes (text, folded) VALUES (?, ?)", (text, _fold(text)))
            return f"Saved note {row.lastrowid}."

    def find_notes(self, query: str) -> list[str]:
        """Find saved notes that contain some words.

        Args:
            query: Words to look for.
        """
        if len(query) > MAX_QUERY:
            raise ModelRetry(f"the query is too long: at most {MAX_QUERY} characters", argument="query")
        _check(query, "query")
        words = list(dict.fromkeys(_fold(query).split()))
        if not words:
            raise ModelRetry("the query is empty: write words to look for", argument="query")
        if len(words) > 20:
            raise ModelRetry("the query has too many words: at most 20", argument="query")
        every = " AND ".join("instr(folded, ?)" for _ in words)
        some = " OR ".join("instr(folded, ?)" for _ in words)
        return self._select(f"WHERE {every}", words) or self._select(f"WHERE {some}", words)

    def list_notes(self) -> list[str]:
        """List all saved notes."""
        return self._select("", [])

    def close(self) -> None:
        """Drop the notes kept in memory; notes in a file stay, and need no closing."""
        with self._lock:
            if self._memory is not None:
                self._memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _select(self, where: str, words: list[str]) -> list[str]:
        """The newest notes, in the order they were saved; a last line counts those left out."""
        with self._transaction("read") as connection:
            (count,) = connection.execute(f"SELECT count(*) FROM notes {where}", words).fetchone()
            query = f"SELECT text FROM notes {where} ORDER BY id DESC LIMIT ?"
            texts = [text for (text,) in connection.execute(query, [*words, self.max_results])]
        left = count - len(texts)
        return texts[::-1] + ([f"({left} older notes are not shown)"] if left else [])

    def _connect(self, place: str) -> sqlite3.Connection:
        # Transactions are opened by hand; the lock lets one thread at a time use the connection.
        return sqlite3.connect(place, timeout=self.timeout, isolation_level=None, check_same_thread=False, uri=True)

    @contextmanager
    def _connection(self, mode: str) -> Iterator[sqlite3.Connection]:
        """A file gets a new connection each time, which is cheap and stays right after a fork."""
        if self._memory is not None:
            with self._lock:
                yield self._memory
        else:
            with closing(self._connect(f"{Path(self.path).as_uri()}?mode={mode}")) as connection:
                yield connection

    @contextmanager
    def _transaction(self, verb: str) -> Iterator[sqlite3.Connection]:
        try:
            with self._connection("rwc" if verb == "opened" else "rw") as connection:
                connection.execute("BEGIN" if verb == "read" else "BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:  # some errors end it by themselves
                        connection.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            raise ToolFailed(f"the notes could not be {verb}: {error}") from error


def _check(text: str, argument: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ModelRetry(f"the {argument} has a broken character at {error.start}", argument=argument) from None


def _fold(text: str) -> str:
    """Without regard to case and to how accents are encoded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
