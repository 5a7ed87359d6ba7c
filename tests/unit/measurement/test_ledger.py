from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.ledger import GATHERED_SECONDS, MAX_POINTS, DeviceLedger, merge_pairs
from carbonrun.measurement.model import Device, IdleFloor, Reading, Slice

DEVICE = Device(
    id="package-0",
    kind="cpu",
    name="CPU package-0",
    meter="test",
    method="counter",
    source="test",
    low_factor=1.0,
    high_factor=1.0,
)
FLOOR = IdleFloor(watts=2.0, low_watts=1.0, high_watts=3.0, source="test")


def reading(at: float, joules: float, busy: float, tree: float) -> Reading:
    return Reading(
        at_seconds=at,
        machine_joules=joules,
        machine_activity=busy,
        tree_activity=tree,
        machine_presence=4 * at,
        tree_presence=tree,
    )


def ledger_of(readings: list[Reading], floor: IdleFloor = FLOOR) -> DeviceLedger:
    ledger = DeviceLedger(DEVICE, floor)
    for each in readings:
        ledger.add(each)
    return ledger


steps = st.lists(
    st.tuples(
        st.floats(min_value=0.01, max_value=10),
        st.floats(min_value=0, max_value=1000),
        st.floats(min_value=0, max_value=4),
        st.floats(min_value=0, max_value=1),
    ),
    min_size=1,
    max_size=40,
)


def accumulate(deltas: list[tuple[float, float, float, float]]) -> list[Reading]:
    at = joules = busy = tree = 0.0
    readings = [reading(0, 0, 0, 0)]
    for seconds, energy, load, part in deltas:
        at, joules = at + seconds, joules + energy
        busy, tree = busy + load * seconds, tree + load * seconds * part
        readings.append(reading(at, joules, busy, tree))
    return readings


@given(steps, st.data())
def test_dropping_samples_never_changes_machine_joules(
    deltas: list[tuple[float, float, float, float]], data: st.DataObject
) -> None:
    readings = accumulate(deltas)
    kept = [readings[0]]
    kept += [each for each in readings[1:-1] if data.draw(st.booleans())]
    kept.append(readings[-1])
    machine = ledger_of(readings).totals().machine_joules
    assert ledger_of(kept).totals().machine_joules == pytest.approx(machine)


@given(steps)
def test_the_bounds_contain_the_figure_and_the_machine_bounds_them(
    deltas: list[tuple[float, float, float, float]],
) -> None:
    totals = ledger_of(accumulate(deltas)).totals()
    figure = totals.active_joules + totals.idle_joules
    assert totals.low_joules <= figure * (1 + 1e-9)
    assert figure <= totals.high_joules * (1 + 1e-9)
    assert totals.high_joules <= totals.machine_joules * (1 + 1e-9)


@given(steps)
def test_the_timeline_sums_to_the_totals(deltas: list[tuple[float, float, float, float]]) -> None:
    ledger = ledger_of(accumulate(deltas))
    totals = ledger.totals()
    assert sum(s.machine_joules for s in ledger.timeline) == pytest.approx(totals.machine_joules)
    assert sum(s.joules for s in ledger.timeline) == pytest.approx(
        totals.active_joules + totals.idle_joules
    )


def test_a_long_timeline_is_thinned_without_losing_energy() -> None:
    count = 5 * MAX_POINTS + 3
    ledger = ledger_of([reading(i, 3.0 * i, 0.5 * i, 0.25 * i) for i in range(count)])
    assert len(ledger.timeline) <= MAX_POINTS
    assert sum(s.machine_joules for s in ledger.timeline) == pytest.approx(3.0 * (count - 1))
    ends = [s.end_seconds for s in ledger.timeline]
    starts = [s.start_seconds for s in ledger.timeline]
    assert starts[1:] == ends[:-1]


