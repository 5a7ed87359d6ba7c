"""The fitted curve goes through what was measured, never falls, and its bounds hold."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.fitted_power import (
    PROGRAM_HIGH_FACTOR,
    PROGRAM_LOW_FACTOR,
    FittedPower,
    Idle,
    LoadPoint,
    fit,
    never_falling,
)
from carbonrun.measurement.load_curve import dynamic_share

IDLE = Idle(watts=10, low_watts=9, high_watts=11)
WATTS = st.floats(min_value=0, max_value=1e4)


def point(load: float, watts: float, spread: float = 0.0) -> LoadPoint:
    return LoadPoint(
        load=load, watts=watts, low_watts=watts * (1 - spread), high_watts=watts * (1 + spread)
    )


def fitted(*points: LoadPoint, sensor: tuple[float, float] = (1.0, 1.0)) -> FittedPower:
    found = fit(IDLE, IDLE.watts, points, sensor, source="s", how="h", idle_source="i")
    assert found is not None
    return found


def watts_at(power: FittedPower, load: float) -> float:
    dynamic = power.full_watts - power.idle_watts
    return power.idle_watts + dynamic * dynamic_share(power.curve, load)


def test_the_curve_goes_through_the_points() -> None:
    power = fitted(point(0.25, 20), point(0.5, 35), point(1.0, 60))
    assert power.full_watts == pytest.approx(60)
    for load, watts in ((0, 10), (0.125, 15), (0.25, 20), (0.5, 35), (0.75, 47.5), (1, 60)):
        assert watts_at(power, load) == pytest.approx(watts)


def test_the_order_of_the_points_does_not_matter() -> None:
    points = [point(0.25, 20), point(0.5, 35), point(1.0, 60)]
    assert fitted(*points) == fitted(*reversed(points))


def test_full_load_that_was_nearly_reached_is_extrapolated() -> None:
    assert fitted(point(0.4, 26), point(0.8, 42)).full_watts == pytest.approx(50)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [point(0.3, 20)],
        [point(1.0, 10)],
        [point(1.0, 10.5, spread=0.1)],
        [point(0.5, 20), point(1.0, 8)],
    ],
    ids=["nothing", "too little load", "no rise", "a rise within the spread", "a fall"],
)
def test_points_that_do_not_tell_give_no_model(points: list[LoadPoint]) -> None:
    assert fit(IDLE, 10, points, (1, 1), source="s", how="h", idle_source="i") is None


def test_bounds_contain_idle_sensor_spread_and_other_programs() -> None:
    exact = fitted(point(1.0, 60))
    # (9 + 50 * 0.7) / 60 and (11 + 50 * 1.5) / 60; idle alone is 0.9 and 1.1.
    assert exact.low_factor == pytest.approx((9 + 50 * PROGRAM_LOW_FACTOR) / 60)
    assert exact.high_factor == pytest.approx((11 + 50 * PROGRAM_HIGH_FACTOR) / 60)
    wide = fitted(point(1.0, 60, spread=0.1), sensor=(0.8, 1.2))
    assert wide.low_factor < exact.low_factor < exact.high_factor < wide.high_factor


def test_an_idle_power_that_is_hardly_known_makes_wide_bounds() -> None:
    vague = Idle(watts=10, low_watts=1, high_watts=25)
    power = fit(vague, 10, [point(1.0, 60)], (1, 1), source="s", how="h", idle_source="i")
    assert power is not None
    assert power.low_factor == pytest.approx(0.1)
    assert power.high_factor == pytest.approx(2.5)


def test_an_idle_power_of_nothing_is_no_division_by_it() -> None:
    nothing = Idle(watts=0, low_watts=0, high_watts=0)
    points = [point(0.5, 0), point(1.0, 50)]
    power = fit(nothing, 0, points, (1, 1), source="s", how="h", idle_source="i")
    assert power is not None
    assert (power.low_factor, power.high_factor) == (PROGRAM_LOW_FACTOR, PROGRAM_HIGH_FACTOR)


@given(st.lists(WATTS, max_size=20))
def test_never_falling_is_the_nearest_that_does_not_fall(values: list[float]) -> None:
    smooth = never_falling(values)
    assert len(smooth) == len(values)
    assert all(a <= b + 1e-6 for a, b in pairwise(smooth))
    assert sum(smooth) == pytest.approx(sum(values))
    assert never_falling(smooth) == pytest.approx(smooth)
    assert never_falling(sorted(values)) == pytest.approx(sorted(values))


@given(
    st.lists(st.tuples(st.floats(0.01, 1.0), WATTS, st.floats(0, 0.5)), min_size=1, max_size=8),
    st.lists(st.floats(-1, 2), min_size=2, max_size=10),
)
def test_any_fit_is_a_curve_with_bounds(
    rows: list[tuple[float, float, float]], loads: list[float]
) -> None:
    points = [point(*row) for row in rows]
    power = fit(IDLE, 10, points, (0.9, 1.1), source="s", how="h", idle_source="i")
    if power is None:
        return
    assert power.curve[0] == (0.0, 0.0)
    assert power.curve[-1] == (1.0, 1.0)
    assert power.low_factor <= 1 <= power.high_factor
    assert power.full_watts > power.idle_watts
    shares = [dynamic_share(power.curve, load) for load in sorted(loads)]
    assert all(0 <= share <= 1 + 1e-9 for share in shares)
    assert all(a <= b + 1e-9 for a, b in pairwise(shares))
