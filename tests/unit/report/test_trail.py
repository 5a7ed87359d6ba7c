"""Rates of what only grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.trail import Trail


def trail(*points: tuple[float, float], keep: float = 60.0) -> Trail:
    made = Trail(keep)
    for at, value in points:
        made.add(at, value)
    return made


def test_nothing_is_known_of_one_point() -> None:
    assert trail().rate(3) is None
    assert trail((0, 0)).rate(3) is None
    assert trail().rates(3, 1.0) == (None, None, None)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    made = trail((0, 0), (1, 100), (2, 110), (3, 120), (4, 130))
    assert made.rate(2) == 10
    assert made.rate(100) == pytest.approx(130 / 4)


def test_a_value_at_the_same_time_replaces_the_last() -> None:
    assert trail((0, 0), (1, 5), (1, 10)).rate(1) == 10


def test_steps_begin_at_multiples_of_their_length() -> None:
    made = trail((0, 0), (1.5, 15), (2.5, 35))
    assert made.rates(3, 1.0)[1:] == pytest.approx((10, 15))
    made.add(2.9, 43)
    assert made.rates(3, 1.0)[1:] == pytest.approx((10, 15)), "nothing trembles within a step"


def test_old_points_are_forgotten() -> None:
    made = trail(*((float(at), 2.0 * at) for at in range(1000)), keep=10)
    assert len(made._points) <= 13
    assert made.rate(10) == 2
    assert made.rates(10, 1.0) == (2.0,) * 10


@given(st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 1000)), min_size=2, max_size=40))
def test_all_that_was_used_is_in_the_steps(parts: list[tuple[float, float]]) -> None:
    at, value, made = 0.0, 0.0, Trail(10_000)
    made.add(0.0, 0.0)
    for seconds, joules in parts:
        at, value = at + seconds, value + joules
        made.add(at, value)
    rates = made.rates(300, 1.0)
    known = [rate for rate in rates if rate is not None]
    assert all(rate >= 0 for rate in known)
    assert sum(known) <= value * (1 + 1e-9) + 1e-9
