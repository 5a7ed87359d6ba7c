"""The accountant of the very process that carbonrun is in, and of what that starts from now on.

As for a process that was running already (:mod:`carbonrun.measurement.tree.attached`), and better
where a process knows more of itself: what its children have used is told to the microsecond, and a
perf counter on each of its threads is inherited by all that comes, so children that nobody waits
for are not missed. What carbonrun itself uses is taken off. Nobody's children are waited for.
"""

from __future__ import annotations

import os
import resource
import time

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.attached import AttachedTree, group_of
from carbonrun.measurement.tree.perf import (
    ANY_CPU,
    EXCLUDE_KERNEL,
    INHERIT,
    NANOSECONDS,
    TASK_CLOCK,
    open_event,
    read_count,
)
from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.watched import WatchedTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.measurement.tree.cgroup import GroupUse
    from carbonrun.measurement.tree.procstat import ProcessStat

# Each takes a descriptor, and a little at each start of a process.
MOST_THREADS = 64
REAPING_SECONDS = 0.2


class OwnReader(ProcfsReader):
    """Reads processes; of this one it knows exactly what its children have used."""

    def stat(self, pid: int) -> ProcessStat | None:
        """Return a process; see :class:`carbonrun.measurement.tree.table.ProcessReader`."""
        stat = super().stat(pid)
        if stat is None or pid != os.getpid():
            return stat
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return stat.replace(waited_cpu_seconds=usage.ru_utime + usage.ru_stime)


class ThreadClocks:
    """A perf counter on each thread that there is, inherited by those and all processes to come."""

    is_complete = True

    def __init__(self, descriptors: list[int]) -> None:
        """Take over open perf descriptors, which count already."""
        self._descriptors = descriptors

    @classmethod
    def open(cls, procfs: str) -> ThreadClocks:
        """Open a counter on each thread of this process.

        Raises:
            MeterUnavailable: the kernel refuses, or there are too many threads.
        """
        threads = [int(name) for name in os.listdir(f"{procfs}/self/task")]  # noqa: PTH208
        if len(threads) > MOST_THREADS:
            raise MeterUnavailable(f"there are {len(threads)} threads")
        clocks = cls([])
        try:
            for thread in threads:
                flags = INHERIT | EXCLUDE_KERNEL
                clocks._descriptors.append(open_event(TASK_CLOCK, ANY_CPU, flags, task=thread))
        except MeterUnavailable:
            clocks.close()
            raise
        return clocks

    def cpu_seconds(self) -> float:
        """Return CPU seconds since they were opened.

        Raises:
            OSError: a counter cannot be read.
        """
        return sum(read_count(each) for each in self._descriptors) * NANOSECONDS

    def close(self) -> None:
        """Give the descriptors back."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []


class OwnTree(AttachedTree):
    """This process and its tree, without what carbonrun uses in it."""

    def __init__(
        self,
        table: WatchedTable,
        group: GroupUse | None,
        clocks: ThreadClocks | None,
        own_seconds: Callable[[], float],
    ) -> None:
        """Account from now on.

        Args:
            table: of this process.
            group: where nobody else is in it.
            clocks: of its threads, which see what nobody waits for.
            own_seconds: tells the CPU time of carbonrun since now.
        """
        super().__init__(table, group)
        self._clocks = clocks
        self._own_seconds = own_seconds
        self._helpers: list[int] = []

    @property
    def name(self) -> str:
        """Return the rung."""
        is_table = super().name == self.table.reader.name
        return "perf" if is_table and self._clocks is not None else super().name

    def perf_cpu_seconds(self) -> float | None:
        """Return what the counters alone say."""
        if self._clocks is None:
            return None
        try:
            return max(0.0, self._clocks.cpu_seconds() - self.table.helper_cpu_seconds())
        except OSError:
            self._clocks = None
            return None

    def left_running(self) -> int | None:
        """Return how many children and their children are alive."""
        return sum(
            not process.stat.is_zombie
            for pid, process in self.table.live.items()
            if pid != self.table.own_pid
        )

    def adopt(self, pid: int) -> None:
        """Take note of a helper of ours: nobody else waits for it."""
        super().adopt(pid)
        self._helpers.append(pid)

    def close(self) -> None:
        """Give all descriptors back, at the end or in a process that was forked."""
        if self._clocks is not None:
            self._clocks.close()
            self._clocks = None

    def reap_helpers(self) -> None:
        """Wait, but not for long, for helpers that were told to end; for nobody else."""
        end_seconds = time.monotonic() + REAPING_SECONDS
        while self._helpers and time.monotonic() < end_seconds:
            self._helpers = [pid for pid in self._helpers if not _is_reaped(pid)]
            if self._helpers:
                time.sleep(REAPING_SECONDS / 100)

    def _read_cpu_seconds(self) -> float:
        return max(0.0, super()._read_cpu_seconds() - self._own_seconds())


def _is_reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True  # the program waits for whoever ends


def account_for_this_process(procfs: str, own_seconds: Callable[[], float]) -> OwnTree:
    """Begin to account for this process.

    Args:
        procfs: where processes are looked up.
        own_seconds: tells the CPU time of carbonrun, since whenever.
    """
    pid = os.getpid()
    before_seconds = own_seconds()
    try:
        clocks = ThreadClocks.open(procfs)
    except (MeterUnavailable, OSError):
        clocks = None
    table = WatchedTable(OwnReader(procfs), pid, frozenset())
    group = group_of(pid, table, procfs)
    return OwnTree(table, group, clocks, lambda: own_seconds() - before_seconds)
