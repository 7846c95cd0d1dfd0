"""Sessions whose file can't be read or written: who is told, what to do, and what stays as it was."""

import sqlite3
import sys
from contextlib import closing

import anyio
import pytest

from agentkit import Agent, Hooks, SessionError, SqliteSession, UserError, tool
from agentkit.sessions import sqlite
from agentkit.testing import FunctionModel, ScriptedModel, call

pytestmark = pytest.mark.anyio


class Set(SqliteSession):
    """A session whose connection is told something first."""

    def __init__(self, path, statement: str) -> None:
        super().__init__(path, "ada")
        self.statement = statement

    def connect(self) -> sqlite3.Connection:
        connection = super().connect()
        connection.execute(self.statement)
        return connection


async def ask(session, text="Hi.") -> None:
    await Agent(FunctionModel(lambda request: "Hello.")).run(text, session=session)


async def test_a_full_disk(tmp_path):
    session = SqliteSession(tmp_path / "sessions.db", "ada")
    await ask(session)
    begun = []

    @tool
    def strike() -> None:
        begun.append(1)

    agent = Agent(ScriptedModel([call("strike", text="x" * 100_000)]), tools=[strike])
    full = Set(session.path, "PRAGMA max_page_count = 12")
    with pytest.raises(SessionError, match=r"sessions\.db can't grow, the disk is full.*run\(None") as caught:
        await agent.run("Strike.", session=full)
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    assert begun == []
    assert [message.text for message in await session.messages()] == ["Hi.", "Hello.", "Strike."]
    assert (await Agent(ScriptedModel(["No."])).run(None, session=session)).output == "No."


async def test_a_lock_that_does_not_go_away(tmp_path, monkeypatch):
    session = SqliteSession(tmp_path / "sessions.db", "ada")
    await ask(session)
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.01)
    with closing(sqlite3.connect(session.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SessionError, match=r"sessions\.db is locked by another program: end that one"):
            await ask(session)
    await ask(session)
    assert len(await session.messages()) == 4


async def test_a_file_that_may_not_be_written(tmp_path):
    with pytest.raises(SessionError, match="may not be written: change the permissions"):
        await ask(Set(tmp_path / "sessions.db", "PRAGMA query_only = 1"))


async def test_a_damaged_file(tmp_path):
    session = SqliteSession(tmp_path / "sessions.db", "ada")
    await ask(session, "x" * 20_000)
    data = session.path.read_bytes()
    session.path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with pytest.raises(SessionError, match=r"is damaged: .*\.recover"):
        await session.messages()


async def test_a_log_that_somebody_else_wrote_in(tmp_path):
    session = SqliteSession(tmp_path / "sessions.db", "ada")
    await ask(session)
    with closing(sqlite3.connect(session.path)) as other, other:
        other.execute("""UPDATE agentkit_entries SET entry = '{"kind": "news"}' WHERE number = 2""")
    with pytest.raises(SessionError, match=r"Entry 2 of SqliteSession\(.*'ada'\) can't be read: a newer agentkit"):
        await session.messages()
    with pytest.raises(SessionError, match="Entry 2"):
        await ask(session)


async def test_an_entry_that_is_damaged(tmp_path):
    session = SqliteSession(tmp_path / "sessions.db", "ada")
    await ask(session)
    with closing(sqlite3.connect(session.path)) as other, other:
        other.execute("UPDATE agentkit_entries SET entry = substr(entry, 1, 9) WHERE number = 2")
    with pytest.raises(SessionError, match=r"Entry 2 of .* can't be read: it is damaged. Put a copy .* \(Invalid JSON"):
        await session.messages()
    for _ in range(2):
        with pytest.raises(SessionError, match="it is damaged") as kept:
            await ask(session)
        assert kept.value.__traceback__ is not None, "what holds the session is not to live as long as the error"
    assert list(tmp_path.glob("*.lock")) == []


async def test_a_folder_in_its_place(tmp_path):
    with pytest.raises(UserError, match="can't be opened: does its folder exist"):
        await ask(SqliteSession(tmp_path, "ada"))


async def test_an_answer_is_given_back_although_the_session_can_not_be_given_up(tmp_path, monkeypatch, caplog):
    session = SqliteSession(tmp_path / "sessions.db", "ada")
    await session.read()
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.01)
    with closing(sqlite3.connect(session.path, isolation_level=None)) as other:

        async def lock(context, result) -> None:
            other.execute("BEGIN IMMEDIATE")

        agent = Agent(FunctionModel(lambda request: "Hello."), hooks=Hooks(after_run=lock))
        assert (await agent.run("Hi.", session=session)).output == "Hello."
    assert "could not be given up in good order: database is locked" in caplog.text
    await ask(session)
    assert len(await session.messages()) == 4


PROGRAM = """
import resource, sys
from agentkit import Agent, SessionError, SqliteSession
from agentkit.testing import FunctionModel

agent = Agent(FunctionModel(lambda request: "Hello."))
session = SqliteSession(sys.argv[1], "ada")
agent.run_sync("Hi.", session=session)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    agent.run_sync("x" * (1 << 17), session=session)
except SessionError as error:
    print(error)
"""


async def test_writes_that_the_system_refuses(tmp_path):
    pytest.importorskip("resource", reason="there are no such limits")
    path = tmp_path / "sessions.db"
    process = await anyio.run_process([sys.executable, "-c", PROGRAM, str(path)])
    assert f"The session file {path} can't" in process.stdout.decode()
    assert len(await SqliteSession(path, "ada").messages()) == 2
