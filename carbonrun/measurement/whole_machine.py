"""The accountant of the whole machine: every process that there is, whoever started it."""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.tree.accountant import TreeAccountant
from carbonrun.measurement.tree.everybody import MachineTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.tree.table import ProcessReader


class MachineTree(TreeAccountant):
    """All processes of the machine; their CPU time is what the machine was busy."""

    is_watched = True

    def __init__(
        self, procfs: str, machine: Machine | None = None, reader: ProcessReader | None = None
    ) -> None:
        """Start now; machine and processes are read from procfs if nothing else is given."""
        super().__init__(MachineTable(procfs, reader=reader), None, None)
        self._machine = machine or Machine(procfs)
        self._busy_seconds = 0.0
        self._read_cpu_seconds()

    def left_running(self) -> int | None:
        """Return None: a machine goes on."""
        return None

    def memory_bytes(self) -> int | None:
        """Return the memory in use on the machine."""
        self._note_memory(self._measure_memory())
        return self._memory_bytes

    def _measure_memory(self) -> int | None:
        return self._machine.memory()[1] or None

    def _may_measure_sharing(self, elapsed_seconds: float) -> bool:  # noqa: ARG002 - never
        return False

    def _read_cpu_seconds(self) -> float:
        """Return busy CPU seconds since the start; that of the processes is part of it."""
        try:
            self._busy_seconds = self._machine.read().busy_cpu_seconds
        except ReadFailed:
            pass  # the sampler says so
        self.table.cpu_seconds()  # refreshes the clocks, which are shown by name
        return self._busy_seconds
