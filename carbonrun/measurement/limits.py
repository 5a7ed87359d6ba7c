"""How much of the machine the command may use: control group, CPU set, affinity.

A limit changes nothing in the figures: sensors and models are of the whole machine, and the command
is billed for its share of that, which the logical CPUs of the machine are the measure of. So the
limits are only told, for those who look at a container and expect it to be the machine.

Source: Documentation/admin-guide/cgroup-v2.rst of the kernel; sched_setaffinity(2).
"""

from __future__ import annotations

import os

from carbonrun.measurement.host import count_list
from carbonrun.measurement.tree.cgroup import find_hierarchy
from carbonrun.measurement.tree.procstat import OWN_PROCFS, read_bytes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.measurement.host import HostFacts
    from carbonrun.notes import Notes

_BYTES_PER_GB = 1e9


class Limits(Record):
    """The least of all limits; None where there is none.

    Attributes:
        cpus: CPU seconds in a second.
        memory_bytes: of the control group and those above it.
    """

    cpus: float | None
    memory_bytes: int | None


def parse_cpu_max(text: str) -> float | None:
    """Return the CPUs in the text of ``cpu.max``, None for no limit or no such text.

    >>> parse_cpu_max("150000 100000")
    1.5
    """
    quota, _, period = text.strip().partition(" ")
    try:
        return int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None


def read_limits(procfs: str = OWN_PROCFS) -> Limits:
    """Return the limits of this process, which the command inherits."""
    cpus: list[float] = []
    memory_bytes: list[int] = []
    if hasattr(os, "sched_getaffinity"):
        cpus.append(len(os.sched_getaffinity(0)))
    for folder in _own_groups(procfs):
        quota = parse_cpu_max(_read(f"{folder}/cpu.max"))
        most = _read(f"{folder}/memory.max").strip()
        cpus += [] if quota is None else [quota]
        cpus += [
            count for count in (count_list(_read(f"{folder}/cpuset.cpus.effective")),) if count
        ]
        memory_bytes += [int(most)] if most.isascii() and most.isdigit() else []
    return Limits(cpus=min(cpus, default=None), memory_bytes=min(memory_bytes, default=None))


def note_limits(host: HostFacts, limits: Limits, notes: Notes) -> None:
    """Say so if the command may use less than the machine has."""
    parts = []
    if limits.cpus is not None and limits.cpus < host.logical_cpus:
        parts.append(f"{limits.cpus:g} of {host.logical_cpus} CPUs")
    if limits.memory_bytes is not None and limits.memory_bytes < host.memory_bytes:
        gigabytes = limits.memory_bytes / _BYTES_PER_GB
        parts.append(f"{gigabytes:.3g} of {host.memory_bytes / _BYTES_PER_GB:.3g} GB of memory")
    if parts:
        message = (
            f"the command may use {' and '.join(parts)}; "
            "'machine' is all of the machine, and the command pays for its share of that"
        )
        notes.info("limited", message)


def _own_groups(procfs: str) -> Iterator[str]:
    """Yield our own group and those above it, as far as they are to be seen."""
    hierarchy = find_hierarchy(procfs)
    folder = hierarchy.own_folder if hierarchy is not None else None
    while hierarchy is not None and folder and folder.startswith(hierarchy.mount):
        yield folder
        folder = folder.rpartition("/")[0]


def _read(path: str) -> str:
    try:
        return read_bytes(path).decode("ascii", "replace")
    except OSError:
        return ""
