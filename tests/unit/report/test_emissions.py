"""From joules and g/kWh to grams, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.feed import IntensityFound
from carbonrun.intensity.model import Point
from carbonrun.report.emissions import emissions, intensity_used, mean_g_per_kwh
from carbonrun.report.model import Energy, TimelinePoint
from tests.unit.report.sample_report import ENERGY, INTENSITY
from tests.unit.report.sample_report import UNKNOWN as UNKNOWN_REPORT

KWH = 3.6e6
START = 1_800_000_000.0


def point(g_per_kwh: float, start: float | None = None, end: float | None = None) -> Point:
    return Point(
        start_unix_seconds=None if start is None else START + start,
        end_unix_seconds=None if end is None else START + end,
        g_per_kwh=g_per_kwh,
        low_g_per_kwh=g_per_kwh * 0.5,
        high_g_per_kwh=g_per_kwh * 2,
        basis="lifecycle",
        signal="average",
        kind="actual",
        provider="test",
        source="by hand",
        grid_zone="FR",
        attribution="nobody",
    )


def found(*points: Point) -> IntensityFound:
    return IntensityFound(points=points, grid_zone="FR", zone_source="--zone")


def part(start: float, end: float, joules: float) -> TimelinePoint:
    return TimelinePoint(start=start, end=end, joules=joules, watts={}, g_per_kwh=None)


def energy(joules: float | None, low: float | None = None, high: float | None = None) -> Energy:
    return ENERGY.replace(joules=joules, low_joules=low, high_joules=high)


def test_a_kilowatt_hour_at_a_hundred_grams() -> None:
    used = INTENSITY.replace(g_per_kwh=100.0, low_g_per_kwh=50.0, high_g_per_kwh=300.0)
    result = emissions(energy(KWH, KWH / 2, 2 * KWH), used, 1.0)
    assert result.grams_co2e == pytest.approx(100.0)
    assert result.low_grams_co2e == pytest.approx(25.0)
    assert result.high_grams_co2e == pytest.approx(600.0)
    assert result.pue == 1.0


def test_the_power_usage_effectiveness_multiplies_all_three() -> None:
    used = INTENSITY.replace(g_per_kwh=100.0, low_g_per_kwh=50.0, high_g_per_kwh=300.0)
    result = emissions(energy(KWH, KWH / 2, 2 * KWH), used, 1.5)
    assert result.grams_co2e == pytest.approx(150.0)
    assert result.low_grams_co2e == pytest.approx(37.5)
    assert result.high_grams_co2e == pytest.approx(900.0)
    assert result.pue == 1.5


def test_unknown_energy_or_intensity_is_unknown_and_not_zero() -> None:
    for result in (emissions(energy(KWH), None, 1.2), emissions(energy(None), INTENSITY, 1.2)):
        assert result.grams_co2e is None
        assert result.low_grams_co2e is None
        assert result.high_grams_co2e is None
        assert result.pue == 1.2
    assert UNKNOWN_REPORT.emissions.grams_co2e is None


def test_no_energy_is_no_grams() -> None:
    assert emissions(energy(0.0, 0.0, 0.0), INTENSITY, 1.0).grams_co2e == 0.0


def test_a_slice_is_split_at_the_edge_of_a_period() -> None:
    series = found(point(100, -60, 10), point(400, 10, 60))
    # 30 s: 10 s at 100 and 20 s at 400 are 300 on average.
    used = intensity_used(series, [part(0, 30, 6.0)], START)
    assert used is not None
    assert used.g_per_kwh == pytest.approx(300.0)
    assert used.low_g_per_kwh == pytest.approx(150.0)
    assert used.high_g_per_kwh == pytest.approx(600.0)


def test_slices_are_weighted_with_their_energy() -> None:
    series = found(point(100, -60, 10), point(400, 10, 60))
    used = intensity_used(series, [part(0, 10, 9.0), part(10, 20, 1.0)], START)
    assert used is not None
    assert used.g_per_kwh == pytest.approx(0.9 * 100 + 0.1 * 400)
    grams = emissions(energy(10.0, 10.0, 10.0), used, 1.0).grams_co2e
    assert grams == pytest.approx((9 * 100 + 1 * 400) / KWH)


def test_what_the_series_does_not_cover_takes_the_mean_of_the_rest() -> None:
    series = found(point(100, 0, 10))
    used = intensity_used(series, [part(0, 10, 1.0), part(10, 20, 5.0)], START)
    assert used is not None
    assert used.g_per_kwh == pytest.approx(100.0)


def test_without_energy_the_intensity_is_that_of_the_start() -> None:
    series = found(point(100, -5, 5), point(400, 5, 50))
    for timeline in ([], [part(0, 20, 0.0)]):
        used = intensity_used(series, timeline, START)
        assert used is not None
        assert used.g_per_kwh == pytest.approx(100.0)


def test_nothing_is_made_up_where_nothing_is_known() -> None:
    assert intensity_used(None, [part(0, 1, 1.0)], START) is None
    assert intensity_used(found(point(100, 50, 60)), [], START) is None
    assert mean_g_per_kwh(None, START, START + 1) is None
    assert mean_g_per_kwh(found(point(100, 50, 60)), START, START + 1) is None


def test_where_the_figure_is_from() -> None:
    used = intensity_used(found(point(100, 0, 30), point(200, 30, 60)), [part(0, 60, 1.0)], START)
    assert used is not None
    assert (used.grid_zone, used.zone_source, used.provider) == ("FR", "--zone", "test")
    assert (used.basis, used.signal, used.kind) == ("lifecycle", "average", "actual")
    assert used.attribution == "nobody"
    assert (used.valid_from, used.valid_to) == (
        *("2027-01-15T08:00:00.000Z", "2027-01-15T08:01:00.000Z"),
    )
    assert used.series == (
        {
            "start": "2027-01-15T08:00:00.000Z",
            "end": "2027-01-15T08:00:30.000Z",
            "g_per_kwh": 100,
            "low_g_per_kwh": 50.0,
            "high_g_per_kwh": 200,
            "kind": "actual",
            "source": "by hand",
        },
        {
            "start": "2027-01-15T08:00:30.000Z",
            "end": "2027-01-15T08:01:00.000Z",
            "g_per_kwh": 200,
            "low_g_per_kwh": 100.0,
            "high_g_per_kwh": 400,
            "kind": "actual",
            "source": "by hand",
        },
    )


def test_an_annual_mean_names_its_year_and_a_constant_no_time() -> None:
    annual = intensity_used(found(point(100).replace(year=2024)), [], START)
    constant = intensity_used(found(point(100)), [], START)
    assert annual is not None
    assert constant is not None
    assert (annual.valid_from, annual.valid_to) == (
        *("2024-01-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z"),
    )
    assert (constant.valid_from, constant.valid_to) == (None, None)


PARTS = st.lists(
    st.tuples(st.floats(min_value=0.01, max_value=100), st.floats(min_value=0, max_value=1e6)),
    min_size=1,
    max_size=20,
)


@given(PARTS, st.lists(st.floats(min_value=0, max_value=1500), min_size=1, max_size=6))
def test_the_mean_lies_between_the_points_and_inside_its_bounds(
    parts: list[tuple[float, float]], values: list[float]
) -> None:
    series = found(*(point(value, 300 * i, 300 * i + 300) for i, value in enumerate(values)))
    timeline, at = [], 0.0
    for seconds, joules in parts:
        timeline.append(part(at, at + seconds, joules))
        at += seconds
    used = intensity_used(series, timeline, START)
    assert used is not None
    assert min(values) - 1e-6 <= used.g_per_kwh <= max(values) + 1e-6
    assert used.low_g_per_kwh <= used.g_per_kwh + 1e-9
    assert used.g_per_kwh <= used.high_g_per_kwh + 1e-9


@given(PARTS, st.floats(min_value=0, max_value=1500))
def test_a_constant_stays_what_it_is(parts: list[tuple[float, float]], value: float) -> None:
    timeline, at = [], 0.0
    for seconds, joules in parts:
        timeline.append(part(at, at + seconds, joules))
        at += seconds
    used = intensity_used(found(point(value)), timeline, START)
    assert used is not None
    assert used.g_per_kwh == pytest.approx(value)


def laid(parts: list[tuple[float, float]]) -> list[TimelinePoint]:
    timeline, at = [], 0.0
    for seconds, joules in parts:
        timeline.append(part(at, at + seconds, joules))
        at += seconds
    return timeline


def grams_of(series: IntensityFound, timeline: list[TimelinePoint]) -> float:
    used = intensity_used(series, timeline, START)
    assert used is not None
    total = sum(slice_.joules for slice_ in timeline)
    grams = emissions(energy(total, total, total), used, 1.0).grams_co2e
    assert grams is not None
    return grams


SERIES = st.lists(st.floats(min_value=0, max_value=1500), min_size=8, max_size=8).map(
    lambda values: [point(value, 300 * i, 300 * i + 300) for i, value in enumerate(values)]
)


@given(PARTS, SERIES)
def test_the_grams_are_those_of_the_slices_split_at_the_edges(
    parts: list[tuple[float, float]], points: list[Point]
) -> None:
    """The sum over slices and periods, the slow way."""
    timeline = laid(parts)
    by_hand = 0.0
    for slice_ in timeline:
        watts = slice_.joules / (slice_.end - slice_.start)
        for each in points:
            begin = max(START + slice_.start, each.start_unix_seconds or 0.0)
            end = min(START + slice_.end, each.end_unix_seconds or 0.0)
            by_hand += watts * max(0.0, end - begin) / KWH * each.g_per_kwh
    if sum(slice_.joules for slice_ in timeline) > 0:
        # Times near 1.8e9 have steps of 2.4e-7 s; the shortest slice is 0.01 s.
        assert grams_of(found(*points), timeline) == pytest.approx(by_hand, rel=1e-4, abs=1e-12)


@given(PARTS, SERIES, st.floats(min_value=0.1, max_value=0.9), st.integers(0, 19))
def test_splitting_a_slice_changes_nothing(
    parts: list[tuple[float, float]], points: list[Point], share: float, index: int
) -> None:
    at = index % len(parts)
    seconds, joules = parts[at]
    halves = [(seconds * share, joules * share), (seconds * (1 - share), joules * (1 - share))]
    split = [*parts[:at], *halves, *parts[at + 1 :]]
    whole = grams_of(found(*points), laid(parts)) if sum(j for _, j in parts) > 0 else 0.0
    if whole:
        assert grams_of(found(*points), laid(split)) == pytest.approx(whole, rel=1e-3, abs=1e-12)


@given(PARTS, SERIES, st.integers(0, 7), st.floats(min_value=10, max_value=290))
def test_splitting_a_period_changes_nothing(
    parts: list[tuple[float, float]], points: list[Point], index: int, offset: float
) -> None:
    chosen = points[index]
    edge = (chosen.start_unix_seconds or 0.0) + offset
    halves = (chosen.replace(end_unix_seconds=edge), chosen.replace(start_unix_seconds=edge))
    split = (*points[:index], *halves, *points[index + 1 :])
    if sum(joules for _, joules in parts) > 0:
        whole = grams_of(found(*points), laid(parts))
        assert grams_of(found(*split), laid(parts)) == pytest.approx(whole, rel=1e-4, abs=1e-12)


def test_two_quantities_never_make_one_sum() -> None:
    direct = point(400, 10, 60).replace(basis="direct")
    marginal = point(400, 10, 60).replace(signal="marginal")
    for other in (direct, marginal):
        with pytest.raises(ValueError, match="basis or signal"):
            intensity_used(found(point(100, 0, 10), other), [part(0, 20, 1.0)], START)


def test_a_series_is_as_sure_as_its_least_sure_point() -> None:
    actual, forecast = point(100, 0, 10), point(100, 10, 20).replace(kind="forecast")
    used = intensity_used(found(actual, forecast), [part(0, 20, 1.0)], START)
    assert used is not None
    assert used.kind == "forecast"
