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
# A child is 1 ms of CPU time.
FIRST_CHILDREN, MORE_CHILDREN = 9, 5
# The mean is what adds up, without those that something came between: of 0.2 to 0.6 ms that were
# found, 6 ms were measured once on a machine where everybody works.
MOST_OF_MIDDLE = 2.0
MOST_SECONDS = 0.002
_ENABLE = 0x2400  # PERF_EVENT_IOC_ENABLE


class UncountedEnd:
    """What is missing of each process, as it is known by now."""

    def __init__(self, cpus: Sequence[int]) -> None:
        """Describe the trace: on which CPUs there is an event."""
        self._cpus = cpus
        self._found_seconds: list[float] = []
        self._next_ended = 1
        self.children_cpu_seconds = 0.0  # what it has cost to measure, beside our own time

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
                for uncounted_seconds, cpu_seconds in measure_ends(self._cpus, children):
                    self._found_seconds.append(uncounted_seconds)
                    self.children_cpu_seconds += cpu_seconds
            except (MeterUnavailable, OSError):
                pass  # no process or descriptor to be had: what is known has to do
        return min(MOST_SECONDS, usual_mean(self._found_seconds))


def usual_mean(values: Sequence[float]) -> float:
    """Return the mean of those that are not far above the middle; 0 if there are none."""
    if not values:
        return 0.0
    most = MOST_OF_MIDDLE * sorted(values)[len(values) // 2]
    usual = [value for value in values if value <= most]
    return sum(usual) / len(usual)


def measure_ends(cpus: Sequence[int], children: int) -> list[tuple[float, float]]:
    """Return the uncounted CPU seconds of so many children, and all that each has used.

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


def _uncounted_seconds(descriptors: list[int]) -> tuple[float, float]:
    """Return how much more one child and we have used than the counters say; 0 or more.

    The second is what the child has used.

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
    child_seconds = usage.ru_utime + usage.ru_stime
    return max(0.0, after - before + child_seconds) + release_seconds, child_seconds


def _counted_seconds(descriptors: list[int]) -> float:
    return sum(read_count(each) for each in descriptors) * NANOSECONDS
