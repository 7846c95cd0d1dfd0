import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit_tools.page import Unpacker, decode, is_html, is_text, text_of_html

PAGE = """<!DOCTYPE html><html><head><title>A &amp; B</title><style>p { color: red }</style>
<script>if (1 < 2) alert("<p>not text</p>")</script></head><body><h1>Head<em>ing</em></h1><!-- <p>hidden</p> -->
<p>One   line,&nbsp;with 1 < 2 and
a break<br/>here</p><SCRIPT SRC=x>var a = 1;</SCRIPT><ul><li>first</li><li>second</li></ul></body></html>"""


def test_the_text_of_a_page() -> None:
    assert text_of_html(PAGE).splitlines() == [
        "A & B",
        "Heading",
        "One line, with 1 < 2 and",
        "a break",
        "here",
        "first",
        "second",
    ]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a < b", "a < b"),
        ("<p>one<p>two", "one\ntwo"),
        ("<html><head><meta charset=utf-8>no end of the head", "no end of the head"),
        ("kept <script>lost", "kept"),
        ("kept <!-- lost", "kept"),
        ("kept <a href=", "kept"),
        ("x<!-->y<p>z</p>", "xy\nz"),
        ("x<!--->y<!-- > -->z", "xyz"),
        ("<p>a</p><style-guide>shown</style-guide><p>b</p>", "a\nshown\nb"),
        ("<template-card>hello</template-card> tail", "hello tail"),
        ("<a title='1 > 0'>k</a>", "k"),
        ('<a title = "1 > 0" href=/x>k</a>', "k"),
        ("<svg title='>'/>kept", "kept"),
        ('<a title="it\'s">k</a>', "k"),
        ("<a title='open>k</a><p>kept", "k\nkept"),
        ('<a title="x"">k</a><p>"kept"', 'k\n"kept"'),
        ('<a title="open>k</a><p>"kept"', 'k\n"kept"'),
        ("İİİ<SCRIPT>x</SCRIPT>kept", "İİİkept"),
        ("&lt;script&gt;", "<script>"),
        ("<p>before<svg/>after <script src='x' />end", "beforeafter end"),
        ("<svg><path/></svg>kept", "kept"),
        ("<table><tr><td>12</td><td>34</td></tr><tr><th>a</th><td>b</td></tr></table>", "12 34\na b"),
        ("<dl><dt>Total<dd>5<dt>Tax<dd>7</dl>", "Total\n5\nTax\n7"),
        ("<blockquote>one</blockquote><figure>two</figure>", "one\ntwo"),
        ("<select><option>1</option><option>2</option></select>", "1\n2"),
        ("&#65;&#x42;&#0065;", "ABA"),
    ],
)
def test_broken_and_bare_pages(page: str, text: str) -> None:
    assert text_of_html(page) == text


