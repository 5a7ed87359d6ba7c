"""Busy time of the machine from a simulated procfs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.package_load import PackageLoad

if TYPE_CHECKING:
    from pathlib import Path


class Procfs:
    """A procfs of two CPUs, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds = 100.0
        self.idle_ticks = 5000
        self.stolen_ticks = 20
        (folder / "meminfo").write_text("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\n")
        self.write()

    def write(self, cpus: int = 2) -> None:
        rows = "".join(f"cpu{number} 0 0 0 0 0 0 0 0\n" for number in range(cpus))
        # user nice system idle iowait irq softirq steal
        (self.folder / "stat").write_text(
            f"cpu  7 7 7 {self.idle_ticks} 30 5 5 {self.stolen_ticks} 0 0\n{rows}"
        )

    def advance(self, seconds: float, idle_seconds: float) -> None:
        self.seconds += seconds
        self.idle_ticks += round(idle_seconds * 100)
        self.write()

    def machine(self) -> Machine:
        return Machine(str(self.folder), lambda: self.seconds)


@pytest.fixture
def procfs(tmp_path: Path) -> Procfs:
    return Procfs(tmp_path)


def test_busy_is_what_is_not_idle(procfs: Procfs) -> None:
    machine = procfs.machine()
    assert machine.read().busy_cpu_seconds == 0
    procfs.advance(10, idle_seconds=15)
    assert machine.read().busy_cpu_seconds == pytest.approx(5)
    procfs.advance(10, idle_seconds=20)
    state = machine.read()
    assert state.busy_cpu_seconds == pytest.approx(5)
    assert (state.logical_cpus, state.memory_bytes) == (2, 1000 * 1024)


def test_what_a_hypervisor_took_is_a_share_of_the_time_that_cpus_were_held(procfs: Procfs) -> None:
    machine = procfs.machine()
    machine.read()
    assert machine.stolen_share == 0
    procfs.stolen_ticks += 100
    procfs.advance(10, idle_seconds=15)  # of the other 5 s one was taken away
    assert machine.read().busy_cpu_seconds == pytest.approx(4)
    assert machine.stolen_share == pytest.approx(0.2)
    procfs.stolen_ticks -= 50  # known to happen after a migration
    procfs.advance(4, idle_seconds=4)
    machine.read()
    assert 0.1 < machine.stolen_share < 0.2


def test_steps_of_the_idle_time_do_not_add_up(procfs: Procfs) -> None:
    """An idle machine that is read every 4 ms: its idle time moves every 10 ms."""
    machine = procfs.machine()
    machine.read()
    for step in range(1, 2501):
        procfs.seconds += 0.004
        procfs.idle_ticks = 5000 + int(step * 0.8)
        procfs.write()
        machine.read()
    assert machine.read().busy_cpu_seconds == pytest.approx(0, abs=0.011)


def test_a_cpu_that_goes_adds_nothing(procfs: Procfs) -> None:
    machine = procfs.machine()
    machine.read()
    procfs.idle_ticks = 100
    procfs.seconds += 1
    procfs.write(cpus=1)
    assert machine.read().busy_cpu_seconds == 0
    procfs.seconds += 2
    procfs.idle_ticks += 150
    procfs.write(cpus=1)
    assert machine.read().busy_cpu_seconds == pytest.approx(0.5)


def test_memory(procfs: Procfs) -> None:
    assert procfs.machine().memory() == (1000 * 1024, 600 * 1024)


@pytest.mark.parametrize("content", ["", "garbage\n", "cpu  1 2 3 four 5 6 7 8\n", "cpu 1\n"])
def test_a_stat_that_cannot_be_read(procfs: Procfs, content: str) -> None:
    machine = procfs.machine()
    (procfs.folder / "stat").write_text(content)
    with pytest.raises(ReadFailed, match="stat is not readable"):
        machine.read()


def test_packages_are_told_apart(procfs: Procfs) -> None:
    machine = Machine(
        str(procfs.folder),
        lambda: procfs.seconds,
        PackageLoad({0: frozenset({0}), 1: frozenset({1})}),
    )
    assert machine.package_ids == (0, 1)
    assert machine.read().busy_by_package == (0.0, 0.0)
    procfs.seconds += 1
    stat = procfs.folder / "stat"
    stat.write_text(stat.read_text().replace("cpu1 0 0 0 0", "cpu1 0 0 0 75"))
    state = machine.read()
    assert state.busy_by_package == pytest.approx((1.0, 0.25))
    assert state.cpus_by_package == (1, 1)
    stat.write_text("".join(line for line in stat.read_text().splitlines(keepends=True)[:2]))
    assert machine.read().cpus_by_package == (1, 0)
