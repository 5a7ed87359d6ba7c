from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.model import Point
from carbonrun.intensity.uncertainty import (
    bounds,
    combined,
    gap_factor,
    temporal_factor,
    widened,
    with_temporal_spread,
)

FACTORS = st.floats(min_value=1, max_value=10)
DAY = 86400.0


def point(value: float, low: float, high: float, kind: str = "annual") -> Point:
    return Point(
        g_per_kwh=value,
        low_g_per_kwh=low,
        high_g_per_kwh=high,
        basis="lifecycle",
        signal="average",
        kind=kind,
        provider="test",
        source="test",
        grid_zone="FR",
    )


@given(st.lists(FACTORS, min_size=1, max_size=4))
def test_together_they_are_more_than_the_worst_and_less_than_the_product(
    factors: list[float],
) -> None:
    total = combined(*factors)
    assert max(factors) - 1e-9 <= total <= math.prod(factors) * (1 + 1e-9)


def test_a_short_run_may_miss_the_mean_of_the_year_by_far() -> None:
    assert temporal_factor(0.0) == temporal_factor(3600.0) == 1.8
    assert temporal_factor(3 * DAY) == pytest.approx(1.55)
    assert temporal_factor(8766 * 3600.0) == temporal_factor(1e12) == pytest.approx(1.0)
    assert 1.55 < temporal_factor(DAY) < 1.8


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_longer_run_misses_it_by_less(one: float, other: float) -> None:
    short, long = sorted((one, other))
    assert temporal_factor(short) >= temporal_factor(long) - 1e-12


def test_only_means_of_a_year_are_spread_in_time() -> None:
    annual, actual = point(100, 80, 130), point(100, 80, 130, "actual")
    spread, same = with_temporal_spread((annual, actual), 60.0)
    assert same == actual
    assert spread.low_g_per_kwh == pytest.approx(100 / combined(1.25, 1.8))
    assert spread.high_g_per_kwh == pytest.approx(100 * combined(1.3, 1.8))
    assert with_temporal_spread((annual,), 1e12) == (annual,)


@given(st.floats(0, 3000), st.floats(0, 1), st.floats(1, 5), FACTORS)
def test_bounds_never_shrink_nor_lose_the_figure(
    value: float, down: float, up: float, factor: float
) -> None:
    before = point(value, value * down, value * up)
    after = widened(before, factor)
    assert 0 <= after.low_g_per_kwh <= before.low_g_per_kwh
    assert before.high_g_per_kwh <= after.high_g_per_kwh < math.inf
    assert after.g_per_kwh == value


def test_what_is_less_sure_has_wider_bounds() -> None:
    widths = [bounds(100, kind)[1] for kind in ("actual", "estimated", "forecast")]
    assert widths == sorted(widths)
    assert len(set(widths)) == 3


def test_figures_in_whole_grams_are_not_known_better_than_that() -> None:
    assert bounds(0, "actual") == (0, 0.5)
    low, high = bounds(1, "actual")
    assert (low, high) == (0.5, 1.5)
    assert bounds(100, "actual")[1] > 140


def test_an_error_may_be_larger_in_one_direction() -> None:
    before = point(100, 80, 125)
    after = widened(before, 1.0, 4.0)
    assert after.low_g_per_kwh == pytest.approx(100 / combined(1.25, 4.0))
    assert after.high_g_per_kwh == 125
    assert widened(before, 0.5, 0.5) == before


@given(st.floats(0, 1), st.floats(0, 1e9))
def test_what_is_left_out_counts_by_its_share(share: float, seconds: float) -> None:
    assert 1 <= gap_factor(share, seconds) <= temporal_factor(seconds) + 1e-12
    assert gap_factor(0.0, seconds) == 1
