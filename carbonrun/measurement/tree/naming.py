"""Keeps the tree of calls up to date, by the best way that there is.

1. ``records``: the kernel's records of task switches (:mod:`carbonrun.measurement.tree.switches`).
2. ``looks``: what the process table sees, where there are no records, or no more.
"""

from __future__ import annotations

from carbonrun.measurement.tree.calls import CallTree
from carbonrun.measurement.tree.procstat import command_words
from carbonrun.measurement.tree.shares import divide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.tree.shares import Shares
    from carbonrun.measurement.tree.switches import SwitchRecords
    from carbonrun.measurement.tree.table import LiveProcess, ProcessTable

RECORDS, LOOKS = "records", "looks"


class Naming:
    """The tree of calls, and who tells of it.

    Attributes:
        tree: what is known so far.
        stopped_because: why there are no more records, None if nothing has happened.
    """

    def __init__(self, procfs: str, tree: CallTree, records: SwitchRecords | None) -> None:
        """Begin; ``records`` were opened before the command was started, for the same tree."""
        self.tree = tree
        self.stopped_because: str | None = None
        self._procfs = procfs
        self._records = records
        self._seen: dict[int, LiveProcess] = {}

    @property
    def method(self) -> str:
        """Return the way that is in use."""
        return RECORDS if self._records is not None else LOOKS

    @property
    def is_complete(self) -> bool:
        """Tell whether every process was seen from its start to all but its very end."""
        return self._records is not None and self._records.is_complete

    def start(self, pid: int, program: str) -> None:
        """Begin with the command itself."""
        self.tree.start(pid, program)

    def drain(self) -> None:
        """Take the records up to now; never fails."""
        if self._records is None:
            return
        try:
            self._records.drain()
            if not self._records.is_open:
                self._stop("reading the records of so many task switches takes too long")
        except Exception as error:  # noqa: BLE001 - exact names are given up, nothing else
            self._stop(f"the records of task switches cannot be read ({error})")

    def look(self, table: ProcessTable) -> None:
        """Take what the last scan of the process table has found."""
        self.drain()
        if self._records is None:
            self._part(table)
            for process in table.live.values():
                self._see(process)
        for pid in table.live:
            caller = self.tree.live.get(pid)
            if caller is not None and not caller.has_command:
                self.tree.describe(pid, command_words(self._procfs, pid))

    def divide(self, total_seconds: float, table: ProcessTable) -> Shares:
        """Return who has used what of the CPU time of the whole tree."""
        clocks = {pid: process.cpu_seconds for pid, process in table.live.items()}
        return divide(self.tree, total_seconds, clocks, misses_ends_only=self.is_complete)

    def _stop(self, reason: str) -> None:
        self.stopped_because = reason
        self._records = None

    def _part(self, table: ProcessTable) -> None:
        """Settle the accounts of those that the table does not see any more."""
        for pid in list(self.tree.live):
            process, now = self._seen.get(pid), table.live.get(pid)
            if now is not None and process in (None, now):
                continue
            if process is not None:
                self.tree.add_up_to(pid, process.cpu_seconds)
                del self._seen[pid]
            self.tree.end(pid)

    def _see(self, process: LiveProcess) -> None:
        pid, name = process.pid, process.stat.name
        if pid not in self.tree.live and not self.tree.fork(pid, process.stat.parent_pid):
            self.tree.start(pid, name)
        if self.tree.live[pid].call.program != name:
            self.tree.execute(pid, name)
        self.tree.add_up_to(pid, process.cpu_seconds)
        self._seen[pid] = process


def begin(procfs: str, cpus: range | None) -> Naming:
    """Return what names the processes of a command that is yet to be started.

    Args:
        procfs: where command lines are read.
        cpus: numbers of the CPUs to have records of, None for no records.
    """
    from carbonrun.errors import MeterUnavailable

    tree = CallTree()
    records = None
    if cpus is not None:
        from carbonrun.measurement.tree.switches import SwitchRecords

        try:
            records = SwitchRecords.open(cpus, tree)
        except MeterUnavailable:
            pass  # the looks go on telling
    return Naming(procfs, tree, records)
