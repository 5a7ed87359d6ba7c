"""The whole machine's activity: busy CPU time, CPUs, installed and used memory.

Busy is what is not idle, waiting for I/O, or taken away by a hypervisor. The kernel keeps the idle
time of a CPU exactly, while its figures for user and system time (in ``/proc/stat`` as in the root
control group) are samples of the clock tick: they miss a program that sleeps in step with it (5 %
of all busy time in a test). All are shown in steps of 10 ms for all CPUs together, which is part of
the bounds of a short run.

Source: proc_stat(5), proc_meminfo(5); linux/kernel/time/tick-sched.c, ``get_cpu_idle_time_us``.
"""

from __future__ import annotations

import os
import time

from carbonrun.errors import ReadFailed
from carbonrun.measurement.model import MachineState
from carbonrun.measurement.tree.procstat import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
# user nice system idle iowait irq softirq steal ...
_IDLE_COLUMNS = (3, 4, 7)
# Three columns, each cut off to a step, at both ends.
BUSY_RESOLUTION_SECONDS = 2.0 / _CLOCK_TICKS


class Machine:
    """Reads the state of the machine under ``procfs``."""

    def __init__(self, procfs: str, now_seconds: Callable[[], float] = time.monotonic) -> None:
        """Read from ``procfs``; ``now_seconds`` is a clock that stops while the machine sleeps."""
        self._procfs = procfs
        self._now_seconds = now_seconds
        self._memory_bytes = self.memory()[0]
        self._before: tuple[float, float] | None = None  # time and idle time of the last reading
        self._sum_seconds = self._busy_seconds = 0.0

    def read(self) -> MachineState:
        """Return busy time since the first reading, CPUs and memory now.

        Raises:
            ReadFailed: procfs does not tell.
        """
        now_seconds = self._now_seconds()
        idle_seconds, logical_cpus = self._read_stat()
        if self._before is not None:
            seconds, idle = now_seconds - self._before[0], idle_seconds - self._before[1]
            # A CPU that goes takes its idle time with it: then nothing is known.
            if idle >= 0:
                self._sum_seconds += logical_cpus * seconds - idle
            # The steps of the idle time make the sum go back a little at times.
            self._busy_seconds = max(self._busy_seconds, self._sum_seconds)
        self._before = now_seconds, idle_seconds
        return MachineState(
            busy_cpu_seconds=self._busy_seconds,
            logical_cpus=logical_cpus,
            memory_bytes=self._memory_bytes,
        )

    def _read_stat(self) -> tuple[float, int]:
        try:
            content = read_bytes(f"{self._procfs}/stat")
            fields = content[: content.index(b"\n")].split()[1:]
            idle_ticks = sum(int(fields[column]) for column in _IDLE_COLUMNS)
        except (OSError, ValueError, IndexError) as error:
            raise ReadFailed(f"{self._procfs}/stat is not readable") from error
        return idle_ticks / _CLOCK_TICKS, max(1, content.count(b"\ncpu"))

    def memory(self) -> tuple[int, int]:
        """Return installed and used bytes; used is what is not available to new programs."""
        try:
            fields = read_bytes(f"{self._procfs}/meminfo").split()
            total = int(fields[fields.index(b"MemTotal:") + 1]) * 1024
            available = int(fields[fields.index(b"MemAvailable:") + 1]) * 1024
        except (OSError, ValueError, IndexError):
            return 0, 0
        return total, max(0, total - available)
