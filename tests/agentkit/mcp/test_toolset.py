"""Tools of servers by the official SDK, as processes of their own."""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from agentkit import Agent, ToolFailed, UserError
from agentkit.mcp import MCPToolset
from agentkit.testing import ScriptedModel, call

pytestmark = pytest.mark.anyio
both_backends = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])

PEER = Path(__file__).parent / "peer.py"
STDIO_PEER = [sys.executable, str(PEER), "stdio"]


async def results(toolset: MCPToolset, *calls, **options) -> list:
    """What an agent's calls of the toolset's tools are answered with; errors as exceptions."""
    agent = Agent(ScriptedModel([*calls, "done"]), tools=toolset, **options)
    result = await agent.run("?")
    assert result.output == "done"
    return [
        ToolFailed(finished.result.content) if finished.result.is_error else finished.result.content
        for finished in result.tool_calls
    ]


@both_backends
async def test_a_servers_tools_are_an_agents_tools():
    async with MCPToolset(STDIO_PEER) as toolset:
        tools = {tool.name: tool for tool in toolset}
        assert tools["add"].description == "Add two numbers."
        assert tools["add"].parameters["properties"]["a"] == {"minimum": 0, "type": "integer", "title": "A"}
        assert await results(
            toolset,
            call("add", a=2, b=3),
            call("weather", city="Oslo"),
            call("greet"),
            call("picture"),
        ) == [
            5,
            {"city": "Oslo", "degrees": 20},
            "hello",
            ["here it is", {"type": "image", "mime_type": "image/png", "base64_characters": 4}],
        ]


async def test_wrong_arguments_never_reach_the_server_and_errors_of_it_are_told():
    async with MCPToolset(STDIO_PEER) as toolset:
        wrong, failed = await results(toolset, call("add", a=-1), call("fail", reason="no"), retries=3)
        assert str(wrong) == "The arguments are wrong. /a: should satisfy minimum 0; it is -1"
        assert "fail" in str(failed)


async def test_included_tools_are_named_whole_and_are_there():
    with pytest.raises(UserError, match=r"write include=\['process_id'\]"):
        MCPToolset(STDIO_PEER, include="process_id")
    toolset = MCPToolset(STDIO_PEER, include=["add", "ad", "addition"])
    with pytest.raises(UserError, match=r"has no ad, addition, .* its tools are add, process_id, "):
        await toolset.__aenter__()
    async with MCPToolset(STDIO_PEER, include=(name for name in ["add"])) as some:
        assert [tool.name for tool in some] == ["add"]


async def test_one_toolset_for_runs_in_several_event_loops_and_threads():
    with MCPToolset(STDIO_PEER, prefix="peer", include=["process_id"]) as toolset:
        agent = Agent(ScriptedModel([call("peer_process_id"), "1", call("peer_process_id"), "2"]), tools=toolset)

        def ask() -> int:
            return agent.run_sync("?").tool_calls[0].result.content

        first = await anyio.to_thread.run_sync(ask)
        assert first == await anyio.to_thread.run_sync(ask) != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


@both_backends
async def test_a_server_that_dies_during_a_call_is_a_tool_error_and_the_next_call_starts_it_again():
    async with MCPToolset(STDIO_PEER) as toolset:
        before, died, after = await results(toolset, call("process_id"), call("die"), call("process_id"))
        assert "can't be reached: it went away. Whether the call was carried out is not known." in str(died)
        assert isinstance(after, int) and after != before


async def test_a_server_that_died_between_calls_is_started_again_unnoticed():
    async with MCPToolset(STDIO_PEER) as toolset:
        (before,) = await results(toolset, call("process_id"))
        os.kill(before, signal.SIGKILL)
        await anyio.to_thread.run_sync(until_noticed, toolset)
        (after,) = await results(toolset, call("process_id"))
        assert isinstance(after, int) and after != before


