"""The link to an MCP server: a client in an event loop of its own, made anew when it is lost."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future
from contextlib import ExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, MCPError
from mcp.client import Transport
from mcp_types import CONNECTION_CLOSED, METHOD_NOT_FOUND

from agentkit.tasks import flat_errors

logger = logging.getLogger("agentkit")

ValueT = TypeVar("ValueT")

_statuses: ContextVar[list[int] | None] = ContextVar("_statuses", default=None)
"""Of the HTTP responses to a call's requests in a session, which the SDK makes in the call's context."""


def note_status(status: int) -> None:
    """What a transport tells of each HTTP response in a session."""
    statuses = _statuses.get()
    if statuses is not None:
        statuses.append(status)


class LinkLost(Exception):
    """The server went away; `sent` says whether it may have got the request."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


@dataclass(eq=False)
class _Connection:
    client: Client
    lost: anyio.Event
    calls: set[anyio.CancelScope] = field(default_factory=set)


class Link:
    """Talks to one server from a thread with an event loop of its own.

    So it may be used from any thread and any event loop, outlives each of them, and a transport that breaks takes
    nothing down but itself. A call on a lost connection makes a new one first.

    transport  makes the way to the server, for each connection anew
    options    further keywords of `mcp.Client`
    """

    def __init__(
        self, transport: Callable[[], Transport], *, connect_timeout: float, options: dict[str, Any] | None = None
    ) -> None:
        self._transport = transport
        self._timeout = connect_timeout
        self._options = options or {}
        self._connection: _Connection | None = None
        self._thread: ExitStack | None = None
        self._portal: BlockingPortal

    def open(self) -> None:
        """Starts the thread; nothing is connected yet."""
        with ExitStack() as stack:
            self._portal = stack.enter_context(start_blocking_portal())
            self._group: TaskGroup = stack.enter_context(self._portal.wrap_async_context_manager(_tasks()))
            self._connecting = self._portal.call(_lock)
            self._thread = stack.pop_all()

    def close(self) -> None:
        """Ends the connection and the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def do(self, request: Callable[[Client], Coroutine[Any, Any, ValueT]]) -> Future[ValueT]:
        """Begins a request. Its future raises `LinkLost`, and what the request raises.

        A request that a lost connection refused for sure, without having carried it out, is made once more.
        """
        if self._thread is None:
            raise LinkLost("it is closed", sent=False)
        return self._portal.start_task_soon(self._do, request)

    async def _do(self, request: Callable[[Client], Coroutine[Any, Any, ValueT]]) -> ValueT:
        connection = await self._connected()
        try:
            return await self._on(connection, request)
        except LinkLost as error:
            if error.sent:
                raise
        return await self._on(await self._connected(), request)

    async def _on(self, connection: _Connection, request: Callable[[Client], Coroutine[Any, Any, ValueT]]) -> ValueT:
        statuses: list[int] = []
        _statuses.set(statuses)
        with anyio.CancelScope() as scope:
            connection.calls.add(scope)
            try:
                return await request(connection.client)
            except MCPError as error:
                if error.code == CONNECTION_CLOSED:
                    raise LinkLost("it went away", sent=True) from None
                if statuses[-1:] == [404] and error.code != METHOD_NOT_FOUND:  # it has forgotten who we are
                    connection.lost.set()
                    raise LinkLost("it has forgotten the session", sent=len(statuses) > 1) from None
                raise
            finally:
                connection.calls.discard(scope)
        raise LinkLost("it went away", sent=True)

    async def _connected(self) -> _Connection:
        async with self._connecting:
            if self._connection is None or self._connection.lost.is_set():
                try:
                    with flat_errors(), anyio.fail_after(self._timeout):
                        self._connection = await self._group.start(self._hold)
                except TimeoutError:
                    raise LinkLost(f"no answer within {self._timeout:g} seconds", sent=False) from None
                except Exception as error:
                    raise LinkLost(str(error) or type(error).__name__, sent=False) from error
            return self._connection

    async def _hold(self, *, task_status: TaskStatus[_Connection]) -> None:
        """Keeps one connection until it is lost; what goes wrong then ends only the calls that are under way."""
        connection, lost = None, anyio.Event()
        try:
            async with Client(_watched(self._transport(), lost), **self._options) as client:
                connection = _Connection(client, lost)
                task_status.started(connection)
                await lost.wait()
        except Exception as error:
            if connection is None:
                raise
            logger.warning("The connection to an MCP server broke", exc_info=error)
        finally:
            lost.set()
            for call in connection.calls if connection is not None else ():
                call.cancel()


async def result_of(future: Future[ValueT]) -> ValueT:
    """Waits for another thread's future without blocking; cancelled, it cancels that."""
    try:
        return await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
    except anyio.get_cancelled_exc_class():
        future.cancel()
        raise
    except FutureCancelled:
        raise LinkLost("it was closed", sent=True) from None


@asynccontextmanager
async def _tasks() -> AsyncIterator[TaskGroup]:
    async with anyio.create_task_group() as group:
        yield group
        group.cancel_scope.cancel()


async def _lock() -> anyio.Lock:
    return anyio.Lock()


@asynccontextmanager
async def _watched(transport: Transport, lost: anyio.Event) -> AsyncIterator[tuple[Any, Any]]:
    """The transport, which sets `lost` when nothing more can be read from it."""
    async with transport as (read, write):
        yield _Watched(read, lost), write


class _Watched:
    """A read stream that tells when it ends."""

    def __init__(self, stream: Any, ended: anyio.Event) -> None:
        self._stream = stream
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __aiter__(self) -> _Watched:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def receive(self) -> Any:
        try:
            return await self._stream.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            self._ended.set()
            raise

    async def __aenter__(self) -> _Watched:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._stream.__aexit__(*error)
