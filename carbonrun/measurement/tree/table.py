"""The processes of the tree: who they are, and the CPU time of those that are waited for.

Every descendant is a child of a child of ours: carbonrun is their *subreaper*, so orphans and
double-forked daemons become our own children, and what they used is told by ``wait4`` when they
end. The sum is

    rusage of what we reaped  +  for each live process: its CPU clock + what it waited for

Live processes are read top-down, parents first: a child that ends in between is missed until the
next scan, never counted twice, so the sum only grows. It does not see children whose parent
ignores SIGCHLD; the perf counter and the control group do.

A scan visits every process (about 30 microseconds each), so it is made only as often as keeps it
below ``SCAN_CPU_SHARE`` of one CPU; between scans clocks are read (1.4 microseconds each).
"""

from __future__ import annotations

import os

from carbonrun.exit_status import ExitStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from typing import Protocol

    from carbonrun.measurement.tree.procstat import ProcessStat, StorageIo
else:
    Protocol = object


class ProcessReader(Protocol):
    """What the table needs to be told by the system."""

    name: str

    def stat(self, pid: int) -> ProcessStat | None:
        """Return a process, zombies too; None if it is gone."""

    def ignores_children(self, pid: int) -> bool:
        """Tell whether a process ignores SIGCHLD, so that nobody waits for its children."""

    def command(self, pid: int) -> tuple[str, ...]:
        """Return the words of the command line, the first 4 KiB; empty if it is not known."""

    def has_in_environment(self, pid: int, entry: bytes) -> bool:
        """Tell whether a process was started with an entry in its environment; True if unknown."""

    def descendants(self, pid: int, strangers: Container[int]) -> Iterable[ProcessStat]:
        """Yield the live descendants, parents before children, without the strangers' branches."""

    def cpu_seconds(self, pid: int) -> float | None:
        """Return the CPU time of a process with all of its threads; None if it is gone."""

    def proportional_bytes(self, pid: int) -> int | None:
        """Return the memory of a process, shared pages divided among those who share them."""

    def storage_io(self, pid: int) -> StorageIo | None:
        """Return what a process and those it has waited for moved; None if that is not told."""

    def own_peak_memory_bytes(self) -> int | None:
        """Return the highest resident memory of this program so far."""


# Of a smaller one it matters little how much it shares.
LARGE_BYTES = 16 << 20
# Of ``ru_inblock`` and ``ru_oublock``. Source: linux/task_io_accounting_ops.h.
BLOCK_BYTES = 512


class LiveProcess:
    """What is known of one process that has not ended as far as we know; identity (pid, start)."""

    __slots__ = ("cpu_seconds", "is_measured", "pid", "proportional", "stat")

    def __init__(self, stat: ProcessStat) -> None:
        """Start from a first sight of the process."""
        self.pid = stat.pid
        self.stat = stat
        self.cpu_seconds = 0.0
        self.proportional = 1.0
        self.is_measured = False

    def read_clock(self, reader: ProcessReader) -> bool:
        """Refresh the CPU time; False if the process is gone."""
        seconds = reader.cpu_seconds(self.pid)
        if seconds is None:
            return False
        self.cpu_seconds = max(self.cpu_seconds, seconds)
        return True


