import datetime
import json
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, computed_field

from agentkit.jsonable import MAX_DEPTH, NotJsonable, to_json_value


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: float


class City(BaseModel):
    name: str
    at: Point


class File(City):
    kind: Colour = Field(Colour.RED, serialization_alias="colour")
    data: bytes


BASE64 = {"a": [{"name": "a.bin", "at": {"x": 1, "y": 2}, "colour": "red", "data": "__4="}]}


class Order(BaseModel):
    lines: dict[str, int]

    @computed_field
    @property
    def total(self) -> int:
        return self.lines["total"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ((1, "a"), [1, "a"]),
        ({3}, [3]),
        (Colour.RED, "red"),
        (City(name="Rome", at=Point(1, 2.5)), {"name": "Rome", "at": {"x": 1, "y": 2.5}}),
        (datetime.date(2026, 11, 23), "2026-11-23"),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"text", "text"),
        ([b"text", b"\xff\xfe"], ["dGV4dA==", "__4="]),
        ({"a": [File(name="a.bin", data=b"\xff\xfe", at=Point(1, 2))]}, BASE64),
        ([float("nan"), float("inf"), -float("inf")], ["NaN", "Infinity", "-Infinity"]),
        ({1: 2, None: 3}, {"1": 2, "None": 3}),
        (range(3), [0, 1, 2]),
        ("a\ud800b", "a?b"),
        ({"\ud800": 1}, {"?": 1}),
    ],
)
def test_what_tools_return_becomes_json(value, expected):
    assert to_json_value(value) == expected


def test_arrays_become_lists():
    class Array:
        def tolist(self):
            return [[1, 2], [3, float("nan")]]

    assert to_json_value({"a": Array()}) == {"a": [[1, 2], [3, "NaN"]]}


@pytest.mark.parametrize(
    ("value", "named"),
    [(object(), "object"), ([{"a": object()}], "object"), ((n for n in range(3)), "generator"), (float, "type")],
)
def test_what_json_cannot_hold_is_named(value, named):
    with pytest.raises(NotJsonable, match=named):
        to_json_value(value)


def test_a_value_whose_own_code_fails_is_refused():
    class Sparse:
        def tolist(self):
            raise RuntimeError("sparse")

    with pytest.raises(NotJsonable, match=r"Order: KeyError\('total'\)"):
        to_json_value(Order(lines={}))
    with pytest.raises(NotJsonable, match="sparse"):
        to_json_value([Sparse()])


def test_a_number_that_python_will_not_write_is_refused():
    with pytest.raises(NotJsonable, match="integer string"):
        to_json_value({"n": 10**5000})


def test_a_value_that_holds_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(NotJsonable, match="Circular"):
        to_json_value(loop)


def nested(levels: int) -> list:
    return [nested(levels - 1)] if levels > 1 else []


def test_a_value_that_is_nested_too_deeply_is_refused():
    assert to_json_value(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    with pytest.raises(NotJsonable, match="list: nested too deeply, more than 64 levels"):
        to_json_value(nested(MAX_DEPTH + 1))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(anything)
def test_the_outcome_is_strict_json_that_can_be_encoded(value):
    converted = to_json_value(value)
    text = json.dumps(converted, allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode()) == converted
