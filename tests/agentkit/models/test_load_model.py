"""From a name to a model: opened once for all who ask, and without holding others back."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Model, ModelNotFoundError, models
from agentkit.models import load_model
from agentkit.testing import FunctionModel


class Opened(list[str]):
    """The names that were opened; those that begin with "slow" take until `gate` is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = threading.Event()

    def __call__(self, name: str, progress: Any) -> Model:
        self.append(name)
        if name.startswith("slow"):
            self.begun.set()
            assert self.gate.wait(60)
        return FunctionModel(lambda request: name)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    opened = Opened()
    monkeypatch.setattr(models, "_open", opened)
    yield opened
    opened.gate.set()


def test_a_model_that_takes_long_holds_back_no_other(opened: Opened) -> None:
    slow = threading.Thread(target=load_model, args=("slow",))
    slow.start()
    assert opened.begun.wait(60)
    assert Agent("quick").run_sync("?").output == "quick"
    assert slow.is_alive()
    opened.gate.set()
    slow.join()


def test_all_who_ask_at_once_share_one_model(opened: Opened) -> None:
    got: list[Model] = []
    threads = [threading.Thread(target=lambda: got.append(load_model("slow one"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert opened.begun.wait(60)
    opened.gate.set()
    for thread in threads:
        thread.join()
    assert opened == ["slow one"] and len(set(map(id, got))) == 1


def test_a_checkpoint_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no such folder"):
        Agent(str(tmp_path / "nowhere")).run_sync("?")
    with pytest.raises(ModelNotFoundError, match=r"config\.json"):
        load_model(str(tmp_path))


def test_a_model_that_nobody_holds_is_let_go(opened: Opened) -> None:
    held = load_model("a")
    assert load_model("a") is held
    del held
    load_model("a")
    assert opened == ["a", "a"]
