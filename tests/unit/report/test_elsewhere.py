"""A run on other grids: the arithmetic, and what is claimed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.model import ANNUAL, AVERAGE, LIFECYCLE, Point
from carbonrun.report.elsewhere import Place, best, elsewhere, rank
from tests.unit.report.sample_report import ENERGY, REPORT

GRAMS = st.floats(0.1, 2000)
FACTOR = st.floats(1, 10)


def place(code: str, value: float, factor: float = 1.2) -> Place:
    point = Point(
        g_per_kwh=value, low_g_per_kwh=value / factor, high_g_per_kwh=value * factor,
        basis=LIFECYCLE, signal=AVERAGE, kind=ANNUAL, provider="bundled", source="Test 2024",
        grid_zone=code, year=2024,
    )  # fmt: skip
    return Place(code=code, name=f"name of {code}", point=point)


def test_the_same_energy_on_another_grid() -> None:
    kwh = 3.6e6
    energy = ENERGY.replace(joules=kwh, low_joules=0.5 * kwh, high_joules=2 * kwh)
    report = REPORT.replace(energy=energy, emissions=REPORT.emissions.replace(pue=1.5))
    there = elsewhere(report, place("B", 100.0, 2.0), place("A", 400.0, 1.0))
    assert there.grams_co2e == pytest.approx(150.0)
    assert (there.low_grams_co2e, there.high_grams_co2e) == pytest.approx((37.5, 600.0))
    assert (there.ratio, there.low_ratio, there.high_ratio) == pytest.approx((0.25, 0.125, 0.5))
    assert there.is_clear


def test_here_has_no_ratio() -> None:
    here = elsewhere(REPORT, place("A", 100.0), None)
    assert (here.ratio, here.low_ratio, here.high_ratio) == (None, None, None)
    assert not here.is_clear


@given(GRAMS, FACTOR, GRAMS, FACTOR)
def test_bounds_hold_the_figure_and_mirror(a: float, fa: float, b: float, fb: float) -> None:
    one = elsewhere(REPORT, place("A", a, fa), place("B", b, fb))
    other = elsewhere(REPORT, place("B", b, fb), place("A", a, fa))
    assert one.ratio is not None
    assert one.low_ratio is not None
    assert one.high_ratio is not None
    assert one.low_ratio <= one.ratio <= one.high_ratio
    assert one.low_grams_co2e <= one.grams_co2e <= one.high_grams_co2e
    assert other.ratio == pytest.approx(1 / one.ratio)
    assert other.high_ratio == pytest.approx(1 / one.low_ratio)
    assert one.is_clear == other.is_clear


def test_equal_places_are_not_told_apart() -> None:
    assert not elsewhere(REPORT, place("A", 100.0), place("B", 90.0)).is_clear


@given(st.lists(GRAMS, min_size=1, max_size=30), st.integers(1, 12))
def test_the_best_come_first_without_here(values: list[float], most: int) -> None:
    places = [place(f"Z{index}", value) for index, value in enumerate(values)]
    here = places[0]
    found = best(REPORT, places, here, most)
    assert len(found) == min(most, len(places) - 1)
    assert [p.g_per_kwh for p in found] == sorted(values[1:])[:most]
    assert here.code not in {p.code for p in found}
    assert rank(places, here) == (sum(v < values[0] for v in values), len(values))
