"""What was made last is kept, whoever asks."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentkit.constraints.latest import Latest


def test_the_ones_asked_for_last_are_kept() -> None:
    kept: Latest[list[int]] = Latest(2)
    one, two = kept.get(1, lambda: [1]), kept.get(2, lambda: [2])
    assert kept.get(1, lambda: [0]) is one
    kept.get(3, lambda: [3])
    assert kept.get(1, lambda: [0]) is one
    assert kept.get(2, lambda: [0]) is not two


def test_what_fails_is_made_again() -> None:
    kept: Latest[int] = Latest(2)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 5) == 5


def test_several_threads_may_ask_at_once() -> None:
    """As turns do whose constraints are made at the same time; for more than are kept."""
    kept: Latest[int] = Latest(100)

    def ask(first: int) -> list[int]:
        return [kept.get(number % 200, lambda number=number: number % 200) for number in range(first, first + 10_000)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = [*pool.map(ask, (0, 50, 100, 150))]
    finally:
        sys.setswitchinterval(interval)
    assert found == [[number % 200 for number in range(first, first + 10_000)] for first in (0, 50, 100, 150)]
