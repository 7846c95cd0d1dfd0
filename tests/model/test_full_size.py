"""A denoising step of the 26B-A4B network, on the meta device: nothing is computed, but everything is asked for.

Its thirty layers are six, five times over. What a step asks for, and the memory that it takes beside weights and
caches, is the same for six of them.

A tensor of the meta device has no values, so whatever would make the host wait for a value on a GPU is an error here,
but for `transfer.download`, which the tests count. And the memory that a step takes can be added up.
"""

import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import DiffusionGemmaForBlockDiffusion

from agentkit_model import CanvasPlan, Choice, Hold, OutOfMemoryError, TokenAutomaton, runner, vocabulary
from agentkit_model.cache import Cache
from agentkit_model.engine import _left_for_caches
from agentkit_model.network import Network
from agentkit_model.noise import UniformRenoise
from agentkit_model.quantize import weight_bytes
from agentkit_model.runner import Runner
from agentkit_model.sampler import SamplerSettings
from agentkit_model.transfer import Array
from agentkit_model.work import Denoising, Prefill
from benchmarks.full_size import full_size

CARD = 80 * 10**9  # bytes
PROMPT = 1000
SIX, FIVE = 6, 5
AUTOMATON = TokenAutomaton(  # text, or a call with any text in it
    size=5,
    source=[1, 2, 2, 3],
    target=[2, 2, 3, 4],
    label=[1, 0, 2, 3],
    cost=[0.0] * 4,
    sets=[np.arange(2000, 262_144), [5], [6, 7, 8], [1]],
    start=0,
    final=4,
    pad=0,
    stops=frozenset((1,)),
    choices={0: [Choice(0, 0), Choice(1, 1, enters=True, binds=True)]},
)


class Live(TorchDispatchMode):
    """Adds up the memory of what is made within: `peak` is the most at a time, in bytes."""

    def __init__(self, known: Sequence[Tensor]) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known = weakref.WeakKeyDictionary({tensor.untyped_storage(): True for tensor in known})

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor) and tensor.is_meta and tensor.untyped_storage() not in self._known:
                storage = tensor.untyped_storage()
                self._known[storage] = True
                self.now += storage.nbytes()
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self._free, storage.nbytes())
        return out

    def _free(self, count: int) -> None:
        self.now -= count


@pytest.fixture(scope="module")
def network() -> Network:
    config = full_size()
    config.text_config.layer_types = config.text_config.layer_types[:SIX]
    config.text_config.num_hidden_layers = SIX
    with torch.device("meta"):
        model = DiffusionGemmaForBlockDiffusion(config).to(torch.bfloat16)
    for layers in (model.model.decoder.layers, model.model.encoder.language_model.layers):
        for layer in layers:
            layer.layer_scalar = torch.ones(1)  # looked at once, when the network is taken over
    return Network(model)


