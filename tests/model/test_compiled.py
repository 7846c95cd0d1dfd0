"""Compiled kernels compute what torch does, up to rounding, and every row by itself, to the last bit."""

import itertools
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from agentkit.bundled import folder
from agentkit_model import checkpoint, native
from agentkit_model.attention import Reading, Seat, Segments
from agentkit_model.cache import Store
from agentkit_model.compiled import Compiled, Looked, network_of
from agentkit_model.network import Network
from agentkit_model.vocabulary import Whole
from tests.model.kinds import KINDS

SOURCE = Path(native.__file__).with_name("kernels.c")
WIDTHS = {
    "built": [],
    "4 wide": ["-DLANES=4", "-DVECTORS=4", "-DMR=6"],
    "16 wide": ["-DLANES=16", "-DVECTORS=2", "-DMR=12"],
}


@pytest.fixture(scope="module", params=WIDTHS)
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The kernels as they were built for this processor, and with vectors of other processors' widths."""
    if native.library() is None:
        pytest.skip("built without compiled kernels")
    if not WIDTHS[request.param]:
        return native.library()
    library = tmp_path_factory.mktemp("kernels") / "kernels.so"
    command = ["cc", "-O2", "-std=gnu11", "-shared", "-fPIC", *WIDTHS[request.param], str(SOURCE), "-o", str(library)]
    if shutil.which("cc") is None:
        pytest.skip("no compiler")
    subprocess.run(command, check=True)
    return native.opened(library)


@pytest.fixture(scope="module")
def pair(tiny_config: Any, twin: Any, kernels: Any) -> tuple[Network, Compiled]:
    """The same network by torch and by kernels, with norms and scalars that are not 1."""
    model = twin(tiny_config(num_hidden_layers=3, sliding_window=20, **KINDS["compiled"]))
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name or "scale" in name:
                parameter.mul_(1 + 0.2 * torch.randn(parameter.shape))
        for one, other in zip(model.model.decoder.layers, model.model.encoder.language_model.layers, strict=True):
            one.layer_scalar.fill_(0.9)
            other.layer_scalar.fill_(1.1)
    return Network(model), Compiled(model, kernels)


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(1, 300), st.integers(1, 100), st.booleans(), st.integers(0, 2**32))
def test_products(kernels: Any, rows: int, depth: int, columns: int, turned: bool, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, depth, generator=generator)
    weights = torch.randn(columns, depth, generator=generator)
    packed = native.Packed(kernels, weights.T.contiguous().T if turned else weights)
    out = torch.full((rows + 1, columns), 7.0)
    kernels.multiply(x.data_ptr(), rows, *packed.sizes, out.data_ptr())
    torch.testing.assert_close(out[:rows].double(), x.double() @ weights.double().T, atol=2e-4, rtol=1e-5)
    assert (out[rows] == 7.0).all()  # nothing is written behind the end


RUNS = st.lists(
    st.tuples(st.sampled_from(["canvas", "reading"]), st.integers(0, 60), st.integers(1, 40)), min_size=1, max_size=5
)


def stores(network: Network, runs: Sequence[tuple[str, int, int]]) -> list[Store]:
    """For each run a store with keys and values of so many tokens."""
    made = []
    for place, (_, before, length) in enumerate(runs):
        store = Store(network.layer_shapes, before + length, network.device, network.dtype)
        generator = torch.Generator().manual_seed(place)
        for tensor in store.keys + store.values:
            tensor[:, :before] = torch.randn(tensor[:, :before].shape, generator=generator)
        made.append(store)
    return made


@torch.inference_mode()
def passed(
    network: Network, runs: Sequence[tuple[str, int, int]], held: Sequence[Store], places: Sequence[int]
) -> list[Tensor]:
    """The hidden states of canvases and the keys and values that were written, of the runs at these places."""
    places = sorted(places, key=lambda place: runs[place][0])  # canvases come first
    segments: list[Any] = []
    ropes, tokens = [], {"canvas": [torch.empty(0, dtype=torch.long)], "reading": [torch.empty(0, dtype=torch.long)]}
    soft = [torch.empty(0, network.table.shape[1])]
    for place in places:
        kind, before, length = runs[place]
        generator = torch.Generator().manual_seed(100 + place)
        segments.append((Seat if kind == "canvas" else Reading)(held[place], before, length))
        ropes.append(network.rope(before, length))
        tokens[kind].append(torch.randint(len(network.table), (length,), generator=generator))
        if kind == "canvas":
            soft.append(torch.randn(length, network.table.shape[1], generator=generator))
    rope = {kind: (torch.cat([r[kind][0] for r in ropes]), torch.cat([r[kind][1] for r in ropes])) for kind in ropes[0]}
    canvases, read = torch.cat(tokens["canvas"]), torch.cat(tokens["reading"])
    hidden = network.run(canvases, torch.cat(soft), read, rope, Segments(segments))
    lengths = [runs[place][2] for place in places if runs[place][0] == "canvas"]
    parts = dict(zip(places, hidden.split(lengths), strict=False))
    for place in places:
        if place not in parts:  # what was read: its keys and values
            written = [tensor[:, runs[place][1] :].flatten() for tensor in held[place].keys + held[place].values]
            parts[place] = torch.cat(written)
    return [parts[place] for place in sorted(places)]


