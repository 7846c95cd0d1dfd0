"""The chat in a real terminal: a process of its own in a pseudo-terminal, typed at by hand."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentkit import messages_from_json
from agentkit.cli.slash import COMMANDS

pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals need POSIX")

APP = """
import anyio
from agentkit import Agent, Handoff, ModelError, Tool, tool
from agentkit.testing import FunctionModel, call

paid = []

@tool(requires_approval=True)
def pay(amount: int, to: str = "Ada") -> str:
    \"\"\"Pay somebody.\"\"\"
    paid.append(amount)
    return f"paid {amount} to {to}"

async def forever() -> None:
    \"\"\"Never comes back.\"\"\"
    print("it hangs", flush=True)
    await anyio.sleep_forever()

def reply(request):
    last = request.messages[-1]
    if last.kind == "tool":
        said = " and ".join(str(result.content) for result in last.results)
        return ModelError("out of ink") if "paid 13" in said else said
    match last.text.split():
        case ["pay", *amounts]:
            return [call("pay", amount=int(amount)) for amount in amounts]
        case ["hang"]:
            return call("forever")
        case ["what", "was", "done?"]:
            return ", ".join(m.text for m in request.messages if m.kind == "tool")
        case ["fail"]:
            return ModelError("out of ink")
    return f"{len(request.messages)}: {last.text}"

model = FunctionModel(reply)
cashier = Agent(model, tools=[pay], name="cashier")

def ask_the_cashier(request):
    last = request.messages[-1]
    return reply(request) if last.kind == "tool" else call("cashier", prompt=last.text)

clerk = Agent(model, tools=[Tool(lambda: None, name="undocumented")])

@clerk.output_validator
def check(output: str) -> str:
    if "strict" in output:
        raise ValueError("too strict")
    return output

desk = Agent(FunctionModel(ask_the_cashier), tools=[cashier.as_tool(description="Pays."), pay])

@tool(name="pay", requires_approval=True)
def wire(euros: int) -> str:
    \"\"\"Pay abroad.\"\"\"
    return f"wired {euros}"

def pay_here_and_abroad(request):
    names = {tool.name for tool in request.declared}
    answers = [message for message in request.messages if message.kind == "tool"]
    results = [str(result.content) for message in answers for result in message.results]
    if "transfer_to_bank" not in names:
        return results[-1] if results[-1].startswith("wired") else call("pay", euros=2)
    return call("transfer_to_bank") if results else call("pay", amount=1)

bank = Agent(FunctionModel(pay_here_and_abroad), tools=[wire], name="bank")
front = Agent(FunctionModel(pay_here_and_abroad), tools=[pay], output_type=[str, Handoff(bank)], name="front")
"""
SLY = """
from agentkit import tool
from agentkit.testing import ScriptedModel, call

def fetch() -> str:
    \"\"\"Fetch a page.\"\"\"
    return "page\\x1b]0;title\\x07\\x1b[2J\\x1b[8m"

def post() -> str:
    \"\"\"Post a page.\"\"\"
    raise OSError("refused\\x1b[2J")

@tool(requires_approval=True)
def delete(path: str) -> str:
    \"\"\"Delete a file.\"\"\"
    return f"deleted {path}"

