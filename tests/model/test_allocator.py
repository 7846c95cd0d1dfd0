"""Free memory stays with the process; how much is seen in a process of its own, since it holds for all of it."""

import ctypes
import subprocess
import sys

import pytest

from agentkit_model.allocator import keep_memory

STEPS = """
import ctypes, sys, torch
from agentkit_model.allocator import keep_memory

class Mallinfo2(ctypes.Structure):  # of mallinfo(3)
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

if sys.argv[1] == "kept":
    assert keep_memory()
pieces = [torch.ones(5_000_000) for piece in range(5)]  # of 20 MB
del pieces
mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Mallinfo2
print(mallinfo2().fordblks)
"""
glibc = pytest.mark.skipif(
    not (keep_memory() and hasattr(ctypes.CDLL(None), "mallinfo2")),
    reason="no glibc, or one from before 2021, or the environment tells it what to do",
)


def free(how: str) -> int:
    """Bytes that are free and still the process's after a step of 100 MB.

    The first step: behind it glibc takes such pieces from its heap, whose end it gives back only if nothing lies there.
    """
    return int(subprocess.run([sys.executable, "-c", STEPS, how], check=True, capture_output=True, text=True).stdout)


@glibc
def test_what_a_step_frees_stays_with_the_process() -> None:
    assert free("given back") < 50_000_000 < 100_000_000 <= free("kept")


@pytest.mark.parametrize("name", ["GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_"])
def test_what_the_environment_says_holds(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    assert not keep_memory()


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_memory()
