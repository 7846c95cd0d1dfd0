"""Our tools as a server, asked by the client of the official SDK: a process of its own each time."""

import http.client
import signal
import socket
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters

from agentkit import Agent, ModelRetry, RunContext, Tool, ToolFailed, UserError, tool
from agentkit.cli import main
from agentkit.mcp import mcp_server
from agentkit.testing import FunctionModel, ScriptedModel

pytestmark = pytest.mark.anyio

SERVED = '''
import time
from typing import Annotated, Literal

from pydantic import Field

from agentkit import Agent, ModelRetry, tool
from agentkit.testing import FunctionModel

print("importing prints")


@tool(read_only=True)
def price(item: Literal["tea", "milk"], count: Annotated[int, Field(ge=1)] = 1) -> float:
    """What something costs.

    Args:
        item: What to buy.
    """
    print("so does a tool")
    if count > 9:
        raise ModelRetry("so many are not for sale", argument="count")
    return 1.5 * count


@tool(timeout=0.1)
def slow() -> None:
    """Takes too long."""
    time.sleep(0.5)


assistant = Agent(FunctionModel(lambda request: request.messages[-1].text.upper()), name="assistant")
'''


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "served.py").write_text(SERVED)
    named = ["served:price", "served:slow", "served:assistant", "agentkit_tools:calculate"]
    path = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from agentkit.cli import main; sys.exit(main())"
    return [sys.executable, "-c", path, "mcp", "--name", "shop", "--tools", *named]


async def use(client: Client) -> None:
    assert client.server_info is not None and client.server_info.name == "shop"
    listed = {served.name: served for served in (await client.list_tools()).tools}
    assert listed.keys() == {"price", "slow", "assistant", "calculate"}
    price = listed["price"]
    assert price.description == "What something costs." and price.annotations.read_only_hint
    assert price.input_schema["properties"]["item"] == {
        "enum": ["tea", "milk"],
        "type": "string",
        "description": "What to buy.",
    }

    async def said(name: str, **arguments: object) -> tuple[bool, str]:
        result = await client.call_tool(name, arguments)
        assert len(result.content) == 1
        return result.is_error, result.content[0].text

    assert await said("price", item="tea", count=2) == (False, "3.0")
    assert await said("calculate", expression="6 * 7") == (False, "42")
    assert await said("assistant", prompt="hello") == (False, "HELLO")
    assert await said("price", item="coffee") == (
        True,
        "The arguments are wrong. /item: should be 'tea' or 'milk'; it is \"coffee\"",
    )
    assert await said("price", item="tea", count=10) == (True, "count: so many are not for sale")
    assert await said("slow") == (True, "The tool did not finish within 0.1 seconds.")
    assert (await said("nothing"))[0]
    assert (await client.call_tool("price", {"item": "milk"})).structured_content == {"result": 1.5}


