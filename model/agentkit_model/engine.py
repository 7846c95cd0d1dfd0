"""The engine: a checkpoint, the threads that compute, and the contexts opened on it."""

import copy
import dataclasses
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.to_thread
import torch
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion

from agentkit_model import checkpoint
from agentkit_model.allocator import keep_memory
from agentkit_model.compiled import network_of
from agentkit_model.context import Context, Limits
from agentkit_model.errors import OutOfMemoryError
from agentkit_model.graphs import Graphs
from agentkit_model.noise import UniformRenoise
from agentkit_model.progress import Progress
from agentkit_model.quantize import Quantization
from agentkit_model.runner import PREFIX_MEMORY, Runner
from agentkit_model.worker import Stats, Worker

if TYPE_CHECKING:
    from agentkit_model.sync import SyncEngine

MAX_BATCH = 16
MEMORY_TIMEOUT = 60.0


class Engine:
    """Fills canvases with a DiffusionGemma checkpoint, many contexts at a time.

        async with Engine.from_pretrained("google/diffusiongemma-26B-A4B-it") as engine:
            context = await engine.open(tokens)
            async with context.fill() as canvas:
                result = await canvas.result()
            await context.commit(result)

    Canvases that are under way at the same time share each pass through the network; one that is finished leaves at
    once, one that waits joins at the next step. All computing happens in threads of the engine's own, one or as many as
    there are cores (see `agentkit_model.worker`); any number of threads and event loops (asyncio, trio) may use it at
    the same time. `engine.sync` is the same without async.

    A canvas with a seed comes out the same bit for bit alone or in any company, and whatever the way to its context's
    tokens, in float32 on the CPU (how: `runner.Runner`). On other devices and in other dtypes its noise is the same
    too, but the network's arithmetic may differ in the last bits with what shares a pass.

    Attributes:
        config: the network's configuration (transformers' DiffusionGemmaConfig).
        canvas_length, vocab_size: of the model.
        max_tokens: positions of the model, canvas included.
        stop_tokens: ids that end a canvas' answer.
        pad_token: the id that fills up what follows a stop.
        sampler: the checkpoint's sampler settings, which plans may override.
        stats: counts since the engine was made.
    """

    def __init__(
        self,
        model: DiffusionGemmaForBlockDiffusion,
        *,
        max_batch: int = MAX_BATCH,
        prefix_memory: int = PREFIX_MEMORY,
        cache_memory: int | None = None,
        memory_timeout: float = MEMORY_TIMEOUT,
        graphs: bool = False,
        compiled: bool = True,
    ) -> None:
        """Takes over a loaded network: it must not be used elsewhere any more.

        max_batch: canvases in one pass. prefix_memory: bytes for the keys and values of prompts whose contexts are
        closed, so that a prompt that begins alike prefills only the rest; 0 remembers none. cache_memory: bytes that
        all contexts may take together; what would take more waits until others are closed. None is no limit on the CPU,
        and elsewhere nine tenths of what is free beside the weights and a step of `max_batch` canvases. memory_timeout:
        seconds that it waits while the engine has nothing else to do and too little is given back. Then it fails with
        OutOfMemoryError, and so does at once what would never fit, and the last of those who all wait for one another.
        graphs: runs passes over canvases as CUDA graphs, which are recorded when a number of canvases first comes up,
        and take as much memory again as a step. compiled: runs a small float32 network on a CPU by compiled kernels,
        where the package was built with them and they can compute it (see `agentkit_model.compiled`).
        """
        if max_batch < 1:
            raise ValueError(f"max_batch must be at least 1, not {max_batch}")
        if prefix_memory < 0 or (cache_memory is not None and cache_memory < 1):
            raise ValueError("prefix_memory is a number of bytes from 0, cache_memory one from 1, or None")
        if not memory_timeout >= 0:
            raise ValueError(f"memory_timeout is a number of seconds from 0, not {memory_timeout}")
        network = network_of(model, compiled=compiled)
        if graphs and network.device.type != "cuda":
            raise ValueError(f"graphs=True needs a CUDA device, and the engine is on {network.device}")
        text_config = network.text_config
        self.config: DiffusionGemmaConfig = network.config
        self.canvas_length = int(network.config.canvas_length)
        self.vocab_size = int(text_config.vocab_size)
        self.max_tokens = int(text_config.max_position_embeddings)
        self.stop_tokens = checkpoint.stop_tokens(model)
        self.pad_token = checkpoint.pad_token(model)
        self.sampler = checkpoint.sampler_settings(model)
        self.device = network.device
        self.dtype = network.dtype
        self._limits = Limits(
            vocab_size=self.vocab_size,
            canvas_length=self.canvas_length,
            max_tokens=self.max_tokens,
            sampler=self.sampler,
        )
        if self.device.type == "cpu":
            keep_memory()
        self._runner = Runner(
            network,
            UniformRenoise(self.vocab_size),
            self.stop_tokens,
            prefix_memory=prefix_memory,
            cache_memory=cache_memory,
        )
        if graphs:
            self._runner.graphs = Graphs(network)
        if self.device.type != "cpu" and cache_memory is None:
            working = self._runner.working_memory(max_batch) * (2 if graphs else 1)
            self._runner.memory.limit = _left_for_caches(checkpoint.free_memory(self.device), working, max_batch)
        self._worker = Worker(self._runner, max_batch, memory_timeout)
        # The thread does not know the engine, so an engine that is not referred to any more ends it, too.
        weakref.finalize(self, self._worker.end)

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        *,
        device: str | torch.device = "auto",
        dtype: str | torch.dtype = "auto",
        quantization: Quantization | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> Self:
        """Opens a checkpoint: a local folder (no network access), or the id of one on the Hugging Face hub.

        device: "auto" takes CUDA, then MPS, then the CPU. dtype: "auto" takes the checkpoint's own, and float32 on the
        CPU. quantization: "int8", "int4" or "float8" holds the weights in 8 or 4 bits (see `agentkit_model.quantize`;
        the first two need the extra `quantization`); on its way, the whole checkpoint goes through the host's memory.
        progress: is told how far it has come, in the thread that loads or in one that downloads: it must be quick.
        options: of the constructor.

        Raises:
            CheckpointError: not a DiffusionGemma checkpoint, or a file is missing; the message says which.
            OutOfMemoryError: the weights do not fit into the free memory.
            QuantizationError: the weights cannot be quantised here; the message says what to do.
        """
        model = checkpoint.load(source, device=device, dtype=dtype, quantization=quantization, progress=progress)
        return cls(model, **options)

    @classmethod
    def from_config(
        cls,
        config: DiffusionGemmaConfig,
        *,
        seed: int = 0,
        device: str | torch.device = "auto",
        dtype: str | torch.dtype = "auto",
        quantization: Quantization | None = None,
        **options: Any,
    ) -> Self:
        """An engine with random weights, for tests and for measuring speed without a checkpoint.

        The weights depend on the seed alone; torch's own random state is left as it was. dtype "auto" is float32.
        options: of the constructor.
        """
        model = checkpoint.random_model(
            copy.deepcopy(config), seed=seed, device=device, dtype=dtype, quantization=quantization
        )
        return cls(model, **options)

    async def open(self, tokens: Sequence[int] = ()) -> Context:
        """A context with these tokens, run through the encoder.

        Raises:
            ContextError: a token outside of the vocabulary, or too many of them.
            OutOfMemoryError: the tokens do not fit into cache_memory.
            EngineClosedError: the engine is closed.
        """
        context = self._empty_context()
        await context.extend(tokens)
        return context

    def open_sync(self, tokens: Sequence[int] = ()) -> Context:
        """`open` for a thread without an event loop."""
        context = self._empty_context()
        context.extend_sync(tokens)
        return context

    async def close(self) -> None:
        """Ends the engine's threads after the step at hand. Work that is not done fails with EngineClosedError."""
        self._worker.end()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._worker.close)

    def close_sync(self) -> None:
        """`close` for a thread without an event loop."""
        self._worker.close()

    @property
    def closed(self) -> bool:
        return self._worker.closed

    @property
    def stats(self) -> Stats:
        return dataclasses.replace(self._worker.stats)

    @property
    def sync(self) -> "SyncEngine":
        """The engine for code without an event loop: the same names, without await."""
        from agentkit_model.sync import SyncEngine

        return SyncEngine(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_sync()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"on {self.device}, {str(self.dtype).removeprefix('torch.')}"
        return f"<Engine {state}, canvas {self.canvas_length}, vocabulary {self.vocab_size}>"

    def _empty_context(self) -> Context:
        return Context(self._worker, self._limits, self._runner.new_cache())


def _left_for_caches(free: int | None, working: int, max_batch: int) -> int | None:
    """Bytes for all contexts, of those that are free beside the weights, when a step takes `working` of them."""
    if free is None:
        return None
    if free <= working:
        raise OutOfMemoryError(
            f"the weights leave {free / 2**30:.1f} GiB, and a step of {max_batch} canvases may take "
            f"{working / 2**30:.1f} GiB: give a smaller max_batch, or weights in fewer bits (quantization)"
        )
    return (free - working) * 9 // 10
