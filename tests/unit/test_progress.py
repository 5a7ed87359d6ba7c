"""The figures of the live view: from real ledgers and a real table of made-up processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.ledger import DeviceLedger
from carbonrun.measurement.model import Device, IdleFloor, Reading
from carbonrun.measurement.sampler import MemoryUse, Sample, origin
from carbonrun.measurement.tree.accountant import TreeAccountant
from carbonrun.measurement.tree.procstat import ProcessStat
from carbonrun.measurement.tree.watched import WatchedTable
from carbonrun.progress import Progress
from carbonrun.recording import SoFar
from tests.unit.measurement.tree.test_watched import TOP, Machine
from tests.unit.report.sample_report import CPU, ENERGY, REPORT, RUN

if TYPE_CHECKING:
    from carbonrun.report.live import Snapshot
    from carbonrun.report.model import Report

IDLE_WATTS, WATTS_PER_CPU, CPUS = 10.0, 20.0, 4


class Bench:
    """A machine of four CPUs on which one program has one CPU to itself, and others a second."""

    def __init__(self, scope: str = "tree") -> None:
        self.machine = Machine()
        self.table = WatchedTable(self.machine, TOP, frozenset(), lambda: self.machine.now)
        self.tree = TreeAccountant(self.table, None, None)
        device = Device(
            id=CPU.id, kind="cpu", name=CPU.name, meter=CPU.meter, method=CPU.method,
            source=CPU.source, low_factor=1.0, high_factor=1.0,
        )  # fmt: skip
        floor = IdleFloor(watts=IDLE_WATTS, low_watts=0.0, high_watts=IDLE_WATTS, source="test")
        self.ledger = DeviceLedger(device, floor)
        self.ledger.add(origin())
        self.progress = Progress()
        self.at = 0.0
        self.report: Report | None = REPORT.replace(
            run=RUN.replace(scope=scope), energy=ENERGY.replace(devices=(CPU,))
        )

    def second(self) -> Snapshot | None:
        """Let a second pass."""
        self.at += 1
        self.machine.work(TOP, 0.75)
        self.machine.now += 0.25
        self.ledger.add(
            Reading(
                at_seconds=self.at,
                machine_joules=self.at * (IDLE_WATTS + 2 * WATTS_PER_CPU),
                machine_activity=self.at * 2,
                tree_activity=self.at,
                machine_presence=self.at * CPUS,
                tree_presence=self.at,
            )
        )
        sample = Sample(at_seconds=self.at, readings={}, memory=MemoryUse())
        so_far = SoFar(report=self.report, sample=sample, ledgers=(self.ledger,), logical_cpus=CPUS)
        return self.progress.snapshot(so_far, self.tree)


def after(bench: Bench, seconds: int) -> Snapshot:
    shown = None
    for _ in range(seconds):
        shown = bench.second()
    assert shown is not None
    return shown


def test_the_power_of_the_tree_and_its_energy() -> None:
    shown = after(Bench(), 10)
    watts = WATTS_PER_CPU + IDLE_WATTS / CPUS
    assert shown.watts == pytest.approx(watts)
    assert shown.joules == pytest.approx(10 * watts)
    assert shown.grams_co2e == pytest.approx(10 * watts / 3.6e6 * 44.0)
    assert (shown.devices[0].watts, shown.devices[0].joules) == pytest.approx((watts, 10 * watts))
    assert shown.curve[-10:] == pytest.approx((watts,) * 10)
    assert shown.curve[:-10] == (None,) * 50


def test_the_power_of_the_machine() -> None:
    shown = after(Bench("machine"), 5)
    assert shown.watts == pytest.approx(IDLE_WATTS + 2 * WATTS_PER_CPU)


def test_a_program_has_the_power_of_its_cpu_time() -> None:
    shown = after(Bench(), 5)
    (program,) = shown.programs
    assert program.program == "work"
    assert program.cpus == pytest.approx(0.75)
    assert shown.cpus == pytest.approx(0.75)
    assert program.watts == pytest.approx(WATTS_PER_CPU + IDLE_WATTS / CPUS)


def test_programs_share_the_power() -> None:
    bench = Bench()
    bench.machine.start(101, TOP, name="other")
    after(bench, 2)
    bench.table.scan()
    for _ in range(5):
        bench.machine.clocks[101] += 0.25
        bench.second()
    bench.machine.clocks[101] += 0.25
    shown = after(bench, 1)
    by_name = {each.program: each for each in shown.programs}
    assert list(by_name) == ["work", "other"]
    assert by_name["other"].cpus == pytest.approx(0.25, rel=0.01)
    watts = [each.watts or 0.0 for each in shown.programs]
    assert watts[0] == pytest.approx(3 * watts[1])
    assert sum(watts) == pytest.approx(WATTS_PER_CPU + IDLE_WATTS / CPUS)


def test_a_program_that_does_nothing_is_not_shown() -> None:
    bench = Bench()
    bench.machine.start(101, TOP, name="asleep")
    bench.table.scan()
    assert [each.program for each in after(bench, 4).programs] == ["work"]


def test_before_the_first_checkpoint_there_is_nothing_to_show() -> None:
    bench = Bench()
    bench.report = None
    assert bench.second() is None


def test_showing_attributes_nothing() -> None:
    """What was gathered stays gathered: the view does not change the report."""
    bench = Bench()
    gathering = DeviceLedger(bench.ledger.device, bench.ledger.floor, least_activity=1e9)
    gathering.add(origin())
    bench.ledger = gathering
    bench.second()
    assert gathering.sums.machine_joules == 0
    assert gathering.timeline == []


def test_what_is_unknown_stays_unknown() -> None:
    bench = Bench()
    assert bench.report is not None
    bench.report = bench.report.replace(intensity=None, energy=ENERGY.replace(devices=()))
    shown = after(bench, 3)
    assert (shown.joules, shown.grams_co2e, shown.devices) == (None, None, ())
    assert [each.watts for each in shown.programs] == [None]


def test_names_are_those_of_the_processes() -> None:
    stat = Machine().stat(TOP)
    assert isinstance(stat, ProcessStat)
    assert stat.name == "work"
