"""Looks at a GPU, folded into readings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonrun.measurement.attribution import attribute
from carbonrun.measurement.gpu.fold import GpuFold
from carbonrun.measurement.gpu.look import COUNTED, SAMPLED, GpuLook, GpuProcess
from carbonrun.measurement.gpu.split import BUSY, IDLE, SOLE, UNUSED
from carbonrun.measurement.ledger import DeviceLedger
from carbonrun.measurement.model import COUNTER, GPU, Device, IdleFloor, Reading, Slice
from carbonrun.measurement.sampler import origin

OURS = frozenset({(1, 10)})
FLOOR = IdleFloor(watts=60, low_watts=60, high_watts=60, source="test")
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


def process(pid: int, busy_seconds: float | None = None, **fields: Any) -> GpuProcess:
    known: dict[str, Any] = {"pid": pid, "start_ticks": pid * 10, "memory_bytes": 100}
    return GpuProcess(**{**known, "busy_seconds": busy_seconds, **fields})


def look(at: float, joules: float | None, *present: GpuProcess, **fields: Any) -> GpuLook:
    known: dict[str, Any] = {"device_id": "GPU-1", "at_seconds": 100 + at, "joules": joules}
    return GpuLook(**{**known, "processes": present, **fields})


def folded(*looks: GpuLook) -> tuple[GpuFold, list[Reading]]:
    fold = GpuFold(100)
    readings = [fold.add(each, OURS) for each in looks]
    return fold, [reading for reading in readings if reading is not None]


def billed(readings: list[Reading]) -> Slice:
    ledger = DeviceLedger(DEVICE, FLOOR)
    for reading in [origin(), *readings]:
        ledger.add(reading)
    ledger.settle()
    return ledger.sums


def test_the_sole_user_pays_everything() -> None:
    fold, readings = folded(
        look(0, 0, process(1), watts=300), look(2, 600, process(1)), look(4, 1200, process(1))
    )
    part = billed(readings)
    assert (part.machine_joules, part.active_joules, part.idle_joules) == (1200, 960, 240)
    assert fold.joules_by_basis == {SOLE: 1200}


def test_a_gpu_that_was_never_touched_costs_nothing() -> None:
    fold, readings = folded(look(0, 0, process(7)), look(2, 600, process(7)))
    assert billed(readings).machine_joules == 600
    assert billed(readings).joules == 0
    assert fold.joules_by_basis == {UNUSED: 600}


def test_shared_use_goes_by_samples() -> None:
    looks = [
        look(0.5 * n, 100 * n, process(1, n * 0.1), process(7, n * 0.3), use=SAMPLED, samples=n)
        for n in range(9)
    ]
    fold, readings = folded(*looks)
    part = billed(readings)
    assert part.active_joules == pytest.approx((800 - 240) / 4)
    assert part.idle_joules == pytest.approx(240 / 2)
    assert fold.joules_by_basis[BUSY] == 800
    assert fold.samples == 8


def test_a_stretch_without_samples_is_carried_to_the_next() -> None:
    early, late = process(1, 0.0), process(1, 0.1)
    fold = GpuFold(100)
    assert fold.add(look(0, 0, early, process(7, 0.0), use=SAMPLED, watts=200), OURS)
    assert fold.add(look(0.5, 100, early, process(7, 0.0), use=SAMPLED), OURS) is None
    reading = fold.add(look(0.9, 180, late, process(7, 0.3), use=SAMPLED), OURS)
    assert reading is not None
    assert reading.machine_joules == 180
    assert reading.tree_activity / reading.machine_activity == pytest.approx(0.25)


def test_after_a_second_without_samples_nobody_was_busy() -> None:
    shared = process(1, 0.0), process(7, 0.0, memory_bytes=300)
    fold, readings = folded(
        look(0, 0, *shared, use=SAMPLED, watts=60),
        look(0.5, 30, *shared, use=SAMPLED),
        look(1.0, 60, *shared, use=SAMPLED),
    )
    assert len(readings) == 2
    assert billed(readings).idle_joules == pytest.approx(60 / 4)
    assert fold.joules_by_basis[IDLE] == 60


def test_use_that_is_counted_needs_no_patience() -> None:
    shared = process(1, 5.0), process(7, 9.0)
    _, readings = folded(
        look(0, 0, *shared, use=COUNTED, watts=60), look(0.5, 30, *shared, use=COUNTED)
    )
    assert readings[-1].at_seconds == 0.5


def test_use_of_the_whole_machine_counts_those_who_are_not_seen() -> None:
    fold, readings = folded(
        look(0, 0, process(1, 5.0), use=COUNTED, machine_busy_seconds=9.0, is_complete=False),
        look(2, 600, process(1, 5.5), use=COUNTED, machine_busy_seconds=11.0, is_complete=False),
    )
    assert readings[-1].tree_activity / readings[-1].machine_activity == pytest.approx(0.25)
    assert fold.joules_by_basis == {BUSY: 600}


def test_a_child_that_has_died_is_still_counted() -> None:
    dead = process(1, 0.4, has_context=False)
    _, readings = folded(
        look(0, 0, process(7, 0.0), use=SAMPLED, watts=60),
        look(1, 300, dead, process(7, 0.4), use=SAMPLED, samples=6),
    )
    assert billed(readings).active_joules == pytest.approx((300 - 60) / 2)


def test_the_last_look_goes_on_as_it_was() -> None:
    shared = process(1, 0.0), process(7, 0.0)
    later = process(1, 0.1), process(7, 0.3)
    _, readings = folded(
        look(0, 0, *shared, use=SAMPLED, watts=200),
        look(1, 200, *later, use=SAMPLED),
        look(1.4, 280, use=SAMPLED, was_listed=False),
    )
    part = attribute(readings[-2], readings[-1], 60)
    assert part.active_joules == pytest.approx((80 - 24) / 4)
    assert part.idle_joules == pytest.approx(24 / 2)


def test_the_last_look_ends_what_was_carried() -> None:
    shared = process(1, 0.0), process(7, 0.0)
    _, readings = folded(
        look(0, 0, *shared, use=SAMPLED, watts=200),
        look(0.5, 100, *shared, use=SAMPLED),
        look(0.6, 120, use=SAMPLED, was_listed=False),
    )
    assert readings[-1].machine_joules == 120


def test_time_before_the_first_look_has_its_power() -> None:
    fold, readings = folded(look(0.2, 50, process(1), watts=300), look(1.2, 350, process(1)))
    assert fold.lead_seconds == pytest.approx(0.2)
    assert [reading.machine_joules for reading in readings] == pytest.approx([60, 360])


def test_time_before_the_first_look_else_has_the_power_of_the_first_stretch() -> None:
    _, readings = folded(look(0.2, 50, process(1)), look(1.2, 350, process(1)))
    assert [reading.machine_joules for reading in readings] == pytest.approx([360])
    assert billed(readings).idle_joules == pytest.approx(1.2 * 60)


def test_a_counter_that_begins_anew_is_bridged_by_its_power() -> None:
    fold, readings = folded(
        look(0, 5000, process(1), watts=300), look(1, 5300, process(1)), look(2, 10, process(1))
    )
    assert readings[-1].machine_joules == 600
    assert fold.resets == 1


def test_a_look_without_energy_is_spanned_by_the_next() -> None:
    fold, readings = folded(
        look(0, 0, process(1), watts=300),
        look(1, None, failure="lost"),
        look(2, 600, process(1)),
    )
    assert [reading.machine_joules for reading in readings] == [0, 600]
    assert fold.looks == 2


presences = st.lists(
    st.tuples(
        st.floats(min_value=0.05, max_value=3),
        st.floats(min_value=0, max_value=500),
        st.integers(min_value=0, max_value=3),
        st.floats(min_value=0, max_value=1),
        st.floats(min_value=0, max_value=1),
    ),
    min_size=2,
    max_size=12,
)


def looks_of(steps: list[tuple[float, float, int, float, float]], use: str | None) -> list[GpuLook]:
    """Return looks: who is there is in the bits of the third figure, their use in the others."""
    at = joules = ours = theirs = 0.0
    looks = [look(0, 0, use=use, watts=50)]
    for seconds, watts, who, our_use, their_use in steps:
        at, joules = at + seconds, joules + watts * seconds
        ours, theirs = ours + our_use * seconds, theirs + their_use * seconds
        present = [process(1, ours)] if who & 1 else []
        present += [process(7, theirs)] if who & 2 else []
        looks.append(look(at, joules, *present, use=use))
    return [*looks, look(at + 0.1, joules + 5, use=use, was_listed=False)]


@settings(deadline=None)
@given(presences, st.sampled_from([None, COUNTED, SAMPLED]))
def test_readings_only_grow_and_the_tree_is_a_part(
    steps: list[tuple[float, float, int, float, float]], use: str | None
) -> None:
    _, readings = folded(*looks_of(steps, use))
    previous = origin()
    for reading in readings:
        for name in ("machine_joules", "at_seconds", "tree_activity", "tree_presence"):
            assert getattr(reading, name) >= getattr(previous, name)
        assert reading.tree_activity <= reading.machine_activity * (1 + 1e-9)
        assert reading.tree_presence <= reading.machine_presence * (1 + 1e-9)
        previous = reading


@settings(deadline=None)
@given(presences, st.sampled_from([None, COUNTED, SAMPLED]), st.data())
def test_looks_that_are_missed_change_no_machine_joules(
    steps: list[tuple[float, float, int, float, float]], use: str | None, data: st.DataObject
) -> None:
    looks = looks_of(steps, use)
    kept = [each for each in looks[1:-1] if data.draw(st.booleans())]
    whole, part = folded(*looks)[1], folded(looks[0], *kept, looks[-1])[1]
    assert part[-1].machine_joules == pytest.approx(whole[-1].machine_joules, abs=1e-6)


def test_use_goes_on_in_a_hurried_look() -> None:
    _, readings = folded(
        look(0, 0, process(1, 0.0), use=SAMPLED, watts=200),
        look(1, 200, process(1, 0.5), use=SAMPLED),
        look(1.4, 280, was_listed=False),
    )
    assert readings[-1].tree_activity - readings[-2].tree_activity == pytest.approx(0.2)


def test_a_counter_that_has_not_moved_by_the_end_is_filled_in_with_power() -> None:
    fold, readings = folded(
        look(0.1, 500, process(1), watts=300),
        look(0.3, 500, process(1)),
        look(0.6, 500, was_listed=False),
    )
    assert readings[-1].machine_joules == pytest.approx(0.6 * 300)
    assert fold.filled_seconds == pytest.approx(0.5)


def test_a_card_that_sleeps_is_not_filled_in() -> None:
    fold, readings = folded(
        look(0.1, 500, process(1)), look(0.3, 500, process(1)), look(0.9, 500, was_listed=False)
    )
    assert readings[-1].machine_joules == 0
    assert fold.filled_seconds == 0


def test_two_looks_at_one_moment_are_one() -> None:
    _, readings = folded(
        look(0, 0, process(1), watts=300), look(1, 300, process(1)), look(1, 310, process(1))
    )
    assert readings[-1].machine_joules == 310
    assert readings[-1].at_seconds == 1


@pytest.mark.parametrize("jump", [1e9, -1e9, 1.8e16])
def test_a_counter_that_jumps_is_bridged_by_its_power(jump: float) -> None:
    """Nobody pays for energy that no GPU can draw in that time."""
    fold, readings = folded(
        look(0, 1e10, process(1), watts=300),
        look(1, 1e10 + 300, process(1)),
        look(1.5, 1e10 + 450 + jump, process(1)),
        look(3, 1e10 + 900 + jump, process(1)),
    )
    assert billed(readings).machine_joules == pytest.approx(900)
    assert fold.resets == 1


def test_a_counter_that_is_late_has_not_jumped() -> None:
    fold, readings = folded(
        look(0, 0, process(1), watts=1400),
        look(0.9, 0, process(1)),
        look(1.0, 1400 * 2.0, process(1)),
    )
    assert (fold.resets, billed(readings).machine_joules) == (0, 2800)
