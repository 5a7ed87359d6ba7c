"""The processes of a tree that carbonrun has not started: watched from some moment on.

What a process used before that moment is left out: it is known at first sight of those that were
there already. Nobody's end is told to us, so the sum is

    for each live process: its CPU clock since then  +  what "waited for" times have grown by

where the kernel moves a process's time from the first part to the second when its parent waits for
it (:mod:`carbonrun.measurement.tree.absorbed`). Processes that nobody watched waits for keep what
was last seen of them; how much that may be too little is known, and part of the bounds. What the
process at the top used at its very end is told by its own parent, if that waits for nobody else
meanwhile. Nothing at all is known of a process that comes and goes between two looks without being
waited for.
"""

from __future__ import annotations

import os
import time

from carbonrun.measurement.tree.absorbed import Gone, absorbed
from carbonrun.measurement.tree.procstat import CLOCK_TICKS
from carbonrun.measurement.tree.table import LiveProcess, ProcessTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from carbonrun.measurement.tree.procstat import ProcessStat
    from carbonrun.measurement.tree.table import ProcessReader

# User and system time, each cut off to a step.
WAITED_RESOLUTION_SECONDS = 2.0 / CLOCK_TICKS
NO_MARK = b""
_INIT = 1


class WatchedProcess(LiveProcess):
    """A live process; ``cpu_seconds`` is since it is watched, ``before_seconds`` was before."""

    __slots__ = ("before_seconds", "missed_seconds", "read_at_seconds")

    def __init__(self, stat: ProcessStat, now_seconds: float) -> None:
        """Start from a first sight."""
        super().__init__(stat)
        self.before_seconds = 0.0
        self.read_at_seconds = now_seconds
        self.missed_seconds = 0.0  # at the most, since its clock was read

    def read_clock(self, reader: ProcessReader) -> bool:
        """Refresh the CPU time; False if the process is gone."""
        seconds = reader.cpu_seconds(self.pid)
        if seconds is None:
            return False
        self.cpu_seconds = max(self.cpu_seconds, seconds - self.before_seconds)
        return True

    def as_gone(self) -> Gone:
        """Return what its parent's waited-for time grows by when it is waited for."""
        whole_seconds = self.before_seconds + self.cpu_seconds + self.stat.waited_cpu_seconds
        return Gone(pid=self.pid, parent_pid=self.stat.parent_pid, cpu_seconds=whole_seconds)


