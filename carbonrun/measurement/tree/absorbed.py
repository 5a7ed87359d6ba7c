"""Whose CPU time has moved to a parent: processes that have ended, and who waited for them. Pure.

When a process is waited for, the kernel adds all that it ever used to the parent's "waited for"
time. Of somebody else's processes nobody tells us that it happened; it shows in the parent's time
having grown enough. What was not waited for, or by a parent that is not watched, shows nowhere.

Source: proc_pid_stat(5), ``cutime`` and ``cstime``; linux/kernel/exit.c, ``wait_task_zombie``.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Gone(Record):
    """A process that was there at the last look and is not any more.

    Attributes:
        pid, parent_pid: at the last look.
        cpu_seconds: all that it ever used, with what it had waited for, as far as it was seen.
    """

    pid: int
    parent_pid: int
    cpu_seconds: float


def absorbed(
    gone: Iterable[Gone], growth_seconds: Mapping[int, float], tolerance_seconds: float
) -> set[int]:
    """Return the ids of those whose time is contained in the growth of one that is still there.

    Args:
        gone: the processes that have ended.
        growth_seconds: by process id, how much the waited-for time of each live process has grown.
        tolerance_seconds: the steps of that time.

    A chain of processes that have all ended is followed to the first that lives. Where the growth
    is too little for all of them, the nearest and then the largest are taken to be in it.
    """
    by_pid = {each.pid: each for each in gone}
    left = dict(growth_seconds)
    found: set[int] = set()
    ways = [(*_way_up(each, by_pid), each) for each in by_pid.values()]
    ways.sort(key=lambda way: (way[1], -way[2].cpu_seconds, way[2].pid))
    for ancestor, _, each in ways:
        if ancestor not in left or each.cpu_seconds > left[ancestor] + tolerance_seconds:
            continue
        if each.parent_pid in by_pid and each.parent_pid not in found:
            continue  # its parent's time has not moved, so its own has not come past there
        left[ancestor] = max(0.0, left[ancestor] - each.cpu_seconds)
        found.add(each.pid)
    return found


def _way_up(start: Gone, by_pid: Mapping[int, Gone]) -> tuple[int, int]:
    """Return the first ancestor that has not ended, and how many steps away it is."""
    steps, each = 1, start
    while each.parent_pid in by_pid and steps <= len(by_pid):
        each = by_pid[each.parent_pid]
        steps += 1
    return each.parent_pid, steps
