"""Arithmetic that is said in words."""

import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.constraints.arithmetic import expressions

SIGNS: dict[str, tuple[str, Callable[[int, int], float]]] = {
    "plus": ("+", operator.add),
    "minus": ("-", operator.sub),
    "times": ("*", operator.mul),
    "multiplied by": ("*", operator.mul),
    "divided by": ("/", operator.truediv),
}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("what is 83 plus 269?", ["83 + 269"]),
        ("Two times 59 divided by 3.5", ["2 * 59 / 3.5"]),
        ("twenty-five minus 12.7 and 4 Times 5", ["25 - 12.7", "4 * 5"]),
        ("12 plus 4 - 3, 6 \N{DIVISION SIGN} 2", ["12 + 4 - 3", "6 / 2"]),
        ("what is 35 x 31, not x 31", ["35 * 31"]),
        ("(69 * 33) - 22, 3 + 4", []),  # a run of the text as it is
        ("7 is prime, three, 5", []),
        ("room 4 plus breakfast, plus 3, v1.2 plus 3", []),
        ("", []),
    ],
)
def test_what_is_to_be_worked_out(text: str, written: list[str]) -> None:
    assert ["".join(part for part, _ in parts) for parts in expressions(text)] == written


def test_each_part_knows_where_it_is_said() -> None:
    text = "so, three times 12 plus 0.5"
    (parts,) = expressions(text)
    assert [(part, text[at:].split()[0]) for part, at in parts] == [
        *(("3", "three"), (" * ", "times"), ("12", "12"), (" + ", "plus"), ("0.5", "0.5"))
    ]


@given(
    st.integers(0, 99), st.lists(st.tuples(st.sampled_from(sorted(SIGNS)), st.integers(1, 99)), min_size=1, max_size=5)
)
def test_whatever_is_said_is_written_and_means_the_same(first: int, rest: list[tuple[str, int]]) -> None:
    said = " ".join([str(first), *(f"{sign} {number}" for sign, number in rest)])
    (parts,) = expressions(f"Please work out {said}.")
    written = "".join(part for part, _ in parts)
    assert written == " ".join([str(first), *(f"{SIGNS[sign][0]} {number}" for sign, number in rest)])
    if len(rest) == 1:
        ((sign, number),) = rest
        assert eval(written) == SIGNS[sign][1](first, number)