class WatchedTable(ProcessTable):
    """A process that was running already, and everything below it."""

    def __init__(
        self,
        reader: ProcessReader,
        root_pid: int,
        strangers: frozenset[int],
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take note of what all have used so far.

        Args:
            reader: tells about single processes.
            root_pid: the process at the top.
            strangers: processes to leave out, with all that is below them.
            now_seconds: a clock that never goes back.
        """
        super().__init__(reader, root_pid, strangers, NO_MARK)
        self.read_bytes = self.write_bytes = None  # nobody tells what was moved since
        self._now_seconds = now_seconds
        self._missed_seconds = 0.0
        self._waited_seconds = 0.0
        self._kept_seconds = 0.0
        self._doubtful: list[WatchedProcess] = []
        self._outside: ProcessStat | None = None  # the parent of the process at the top
        self._scanned_at_seconds = now_seconds()
        self._is_first_scan = True
        self.scan()
        self._is_first_scan = False

    @property
    def missed_cpu_seconds(self) -> float:
        """Return how much of what ended processes used may not have been seen, at the most."""
        return self._missed_seconds + sum(process.missed_seconds for process in self._doubtful)

    def scan(self) -> None:
        """Visit every live process of the tree, parents first."""
        found: dict[int, LiveProcess] = {}
        growth_seconds: dict[int, float] = {}
        for stat in self._everybody():
            process = self.live.get(stat.pid)
            if process is None or process.stat.start_ticks != stat.start_ticks:
                process = self._first_sight(stat)
                grown = 0.0 if self._is_first_scan else stat.waited_cpu_seconds
            else:
                grown = max(0.0, stat.waited_cpu_seconds - process.stat.waited_cpu_seconds)
            growth_seconds[stat.pid] = grown
            process.stat = stat
            found[stat.pid] = process
        gone = [p for pid, p in self.live.items() if found.get(pid) is not p]
        self.live = found
        self._read_clocks()
        self._waited_seconds += sum(growth_seconds.values())
        self._take_leave([p for p in gone if isinstance(p, WatchedProcess)], growth_seconds)
        top = found.get(self.own_pid)
        if top is not None:
            self._outside = self.reader.stat(top.stat.parent_pid)
        self._scanned_at_seconds = self._now_seconds()

    def cpu_seconds(self) -> float:
        """Return the sum of the module's formula with fresh clocks of the known processes."""
        self._read_clocks()
        live_seconds = sum(process.cpu_seconds for process in self.live.values())
        doubtful_seconds = sum(process.cpu_seconds for process in self._doubtful)
        return self._kept_seconds + self._waited_seconds + live_seconds + doubtful_seconds

    def _read_clocks(self) -> None:
        now_seconds = self._now_seconds()
        for process in self.live.values():
            if process.read_clock(self.reader) and isinstance(process, WatchedProcess):
                process.read_at_seconds = now_seconds

    def add_io(self, pid: int) -> None:
        """Do nothing: what a process moved before it was watched cannot be told apart."""

    def _everybody(self) -> Iterator[ProcessStat]:
        """Yield the tree, and those of it whose parent has ended: they have left it meanwhile."""
        seen: set[int] = set()
        rest = sorted(self.live.values(), key=lambda process: process.stat.start_ticks)
        for pid, known in ((self.own_pid, None), *((p.pid, p.stat) for p in rest)):
            if pid in seen or pid in self.strangers:
                continue
            top = self.reader.stat(pid)
            if top is None or (known is not None and known.start_ticks != top.start_ticks):
                continue
            for stat in self._below(top):
                if stat.pid not in seen:
                    seen.add(stat.pid)
                    yield stat

    def _below(self, top: ProcessStat) -> Iterable[ProcessStat]:
        yield top
        yield from self.reader.descendants(top.pid, self.strangers)

    def _first_sight(self, stat: ProcessStat) -> WatchedProcess:
        self.seen += 1
        process = WatchedProcess(stat, self._now_seconds())
        if self._is_first_scan:
            process.before_seconds = self.reader.cpu_seconds(stat.pid) or 0.0
        return process

    def _take_leave(self, gone: list[WatchedProcess], growth_seconds: dict[int, float]) -> None:
        """Settle the accounts of those that have ended.

        One whose parent has not grown gets a second chance: it may have ended just after its
        parent was looked at.
        """
        before, self._doubtful = self._doubtful, []
        moved = absorbed(
            [process.as_gone() for process in (*before, *gone)],
            growth_seconds,
            WAITED_RESOLUTION_SECONDS,
        )
        for process in gone:
            self._count_by_name(process)
        for process in before:
            if process.pid not in moved:
                self._kept_seconds += process.cpu_seconds
                self._missed_seconds += process.missed_seconds
        for process in gone:
            if process.pid not in moved:
                self._doubtful.append(process)
                self._miss(process)
        if any(process.pid == self.own_pid for process in gone):
            self._hear_from_outside(self._doubtful)
        for process in (*before, *gone):
            if process.pid in moved:
                # It has come with all that was before, and with what was counted already.
                counted = process.before_seconds + process.stat.waited_cpu_seconds
                self._waited_seconds -= counted

    def _miss(self, process: WatchedProcess) -> None:
        """Note how long it may have worked since its clock was read."""
        seconds = max(0.0, self._now_seconds() - process.read_at_seconds)
        process.missed_seconds = seconds * min(max(1, process.stat.threads), os.cpu_count() or 1)

    def _hear_from_outside(self, ended: list[WatchedProcess]) -> None:
        """Take what was used after the last look from the time of the top's own parent.

        Not from init's, which waits for all orphans, and only as much as can be true.
        """
        before, self._outside = self._outside, None
        now = None if before is None or before.pid == _INIT else self.reader.stat(before.pid)
        if before is None or now is None or now.start_ticks != before.start_ticks:
            return
        rest_seconds = now.waited_cpu_seconds - before.waited_cpu_seconds
        gone = [process.as_gone() for process in ended]
        told = absorbed(gone, {before.pid: rest_seconds}, WAITED_RESOLUTION_SECONDS)
        rest_seconds -= sum(each.cpu_seconds for each in gone if each.pid in told)
        most_seconds = (self._now_seconds() - self._scanned_at_seconds) * (os.cpu_count() or 1)
        if self.own_pid in told and rest_seconds <= most_seconds + WAITED_RESOLUTION_SECONDS:
            self._kept_seconds += max(0.0, rest_seconds)
            for process in ended:
                if process.pid in told:
                    process.missed_seconds = WAITED_RESOLUTION_SECONDS

    def _count_by_name(self, process: WatchedProcess) -> None:
        name = process.stat.name
        known = self.named_cpu_seconds.get(name, 0.0)
        self.named_cpu_seconds[name] = known + process.cpu_seconds
        self.named_processes[name] = self.named_processes.get(name, 0) + 1
