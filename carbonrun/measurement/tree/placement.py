"""On which package the tree's CPU time has run, on machines with several.

Exactly where each CPU has a counter of its own (:mod:`carbonrun.measurement.tree.trace`). Else by
where each thread was last seen at each look: what a process has used since the last one is divided
among its threads by their CPU time, and goes to the package of the CPU that they ran on. A process
that is bound to one package is always placed rightly.

Source: proc_pid_stat(5), field 39 ``processor``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from carbonrun.measurement.tree.procstat import ThreadPlace
    from carbonrun.measurement.tree.table import LiveProcess


class Placement:
    """CPU seconds of the tree by package, as far as they could be placed.

    Attributes:
        seconds: for each package, in the order of their numbers; never decreases.
    """

    def __init__(
        self,
        packages: Mapping[int, frozenset[int]],
        threads_of: Callable[[int], Iterable[ThreadPlace]],
    ) -> None:
        """Describe the machine: the CPUs of each package; and who tells about threads."""
        self._index = {
            cpu: index
            for index, package in enumerate(sorted(packages))
            for cpu in packages[package]
        }
        self._threads_of = threads_of
        self.seconds = [0.0] * len(packages)
        self._cpu_seconds: dict[tuple[int, int], float] = {}
        self._ticks: dict[tuple[int, int], int] = {}

    def sum_up(self, seconds_by_cpu: Sequence[float]) -> tuple[float, ...]:
        """Return the sums of counters that there are for each CPU."""
        sums = [0.0] * len(self.seconds)
        for cpu, seconds in enumerate(seconds_by_cpu):
            if cpu in self._index:
                sums[self._index[cpu]] += seconds
        return tuple(sums)

    def look(self, processes: Iterable[LiveProcess]) -> None:
        """Place what each process has used since the last look."""
        seen: dict[tuple[int, int], float] = {}
        ticks: dict[tuple[int, int], int] = {}
        for process in processes:
            key = (process.pid, process.stat.start_ticks)
            seen[key] = process.cpu_seconds
            rise = process.cpu_seconds - self._cpu_seconds.get(key, 0.0)
            if rise <= 0:
                ticks.update({k: v for k, v in self._ticks.items() if k[0] == process.pid})
            elif process.stat.threads <= 1:
                self._place(rise, {process.stat.last_cpu: 1.0})
            else:
                self._place(rise, self._weights(process.pid, ticks))
        self._cpu_seconds, self._ticks = seen, ticks

    def _weights(self, pid: int, ticks: dict[tuple[int, int], int]) -> dict[int, float]:
        """Return how much of a process's CPU time has run where; note its threads' ``ticks``."""
        weights: dict[int, float] = {}
        for thread in self._threads_of(pid):
            key = (pid, thread.tid)
            ticks[key] = thread.ticks
            # A thread that has not got through a tick since counts a little all the same.
            rise = max(0, thread.ticks - self._ticks.get(key, 0)) + 1e-3
            weights[thread.cpu] = weights.get(thread.cpu, 0.0) + rise
        return weights

    def _place(self, seconds: float, weights: Mapping[int, float]) -> None:
        known = {cpu: weight for cpu, weight in weights.items() if cpu in self._index}
        total = sum(known.values())
        for cpu, weight in known.items():
            self.seconds[self._index[cpu]] += seconds * weight / total
