"""Software carbon intensity, water, cost, comparisons: the formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.emissions import emissions
from carbonrun.report.footprint.cost import cost_of
from carbonrun.report.footprint.equivalences import equivalences_of
from carbonrun.report.footprint.model import Footprint
from carbonrun.report.footprint.renew import pue_bounds, renewed
from carbonrun.report.footprint.sci import sci_of
from carbonrun.report.footprint.water import LitresPerKwh, water_of
from carbonrun.report.model import Emissions
from tests.unit.report.footprint.sample_footprint import EMBODIED, FOOTPRINT, PUE, WITH_FOOTPRINT
from tests.unit.report.sample_report import INTENSITY, REPORT, UNKNOWN

if TYPE_CHECKING:
    from carbonrun.report.model import Report

KWH = 3.6e6
NUMBER = st.floats(0, 1e6)


def report_of(joules: float, pue: float = 1.0) -> Report:
    energy = REPORT.energy.replace(joules=joules, low_joules=joules / 2, high_joules=joules * 2)
    return REPORT.replace(energy=energy, emissions=emissions(energy, INTENSITY, pue))


def test_the_rate_is_operation_and_making_per_unit() -> None:
    embodied = EMBODIED.replace(grams_co2e=12.0, low_grams_co2e=6.0, high_grams_co2e=18.0)
    sci = sci_of(report_of(2 * KWH, pue=1.5), embodied, {"epoch": 12.0})
    assert sci.standard == "ISO/IEC 21031:2024"
    assert sci.energy_kwh == pytest.approx(3.0), "with what the building needs"
    assert (sci.g_per_kwh, sci.basis, sci.signal) == (44.0, "lifecycle", "average")
    assert sci.operational_grams_co2e == pytest.approx(3.0 * 44)
    (rate,) = sci.rates
    assert rate.grams_co2e == pytest.approx((3.0 * 44 + 12) / 12)
    assert rate.low_grams_co2e == pytest.approx((1.5 * 32 + 6) / 12)
    assert rate.high_grams_co2e == pytest.approx((6.0 * 57 + 18) / 12)


def test_without_a_part_there_is_no_rate() -> None:
    without_making = sci_of(REPORT, None, {"epoch": 12.0})
    without_energy = sci_of(UNKNOWN, EMBODIED, {"epoch": 12.0})
    for sci in (without_making, without_energy):
        assert [rate.grams_co2e for rate in sci.rates] == [None]
    assert without_making.operational_grams_co2e is not None
    assert without_energy.energy_kwh is None


@given(joules=st.floats(0, 1e12), count=st.floats(1e-6, 1e12), pue=st.floats(1, 3))
def test_rates_add_up_to_the_whole(joules: float, count: float, pue: float) -> None:
    report = report_of(joules, pue)
    (rate,) = sci_of(report, EMBODIED, {"n": count}).rates
    assert rate.grams_co2e is not None
    assert rate.low_grams_co2e is not None
    assert rate.high_grams_co2e is not None
    whole = (report.emissions.grams_co2e or 0.0) + EMBODIED.grams_co2e
    assert rate.grams_co2e * count == pytest.approx(whole)
    assert 0 <= rate.low_grams_co2e <= rate.grams_co2e <= rate.high_grams_co2e


def factor(value: float) -> LitresPerKwh:
    return LitresPerKwh(value=value, low=value / 2, high=value * 2, source="x")


def test_water_of_the_site_and_of_the_grid() -> None:
    water = water_of(report_of(2 * KWH, pue=1.5), factor(1.8), factor(3.0))
    assert water.litres == pytest.approx(2 * (1.8 + 1.5 * 3.0))
    assert (water.on_site_litres, water.grid_litres) == pytest.approx((3.6, 9.0))
    assert water.low_litres == pytest.approx(1 * (0.9 + 1.5 * 1.5))
    assert water.high_litres == pytest.approx(4 * (3.6 + 1.5 * 6.0))
    assert water.status == "experimental"


def test_water_that_is_half_known_is_not_known() -> None:
    water = water_of(report_of(KWH), factor(1.8), None)
    assert (water.litres, water.on_site_litres, water.grid_litres) == (None, 1.8, None)
    water = water_of(report_of(KWH), None, factor(3.0))
    assert (water.litres, water.on_site_litres, water.grid_litres) == (None, None, 3.0)
    assert water_of(UNKNOWN, factor(1.0), factor(1.0)).litres is None
    assert water_of(REPORT, None, None).source is None


@given(joules=st.floats(0, 1e12), pue=st.floats(1, 3), wue=NUMBER, ewif=NUMBER)
def test_water_is_the_sum_of_its_parts(joules: float, pue: float, wue: float, ewif: float) -> None:
    water = water_of(report_of(joules, pue), factor(wue), factor(ewif))
    assert water.litres is not None
    assert water.on_site_litres is not None
    assert water.grid_litres is not None
    assert water.low_litres is not None
    assert water.high_litres is not None
    assert water.litres == pytest.approx(water.on_site_litres + water.grid_litres)
    assert 0 <= water.low_litres <= water.litres <= water.high_litres


def test_cost_is_that_of_what_the_building_draws() -> None:
    cost = cost_of(report_of(2 * KWH, pue=1.5), 0.30, "EUR")
    assert (cost.amount, cost.low_amount, cost.high_amount) == pytest.approx((0.9, 0.45, 1.8))
    assert (cost.currency, cost.price_per_kwh) == ("EUR", 0.30)
    assert cost_of(UNKNOWN, 0.30, "EUR").amount is None


def test_what_the_epa_says() -> None:
    emitted = Emissions(grams_co2e=393.0, low_grams_co2e=0.0, high_grams_co2e=786.0, pue=1.0)
    metres, charges, seconds = equivalences_of(emitted)
    assert metres.amount == pytest.approx(1609.344), "393 g a mile"
    assert (metres.low_amount, metres.high_amount) == pytest.approx((0, 2 * 1609.344))
    assert charges.amount == pytest.approx(393 / 12.4)
    # 60 kg in ten years, not in one.
    assert seconds.amount == pytest.approx(393 / 6000 * 365.25 * 86400)
    assert all("EPA" in each.source for each in (metres, charges, seconds))
    assert equivalences_of(UNKNOWN.emissions) == ()


def test_what_depends_on_the_grid_changes_with_it() -> None:
    greener = WITH_FOOTPRINT.replace(
        emissions=WITH_FOOTPRINT.emissions.replace(
            grams_co2e=0.001, low_grams_co2e=0.0005, high_grams_co2e=0.002
        )
    )
    after = renewed(greener).footprint
    assert after is not None
    assert after.sci is not None
    assert FOOTPRINT.sci is not None
    assert after.sci.operational_grams_co2e == 0.001
    assert [(r.unit, r.count) for r in after.sci.rates] == [("epoch", 12.0), ("request", 3e5)]
    assert after.equivalences[0].amount < FOOTPRINT.equivalences[0].amount
    kept = (FOOTPRINT.pue, FOOTPRINT.embodied, FOOTPRINT.water, FOOTPRINT.cost)
    assert (after.pue, after.embodied, after.water, after.cost) == kept


def test_nothing_is_added_to_what_was_not_asked_for() -> None:
    assert renewed(WITH_FOOTPRINT) == WITH_FOOTPRINT
    assert renewed(REPORT) is REPORT
    bare = REPORT.replace(footprint=Footprint())
    assert renewed(bare) == bare


def test_the_bounds_of_a_published_pue_are_in_the_emissions() -> None:
    assert pue_bounds(WITH_FOOTPRINT) == (PUE.low, PUE.high)
    assert pue_bounds(REPORT) is None
    assert pue_bounds(REPORT.replace(footprint=Footprint())) is None
    emitted = emissions(report_of(KWH).energy, INTENSITY, 1.15, (1.06, 1.6))
    assert emitted.grams_co2e == pytest.approx(44 * 1.15)
    assert emitted.low_grams_co2e == pytest.approx(0.5 * 32 * 1.06)
    assert emitted.high_grams_co2e == pytest.approx(2 * 57 * 1.6)
    assert emitted.pue == 1.15
