"""Compiled kernels for small networks on a CPU: `kernels.c`, and how Python calls it.

The library is compiled when the package is built (`hatch_build.py`), once for each width of vectors; `library` opens
the one for this processor. Calls of the network's kernels let go of Python's lock, so threads compute side by side.
Those about paths take a few microseconds, less than a thread that let go of the lock would wait for it: they keep it.
Tensors are float32, contiguous and on the CPU, and are handed over as addresses: whoever calls keeps them alive. Arrays
are handed over as they are.
"""

import ctypes
import functools
import platform
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

Int, Float, Pointer = ctypes.c_int64, ctypes.c_float, ctypes.c_void_p


class Array:
    """A contiguous numpy array as an argument, which whoever calls holds until the call is over."""

    @classmethod
    def from_param(cls, array: NDArray[Any]) -> ctypes.c_void_p:
        return Pointer(array.__array_interface__["data"][0])


def _fields(numbers: str, floats: str, pointers: str) -> list[tuple[str, type]]:
    names = [(numbers, Int), (floats, Float), (pointers, Pointer)]
    return [(name, kind) for some, kind in names for name in some.split()]


class Layer(ctypes.Structure):
    """A layer's sizes and packed weights."""

    _fields_ = _fields(
        "hidden heads kv_heads size own_values inner dense",
        "eps scalar",
        "before project turned output after_attention gate up dense_out expert_out after_dense after_expert after_feed",
    )


class Conditioning(ctypes.Structure):
    """The self-conditioning block's sizes and packed weights."""

    _fields_ = _fields("hidden inner", "eps", "before gate up down after")


_SIGNATURES: dict[str, tuple[type | None, list[Any]]] = {
    "lanes": (Int, []),
    "panel": (Int, []),
    "pack": (None, [Pointer, Int, Int, Int, Int, Pointer]),
    "multiply": (None, [Pointer, Int, Pointer, Int, Int, Pointer]),
    "norms": (None, [Pointer, Pointer, Float, Int, Int, Pointer]),
    "scratch": (Int, [Pointer, Pointer, Int, Int]),
    "layers": (None, [Pointer, Int, Pointer, Int, Int, Pointer, Pointer, Pointer, Pointer, Int, Pointer]),
    "condition": (None, [Pointer, Pointer, Pointer, Int, Pointer, Pointer]),
    "look": (None, [Pointer, Int, Pointer, Int, Int, Float, *[Pointer] * 7]),
    "see": (None, [Array, Int, Int, Array, Int, Array, Array, Int, Array, Array, Int, Array, Array]),
    "share": (
        None,
        [Array, Int, Int, Array, Int, Array, Int, Array, Array, Int, Array, Array, Int, Array, Array, Array],
    ),
    "reach": (None, [Array, Array, Array, Int, Array, Array, Array]),
    "follow": (None, [*[Array] * 5, Int, Int, Int, Array, Array]),
    "draw": (None, [Pointer, Int, Int, Pointer, Pointer]),
}


_SHORT = ("lanes", "panel", "scratch", "see", "share", "reach", "follow")


@functools.cache
def library() -> ctypes.CDLL | None:
    """The kernels for this processor; None where there are none."""
    capability = torch.backends.cpu.get_cpu_capability()
    name = "neon" if platform.machine().lower() in ("aarch64", "arm64") else capability.lower()
    path = Path(__file__).with_name(f"{name}.so")
    return opened(path) if path.is_file() else None


def opened(path: Path) -> ctypes.CDLL:
    """A library of the kernels."""
    kernels, locked = ctypes.CDLL(str(path)), ctypes.PyDLL(str(path))
    for name in _SHORT:
        setattr(kernels, name, getattr(locked, name))
    for function, (result, arguments) in _SIGNATURES.items():
        getattr(kernels, function).restype, getattr(kernels, function).argtypes = result, arguments
    return kernels


class Packed:
    """A matrix (columns, depth) as the kernels read it: in panels of so many columns, filled up with zeros."""

    def __init__(self, kernels: ctypes.CDLL, weights: Tensor) -> None:
        columns, depth = weights.shape
        panel = kernels.panel()
        self._panels = torch.empty(-(-columns // panel) * panel * depth)
        self.address = self._panels.data_ptr()
        self.sizes = self.address, depth, columns
        kernels.pack(weights.data_ptr(), *weights.stride(), columns, depth, self.address)
