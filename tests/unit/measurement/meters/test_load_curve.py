from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.meters.cpu_power import (
    LINEAR,
    Curve,
    dynamic_share,
    measured_power,
    watts_at,
)

Points = st.lists(
    st.tuples(st.floats(min_value=0, max_value=1), st.floats(min_value=0, max_value=500)),
    max_size=12,
)


@given(st.floats(min_value=0.1, max_value=100), Points, st.floats(0, 1), st.floats(0, 1))
def test_a_measured_curve_rises_from_idle_to_the_highest_point(
    idle_watts: float, points: list[tuple[float, float]], one: float, other: float
) -> None:
    highest = max([watts for _, watts in points], default=0)
    if highest <= idle_watts:
        with pytest.raises(ValueError, match="above idle"):
            measured_power(idle_watts, points, (0.9, 1.1), "calibrated", 2026)
        return
    power = measured_power(idle_watts, points, (0.9, 1.1), "calibrated", 2026)
    low, high = sorted((one, other))
    assert watts_at(power, 0) == pytest.approx(idle_watts)
    assert idle_watts * (1 - 1e-9) <= watts_at(power, low) <= watts_at(power, high) * (1 + 1e-9)
    assert watts_at(power, high) <= highest * (1 + 1e-9)
    assert power.low_factor == 0.9


def test_a_measured_curve_meets_its_points() -> None:
    power = measured_power(10, [(0.25, 20), (1.0, 50), (0.5, 40)], (1, 1), "calibrated", 2026)
    for load, watts in ((0, 10), (0.25, 20), (0.375, 30), (0.5, 40), (0.75, 45), (1, 50), (2, 50)):
        assert watts_at(power, load) == pytest.approx(watts)


@given(
    st.sampled_from([LINEAR, ((0.0, 0.0), (0.3, 0.6), (0.8, 1.0), (1.0, 1.0))]),
    st.floats(min_value=-1, max_value=2),
    st.floats(min_value=-1, max_value=2),
)
def test_more_load_is_never_less_power(curve: Curve, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= dynamic_share(curve, low) <= dynamic_share(curve, high) <= 1
    assert dynamic_share(curve, 0) == 0
    assert dynamic_share(curve, 1) == 1
