"""Sessions in a SQLite file: several in one, several processes, and files of other versions."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from agentkit import Agent, SessionConflict, SessionError, SqliteSession, UserError, tool
from agentkit.sessions import schema, sqlite
from agentkit.sessions.entries import BegunEntry
from agentkit.testing import FunctionModel, ScriptedModel, call

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent


def yes(request) -> str:
    return "Yes."


async def test_sessions_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "sessions.db"
    async with anyio.create_task_group() as group:
        for name in "abcd":
            agent = Agent(FunctionModel(yes))
            group.start_soon(lambda n=name, a=agent: a.run(f"I am {n}.", session=SqliteSession(path, n)))
    for name in "abcd":
        user, said = await SqliteSession(path, name).messages()
        assert (user.text, said.text) == (f"I am {name}.", "Yes.")
    assert await SqliteSession(path, "e").messages() == ()


class Hurried(sqlite3.Connection):
    """Gives up waiting for its log the first time, as SQLite does now and then when others open the file, too."""

    tries = 0

    def execute(self, sql, *parameters):
        if sql == "PRAGMA journal_mode = WAL":
            self.tries += 1
            if self.tries == 1:
                busy = sqlite3.OperationalError("database is locked")
                busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise busy
        return super().execute(sql, *parameters)


async def test_a_new_file_that_others_open_at_the_same_moment(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Hurried))
    session = SqliteSession(tmp_path / "sessions.db", "a")
    await Agent(FunctionModel(yes)).run("?", session=session)
    with closing(session.connect()) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert len(await session.messages()) == 2


async def test_many_open_a_new_file_at_once(tmp_path):
    async with anyio.create_task_group() as group:
        for name in map(str, range(24)):
            for file in range(4):
                group.start_soon(SqliteSession(tmp_path / f"{file}.db", name).read)


async def test_nothing_is_left_beside_the_database(tmp_path):
    path = tmp_path / "sessions.db"
    await Agent(FunctionModel(yes)).run("?", session=SqliteSession(path, "a"))
    assert [file.name for file in tmp_path.iterdir()] == ["sessions.db"]


async def test_the_event_loop_does_not_wait_for_the_disk(tmp_path):
    session = SqliteSession(tmp_path / "sessions.db", "a")
    await session.read()
    with closing(sqlite3.connect(session.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: Agent(FunctionModel(yes)).run("?", session=session))
            await anyio.sleep(0.05)  # the run waits, and this does not
            other.execute("COMMIT")
    assert len(await session.messages()) == 2


@pytest.fixture
def given_up(monkeypatch) -> threading.Event:
    """Set once a session that was claimed is free again."""
    event, close = threading.Event(), sqlite._Writer.close

    def closed(writer) -> None:
        close(writer)
        event.set()

    monkeypatch.setattr(sqlite._Writer, "close", closed)
    return event


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_run_that_asyncio_cancels_as_it_begins_leaves_its_session_free(tmp_path, given_up, anyio_backend):
    session = SqliteSession(tmp_path / "sessions.db", "a")
    agent = Agent(FunctionModel(yes))
    await session.read()
    with closing(sqlite3.connect(session.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await agent.run("?", session=session)
        other.execute("COMMIT")
    assert await anyio.to_thread.run_sync(given_up.wait, 10)
    assert (await agent.run("?", session=session)).output == "Yes."


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_run_that_asyncio_cancels_as_it_ends_leaves_its_session_free(tmp_path, given_up, anyio_backend):
    session = SqliteSession(tmp_path / "sessions.db", "a")

    async def write() -> None:
        async with session.writing():
            asyncio.get_running_loop().call_soon(task.cancel)

    task = asyncio.create_task(write())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await anyio.to_thread.run_sync(given_up.wait, 10)
    assert (await Agent(FunctionModel(yes)).run("?", session=session)).output == "Yes."


async def test_a_run_whose_session_was_taken_over_begins_no_tool(tmp_path):
    session = SqliteSession(tmp_path / "sessions.db", "a")
    begun = []

    @tool
    def strike() -> None:
        begun.append(1)

    def reply(request):
        with closing(sqlite3.connect(session.path, isolation_level=None)) as other:
            other.execute("UPDATE agentkit_sessions SET owner = 'another'")
        return call("strike")

    with pytest.raises(SessionConflict):
        await Agent(FunctionModel(reply), tools=[strike]).run("Go.", session=session)
    assert begun == []
    assert len(await session.messages()) == 1


async def test_a_file_that_is_reached_by_a_link_is_the_same_session(tmp_path):
    (tmp_path / "2025.db").touch()
    (tmp_path / "current.db").symlink_to(tmp_path / "2025.db")
    async with SqliteSession(tmp_path / "2025.db", "a").writing():
        with pytest.raises(SessionConflict):
            async with SqliteSession(tmp_path / "current.db", "a").writing():
                pass


WRITER = """
import sys, time
from agentkit import Agent, SessionConflict, SqliteSession
from agentkit.testing import FunctionModel, call

