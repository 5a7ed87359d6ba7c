"""A machine in memory whose power is a known function of its load, with a procfs and a fake clock.

Time passes when somebody sleeps. What is busy is what a calibration loads, and a background load;
meters show the energy of functions of the load.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from carbonrun.errors import ReadFailed
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.model import COUNTER, Device
from tests.machine.fake_clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from carbonrun.clock import Instant
    from carbonrun.measurement.model import MachineState
    from carbonrun.notes import Notes

    Watts = Callable[[float], float]

_TICKS = os.sysconf("SC_CLK_TCK")


class FunctionMeter:
    """A meter of a device whose power is a function of the machine's load."""

    def __init__(self, device_id: str, kind: str, watts: Watts) -> None:
        """Start at zero."""
        self.device = Device(
            id=device_id,
            kind=kind,
            name=f"the {device_id}",
            meter="test",
            method=COUNTER,
            source="a function",
            low_factor=0.9,
            high_factor=1.1,
        )
        self.watts = watts
        self.joules = 0.0
        self.fails = False
        self.complaint: str | None = None

    def read_joules(self, now: Instant, machine: MachineState) -> float:  # noqa: ARG002
        """Return what was used so far."""
        if self.fails:
            raise ReadFailed("the test says so")
        return self.joules

    def notes(self, into: Notes) -> None:
        """Complain, if the test says so."""
        if self.complaint is not None:
            into.warn("test", self.complaint)


class LoadedMachine:
    """See the module.

    Attributes:
        sysfs, procfs: roots; sysfs is empty.
        meters: those that were added.
        workers: CPUs that the calibration keeps busy.
        most_workers: how many there ever were.
        background: CPUs that somebody else keeps busy; may be changed at any time.
    """

    def __init__(self, folder: Path, cpus: int = 4, background: float = 0.0) -> None:
        """Make the files in ``folder``."""
        self.clock = FakeClock()
        self.cpus = cpus
        self.background = background
        self.workers = self.most_workers = 0
        self.loses_worker = False
        self.meters: list[FunctionMeter] = []
        self.procfs_folder = folder / "proc"
        self.procfs_folder.mkdir()
        self.sysfs_folder = folder / "sys"
        self.sysfs_folder.mkdir()
        self.procfs, self.sysfs = str(self.procfs_folder), str(self.sysfs_folder)
        self._idle_seconds = 0.0
        self._write()

    @property
    def load_now(self) -> float:
        """Return the share of the CPUs that is busy."""
        return min(1.0, (self.workers + self.background) / self.cpus)

    def add_meter(self, device_id: str, kind: str, watts: Watts) -> FunctionMeter:
        """Add a device."""
        self.meters.append(FunctionMeter(device_id, kind, watts))
        return self.meters[-1]

    def machine(self) -> Machine:
        """Return the reader of the procfs, on the fake clock."""
        return Machine(self.procfs, lambda: self.clock.now().monotonic_seconds)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self._idle_seconds += self.cpus * (1 - self.load_now) * seconds
        for meter in self.meters:
            meter.joules += meter.watts(self.load_now) * seconds
        self._write()

    @contextmanager
    def workload(self) -> Iterator[LoadedMachine]:
        """Let a calibration load the machine; afterwards it is not loaded."""
        try:
            yield self
        finally:
            self.workers = 0

    def load(self, count: int) -> None:
        """Keep so many CPUs busy."""
        self.workers = count
        self.most_workers = max(self.most_workers, count)

    def has_lost_one(self) -> bool:
        """Tell what the test says."""
        return self.loses_worker

    def show_process(self, pid: int, name: str, cpu_seconds: float, parent: int = 1) -> None:
        """Show a process in procfs; again to change it. Waited CPU seconds stay 0."""
        folder = self.procfs_folder / str(pid)
        folder.mkdir(exist_ok=True)
        ticks = round(cpu_seconds * _TICKS)
        zeros = " ".join(["0"] * 9)
        text = f"{pid} ({name}) S {parent} {zeros} {ticks} 0 0 0 20 0 1 0 {pid * 10} 0 0\n"
        (folder / "stat").write_text(text)

    def _write(self) -> None:
        rows = "".join(f"cpu{number} 0 0 0 0\n" for number in range(self.cpus))
        # user nice system idle iowait irq softirq steal
        idle_ticks = round(self._idle_seconds * _TICKS)
        (self.procfs_folder / "stat").write_text(f"cpu  0 0 0 {idle_ticks} 0 0 0 0 0 0\n{rows}")
