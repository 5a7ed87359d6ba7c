"""Load on purpose: processes that keep CPUs busy, and an order of CPUs to load.

Responsible for starting the processes and for their end, however this process ends: each of them
reads from one pipe whose other end only we have. Not responsible for measuring.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time

from carbonrun.errors import CarbonrunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from typing_extensions import Self

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load_worker.py")  # noqa: PTH100, PTH118, PTH120
_READY_SECONDS = 20.0
_POLL_SECONDS = 0.2
# Shares of the CPUs that are loaded one after the other, beside a single one.
_SHARES = (0.25, 0.5, 0.75, 1.0)


class LoadWorkers:
    """A context manager; on leaving it every worker has ended.

    Attributes:
        pids: of the workers that were started.
    """

    def __init__(self, cpus: Sequence[int], most_seconds: float) -> None:
        """Prepare to load ``cpus`` in this order; no worker lives longer than ``most_seconds``."""
        self._cpus = cpus
        self._most_seconds = most_seconds
        self._workers: list[subprocess.Popen[bytes]] = []
        self._pipes: list[int] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the process ids."""
        return tuple(worker.pid for worker in self._workers)

    def __enter__(self) -> Self:
        """Make the pipes; nothing is loaded yet."""
        self._pipes = [*os.pipe(), *os.pipe()]
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers, each by its own process id."""
        for worker in self._workers:
            worker.kill()
        for descriptor in self._pipes:
            os.close(descriptor)
        self._pipes = []
        for worker in self._workers:
            worker.wait()

    def load(self, count: int) -> None:
        """Add workers until the first ``count`` CPUs are busy.

        Raises:
            CarbonrunError: the workers cannot be started.
        """
        new = self._cpus[len(self._workers) : count]
        ends, _stays_open, ready, signal_ready = self._pipes
        try:
            for cpu in new:
                words = [sys.executable, "-I", "-S", WORKER, str(cpu), str(self._most_seconds)]
                self._workers.append(
                    subprocess.Popen(
                        words, stdin=ends, stdout=signal_ready, stderr=subprocess.DEVNULL
                    )
                )
        except OSError as error:
            message = f"a process that keeps a CPU busy cannot be started: {error.strerror}"
            raise CarbonrunError(message) from error
        self._wait_for(len(new), ready)

    def has_lost_one(self) -> bool:
        """Tell whether a worker has ended before its time."""
        return any(worker.poll() is not None for worker in self._workers)

    def _wait_for(self, count: int, descriptor: int) -> None:
        end = time.monotonic() + _READY_SECONDS
        while count > 0:
            if select.select([descriptor], [], [], _POLL_SECONDS)[0]:
                count -= len(os.read(descriptor, count))
            elif self.has_lost_one() or time.monotonic() > end:
                message = f"{count} of the processes that keep CPUs busy did not start"
                raise CarbonrunError(message, "try again when the machine has less to do")


def worker_counts(cpus: int) -> tuple[int, ...]:
    """Return how many CPUs to load, one step after the other: 1, and quarters of all.

    >>> worker_counts(2), worker_counts(8)
    ((1, 2), (1, 2, 4, 6, 8))
    """
    return tuple(sorted({1, *(max(1, round(cpus * share)) for share in _SHARES)}))


def usable_cpus() -> tuple[int, ...]:
    """Return the CPUs that this process may use."""
    if sys.platform == "linux":
        return tuple(sorted(os.sched_getaffinity(0)))
    else:  # noqa: RET505 - so that mypy sees one of the two on each system
        return tuple(range(os.cpu_count() or 1))


def spread(cpus: Iterable[int], core_and_package: Callable[[int], tuple[str, str]]) -> list[int]:
    """Return the CPUs in the order in which a scheduler would fill them.

    First one hardware thread of each core, the packages in turn, then the next threads.

    Args:
        cpus: to order.
        core_and_package: of a CPU; any texts that are the same for the same core and package.
    """
    threads: dict[tuple[str, str], int] = {}
    cores: dict[str, int] = {}
    ranks: dict[tuple[str, str], int] = {}
    order = []
    for cpu in sorted(cpus):
        core, package = core_and_package(cpu)
        key = (core, package)
        thread = threads[key] = threads.get(key, -1) + 1
        if thread == 0:
            ranks[key] = cores[package] = cores.get(package, -1) + 1
        order.append((thread, ranks[key], package, cpu))
    return [cpu for _thread, _core, _package, cpu in sorted(order)]


def topology(sysfs: str) -> Callable[[int], tuple[str, str]]:
    """Return a function that tells a CPU's core and package; its own number where nobody knows."""

    def look_up(cpu: int) -> tuple[str, str]:
        folder = f"{sysfs}/devices/system/cpu/cpu{cpu}/topology"
        try:
            with open(f"{folder}/core_id", encoding="ascii") as core_file:  # noqa: PTH123
                core = core_file.read().strip()
            with open(f"{folder}/physical_package_id", encoding="ascii") as package_file:  # noqa: PTH123
                return core, package_file.read().strip()
        except (OSError, ValueError):
            return f"cpu{cpu}", ""

    return look_up