path, name = sys.argv[1:]

def work() -> str:
    time.sleep(0.002)
    return name

def reply(request):
    return call("work") if len(request.messages) % 4 in (1, 2) else f"{name} is done."

agent = Agent(FunctionModel(reply), tools=[work])
done = conflicts = 0
while done < 5:
    try:
        agent.run_sync(name, session=SqliteSession(path, "shared"))
        done += 1
    except SessionConflict:
        conflicts += 1
        time.sleep(0.001)
print(conflicts)
"""


def test_writers_in_several_processes_never_mix(tmp_path):
    path = tmp_path / "sessions.db"
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stdout=subprocess.PIPE, text=True)
        for name in "abc"
    ]
    conflicts = [int(process.communicate(timeout=120)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum(conflicts) > 0
    messages = anyio.run(SqliteSession(path, "shared").messages)
    assert len(messages) == 15 * 4
    for start in range(0, len(messages), 4):
        user, asked, answered, said = messages[start : start + 4]
        assert [asked.calls[0].name, answered.results[0].content, said.text] == [
            "work",
            user.text,
            f"{user.text} is done.",
        ]


def test_a_session_is_free_when_its_process_is_killed(tmp_path):
    path = tmp_path / "sessions.db"
    program = """
import sys, anyio
from agentkit import SqliteSession

async def main():
    async with SqliteSession(sys.argv[1], "a").writing():
        print("ready", flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(SessionConflict, match="whose process is gone is not in the way"):
            Agent(ScriptedModel([])).run_sync("?", session=SqliteSession(path, "a"))
        process.kill()
    assert Agent(ScriptedModel(["Yes."])).run_sync("?", session=SqliteSession(path, "a")).output == "Yes."
    assert [file.name for file in tmp_path.iterdir()] == ["sessions.db"]


class Full(sqlite3.Connection):
    """Can't commit what it wrote while `full` is set, as on a disk that is full."""

    full = False

    def execute(self, sql, *parameters):
        if sql == "COMMIT" and Full.full:
            Full.full = False
            super().execute("ROLLBACK")
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_FULL, "SQLITE_FULL"
            raise error
        return super().execute(sql, *parameters)


async def test_a_write_that_failed_leaves_no_gap_in_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Full))
    session = SqliteSession(tmp_path / "sessions.db", "a")
    one, two = BegunEntry("call_1"), BegunEntry("call_2")
    async with session.writing() as writer:
        monkeypatch.setattr(Full, "full", True)
        with pytest.raises(SessionError, match="disk is full"):
            await writer.append([one])
        await writer.append([two])
    async with session.writing() as writer:
        assert list(writer.entries) == [two]
        await writer.append([one])
    assert await session.read() == (two, one)


async def test_a_log_with_a_gap_is_gone_on_with(tmp_path):
    session = SqliteSession(tmp_path / "sessions.db", "a")
    await Agent(FunctionModel(yes)).run("?", session=session)
    with closing(sqlite3.connect(session.path)) as other, other:
        other.execute("UPDATE agentkit_entries SET number = number + 100 WHERE number > 2")
    assert (await Agent(FunctionModel(yes)).run("?", session=session)).output == "Yes."
    assert len(await session.messages()) == 4