async def test_over_stdio(command: list[str]) -> None:
    async with Client(StdioServerParameters(command=command[0], args=command[1:])) as client:
        await use(client)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_over_http(command: list[str], mode: str, started, free_port: int) -> None:
    started([*command, "--http", f"127.0.0.1:{free_port}"], free_port)
    async with Client(f"http://127.0.0.1:{free_port}/mcp", mode=mode) as client:
        await use(client)


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("::", "[::]")])
def test_requests_by_its_name_are_answered_with_and_without_the_port(command: list[str], host: str, shown: str) -> None:
    if host == "::" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    process = subprocess.Popen([*command, "--http", f"{shown}:0"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = next(line for line in process.stderr if line.startswith("serving"))
        port = int(said.removeprefix(f"serving http://{shown}:").removesuffix("/mcp; Ctrl-C ends\n"))

        def status(name: str) -> int:
            connection = http.client.HTTPConnection(host, port, timeout=30)
            connection.request("POST", "/mcp", "{}", {"Host": name, "Content-Type": "application/json"})
            found = connection.getresponse().status
            connection.close()
            return found

        refused = 421
        assert port and status("elsewhere.org") == refused
        assert refused not in [status(shown), status(f"{shown}:{port}"), status("localhost"), status("[::1]")]
    finally:
        process.kill()
        process.communicate()


def test_other_names_of_the_machine_are_allowed_by_an_option(command: list[str]) -> None:
    served = [*command, "--http", "0.0.0.0:0", "--allow-host", "shop.example", "--allow-host", "tea.example"]
    process = subprocess.Popen(served, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = next(line for line in process.stderr if line.startswith("serving"))
        hint = "for requests that are sent to localhost, shop.example, tea.example; --allow-host HOST allows another\n"
        assert next(process.stderr) == hint
        port = int(said.removeprefix("serving http://0.0.0.0:").removesuffix("/mcp; Ctrl-C ends\n"))

        def status(name: str) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", "/mcp", "{}", {"Host": name, "Content-Type": "application/json"})
            found = connection.getresponse().status
            connection.close()
            return found

        refused = 421
        assert status("elsewhere.example") == refused
        assert refused not in [status("shop.example"), status(f"tea.example:{port}"), status("localhost")]
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_taken_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        assert main(["mcp", "--tools", "agentkit_tools:calculate", "--http", address]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith(f"agentkit: {address} can't be served: Address already in use.")


async def test_tools_find_the_deps_of_the_server() -> None:
    @tool
    async def who(context: RunContext[str]) -> str:
        return f"{context.deps} {context.tool_name}"

    async with Client(mcp_server([who], deps="the deps of")) as client:
        assert (await client.call_tool("who", {})).content[0].text == "the deps of who"


async def test_what_tools_raise_is_told_to_the_client() -> None:
    @tool
    def broken(how: str) -> object:
        match how:
            case "failed":
                raise ToolFailed("no hope")
            case "retry":
                raise ModelRetry("not like this", "how")
            case "unprintable":
                return object()
            case _:
                raise ConnectionError("postgres://admin:hunter2@db refused")

    async with Client(mcp_server([broken])) as client:

        async def error(how: str) -> str:
            result = await client.call_tool("broken", {"how": how})
            assert result.is_error
            return result.content[0].text

        assert await error("failed") == "no hope"
        assert await error("retry") == "how: not like this"
        assert "can't be shown" in await error("unprintable")
        assert await error("broken") == "The tool failed: ConnectionError"


async def test_sequential_tools_run_alone() -> None:
    together: list[set[str]] = []
    running: set[str] = set()

    async def work(name: str) -> None:
        running.add(name)
        together.append(set(running))
        await anyio.sleep(0.05)
        running.remove(name)

    @tool(sequential=True)
    async def pay(to: str) -> None:
        await work(f"pay {to}")

    @tool
    async def look(at: str) -> None:
        await work(f"look {at}")

    async with Client(mcp_server([pay, look])) as client, anyio.create_task_group() as group:
        for number in "123":
            group.start_soon(client.call_tool, "look", {"at": f"{number}a"})
            group.start_soon(client.call_tool, "look", {"at": f"{number}b"})
            group.start_soon(client.call_tool, "pay", {"to": number})
    assert len(together) == 9
    assert all(len(names) == 1 for names in together if any(name.startswith("pay") for name in names))
    assert max(map(len, together)) > 1


@pytest.mark.skipif(sys.platform == "win32", reason="there Ctrl-C goes to all of a console")
def test_ctrl_c_ends_a_server_whose_input_is_open(command: list[str]) -> None:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        while not process.stdout.readline().startswith(b"{"):  # it serves
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == -signal.SIGINT
    finally:
        process.kill()
        process.communicate()


async def test_an_agent_that_stops_without_an_answer_is_an_error() -> None:
    agent = Agent(ScriptedModel([""]), name="silent", instructions="Says nothing.")
    async with Client(mcp_server([agent])) as client:
        assert (await client.list_tools()).tools[0].description == "Says nothing."
        assert (await client.call_tool("silent", {"prompt": "?"})).is_error


def test_what_cannot_be_served() -> None:
    with pytest.raises(UserError, match="requires approval"):
        mcp_server([Tool(lambda: None, name="f", requires_approval=True)])
    with pytest.raises(UserError, match="needs a name"):
        mcp_server([Agent(FunctionModel(lambda request: ""))])


def test_wrong_use_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mcp", "--tools", "agentkit_tools:calculate", "--http", "nowhere"]) == 2
    assert "write HOST:PORT" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["mcp"])