async def test_calls_side_by_side_are_all_told_when_the_server_dies():
    async with MCPToolset(STDIO_PEER) as toolset:
        turn = [call("wait", seconds=60), call("wait", seconds=60), call("die")]  # what comes later asks a new server
        with anyio.fail_after(30):
            assert all("went away" in str(error) for error in await results(toolset, turn))


async def test_http_over_a_real_socket_survives_a_restart_of_the_server(started, free_port):
    port = free_port
    command = [sys.executable, str(PEER), "http", str(port)]
    process = started(command, port)
    async with MCPToolset(f"http://127.0.0.1:{port}/mcp", headers={"X-From": "a test"}) as toolset:
        before, died, gone = await results(toolset, call("process_id"), call("die"), call("add", a=1))
        assert before == process.pid and "went away" in str(died) and "can't be reached" in str(gone)
        process.wait()
        process = started(command, port)
        assert await results(toolset, call("process_id"), call("add", a=1)) == [process.pid, 2]


async def test_a_server_of_the_handshake_era_that_forgot_the_session_is_asked_again(started, free_port):
    port = free_port
    command = [sys.executable, str(PEER), "http", str(port)]
    process = started(command, port)
    async with MCPToolset(f"http://127.0.0.1:{port}/mcp", client_options={"mode": "legacy"}) as toolset:
        assert await results(toolset, call("add", a=1)) == [2]
        process.kill()
        process.wait()
        started(command, port)
        assert await results(toolset, call("add", a=2)) == [3]


async def test_a_call_that_takes_too_long_is_given_up_and_the_server_goes_on():
    async with MCPToolset(STDIO_PEER) as toolset:
        wait = next(tool for tool in toolset if tool.name == "wait")
        wait.options = replace(wait.options, timeout=0.5)
        late, fine = await results(toolset, call("wait", seconds=2), call("add", a=1), retries=2)
        assert "within 0.5 seconds" in str(late) and fine == 2


@both_backends
async def test_a_run_that_is_cancelled_does_not_wait_for_the_server():
    async with MCPToolset(STDIO_PEER) as toolset:
        with anyio.move_on_after(0.3) as scope:
            await results(toolset, call("wait", seconds=1))
        assert scope.cancelled_caught
        assert await results(toolset, call("add", a=1)) == [2]


async def test_a_closed_toolset_says_so():
    toolset = MCPToolset(STDIO_PEER)
    with pytest.raises(UserError, match="is not connected"):
        Agent(ScriptedModel([]), tools=toolset)
    with toolset:
        agent = Agent(ScriptedModel([call("add", a=1), "done"]), tools=toolset)
        with pytest.raises(UserError, match="already connected"):
            toolset.open()
    assert "it is closed" in (await agent.run("?")).tool_calls[0].result.content
    toolset.close()


@pytest.mark.parametrize(
    ("server", "complaint"),
    [
        (["/no/such/program"], "can't be reached: .*No such file"),
        ([sys.executable, "-c", "pass"], "can't be reached: it went away|can't be reached: Connection closed"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "can't be reached: no answer within 0.5 seconds"),
        ("http://127.0.0.1:1/mcp", "can't be reached"),
        ("server.py", "is no URL"),
        ([], "a URL or a command"),
    ],
)
async def test_a_server_that_is_not_there(server, complaint):
    with pytest.raises(UserError, match=complaint):
        async with MCPToolset(server, connect_timeout=0.5 if "sleep" in str(server) else 30):
            pass


LAX = """
import anyio
from mcp.server import Server
from mcp.server.stdio import stdio_server
import mcp_types as mcp

SCHEMAS = {
    "fine/name": {"type": "object", "properties": {"n": {"type": "integer", "uniqueItems": True}}},
    "fine?name": {"type": "object"},
    "impossible": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 2, "maximum": 1}},
                   "required": ["n"]},
    "fetched": {"type": "object", "properties": {"n": {"$ref": "https://example.org/schema"}}},
    "x" * 70: {"type": "object"},
}

async def tools(context, params):
    names = list(SCHEMAS)
    start = int(params.cursor) if params and params.cursor else 0
    page = [mcp.Tool(name=name, input_schema=SCHEMAS[name]) for name in names[start:start + 2]]
    return mcp.ListToolsResult(tools=page, next_cursor=str(start + 2) if start + 2 < len(names) else None)

async def main():
    async with stdio_server() as streams:
        server = Server("lax", on_list_tools=tools)
        await server.run(*streams, server.create_initialization_options())

anyio.run(main)
"""


