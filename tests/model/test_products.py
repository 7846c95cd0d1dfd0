"""Products by the fastest kernel are those of torch's own modules, up to the order of their sums."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from agentkit_model import products
from agentkit_model.products import Then, gated, linear

SIZES = st.integers(1, 70)


@pytest.fixture(params=["onednn", "torch"])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "onednn" and not products.available():
        pytest.skip("a build of torch without oneDNN's products")
    monkeypatch.setattr(products, "onednn", lambda: request.param == "onednn")


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("then", ["none", "tanh", "gelu"])
def test_a_product_and_the_function_after_it(then: Then) -> None:
    functions = {"none": lambda y: y, "tanh": torch.tanh, "gelu": lambda y: F.gelu(y, approximate="tanh")}
    x, weight, bias = torch.randn(3, 5, 64), torch.randn(40, 64), torch.randn(40)
    for added in (None, bias):
        expected = functions[then](F.linear(x, weight, added))
        assert torch.allclose(linear(x, weight, added, then), expected, atol=1e-4)


@pytest.mark.usefixtures("kernels")
def test_a_gated_product() -> None:
    x, gate, up = torch.randn(7, 64), torch.randn(40, 64), torch.randn(40, 64)
    expected = F.gelu(x @ gate.T, approximate="tanh") * (x @ up.T)
    assert torch.allclose(gated(x, gate, up), expected, atol=1e-3)


@given(SIZES, SIZES, SIZES, st.integers(0, 10**6))
def test_views_are_read_where_they_lie(rows: int, inner: int, outer: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    wide, weight = (torch.randn(n, 2 * inner, generator=generator) for n in (rows, outer))
    x, narrow = wide[:, inner:], weight[:, :inner]
    assert torch.allclose(linear(x, narrow), x @ narrow.T, atol=1e-4)
    table = torch.randn(inner, outer, generator=generator)
    assert torch.allclose(linear(x, table.T), x @ table, atol=1e-4)


@pytest.mark.usefixtures("kernels")
def test_other_types_and_no_rows_are_left_to_torch() -> None:
    weight = torch.randn(4, 8)
    assert linear(torch.empty(0, 8), weight).shape == (0, 4)
    x = torch.randn(2, 8).bfloat16()
    assert torch.equal(linear(x, weight.bfloat16()), F.linear(x, weight.bfloat16()))
