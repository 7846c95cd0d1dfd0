"""An httpx transport that connects to public addresses only.

Each request, the first and every redirect alike, has its scheme, port and host checked; the host's name is resolved
once, all its addresses are checked, and the connection goes to one of these very addresses. The name stays in the Host
header, in TLS's server name and in the check of the certificate. So a name cannot be checked with one answer of the DNS
and reached with another (DNS rebinding). No proxy is used: it would do the resolving.
"""

import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import httpx

from agentkit import ModelRetry, ToolFailed
from agentkit_tools.addresses import is_public

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True)
class Rules:
    """Where requests may go; None allows any. Hosts are as `known` gives them."""

    ports: Collection[int] | None
    hosts: Collection[str] | None
    private: bool | Collection[str]

    def check(self, url: httpx.URL) -> int:
        """The port to connect to.

        Raises:
            ModelRetry: The address is of a kind that is never fetched.
            ToolFailed: The host is not one of the allowed ones.
        """
        if url.scheme not in ("http", "https") or not url.host:
            raise ModelRetry("only addresses that start with http:// or https:// can be fetched", argument="url")
        if url.userinfo:
            raise ModelRetry("an address with a user name or password in it is not fetched", argument="url")
        port = (443 if url.scheme == "https" else 80) if url.port is None else url.port
        if not 0 < port < 65536:
            raise ModelRetry("a port is a number from 1 to 65535", argument="url")
        if self.ports is not None and port not in self.ports:
            raise ToolFailed(f"port {port} is not allowed")
        if self.hosts is not None and not _among(_name(url), self.hosts):
            raise ToolFailed(f"{_name(url)} is not one of the allowed hosts: {', '.join(sorted(self.hosts))}")
        return port

    def allows_private(self, name: str) -> bool:
        return self.private if isinstance(self.private, bool) else _among(name, self.private)


def known(host: str) -> str:
    """A host, or ".example.org", as it stands in requests: IDNA, small letters, no brackets, no dot at its end.

    Raises:
        ValueError: It is no host alone.
    """
    try:
        name = _name(httpx.URL(scheme="http", host=host.removeprefix(".")))
    except httpx.InvalidURL as error:
        raise ValueError(f"{host!r} is no host: write it alone, such as example.org or 192.0.2.1") from error
    return f".{name}" if host.startswith(".") else name


def _name(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii").lower().rstrip(".")


def _among(name: str, hosts: Collection[str]) -> bool:
    """Whether it is one of the hosts, where ".example.org" means example.org and all below it."""
    return any(name == host.removeprefix(".") or (host[:1] == "." and name.endswith(host)) for host in hosts)


class PublicTransport(httpx.AsyncBaseTransport):
    """Checks, resolves and pins the address of each request, then sends it by httpx's own transport."""

    def __init__(self, rules: Rules, resolve: Resolve, context: ssl.SSLContext) -> None:
        self._rules = rules
        self._resolve = resolve
        # A connection is never used twice: hosts that share an address would share the first one's certificate.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        port = self._rules.check(request.url)
        name = _name(request.url)
        failure: httpx.TransportError | None = None
        for address in await self._addresses(name, port):
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError(f"no address for {name}")

    async def _addresses(self, name: str, port: int) -> Sequence[str]:
        """The host's addresses; one that is not public spoils them all, as no public host has such a one."""
        try:
            addresses = await self._resolve(name, port)
        except (OSError, UnicodeError):
            raise ModelRetry(f"the host {name!r} is unknown", argument="url") from None
        if not self._rules.allows_private(name) and not all(map(is_public, addresses)):
            raise ToolFailed(f"{name} is not on the public internet: only public pages can be fetched")
        return addresses

    async def aclose(self) -> None:
        await self._inner.aclose()


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """The same request to this address; the Host header was set from the name when the request was built."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": _name(request.url)},
    )
