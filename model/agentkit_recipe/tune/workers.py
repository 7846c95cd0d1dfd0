"""The processes that make a tuning's steps with it, each a shard of its own.

Python runs one thread at a time, and much of a step of so small a network is Python, so threads would wait for each
other. The first shard is made where the run is; weights and gradients lie in files that all of them map, and a pipe
takes each step's requests to a worker and its figures back. A worker ends when its pipe does.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from agentkit.dialects.tokenizer import Tokenizer
from agentkit_model.allocator import keep_memory

from ..settings import Speed, TrainSettings
from ..train import TRAINING, Run

ALIGNED = 16  # numbers; each weight begins at a multiple of as many

Found = tuple[list[Tensor], dict[str, float]]  # gradients of the trained weights, and figures


@dataclass(frozen=True)
class Work:
    """What a worker is told when it begins: its shard, the run's settings, and where weights and gradients lie."""

    shard: int
    tokenizer: Path
    settings: TrainSettings
    speed: Speed
    weights: Path
    gradients: Path


def mapped(path: Path, shapes: Sequence[torch.Size]) -> list[Tensor]:
    """Tensors of these shapes, float32, one behind the other in a file; whoever maps it sees what others write."""
    sizes = [-(-shape.numel() // ALIGNED) * ALIGNED for shape in shapes]
    whole = torch.from_file(str(path), shared=True, size=sum(sizes), dtype=torch.float32)
    parts = torch.split(whole, sizes)
    return [part[: shape.numel()].view(shape) for part, shape in zip(parts, shapes, strict=True)]


def move(run: Run, path: Path, *, keep: bool) -> None:
    """Has the run's weights lie in a file: with the values that they have if `keep`, else with those of the file."""
    parameters = list(run.trained.values())
    places = mapped(path, [parameter.shape for parameter in parameters])
    for parameter, place in zip(parameters, places, strict=True):
        if keep:
            place.copy_(parameter.detach())
        parameter.data = place


class Worker:
    """One process and the pipe to it."""

    def __init__(self, work: Work, shapes: Sequence[torch.Size]) -> None:
        self.work = work
        self.gradients = mapped(work.gradients, shapes)
        self.process = subprocess.Popen(  # -P: nothing in the folder at hand stands in for a module
            [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the run's: it ends with the step it is at
        )
        self.send(work)

    def send(self, told: Any) -> None:
        try:
            assert self.process.stdin is not None
            pickle.dump(told, self.process.stdin)
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self.ended() from None

    def receive(self) -> Found:
        try:
            assert self.process.stdout is not None
            return self.gradients, pickle.load(self.process.stdout)
        except EOFError:
            raise self.ended() from None

    def ended(self) -> RuntimeError:
        return RuntimeError(
            f"A process that makes a part of each step ended with status {self.process.wait()}; what it said stands "
            f"above. Where memory is short, give fewer --threads. What was stored last is kept: the same command goes "
            f"on from there."
        )

    def close(self) -> None:
        self.process.kill()  # it holds nothing that is not here
        self.process.communicate()


class Workers:
    """Those of one run, by the number of their shards: 1, 2, ..."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = workers

    def make(self, run: Run) -> list[Found]:
        """Gradients and figures of all shards of the run's step."""
        for worker in self.workers:
            worker.send((run.step, run.batch(worker.work.shard)))
        return [*run.pool.map(run.shard_step, [0]), *(worker.receive() for worker in self.workers)]


@contextmanager
def hired(run: Run, tokenizer: Path, speed: Speed) -> Iterator[Workers]:
    """Workers for all shards of the run but the first; the run's weights, as they are now, are theirs from here on."""
    with tempfile.TemporaryDirectory(prefix="agentkit-tune-", ignore_cleanup_errors=True) as folder:
        weights = Path(folder) / "weights"
        move(run, weights, keep=True)
        shapes = [parameter.shape for parameter in run.trained.values()]
        workers: list[Worker] = []
        try:
            for shard in range(1, run.settings.shards):
                gradients = Path(folder) / f"gradients{shard}"
                workers.append(Worker(Work(shard, tokenizer, run.settings, speed, weights, gradients), shapes))
            yield Workers(workers)
        finally:
            for worker in workers:
                worker.close()


def main() -> None:
    """A worker: reads what it is told from standard input, until that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is printed is not taken for an answer
    keep_memory(TRAINING)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    serve(told, answers)


def serve(told: IO[bytes], answers: IO[bytes]) -> None:
    """Answers each step's batch with its figures, and leaves its gradients in the file for them."""
    orders = received(told)
    work: Work | None = next(orders, None)
    if work is None:  # the run is gone already
        return
    run = Run(work.weights.parent, Tokenizer.from_file(work.tokenizer), work.settings, "cpu", speed=work.speed)
    move(run, work.weights, keep=False)
    places = mapped(work.gradients, [parameter.shape for parameter in run.trained.values()])
    for step, batch in orders:
        run.step = step  # the noise follows from it
        found, figures = run.learned(batch, work.shard)
        for place, gradient in zip(places, found, strict=True):
            place.copy_(gradient)
        pickle.dump(figures, answers)
        answers.flush()


def received(told: IO[bytes]) -> Iterator[Any]:
    """What is sent, until the pipe ends."""
    while True:
        try:
            yield pickle.load(told)
        except EOFError:
            return