@pytest.mark.parametrize(
    "piece",
    [
        "<script>",
        "<!--",
        "<",
        "</",
        "<a ",
        "<a",
        "<a x=",
        "<a x='",
        '<a x=">',
        "<a x='>'",
        '<a x=">" ',
        "<svg><svg>",
        "&#9",
        "&",
        "&#x",
        "&#9999999999",
        "<title>",
        "a\n",
        "<p>",
        ">",
    ],
)
@pytest.mark.timeout(120)  # a quadratic reading would take hours
def test_hostile_pages_are_read_in_one_pass(piece: str) -> None:
    assert isinstance(text_of_html(piece * (1_000_000 // len(piece))), str)
    assert isinstance(text_of_html("&#" + "9" * 1_000_000), str)


@settings(max_examples=300)
@given(
    st.text()
    | st.lists(st.sampled_from(["<", ">", "/", "!--", "-->", "script", "p", "&#", "1" * 5000, " ", "='", '="'])).map(
        "".join
    )
)
def test_any_page_gives_text(page: str) -> None:
    assert isinstance(text_of_html(page), str)


def unpacked(encoding: str, data: bytes, limit: int, size: int = 1000) -> bytes:
    unpacker = Unpacker(encoding, limit)
    for start in range(0, len(data), size):
        unpacker.feed(data[start : start + size])
    return bytes(unpacker.data)


@settings(max_examples=100)
@given(st.binary(max_size=5000), st.integers(0, 6000), st.integers(1, 500))
def test_unpacking(data: bytes, limit: int, size: int) -> None:
    raw = zlib.compressobj(wbits=-15)
    bodies = [
        ("", data),
        ("gzip", gzip.compress(data)),
        ("X-GZip ", gzip.compress(data[:100]) + gzip.compress(b"") + gzip.compress(data[100:])),
        ("deflate", zlib.compress(data)),
        ("deflate", raw.compress(data) + raw.flush()),
    ]
    for encoding, body in bodies:
        assert unpacked(encoding, body, limit, size) == data[: limit + 1]


def test_a_bomb_is_unpacked_to_the_limit_only() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    unpacker = Unpacker("gzip", 1000)
    unpacker.feed(bomb)
    assert len(unpacker.data) == 1001 and unpacker.done


def test_what_follows_the_compressed_data_is_not_kept() -> None:
    for encoding, body in (("gzip", gzip.compress(b"all")), ("deflate", zlib.compress(b"all"))):
        unpacker = Unpacker(encoding, 1000)
        unpacker.feed(body)
        unpacker.feed(b"more" * 1000)
        assert unpacker.data == b"all" and unpacker.done and not unpacker.cut


def test_compressed_data_that_breaks_off_is_cut() -> None:
    data = bytes(range(256))
    for encoding, body in (("gzip", gzip.compress(data)), ("deflate", zlib.compress(data))):
        unpacker = Unpacker(encoding, 1000)
        unpacker.feed(body[:-20])
        assert unpacker.cut and not Unpacker(encoding, 1000).cut and data.startswith(unpacker.data)


@pytest.mark.parametrize(
    ("encoding", "data"), [("br", b""), ("gzip, gzip", b""), ("gzip", b"not gzip"), ("deflate", b"no")]
)
def test_what_cannot_be_unpacked(encoding: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"not known|broken"):
        Unpacker(encoding, 1000).feed(data)


def test_which_types_are_text() -> None:
    for kind in ("", "text/html; charset=utf-8", "TEXT/PLAIN", "application/json", "application/atom+xml", "text/csv"):
        assert is_text(kind), kind
    for kind in (
        "image/png",
        "application/pdf",
        "application/octet-stream",
        "video/mp4",
        "application/zip",
        "nonsense",
    ):
        assert not is_text(kind), kind
    assert is_html("text/html", "") and is_html("", "  <!DOCTYPE HTML>") and not is_html("text/plain", "<html>")


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (b"gr\xc3\xbcn", "text/plain", "grün"),
        (b"gr\xfcn", "text/plain; charset=ISO-8859-1", "grün"),
        (b"gr\xfcn", 'text/html; charset="windows-1252"', "grün"),
        ("\ufeffgrün".encode(), "", "grün"),
        ("grün".encode("utf-16"), "text/plain; charset=utf-16", "grün"),
        ("日本".encode("shift_jis"), "text/plain; charset=Shift_JIS", "日本"),
        (b"a\xff", "text/plain", "a\ufffd"),
        (b"xn--a", "text/plain; charset=punycode", "xn--a"),
        (b"abc", "text/plain; charset=rot13", "abc"),
        (b"abc", "text/plain; charset=zlib", "abc"),
        (b"\\x41", "text/plain; charset=unicode_escape", "\\x41"),
        (b"abc", "text/plain; charset=no-such", "abc"),
        (b"abc", "text/plain; charset=" + "x" * 1000, "abc"),
        (b"PNG\0", "text/plain", None),
    ],
)
def test_character_sets(data: bytes, kind: str, text: str | None) -> None:
    assert decode(data, kind) == text
