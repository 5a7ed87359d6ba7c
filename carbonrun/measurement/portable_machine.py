"""The whole machine's activity as psutil shows it, where there is no procfs."""

from __future__ import annotations

import time

import psutil

from carbonrun.errors import ReadFailed
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.model import MachineState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_IDLE = ("idle", "iowait", "steal")


class PortableMachine(Machine):
    """Reads the state of the machine through psutil; packages are not told apart."""

    def __init__(self, now_seconds: Callable[[], float] = time.monotonic) -> None:
        """Start; the clock stops while the machine sleeps."""
        super().__init__("", now_seconds)

    def read(self) -> MachineState:
        """Return busy time since the first reading, CPUs and memory now.

        Raises:
            ReadFailed: the system does not tell.
        """
        now_seconds = self._now_seconds()
        try:
            times = psutil.cpu_times()
        except (OSError, psutil.Error) as error:
            raise ReadFailed(f"the system does not tell its CPU time: {error}") from error
        logical_cpus = psutil.cpu_count() or 1
        idle_seconds = sum(float(getattr(times, name, 0.0)) for name in _IDLE)
        self._add(now_seconds, idle_seconds, logical_cpus)
        return MachineState(
            busy_cpu_seconds=self._busy_seconds,
            logical_cpus=logical_cpus,
            memory_bytes=self._memory_bytes,
        )

    def memory(self) -> tuple[int, int]:
        """Return installed and used bytes; used is what is not available to new programs."""
        try:
            memory = psutil.virtual_memory()
        except (OSError, psutil.Error):
            return 0, 0
        return int(memory.total), max(0, int(memory.total - memory.available))


def physical_cpus() -> int | None:
    """Return the number of cores, None where that is not told."""
    return psutil.cpu_count(logical=False)
