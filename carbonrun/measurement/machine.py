"""The whole machine's activity: busy CPU time, CPUs, installed and used memory.

Busy is what is not idle, waiting for I/O, or taken away by a hypervisor. The kernel keeps the idle
time of a CPU exactly, while its figures for user and system time (in ``/proc/stat`` as in the root
control group) are samples of the clock tick: they miss a program that sleeps in step with it (5 %
of all busy time in a test). All are shown in steps of 10 ms for all CPUs together, which is part of
the bounds of a short run.

Source: proc_stat(5), proc_meminfo(5); linux/kernel/time/tick-sched.c, ``get_cpu_idle_time_us``.
"""

from __future__ import annotations

import time

from carbonrun.errors import ReadFailed
from carbonrun.measurement.model import MachineState
from carbonrun.measurement.tree.procstat import CLOCK_TICKS, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.measurement.package_load import PackageLoad

# user nice system idle iowait irq softirq steal ...
_STOLEN_COLUMN = 7
_IDLE_COLUMNS = (3, 4, _STOLEN_COLUMN)
# Three columns, each cut off to a step, at both ends.
BUSY_RESOLUTION_SECONDS = 2.0 / CLOCK_TICKS


class Machine:
    """Reads the state of the machine under ``procfs``."""

    def __init__(
        self,
        procfs: str,
        now_seconds: Callable[[], float] = time.monotonic,
        packages: PackageLoad | None = None,
    ) -> None:
        """Describe where to read.

        Args:
            procfs: the mount point.
            now_seconds: a clock that stops while the machine sleeps.
            packages: where there are several, they are told apart.
        """
        self._procfs = procfs
        self._packages = packages
        self._now_seconds = now_seconds
        self._memory_bytes = self.memory()[0]
        # Time, idle time and stolen time of the last reading.
        self._before: tuple[float, float, float] | None = None
        self._sum_seconds = self._busy_seconds = self._stolen_seconds = 0.0

    @property
    def stolen_share(self) -> float:
        """Return how much of the time that programs held CPUs a hypervisor had them; below 1."""
        held_seconds = self._busy_seconds + self._stolen_seconds
        return self._stolen_seconds / held_seconds if self._busy_seconds > 0 else 0.0

    def read(self) -> MachineState:
        """Return busy time since the first reading, CPUs and memory now.

        Raises:
            ReadFailed: procfs does not tell.
        """
        now_seconds = self._now_seconds()
        content = self._read_stat()
        idle_seconds, stolen_seconds, logical_cpus = _whole(content)
        packages = self._packages
        if packages is not None:
            before = now_seconds if self._before is None else self._before[0]
            packages.update(_by_cpu(content), now_seconds - before)
        self._add(now_seconds, idle_seconds, logical_cpus, stolen_seconds)
        return MachineState(
            busy_cpu_seconds=self._busy_seconds,
            logical_cpus=logical_cpus,
            memory_bytes=self._memory_bytes,
            busy_by_package=() if packages is None else packages.busy_seconds,
            cpus_by_package=() if packages is None else packages.online,
        )

    def _add(
        self,
        now_seconds: float,
        idle_seconds: float,
        logical_cpus: int,
        stolen_seconds: float = 0.0,
    ) -> None:
        """Add what was busy, and what was taken away, since the last reading."""
        if self._before is not None:
            seconds, idle = now_seconds - self._before[0], idle_seconds - self._before[1]
            self._stolen_seconds += max(0.0, stolen_seconds - self._before[2])
            # A CPU that goes takes its idle time with it: then nothing is known.
            if idle >= 0:
                self._sum_seconds += logical_cpus * seconds - idle
            # The steps of the idle time make the sum go back a little at times.
            self._busy_seconds = max(self._busy_seconds, self._sum_seconds)
        self._before = now_seconds, idle_seconds, stolen_seconds

    @property
    def package_ids(self) -> tuple[int, ...]:
        """Return the numbers of the packages that are told apart; empty if none are."""
        return () if self._packages is None else self._packages.ids

    def _read_stat(self) -> bytes:
        try:
            content = read_bytes(f"{self._procfs}/stat")
            _whole(content)
        except (OSError, ValueError, IndexError) as error:
            raise ReadFailed(f"{self._procfs}/stat is not readable") from error
        return content

    def memory(self) -> tuple[int, int]:
        """Return installed and used bytes; used is what is not available to new programs."""
        try:
            fields = read_bytes(f"{self._procfs}/meminfo").split()
            total = int(fields[fields.index(b"MemTotal:") + 1]) * 1024
            available = int(fields[fields.index(b"MemAvailable:") + 1]) * 1024
        except (OSError, ValueError, IndexError):
            return 0, 0
        return total, max(0, total - available)


def _whole(content: bytes) -> tuple[float, float, int]:
    """Return idle seconds of all CPUs, what of them was stolen, and how many CPUs there are."""
    fields = content[: content.index(b"\n")].split()
    stolen_seconds = int(fields[_STOLEN_COLUMN + 1]) / CLOCK_TICKS
    return _idle_seconds(fields), stolen_seconds, max(1, content.count(b"\ncpu"))


def _by_cpu(content: bytes) -> dict[int, float]:
    """Return idle seconds by the number of the CPU."""
    rows = [row.split() for row in content.split(b"\n") if row.startswith(b"cpu")]
    return {
        int(fields[0][3:]): _idle_seconds(fields)
        for fields in rows
        if fields[0] != b"cpu" and len(fields) > max(_IDLE_COLUMNS) + 1
    }


def _idle_seconds(fields: list[bytes]) -> float:
    return sum(int(fields[column + 1]) for column in _IDLE_COLUMNS) / CLOCK_TICKS
