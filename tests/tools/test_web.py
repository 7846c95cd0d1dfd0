"""HTTP over real sockets: a server on the loopback, which the tool must be told to allow."""

import asyncio
import gzip
import itertools
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agentkit import ModelRetry, ToolFailed
from agentkit_tools import Web, http_get

pytestmark = pytest.mark.anyio
Respond = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def serving(respond: Respond, context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[str]]]:
    """A server that answers with `respond(request head, writer)`; gives its port and the heads it got."""
    heads: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:  # as servers do, the connection is kept for more
                heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
                await respond(heads[-1], writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()


def answer(body: bytes = b"hello", *headers: str, status: str = "200 OK", kind: str = "text/plain") -> Respond:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    async def respond(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return respond


def names(**addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A name service of these names (`_` for a dot) only."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        try:
            return addresses[host.replace(".", "_")].split()
        except KeyError:
            raise OSError("unknown") from None

    return resolve


def local_web(**options: object) -> Web:
    return Web(**({"allow_private": True, "allow_ports": None, "timeout": 5} | options))  # type: ignore[arg-type]


async def test_a_page_is_fetched() -> None:
    async with serving(answer("grün".encode())) as (port, heads):
        assert await local_web().http_get(f" http://127.0.0.1:{port}/page?q=1#part ") == "grün"
    assert heads[0].startswith("GET /page?q=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{port}\r\n" in heads[0]


async def test_html_becomes_text_unless_told_otherwise() -> None:
    page = b"<title>Title</title><script>1</script><p>Text</p>"
    async with serving(answer(page, kind="text/html; charset=utf-8")) as (port, _):
        assert await local_web().http_get(f"http://127.0.0.1:{port}") == "Title\nText"
        assert await local_web(html_to_text=False).http_get(f"http://127.0.0.1:{port}") == page.decode()


async def test_compressed_pages() -> None:
    async with serving(answer(gzip.compress(b"hello"), "Content-Encoding: gzip")) as (port, heads):
        assert await local_web().http_get(f"http://127.0.0.1:{port}/") == "hello"
    assert "Accept-Encoding: gzip\r\n" in heads[0]
    broken_off = gzip.compress(b"hello" + bytes(range(32, 127)))[:-40]
    async with serving(answer(broken_off, "Content-Encoding: gzip")) as (port, _):
        page = await local_web().http_get(f"http://127.0.0.1:{port}/")
        assert page.startswith("hello") and page.endswith("\n[cut: the page is longer]")


LOCAL_HOSTS = [
    *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "127.0.0.1."),
    *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::]", "LOCALHOST", "localhost."),
]


@pytest.mark.parametrize("host", LOCAL_HOSTS)
async def test_by_default_the_loopback_is_never_connected_to(host: str) -> None:
    async with serving(answer()) as (port, heads):
        with pytest.raises((ToolFailed, ModelRetry)) as caught:
            await Web(allow_ports=None).http_get(f"http://{host}:{port}/")
        assert heads == []
    assert any(words in str(caught.value) for words in ("not on the public internet", "unknown", "not valid"))


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "192.168.0.1", "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fe80::1%eth0"),
        *("64:ff9b::a00:1", "93.184.216.34 127.0.0.1", "2606:2800:220:1::1 ::1", "not an address"),
    ],
)
async def test_names_that_lead_to_private_addresses_are_refused(address: str) -> None:
    web = Web(resolve=names(innocent_example=address))
    with pytest.raises(ToolFailed, match=r"innocent\.example is not on the public internet"):
        await web.http_get("http://innocent.example/")


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]", "[fe80::1]", "2852039166"])
async def test_private_hosts_are_refused_by_the_shared_tool(host: str) -> None:
    with pytest.raises(ToolFailed, match="not on the public internet"):
        await http_get(f"http://{host}/latest/meta-data/")


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """DNS rebinding: a name is asked for once, and the answer that was checked is the one connected to."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    async with serving(answer()) as (port, heads):
        web = local_web(resolve=resolve)
        assert await web.http_get(f"http://rebind.example:{port}/") == "hello"
    assert asked == ["rebind.example"]
    assert f"Host: rebind.example:{port}\r\n" in heads[0]


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async with serving(answer()) as (port, _):
        web = local_web(resolve=names(two_example="127.0.0.2 127.0.0.1"))
        assert await web.http_get(f"http://two.example:{port}/") == "hello"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://internal.example:{port}/", "internal.example is not on the public internet"),
        ("//internal.example:{port}/", "internal.example is not on the public internet"),
        ("http://127.0.0.1:{port}/", "127.0.0.1 is not on the public internet"),
        ("http://169.254.169.254/latest/", "169.254.169.254 is not on the public internet"),
        ("http://start.example:22/", "port 22 is not allowed"),
        ("file:///etc/passwd", "http:// or https://"),
        ("gopher://start.example/", "http:// or https://"),
        ("http://user:password@start.example:{port}/", "user name or password"),
        ("http://unknown.example:{port}/", "is unknown"),
    ],
)
async def test_every_redirect_is_checked(target: str, words: str) -> None:
    async def respond(head: str, writer: asyncio.StreamWriter) -> None:
        location = "Location: " + target.format(port=port)
        await answer(b"", location, status="302 Found")(head, writer)

    async def resolve(host: str, port: int) -> Sequence[str]:
        own = names(start_example="127.0.0.1", internal_example="127.0.0.1")
        return [host] if host[0].isdigit() else await own(host, port)

    async with serving(respond) as (port, heads):
        web = local_web(allow_private=["start.example"], allow_ports=[80, port], resolve=resolve)
        with pytest.raises((ToolFailed, ModelRetry)) as caught:
            await web.http_get(f"http://start.example:{port}/")
    assert len(heads) == 1
    assert words in str(caught.value)


async def test_redirects_are_followed_up_to_a_limit() -> None:
    async def respond(head: str, writer: asyncio.StreamWriter) -> None:
        left = int(head.split()[1].strip("/"))
        redirect = answer(b"moved", f"Location: /{left - 1}", status="301 Moved Permanently")
        await (redirect if left else answer())(head, writer)

    async with serving(respond) as (port, heads):
        assert await local_web(max_redirects=3).http_get(f"http://127.0.0.1:{port}/3") == "hello"
        with pytest.raises(ToolFailed, match="redirects more than 3 times"):
            await local_web(max_redirects=3).http_get(f"http://127.0.0.1:{port}/4")
    assert len(heads) == 8


async def endless(head: str, writer: asyncio.StreamWriter) -> None:
    start = b"HTTP/1.1 302 Found\r\nLocation: /next\r\n" if "/redirect" in head else b"HTTP/1.1 200 OK\r\n"
    writer.write(start + b"Content-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


@pytest.mark.parametrize("path", ["/", "/redirect"])
async def test_an_endless_body_is_cut(path: str) -> None:
    async with serving(endless) as (port, _):
        text = await local_web(max_bytes=100_000, max_characters=10**6).http_get(f"http://127.0.0.1:{port}{path}")
    assert text == "x" * 100_000 + "\n[cut: the page is longer]"


async def test_a_long_text_is_cut() -> None:
    async with serving(answer(b"x" * 300)) as (port, _):
        assert (
            await local_web(max_characters=9).http_get(f"http://127.0.0.1:{port}/")
            == "x" * 9 + "\n[cut: the page is longer]"
        )
        assert await local_web(max_bytes=300).http_get(f"http://127.0.0.1:{port}/") == "x" * 300


async def test_a_decompression_bomb_is_cut() -> None:
    bomb = gzip.compress(b"x" * 20_000_000)
    async with serving(answer(bomb, "Content-Encoding: gzip")) as (port, _):
        assert len(await local_web().http_get(f"http://127.0.0.1:{port}/")) < 21_000


async def slow_body(head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def slow_headers(head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        writer.write(b"X-%d: y\r\n" % number)
        await writer.drain()
        await asyncio.sleep(0.05)


async def slow_redirects(head: str, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.1)
    await answer(b"", "Location: /", status="302 Found")(head, writer)


@pytest.mark.parametrize("respond", [slow_body, slow_headers, slow_redirects])
async def test_the_timeout_is_for_all_of_it(respond: Respond) -> None:
    async with serving(respond) as (port, _):
        with pytest.raises(ToolFailed, match=r"did not arrive within 0\.4 seconds"):
            await local_web(timeout=0.4, max_redirects=100).http_get(f"http://127.0.0.1:{port}/")


async def test_a_slow_name_service_counts_too() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(ToolFailed, match="did not arrive"):
        await Web(timeout=0.2, resolve=resolve).http_get("http://slow.example/")


async def endless_headers(head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Header: " + b"y" * 1000 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    ("respond", "words"),
    [
        (answer(b"\x89PNG", kind="image/png"), "holds image/png, not text"),
        (answer(b"%PDF\0\0", kind="text/plain"), "binary data"),
        (answer(b"x", "Content-Encoding: br"), "encoding 'br' is not known"),
        (answer(b"not gzip", "Content-Encoding: gzip"), "compressed data is broken"),
        (answer(b"x", status="500 Internal Server Error"), "answered 500 Internal Server Error"),
        (answer(b"x", status="403 Forbidden"), "answered 403 Forbidden"),
        (answer(b"x", status="999 Odd"), "answered 999"),
        (answer(b"x", status="302 Found"), "answered 302"),
        (answer(b"x", "Location: http://x:port/", status="302 Found"), "could not be fetched"),
        (endless_headers, "could not be fetched"),
        (answer(b"x", "Content-Length: 7"), "could not be fetched"),
    ],
)
async def test_what_cannot_be_read_is_told(respond: Respond, words: str) -> None:
    async with serving(respond) as (port, _):
        with pytest.raises(ToolFailed, match=words):
            await local_web().http_get(f"http://127.0.0.1:{port}/")


async def test_a_missing_page_may_be_another_address() -> None:
    async with serving(answer(b"x", status="404 Not Found")) as (port, _):
        with pytest.raises(ModelRetry, match="404 Not Found: is the address right") as caught:
            await local_web().http_get(f"http://127.0.0.1:{port}/")
    assert caught.value.argument == "url"


WRONG = """
    file:///etc/passwd  ftp://example.org/x  javascript:alert(1)  data:text/plain,hi  http://  http:///path  http:/x
    http://[::1  http://x:99999/  http://x:0/  http://x:-1/  https://user:password@example.org/  http://user@example.org
    /etc/passwd  http://a..example/  unix:///var/run/docker.sock  http://unknown.example/  http://127。0。0。1。/
    ｈｔｔｐ://x/  http://ex%61mple.example/  http://[127.0.0.1]/  http://::1/