@pytest.fixture
def machine(network: Network) -> Runner:
    return Runner(network, UniformRenoise(262_144), frozenset((1,)))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The bytes that the host waited for, each time."""
    found: list[int] = []

    def download(tensors: Sequence[Tensor]) -> list[Array]:
        if tensors:
            found.append(sum(tensor.nbytes for tensor in tensors))
        return [np.full(tuple(t.shape), t.dtype != torch.bool, np.dtype(str(t.dtype)[6:])) for t in tensors]

    monkeypatch.setattr(vocabulary, "download", download)
    monkeypatch.setattr(runner, "download", download)
    yield found


def canvases(machine: Runner, count: int, plan: CanvasPlan) -> list[Denoising]:
    """Canvases over contexts of their own that share a prompt."""
    cache = prompt(machine)
    rows = []
    for seed in range(count):
        row = Denoising(cache.fork(), PROMPT, plan, plan.settings(SamplerSettings()), seed)
        machine.admit(row)
        rows.append(row)
    return rows


def prompt(machine: Runner) -> Cache:
    cache = machine.new_cache()
    work = Prefill(cache, (), tuple(range(1000, 1000 + PROMPT)), lambda: None)
    machine.begin(work)
    machine.read([machine.chunk(work, PROMPT)])
    cache.settle(PROMPT)
    return cache


@pytest.mark.parametrize("count", [1, 32])
@pytest.mark.parametrize("hold", [None, Hold(automaton=AUTOMATON, bonus=8.0)], ids=["free", "held"])
def test_a_step_waits_for_the_device_once_and_once_more_for_automata(
    machine: Runner, waits: list[int], count: int, hold: Hold | None
) -> None:
    plan = CanvasPlan(hold=hold, clamped={7: 5000}, t_min=0.0)
    with torch.inference_mode():
        rows = canvases(machine, count, plan)
        assert waits == []  # nor does reading a prompt, or admitting a canvas
        for _ in range(2):
            assert machine.step(rows) == [None] * count
    assert [row.error for row in rows] == [None] * count
    assert len(waits) == (2 if hold is None else 4)
    assert max(waits) < 20_000 * count  # logits would be 268 MB a canvas
    if hold is None:
        assert waits == [2 * count] * 2  # whether each is stable, and confident


def test_with_the_stop_rule_off_a_step_waits_for_nothing(machine: Runner, waits: list[int]) -> None:
    with torch.inference_mode():
        rows = canvases(machine, 4, CanvasPlan(confidence_threshold=0.0))
        for _ in range(2):
            machine.step(rows)
    assert waits == []


@pytest.mark.parametrize("count", [1, 32])
@pytest.mark.parametrize("hold", [None, Hold(automaton=AUTOMATON, bonus=8.0)], ids=["free", "held"])
def test_a_step_takes_no_more_memory_than_is_set_aside_for_it(
    machine: Runner, waits: list[int], count: int, hold: Hold | None
) -> None:
    with torch.inference_mode():
        rows = canvases(machine, count, CanvasPlan(hold=hold))
        machine.step(rows)  # what it keeps from step to step is there
        with Live(known(machine.network, rows)) as live:
            machine.step(rows)
    reserved = machine.working_memory(count)
    assert live.peak <= reserved <= 4 * live.peak


def test_thirty_two_live_canvases_fit_a_card_beside_the_weights(machine: Runner) -> None:
    with torch.inference_mode():
        store = prompt(machine).store
    assert full_size().text_config.layer_types == machine.network.text_config.layer_types * FIVE
    contexts = 32 * FIVE * store.bytes
    needed = weight_bytes(full_size(), None, torch.bfloat16) + machine.working_memory(32) + contexts
    assert round(needed / 1e9) == 64
    assert needed < CARD
    assert [round(machine.working_memory(count) / 1e9, 1) for count in (1, 16, 32)] == [1.2, 2.3, 4.1]


def test_caches_get_what_weights_and_steps_leave() -> None:
    assert _left_for_caches(None, 4, 1) is None
    assert _left_for_caches(30 * 2**30, 10 * 2**30, 16) == 18 * 2**30
    with pytest.raises(OutOfMemoryError, match="and a step of 16 canvases may take"):
        _left_for_caches(2 * 2**30, 3 * 2**30, 16)


def known(network: Network, rows: Sequence[Denoising]) -> list[Tensor]:
    """What is there before a step: weights, also those that were put side by side, caches, canvases."""
    found: list[Tensor] = []
    waiting: list[Any] = [network, *(row.seat.store for row in rows)]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Tensor):
            found.append(each)
        elif isinstance(each, torch.nn.Module):
            found += [*each.parameters(), *each.buffers()]
        elif isinstance(each, list | tuple):
            waiting += each
        elif getattr(each, "__closure__", None):
            waiting += [cell.cell_contents for cell in each.__closure__]
        elif type(each).__module__.startswith("agentkit_model"):
            waiting += vars(each).values() if hasattr(each, "__dict__") else []
    return [*found, *(tensor for row in rows for tensor in (row.canvas, row.soft))]