@settings(deadline=None, max_examples=40)
@given(runs=RUNS)
def test_passes_are_those_of_torch_and_no_row_knows_its_company(
    pair: tuple[Network, Compiled], runs: list[Any]
) -> None:
    plain, compiled = pair
    everything = range(len(runs))
    together = passed(compiled, runs, stores(compiled, runs), everything)
    for one, other in zip(together, passed(plain, runs, stores(plain, runs), everything), strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=1e-3)
    held = stores(compiled, runs)
    for place in everything:
        assert torch.equal(together[place], passed(compiled, runs, held, [place])[0])


@settings(deadline=None, max_examples=30)
@given(tokens=st.integers(1, 150), cuts=st.sets(st.integers(1, 149), max_size=5))
@torch.inference_mode()
def test_a_prompt_is_the_same_in_whatever_pieces_it_is_read(
    pair: tuple[Network, Compiled], tokens: int, cuts: set[int]
) -> None:
    network, prompt = pair[1], torch.arange(tokens) % 100
    found = []
    for pieces in ([0, tokens], [0, *sorted(cut for cut in cuts if cut < tokens), tokens]):
        store = Store(network.layer_shapes, tokens, network.device, network.dtype)
        for start, end in itertools.pairwise(pieces):
            reading = Segments([Reading(store, start, end - start)])
            network.run(prompt[:0], network.table[:0], prompt[start:end], network.rope(start, end - start), reading)
        found.append(store.keys + store.values)
    assert all(map(torch.equal, *found))


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), heats=st.lists(st.sampled_from([0.0, 1e-6, 0.05, 0.8, 3.0]), min_size=1, max_size=3))
def test_the_vocabulary_is_seen_as_torch_sees_it(pair: tuple[Network, Compiled], seed: int, heats: list[float]) -> None:
    generator = torch.Generator().manual_seed(seed)
    plain, compiled = pair
    hidden = 3 * torch.randn(len(heats), 7, compiled.table.shape[1], generator=generator)
    heat = torch.tensor(heats)
    expected, looked = Whole(plain, plain.logits(hidden), heat), Looked(compiled, hidden, heat)
    assert torch.equal(looked.best, expected.best)
    uniforms = torch.rand(len(heats), 7, generator=generator)
    tokens = torch.randint(100, (len(heats), 7), generator=generator)
    held, bonus = torch.rand(len(heats), 7, generator=generator) < 0.5, torch.full((len(heats), 1), 5.0)
    for _ in range(2):
        torch.testing.assert_close(looked.doubts, expected.doubts, atol=1e-4, rtol=1e-3)
        assert (looked.draw(uniforms) == expected.draw(uniforms)).float().mean() > 0.9  # but for the borders
        everything = range(len(heats))
        torch.testing.assert_close(looked.soften(everything), expected.soften(everything), atol=1e-4, rtol=1e-3)
        looked.lift(tokens, held, bonus)
        expected.lift(tokens, held, bonus)


@settings(deadline=None)
@given(
    weights=st.lists(st.sampled_from([0.0, 1e-30, 0.2, 1.0, 50.0]), min_size=256, max_size=256),
    uniform=st.floats(0, 1, exclude_max=True, width=32),
)
def test_a_token_is_drawn_by_its_share(pair: tuple[Network, Compiled], weights: list[float], uniform: float) -> None:
    weights[3] = 1.0  # of all zeros there is none to draw
    of = torch.tensor([[weights]])
    token = int(pair[1].draw(of, torch.tensor([[uniform]])))
    cumulated = of[0, 0].double().cumsum(0)
    assert weights[token] > 0
    assert cumulated[token] - weights[token] <= uniform * cumulated[-1] * (1 + 1e-6) + 1e-6
    assert cumulated[token] >= uniform * cumulated[-1] * (1 - 1e-6) - 1e-6


def test_what_is_not_a_number_stays_so_and_does_no_harm(pair: tuple[Network, Compiled]) -> None:
    network, runs = pair[1], [("canvas", 5, 8), ("canvas", 5, 8)]
    held = stores(network, runs)
    held[0].keys[0][:, 2] = float("nan")
    broken, whole = passed(network, runs, held, [0, 1])
    assert broken.isnan().all() and not whole.isnan().any()
    looked = Looked(network, broken[None], torch.tensor([0.5]))
    drawn = looked.draw(torch.rand(1, 8))
    assert looked.entropies.isnan().all() and ((drawn >= 0) & (drawn < len(network.table))).all()


@pytest.mark.skipif(native.library() is None, reason="built without compiled kernels")
def test_which_networks_are_compiled(tiny_config: Any, twin: Any) -> None:
    for dtype, compiled, kind in (("auto", True, Compiled), ("auto", False, Network), ("bfloat16", True, Network)):
        assert type(network_of(checkpoint.load(folder(), device="cpu", dtype=dtype), compiled=compiled)) is kind
    assert type(network_of(twin(tiny_config(**KINDS["experts"])))) is Network


def test_soft_caps_and_activations_are_precise(pair: tuple[Network, Compiled]) -> None:
    """Over all that they may be given, not only where random numbers lie."""
    network, width = pair[1], pair[1].table.shape[1]
    hidden = torch.zeros(1, 400, width)
    hidden[0, :, 0] = torch.linspace(-40.0, 40.0, 400)
    logits, *_ = network.look(hidden, torch.ones(1, 1))
    expected = 30 * torch.tanh(F.linear(hidden.double(), network.head.double()) / 30)
    torch.testing.assert_close(logits.double(), expected, atol=3e-6, rtol=1e-6)
