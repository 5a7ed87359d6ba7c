from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.late_sensors import LateSensors
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.meters.background_command import OwnHelpers
from carbonrun.measurement.meters.board.discover import Wanted
from carbonrun.measurement.meters.discover import before_start, rows_of
from carbonrun.measurement.meters.sensors import places_of
from carbonrun.measurement.sampler import Sampler
from carbonrun.notes import Notes
from tests.machine.fake_clock import FakeClock
from tests.machine.sim_battery import SimulatedSupply
from tests.machine.sim_cray import SimulatedCray
from tests.machine.sim_sysfs import SimulatedPowercap
from tests.machine.sim_topology import SimulatedCpus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from carbonrun.clock import Instant

CPU = min(os.sched_getaffinity(0))


class Tree:
    """A process tree that does nothing."""

    stolen_share = 0.0

    def cpu_seconds(self) -> float:
        return 0.0

    def cpu_seconds_by_package(self) -> tuple[float, ...]:
        return ()

    def memory_bytes(self) -> int | None:
        return None


class Run:
    """A sampler with late sensors, on a simulated machine and its clock."""

    def __init__(self, root: Path, fake: FakeClock, wanted: Wanted | None = None) -> None:
        sysfs, procfs = str(root / "sys"), str(root / "proc")
        self.notes = Notes()
        meters, rows = before_start(sysfs, procfs, fake.now())
        self.sampler = Sampler(meters, Machine("/proc"), self.notes)
        self.sampler.start(fake.now())
        self.late = LateSensors(self.sampler, rows_of(sysfs, rows))
        self.late.add(places_of(sysfs, procfs, fake.now()), wanted, OwnHelpers(), self.notes)

    def tick(self, now: Instant) -> None:
        self.late.compare(self.sampler.fold(self.sampler.observe(now, Tree())).readings)

    def finish(self, set_aside: Iterable[str] = ()) -> list[str]:
        self.late.finish(self.notes, set_aside)
        return [note.code for note in self.notes.all()]


@pytest.fixture
def powercap(tmp_path: Path) -> SimulatedPowercap:
    """Give the test a machine of one package, with powercap."""
    SimulatedCpus(tmp_path, {0: [[CPU]]})
    made = SimulatedPowercap(tmp_path / "sys")
    made.add_zone("intel-rapl:0", "package-0")
    return made


def drive(run: Run, powercap: SimulatedPowercap, cray: SimulatedCray, cray_watts: int) -> None:
    """Let five seconds pass, with 100 W by powercap."""
    run.tick(powercap.clock.now())
    for _ in range(5):
        cray.advance(cpu_energy=cray_watts)
        powercap.advance({"intel-rapl:0": 100.0})
        run.tick(powercap.clock.now())


@pytest.mark.parametrize(("watts", "codes"), [(105, []), (200, ["sensors-disagree"])])
def test_a_second_sensor_is_compared_and_has_no_ledger(
    tmp_path: Path, powercap: SimulatedPowercap, watts: int, codes: list[str]
) -> None:
    cray = SimulatedCray(tmp_path / "sys", cpu_energy=1)
    run = Run(tmp_path, powercap.clock)
    drive(run, powercap, cray, watts)
    assert [meter.device.id for meter in run.late.metered()] == ["package-0"]
    assert run.finish() == codes


def test_a_second_sensor_that_is_faulty_disagrees_with_nobody(
    tmp_path: Path, powercap: SimulatedPowercap
) -> None:
    cray = SimulatedCray(tmp_path / "sys", cpu_energy=1)
    run = Run(tmp_path, powercap.clock)
    for watts in (20_000, 20_000, 5):  # 20 kW is not believed, and what is left is too little
        drive(run, powercap, cray, watts)
    assert run.finish() == []


def test_what_is_set_aside_disagrees_with_nobody(
    tmp_path: Path, powercap: SimulatedPowercap
) -> None:
    cray = SimulatedCray(tmp_path / "sys", cpu_energy=1)
    run = Run(tmp_path, powercap.clock)
    drive(run, powercap, cray, 200)
    assert run.finish(["package-0"]) == []


def test_a_board_that_was_asked_for(tmp_path: Path, powercap: SimulatedPowercap) -> None:
    SimulatedSupply(tmp_path / "sys", "BAT0", power_now=20_000_000)
    without = Run(tmp_path, powercap.clock)
    assert [meter.device.id for meter in without.late.metered()] == ["package-0"]
    run = Run(tmp_path, FakeClock(), Wanted(local=True))
    assert [meter.device.id for meter in run.late.metered()] == ["package-0", "battery-BAT0"]
    run.finish()


def test_rows_of_the_start_stay_where_nothing_late_helps(tmp_path: Path) -> None:
    run = Run(tmp_path, FakeClock())
    assert [row.id for row in run.late.unmeasured] == ["cpu"]
    assert run.finish() == []