def test_merging_an_odd_number_keeps_the_last() -> None:
    slices = [
        Slice(
            start_seconds=i,
            end_seconds=i + 1,
            machine_joules=4.0,
            active_joules=2.0,
            idle_joules=1.0,
        )
        for i in range(3)
    ]
    merged = merge_pairs(slices)
    assert [(s.start_seconds, s.end_seconds, s.joules) for s in merged] == [(0, 2, 6), (2, 3, 3)]


def test_no_or_one_reading_is_no_energy() -> None:
    assert DeviceLedger(DEVICE, FLOOR).totals().readings == 0
    totals = ledger_of([reading(1, 5, 1, 1)]).totals()
    assert (totals.machine_joules, totals.readings) == (0, 1)


def test_lowest_sustained_power_ignores_dips_shorter_than_five_seconds() -> None:
    joules = 0.0
    readings = [reading(0, 0, 0, 0)]
    for second in range(1, 31):
        joules += 1.0 if second == 7 else (8.0 if 11 <= second <= 20 else 20.0)
        readings.append(reading(second, joules, 0, 0))
    assert ledger_of(readings).totals().lowest_watts == pytest.approx(8.0)


def test_lowest_power_is_unknown_for_short_runs() -> None:
    assert ledger_of([reading(0, 0, 0, 0), reading(4, 8, 1, 1)]).totals().lowest_watts is None


def test_readings_are_gathered_until_they_span_enough_activity() -> None:
    """Busy time in coarse steps: alone the second interval would give the tree everything."""
    ledger = DeviceLedger(DEVICE, FLOOR, least_activity=1.0)
    for each in (
        reading(0, 0, 0, 0),
        reading(0.1, 6.2, 0.9, 0.3),
        reading(0.2, 12.4, 1.2, 0.6),  # the tree's 0.3 s of 0.3 s
    ):
        ledger.add(each)
    totals = ledger.totals()
    active = (12.4 - 0.2 * FLOOR.watts) * 0.5
    assert totals.active_joules == pytest.approx(active)
    assert [part.active_joules for part in ledger.timeline] == pytest.approx([active / 2] * 2)
    assert sum(part.machine_joules for part in ledger.timeline) == pytest.approx(12.4)


def test_gathering_ends_after_a_while() -> None:
    ledger = DeviceLedger(DEVICE, FLOOR, least_activity=1e9)
    ledger.add(reading(0, 0, 0, 0))
    ledger.add(reading(GATHERED_SECONDS, 50, 1, 1))
    assert len(ledger.timeline) == 1


def test_what_was_gathered_is_in_the_totals() -> None:
    ledger = DeviceLedger(DEVICE, FLOOR, least_activity=1e9)
    ledger.add(reading(0, 0, 0, 0))
    ledger.add(reading(0.5, 50, 1, 1))
    assert ledger.totals().machine_joules == 50


def test_the_longest_time_without_energy() -> None:
    ledger = ledger_of([reading(0, 0, 0, 0), reading(1, 5, 1, 0), reading(2, 5, 2, 0)])
    ledger.add(reading(4, 5, 3, 0))
    ledger.add(reading(5, 9, 4, 0))
    assert ledger.totals().still_seconds == 3


def test_a_counter_that_stood_still_or_was_reset_is_no_low_power() -> None:
    """The power is 10 W, but for 3 s in which the meter knew nothing."""
    readings = [reading(second, 10.0 * second, 0, 0) for second in range(13)]
    readings += [reading(second, 120.0, 0, 0) for second in range(13, 16)]
    readings += [reading(second, 120.0 + 10.0 * (second - 15), 0, 0) for second in range(16, 30)]
    assert ledger_of(readings).totals().lowest_watts == pytest.approx(10.0)


def test_the_steps_of_a_coarse_counter_do_not_hide_the_power() -> None:
    readings = [reading(0.1 * i, float(i // 3), 0, 0) for i in range(200)]
    lowest = ledger_of(readings).totals().lowest_watts
    assert lowest == pytest.approx(10 / 3, rel=0.1)
