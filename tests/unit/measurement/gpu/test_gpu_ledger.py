"""The ledger of a GPU, whose idle floor may change at any time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonrun.measurement.gpu.ledger import GpuLedger
from carbonrun.measurement.ledger import MAX_POINTS, SECTION_QUANTITIES, DeviceLedger
from carbonrun.measurement.model import COUNTER, GPU, Device, IdleFloor, Reading
from carbonrun.measurement.sampler import origin

DEVICE = Device(
    id="GPU-1",
    kind=GPU,
    name="GPU 0",
    meter="nvml",
    method=COUNTER,
    source="test",
    low_factor=0.95,
    high_factor=1.05,
)
steps = st.lists(
    st.tuples(
        st.floats(min_value=0.1, max_value=5),
        st.floats(min_value=60, max_value=500),
        st.floats(min_value=0, max_value=1),
        st.floats(min_value=0, max_value=1),
    ),
    min_size=1,
    max_size=12,
)


def floor(watts: float, low: float | None = None, high: float | None = None) -> IdleFloor:
    return IdleFloor(
        watts=watts,
        low_watts=watts if low is None else low,
        high_watts=watts if high is None else high,
        source="test",
    )


def readings(parts: list[tuple[float, float, float, float]]) -> list[Reading]:
    """Return readings from seconds, watts, and the tree's shares of activity and presence."""
    found = [origin()]
    for seconds, watts, active, idle in parts:
        last = found[-1]
        found.append(
            Reading(
                at_seconds=last.at_seconds + seconds,
                machine_joules=last.machine_joules + watts * seconds,
                machine_activity=last.machine_activity + seconds,
                tree_activity=last.tree_activity + seconds * active,
                machine_presence=last.machine_presence + seconds,
                tree_presence=last.tree_presence + seconds * idle,
            )
        )
    return found


def filled(ledger: DeviceLedger, parts: list[tuple[float, float, float, float]]) -> DeviceLedger:
    for reading in readings(parts):
        ledger.add(reading)
    return ledger


@settings(deadline=None)
@given(steps, st.floats(min_value=0, max_value=60))
def test_it_is_the_formula_of_all_devices(
    parts: list[tuple[float, float, float, float]], watts: float
) -> None:
    """As long as the power is nowhere below the floor."""
    usual = filled(DeviceLedger(DEVICE, floor(watts)), parts).totals()
    ours = filled(GpuLedger(DEVICE, floor(watts)), parts).totals()
    for name in ("machine_joules", "active_joules", "idle_joules", "low_joules", "high_joules"):
        assert getattr(ours, name) == pytest.approx(getattr(usual, name), rel=1e-6, abs=1e-4)


@settings(deadline=None)
@given(steps, st.floats(min_value=0, max_value=1000))
def test_the_tree_is_a_part_of_the_machine(
    parts: list[tuple[float, float, float, float]], watts: float
) -> None:
    totals = filled(GpuLedger(DEVICE, floor(watts)), parts).totals()
    assert totals.active_joules >= 0
    assert totals.idle_joules >= 0
    assert totals.active_joules + totals.idle_joules <= totals.machine_joules * (1 + 1e-9)


def test_a_floor_that_becomes_known_later_counts_from_the_start() -> None:
    parts = [(1.0, 300.0, 0.5, 0.25), (1.0, 100.0, 1.0, 1.0)]
    ledger = filled(GpuLedger(DEVICE, floor(100)), parts)
    first = list(ledger.timeline)
    ledger.floor = floor(60, 0, 80)
    totals = ledger.totals()
    assert totals.active_joules == pytest.approx(240 / 2 + 40)
    assert totals.idle_joules == pytest.approx(60 / 4 + 60)
    assert sum(part.joules for part in ledger.timeline) == pytest.approx(ledger.sums.joules)
    assert sum(part.joules for part in first) != pytest.approx(ledger.sums.joules)
    assert totals.low_joules <= totals.active_joules + totals.idle_joules <= totals.high_joules


def test_steps_of_a_counter_cancel_out() -> None:
    """A GPU at 60 W whose counter shows 45 W and then 75 W was idle all the time."""
    parts = [(1.0, 45.0, 1.0, 0.5), (1.0, 75.0, 1.0, 0.5)]
    totals = filled(GpuLedger(DEVICE, floor(60)), parts).totals()
    assert totals.active_joules == pytest.approx(0, abs=1e-9)
    assert totals.idle_joules == pytest.approx(60)


def test_a_device_below_its_floor_is_idle() -> None:
    totals = filled(GpuLedger(DEVICE, floor(100)), [(2.0, 60.0, 1.0, 0.5)]).totals()
    assert (totals.active_joules, totals.idle_joules) == (0, 60)


def test_long_runs_have_long_stretches() -> None:
    ledger = GpuLedger(DEVICE, floor(60))
    filled(ledger, [(0.5, 100.0, 0.5, 0.5)] * (MAX_POINTS + 2))
    assert len(ledger.stretches) <= MAX_POINTS
    assert len(ledger.timeline) == len(ledger.stretches)
    assert sum(part.machine_joules for part in ledger.timeline) == pytest.approx(
        ledger.totals().machine_joules
    )


def test_phases_get_their_part() -> None:
    ledger = GpuLedger(DEVICE, floor(60))
    all_readings = readings([(1.0, 300.0, 1.0, 1.0), (1.0, 100.0, 1.0, 1.0)])
    for reading in all_readings[:2]:
        ledger.add(reading)
    ledger.sections.change(1.0, (("fit",),))
    ledger.add(all_readings[2])
    sums = dict(zip(SECTION_QUANTITIES, ledger.sections.of(("fit",)), strict=True))
    assert sums["machine_joules"] == pytest.approx(100)
    assert (sums["active_joules"], sums["idle_joules"]) == pytest.approx((40, 60))
