"""Every process of the machine, for watching all of it."""

from __future__ import annotations

import os
import time

from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.procstat import CLOCK_TICKS, read_bytes
from carbonrun.measurement.tree.watched import WatchedTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from carbonrun.measurement.tree.procstat import ProcessStat
    from carbonrun.measurement.tree.table import ProcessReader


class MachineReader(ProcfsReader):
    """Reads the processes of the machine that a mount point of procfs belongs to.

    In a container that may be the host's: its process ids mean somebody else here, so the clocks
    of processes are no use, and their times have steps of a clock tick.
    """

    def __init__(self, procfs: str) -> None:
        """Read from ``procfs``."""
        super().__init__(procfs)
        self._root = procfs
        self._is_own = _own_pid_in(procfs) == os.getpid()

    def descendants(self, pid: int, strangers: Container[int]) -> Iterator[ProcessStat]:  # noqa: ARG002 - of everybody
        """Yield all processes, kernel threads too; nobody is left out."""
        try:
            names = os.listdir(self._root)  # noqa: PTH208
        except OSError:
            return
        yield from filter(None, (self.stat(int(name)) for name in names if name.isdigit()))

    def cpu_seconds(self, pid: int) -> float | None:
        """Return CPU time from the clock of the process where it can be had, else from its stat."""
        if self._is_own:
            return super().cpu_seconds(pid)
        try:
            fields = read_bytes(f"{self._root}/{pid}/stat").rpartition(b") ")[2].split()
            return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
        except (OSError, IndexError, ValueError):
            return None


class MachineTable(WatchedTable):
    """All processes of the machine; their names and CPU times, not their sum."""

    def __init__(
        self,
        procfs: str,
        now_seconds: Callable[[], float] = time.monotonic,
        reader: ProcessReader | None = None,
    ) -> None:
        """Take note of what all have used so far, as ``reader`` shows them if not procfs."""
        super().__init__(reader or MachineReader(procfs), 0, frozenset(), now_seconds)

    def _everybody(self) -> Iterator[ProcessStat]:
        return iter(self.reader.descendants(0, ()))


def _own_pid_in(procfs: str) -> int | None:
    try:
        return int(os.readlink(f"{procfs}/self"))  # noqa: PTH115
    except (OSError, ValueError):
        return None
