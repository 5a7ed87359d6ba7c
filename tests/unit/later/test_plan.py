"""When to start: never worse than any other start that was tried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.model import AVERAGE, DIRECT, FORECAST, Point
from carbonrun.later.plan import (
    NO_FORECAST,
    NOW_IS_BEST,
    SAVES_LITTLE,
    TOO_LATE,
    TOO_SHORT,
    UNKNOWN_DURATION,
    choose,
    likely_seconds,
)

HOUR = 3600.0


def series(*values: float, start: float = 0.0) -> tuple[Point, ...]:
    return tuple(
        Point(
            start_unix_seconds=start + i * HOUR,
            end_unix_seconds=start + (i + 1) * HOUR,
            g_per_kwh=value,
            low_g_per_kwh=value,
            high_g_per_kwh=value,
            basis=DIRECT,
            signal=AVERAGE,
            kind=FORECAST,
            provider="neso",
            source="NESO",
            grid_zone="GB",
        )
        for i, value in enumerate(values)
    )


def mean(points: tuple[Point, ...], start: float, seconds: float) -> float:
    total = 0.0
    for point in points:
        begin = max(start, point.start_unix_seconds or 0.0)
        end = min(start + seconds, point.end_unix_seconds or 0.0)
        total += max(0.0, end - begin) * point.g_per_kwh
    return total / seconds


def test_it_waits_for_the_valley() -> None:
    plan = choose(series(300, 200, 100, 100, 300), 0.0, 5 * HOUR, 2 * HOUR, 5)
    assert (plan.start_unix_seconds, plan.reason) == (2 * HOUR, None)
    assert plan.window is not None
    assert (plan.window.g_per_kwh, plan.window.first_g_per_kwh) == (100, 250)


def test_hours_that_save_nothing_are_not_waited_for_where_now_is_not_known() -> None:
    plan = choose(series(300, 300, start=HOUR), 0.0, 4 * HOUR, HOUR, 0)
    assert (plan.start_unix_seconds, plan.reason) == (0.0, SAVES_LITTLE)


def test_the_limit_may_forbid_the_valley() -> None:
    plan = choose(series(300, 200, 100, 100), 0.0, 3.5 * HOUR, 2 * HOUR, 5)
    assert plan.start_unix_seconds == 1.5 * HOUR


@pytest.mark.parametrize(
    ("points", "latest_end", "seconds", "reason"),
    [
        ((), 9 * HOUR, HOUR, NO_FORECAST),
        ((), 9 * HOUR, None, NO_FORECAST),
        (series(300, 100), 9 * HOUR, None, UNKNOWN_DURATION),
        (series(300, 100), 0.5 * HOUR, HOUR, TOO_LATE),
        (series(300, 100), 9 * HOUR, 3 * HOUR, TOO_SHORT),
        (series(100, 200), 2 * HOUR, HOUR, NOW_IS_BEST),
        (series(100, 100), 2 * HOUR, HOUR, NOW_IS_BEST),
        (series(0, 0), 2 * HOUR, HOUR, NOW_IS_BEST),
        (series(100, 96), 2 * HOUR, HOUR, SAVES_LITTLE),
    ],
)
def test_why_it_starts_at_once(
    points: tuple[Point, ...], latest_end: float, seconds: float | None, reason: str
) -> None:
    plan = choose(points, 0.0, latest_end, seconds, 5)
    assert (plan.start_unix_seconds, plan.reason) == (0.0, reason)


def test_the_threshold_itself_is_worth_it() -> None:
    assert choose(series(100, 95), 0.0, 2 * HOUR, HOUR, 5).reason is None


@given(
    values=st.lists(st.floats(0, 1000), min_size=1, max_size=30),
    now=st.floats(0, 20 * HOUR),
    slack=st.floats(0, 30 * HOUR),
    seconds=st.floats(60, 10 * HOUR),
    tries=st.lists(st.floats(0, 1), min_size=5, max_size=5),
)
def test_no_other_start_would_be_better(
    values: list[float], now: float, slack: float, seconds: float, tries: list[float]
) -> None:
    points = series(*values)
    latest_end = now + seconds + slack
    plan = choose(points, now, latest_end, seconds, 0)
    end = len(values) * HOUR
    if plan.window is None:
        assert now + seconds > end
        assert plan.start_unix_seconds == now
        return
    start = plan.start_unix_seconds
    assert now <= start
    assert start + seconds <= min(latest_end, end) + 1e-6, "never past the end of the forecast"
    for part in tries:
        other = now + part * (min(latest_end, end) - seconds - now)
        assert mean(points, start, seconds) <= mean(points, other, seconds) * (1 + 1e-6) + 1e-6


@given(
    start=st.floats(1.7e9, 2.2e9),
    offset=st.floats(0, HOUR),
    seconds=st.floats(60, 3 * HOUR),
    value=st.floats(0, 3000),
)
def test_rounding_is_no_reason_to_wait(
    start: float, offset: float, seconds: float, value: float
) -> None:
    points = series(*[value] * 8, start=start)
    now = start + offset
    plan = choose(points, now, now + 6 * HOUR, seconds, 0)
    assert (plan.start_unix_seconds, plan.reason) == (now, NOW_IS_BEST)


def test_four_of_five_runs_were_not_longer() -> None:
    assert likely_seconds([]) is None
    assert likely_seconds([7.0]) == 7.0
    assert likely_seconds([5.0, 1.0, 2.0, 4.0, 3.0]) == 4.0
    assert likely_seconds([float(n) for n in range(1, 11)]) == 8.0


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60))
def test_the_likely_duration_is_one_that_was(durations: list[float]) -> None:
    likely = likely_seconds(durations)
    assert likely is not None
    assert likely in durations
    assert sum(d <= likely for d in durations) >= 0.8 * len(durations)
