"""Which rungs of the ladder of tree accounting there are here.

Their order is documented in :mod:`carbonrun.measurement.tree.accountant`. On the fast path.
"""

from __future__ import annotations

import os
import sys

from carbonrun.errors import MeterUnavailable, UsageError
from carbonrun.measurement.tree import cgroup
from carbonrun.measurement.tree.accountant import TreeAccountant
from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.procstat import OWN_PROCFS
from carbonrun.measurement.tree.table import ProcessTable

if sys.platform == "linux":
    from carbonrun.kernel import become_subreaper
    from carbonrun.measurement.tree.perf import TaskClock
    from carbonrun.measurement.tree.trace import TaskTrace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.tree.naming import Naming
    from carbonrun.measurement.tree.table import ProcessReader
    from carbonrun.notes import Notes
    from carbonrun.settings import Settings


def transient_group(
    settings: Settings, hierarchy: cgroup.Hierarchy | None, run_id: str
) -> cgroup.TransientGroup | None:
    """Return the group of --cgroup, None if it was not asked for.

    Raises:
        UsageError: it is not possible here.
    """
    if not settings.cgroup:
        return None
    folder = hierarchy and hierarchy.own_folder
    if not folder:
        message = "--cgroup needs control groups of version 2, and none are mounted here"
        raise UsageError(message, "leave --cgroup out: the process tree is accounted without it")
    try:
        return cgroup.TransientGroup.create(cgroup.Group(folder), f"{cgroup.PREFIX}{run_id}")
    except MeterUnavailable as error:
        raise UsageError(f"--cgroup: {error.reason}", error.hint) from error


def choose_accountant(
    transient: cgroup.TransientGroup | None,
    hierarchy: cgroup.Hierarchy | None,
    mark: bytes,
    notes: Notes,
) -> TreeAccountant:
    """Choose the rungs of the ladder; the order is documented in the accountant's module."""
    own_pid = os.getpid()
    if sys.platform != "linux":
        from carbonrun.measurement.tree.sighted import SightedTable

        return TreeAccountant(SightedTable(own_pid, mark), None, None)
    reader = _process_reader(own_pid)
    strangers = frozenset(stat.pid for stat in reader.descendants(own_pid, ()))
    become_subreaper()
    group = None
    if transient is not None:
        group = cgroup.use_group(transient, is_shared_with_us=False)
    elif hierarchy is not None and hierarchy.own_folder:
        ours = cgroup.Group(hierarchy.own_folder)
        if ours.is_ours_alone():
            group = cgroup.use_group(ours, is_shared_with_us=True)
    trace = _open_trace()
    task_clock: TaskClock | TaskTrace | None = trace
    if group is None and trace is None:
        try:
            task_clock = TaskClock.open()
        except MeterUnavailable as error:
            notes.info("perf-unavailable", error.reason, error.hint)
    table = ProcessTable(reader, own_pid, strangers, mark)
    return TreeAccountant(table, task_clock, group, trace)


def _open_trace() -> TaskTrace | None:
    """Return the records of all processes, None where they are not to be had cheaply."""
    if sys.platform != "linux":
        return None
    cpus = os.sysconf("SC_NPROCESSORS_CONF")
    if cpus != os.sysconf("SC_NPROCESSORS_ONLN"):
        return None  # the numbers of those that are online are not known without reading more
    try:
        return TaskTrace.open(range(cpus))
    except MeterUnavailable:
        return None


def name_programs(tree: TreeAccountant) -> Naming:
    """Return what names the processes, exactly where the kernel has records for us."""
    from carbonrun.measurement.tree.naming import begin

    return begin(tree.table, None if tree.trace is None else tree.trace.cpus)


def _process_reader(own_pid: int) -> ProcessReader:
    """Return the reader of processes that works here."""
    reader = ProcfsReader(OWN_PROCFS)
    if reader.stat(own_pid) is not None:
        return reader
    from carbonrun.measurement.tree.portable import PsutilReader

    return PsutilReader()
