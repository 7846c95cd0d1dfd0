"""From the bytes of a web page to the text a model reads: decompression, character sets, HTML.

All in linear time and bounded memory, whatever the bytes are: a compressed body is unpacked piece by piece up to the
limit, only plain character sets are used (`punycode` or `idna` take quadratic time), and HTML is read in one pass.
"""

import codecs
import html
import re
import zlib

_CHARSETS = re.compile(
    r"utf-8|utf-16(-[lb]e)?|ascii|iso8859-\d+|cp\d+|koi8-[rut]|mac-\w+|shift_jis\w*|euc_\w+|gb\w+|big5\w*|iso2022_\w+|johab"
)
_TEXT_TYPES = re.compile(r"text/.+|application/(.+\+)?(json|xml|javascript|yaml|x-ndjson|xhtml\+xml)|image/svg\+xml")
_HIDDEN = ("script", "style", "template", "noscript", "svg")
_BREAKS = dict.fromkeys(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol optgroup option p pre search "
    "section select summary table tbody textarea tfoot thead title tr ul".split(),
    "\n",
) | dict.fromkeys(("td", "th", "button"), " ")
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}  # ASCII only: the length stays
_LONG_NUMBER = re.compile(r"(&#[xX]?[0-9a-fA-F]{8})[0-9a-fA-F]+")  # no character has one, and `int` refuses them
_TAG = re.compile(r"/?([a-zA-Z][^\s/>]*)")
_TAG_END = re.compile(r"""[^>=]*+(?:=\s*+(?:"[^"]*+"|'[^']*+')?+[^>=]*+)*+>""")  # not within a quoted value


class Unpacker:
    """Unpacks a body piece by piece, never to more than `limit` bytes in all.

    Raises:
        ValueError: The encoding is not known, or the data is broken.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self.limit = limit
        self.data = bytearray()
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise ValueError(f"the encoding {encoding[:40]!r} is not known")
        self._gzip = "gzip" in encoding
        self._zlib = None if encoding in ("", "identity") else zlib.decompressobj(47 if self._gzip else 15)
        self._head: bytes | None = b"" if encoding == "deflate" else None
        self._begun = self._over = False

    @property
    def done(self) -> bool:
        """Whether the limit is passed, or the compressed data at its end: there is nothing more to feed."""
        return len(self.data) > self.limit or self._over

    @property
    def cut(self) -> bool:
        """Whether something is missing: what is beyond the limit, or the rest of compressed data that broke off."""
        return len(self.data) > self.limit or (self._begun and self._zlib is not None and not self._zlib.eof)

    def feed(self, piece: bytes) -> None:
        self._begun = True
        if self._head is not None:
            piece, self._head = self._head + piece, None
            if len(piece) < 2:
                self._head = piece
                return
            if piece[0] & 15 != 8 or int.from_bytes(piece[:2]) % 31:  # some servers leave out the zlib header
                self._zlib = zlib.decompressobj(-15)
        while piece and not self.done:
            piece = self._unpack(piece, self.limit + 1 - len(self.data))

    def _unpack(self, piece: bytes, room: int) -> bytes:
        """Unpacks up to `room` bytes of one member of the data; gives back what follows it."""
        if self._zlib is None:
            self.data += piece[:room]
            return b""
        if self._zlib.eof:
            if piece[0] != 0x1F:  # no further member of a gzip file
                self._over = True
                return b""
            self._zlib = zlib.decompressobj(31)
        try:
            self.data += self._zlib.decompress(piece, room)
        except zlib.error as error:
            raise ValueError("the compressed data is broken") from error
        self._over = self._zlib.eof and not self._gzip
        return self._zlib.unused_data


def is_text(content_type: str) -> bool:
    """Whether a Content-Type is one to read; none at all counts as text, and is looked at later."""
    kind = content_type.partition(";")[0].strip().lower()
    return not kind or _TEXT_TYPES.fullmatch(kind) is not None


def decode(data: bytes, content_type: str) -> str | None:
    """The text by the Content-Type's charset (else UTF-8), with U+FFFD for what is not in it; None for binary data."""
    match = re.search(r"charset=[\"']?([\w.:-]{1,40})", content_type, re.IGNORECASE)
    encoding = _charset(match[1]) if match else "utf-8"
    if b"\0" in data and not encoding.startswith("utf-16"):
        return None
    return data.decode(encoding, "replace").removeprefix("\ufeff")


def _charset(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    return known if _CHARSETS.fullmatch(known) else "utf-8"


def is_html(content_type: str, text: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return "html" in kind or (not kind and text[:200].lstrip().lower().startswith(("<!doctype html", "<html")))


def text_of_html(page: str) -> str:
    """What a reader sees: the title and the text, a line for each block and row, without tags, scripts and styles."""
    lower = page.translate(_LOWER)
    pieces: list[str] = []
    position = 0
    quoted = True  # until a tag has no end but in quotes: from there on they mean nothing, and no text is lost to them
    while (start := page.find("<", position)) >= 0:
        pieces.append(page[position:start])
        tag = _TAG.match(page, start + 1)
        name = tag[1].lower() if tag else ""
        if page.startswith("<!--", start):
            position = _after(page, "-->", start + 2)  # <!--> is a whole comment
        elif tag:
            end = _TAG_END.match(page, tag.end()) if quoted else None
            quoted = end is not None
            position = end.end() if end else _after(page, ">", start)
            if name in _HIDDEN and page[start + 1] != "/" and page[position - 2] != "/":  # <svg/> hides nothing
                position = _after(page, ">", _after(lower, f"</{name}", position, keep=True))
        elif page[start + 1 : start + 2] in ("!", "?", "/"):
            position = _after(page, ">", start)
        else:
            pieces.append("<")  # as in 1 < 2
            position = start + 1
        pieces.append(_BREAKS.get(name, ""))
    pieces.append(page[position:])
    text = _LONG_NUMBER.sub(r"\1", "".join(pieces))
    lines = (" ".join(line.split()) for line in html.unescape(text).splitlines())
    return "\n".join(line for line in lines if line)


def _after(text: str, end: str, start: int, *, keep: bool = False) -> int:
    """The position after (`keep`: at) the next `end`; the text's end when there is none."""
    found = text.find(end, start)
    return len(text) if found < 0 else found + (0 if keep else len(end))
