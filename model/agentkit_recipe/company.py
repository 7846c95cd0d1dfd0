"""The processes that train one model together, each its share of every step.

`torchrun --nproc-per-node 2 -m agentkit_recipe train ...` starts two of them. Python runs one thread at a time, so
threads wait for each other where much of a step is Python; processes don't.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class Company:
    """One process among `count`. Alone by default."""

    rank: int = 0
    count: int = 1
    device: str = "cpu"

    @property
    def leads(self) -> bool:
        """Whether this is the process that shows progress and stores checkpoints."""
        return self.rank == 0

    def share(self, shards: int) -> range:
        """Those of a step's shards that this process makes. Raises ValueError where there is not one for each."""
        if shards < self.count:
            raise ValueError(f"{self.count} processes need as many --shards, not {shards}")
        return range(self.rank, shards, self.count)

    def summed(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The sums of all processes' tensors, which have the same shapes everywhere."""
        if self.count == 1:
            return list(tensors)
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]

    def any(self, told: bool) -> bool:
        """Whether any of the processes was told to end: they all end with the same step."""
        return bool(self.summed([torch.tensor([float(told)], device=self.device)])[0].item())


@contextmanager
def joined(device: str) -> Iterator[Company]:
    """The company that torchrun has started this process in; on its own, where it has not."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield Company()
        return
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Company(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()
