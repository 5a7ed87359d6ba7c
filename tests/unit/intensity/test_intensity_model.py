from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.model import (
    AVERAGE,
    DIRECT,
    LIFECYCLE,
    Point,
    contains,
    overlap_seconds,
    overlapping,
    series_mean,
)


def point(start: float | None, end: float | None, g: float, basis: str = LIFECYCLE) -> Point:
    return Point(
        start_unix_seconds=start,
        end_unix_seconds=end,
        g_per_kwh=g,
        low_g_per_kwh=g / 2,
        high_g_per_kwh=g * 2,
        basis=basis,
        signal=AVERAGE,
        kind="actual",
        provider="test",
        source="test",
        grid_zone="FR",
    )


grams = st.floats(0.1, 2000)
times = st.integers(0, 10_000)


@st.composite
def series(draw: st.DrawFn) -> list[Point]:
    """Adjoining half-open points, as providers give them."""
    edges = sorted(draw(st.sets(times, min_size=2, max_size=10)))
    return [point(a, b, draw(grams)) for a, b in pairwise(edges)]


@given(series(), times, times)
def test_mean_lies_between_the_smallest_and_the_largest(
    points: list[Point], a: int, b: int
) -> None:
    mean = series_mean(points, min(a, b), max(a, b))
    if mean is None:
        return
    figures = [p.g_per_kwh for p in points]
    assert min(figures) * (1 - 1e-9) <= mean.g_per_kwh <= max(figures) * (1 + 1e-9)
    assert mean.low_g_per_kwh == pytest.approx(mean.g_per_kwh / 2)
    assert mean.high_g_per_kwh == pytest.approx(mean.g_per_kwh * 2)


@given(series(), times, times, times)
def test_splitting_the_interval_changes_nothing(
    points: list[Point], a: int, b: int, c: int
) -> None:
    start, middle, end = sorted((a, b, c))
    if middle in {start, end}:
        return
    whole = series_mean(points, start, end)
    halves = [series_mean(points, start, middle), series_mean(points, middle, end)]
    parts = [half for half in halves if half is not None]
    covered = sum(part.covered_seconds for part in parts)
    if whole is None:
        assert not parts
        return
    assert whole.covered_seconds == pytest.approx(covered)
    weighted = sum(part.g_per_kwh * part.covered_seconds for part in parts)
    assert whole.g_per_kwh * whole.covered_seconds == pytest.approx(weighted)


@given(grams, st.floats(0, 1e10), st.floats(0, 1e6))
def test_an_open_point_covers_any_time(g: float, start: float, length: float) -> None:
    mean = series_mean([point(None, None, g)], start, start + length)
    assert mean is not None
    assert mean.g_per_kwh == pytest.approx(g)
    assert mean.covered_seconds == (start + length) - start


@given(series())
def test_every_covered_moment_is_in_exactly_one_point(points: list[Point]) -> None:
    for earlier, later in pairwise(points):
        edge = later.start_unix_seconds
        assert edge is not None
        assert not contains(earlier, edge)
        mean = series_mean(points, edge, edge)
        assert mean is not None
        assert mean.g_per_kwh == later.g_per_kwh


def test_mean_is_weighted_by_overlap() -> None:
    mean = series_mean([point(0, 3600, 100), point(3600, 7200, 300)], 2700, 6300)
    assert mean is not None
    assert mean.g_per_kwh == pytest.approx(100 * 0.25 + 300 * 0.75)


def test_gaps_do_not_count_and_are_told() -> None:
    mean = series_mean([point(0, 100, 100), point(200, 300, 200)], 0, 300)
    assert mean is not None
    assert (mean.g_per_kwh, mean.covered_seconds) == (150, 200)


def test_nothing_covered_is_no_mean() -> None:
    assert series_mean([point(0, 100, 100)], 100, 200) is None
    assert series_mean([], 0, 1) is None


def test_bases_are_never_mixed() -> None:
    with pytest.raises(ValueError, match="different basis"):
        series_mean([point(0, 50, 100), point(50, 100, 100, DIRECT)], 0, 100)


def test_a_point_of_another_basis_outside_of_the_interval_is_no_mix() -> None:
    mean = series_mean([point(0, 50, 100), point(50, 100, 100, DIRECT)], 0, 50)
    assert mean is not None


def test_an_interval_must_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="interval from 2 to 1"):
        series_mean([], 2, 1)


@given(
    st.lists(st.integers(0, 40), unique=True, max_size=12),
    st.floats(-5, 45),
    st.floats(0, 20),
    st.booleans(),
)
def test_overlapping_finds_the_points_that_touch_an_interval_and_no_other(
    starts: list[int], begin: float, length: float, is_open: bool
) -> None:
    points = [point(float(s), s + 1.0, 1.0) for s in sorted(starts)]
    if is_open and points:
        points[0] = points[0].replace(start_unix_seconds=None)
        points[-1] = points[-1].replace(end_unix_seconds=None)
    touched = overlapping(points, begin, begin + length)
    expected = [p for p in points if overlap_seconds(p, begin, begin + length) > 0]
    if length > 0:
        assert [p for p in touched if overlap_seconds(p, begin, begin + length) > 0] == expected
        assert len(touched) <= len(expected) + 1
    else:
        at_begin = [p for p in points if contains(p, begin)]
        assert [p for p in touched if contains(p, begin)] == at_begin
