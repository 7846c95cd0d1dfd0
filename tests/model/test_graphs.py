"""Passes made of recorded pieces give what passes that run as they come give."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch

from agentkit_model import CanvasPlan, CanvasResult, Engine
from agentkit_model.attention import Seat, Segments
from agentkit_model.cache import Store
from agentkit_model.graphs import Graphs, Piece
from agentkit_model.network import Network

KINDS: dict[str, dict[str, Any]] = {
    "one expert": {},
    "experts": {"num_experts": 4, "top_k_experts": 2},
    "two kinds of layers": {"global_head_dim": 16, "num_global_key_value_heads": 1, "sliding_window": 8},
}
LAYERS = {"num_hidden_layers": 3, "layer_types": ["sliding_attention", "full_attention", "full_attention"]}


class Tapes:
    """Records a piece as what it does to memory: a replay computes it again, from and to where it first was."""

    def __init__(self) -> None:
        self.recorded = self.replayed = 0

    def __call__(self, piece: Piece) -> Piece:
        self.recorded += 1
        piece()  # as the recording itself does

        def replay() -> None:
            self.replayed += 1
            piece()

        return replay


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def make(request: pytest.FixtureRequest, tiny_config: Any) -> Callable[[], Engine]:
    return lambda: Engine.from_config(tiny_config(**LAYERS, **request.param), seed=4, device="cpu")


def fill(engine: Engine) -> list[CanvasResult]:
    """Canvases behind prompts of several lengths that need different numbers of steps, all at once."""
    plans = [CanvasPlan(seed=seed, max_denoising_steps=2 + seed % 4) for seed in range(6)]
    contexts = [engine.sync.open(range(5 + 3 * index)) for index in range(len(plans))]
    canvases = [context.fill(plan) for context, plan in zip(contexts, plans, strict=True)]
    for canvas in canvases:
        canvas.canvas.start()
    return [canvas.result() for canvas in canvases]


def test_canvases_are_the_same(make: Callable[[], Engine]) -> None:
    with make() as engine:
        expected = fill(engine)
    tapes = Tapes()
    with make() as engine:
        engine._runner.graphs = Graphs(engine._runner.network, tapes)
        assert fill(engine) == expected
        recorded, replayed = tapes.recorded, tapes.replayed
        assert fill(engine) == expected
    assert recorded % 4 == 0  # three layers have four pieces, for each number of canvases
    assert tapes.replayed > replayed > recorded


def test_a_piece_begins_where_it_was_left(tiny_config: Any) -> None:
    """Two numbers of canvases in turn, each with buffers of its own."""
    with Engine.from_config(tiny_config(**LAYERS), seed=4, device="cpu") as engine:
        network, graphs = engine._runner.network, Graphs(engine._runner.network, Tapes())
        with torch.inference_mode():
            for count in (1, 2, 1, 2):
                assert torch.equal(hidden_states(network, graphs.run, count), hidden_states(network, None, count))


def hidden_states(network: Network, run: Any, count: int) -> torch.Tensor:
    length = int(network.config.canvas_length)
    store = Store(network.layer_shapes, 64, network.device, network.dtype)
    segments = Segments([Seat(store, 0, length) for _ in range(count)])
    generator = torch.Generator().manual_seed(count)
    tokens = torch.randint(30, (count * length,), generator=generator)
    soft = torch.randn(count * length, int(network.text_config.hidden_size), generator=generator)
    one = network.rope(0, length)
    rope = {kind: (cos.repeat(count, 1), sin.repeat(count, 1)) for kind, (cos, sin) in one.items()}
    if run is not None:
        found: torch.Tensor = run(tokens, soft, rope, segments)
        return found
    return network.run(tokens, soft, tokens[:0], rope, segments)


def test_what_cant_be_recorded_is_run_as_it_comes(make: Callable[[], Engine], caplog: pytest.LogCaptureFixture) -> None:
    def refuse(piece: Piece) -> Piece:
        raise RuntimeError("operation not permitted when stream is capturing")

    with make() as engine:
        expected = fill(engine)
        engine._runner.graphs = Graphs(engine._runner.network, refuse)
        with caplog.at_level(logging.WARNING):
            assert fill(engine) == expected
    assert [record.message.count("goes on without them") for record in caplog.records] == [1]


def test_graphs_are_for_cuda(tiny_config: Any) -> None:
    with pytest.raises(ValueError, match="graphs=True needs a CUDA device, and the engine is on cpu"):
        Engine.from_config(tiny_config(), device="cpu", graphs=True)
