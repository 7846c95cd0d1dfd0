"""What comes over in one piece is what was sent."""

from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from agentkit_model.transfer import download, packed, unpacked, upload

DTYPES = st.sampled_from([torch.bool, torch.uint8, torch.float32, torch.int64])
SHAPES = st.lists(st.integers(0, 4), max_size=3)


def make(dtype: torch.dtype, shape: list[int], *, turned: bool) -> torch.Tensor:
    tensor = torch.randint(0, 2 if dtype == torch.bool else 200, shape).to(dtype)
    return tensor.T if turned and len(shape) == 2 else tensor


@given(st.lists(st.builds(make, DTYPES, SHAPES, turned=st.booleans()), min_size=1, max_size=5))
def test_several_tensors_come_in_one_piece(tensors: list[torch.Tensor]) -> None:
    for arrays in (unpacked(packed(tensors), tensors), download(tensors)):
        for tensor, array in zip(tensors, arrays, strict=True):
            expected: Any = tensor.numpy()
            assert array.dtype == expected.dtype and array.shape == expected.shape
            assert np.array_equal(array, expected)


def test_on_the_cpu_nothing_is_copied() -> None:
    values = torch.zeros(3)
    (seen,) = download([values])
    assert upload(values, values.device) is values
    values[1] = 7.0
    assert seen.tolist() == [0.0, 7.0, 0.0]


def test_nothing_is_asked_for_where_there_is_nothing() -> None:
    assert download([]) == []
