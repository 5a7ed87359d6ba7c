"""Which ledgers hear of phases, and when."""

from __future__ import annotations

import time

import pytest

from carbonrun.clock import Instant
from carbonrun.mark import MARK, Mark
from carbonrun.marking import Marking
from carbonrun.measurement import sections
from carbonrun.measurement.ledger import DeviceLedger
from carbonrun.measurement.model import Device, IdleFloor, Reading
from carbonrun.measurement.sampler import UNKNOWN_MACHINE, Moment
from carbonrun.measurement.sections import Sections
from carbonrun.notes import Notes
from carbonrun.phasing import PhaseKeeper

FLOOR = IdleFloor(watts=0.0, low_watts=0.0, high_watts=0.0, source="test")
STARTED = 100.0


def ledger(name: str) -> DeviceLedger:
    device = Device(
        id=name, kind="gpu", name=name, meter="test", method="counter", source="test",
        low_factor=1.0, high_factor=1.0,
    )  # fmt: skip
    return DeviceLedger(device, FLOOR)


def reading(at: float) -> Reading:
    """Return a reading of 10 W that are all the tree's."""
    return Reading(
        at_seconds=at, machine_joules=10 * at, machine_activity=at, tree_activity=at,
        machine_presence=at, tree_presence=at,
    )  # fmt: skip


class Clock:
    """Gives moments of the run."""

    def __init__(self) -> None:
        self.at = 0.0

    def observe(self) -> Moment:
        now = STARTED + self.at
        return Moment(
            now=Instant(monotonic_seconds=now, unix_seconds=now, boottime_seconds=now),
            machine=UNKNOWN_MACHINE, used_memory_bytes=0, tree_cpu_seconds=self.at / 2,
            tree_memory_bytes=None, joules={},
        )  # fmt: skip


def test_a_ledger_that_comes_late_is_told_what_it_has_missed() -> None:
    clock, early, late = Clock(), ledger("early"), ledger("late")
    marking = Marking(clock.observe, Notes(), None, time.monotonic())
    keeper = PhaseKeeper(marking, STARTED, None)
    early.add(reading(0.0))
    late.add(reading(0.0))
    for at, name in ((1.0, "a"), (3.0, "b")):
        clock.at = at
        marking.submit(Mark(kind=MARK, name=name))
        for moment in keeper.readings_before(STARTED + at, [early]):
            early.add(reading(at))
            late.add(reading(at))
            keeper.add(moment)
    keeper.meet([early, late])
    for each in (early, late):
        each.add(reading(6.0))
        each.settle()
    evidence = keeper.evidence(6.0)
    assert evidence is not None
    assert [row.path for row in evidence.rows] == [("a",), ("b",)]
    for each in (early, late):
        assert each.section(("a",), 2.0).active_joules == pytest.approx(20.0)
        assert each.section(("b",), 3.0).active_joules == pytest.approx(30.0)
    assert evidence.cpu.of(("a",)) == pytest.approx((1.0,))


def test_a_device_that_has_failed_does_not_gather_changes_for_ever() -> None:
    kept = Sections(1)
    for number in range(3 * sections.MOST_AHEAD):
        kept.change(float(number), ((f"p{number % 3}",),))
    assert len(kept._ahead) <= sections.MOST_AHEAD
    kept.add(0.0, 1e6, (1.0,))
    total = sum(kept.of((f"p{number}",))[0] for number in range(3))
    assert total == pytest.approx(1.0, abs=1e-4)
