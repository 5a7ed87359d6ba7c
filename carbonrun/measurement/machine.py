"""The whole machine's activity: busy CPU time, CPUs, installed and used memory.

Busy time comes from the true root control group where it is mounted (microseconds), else from
``/proc/stat`` (steps of 10 ms per CPU: too coarse for runs under a second, which is part of the
bounds then). Idle and waiting for I/O is not busy; guest time is part of user time already.

Source: proc_stat(5), proc_meminfo(5); cgroup-v2.rst.
"""

from __future__ import annotations

import os

from carbonrun.errors import ReadFailed
from carbonrun.measurement.model import MachineState
from carbonrun.measurement.tree.procstat import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.tree.cgroup import Group

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
# user nice system (idle iowait) irq softirq steal; guest and guest_nice are inside user and nice.
_BUSY_COLUMNS = (0, 1, 2, 5, 6)


class Machine:
    """Reads the state of the machine under ``procfs``."""

    def __init__(self, procfs: str, root_group: Group | None) -> None:
        """Use the root control group for busy time if there is one."""
        self._procfs = procfs
        self._root_group = root_group
        self._memory_bytes = self.memory()[0]

    @property
    def busy_resolution_seconds(self) -> float:
        """Return how far off the busy time may be for each CPU between two readings."""
        return 0.001 if self._root_group is not None else 1.0 / _CLOCK_TICKS

    def read(self) -> MachineState:
        """Return busy time, CPUs and memory now.

        Raises:
            ReadFailed: procfs does not tell.
            MeterUnavailable: the root control group does not tell.
        """
        if self._root_group is None:
            busy_seconds, logical_cpus = self._read_stat()
        else:
            busy_seconds = self._root_group.cpu_seconds()
            logical_cpus = os.sysconf("SC_NPROCESSORS_ONLN")
        return MachineState(
            busy_cpu_seconds=busy_seconds,
            logical_cpus=logical_cpus,
            memory_bytes=self._memory_bytes,
        )

    def _read_stat(self) -> tuple[float, int]:
        try:
            content = read_bytes(f"{self._procfs}/stat")
            fields = content[: content.index(b"\n")].split()[1:]
            busy_ticks = sum(int(fields[column]) for column in _BUSY_COLUMNS)
        except (OSError, ValueError, IndexError) as error:
            raise ReadFailed(f"{self._procfs}/stat is not readable") from error
        return busy_ticks / _CLOCK_TICKS, max(1, content.count(b"\ncpu"))

    def memory(self) -> tuple[int, int]:
        """Return installed and used bytes; used is what is not available to new programs."""
        try:
            fields = read_bytes(f"{self._procfs}/meminfo").split()
            total = int(fields[fields.index(b"MemTotal:") + 1]) * 1024
            available = int(fields[fields.index(b"MemAvailable:") + 1]) * 1024
        except (OSError, ValueError, IndexError):
            return 0, 0
        return total, max(0, total - available)
