import errno
import os
import socket
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit import ModelRetry, ToolFailed
from agentkit_tools import Files, below

SECRET = "the secret outside"


@pytest.fixture(params=["openat", "by path"], autouse=True)
def way_of_opening(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs every test both ways: by `openat`, and as on systems that have none."""
    if request.param == "openat" and not below.HAS_OPENAT:
        pytest.skip("this system has no openat")
    monkeypatch.setattr(below, "HAS_OPENAT", request.param == "openat")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text(SECRET)
    root = tmp_path / "root"
    (root / "docs" / "deep").mkdir(parents=True)
    (root / "readme.txt").write_text("Hello, world")
    (root / "docs" / "plan.md").write_text("# Plan\nhello again", encoding="utf-8")
    (root / "docs" / "deep" / "größe.txt").write_text("Größe: 5 €", encoding="utf-8")
    return root


def test_read_list_find(root: Path) -> None:
    files = Files(root)
    assert files.list_files() == ["docs/", "readme.txt"]
    assert files.list_files("docs") == ["docs/deep/", "docs/plan.md"]
    assert files.list_files("./docs//deep/") == ["docs/deep/größe.txt"]
    assert files.read_file("readme.txt") == "Hello, world"
    assert files.read_file("./docs/deep/größe.txt") == "Größe: 5 €"
    assert files.find_text("HELLO") == ["readme.txt", "docs/plan.md"]
    assert files.find_text("nowhere") == []


def test_accents_may_be_characters_of_their_own(root: Path) -> None:
    composed, decomposed = "Café", unicodedata.normalize("NFD", "Café")
    (root / decomposed).mkdir()
    (root / decomposed / f"{decomposed}.txt").write_text(f"the {decomposed}", encoding="utf-8")
    (root / "other.txt").write_text(f"the {composed}", encoding="utf-8")
    files = Files(root)
    [path] = files.list_files(composed)
    assert path == f"{decomposed}/{decomposed}.txt"
    assert files.read_file(f"{composed}/{composed}.txt") == files.read_file(path) == f"the {decomposed}"
    assert files.find_text("CAFÉ") == files.find_text(decomposed) == ["other.txt", path]


def test_a_name_as_it_is_written_comes_before_one_that_looks_like_it(root: Path) -> None:
    for form in ("NFC", "NFD"):
        (root / unicodedata.normalize(form, "é")).write_text(form)
    files = Files(root)
    for form in ("NFC", "NFD"):
        assert files.read_file(unicodedata.normalize(form, "é")) == form


def test_a_link_is_not_followed_by_a_name_that_looks_like_its_own(root: Path) -> None:
    (root / unicodedata.normalize("NFD", "é")).symlink_to(root.parent / "secret.txt")
    with pytest.raises(ModelRetry, match="no such file"):
        Files(root).read_file("é")


ESCAPES = [
    "../secret.txt",
    "docs/../../secret.txt",
    "docs/../readme.txt",
    "..",
    "docs/..",
    "/etc/passwd",
    "//etc/passwd",
    "readme.txt\0.png",
    "\0",
    "/",
    "a" * 5000,
    "d/" * 200 + "x",
    "\ud800",
]


@pytest.mark.parametrize("path", ESCAPES)
def test_paths_that_lead_outside_are_refused(root: Path, path: str) -> None:
    files = Files(root)
    with pytest.raises(ModelRetry) as caught:
        files.read_file(path)
    assert caught.value.argument == "path"
    assert str(root) not in str(caught.value) and len(str(caught.value)) < 400
    with pytest.raises(ModelRetry) as caught:
        files.list_files(path)
    assert caught.value.argument == "folder"


@pytest.mark.parametrize(
    "path", ["C:\\Windows\\win.ini", "..\\secret.txt", "docs\\..\\..\\x", "\\\\host\\share", "a:stream", "docs/.. /x"]
)
def test_windows_paths_are_refused_where_they_mean_something(path: str) -> None:
    with pytest.raises(below.UnsafePathError):
        below.split(path, windows=True)
    assert below.split("docs\\plan.md", windows=True) == ("docs", "plan.md")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing.txt", "no such file"),
        ("docs", "it is a folder"),
        (".", "it is a folder"),
        ("", "it is a folder"),
        ("readme.txt/x", "no such file"),
        ("x" * 300, "no such file"),
    ],
)
def test_wrong_paths_are_told(root: Path, path: str, words: str) -> None:
    with pytest.raises(ModelRetry, match=words):
        Files(root).read_file(path)


def test_links_are_followed_at_no_level(root: Path) -> None:
    (root / "file").symlink_to(root.parent / "secret.txt")
    (root / "folder").symlink_to(root.parent / "outside")
    (root / "docs" / "up").symlink_to("../..")
    (root / "inside").symlink_to("readme.txt")
    (root / "loop").symlink_to("loop")
    files = Files(root)
    for path in ("file", "folder/secret.txt", "docs/up/secret.txt", "inside", "loop"):
        with pytest.raises(ModelRetry, match="links are not followed"):
            files.read_file(path)
    for path in ("folder", "docs/up", "docs/up/outside"):
        with pytest.raises(ModelRetry):
            files.list_files(path)
    assert files.list_files() == ["docs/", "readme.txt"]
    assert files.find_text(SECRET) == []


def test_the_root_may_be_a_link_when_it_is_given_but_not_become_one(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    files = Files(link)
    assert files.read_file("readme.txt") == "Hello, world"
    link.unlink()
    link.symlink_to(root.parent / "outside")
    assert files.read_file("readme.txt") == "Hello, world"


def test_pipes_sockets_and_devices_are_refused(root: Path) -> None:
    os.mkfifo(root / "pipe")
    server = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(root)  # the address of a socket is short
    try:
        server.bind("socket")
    finally:
        os.chdir(here)
    for name in ("pipe", "socket"):
        with pytest.raises(ModelRetry, match="no regular file"):
            Files(root).read_file(name)
    with pytest.raises(ModelRetry, match="no regular file"):
        Files("/dev").read_file("zero")
    assert Files(root).list_files() == ["docs/", "readme.txt"]
    assert Files(root).find_text("x") == []
    server.close()


def test_a_long_file_is_cut_and_says_so(root: Path) -> None:
    (root / "long.txt").write_text("é" * 1000, encoding="utf-8")
    assert Files(root, max_bytes=5).read_file("long.txt") == "éé\n[cut: these are the first 5 of 2000 bytes]"
    assert Files(root, max_bytes=2000).read_file("long.txt") == "é" * 1000


def test_a_cut_may_fall_within_a_character_after_a_mark(root: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        (root / "long.txt").write_text("日本🙂" * 20, encoding=encoding)
        for length in range(4, 24):
            text, _, note = Files(root, max_bytes=length).read_file("long.txt").partition("\n")
            assert ("日本🙂" * 20).startswith(text) and f"first {length} of" in note


def test_a_giant_file_takes_neither_time_nor_memory(root: Path) -> None:
    with open(root / "giant", "wb") as file:
        file.write(b"start ")
        file.truncate(2**40)
    with pytest.raises(ToolFailed, match="not a text file"):
        Files(root).read_file("giant")
    assert Files(root, max_bytes=5).read_file("giant").startswith("start\n[cut: these are the first 5 of 1099511627776")


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", b"\xff\xfea", b"caf\xe9", b"\xed\xa0\x80", b"abc\xe2\x82"])
def test_what_is_no_text_is_told(root: Path, data: bytes) -> None:
    (root / "data").write_bytes(data)
    with pytest.raises(ToolFailed, match="not a text file"):
        Files(root).read_file("data")


def test_encodings_with_a_mark(root: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        (root / "note.txt").write_text("grün", encoding=encoding)
        assert Files(root).read_file("note.txt") == "grün"
        assert Files(root).find_text("GRÜN") == ["note.txt"]


def test_a_file_without_permission_is_told(root: Path) -> None:
    (root / "closed.txt").write_text("x")
    (root / "closed.txt").chmod(0)
    if os.access(root / "closed.txt", os.R_OK):
        pytest.skip("running as a user who may read everything")
    with pytest.raises(ToolFailed, match="Permission denied"):
        Files(root).read_file("closed.txt")
    assert Files(root).find_text("x") == ["(1 could not be read: closed.txt)"]


def test_what_the_system_keeps_is_told_and_what_is_gone_is_not(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        (root / f"{number}.txt").write_text("needle")

    def all_but(kept: set[str], error: OSError, look: Callable[..., Any]) -> Callable[..., Any]:
        def call(root: Path, names: tuple[str, ...], *more: int) -> Any:
            if kept & set(names):
                raise error
            return look(root, names, *more)

        return call

    def found(kept: set[str], error: OSError) -> list[str]:
        with monkeypatch.context() as patch:
            for name in ("open_file", "scan"):
                patch.setattr(below, name, all_but(kept, error, getattr(below, name)))
            return Files(root).find_text("needle")

    closed, gone = PermissionError(errno.EACCES, "closed"), FileNotFoundError(errno.ENOENT, "gone")
    assert found({"docs", "1.txt"}, closed) == ["0.txt", "2.txt", "(2 could not be read: 1.txt, docs/)"]
    assert found({"docs", "1.txt"}, gone) == ["0.txt", "2.txt"]
    assert found({"docs", "readme.txt", "0.txt", "1.txt", "2.txt"}, closed) == [
        "(5 could not be read: 0.txt, 1.txt, 2.txt, ...)"
    ]


def test_many_files(root: Path) -> None:
    for number in range(30):
        (root / f"file{number:02}").write_text("needle")
    files = Files(root, max_results=10)
    assert len(files.list_files()) == 11 and files.list_files()[-1] == "(there are more files)"
    found = files.find_text("needle")
    assert len(found) == 11 and found[-1].startswith("(the search stopped early")


def test_a_deep_tree_does_not_exhaust_anything(root: Path) -> None:
    folder = root
    for _ in range(110):
        folder = folder / "d"
        folder.mkdir()
    (root / "d" / "near.txt").write_text("needle")
    assert Files(root).find_text("needle") == [
        "d/near.txt",
        "(the search stopped early: there is more to look through)",
    ]


def test_what_was_not_looked_through_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing, stopped = [], ["(the search stopped early: there is more to look through)"]
    assert Files(root).find_text("nowhere") == nothing
    with monkeypatch.context() as patch:
        patch.setattr("agentkit_tools.files.SCAN_BYTES", 5)
        assert Files(root).find_text("world") == stopped
        assert Files(root).find_text("hel") == ["readme.txt", *stopped]
    with monkeypatch.context() as patch:
        patch.setattr("agentkit_tools.files.SCAN_FILES", 1)
        assert Files(root).find_text("größe") == stopped
    folder = root
    for _ in range(100):
        folder = folder / "d"
        folder.mkdir()
    assert Files(root).find_text("nowhere") == nothing
    (folder / "d").mkdir()
    assert Files(root).find_text("nowhere") == stopped


@pytest.mark.parametrize("text", ["", "  ", "x" * 1001, "x" * 10**7])
def test_what_cannot_be_looked_for_is_told(root: Path, text: str) -> None:
    with pytest.raises(ModelRetry) as caught:
        Files(root).find_text(text)
    assert caught.value.argument == "text"


def test_a_name_that_is_not_unicode_is_listed_as_text(root: Path) -> None:
    with open(os.fsencode(root) + b"/caf\xe9.txt", "w") as file:
        file.write("x")
    listed = Files(root).list_files()
    assert len(listed) == 3 and all(name.encode() for name in listed)


def test_the_root_must_be_a_folder(root: Path) -> None:
    for path in (root / "missing", root / "readme.txt"):
        with pytest.raises(NotADirectoryError, match="must be a folder"):
            Files(path)


def test_a_root_that_is_gone_is_told(root: Path) -> None:
    files = Files(root)
    root.rename(root.parent / "elsewhere")
    with pytest.raises(ModelRetry, match="no such file or folder"):
        files.read_file("readme.txt")


names = st.sampled_from(["..", ".", "", "docs", "deep", "readme.txt", "secret.txt", "outside", "root", "link", "file"])
paths = st.lists(names | st.text(max_size=5), max_size=8).map("/".join) | st.text(max_size=30)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=paths)
def test_no_path_reaches_the_outside(root: Path, path: str) -> None:
    if not (root / "link").is_symlink():
        (root / "link").symlink_to(root.parent)
        (root / "file").symlink_to(root.parent / "secret.txt")
    files = Files(root)
    inside = {path.read_text("utf-8") for path in root.rglob("*") if path.is_file() and not path.is_symlink()}
    try:
        assert files.read_file(path) in inside
    except (ModelRetry, ToolFailed):
        pass
    try:
        listed = files.list_files(path)
    except (ModelRetry, ToolFailed):
        pass
    else:
        assert all((root / name).resolve().is_relative_to(root) for name in listed)


@pytest.mark.parametrize("moment", range(12))
@pytest.mark.parametrize("swapped", ["folder", "folder/inner", "folder/inner/secret.txt"])
def test_a_swap_for_a_link_at_any_moment_leads_nowhere(
    root: Path, monkeypatch: pytest.MonkeyPatch, swapped: str, moment: int
) -> None:
    """Somebody puts a link to the outside in place right after the tool's n-th look at the tree."""
    (root / "folder" / "inner").mkdir(parents=True)
    (root / "folder" / "inner" / "secret.txt").write_text("harmless")
    (root.parent / "outside" / "inner").mkdir()
    (root.parent / "outside" / "inner" / "secret.txt").write_text(SECRET)
    looks = 0

    def then_swap(look: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal looks
            result = look(*arguments, **options)
            looks += 1
            if looks == moment + 1:
                os.rename(root / swapped, root / "away")
                os.symlink(root.parent / "outside" / Path(swapped).relative_to("folder"), root / swapped)
            return result

        return call

    files = Files(root)
    with monkeypatch.context() as patch:
        for name in ("stat", "lstat", "fstat", "open"):
            patch.setattr(os, name, then_swap(getattr(os, name)))
        try:
            assert files.read_file("folder/inner/secret.txt") == "harmless"
        except ModelRetry:
            assert looks > moment
