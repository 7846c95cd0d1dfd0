"""Tools and agents as an MCP server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import mcp_types as mcp
from anyio.abc import SocketAttribute
from mcp.server import Server
from mcp.server.stdio import stdio_server

from agentkit.agent import Agent
from agentkit.budget import Budget
from agentkit.calls import in_words, prepare
from agentkit.errors import UserError
from agentkit.execution import run_tool
from agentkit.jsonable import clean
from agentkit.mcp.content import error_result, result_of_value
from agentkit.messages import ToolCallPart
from agentkit.models.base import Conversation, Model
from agentkit.run import Plan, Run
from agentkit.tools import Tool, ToolFunction, collect_tools


def mcp_server(
    tools: Iterable[Tool | ToolFunction | Agent[Any]],
    *,
    name: str = "agentkit",
    instructions: str | None = None,
    deps: Any = None,
    tool_timeout: float | None = None,
) -> Server[Any]:
    """The tools as a server of the official SDK: to be served in any way it knows, by `serve_stdio` or `serve_http`.

    tools         functions or `Tool` objects; an `Agent` is a tool of its own name that takes a prompt and answers it
    instructions  what clients are told about how to use the server
    deps          what tools find as `RunContext.deps`
    tool_timeout  seconds after which a call is given up; a tool's own `timeout` goes before it

    Arguments are checked as in a run, `sequential` tools run alone, and what a tool raises is told to the caller in the
    same words; of exceptions that aren't made for that, only the type. Raises `UserError` for a tool that
    `requires_approval`: here nobody could be asked.
    """
    served = collect_tools(tool.as_tool() if isinstance(tool, Agent) else tool for tool in tools)
    for tool in served.values():
        if tool.options.may_ask:
            raise UserError(f"The tool {tool.name!r} requires approval, and a server has nobody to ask: leave it out.")
    plan = Plan(_NoModel(), served, tool_timeout=tool_timeout)
    gate = _Gate()
    listed = [
        mcp.Tool(name=tool.name, description=tool.description, input_schema=tool.parameters, annotations=_hints(tool))
        for tool in served.values()
    ]

    async def list_tools(context: Any, params: mcp.PaginatedRequestParams | None) -> mcp.ListToolsResult:
        return mcp.ListToolsResult(tools=listed)

    async def call_tool(context: Any, params: mcp.CallToolRequestParams) -> mcp.CallToolResult:
        prepared = prepare(ToolCallPart(params.name, params.arguments or {}, id="call"), served)
        if prepared.wrong is not None:
            return error_result(_discreet(prepared.wrong, prepared.error))
        assert prepared.tool is not None
        run = Run(plan, [], 0, deps, _nowhere, budget=Budget(plan.limits))
        async with gate.passed(alone=prepared.tool.options.sequential):
            outcome = await run_tool(run, prepared)
        if outcome.result.is_error:
            return error_result(_discreet(str(outcome.result.content), outcome.error))
        return result_of_value(outcome.result.content)

    from agentkit import __version__

    return Server(
        name, version=__version__, instructions=instructions, on_list_tools=list_tools, on_call_tool=call_tool
    )


async def serve_stdio(server: Server[Any]) -> None:
    """Serves this process' standard input and output until the client closes them.

    What tools print meanwhile goes to standard error.
    """
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


async def serve_http(
    server: Server[Any],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    allowed_hosts: Sequence[str] = (),
    serving: Callable[[str], object] | None = None,
) -> None:
    """Serves streamable HTTP at `http://host:port/mcp` until it is cancelled.

    With port 0 the system chooses one. `serving` is told the URL as soon as clients may connect.

    There is no authorization: whoever reaches the port may call the tools. By default only this machine does, and the
    `Host` of requests has to be this one or one of `allowed_hosts`, so that no web page can call them either.

    Raises `UserError` where the port can't be listened on.
    """
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    shown = f"[{host}]" if ":" in host else host
    hosts = [shown, "127.0.0.1", "localhost", "[::1]", *allowed_hosts]
    names = [name for known in hosts for name in (known, f"{known}:*")]  # clients leave a default port out
    security = TransportSecuritySettings(
        allowed_hosts=names, allowed_origins=[f"{scheme}://{name}" for name in names for scheme in ("http", "https")]
    )
    app = server.streamable_http_app(host=host, transport_security=security)
    try:
        bound = await anyio.create_tcp_listener(local_host=host, local_port=port)
    except OSError as error:
        raise UserError(
            f"{shown}:{port} can't be served: {error.strerror or error}. Give a host of this machine and a free port."
        ) from error
    if serving is not None:
        serving(f"http://{shown}:{bound.extra(SocketAttribute.local_port)}/mcp")
    sockets = [listener.extra(SocketAttribute.raw_socket) for listener in bound.listeners]
    await uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve(sockets=sockets)


def _hints(tool: Tool) -> mcp.ToolAnnotations:
    return mcp.ToolAnnotations(read_only_hint=tool.options.read_only, idempotent_hint=tool.options.may_repeat)


def _discreet(message: str, error: Exception | None) -> str:
    """The message without an exception's own words, which may name hosts and passwords: callers may be anybody."""
    if error is None:
        return message
    return message.replace(clean(in_words(error)), f"The tool failed: {type(error).__name__}")


class _Gate:
    """Lets calls pass in the order they come, side by side, and those of sequential tools alone."""

    def __init__(self) -> None:
        self._entrance = anyio.Lock()
        self._inside = 0
        self._empty = anyio.Event()

    @asynccontextmanager
    async def passed(self, *, alone: bool) -> AsyncIterator[None]:
        async with self._entrance:
            if alone:
                if self._inside:
                    self._empty = anyio.Event()
                    await self._empty.wait()
                yield
                return
            self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()


async def _nowhere(event: object) -> None:
    """Nobody looks at the events of single calls."""


class _NoModel(Model):
    """Who calls the tools is on the other side."""

    def converse(self) -> AbstractAsyncContextManager[Conversation]:
        raise NotImplementedError("calls come from the client")
