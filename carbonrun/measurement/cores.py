"""What has to be told apart on this machine: packages, and cores of different speed.

On the fast path: a machine with one package and no second threads costs a few system calls.
"""

from __future__ import annotations

import os
import sys

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.model import CPU
from carbonrun.measurement.tree.procstat import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.measurement.activity import CpuActivity
    from carbonrun.measurement.model import Meter
    from carbonrun.measurement.package_load import PackageLoad
    from carbonrun.measurement.tree.accountant import TreeAccountant
    from carbonrun.measurement.tree.cycles import CoreKind, CycleCounters
    from carbonrun.notes import Notes

HYBRID, THREADS = "hybrid", "threads"
# Source: capabilities(7); sysctl kernel.perf_event_paranoid, "Allow use of (almost) all events".
_CAP_SYS_ADMIN, _CAP_PERFMON = 21, 38
_HARDWARE, _CPU_CYCLES = 0, 0
_TYPE_SHIFT = 32
BUSY_SHARE = 0.5


def tell_packages_apart(
    sysfs: str, meters: Sequence[Meter], tree: TreeAccountant, procfs: str
) -> PackageLoad | None:
    """Let tree and machine tell their CPU time on each package; None where there is one only.

    Args:
        sysfs: root of the machine's files.
        meters: of the processors, as far as they are known; others may come later.
        tree: will tell where its CPU time was spent.
        procfs: where the tree's processes are.
    """
    if sys.platform != "linux":
        return None  # nobody tells what has run where
    if sum(meter.device.kind == CPU for meter in meters) == 1 or _is_one_package(sysfs):
        return None
    from carbonrun.measurement.meters.topology import packages

    found = packages(sysfs)
    if len(found) < 2:  # noqa: PLR2004
        return None
    from carbonrun.measurement.package_load import PackageLoad
    from carbonrun.measurement.tree.placement import Placement
    from carbonrun.measurement.tree.procstat import thread_places

    tree.placement = Placement(found, lambda pid: thread_places(procfs, pid))
    return PackageLoad(found)


def _is_one_package(sysfs: str) -> bool:
    """Tell whether the first CPU's package has all CPUs; spares the import of what tells more."""
    folder = f"{sysfs}/devices/system/cpu"
    try:
        return read_text(f"{folder}/cpu0/topology/package_cpus_list") == read_text(
            f"{folder}/online"
        )
    except OSError:
        return False


def different_cores(sysfs: str) -> str | None:
    """Return why a second on one core may not be worth one on another, None if there is no reason.

    ``hybrid``: performance and efficiency cores; ``threads``: cores with more than one thread.
    """
    if sys.platform != "linux":
        return None
    if os.path.lexists(f"{sysfs}/devices/cpu_atom"):
        return HYBRID
    try:
        has_threads = read_text(f"{sysfs}/devices/system/cpu/smt/active") == "1"
    except OSError:
        return None
    return THREADS if has_threads else None


def count_cycles(sysfs: str, procfs: str, load: PackageLoad | None) -> CycleCounters | None:
    """Open counters of cycles where cores differ and it is allowed; None elsewhere."""
    if different_cores(sysfs) is None or not _may_count(procfs):
        return None
    from carbonrun.measurement.meters.topology import packages
    from carbonrun.measurement.tree.cycles import CycleCounters

    groups = [cpus for _, cpus in sorted(packages(sysfs).items())]
    if load is None:
        groups = [frozenset().union(*groups)]
    try:
        return CycleCounters(core_kinds(sysfs), groups)
    except (MeterUnavailable, ValueError):
        return None


def core_kinds(sysfs: str) -> tuple[CoreKind, ...]:
    """Return the kinds of cores and how their cycles are counted.

    Source: perf_event_open(2), ``PERF_TYPE_HARDWARE``; linux/tools/perf/Documentation,
    ``intel-hybrid.txt``: the type of the PMU is in the upper half of the event's number.
    """
    from carbonrun.measurement.meters.topology import parse_list
    from carbonrun.measurement.tree.cycles import CoreKind

    kinds = []
    for name in ("cpu_core", "cpu_atom", "cpu_lowpower"):
        folder = f"{sysfs}/devices/{name}"
        try:
            number = int(read_text(f"{folder}/type"))
            cpus = frozenset(parse_list(read_text(f"{folder}/cpus")))
        except (OSError, ValueError):
            continue
        event = number << _TYPE_SHIFT | _CPU_CYCLES
        kinds.append(CoreKind(event_type=_HARDWARE, event=event, cpus=cpus))
    return tuple(kinds) or (CoreKind(event_type=_HARDWARE, event=_CPU_CYCLES),)


def note_unweighed(sysfs: str, activity: CpuActivity, notes: Notes) -> None:
    """Say that cores differ and that it was not known by how much; where it may matter."""
    reason = different_cores(sysfs)
    if reason is None or activity.is_weighed:
        return
    # Threads share a core only when more are busy than there are cores.
    if reason == THREADS and activity.busy_share < BUSY_SHARE:
        return
    what = {
        HYBRID: "fast and slow cores",
        THREADS: "threads that share a core and those that have one alone",
    }
    message = f"CPU time of {what[reason]} counts alike: cycles could not be counted"
    notes.info("cycles-uncounted", message, "sudo sysctl kernel.perf_event_paranoid=0")


def _may_count(procfs: str) -> bool:
    """Tell whether everybody's cycles may be counted."""
    try:
        if int(read_text(f"{procfs}/sys/kernel/perf_event_paranoid")) <= 0:
            return True
        with open(f"{procfs}/self/status", "rb") as file:  # noqa: PTH123
            capabilities = file.read().split(b"\nCapEff:", 1)[1].split(None, 1)[0]
    except (OSError, ValueError, IndexError):
        return False
    return bool(int(capabilities, 16) & (1 << _CAP_PERFMON | 1 << _CAP_SYS_ADMIN))
