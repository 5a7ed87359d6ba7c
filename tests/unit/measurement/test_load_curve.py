"""The share of the power above idle, by load."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.load_curve import LINEAR, Curve, dynamic_share


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


def test_beyond_the_end_of_a_curve_it_is_full() -> None:
    assert dynamic_share(((0.0, 0.0), (0.5, 1.0)), 0.7) == 1.0
    assert dynamic_share(((0.0, 0.0), (0.0, 0.25), (1.0, 1.0)), 0.0) == 0.25
