"""How busy each package of a machine with several was. Pure.

As for the whole machine (:mod:`carbonrun.measurement.machine`), busy is what is not idle, waiting
for I/O, or taken away; the columns of the CPUs are added up by package.

Source: proc_stat(5).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PackageLoad:
    """Busy CPU seconds of each package since the first reading; they never decrease."""

    def __init__(self, packages: Mapping[int, frozenset[int]]) -> None:
        """Describe the machine: the CPUs of each package, by its number."""
        self.ids = tuple(sorted(packages))
        self._cpus = [packages[package] for package in self.ids]
        self._sum_seconds = [0.0] * len(self.ids)
        self._busy_seconds = [0.0] * len(self.ids)
        self._idle_seconds: dict[int, float] = {}
        self.online = tuple(len(cpus) for cpus in self._cpus)

    def update(self, idle_seconds: Mapping[int, float], seconds: float) -> None:
        """Take a reading.

        Args:
            idle_seconds: of each CPU online, since boot.
            seconds: since the reading before. A CPU that was not there then, or is not there now,
                tells nothing of the time between.
        """
        for index, cpus in enumerate(self._cpus):
            for cpu in cpus & idle_seconds.keys() & self._idle_seconds.keys():
                idle = idle_seconds[cpu] - self._idle_seconds[cpu]
                if idle >= 0:
                    self._sum_seconds[index] += seconds - idle
            # The steps of the idle time make the sum go back a little at times.
            self._busy_seconds[index] = max(self._busy_seconds[index], self._sum_seconds[index])
        self.online = tuple(len(cpus & idle_seconds.keys()) for cpus in self._cpus)
        self._idle_seconds = dict(idle_seconds)

    @property
    def busy_seconds(self) -> tuple[float, ...]:
        """Return busy CPU seconds, in the order of :attr:`ids`."""
        return tuple(self._busy_seconds)


class PackageShares:
    """Divides the CPU time of the tree among the packages."""

    def __init__(self, packages: int) -> None:
        """Start with nothing on any of so many packages."""
        self._tree_seconds = [0.0] * packages
        self._weights: list[float] | None = None
        self._before = (0.0, (0.0,) * packages, (0.0,) * packages)

    def add(
        self, tree_seconds: float, placed_seconds: Sequence[float], busy_seconds: Sequence[float]
    ) -> tuple[float, ...]:
        """Return the CPU seconds of the tree on each package; their sum is ``tree_seconds``.

        Args:
            tree_seconds: CPU time of the whole tree since the start.
            placed_seconds: what is known to have run on each package; empty if nothing is known.
                What is not known (processes that have come and gone) goes the same ways; without
                anything new to go by, as the interval before; without any, as the machine's.
            busy_seconds: of the machine.
        """
        placed = tuple(placed_seconds) or self._before[1]
        busy = tuple(busy_seconds)
        rise = tree_seconds - self._before[0]
        weights = _rises(self._before[1], placed)
        if sum(weights) > 0:
            self._weights = weights
        elif self._weights is not None:
            weights = self._weights
        else:
            weights = _rises(self._before[2], busy)
        total = sum(weights)
        for index, weight in enumerate(weights):
            self._tree_seconds[index] += rise * (weight / total if total > 0 else 1 / len(weights))
        self._before = (tree_seconds, placed, busy)
        return tuple(self._tree_seconds)


def _rises(before: Sequence[float], after: Sequence[float]) -> list[float]:
    return [max(0.0, b - a) for a, b in zip(before, after, strict=True)]
