"""Free memory stays with the process; how much is seen in a process of its own, since it holds for all of it."""

import subprocess
import sys

import pytest

from agentkit_model.allocator import keep_memory

STEPS = """
import resource, sys, torch
from agentkit_model.allocator import keep_memory
if sys.argv[1] == "kept":
    assert keep_memory()
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for step in range(20):
    if step == 10:
        before = faults()
    pieces = [torch.ones(250_000 * size) for size in (1, 9, 3, 12, 2)]  # of 1 to 12 MB
    del pieces
print(faults() - before)
"""
glibc = pytest.mark.skipif(not keep_memory(), reason="no glibc, or the environment tells it what to do")


def pages(how: str) -> int:
    """Pages that the kernel cleared for ten steps."""
    return int(subprocess.run([sys.executable, "-c", STEPS, how], check=True, capture_output=True, text=True).stdout)


@glibc
def test_what_steps_free_is_not_got_from_the_kernel_again() -> None:
    assert pages("kept") * 10 < pages("given back")


@pytest.mark.parametrize("name", ["GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_"])
def test_what_the_environment_says_holds(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    assert not keep_memory()


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_memory()
