"""What is left of work that has ended."""

import time
import traceback
from typing import Any

import pytest

from agentkit_model import DenoisingError, Engine, EngineError, OutOfMemoryError

PROMPT = [2] * 120


def fail(*_: object) -> None:
    raise RuntimeError("no")


@pytest.mark.parametrize(
    ("memory", "kind", "line"),
    [(150_000, OutOfMemoryError, "in check"), (1_000_000, DenoisingError, "in fail")],
)
def test_an_error_that_is_kept_keeps_no_cache(
    tiny_config: Any, monkeypatch: pytest.MonkeyPatch, memory: int, kind: type[EngineError], line: str
) -> None:
    with Engine.from_config(tiny_config(), device="cpu", cache_memory=memory, prefix_memory=0) as engine:
        context = engine.sync.open(PROMPT)
        monkeypatch.setattr(engine._runner, "_read", fail)
        with pytest.raises(kind) as kept:
            context.extend(PROMPT * 3)
        context.close()
        deadline = time.monotonic() + 60
        while engine._runner.memory.used and time.monotonic() < deadline:
            time.sleep(0.01)
        assert engine._runner.memory.used == 0
        assert line in "".join(traceback.format_exception(kept.value))
