"""Keeps the tree of calls up to date, by the best way that there is.

1. ``records``: the kernel's records of task switches (:mod:`carbonrun.measurement.tree.switches`).
2. ``taskstats``: what it tells root of every process that has ended
   (:mod:`carbonrun.measurement.tree.taskstats`), and looks at those that live.
3. ``looks``: what the process table sees, where there is neither, or no more.
"""

from __future__ import annotations

import os
import sys

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.calls import MOST_LEVELS, CallTree
from carbonrun.measurement.tree.shares import divide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from carbonrun.measurement.tree.shares import Shares
    from carbonrun.measurement.tree.table import LiveProcess, ProcessTable
else:
    Protocol = object

RECORDS, TASKSTATS, LOOKS = "records", "taskstats", "looks"


class Source(Protocol):
    """What the kernel tells of processes, put into a tree of calls."""

    @property
    def is_open(self) -> bool:
        """Tell whether there is more to come."""

    @property
    def is_complete(self) -> bool:
        """Tell whether nothing was lost so far."""

    @property
    def sees_starts(self) -> bool:
        """Tell whether it tells of starts as well, so that there is no need to look."""

    def drain(self) -> None:
        """Take what was told up to now."""

    def has_ended(self, pid: int) -> bool:
        """Tell whether the end of a process was told, since the look before the last one."""

    def after_look(self) -> None:
        """Go by what a look at all processes has found."""


class Naming:
    """The tree of calls, and who tells of it.

    Attributes:
        tree: what is known so far.
        method: the way that is in use.
        looks_because: why there is no better way than looks; None if there is, or could not be.
    """

    def __init__(
        self,
        tree: CallTree,
        method: str = LOOKS,
        source: Source | None = None,
        *,
        is_late: bool = False,
    ) -> None:
        """Begin.

        Args:
            tree: to put the calls in.
            method: of the source.
            source: was opened before the command was started, for the same tree.
            is_late: what was used before the first look does not count.
        """
        self.tree = tree
        self.method = method
        self.looks_because: str | None = None
        self._source = source
        self._seen: dict[int, LiveProcess] = {}
        self._is_too_early = is_late
        self._waited_before: dict[int, float] = {}

    @property
    def is_complete(self) -> bool:
        """Tell whether all of every process was seen but its very end."""
        return self._source is not None and self._source.is_complete

    def start(self, pid: int, program: str) -> None:
        """Begin with the command itself."""
        self.tree.start(pid, program)

    def drain(self) -> None:
        """Take what the kernel has told; never fails."""
        if self._source is None:
            return
        try:
            self._source.drain()
            if not self._source.is_open:
                self._stop("so much is told of them that reading it takes too long")
        except Exception as error:  # noqa: BLE001 - exact names are given up, nothing else
            self._stop(f"what the kernel tells of them cannot be read ({error})")

    def look(self, table: ProcessTable) -> None:
        """Take what the last scan of the process table has found."""
        if self._source is not None and self._source.sees_starts:
            self.drain()
        if self._source is None or not self._source.sees_starts:
            for process in table.live.values():
                if not self._has_ended(process):
                    self._see(process, table)
            self._is_too_early = False
            self.drain()
            if self._source is not None:
                self._source.after_look()
            self._part(table)
        for pid in table.live:
            caller = self.tree.live.get(pid)
            if caller is not None and not caller.has_command:
                self.tree.describe(pid, table.reader.command(pid))

    def divide(self, total_seconds: float, table: ProcessTable) -> Shares:
        """Return who has used what of the CPU time of the whole tree."""
        clocks = {pid: process.cpu_seconds for pid, process in table.live.items()}
        return divide(self.tree, total_seconds, clocks, misses_ends_only=self.is_complete)

    def _has_ended(self, process: LiveProcess) -> bool:
        """Tell whether what was told of its end is all that there is to tell."""
        if self._source is None:
            return False
        return process.stat.is_zombie or self._source.has_ended(process.pid)

    def _stop(self, reason: str) -> None:
        self.looks_because = reason
        self.method = LOOKS
        self._source = None

    def _part(self, table: ProcessTable) -> None:
        """Settle the accounts of those that the table does not see any more."""
        parted, table.parted = table.parted or (), []
        for each in parted if self._source is None else ():
            if self._seen.get(each.pid) is not each and each.pid not in self.tree.live:
                self._see(each, table)  # an orphan that was seen only when we have waited for it
        for pid in list(self.tree.live):
            process, now = self._seen.get(pid), table.live.get(pid)
            if now is not None and process in (None, now):
                continue
            if process is not None:
                self._bring_up_to_date(process)
            self.tree.end(pid)
        self._seen = {pid: each for pid, each in self._seen.items() if pid in self.tree.live}

    def _see(self, process: LiveProcess, table: ProcessTable) -> None:
        pid, name = process.pid, process.stat.name
        known = self._seen.get(pid)
        if pid in self.tree.live and known not in (None, process):
            self.tree.end(pid)  # the number was used again
            self._waited_before.pop(pid, None)
        if pid not in self.tree.live:
            self._meet(process, table)
        if self.tree.live[pid].call.program != name:
            self.tree.execute(pid, name)
        if self._is_too_early:
            self._waited_before[pid] = process.stat.waited_cpu_seconds
        self._bring_up_to_date(process)
        self._seen[pid] = process

    def _bring_up_to_date(self, process: LiveProcess) -> None:
        before_seconds = self._waited_before.get(process.pid, 0.0)
        self.tree.add_up_to(process.pid, process.cpu_seconds)
        self.tree.wait_up_to(process.pid, process.stat.waited_cpu_seconds - before_seconds)

    def _meet(self, process: LiveProcess, table: ProcessTable) -> None:
        """Take a new process, its callers before it."""
        way = [process]
        while len(way) <= MOST_LEVELS:
            parent = table.live.get(way[-1].stat.parent_pid)
            if parent is None or parent.pid in self.tree.live or parent in way:
                break
            way.append(parent)
        for each in reversed(way):
            if not self.tree.fork(each.pid, each.stat.parent_pid):
                self.tree.start(each.pid, each.stat.name)
            elif self.tree.live[each.pid].call.program != each.stat.name:
                self.tree.execute(each.pid, each.stat.name)


def begin(table: ProcessTable, cpus: range | None) -> Naming:
    """Return what names the processes of a command that is yet to be started.

    Args:
        table: sees what is running.
        cpus: numbers of the CPUs to have records of, None where they are not to be had.
    """
    tree = CallTree()
    if cpus is not None:
        from carbonrun.measurement.tree.switches import SwitchRecords

        try:
            return Naming(tree, RECORDS, SwitchRecords.open(cpus, tree))
        except MeterUnavailable:
            pass  # there may be another way
    if sys.platform == "linux" and os.geteuid() == 0:
        from carbonrun.measurement.tree.ends import ToldEnds

        try:
            return Naming(tree, TASKSTATS, ToldEnds.open(tree, table))
        except MeterUnavailable:
            pass  # the looks tell
    naming = Naming(tree)
    naming.looks_because = "the kernel gives no records of task switches here"
    return naming
