"""Strings and numbers as automata: what several keywords leave of them together."""

from decimal import Decimal
from typing import Annotated

import pytest
from pydantic import Field

from agentkit import Tool
from agentkit.constraints.nodes import Number
from agentkit.constraints.scalars import number_bytes


@pytest.mark.parametrize(
    ("node", "fitting", "others"),
    [
        (Number(minimum=0.00000015, maximum=1), "0.00000015 0.0000002 0.5 1", "0.0000001 2"),
        (Number(exclusive_minimum=0, maximum=1e-7), "0.0000001 0.00000005", "0 0.0 0.0000002"),
        (Number(exclusive_minimum=0, multiples=(1e-8,), decimal=True), "0.00012345 3", "0.000123456 -1"),
        (Number(minimum=0, multiples=(1e-8,)), "0.00012345", "0.000000001"),
        (Number(multiples=(1e-8,)), "0.00012345", "0.000000001"),
        (Number(minimum=0, multiples=(0.25, 0.5)), "1.5 2", "0.25 1.75"),
    ],
)
def test_numbers_are_as_fine_as_their_keywords_ask(node: Number, fitting: str, others: str) -> None:
    dfa, _ = number_bytes(node)
    assert all(map(dfa.accepts, fitting.split()))
    assert not any(map(dfa.accepts, others.split()))


def test_fine_numbers_are_no_reason_to_refuse_a_tool() -> None:
    def pay(
        coins: Annotated[Decimal, Field(gt=0, decimal_places=8)], fee: Annotated[float, Field(gt=0, le=1e-7)]
    ) -> None:
        """Pay."""

    assert Tool(pay).definition.name == "pay"


def test_a_float_step_has_multiples_as_far_as_floats_are_exact() -> None:
    low, high = 9007199254740990, 9007199254741000
    written, _ = number_bytes(Number(integer=True, minimum=low, maximum=high, multiples=(3.0,)))
    assert written.words(10) == [b"9007199254740990"]
    exact, _ = number_bytes(Number(integer=True, minimum=low, maximum=high, multiples=(3,)))
    assert exact.accepts("9007199254740993")
