"""Which programs keep a machine busy: CPU time of all processes between two looks.

What is too short-lived to be seen counts for the process that started it and has waited for it:
that is the one to stop.

Source: proc_pid_stat(5).
"""

from __future__ import annotations

import os
import sys

from carbonrun.measurement.tree.procstat import read_bytes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping

# There is no procfs on Windows, nor this question.
if sys.platform == "win32":
    _CLOCK_TICKS = 100
else:
    _CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

# Process id and start time tell a process from all others.
Key = tuple[int, int]


class Process(Record):
    """One process at one look; CPU seconds since its start."""

    pid: int
    parent_pid: int
    name: str
    own_seconds: float
    waited_seconds: float


class BusyProgram(Record):
    """A process and the CPU seconds that it, and what it started and waited for, has used."""

    pid: int
    name: str
    cpu_seconds: float


def look(procfs: str) -> dict[Key, Process]:
    """Return all processes; none where procfs is missing."""
    try:
        names = os.listdir(procfs)  # noqa: PTH208
    except OSError:
        return {}
    found = (_read(procfs, int(name)) for name in names if name.isdigit())
    return dict(entry for entry in found if entry is not None)


def _read(procfs: str, pid: int) -> tuple[Key, Process] | None:
    try:
        content = read_bytes(f"{procfs}/{pid}/stat")
        head, _, tail = content.rpartition(b") ")
        fields = [int(field) for field in tail.split()[1:20]]
        start = fields[18]
    except (OSError, IndexError, ValueError):
        return None  # it has ended
    return (pid, start), Process(
        pid=pid,
        parent_pid=fields[0],
        name=head.partition(b"(")[2].decode("utf-8", "backslashreplace"),
        own_seconds=(fields[10] + fields[11]) / _CLOCK_TICKS,
        waited_seconds=(fields[12] + fields[13]) / _CLOCK_TICKS,
    )


def busiest(
    before: Mapping[Key, Process], after: Mapping[Key, Process], left_out: Container[int] = ()
) -> list[BusyProgram]:
    """Return what used CPU time between two looks, the most first; ``left_out`` are process ids."""
    known = _used_before(before, after)
    found = []
    for key, process in after.items():
        earlier = before.get(key)
        own, waited = process.own_seconds, process.waited_seconds
        if earlier is not None:
            own, waited = own - earlier.own_seconds, waited - earlier.waited_seconds
        seconds = own + max(0.0, waited - known.get(process.pid, 0.0))
        if seconds > 0 and process.pid not in left_out:
            found.append(BusyProgram(pid=process.pid, name=process.name, cpu_seconds=seconds))
    return sorted(found, key=lambda program: (-program.cpu_seconds, program.pid))


def _used_before(before: Mapping[Key, Process], after: Mapping[Key, Process]) -> dict[int, float]:
    """Return what descendants that have ended since had used before the first look.

    It is in the waited time of their nearest living ancestor, but was not used between the looks.
    """
    ended = {process.pid: process for key, process in before.items() if key not in after}
    known: dict[int, float] = {}
    for process in ended.values():
        ancestor = process.parent_pid
        passed: set[int] = set()  # a number that was used again might make a circle
        while ancestor in ended and ancestor not in passed:
            passed.add(ancestor)
            ancestor = ended[ancestor].parent_pid
        used = process.own_seconds + process.waited_seconds
        known[ancestor] = known.get(ancestor, 0.0) + used
    return known
