"""From what a model thinks of its own values to how often it is right."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import UserError
from agentkit.models.calibration import LEAST, Calibration

JUDGED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=300)


@given(JUDGED, st.lists(st.floats(0, 1), min_size=2))
def test_a_map_never_falls_and_stays_a_share(judged: list[tuple[float, bool]], shares: list[float]) -> None:
    found = [Calibration.fit(judged)(share) for share in sorted(shares)]
    assert all(0 <= share <= 1 for share in found)
    assert all(a <= b + 1e-9 for a, b in pairwise(found))


@given(st.floats(0, 1))
def test_without_points_nothing_is_changed(share: float) -> None:
    assert Calibration()(share) == Calibration.fit([])(share) == share


def test_what_is_overconfident_is_told_how_often_it_is_right() -> None:
    rng = random.Random(0)
    judged = [(certainty, rng.random() < certainty**3) for certainty in (rng.random() for _ in range(20_000))]
    found = Calibration.fit(judged)
    for certainty in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
        assert found(certainty) == pytest.approx(certainty**3, abs=0.06)


def test_few_values_are_one_point() -> None:
    judged = [(0.9, True)] * 3 + [(0.5, False)]
    assert Calibration.fit(judged) == Calibration((0.8,), (0.75,))
    assert Calibration.fit(judged)(0.1) == Calibration.fit(judged)(1.0) == 0.75
    assert len(Calibration.fit([(i / 999, i > 500) for i in range(999)]).raw) <= 999 / LEAST + 1


def test_values_of_one_certainty_are_one_point() -> None:
    sure = [(1.0, False)] * LEAST + [(1.0, True)] * LEAST
    assert Calibration.fit(sure) == Calibration((1.0,), (0.5,))
    assert Calibration.fit([(0.5, False)] * 30 + sure) == Calibration((0.5, 1.0), (0.0, 0.5))


@pytest.mark.parametrize(
    ("raw", "right"), [((0.1,), ()), ((0.5, 0.1), (0.1, 0.2)), ((0.1, 0.2), (0.5, 0.4)), ((0.1, 1.2), (0.1, 0.2))]
)
def test_what_is_no_such_map_is_told(raw: tuple[float, ...], right: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match="rising"):
        Calibration(raw, right)
