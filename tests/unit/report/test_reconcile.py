"""A report with a surer intensity, without a journal around it."""

from __future__ import annotations

import pytest

from carbonrun.report.reconcile import may_become_surer, reconciled
from tests.unit.report.sample_report import INTENSITY, REPORT, UNKNOWN
from tests.unit.report.test_emissions import KWH, START, found, part, point

ANNUAL = INTENSITY.replace(kind="annual", grid_zone="FR")
RUN = REPORT.replace(
    run=REPORT.run.replace(duration_seconds=100.0),
    energy=REPORT.energy.replace(joules=KWH, low_joules=KWH, high_joules=KWH),
    emissions=REPORT.emissions.replace(pue=1.5),
    intensity=ANNUAL,
    timeline=(part(0, 50, 0.9 * KWH), part(50, 100, 0.1 * KWH)),
)
ACTUAL = found(point(100, 0, 50), point(400, 50, 100))


def test_energy_stays_and_the_sum_is_made_anew() -> None:
    after = reconciled(RUN, ACTUAL, START, "2027-01-16")
    assert after is not None
    assert after.energy == RUN.energy
    assert after.emissions.grams_co2e == pytest.approx((0.9 * 100 + 0.1 * 400) * 1.5)
    assert [slice_.g_per_kwh for slice_ in after.timeline] == [100, 400]
    assert [slice_.joules for slice_ in after.timeline] == [s.joules for s in RUN.timeline]


def test_a_run_without_a_timeline_is_one_slice() -> None:
    after = reconciled(RUN.replace(timeline=()), ACTUAL, START, "2027-01-16")
    assert after is not None
    assert after.emissions.grams_co2e == pytest.approx(250 * 1.5)
    assert after.timeline == ()


def test_notes_about_the_figures_that_were_replaced_go() -> None:
    stale = RUN.notes[0].replace(code="intensity-not-live")
    kept = RUN.notes[0].replace(code="floor-modelled")
    after = reconciled(RUN.replace(notes=(stale, kept)), ACTUAL, START, "2027-01-16")
    assert after is not None
    assert [note.code for note in after.notes] == ["floor-modelled", "intensity-reconciled"]
    assert "on 2027-01-16" in after.notes[-1].message


def test_what_is_no_surer_changes_nothing() -> None:
    actual = RUN.replace(intensity=ANNUAL.replace(kind="actual"))
    assert reconciled(actual, ACTUAL, START, "2027-01-16") is None
    assert reconciled(RUN.replace(intensity=None), ACTUAL, START, "2027-01-16") is None


@pytest.mark.parametrize(
    ("kind", "may"),
    [
        ("annual", True),
        ("forecast", True),
        ("estimated", True),
        ("actual", False),
        ("constant", False),
        (None, False),
        ("another", False),
    ],
)
def test_which_may_become_surer(kind: str | None, may: bool) -> None:
    assert may_become_surer(ANNUAL.replace(kind=kind)) is may


def test_without_a_zone_there_is_nobody_to_ask() -> None:
    assert not may_become_surer(ANNUAL.replace(grid_zone=None))
    assert not may_become_surer(UNKNOWN.intensity)
