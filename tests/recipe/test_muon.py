import torch
from hypothesis import given
from hypothesis import strategies as st

from agentkit_recipe.muon import Muon, orthogonalise


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
def test_singular_values_end_near_one(rows: int, columns: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    matrices = torch.linalg.qr(torch.randn(3, max(rows, columns), min(rows, columns), generator=generator))[0]
    matrices = matrices if rows >= columns else matrices.mT
    scaled = matrices * torch.rand(3, 1, 1, generator=generator).add(0.1)
    values = torch.linalg.svdvals(orthogonalise(scaled))
    assert bool(((values > 0.6) & (values < 1.3)).all())


def test_matrices_of_one_shape_are_updated_as_if_alone() -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(3, 8, 6), torch.randn(3, 8, 6)
    together = [torch.nn.Parameter(matrix.clone()) for matrix in start]
    stacked = torch.nn.Parameter(start.clone())
    for parameter, gradient in zip(together, gradients, strict=True):
        parameter.grad = gradient.clone()
    stacked.grad = gradients.clone()
    for parameters in (together, [stacked]):
        optimizer = Muon(parameters, lr=0.1, weight_decay=0.1)
        optimizer.step()
        optimizer.step()
    torch.testing.assert_close(torch.stack([p.detach() for p in together]), stacked.detach())


def test_it_descends() -> None:
    torch.manual_seed(0)
    target, weight = torch.randn(6, 4), torch.nn.Parameter(torch.zeros(6, 4))
    optimizer = Muon([weight], lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        loss = (weight - target).square().mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.02
