"""The pytest plugin: tests open no real models unless they are meant to, and models on cassettes.

It is active wherever agentkit is installed.

    --allow-models, agentkit_models = allow   all tests may open models
    @pytest.mark.allow_models                 this one may; so may a test with the fixture `allow_models`
    --record-cassettes                        the fixture `cassette` records instead of playing
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agentkit.models import load_model
from agentkit.models.allowed import allow_models as allowing
from agentkit.models.allowed import forbid_models
from agentkit.models.base import Model
from agentkit.testing.cassette import CassetteModel, RecordingModel

REASON = (
    "tests use no real models unless they are marked with @pytest.mark.allow_models, or pytest is called with "
    "--allow-models. Use ScriptedModel, or the fixture `cassette`."
)

LONGEST = 60  # characters of a tape's name, where its file system takes 255 bytes

_forbidding = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("agentkit")
    group.addoption("--allow-models", action="store_true", help="let all tests open real models")
    group.addoption("--record-cassettes", action="store_true", help="record the models of tests that use `cassette`")
    parser.addini(
        "agentkit_models", "'forbid' (the default) or 'allow': whether tests may open real models", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "allow_models: the test may open real models")
    config.stash[_forbidding] = ExitStack()
    if config.getini("agentkit_models") not in ("", "forbid", "allow"):
        raise pytest.UsageError("agentkit_models is 'forbid' or 'allow'")
    if not config.getoption("allow_models") and config.getini("agentkit_models") != "allow":
        config.stash[_forbidding].enter_context(forbid_models(REASON))


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_forbidding].close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    with ExitStack() as stack:
        if item.get_closest_marker("allow_models") or "allow_models" in getattr(item, "fixturenames", ()):
            stack.enter_context(allowing())
        return (yield)


@pytest.fixture
def allow_models() -> None:
    """The test may open real models."""


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> Iterator[Callable[[str | Callable[[], Model]], Model]]:
    """`cassette("bundled")` is a model on tape: played, or with `--record-cassettes` opened and recorded.

    It takes a model's name, or a function that makes one, and may be called several times in a test. The tapes lie in
    `cassettes/` beside the test, to be kept with it.
    """
    folder = request.path.parent / "cassettes" / request.path.stem
    name = _tape_name(request.node)
    recordings: list[tuple[RecordingModel, Path]] = []
    count = 0

    def model(source: str | Callable[[], Model]) -> Model:
        nonlocal count
        count += 1
        path = folder / (f"{name}.json" if count == 1 else f"{name}-{count}.json")
        if not request.config.getoption("record_cassettes"):
            if not path.exists():
                pytest.fail(f"There is no cassette {path}: run pytest --record-cassettes.", pytrace=False)
            return CassetteModel(path)
        with allowing():
            recording = RecordingModel(load_model(source) if isinstance(source, str) else source())
        recordings.append((recording, path))
        return recording

    yield model
    for recording, path in recordings:
        recording.save(path)


def _tape_name(test: pytest.Item) -> str:
    """The test's name after its classes'. Of one that is long or has other signs a part, and a hash."""
    full = ".".join(node.name for node in test.listchain() if isinstance(node, pytest.Class | pytest.Item))
    if len(full) <= LONGEST and re.fullmatch(r"[\w.]+(\[[\w.-]*\])?", full):
        return full
    name = re.sub(r"[^\w.-]+", "_", full)[:LONGEST].strip("_")
    return f"{name}-{hashlib.sha256(full.encode()).hexdigest()[:8]}"
