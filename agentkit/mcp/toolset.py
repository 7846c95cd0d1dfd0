"""An MCP server's tools as tools of an agent."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import mcp_types as mcp
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client import Transport
from mcp.client.streamable_http import MCP_SESSION_ID, streamable_http_client

from agentkit.errors import ToolDefinitionError, ToolFailed, UserError
from agentkit.mcp.content import value_of
from agentkit.mcp.link import Link, LinkLost, note_status, result_of
from agentkit.mcp.shelf import Shelf, all_pages
from agentkit.tools import Tool

logger = logging.getLogger("agentkit")


class MCPToolset(Shelf):
    """The tools of an MCP server, for `Agent(tools=...)`, while it is connected:

        with MCPToolset(["python", "server.py"], prefix="files") as files:
            agent = Agent("bundled", tools=files)

    Its `list_resources`, `read_resource`, `list_prompts` and `get_prompt` are for the program, not for the model.

    It works as `async with` too, from any thread and in any event loop. A server that dies is started or connected to
    again by the next call; the call that was under way is a tool error, of which the model is told.

    server           a command with its arguments, or the URL of a streamable HTTP endpoint
    prefix           goes before the tools' names, with "_" between
    timeout          seconds that a call may take, and reading a resource or prompt
    connect_timeout  seconds that connecting may take, and then the server's answer to which tools there are
    include          the server's names of the tools to offer, each of which it has to have; None: all of them
    tool_options     options of `agentkit.tool` for all tools, such as `requires_approval`
    headers          of every HTTP request, such as one that authorizes
    env, cwd         of the command: variables beside the few that are always inherited, and its folder
    client_options   further keywords of `mcp.Client`, such as an `elicitation_callback`

    What a server says of its tools (`readOnlyHint` and the like) is not taken for granted: use `tool_options`.
    """

    def __init__(
        self,
        server: str | Sequence[str],
        *,
        prefix: str | None = None,
        timeout: float = 60.0,
        connect_timeout: float = 30.0,
        include: Collection[str] | None = None,
        tool_options: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        client_options: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(include, str):
            raise UserError(f"include takes the names of several tools: write include=[{include!r}].")
        self.server = server if isinstance(server, str) else tuple(server)
        self.prefix = prefix
        self.timeout = timeout
        self._include = None if include is None else frozenset(include)
        self._tool_options = {"timeout": timeout, **(tool_options or {})}
        transport = _transport(self.server, headers=headers, env=env, cwd=cwd)
        self._connect_timeout = connect_timeout
        self._link = Link(transport, connect_timeout=connect_timeout, options=dict(client_options or {}))
        self._tools: dict[str, Tool] | None = None
        self.refused: dict[str, str] = {}

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The server's tools, as they were when it was connected. `refused` says of the others what is wrong with them.

        Raises `UserError` when it isn't connected.
        """
        if self._tools is None:
            raise UserError(
                f"{self!r} is not connected: use its tools inside `with toolset:` or `async with toolset:`."
            )
        return tuple(self._tools.values())

    def __iter__(self) -> Iterator[Tool]:
        return iter(self.tools)

    def open(self) -> None:
        """Connects and reads which tools there are. Raises `UserError` when the server can't be reached."""
        self._check_closed()
        try:
            self._link.open()
            with self._told():
                self._tools = self._collected(self._link.do(self._listed_tools).result())
        finally:
            if self._tools is None:
                self._link.close()

    def close(self) -> None:
        """Ends the connection, and the process that was started for it."""
        self._tools = None
        self._link.close()

    def __enter__(self) -> MCPToolset:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> MCPToolset:
        self._check_closed()
        try:
            await anyio.to_thread.run_sync(self._link.open)
            with self._told():
                self._tools = self._collected(await result_of(self._link.do(self._listed_tools)))
        finally:
            if self._tools is None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._link.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close)

    def _check_closed(self) -> None:
        if self._tools is not None:
            raise UserError(f"{self!r} is already connected.")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns what goes wrong while connecting into a `UserError`."""
        try:
            yield
        except TimeoutError:
            raise UserError(f"{self!r} did not list its tools within {self._connect_timeout:g} seconds.") from None
        except (LinkLost, MCPError) as error:
            raise UserError(f"{self!r} can't be reached: {error}.") from error

    async def _listed_tools(self, client: Client) -> list[mcp.Tool]:
        with anyio.fail_after(self._connect_timeout):
            return await all_pages(client, "list_tools", "tools")

    def _collected(self, listed: Sequence[mcp.Tool]) -> dict[str, Tool]:
        names = {tool.name: None for tool in listed}
        if lacking := sorted((self._include or frozenset()) - names.keys()):
            raise UserError(
                f"{self!r} has no {', '.join(lacking)}, which include names; its tools are "
                f"{', '.join(names) or 'none'}."
            )
        tools: dict[str, Tool] = {}
        self.refused = {}
        for tool in listed:
            if self._include is None or tool.name in self._include:
                try:
                    made = self._tool(tool)
                    if made.name in tools:
                        raise ToolDefinitionError(f"another tool of the server is called {made.name!r} here as well")
                    tools[made.name] = made
                except ToolDefinitionError as error:
                    self.refused[tool.name] = str(error)
                    logger.warning("%r: the tool %r can't be offered: %s", self, tool.name, error)
        return tools

    def _tool(self, tool: mcp.Tool) -> Tool:
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", f"{self.prefix}_{tool.name}" if self.prefix else tool.name)
        return Tool.from_schema(
            partial(self._call, tool),
            name=name,
            description=tool.description or tool.title or "",
            json_schema={"type": "object", **tool.input_schema},
            **self._tool_options,
        )

    async def _call(self, tool: mcp.Tool, /, **arguments: Any) -> Any:
        async def request(client: Client) -> mcp.CallToolResult:
            return await client.call_tool(tool.name, arguments)

        try:
            result = await result_of(self._link.do(request))
        except LinkLost as error:
            unknown = " Whether the call was carried out is not known." if error.sent else ""
            raise ToolFailed(f"The server of this tool can't be reached: {error}.{unknown}") from error
        except MCPError as error:
            raise ToolFailed(error.message) from error
        if result.is_error:
            raise ToolFailed(str(value_of(result)) or "The tool failed, and its server does not say why.")
        return value_of(result)

    def __repr__(self) -> str:
        server = self.server if isinstance(self.server, str) else " ".join(self.server)
        return f"MCPToolset({server!r})"


def _transport(
    server: str | tuple[str, ...],
    *,
    headers: Mapping[str, str] | None,
    env: Mapping[str, str] | None,
    cwd: str | Path | None,
) -> Callable[[], Transport]:
    if isinstance(server, str):
        if not server.startswith(("http://", "https://")):
            raise UserError(f"{server!r} is no URL: a command is a list, such as ['python', 'server.py'].")
        return partial(_http, server, dict(headers or {}))
    if not server:
        raise UserError("An MCP server is a URL or a command, and this is neither.")
    command = StdioServerParameters(command=server[0], args=list(server[1:]), env=dict(env or {}), cwd=cwd)
    return lambda: stdio_client(command, errlog=sys.__stderr__ or sys.stderr)


@asynccontextmanager
async def _http(url: str, headers: dict[str, str]) -> Any:
    patient = httpx2.Timeout(30, read=300)  # a server may hold a stream open
    hooks = {"response": [_note_response]}
    async with httpx2.AsyncClient(headers=headers, timeout=patient, event_hooks=hooks) as http:
        async with streamable_http_client(url, http_client=http) as streams:
            yield streams


async def _note_response(response: httpx2.Response) -> None:
    if MCP_SESSION_ID in response.request.headers and not response.has_redirect_location:
        note_status(response.status_code)
