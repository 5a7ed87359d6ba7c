"""A run at other hours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.model import ACTUAL, AVERAGE, FORECAST, LIFECYCLE, Point, series_mean
from carbonrun.report.other_hours import REACH_SECONDS, other_hours

HOUR = 3600.0
VALUES = st.lists(st.floats(1, 1000), min_size=2, max_size=60)


def series(values: list[float], start: float = 0.0, kind: str = ACTUAL) -> list[Point]:
    return [
        Point(
            start_unix_seconds=start + index * HOUR, end_unix_seconds=start + (index + 1) * HOUR,
            g_per_kwh=value, low_g_per_kwh=0.9 * value, high_g_per_kwh=1.1 * value,
            basis=LIFECYCLE, signal=AVERAGE, kind=kind, provider="neso", source="x",
            grid_zone="GB",
        )
        for index, value in enumerate(values)
    ]  # fmt: skip


def test_best_and_worst_hour() -> None:
    found = other_hours(series([300.0, 100.0, 100.0, 200.0, 500.0, 400.0]), 0.5 * HOUR, HOUR)
    assert found is not None
    assert found.as_it_was.g_per_kwh == pytest.approx(200.0)
    assert (found.best.start_unix_seconds, found.best.g_per_kwh) == pytest.approx((HOUR, 100.0))
    assert found.worst.start_unix_seconds == 4 * HOUR
    assert found.worst.g_per_kwh == pytest.approx(500.0)
    assert found.worst.high_g_per_kwh == pytest.approx(550.0)
    assert (found.provider, found.is_final) == ("neso", True)


@given(VALUES, st.floats(0, 1), st.floats(60, 5 * HOUR))
def test_no_hour_is_better_than_the_best(values: list[float], at: float, seconds: float) -> None:
    points = series(values)
    start = at * len(values) * HOUR
    found = other_hours(points, start, seconds)
    if found is None:
        return
    assert found.best.g_per_kwh <= found.as_it_was.g_per_kwh * (1 + 1e-9)
    assert found.worst.g_per_kwh >= found.as_it_was.g_per_kwh * (1 - 1e-9)
    latest = found.to_unix_seconds - seconds
    for index in range(40):
        begin = found.from_unix_seconds + index / 39 * (latest - found.from_unix_seconds)
        mean = series_mean(points, begin, begin + seconds)
        assert mean is not None
        assert mean.g_per_kwh >= found.best.g_per_kwh * (1 - 1e-6)
        assert mean.g_per_kwh <= found.worst.g_per_kwh * (1 + 1e-6)


def test_it_is_moved_by_a_day_at_the_most() -> None:
    values = [100.0 + hour for hour in range(80)]
    found = other_hours(series(values), 40 * HOUR, HOUR)
    assert found is not None
    assert found.best.start_unix_seconds == 40 * HOUR - REACH_SECONDS
    assert found.worst.start_unix_seconds == 40 * HOUR + REACH_SECONDS


def test_nothing_is_said_where_the_hours_are_not_known() -> None:
    assert other_hours([], 0.0, HOUR) is None
    assert other_hours(series([1.0, 2.0]), 5 * HOUR, HOUR) is None
    assert other_hours(series([1.0, 2.0]), 1.5 * HOUR, HOUR) is None  # its end is not
    assert other_hours(series([5.0, 5.0, 5.0]), 0.0, HOUR) is None  # no hour is better
    assert other_hours(series([5.0]), 0.0, HOUR) is None
    gap = [*series([100.0, 200.0]), *series([1.0], 5 * HOUR)]
    found = other_hours(gap, 0.0, HOUR)
    assert found is not None
    assert found.best.g_per_kwh == pytest.approx(100.0)  # what lies behind a gap is not looked at


def test_forecasts_are_no_final_figures() -> None:
    found = other_hours([*series([1.0]), *series([2.0], HOUR, FORECAST)], 0.0, HOUR)
    assert found is not None
    assert not found.is_final
