"""Kills processes that write a session, and looks at what they leave behind: `killing.py FOLDER SEED KILLS`.

Each trial is one run with tools that have side effects: lines in a file. Its process is killed at random moments and
started anew until the run gets to its end. What has to hold after every kill, and at the end, stands in `Trial`.
"""

import os
import random
import signal
import sqlite3
import sys
import threading
import time
import uuid
from collections import Counter
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio

from agentkit import Agent, AssistantMessage, SqliteSession, TextPart, ToolMessage, UserMessage, tool
from agentkit.events import CanvasCommitted
from agentkit.models.base import CanvasRecord, Conversation, Model, ModelResponse
from agentkit.sessions.entries import AnswerEntry, BegunEntry, InsideEntry, OutputEntry, SessionState, entry_adapter
from agentkit.testing import call

TURNS = 3
ERRAND = [["pay", "put"], ["move"]]  # what an agent does that the first one asks


def number(n: int | str) -> int:
    """The calls of the first agent have numbers below 100, those of one that call n asks begin there."""
    return 100 * (int(n) + 1)


class World:
    """The side effects: lines that survive a kill, since the operating system has them."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.random = random.Random(seed)

    def note(self, *words: object) -> None:
        line = " ".join(map(str, words)) + "\n"
        with open(self.path, "ab", buffering=0) as file:
            file.write(line.encode())

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def pause(self) -> float:
        return self.random.random() * 0.004

    def tools(self) -> list:
        @tool
        def pay(n: int) -> str:
            """Pay: not to be done twice."""
            return self.work(n)

        @tool(idempotent=True)
        async def put(n: int) -> str:
            """Put: may be done twice."""
            self.note("begin", n)
            await anyio.sleep(self.pause())
            return self.end(n)

        @tool(sequential=True)
        def move(n: int) -> str:
            """Move: alone, and not twice."""
            return self.work(n)

        return [pay, put, move]

    def errand(self) -> Agent:
        return Agent(Planned(self, ERRAND), tools=self.tools(), name="ask")

    def report(self, n: int) -> str:
        """Report: the end, and not to be done twice."""
        return self.work(n)

    def work(self, n: int) -> str:
        self.note("begin", n)
        time.sleep(self.pause())
        return self.end(n)

    def end(self, n: int) -> str:
        nonce = uuid.uuid4().hex
        self.note("end", n, nonce)
        return nonce


class Planned(Model, Conversation):
    """Makes the calls that were planned, on two canvases a turn, and notes which results it has seen."""

    name = "planned"

    def __init__(self, world: World, plan: list[list[str]]) -> None:
        self.world = world
        self.plan = plan

    @asynccontextmanager
    async def converse(self):
        yield self

    async def respond(self, request, emit):
        said = next(message.text for message in request.messages if isinstance(message, UserMessage))
        first = number(said) if said.isdigit() else 0
        for message in request.messages:
            for result in message.results if isinstance(message, ToolMessage) else ():
                self.world.note("seen", first, result.call_id, result.content.replace(" ", "_"))
        turn = sum(isinstance(message, AssistantMessage) for message in request.messages)
        for index in range(len(request.written), 2):
            await anyio.sleep(self.world.pause() / 2)
            await emit(CanvasCommitted(CanvasRecord(index, tokens=(turn, index), steps=3, stopped=index == 1)))
        if turn == len(self.plan):  # nobody knows whether the report was made
            return ModelResponse(AssistantMessage((TextPart("Done."),), model=self.name))
        numbers = enumerate(self.plan[turn], first + turn * 10)
        calls = tuple(call(name, prompt=str(n)) if name == "ask" else call(name, n=n) for n, name in numbers)
        return ModelResponse(AssistantMessage(calls, model=self.name), finish="tool_calls")


class Trial:
    """One run, from its first process to its last."""

    def __init__(self, folder: Path, number: int, seed: int, longest: float) -> None:
        self.random = random.Random(seed)
        self.path = folder / f"{number}.db"
        self.world_path = folder / f"{number}.txt"
        kinds = ["pay", "put", "move", "ask"]
        self.plan = [[self.random.choice(kinds) for _ in range(self.random.randint(1, 3))] for _ in range(TURNS)]
        self.plan[-1].append("report")
        self.last = str((TURNS - 1) * 10 + len(self.plan[-1]) - 1)
        self.kills = 0
        self.longest = longest

    def run(self) -> None:
        """Kills about every other process, until one gets to its end."""
        while not self.finished(self.start()):
            self.look()
        self.check_end()

    def start(self) -> int:
        process = os.fork()
        if process == 0:
            try:
                self.live()
                os._exit(0)
            except BaseException as error:
                os.write(2, f"{type(error).__name__}: {error}".encode())
                os._exit(1)
        return process

    def live(self) -> None:
        """What a process does: it begins the run, or goes on with it."""
        world = World(self.world_path, self.random.getrandbits(32) ^ os.getpid())
        agent = Agent(
            Planned(world, self.plan), tools=[*world.tools(), world.errand().as_tool()], output_type=[world.report, str]
        )

        async def main() -> None:
            session = SqliteSession(self.path, "trial")
            prompt = None if await session.messages() else "Go."
            result = await agent.run(prompt, session=session)
            assert result.stop_reason == "finished", result
            made = [nonce for word, n, *rest in world.lines() if (word, n) == ("end", self.last) for nonce in rest]
            assert result.output == "Done." or [result.output] == made, "it gave back what the report was not"

        anyio.run(main)

    def finished(self, process: int) -> bool:
        time.sleep(self.random.random() * self.longest)
        self.longest *= 1.1  # however slow the machine becomes, one of them gets to the end
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        if os.WIFSIGNALED(status):
            self.kills += 1
            return False
        assert os.WEXITSTATUS(status) == 0, "a process that went on failed"
        return True

    def entries(self) -> list:
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'agentkit_entries'").fetchone():
                return []
            rows = connection.execute("SELECT entry FROM agentkit_entries ORDER BY number").fetchall()
        return [entry_adapter().validate_json(text) for (text,) in rows]

    def logs(self, entries) -> dict[int, list]:
        """The log of each agent, by where the numbers of its calls begin."""
        logs = {0: entries}
        asked = {id: number(n) for n, id in ids(entries).items()}
        for entry in entries:
            if isinstance(entry, InsideEntry):
                logs.setdefault(asked[entry.call_id], []).append(entry.entry)
        return logs

    def look(self) -> None:
        """What holds whenever the process is killed: nothing happened that isn't written."""
        logs, lines = self.logs(self.entries()), World(self.world_path, 0).lines()
        assert {int(n) // 100 * 100 for word, n, *_ in lines if word == "begin"} <= logs.keys()
        for first, entries in logs.items():
            written = {entry.call_id for entry in entries if isinstance(entry, BegunEntry)}
            answered = {(e.result.call_id, e.result.content) for e in entries if isinstance(e, AnswerEntry)}
            known = ids(entries)
            begun = {known.get(n) for word, n, *_ in lines if word == "begin" and int(n) // 100 * 100 == first}
            assert begun <= written, f"began, and nobody wrote it down: {begun - written}"
            seen = {
                (rest[0], rest[1].replace("_", " ")) for word, n, *rest in lines if (word, n) == ("seen", str(first))
            }
            assert seen <= answered, f"the model saw what was not written: {seen - answered}"

    def check_end(self) -> None:
        """What holds in the end: each call answered once, by its own result, and none carried out twice."""
        assert not list(self.path.parent.glob(f"{self.path.name}-*.lock")), "locks of dead processes are left"
        logs = self.logs(self.entries())
        assert len(logs) == 1 + sum(turn.count("ask") for turn in self.plan)
        for first, entries in logs.items():
            self.check_log(entries, self.plan if first == 0 else ERRAND)

    def check_log(self, entries: list, plan: list[list[str]]) -> None:
        """What holds in the end of one agent."""
        state, known = SessionState.of(entries), ids(entries)
        names = [[made.name for made in m.calls] for m in state.messages if isinstance(m, AssistantMessage)]
        answers = {r.call_id: r for m in state.messages if isinstance(m, ToolMessage) for r in m.results}
        assert len(known) == len(answers) == sum(map(len, plan))
        reported = self.last in known and not answers[known[self.last]].is_error
        assert names == ([*plan] if reported else [*plan, []])
        values = [entry.value for entry in entries if isinstance(entry, OutputEntry)]
        first: dict[str, str] = {}
        for entry in entries:
            if isinstance(entry, AnswerEntry):
                before = first.setdefault(entry.result.call_id, entry.result.content)
                assert before == entry.result.content, "a result was written over by another one"
        lines = World(self.world_path, 0).lines()
        begins = Counter(n for word, n, *_ in lines if word == "begin")
        ends: dict[str, list[str]] = {}
        for word, n, *rest in lines:
            if word == "end":
                ends.setdefault(n, []).extend(rest)
        for n, id in known.items():
            answer = answers[id]
            if n == self.last and reported:
                assert begins[n] == 1 and ends[n] == values, "the report was made twice, or lost"
                continue
            assert first[id] == answer.content, "a result that was written was lost"
            if answer.name == "ask":
                assert (answer.is_error, answer.content) == (False, "Done."), "an agent did not get to its end"
            elif answer.name == "put":
                assert not answer.is_error and answer.content == ends[n][-1], "it ran again after its result was there"
            elif answer.is_error:
                assert "not known" in answer.content and begins[n] <= 1
            else:
                assert begins[n] == 1 and ends[n] == [answer.content], "it was carried out twice"


def ids(entries) -> dict[str, str]:
    """The ids of one agent's calls by their number."""
    calls = [c for m in SessionState.of(entries).messages if isinstance(m, AssistantMessage) for c in m.calls]
    return {str(made.arguments.get("n", made.arguments.get("prompt"))): made.id for made in calls}


def warm_up(folder: Path, seed: int) -> float:
    """Does once in this process what the forked ones then need not begin with; gives the seconds that a run takes."""
    Trial(folder, 0, seed, 0.0).live()
    started = time.monotonic()
    Trial(folder, 1, seed, 0.0).live()
    while threading.active_count() > 1:
        time.sleep(0.001)
    return time.monotonic() - started


def main() -> None:
    folder, seed, wanted = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    longest = warm_up(folder, seed)
    kills = unknown = 0
    trials = 2
    while kills < wanted:
        trial = Trial(folder, trials, seed * 1_000_000 + trials, longest)
        trial.run()
        kills += trial.kills
        trials += 1
        answers = [
            r for m in SessionState.of(trial.entries()).messages if isinstance(m, ToolMessage) for r in m.results
        ]
        unknown += sum(answer.is_error for answer in answers)
    sys.stdout.write(f"{kills} {trials - 2} {unknown}")


if __name__ == "__main__":
    main()