model = ScriptedModel([call("fetch"), call("post"), call("delete", path="/srv/:key:/[red]"), "done"])
"""
PROMPT = r"(?:\n|\x1b\[2K|\x1b\[\?2004h)> "  # after a line, a line that was wiped, or a readline that marks pastes
QUESTION = r"for this tool\? "
UP, CTRL_C, CTRL_D = "\x1b[A", "\x03", "\x04"


class Terminal:
    """A chat at a terminal of 200 columns; `say` types a line and gives what is shown before the next prompt."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        (folder / "app.py").write_text(APP)
        environment = {**os.environ, "HOME": str(folder), "TERM": "xterm", "PYTHONWARNINGS": "error", "NO_COLOR": "1"}
        environment.pop("AGENTKIT_HISTORY", None)
        command = [
            "-m",
            "agentkit.cli",
            "chat",
            *(arguments or ("--model", "app:model", "--tools", "app:pay", "app:forever")),
        ]
        self.child = pexpect.spawn(
            sys.executable, command, cwd=folder, env=environment, encoding="utf-8", timeout=120, dimensions=(40, 200)
        )

    def wait(self, pattern: str = PROMPT) -> str:
        self.child.expect(pattern)
        return str(self.child.before)

    def say(self, line: str, until: str = PROMPT) -> str:
        self.child.send(line + "\r")
        return self.wait(until)

    def end(self) -> int:
        self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    terminal.wait()
    yield terminal
    terminal.child.close(force=True)


def test_it_talks_and_goes_on_with_the_conversation(chat: Terminal) -> None:
    assert "1: hello" in chat.say("hello")
    assert "3: again" in chat.say("again")
    assert "out of ink" in chat.say("fail")
    assert "5: /etc/hosts is a path" in chat.say("/etc/hosts is a path")
    chat.child.send(CTRL_D)
    assert chat.end() == 0


def test_ctrl_c_stops_the_answer_and_not_the_program(chat: Terminal) -> None:
    for _ in range(2):
        chat.child.send("hang\r")
        chat.child.expect("it hangs")
        chat.child.send(CTRL_C)
        assert "stopped" in chat.wait()
    chat.child.send("half a line" + CTRL_C)
    chat.child.expect_exact("Ctrl-D or /quit ends the chat.")
    chat.wait()
    assert "7: still here" in chat.say("still here")  # three messages of each run that was stopped
    chat.child.send("/quit\r")
    assert chat.end() == 0


def test_ctrl_c_stops_a_canvas_in_the_middle(tmp_path: Path) -> None:
    (tmp_path / "noise.py").write_text("from agentkit.testing import toy_model\n")
    chat = Terminal(tmp_path, "--model", "noise:toy_model", "--no-tools", "--steps", "1000000")
    chat.wait()
    chat.child.send("hello\r")
    chat.wait("step 5")
    chat.child.send(CTRL_C)
    assert "stopped" in chat.wait()
    assert "canvases         0" in chat.say("/usage")  # the run ended in its first canvas
    chat.child.send("/quit\r")
    assert chat.end() == 0


def test_the_history_outlives_the_program(chat: Terminal, tmp_path: Path) -> None:
    chat.say("first")
    chat.say("pay 1", until=QUESTION)
    chat.say("n")
    chat.child.send("/quit\r")
    assert chat.end() == 0
    history = tmp_path / ".agentkit_history"
    assert history.read_text().splitlines() == ["first", "pay 1", "/quit"]  # and no answers to questions
    assert history.stat().st_mode & 0o777 == 0o600
    later = Terminal(tmp_path)
    later.wait()
    assert "1: first" in later.say(UP * 3)
    later.child.send("/us\t\r")  # Tab completes
    assert "denoising steps" in later.wait()
    later.child.close(force=True)


def test_an_unreadable_history_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".agentkit_history").mkdir()
    chat = Terminal(tmp_path)
    chat.wait()
    assert "1: hello" in chat.say("hello")
    chat.child.close(force=True)


