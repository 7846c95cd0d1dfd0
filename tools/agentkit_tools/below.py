"""Opening files below a folder, and nowhere else, whatever the path says and whoever changes the tree meanwhile.

A path is walked one name at a time, each opened relative to the folder before it and never through a symbolic link
(`openat` with `O_NOFOLLOW`), so that no swap between a check and its use can lead out of the root. Where the system
has no `openat` (Windows), each name is checked, the file opened, and then compared with what was checked: a swap of a
folder for a link in that moment is noticed unless it is undone as quickly. Hard links and mounts inside the root are
part of it: who can make those decides what is in the root.
"""

import errno
import os
import stat
from pathlib import Path

HAS_OPENAT = {os.open, os.stat} <= os.supports_dir_fd and os.scandir in os.supports_fd and hasattr(os, "O_NOFOLLOW")

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # so that opening a pipe cannot wait for its writer


class UnsafePathError(Exception):
    """The path is not one of a plain file or folder below the root; the message says why."""


def split(path: str, *, windows: bool = os.name == "nt") -> tuple[str, ...]:
    """The names in a path relative to the root, "." and empty ones left out.

    Raises:
        UnsafePathError: The path is absolute, too long, or has a "..", a NUL or (Windows) a drive or stream in it.
    """
    if len(path) > 4096:
        raise UnsafePathError("the path is too long")
    if "\0" in path:
        raise UnsafePathError("a path has no NUL characters")
    if windows:
        path = path.replace("\\", "/")
    if path.startswith("/") or (windows and ":" in path):
        raise UnsafePathError("the path must be relative, such as notes/today.txt")
    names = tuple(name for name in path.split("/") if name not in ("", "."))
    if ".." in names or (windows and any(name.rstrip(". ") != name for name in names)):
        raise UnsafePathError("the path must not lead upwards ('..')")
    if len(names) > 100:
        raise UnsafePathError("the path has too many folders")
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise UnsafePathError("the path has a broken character") from None
    return names


def open_file(root: Path, names: tuple[str, ...]) -> int:
    """Open a regular file for reading; the caller closes the descriptor.

    Raises:
        UnsafePathError: On the way is a symbolic link, or at its end no regular file.
        OSError: As of `os.open`.
    """
    if not names:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not HAS_OPENAT:
        return _open_by_path(root, names)
    parent = open_folder(root, names[:-1])
    try:
        _expect(os.stat(names[-1], dir_fd=parent, follow_symlinks=False))  # opening a device may already do something
        descriptor = os.open(names[-1], _READ | _NOFOLLOW | _NONBLOCK, dir_fd=parent)
    finally:
        os.close(parent)
    return _checked(descriptor, None)


def open_folder(root: Path, names: tuple[str, ...]) -> int:
    """Open a folder through no symbolic link; the caller closes the descriptor. Needs `openat`."""
    folder = os.open(root, _READ | _NOFOLLOW | _DIRECTORY)
    for name in names:
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                raise UnsafePathError("links are not followed")
            inner = os.open(name, _READ | _NOFOLLOW | _DIRECTORY | _NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def scan(root: Path, names: tuple[str, ...], limit: int) -> list[tuple[str, bool]]:
    """The (name, is a folder) of up to `limit` regular files and folders in a folder, sorted; no links, no devices."""
    if HAS_OPENAT:
        descriptor = open_folder(root, names)
        try:
            return _entries(descriptor, limit)
        finally:
            os.close(descriptor)
    return _entries(_checked_path(root, names), limit)


def _entries(folder: int | Path, limit: int) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False):
                found.append((entry.name, entry.is_dir(follow_symlinks=False)))
            if len(found) >= limit:
                break
    return sorted(found)


def _checked_path(root: Path, names: tuple[str, ...]) -> Path:
    path = root
    for name in names:
        path = path / name
        if path.is_symlink():
            raise UnsafePathError("links are not followed")
    wanted = os.path.join(os.path.realpath(root), *names)
    if os.path.normcase(os.path.realpath(path)) != os.path.normcase(wanted):
        raise UnsafePathError("links are not followed")  # junctions show only in the real path
    return path


def _open_by_path(root: Path, names: tuple[str, ...]) -> int:
    path = _checked_path(root, names)
    before = os.lstat(path)
    _expect(before)
    descriptor = _checked(os.open(path, _READ | _NOFOLLOW | _NONBLOCK), before)
    try:
        _checked_path(root, names)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _checked(descriptor: int, before: os.stat_result | None) -> int:
    try:
        after = os.fstat(descriptor)
        _expect(after)
        if before is not None and not os.path.samestat(before, after):
            raise UnsafePathError("the file was exchanged while it was opened")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _expect(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise UnsafePathError("links are not followed")
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise UnsafePathError("it is no regular file")
