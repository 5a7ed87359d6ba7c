from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.fitting import CARRY_SECONDS, fit
from carbonrun.intensity.model import IntensityUnavailable, overlap_seconds
from tests.unit.intensity.test_cache import HOUR, NOON, point


def test_what_covers_the_run_is_taken_as_it_is() -> None:
    points = tuple(point(NOON + hour * HOUR, hour + 5) for hour in range(-3, 4))
    fitted = fit(points, NOON, NOON + 2 * HOUR)
    assert fitted.points == points[3:5]
    assert (fitted.covered, fitted.carried) == (1.0, 0.0)


def test_a_moment_has_one_figure() -> None:
    points = (point(NOON - HOUR, 1), point(NOON, 2))
    assert fit(points, NOON, NOON).points == points[1:]
    assert fit(points, NOON, NOON - 5).points == points[1:]


def test_a_service_that_tells_late_is_carried_on_with_wider_bounds() -> None:
    (own,) = points = (point(NOON - HOUR, 100),)
    fitted = fit(points, NOON + 60, NOON + 660)
    (carried,) = fitted.points
    assert (carried.kind, carried.g_per_kwh) == ("estimated", 100)
    assert carried.low_g_per_kwh < own.low_g_per_kwh
    assert carried.high_g_per_kwh > own.high_g_per_kwh
    assert (fitted.covered, fitted.carried) == (1.0, 1.0)


def test_it_is_not_carried_for_ever() -> None:
    with pytest.raises(IntensityUnavailable, match="cover 0 %"):
        fit((point(NOON - HOUR),), NOON + CARRY_SECONDS + 1, NOON + CARRY_SECONDS + 60)
    with pytest.raises(IntensityUnavailable, match="cover 30 %"):
        fit((point(NOON),), NOON, NOON + 10 * HOUR)
    assert fit((point(NOON),), NOON, NOON + 5 * HOUR).covered == pytest.approx(0.6)


def test_a_gap_that_nothing_fills_widens_the_bounds() -> None:
    (whole,) = fit((point(NOON, 100),), NOON, NOON + 3 * HOUR).points[:1]
    (gapped,) = fit((point(NOON, 100),), NOON, NOON + 5 * HOUR).points[:1]
    assert whole.low_g_per_kwh > gapped.low_g_per_kwh > 0
    assert whole.high_g_per_kwh < gapped.high_g_per_kwh


def test_gaps_within_and_before_are_filled_too() -> None:
    points = (point(NOON, 1), point(NOON + 2 * HOUR, 3))
    fitted = fit(points, NOON - HOUR, NOON + 3 * HOUR)
    assert [(p.g_per_kwh, p.kind) for p in fitted.points] == [
        (1, "estimated"),
        (1, "actual"),
        (1, "estimated"),
        (3, "actual"),
    ]
    assert (fitted.covered, fitted.carried) == (1.0, 0.5)


def test_marginal_figures_and_mixtures_are_refused() -> None:
    marginal = point(NOON).replace(signal="marginal")
    with pytest.raises(IntensityUnavailable, match="marginal"):
        fit((marginal,), NOON, NOON + 60)
    other = point(NOON + HOUR).replace(basis="lifecycle")
    with pytest.raises(IntensityUnavailable, match="several quantities"):
        fit((point(NOON), other), NOON, NOON + 60)
    with pytest.raises(IntensityUnavailable):
        fit((), NOON, NOON + 60)


@given(
    st.lists(st.integers(0, 30), unique=True, min_size=1, max_size=10),
    st.floats(0, 30),
    st.floats(0, 10),
)
def test_a_fitted_series_never_overlaps_nor_covers_more_than_the_run(
    hours: list[int], start_hours: float, hours_long: float
) -> None:
    points = tuple(point(NOON + hour * HOUR) for hour in sorted(hours))
    start = NOON + start_hours * HOUR
    end = start + hours_long * HOUR
    try:
        fitted = fit(points, start, end)
    except IntensityUnavailable:
        return
    series = fitted.points
    for one, other in pairwise(series):
        assert one.end_unix_seconds <= other.start_unix_seconds  # type: ignore[operator]
    assert 0.5 <= fitted.covered <= 1
    assert 0 <= fitted.carried <= fitted.covered + 1e-9
    total = sum(overlap_seconds(p, start, end) for p in series)
    assert total <= end - start + 1e-3