def test_calls_are_approved_denied_edited_and_allowed_for_good(chat: Terminal) -> None:
    assert "approve   pay(amount=5)" in chat.say("pay 5", until=QUESTION)
    assert "paid 5 to Ada" in chat.say("y")
    chat.say("pay 6 7", until=QUESTION)
    assert "pay(amount=7)" in chat.say("n", until=QUESTION)
    said = chat.say("y")
    assert "denied" in said and "paid 7 to Ada" in said and "paid 6" not in said
    chat.say("pay 8", until=QUESTION)
    assert chat.say("w", until=r"why\? ")
    assert "too much" in chat.say("too much")
    chat.say("pay 9", until=QUESTION)
    assert '{"amount": 9}' in chat.say("e", until="JSON: ")
    assert "no JSON" in chat.say("nonsense", until=QUESTION)
    chat.say("e", until="JSON: ")
    assert "no JSON object" in chat.say("[1]", until=QUESTION)
    chat.say("e", until="JSON: ")
    assert "amount" in chat.say('{"amount": "many"}', until=QUESTION)
    chat.say("e", until="JSON: ")
    assert "paid 1 to Bob" in chat.say('{"amount": 1, "to": "Bob"}')
    chat.say("pay 10", until=QUESTION)
    assert "paid 10 to Ada" in chat.say("a")
    said = chat.say("pay 11")
    assert "always, as you said" in said and "paid 11 to Ada" in said
    assert "pay: Pay somebody." in chat.say("/tools")


def test_calls_of_agents_that_are_asked_are_approved_as_theirs(tmp_path: Path) -> None:
    chat = Terminal(tmp_path, "--agent", "app:desk")
    chat.wait()
    assert "approve   cashier: pay(amount=5)" in chat.say("pay 5", until=QUESTION)
    chat.say("e", until="JSON: ")
    assert "amount" in chat.say('{"amount": "many"}', until=QUESTION)
    chat.say("e", until="JSON: ")
    said = chat.say('{"amount": 1, "to": "Bob"}')
    assert "pay(amount=1, to='Bob')" in said and "paid 1 to Bob" in said
    chat.say("pay 10", until=QUESTION)
    assert "paid 10 to Ada" in chat.say("a")
    assert "always, as you said" in chat.say("pay 11")
    assert "pay (asks first)" in chat.say("/tools"), "the desk's own is another one"


def test_calls_after_a_handover_are_approved_as_those_of_who_goes_on(tmp_path: Path) -> None:
    chat = Terminal(tmp_path, "--agent", "app:front")
    chat.wait()
    chat.say("go", until=QUESTION)
    said = chat.say("a", until=QUESTION)
    assert "paid 1 to Ada" in said and "always, as you said" not in said, "the bank's tool is another one"
    chat.say("e", until="JSON: ")
    assert "/amount" in chat.say('{"amount": 3}', until=QUESTION), "the bank pays euros"
    chat.say("e", until="JSON: ")
    assert "wired 3" in chat.say('{"euros": 3}')


def test_what_is_approved_is_shown_as_it_is_and_nothing_before_it_rules_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "sly.py").write_text(SLY)
    chat = Terminal(tmp_path, "--model", "sly:model", "--tools", "sly:fetch", "sly:post", "sly:delete")
    chat.wait()
    said = chat.say("go", until=QUESTION)
    assert "approve   delete(path='/srv/:key:/[red]')" in said
    assert said.count("OSError: refused·[2J\r\n") == 2, "it is logged, too"
    assert "page·]0;title··[2J·[8m" in said and not set("\x07\x9b") & set(said)
    chat.child.close(force=True)


def test_only_a_clear_answer_counts(chat: Terminal) -> None:
    chat.say("pay 5", until=QUESTION)
    for unclear in ("abort", "yikes", "ye s", "nope", "edited"):
        assert "paid" not in chat.say(unclear, until=QUESTION)
    assert "denied" in chat.say("")
    chat.say("pay 6", until=QUESTION)
    assert "denied" in chat.say("No")
    chat.say("pay 7", until=QUESTION)
    assert "paid 7 to Ada" in chat.say("YES")
    chat.say("pay 8", until=QUESTION)
    assert "paid 8 to Ada" in chat.say("always")


def test_a_call_that_was_made_before_an_error_is_known(chat: Terminal) -> None:
    chat.say("pay 13", until=QUESTION)
    assert "out of ink" in chat.say("y")
    assert "paid 13 to Ada" in chat.say("what was done?")


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_whoever_does_not_answer_has_not_agreed(chat: Terminal, key: str) -> None:
    chat.say("pay 5", until=QUESTION)
    chat.child.send(key)
    said = chat.wait()
    assert "denied" in said and "paid" not in said
    assert "hello" in chat.say("hello")