async def test_tools_that_cannot_be_offered_are_refused_with_the_reason(tmp_path: Path):
    (tmp_path / "lax.py").write_text(LAX)
    async with MCPToolset([sys.executable, "lax.py"], cwd=tmp_path) as toolset:
        assert [tool.name for tool in toolset] == ["fine_name"]
        reasons = toolset.refused
        assert "called 'fine_name' here as well" in reasons["fine?name"]
        assert "/properties/n" in reasons["impossible"] and "nothing is fetched" in reasons["fetched"]
        assert "can't be a tool's name" in reasons["x" * 70]
        (failed,) = await results(toolset, call("fine_name", n=1))
        assert isinstance(failed, ToolFailed)


BARE = """
import json, sys

def answer(id, **what):
    print(json.dumps({"jsonrpc": "2.0", "id": id, **what}), flush=True)

TOOL = {"name": "pay", "description": "Pays.", "inputSchema": {"type": "object", "properties": {}}}
CAN = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "bare", "version": "1"}}
how, log = sys.argv[1:]
for line in sys.stdin:
    message = json.loads(line)
    match message["method"]:
        case "initialize":
            answer(message["id"], result=CAN)
        case "tools/list" if how == "circles":
            answer(message["id"], result={"tools": [], "nextCursor": "again"})
        case "tools/list" if how != "silent":
            answer(message["id"], result={"tools": [TOOL]})
        case "tools/call":
            with open(log, "a") as file:
                file.write("paid ")
            if how == "mute":
                answer(message["id"], result={"content": [], "isError": True})
            else:
                answer(message["id"], error={"code": -32600, "message": "paid, but the session has expired"})
        case method if "id" in message and method != "tools/list":
            answer(message["id"], error={"code": -32601, "message": "no"})
with open(log, "a") as file:
    file.write("ended")
"""


def bare(how: str, log: Path) -> list[str]:
    """The command of a server that speaks for itself, and writes what it did into a file."""
    return [sys.executable, "-c", BARE, how, str(log)]


async def test_an_error_that_speaks_of_a_session_is_told_and_the_call_not_made_again(tmp_path: Path):
    async with MCPToolset(bare("error", tmp_path / "log")) as toolset:
        (error,) = await results(toolset, call("pay"))
        assert str(error) == "paid, but the session has expired"
    assert (tmp_path / "log").read_text() == "paid ended"


async def test_a_failure_without_words_is_told_as_one(tmp_path: Path):
    async with MCPToolset(bare("mute", tmp_path / "log")) as toolset:
        (error,) = await results(toolset, call("pay"))
        assert str(error) == "The tool failed, and its server does not say why."


async def test_a_list_of_tools_that_never_ends(tmp_path: Path):
    with pytest.raises(UserError, match="its list of tools goes round in circles"):
        MCPToolset(bare("circles", tmp_path / "log")).open()
    with pytest.raises(UserError, match="did not list its tools within 3 seconds"):
        MCPToolset(bare("silent", tmp_path / "log"), connect_timeout=3).open()


@both_backends
async def test_a_cancelled_opening_leaves_no_server(tmp_path: Path):
    toolset = MCPToolset(bare("silent", tmp_path / "log"))
    with anyio.move_on_after(3) as scope:
        async with toolset:
            raise AssertionError("it never lists its tools")
    assert scope.cancelled_caught and (tmp_path / "log").read_text() == "ended"
    with pytest.raises(UserError, match="is not connected"):
        list(toolset)


def until_noticed(toolset: MCPToolset) -> None:
    for _ in range(3000):
        if toolset._link._connection.lost.is_set():
            return
        time.sleep(0.01)