# -- versions


def load(path: Path, dump: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((HERE / dump).read_text(encoding="utf-8"))


def test_a_file_of_the_first_release_is_read(tmp_path):
    load(tmp_path / "old.db", "version_1.sql")
    session = SqliteSession(tmp_path / "old.db", "ada")
    result = Agent(ScriptedModel(["It is 3."]), tools=[add]).run_sync(None, session=session)
    assert result.output == "It is 3."
    user, asked, answered, _ = result.all_messages()
    assert (user.text, asked.calls[0].arguments, answered.results[0].content) == ("1 + 2?", {"a": 1, "b": 2}, 3)
    assert anyio.run(session.usage).turns == 2


def add(a: int, b: int) -> int:
    """Add two numbers."""
    raise AssertionError("the call is answered in the file")


async def test_an_older_file_is_brought_up_to_date_with_all_that_it_holds(tmp_path, monkeypatch):
    session = SqliteSession(tmp_path / "sessions.db", "a")
    result = await Agent(FunctionModel(yes)).run("?", session=session)
    later = (*schema.MIGRATIONS, ("ALTER TABLE agentkit_sessions ADD COLUMN title TEXT",))
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    assert await session.messages() == result.all_messages()
    with closing(sqlite3.connect(session.path)) as connection:
        assert connection.execute("SELECT version FROM agentkit_schema").fetchall() == [(len(later),)]
        assert connection.execute("SELECT session_id, title FROM agentkit_sessions").fetchall() == [("a", None)]


async def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    session = SqliteSession(tmp_path / "sessions.db", "a")
    await Agent(FunctionModel(yes)).run("?", session=session)
    broken = tuple(f"ALTER TABLE {table} ADD COLUMN title TEXT" for table in ("agentkit_sessions", "missing"))
    with monkeypatch.context() as patch, pytest.raises(SessionError, match="missing"):
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
        await session.messages()
    assert len(await session.messages()) == 2
    with closing(sqlite3.connect(session.path)) as connection:
        assert "title" not in str(connection.execute("SELECT sql FROM sqlite_schema").fetchall())


async def test_a_newer_file_is_refused_and_not_touched(tmp_path, monkeypatch):
    session = SqliteSession(tmp_path / "sessions.db", "a")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("CREATE TABLE agentkit_new (a INTEGER)",)))
        await session.read()
    with pytest.raises(UserError, match=r"has version 2 of the session tables.*up to 1: upgrade agentkit"):
        await Agent(FunctionModel(yes)).run("?", session=session)


async def test_files_of_something_else_are_refused_and_not_touched(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("Dear diary, " * 100, encoding="utf-8")
    with pytest.raises(UserError, match=r"notes\.txt is no SQLite database"):
        await SqliteSession(text, "a").read()
    assert text.read_text(encoding="utf-8") == "Dear diary, " * 100

    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE invoices (a INTEGER)")
    with pytest.raises(UserError, match=r"other\.db is a database of something else \(invoices\)"):
        await SqliteSession(other, "a").read()

    with pytest.raises(UserError, match=r"sessions\.db can't be opened: does its folder exist"):
        await SqliteSession(tmp_path / "missing" / "sessions.db", "a").read()
    with pytest.raises(UserError, match="MemorySession"):
        SqliteSession(":memory:", "a")


async def test_the_log_can_be_read_by_others(tmp_path):
    session = SqliteSession(tmp_path / "sessions.db", "a")
    await Agent(FunctionModel(yes)).run("?", session=session)
    with closing(sqlite3.connect(session.path)) as connection:
        rows = connection.execute("SELECT number, entry FROM agentkit_entries ORDER BY number").fetchall()
    assert [number for number, _ in rows] == list(range(len(rows)))
    said = {"text": "?", "is_retry": False, "kind": "user"}
    assert json.loads(rows[0][1]) == {"start": 0, "messages": [said], "kind": "messages"}