class ProcessTable:
    """All processes of the tree, as far as they were seen."""

    def __init__(
        self, reader: ProcessReader, own_pid: int, strangers: frozenset[int], mark: bytes
    ) -> None:
        """Watch the descendants of ``own_pid``.

        Args:
            reader: tells about single processes.
            own_pid: carbonrun itself.
            strangers: children that it had before the command was started.
            mark: an entry in the environment of the command, and of what it starts.
        """
        # The orphans of strangers become our children as well.
        self._doubts_orphans = bool(strangers)
        self._mark = mark
        self.reader = reader
        self.own_pid = own_pid
        self.strangers = set(strangers)
        self._helper_cpu_seconds = 0.0
        self._helpers: set[int] = set()
        self.command_pid = -1
        self.exit_status: ExitStatus | None = None
        self.live: dict[int, LiveProcess] = {}
        self.seen = 0
        self.reaped_cpu_seconds = 0.0
        self._largest_resident_bytes = 0
        self.read_bytes: int | None = 0
        self.write_bytes: int | None = 0
        self.named_cpu_seconds: dict[str, float] = {}
        self.named_processes: dict[str, int] = {}
        self.parted: list[LiveProcess] | None = None  # those that have ended, if one wants to know

    def scan(self) -> None:
        """Visit every live process of the tree, parents first."""
        found: dict[int, LiveProcess] = {}
        for stat in self.reader.descendants(self.own_pid, self.strangers):
            if self._doubts_orphans and self._is_strange(stat):
                self.strangers.add(stat.pid)
                continue
            process = self.live.get(stat.pid)
            if process is None or process.stat.start_ticks != stat.start_ticks:
                process = self._meet(stat)
            process.stat = stat
            process.read_clock(self.reader)
            found[stat.pid] = process
        for pid in [pid for pid in self.live if pid not in found]:
            self._part(pid)
        self.live = found

    def _is_strange(self, stat: ProcessStat) -> bool:
        """Tell whether a process is an orphan of a stranger, or below one."""
        if stat.parent_pid in self.strangers:
            return True
        is_adopted = stat.parent_pid == self.own_pid and stat.pid != self.command_pid
        if not is_adopted or stat.pid in self.live or stat.is_zombie:
            return False
        return not self.reader.has_in_environment(stat.pid, self._mark)

    def cpu_seconds(self) -> float:
        """Return the sum of the module's formula with fresh clocks of the known processes."""
        for pid in [pid for pid, p in self.live.items() if not p.read_clock(self.reader)]:
            self._part(pid)
        return self.reaped_cpu_seconds + sum(
            process.cpu_seconds + process.stat.waited_cpu_seconds for process in self.live.values()
        )

    def resident_bytes(self) -> int:
        """Return the sum of resident set sizes at the last scan, scaled to proportional ones."""
        return int(sum(p.stat.resident_bytes * p.proportional for p in self.live.values()))

    def largest_resident_bytes(self) -> int | None:
        """Return the peak of the largest process that was reaped, None if it tells nothing.

        A process inherits the peak of the one that it was spawned from, which is carbonrun's own
        for the command: only what is above that is the command's.
        """
        own = self.reader.own_peak_memory_bytes()
        if own is None or self._largest_resident_bytes <= own:
            return None
        return self._largest_resident_bytes

    def has_unshared(self) -> bool:
        """Tell whether there is a large process whose shared memory was not measured yet."""
        new = [process for process in self.live.values() if not process.is_measured]
        return any(process.stat.resident_bytes >= LARGE_BYTES for process in new)

    def measure_sharing(self) -> None:
        """Read how much of each live process's memory is its own (PSS of RSS)."""
        for process in self.live.values():
            process.is_measured = True
            resident = process.stat.resident_bytes
            proportional = self.reader.proportional_bytes(process.pid)
            if proportional is not None and resident > 0:
                process.proportional = min(1.0, proportional / resident)

    def reap_orphans(self) -> None:
        """Take the use of adopted descendants that have ended; leaves the command a zombie."""
        while True:
            try:
                state = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if state is None or state.si_pid == self.command_pid:
                return
            self._reap(state.si_pid)

    def reap_command(self) -> ExitStatus:
        """Take the use of the command, which has ended, and return how it ended."""
        self.exit_status = ExitStatus.from_wait_status(self._reap(self.command_pid))
        self.command_pid = -1
        self.reap_orphans()
        return self.exit_status

    def wait_for_command(self) -> ExitStatus:
        """Return how the command ended, however long that takes; measures nothing."""
        if self.exit_status is None:
            self.exit_status = ExitStatus.from_wait_status(os.waitpid(self.command_pid, 0)[1])
        return self.exit_status

    def command_has_ended(self) -> bool:
        """Tell whether the command has ended, reaped or not; asks, and does not wait."""
        if self.exit_status is not None:
            return True
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, self.command_pid, options) is not None
        except ChildProcessError:
            return True

    def adopt(self, pid: int) -> None:
        """Take note of a helper of ours: a child that is no part of the tree."""
        self.strangers.add(pid)
        self._helpers.add(pid)

    def has(self, pid: int) -> bool:
        """Tell whether a helper was not yet reaped, so that its number is still its own."""
        return pid in self._helpers

    def helper_cpu_seconds(self) -> float:
        """Return CPU seconds of all helpers so far, which counters of ours may have in them."""
        clocks = [self.reader.cpu_seconds(pid) for pid in self._helpers]
        return self._helper_cpu_seconds + sum(seconds or 0.0 for seconds in clocks)

    def _meet(self, stat: ProcessStat) -> LiveProcess:
        self.seen += 1
        if stat.pid in self.live:
            self._part(stat.pid)  # the number was used again
        self.live[stat.pid] = LiveProcess(stat)
        return self.live[stat.pid]

    def _part(self, pid: int) -> None:
        process = self.live.pop(pid)
        if self.parted is not None:
            self.parted.append(process)
        name = process.stat.name
        self.named_cpu_seconds[name] = self.named_cpu_seconds.get(name, 0.0) + process.cpu_seconds
        self.named_processes[name] = self.named_processes.get(name, 0) + 1

    def _reap(self, pid: int) -> int:
        if pid in self.strangers:
            return self._reap_stranger(pid)
        self._last_sight(pid)
        if pid == self.command_pid:
            # Whatever fails from here on, how the command ended is known.
            self.exit_status = ExitStatus.from_waitid(
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            )
        _, status, usage = os.wait4(pid, 0)
        self.reaped_cpu_seconds += usage.ru_utime + usage.ru_stime
        self._largest_resident_bytes = max(self._largest_resident_bytes, usage.ru_maxrss * 1024)
        # procfs shows the same of a zombie, but to root only.
        self._add_moved(usage.ru_inblock * BLOCK_BYTES, usage.ru_oublock * BLOCK_BYTES)
        if pid in self.live:
            self._part(pid)
        return status

    def _reap_stranger(self, pid: int) -> int:
        self.strangers.discard(pid)
        _, status, usage = os.wait4(pid, 0)
        if pid in self._helpers:
            self._helpers.discard(pid)
            self._helper_cpu_seconds += usage.ru_utime + usage.ru_stime
        return status

    def _last_sight(self, pid: int) -> None:
        """Read a zombie once more: its name and CPU clock are there until it is reaped."""
        stat = self.reader.stat(pid)
        if stat is not None:
            process = self.live.get(pid) or self._meet(stat)
            process.stat = stat
            process.read_clock(self.reader)

    def add_io(self, pid: int) -> None:
        """Add the storage I/O of a live process and of all that it has waited for."""
        io = self.reader.storage_io(pid)
        if io is None:
            self.read_bytes = self.write_bytes = None  # one unknown part makes the sum unknown
        else:
            self._add_moved(io.read_bytes, io.write_bytes)

    def _add_moved(self, read_bytes: int, write_bytes: int) -> None:
        if self.read_bytes is not None and self.write_bytes is not None:
            self.read_bytes += read_bytes
            self.write_bytes += write_bytes
