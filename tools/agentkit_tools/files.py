"""Reading files below one folder."""

import codecs
import errno
import os
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from agentkit import ModelRetry, ToolFailed
from agentkit_tools import below

SCAN_BYTES = 10_000_000  # of one file, when looking for a text
SCAN_TOTAL = 100_000_000  # of all files together
SCAN_FILES = 10_000
MAX_TEXT = 1000
NAMED = 3  # of what could not be read

Found = TypeVar("Found")

_WRONG_PATH = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP}


class Files:
    """Text files below a folder that a model can read, list and search: `Agent(tools=[*Files("docs").tools])`.

    Nothing outside the folder can be reached: no "..", no absolute path, no symbolic link at any level, not even one
    that is put there while a path is walked (see `agentkit_tools.below`). Pipes and devices are refused unopened.

    Args:
        root: The folder. It may itself be reached through a link, which is resolved once, here.
        max_bytes: Bytes of a file that one call returns; a longer file is cut, and says so.
        max_results: Paths that one call returns.

    Raises:
        NotADirectoryError: The root is no folder.
    """

    def __init__(self, root: str | Path, *, max_bytes: int = 65_536, max_results: int = 1000) -> None:
        self.root = Path(root).resolve()
        if not self.root.is_dir():
            raise NotADirectoryError(f"the root of Files must be a folder: {self.root}")
        self.max_bytes = max_bytes
        self.max_results = max_results

    @property
    def tools(self) -> list[Callable[..., Any]]:
        """The functions to hand to an agent."""
        return [self.read_file, self.list_files, self.find_text]

    def read_file(self, path: str) -> str:
        """Read a text file.

        Args:
            path: The path of the file.
        """
        with _told(path, "path"):
            data, size = self._found(below.split(path), lambda names: self._read(names, self.max_bytes))
            text = _decode(data, cut=size > len(data))
        if text is None:
            raise ToolFailed(f"{path!r} is not a text file")
        if size > len(data):
            return f"{text}\n[cut: these are the first {len(data)} of {size} bytes]"
        return text

    def list_files(self, folder: str = ".") -> list[str]:
        """List the files in a folder.

        Args:
            folder: The path of the folder.
        """
        with _told(folder, "folder"):
            names, entries = self._found(
                below.split(folder), lambda names: (names, below.scan(self.root, names, self.max_results + 1))
            )
        paths = [_path((*names, name)) + "/" * is_folder for name, is_folder in entries]
        more = ["(there are more files)"] if len(paths) > self.max_results else []
        return paths[: self.max_results] + more

    def find_text(self, text: str) -> list[str]:
        """Find files that contain a text.

        Args:
            text: The text to look for.
        """
        if not text.strip():
            raise ModelRetry("the text is empty: write what to look for", argument="text")
        if len(text) > MAX_TEXT:
            raise ModelRetry(f"the text is too long: at most {MAX_TEXT} characters", argument="text")
        # Both ways to encode accents, and not the files made alike: a long row of accents takes quadratic time.
        wanted = {unicodedata.normalize(form, text).casefold() for form in ("NFC", "NFD")} | {text.casefold()}
        found: list[str] = []
        unread: list[str] = []
        total, left_out = 0, False
        for count, names in enumerate(self._walk(unread)):
            if count >= SCAN_FILES or total >= SCAN_TOTAL or len(found) >= self.max_results:
                left_out = True
                break
            if names is None:
                left_out = True
                continue
            try:
                data, size = self._read(names, SCAN_BYTES)
            except (OSError, below.UnsafePathError) as error:
                unread += [_path(names)] * _is_kept(error)
                continue
            total += len(data)
            cut = size > len(data)
            content = _decode(data, cut=cut)
            folded = "" if content is None else content.casefold()
            if any(form in folded for form in wanted):
                found.append(_path(names))
            elif content is not None and cut:
                left_out = True
        notes = ["(the search stopped early: there is more to look through)"] if left_out else []
        if unread:
            named = ", ".join(unread[:NAMED]) + ", ..." * (len(unread) > NAMED)
            notes.append(f"({len(unread)} could not be read: {named})")
        return found + notes

    def _walk(self, unread: list[str]) -> Iterator[tuple[str, ...] | None]:
        """The files below the root, a folder's own before those of its folders; None for what is left out.

        Folders that could not be read are added to `unread`.
        """
        folders: list[tuple[str, ...]] = [()]
        while folders:
            folder = folders.pop()
            try:
                entries = below.scan(self.root, folder, SCAN_FILES + 1)
            except (OSError, below.UnsafePathError) as error:
                unread += [_path(folder or (".",)) + "/"] * _is_kept(error)
                continue
            if len(entries) > SCAN_FILES:
                yield None
            yield from ((*folder, name) for name, is_folder in entries if not is_folder)
            inner = [(*folder, name) for name, is_folder in reversed(entries) if is_folder]
            if inner and len(folder) >= 100:
                yield None
            else:
                folders += inner

    def _found(self, names: tuple[str, ...], look: Callable[[tuple[str, ...]], Found]) -> Found:
        """What `look` finds at a path, or else where each name is that of the one entry with the same characters.

        Files from macOS or archives may have accents as characters of their own, which look like the others.
        """
        try:
            return look(names)
        except FileNotFoundError:
            there: tuple[str, ...] = ()
            for name in names:
                entries = [entry for entry, _ in below.scan(self.root, there, SCAN_FILES)]
                same = [entry for entry in entries if _composed(entry) == _composed(name)]
                there += (same[0] if len(same) == 1 else name,)
            return look(there)

    def _read(self, names: tuple[str, ...], limit: int) -> tuple[bytes, int]:
        """Up to `limit` bytes, and the file's size."""
        with os.fdopen(below.open_file(self.root, names), "rb") as file:
            data = file.read(limit + 1)
            size = max(os.fstat(file.fileno()).st_size, len(data)) if len(data) > limit else len(data)
            return data[:limit], size


def _is_kept(error: Exception) -> bool:
    """Whether it is there and the system does not give it; else it is gone meanwhile, or not below the root."""
    return isinstance(error, OSError) and error.errno not in _WRONG_PATH


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _path(names: tuple[str, ...]) -> str:
    """The path as text; a name that is not UTF-8 is shown with question marks."""
    return "/".join(names).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decode(data: bytes, *, cut: bool) -> str | None:
    """The text of UTF-8, or of UTF-16 with its mark; None when it is neither. Cut data may end within a character."""
    encoding = "utf-8"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in data:
        return None
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data.removeprefix(codecs.BOM_UTF8), final=not cut)
    except UnicodeDecodeError:
        return None


@contextmanager
def _told(path: str, argument: str) -> Iterator[None]:
    """Turns what went wrong with a path into words for the model, without the folder's own place on the machine."""
    shown = path if len(path) <= 200 else path[:200] + "…"
    try:
        yield
    except below.UnsafePathError as error:
        raise ModelRetry(f"{shown!r} cannot be opened: {error}", argument=argument) from None
    except OSError as error:
        if error.errno in _WRONG_PATH:
            reason = "it is a folder" if error.errno == errno.EISDIR else "there is no such file or folder"
            raise ModelRetry(f"{shown!r} cannot be opened: {reason}", argument=argument) from None
        raise ToolFailed(f"{shown!r} cannot be read: {os.strerror(error.errno or errno.EIO)}") from None