""".split()


@pytest.mark.parametrize(
    "url",
    [
        *(*WRONG, "", "   ", "\0", "http://\0/", "http://a b.example/", "http://exa\nmple.example/"),
        *("http://\ud800.example/", "x" * 2001, "http://" + "a" * 300 + ".example/", "http://x.example/" + "a" * 10**7),
    ],
)
async def test_addresses_that_are_wrong(url: str) -> None:
    with pytest.raises(ModelRetry) as caught:
        await Web(resolve=names()).http_get(url)
    assert caught.value.argument == "url"


async def test_an_address_without_a_scheme_is_taken_for_https() -> None:
    with pytest.raises(ToolFailed, match="port 81 is not allowed"):
        await Web().http_get("example.org:81/page")


@pytest.mark.parametrize("port", [22, 25, 6379, 8080, 65535])
async def test_only_the_usual_ports(port: int) -> None:
    with pytest.raises(ToolFailed, match=f"port {port} is not allowed"):
        await http_get(f"http://example.org:{port}/")


async def test_allowed_hosts() -> None:
    resolve = names(
        docs_example_org="127.0.0.1", example_net="127.0.0.1", evil_org="127.0.0.1", notexample_org="127.0.0.1"
    )
    web = local_web(allow_hosts=[".Example.org", "example.net"], resolve=resolve)
    async with serving(answer()) as (port, heads):
        for host in ("docs.example.org", "EXAMPLE.net"):
            assert await web.http_get(f"http://{host}:{port}/") == "hello"
        for host in ("evil.org", "notexample.org", "www.example.net", "example.org.evil.org"):
            with pytest.raises(ToolFailed, match=r"not one of the allowed hosts: \.example.org, example.net"):
                await web.http_get(f"http://{host}:{port}/")
    assert len(heads) == 2
    with pytest.raises(TypeError, match="allow_hosts is a collection of hosts"):
        Web(allow_hosts="example.org")


async def test_allowed_hosts_are_written_as_in_addresses() -> None:
    resolve = names(**{"xn--bcher-kva_example": "127.0.0.1", "www_xn--bcher-kva_example": "127.0.0.1"})
    hosts = [".Bücher.example", "[::ffff:127.0.0.1]", "127.0.0.1."]
    web = local_web(allow_hosts=hosts, allow_private=hosts, resolve=resolve)
    async with serving(answer()) as (port, _):
        assert await web.http_get(f"http://bücher.example:{port}/") == "hello"
        assert await web.http_get(f"http://www.bücher.example.:{port}/") == "hello"
    assert web.allow_hosts == web.allow_private == [".xn--bcher-kva.example", "::ffff:127.0.0.1", "127.0.0.1"]
    for host in ("example.org:8080", "https://example.org"):
        with pytest.raises(ValueError, match=r"allow_private: .* is no host: write it alone"):
            Web(allow_private=[host])


async def test_nothing_answers() -> None:
    async with serving(answer()) as (port, _):
        pass
    with pytest.raises(ToolFailed, match="cannot be reached"):
        await local_web().http_get(f"http://127.0.0.1:{port}/")


async def test_proxies_of_the_machine_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(answer()) as (port, _):
        assert await local_web().http_get(f"http://127.0.0.1:{port}/") == "hello"


async def test_many_pages_side_by_side() -> None:
    web = local_web()
    async with serving(answer()) as (port, _):
        pages = await asyncio.gather(*(web.http_get(f"http://127.0.0.1:{port}/{n}") for n in range(20)))
    assert pages == ["hello"] * 20


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate, with its key, of the names one.example and two.example, made here."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=one.example"]
    command += [
        "-addext",
        "subjectAltName=DNS:one.example,DNS:two.example",
        "-keyout",
        f"{file}.key",
        "-out",
        str(file),
    ]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + Path(f"{file}.key").read_text())
    return file


async def test_tls_speaks_of_the_name_and_not_of_the_address(certificate: Path) -> None:
    """Server name and certificate are those of the host that was asked for, on every hop."""
    asked: list[str | None] = []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    server.sni_callback = lambda connection, name, context: asked.append(name)

    async def respond(head: str, writer: asyncio.StreamWriter) -> None:
        host = "other.example" if "/bad" in head else "two.example"
        redirect = answer(b"", f"Location: https://{host}:{port}/end", status="302 Found")
        await (answer() if "/end" in head else redirect)(head, writer)

    address = "127.0.0.1"
    web = local_web(
        ssl_context=ssl.create_default_context(cafile=str(certificate)),
        resolve=names(one_example=address, two_example=address, other_example=address),
    )
    async with serving(respond, server) as (port, heads):
        assert await web.http_get(f"https://one.example:{port}/") == "hello"
        assert asked == ["one.example", "two.example"]
        with pytest.raises(ToolFailed, match="certificate is not valid"):
            await web.http_get(f"https://other.example:{port}/")
        with pytest.raises(ToolFailed, match="certificate is not valid"):
            await web.http_get(f"https://one.example:{port}/bad")
    assert len(heads) == 3
