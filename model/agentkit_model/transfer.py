"""What goes between the host and the device: these two functions, and nothing else within a denoising step.

On a GPU the host runs ahead of the device, and every value that it asks for makes it wait until the device is done. So
a step brings what it needs in copies that wait for nothing, and takes what it wants to know in one piece.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]


def upload(values: Tensor, device: torch.device) -> Tensor:
    """A tensor of the host on the device; the host does not wait for it."""
    if device.type == "cpu":
        return values
    if device.type == "cuda":
        values = values.pin_memory()  # kept by torch until the copy is done
    return values.to(device, non_blocking=True)


def download(tensors: Sequence[Tensor]) -> list[Array]:
    """Tensors of one device on the host, in one copy, for which it waits. On the CPU they share their memory."""
    if all(tensor.device.type == "cpu" for tensor in tensors):
        return [tensor.numpy() for tensor in tensors]
    return unpacked(packed(tensors).cpu(), tensors)


def packed(tensors: Sequence[Tensor]) -> Tensor:
    """The bytes of several tensors, one behind the other (N,)."""
    return torch.cat([tensor.contiguous().view(-1).view(torch.uint8) for tensor in tensors])


def unpacked(content: Tensor, tensors: Sequence[Tensor]) -> list[Array]:
    """The bytes (N,) of several tensors as arrays of their shapes and types."""
    whole, arrays, start = content.numpy(), [], 0
    for tensor in tensors:
        end = start + tensor.nbytes
        kind = torch.empty(0, dtype=tensor.dtype).numpy().dtype
        arrays.append(np.frombuffer(whole[start:end].tobytes(), kind).reshape(tuple(tensor.shape)))
        start = end
    return arrays
