"""Fetching pages from the public web."""

import re
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from agentkit import ModelRetry, ToolFailed
from agentkit_tools import page

if TYPE_CHECKING:
    import httpx

    from agentkit_tools.transport import Resolve

MAX_URL = 2000

_NO_SCHEME = re.compile(r"[\w-]+(\.[\w-]+)+(:\d+)?([/?#].*)?")


async def resolve(host: str, port: int) -> Sequence[str]:
    """The host's addresses, by the system's resolver, in the order to try them."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Web:
    """Fetches text from the public web: `Agent(tools=[*Web(allow_hosts=["en.wikipedia.org"]).tools])`.

    Only http and https on the usual ports, only hosts on the public internet, checked again at each redirect, and
    connected to at the address that was checked (see `agentkit_tools.transport`). What is beyond a limit is cut, and
    says so. Proxies, cookies and credentials of the machine are not used.

    Args:
        timeout: Seconds for all of it: looking up the name, connecting, redirects and the whole body.
        max_bytes: Bytes of a body that are read, counted after decompression.
        max_characters: Characters that one call returns.
        allow_hosts: The only hosts to fetch from, without port; ".example.org" means example.org and all below it.
            None: all.
        allow_ports: The only ports; None: all.
        allow_private: Hosts that may have private and loopback addresses, written as in `allow_hosts`; True: all.
            For tests and servers of your own: whoever can talk to the model can talk to these through it.
        max_redirects: Redirects to follow.
        html_to_text: Give the text of an HTML page, not its source.
        ssl_context: For certificates of your own; by default those that httpx trusts.
        resolve: Looks up the addresses of a host and port; by default as the system does.
    """

    def __init__(
        self,
        *,
        timeout: float = 10,
        max_bytes: int = 1_000_000,
        max_characters: int = 20_000,
        allow_hosts: Collection[str] | None = None,
        allow_ports: Collection[int] | None = (80, 443),
        allow_private: bool | Collection[str] = False,
        max_redirects: int = 5,
        html_to_text: bool = True,
        ssl_context: ssl.SSLContext | None = None,
        resolve: "Resolve" = resolve,
    ) -> None:
        for name, hosts in (("allow_hosts", allow_hosts), ("allow_private", allow_private)):
            if isinstance(hosts, str):
                raise TypeError(f"{name} is a collection of hosts: write [{hosts!r}]")
        self.timeout = timeout
        self.max_bytes = max_bytes
        self.max_characters = max_characters
        self.allow_hosts = None if allow_hosts is None else _known("allow_hosts", allow_hosts)
        self.allow_ports = allow_ports
        private = allow_private if isinstance(allow_private, bool) else _known("allow_private", allow_private)
        self.allow_private: bool | Collection[str] = private
        self.max_redirects = max_redirects
        self.html_to_text = html_to_text
        self._ssl_context = ssl_context
        self._resolve = resolve
        self._lock = threading.Lock()

    @property
    def tools(self) -> list[Callable[..., Any]]:
        """The functions to hand to an agent."""
        return [self.http_get]

    async def http_get(self, url: str) -> str:
        """Fetch a web page by its address.

        Args:
            url: The address of the page.
        """
        address = _normalised(url)
        try:
            with anyio.fail_after(self.timeout):
                return await self._fetch(address)
        except TimeoutError:
            raise ToolFailed(f"the page did not arrive within {self.timeout:g} seconds") from None

    async def _fetch(self, url: str) -> str:
        import httpx

        try:
            async with await self._client() as client, self._opened(client, url) as response:
                _check_status(response)
                content_type = response.headers.get("content-type", "")
                if not page.is_text(content_type):
                    raise ToolFailed(f"the address holds {content_type[:60]}, not text")
                body = await self._body(response)
        except httpx.TimeoutException:
            raise TimeoutError from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
            raise ModelRetry("the address is not valid", argument="url") from None
        except httpx.ConnectError:
            raise ToolFailed("the server cannot be reached, or its certificate is not valid") from None
        except httpx.HTTPError as error:
            raise ToolFailed(f"the page could not be fetched: {type(error).__name__}") from None
        return await anyio.to_thread.run_sync(self._text, body, content_type)

    @asynccontextmanager
    async def _opened(self, client: "httpx.AsyncClient", url: str) -> "AsyncIterator[httpx.Response]":
        """The response at the end of the redirects, whose own bodies are not read (httpx would, without limit)."""
        request = client.build_request("GET", url)
        for _ in range(self.max_redirects + 1):
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                if response.next_request is None:
                    yield response
                    return
                request = response.next_request
            finally:
                await response.aclose()
        raise ToolFailed(f"the page redirects more than {self.max_redirects} times")

    async def _client(self) -> "httpx.AsyncClient":
        import httpx

        from agentkit_tools.transport import PublicTransport, Rules

        context = await anyio.to_thread.run_sync(self._certificates)
        rules = Rules(self.allow_ports, self.allow_hosts, self.allow_private)
        return httpx.AsyncClient(
            transport=PublicTransport(rules, self._resolve, context),
            headers={"Accept-Encoding": "gzip", "User-Agent": "agentkit-tools"},
            timeout=self.timeout,
            trust_env=False,
        )

    def _certificates(self) -> ssl.SSLContext:
        """The context for TLS, made once, in a thread since it reads files."""
        import httpx

        with self._lock:
            if self._ssl_context is None:
                self._ssl_context = httpx.create_ssl_context()
            return self._ssl_context

    async def _body(self, response: "httpx.Response") -> page.Unpacker:
        """The body up to one byte over the limit; no more is read."""
        try:
            body = page.Unpacker(response.headers.get("content-encoding", ""), self.max_bytes)
            async for piece in response.aiter_raw():
                body.feed(piece)
                if body.done:
                    break
        except ValueError as error:
            raise ToolFailed(f"the page cannot be read: {error}") from None
        return body

    def _text(self, body: page.Unpacker, content_type: str) -> str:
        text = page.decode(bytes(body.data[: self.max_bytes]), content_type)
        if text is None:
            raise ToolFailed("the address holds binary data, not text")
        if self.html_to_text and page.is_html(content_type, text):
            text = page.text_of_html(text)
        if len(text) > self.max_characters:
            return f"{text[: self.max_characters]}\n[cut: the page is longer]"
        return f"{text}\n[cut: the page is longer]" if body.cut else text


def _known(option: str, hosts: Collection[str]) -> Collection[str]:
    """The hosts of an option in the form that requests are compared in."""
    from agentkit_tools.transport import known

    try:
        return [known(host) for host in hosts]
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from error


def _normalised(url: str) -> str:
    """The address without spaces around it, and with https:// where there is no scheme."""
    url = url.strip()
    if len(url) > MAX_URL:
        raise ModelRetry(f"the address is too long: at most {MAX_URL} characters", argument="url")
    return f"https://{url}" if _NO_SCHEME.fullmatch(url) else url


def _check_status(response: "httpx.Response") -> None:
    status = response.status_code
    if status == HTTPStatus.OK or 200 < status < 300:
        return
    phrase = next((f" {known.phrase}" for known in HTTPStatus if known == status), "")
    message = f"the server answered {status}{phrase}"
    if status in (400, 404, 410, 414):
        raise ModelRetry(f"{message}: is the address right?", argument="url")
    raise ToolFailed(message)


http_get = Web().http_get
