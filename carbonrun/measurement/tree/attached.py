"""The accountant of a tree that carbonrun has not started.

The ladder of :mod:`carbonrun.measurement.tree.accountant` has two rungs here, ``cgroup`` and
``procfs``: a perf counter is inherited by processes that are made after it was opened, and would
miss those that are there already.
"""

from __future__ import annotations

import os

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree import cgroup
from carbonrun.measurement.tree.accountant import TreeAccountant
from carbonrun.measurement.tree.procstat import read_bytes
from carbonrun.measurement.tree.watched import WatchedTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.tree.cgroup import GroupUse
    from carbonrun.measurement.tree.table import ProcessReader


class LaterGroup(cgroup.Group):
    """A control group from some moment in its life on."""

    def __init__(self, folder: str) -> None:
        """Take note of what its processes have moved so far."""
        super().__init__(folder)
        self._before = super().storage_bytes()

    def storage_bytes(self) -> tuple[int, int] | None:
        """Return bytes read and written since that moment."""
        now = super().storage_bytes()
        if now is None or self._before is None:
            return None
        return max(0, now[0] - self._before[0]), max(0, now[1] - self._before[1])

    def peak_memory_bytes(self) -> int | None:
        """Return None: the kernel's peak is that of the group's whole life."""
        return None


class AttachedTree(TreeAccountant):
    """A process that was running already, and its tree; CPU time and memory from now on."""

    is_watched = True

    def __init__(self, table: WatchedTable, group: GroupUse | None) -> None:
        """Account with the group if there is one, else with the table."""
        super().__init__(table, None, group)
        self._has_group = group is not None
        self._watched = table

    @property
    def name(self) -> str:
        """Return the rung; a group that is removed with its last process has told all before."""
        return "cgroup" if self._has_group else self.table.reader.name

    @property
    def missed_cpu_seconds(self) -> float:
        """Return how much CPU time may be missing, at the most, as far as that is known."""
        return 0.0 if self._has_group else self._watched.missed_cpu_seconds

    def left_running(self) -> int | None:
        """Return how many are alive: one that has ended may wait for its parent's notice."""
        return sum(not process.stat.is_zombie for process in self.table.live.values())


def attach(reader: ProcessReader, pid: int, procfs: str) -> AttachedTree:
    """Begin to account for a running process and its tree, this very process left out."""
    own = os.getpid()
    table = WatchedTable(reader, pid, frozenset({own}))
    return AttachedTree(table, group_of(pid, table, procfs))


def group_of(pid: int, table: WatchedTable, procfs: str) -> GroupUse | None:
    """Return the control group of a process if nobody but its tree lives there."""
    hierarchy = cgroup.find_hierarchy(procfs, str(pid))
    folder = hierarchy and hierarchy.own_folder
    if not folder:
        return None
    group = LaterGroup(folder)
    if group.is_root() or not _is_within(folder, set(table.live)):
        return None
    try:
        return cgroup.use_group(group, is_shared_with_us=False)
    except MeterUnavailable:
        return None


def _is_within(folder: str, pids: set[int]) -> bool:
    """Tell whether all processes of a group, and of those below it, are among ``pids``."""
    try:
        members = {int(pid) for pid in read_bytes(f"{folder}/cgroup.procs").split()}
        below = [entry.path for entry in os.scandir(folder) if entry.is_dir()]
    except (OSError, ValueError):
        return False
    return bool(members or below) and members <= pids and all(_is_within(p, pids) for p in below)
