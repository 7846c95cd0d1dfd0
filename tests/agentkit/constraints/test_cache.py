"""Arrays kept on disk."""

import sys
from pathlib import Path

import numpy as np
import pytest

from agentkit.constraints.cache import Arrays, cached, folder


class Maker:
    """Makes arrays, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Arrays:
        self.calls += 1
        return {"ids": np.arange(5, dtype=np.int32), "joined": np.frombuffer(b"abc", np.uint8)}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "not" / "there yet"
    monkeypatch.setenv("AGENTKIT_CACHE", str(place))
    return place


def test_arrays_are_made_once(place: Path) -> None:
    make = Maker()
    for _ in range(3):
        found = cached("some-key", make)
        assert found["ids"].dtype == np.int32 and found["ids"].tolist() == [0, 1, 2, 3, 4]
        assert found["joined"].tobytes() == b"abc"
    assert make.calls == 1
    cached("another-key", make)
    assert make.calls == 2
    assert sorted(path.name for path in place.iterdir()) == ["another-key-1.npz", "some-key-1.npz"]


@pytest.mark.parametrize("damage", [b"", b"something else", None])
def test_a_damaged_file_is_made_again(place: Path, damage: bytes | None) -> None:
    make = Maker()
    cached("key", make)
    file = place / "key-1.npz"
    whole = file.read_bytes()
    at = whole.index(b"abc")
    file.write_bytes(whole[:at] + b"axc" + whole[at + 3 :] if damage is None else damage)
    assert cached("key", make)["joined"].tobytes() == b"abc"
    assert make.calls == 2
    assert cached("key", make)["joined"].tobytes() == b"abc"
    assert make.calls == 2


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("AGENTKIT_CACHE", str(tmp_path / "file" / "folder"))
    make = Maker()
    for _ in range(2):
        assert cached("key", make)["ids"].tolist() == [0, 1, 2, 3, 4]
    assert make.calls == 2


def test_what_cannot_be_written_leaves_nothing_behind(place: Path) -> None:
    with pytest.raises(ValueError, match="pickle"):
        cached("key", lambda: {"objects": np.array([object()])})
    assert list(place.iterdir()) == []


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("AGENTKIT_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    assert cached("key", Maker())["joined"].tobytes() == b"abc"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these have folders of their own")
def test_the_folder_is_the_platforms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENTKIT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/user")
    assert folder() == Path("/var/cache/user/agentkit")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert folder() == Path.home() / ".cache" / "agentkit"