def test_a_conversation_is_saved_cleared_and_loaded(chat: Terminal, tmp_path: Path) -> None:
    chat.say("hello")
    assert "is in talk.json" in chat.say("/save talk.json")
    assert [m.kind for m in messages_from_json((tmp_path / "talk.json").read_bytes())] == ["user", "assistant"]
    assert "forgotten" in chat.say("/clear")
    assert "1: new" in chat.say("new")
    assert "2 messages" in chat.say("/load talk.json")
    assert "3: on" in chat.say("on")
    assert "is in talk.json" in chat.say("/save talk.json")
    assert len(messages_from_json((tmp_path / "talk.json").read_bytes())) == 4
    (tmp_path / "mine.txt").write_text("do not lose me")
    assert "name another file" in chat.say("/save mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "do not lose me"
    assert "holds no conversation" in chat.say("/load mine.txt")
    assert "can't be read" in chat.say("/load nothing.json")
    assert "can't be written" in chat.say("/save no/such/folder.json")
    assert "needs the name" in chat.say("/save") and "needs the name" in chat.say("/load")
    assert "5: on" in chat.say("on")
    assert sorted(path.name for path in tmp_path.iterdir() if "json" in path.name) == ["talk.json"]
    (tmp_path / "link").symlink_to("talk.json")
    assert "is in link" in chat.say("/save link")
    assert (tmp_path / "link").is_symlink() and len(messages_from_json((tmp_path / "talk.json").read_bytes())) == 6


def test_no_error_ends_the_conversation(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    lines = [
        b"hello",
        b"/tools",
        b"/save ~nosuchuser/talk.json",
        b"/load ~nosuchuser/talk.json",
        b"be strict",
        b"caf\xe9",
    ]
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8:strict"}
    command = [sys.executable, "-m", "agentkit.cli", "chat", "--agent", "app:clerk"]
    done = subprocess.run(
        command, input=b"\n".join(lines), cwd=tmp_path, env=environment, capture_output=True, timeout=240
    )
    said = done.stdout.decode()
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    assert "> undocumented\n" in said
    assert "can't be written" in said and "can't be read" in said
    assert "ValueError: too strict" in said
    assert "answer    3: caf\N{REPLACEMENT CHARACTER}" in said


def test_help_tools_and_usage(chat: Terminal) -> None:
    said = chat.say("/help")
    assert all(name in said for name in COMMANDS)
    assert "pay (asks first): Pay somebody." in chat.say("/tools")
    chat.say("hello")
    assert "turns            1" in chat.say("/usage")
    assert "There is no /nonsense" in chat.say("/nonsense")


def test_the_canvas_settles_in_place_on_a_terminal(tmp_path: Path) -> None:
    chat = Terminal(tmp_path, "--tools", "agentkit_tools:calculate")
    chat.wait()
    said = chat.say("Calculate 3 * 4")
    assert "step 1" in said and "calculate(expression='3 * 4')" in said and "12" in said
    assert "\x1b[2K" in said or "\x1b[1A" in said  # drawn over
    chat.child.close(force=True)
    quiet = Terminal(tmp_path, "--tools", "agentkit_tools:calculate", "--no-watch")
    quiet.wait()
    assert "step 1" not in quiet.say("Calculate 3 * 4")
    quiet.child.close(force=True)


def test_without_a_terminal_it_reads_lines_and_repeats_them(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    command = [sys.executable, "-m", "agentkit.cli", "chat", "--model", "app:model", "--tools", "app:pay"]
    typed = "hello\npay 5\nn\n/usage\n"
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        command, input=typed, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0 and done.stderr == ""
    assert "request   hello" in done.stdout and "answer    1: hello" in done.stdout and "denied" in done.stdout
    assert not (tmp_path / ".agentkit_history").exists()
