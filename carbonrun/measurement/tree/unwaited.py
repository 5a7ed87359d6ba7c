"""What the perf counter misses of a process that nobody waits for, measured on children of our own.

The kernel takes a process's counters off before it is quite done with the process; what the rest
costs is told to whoever waits for it, and to nobody where the parent ignores SIGCHLD. It hangs on
the machine and on how many counters there are (0.2 ms with two), so it is measured: a few children
that do nothing are forked, counted by events of the same kind, and waited for.

Source: linux/kernel/exit.c, ``do_exit``: ``perf_event_exit_task`` comes before ``exit_notify``,
which calls ``release_task`` for those that nobody waits for.
"""

from __future__ import annotations

import fcntl
import os
import time

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.perf import NANOSECONDS, read_count
from carbonrun.measurement.tree.trace import open_records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# At first, and each time that twice as many have ended: it differs by half from second to second.
# The one in the middle is taken: the least would be that of warm caches, and 1 % of children of
# 5 ms too little. A child is 1 ms of CPU time.
FIRST_CHILDREN, MORE_CHILDREN = 9, 5
# Of 0.2 to 0.6 ms that were found. On a machine where everybody works 6 ms were measured once.
MOST_SECONDS = 0.002
_ENABLE = 0x2400  # PERF_EVENT_IOC_ENABLE


class UncountedEnd:
    """What is missing of each process, as it is known by now."""

    def __init__(self, cpus: Sequence[int]) -> None:
        """Describe the trace: on which CPUs there is an event."""
        self._cpus = cpus
        self._found_seconds: list[float] = []
        self._next_ended = 1

    def seconds(self, ended: int) -> float:
        """Return the CPU seconds at the end of a process that no counter of the trace has.

        Args:
            ended: how many processes have ended that nobody waited for; decides whether it is
                measured again.
        """
        if ended >= self._next_ended:
            self._next_ended = 2 * ended
            try:
                children = MORE_CHILDREN if self._found_seconds else FIRST_CHILDREN
                self._found_seconds += measure_ends(self._cpus, children)
            except (MeterUnavailable, OSError):
                pass  # no process or descriptor to be had: what is known has to do
        if not self._found_seconds:
            return 0.0
        middle = sorted(self._found_seconds)[len(self._found_seconds) // 2]
        return min(MOST_SECONDS, middle)


def measure_ends(cpus: Sequence[int], children: int) -> list[float]:
    """Return the uncounted CPU seconds of so many children.

    Raises:
        MeterUnavailable, OSError: they cannot be measured.
    """
    descriptors = []
    try:
        for cpu in cpus:
            descriptors.append(open_records(cpu))
            fcntl.ioctl(descriptors[-1], _ENABLE, 0)
        return [_uncounted_seconds(descriptors) for _ in range(children)]
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _uncounted_seconds(descriptors: list[int]) -> float:
    """Return how much more one child and we have used than the counters say; 0 or more.

    What is left of a process is released by whoever waits for it, which was us, else by itself.
    """
    before = time.thread_time() - _counted_seconds(descriptors)
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    ended = time.thread_time()
    _, _, usage = os.wait4(pid, 0)
    release_seconds = time.thread_time() - ended
    after = time.thread_time() - _counted_seconds(descriptors)
    return max(0.0, after - before + usage.ru_utime + usage.ru_stime) + release_seconds


def _counted_seconds(descriptors: list[int]) -> float:
    return sum(read_count(each) for each in descriptors) * NANOSECONDS
