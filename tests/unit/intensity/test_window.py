from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.model import Point, series_mean
from carbonrun.intensity.window import best_window, mean_between
from tests.unit.intensity.test_cache import HOUR, NOON, point


def series(*values: float) -> tuple[Point, ...]:
    return tuple(point(NOON + i * HOUR, value, "forecast") for i, value in enumerate(values))


def test_the_lowest_hours_are_found_and_compared_with_now() -> None:
    found = best_window(series(200, 100, 50, 60, 300), NOON, NOON + 5 * HOUR, 2 * HOUR)
    assert found is not None
    assert (found.start_unix_seconds, found.end_unix_seconds) == (
        NOON + 2 * HOUR,
        NOON + 4 * HOUR,
    )
    assert found.g_per_kwh == pytest.approx(55)
    assert found.first_g_per_kwh == pytest.approx(150)
    assert found.saving == pytest.approx(1 - 55 / 150)


def test_the_best_window_may_end_at_an_edge_instead_of_beginning_there() -> None:
    found = best_window(series(300, 50, 300, 100), NOON, NOON + 4 * HOUR, 1.5 * HOUR)
    assert found is not None
    assert found.end_unix_seconds in (NOON + 2 * HOUR, NOON + 2.5 * HOUR)
    assert found.g_per_kwh == pytest.approx((50 + 150) / 1.5)


def test_of_equal_windows_the_earliest_is_taken() -> None:
    found = best_window(series(100, 100, 100), NOON + 60, NOON + 3 * HOUR, HOUR)
    assert found is not None
    assert found.start_unix_seconds == NOON + 60
    assert found.saving == pytest.approx(0)


def test_nothing_is_made_up_behind_the_end_or_in_a_gap() -> None:
    assert best_window(series(1, 2), NOON, NOON + 9 * HOUR, 3 * HOUR) is None
    assert best_window((), NOON, NOON + HOUR, HOUR) is None
    gap = (series(100)[0], point(NOON + 2 * HOUR, 1), point(NOON + 3 * HOUR, 1))
    found = best_window(gap, NOON, NOON + 4 * HOUR, 2 * HOUR)
    assert found is not None
    assert found.start_unix_seconds == NOON + 2 * HOUR
    assert best_window(gap, NOON, NOON + 4 * HOUR, 3 * HOUR) is None


def test_a_window_may_not_begin_before_anything_is_known() -> None:
    assert best_window(series(1, 2), NOON - HOUR, NOON, HOUR) is None
    found = best_window(series(1, 2), NOON - HOUR, NOON + 2 * HOUR, HOUR)
    assert found is not None
    assert found.start_unix_seconds == NOON
    assert found.first_start_unix_seconds == NOON
    assert not found.is_compared_with(NOON - HOUR)


@given(
    st.lists(st.floats(0, 1000), min_size=1, max_size=12),
    st.integers(1, 40),
    st.integers(0, 20),
)
def test_no_window_on_a_fine_grid_is_better(
    values: list[float], tenths_long: int, tenths_late: int
) -> None:
    points = series(*values)
    earliest, seconds = NOON + tenths_late * HOUR / 10, tenths_long * HOUR / 10
    end = NOON + len(values) * HOUR
    found = best_window(points, earliest, end, seconds)
    starts = [earliest + i * HOUR / 10 for i in range(10 * len(values))]
    starts = [start for start in starts if start + seconds <= end + 1e-6]
    assert (found is not None) or not [s for s in starts if s + seconds <= end]
    if found is None:
        return
    assert earliest <= found.start_unix_seconds
    assert found.end_unix_seconds <= end + 1e-6
    own = series_mean(points, found.start_unix_seconds, found.end_unix_seconds)
    assert own is not None
    assert found.g_per_kwh == pytest.approx(own.g_per_kwh, abs=1e-6)
    for start in starts:
        mean = series_mean(points, start, start + seconds)
        assert mean is not None
        assert found.g_per_kwh <= mean.g_per_kwh + 1e-6


def test_the_mean_of_what_is_wholly_known() -> None:
    points = series(100, 200, 300)
    assert mean_between(points, NOON + HOUR / 2, NOON + 1.5 * HOUR) == 150
    assert mean_between(points, NOON - HOUR, NOON + HOUR) is None
    assert mean_between(points, NOON + HOUR, NOON + 4 * HOUR) is None
    assert mean_between((), NOON, NOON + HOUR) is None
