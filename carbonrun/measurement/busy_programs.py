"""Which programs keep a machine busy: CPU time of all processes between two looks.

Source: proc_pid_stat(5).
"""

from __future__ import annotations

import os

from carbonrun.measurement.tree.procstat import read_bytes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

# Process id and start time tell a process from all others.
Key = tuple[int, int]


class BusyProgram(Record):
    """A process and the CPU seconds that it used between the two looks."""

    pid: int
    name: str
    cpu_seconds: float


def look(procfs: str) -> dict[Key, BusyProgram]:
    """Return all processes with their CPU time since their start; none where procfs is missing."""
    try:
        names = os.listdir(procfs)  # noqa: PTH208
    except OSError:
        return {}
    found = (_read(procfs, int(name)) for name in names if name.isdigit())
    return dict(entry for entry in found if entry is not None)


def _read(procfs: str, pid: int) -> tuple[Key, BusyProgram] | None:
    try:
        content = read_bytes(f"{procfs}/{pid}/stat")
        head, _, tail = content.rpartition(b") ")
        fields = tail.split()
        ticks = int(fields[11]) + int(fields[12])
        start = int(fields[19])
    except (OSError, IndexError, ValueError):
        return None  # it has ended
    name = head.partition(b"(")[2].decode("utf-8", "backslashreplace")
    return (pid, start), BusyProgram(pid=pid, name=name, cpu_seconds=ticks / _CLOCK_TICKS)


def busiest(
    before: Mapping[Key, BusyProgram],
    after: Mapping[Key, BusyProgram],
    left_out: Container[int] = (),
) -> list[BusyProgram]:
    """Return what used CPU time between two looks, the most first; ``left_out`` are process ids."""
    used = []
    for key, program in after.items():
        earlier = before.get(key)
        seconds = program.cpu_seconds - (earlier.cpu_seconds if earlier is not None else 0.0)
        if seconds > 0 and program.pid not in left_out:
            used.append(program.replace(cpu_seconds=seconds))
    return sorted(used, key=lambda program: (-program.cpu_seconds, program.pid))
