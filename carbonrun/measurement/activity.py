"""CPU time of tree and machine, on all CPUs and on each package, weighed by cycles. Pure.

It is what the energy of processors is attributed by. Packages are told apart where there are
several (:mod:`carbonrun.measurement.package_load`), cores where they differ in speed and the kernel
counts their cycles (:mod:`carbonrun.measurement.cycle_weight`).
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.cycle_weight import CycleWeight
    from carbonrun.measurement.package_load import PackageShares
    from carbonrun.measurement.sampler import Moment


class CpuUse(Record):
    """CPU seconds since the start, of all CPUs or those of one package.

    Attributes:
        busy_seconds: of everybody.
        tree_seconds: of the tree.
        weighed_seconds: the same, weighed by cycles; what the tree's activity is.
        capacity_seconds: of the CPUs that were online.
    """

    busy_seconds: float = 0.0
    tree_seconds: float = 0.0
    weighed_seconds: float = 0.0
    capacity_seconds: float = 0.0

    def then(
        self, busy_seconds: float, tree_seconds: float, weighed_seconds: float, more_seconds: float
    ) -> CpuUse:
        """Return the use later on; the machine was busy at least as long as the tree."""
        return CpuUse(
            busy_seconds=max(busy_seconds, tree_seconds, self.busy_seconds),
            tree_seconds=tree_seconds,
            weighed_seconds=weighed_seconds,
            capacity_seconds=self.capacity_seconds + more_seconds,
        )


class CpuActivity:
    """The fold of moments; they come in their order."""

    def __init__(self, package_ids: tuple[int, ...]) -> None:
        """Tell apart the packages of these numbers; none where there is one only."""
        self._all = CpuUse()
        self._packages = [f"package-{number}" for number in package_ids]
        self._of_package = {device_id: CpuUse() for device_id in self._packages}
        self._shares: PackageShares | None = None
        self._weights: list[CycleWeight] = []

    @property
    def is_weighed(self) -> bool:
        """Tell whether CPU time was weighed by cycles."""
        return any(weight.was_weighed for weight in self._weights)

    @property
    def busy_share(self) -> float:
        """Return which share of all CPUs was busy, 0 to 1."""
        use = self._all
        return min(1.0, use.busy_seconds / use.capacity_seconds) if use.capacity_seconds else 0.0

    def of(self, device_id: str) -> CpuUse:
        """Return the use that a device's energy goes by: its package's, else that of all CPUs."""
        return self._of_package.get(device_id, self._all)

    def add(
        self, first: Moment, moment: Moment, busy_seconds: float, interval_seconds: float
    ) -> None:
        """Take a moment.

        Args:
            first: the moment that everything is counted from.
            moment: the one to take.
            busy_seconds: of the machine since the first, at least as much as the tree's.
            interval_seconds: since the one before.
        """
        tree_seconds = weighed_seconds = moment.tree_cpu_seconds
        if not self._packages:
            weighed_seconds = self._weigh(0, tree_seconds, busy_seconds, moment)
        self._all = self._all.then(
            busy_seconds,
            tree_seconds,
            weighed_seconds,
            moment.machine.logical_cpus * interval_seconds,
        )
        counts = moment.machine.cpus_by_package
        if len(counts) == len(first.machine.busy_by_package) == len(self._packages) > 0:
            self._add_packages(first, moment, interval_seconds)

    def _add_packages(self, first: Moment, moment: Moment, interval_seconds: float) -> None:
        if self._shares is None:
            from carbonrun.measurement.package_load import PackageShares

            self._shares = PackageShares(len(self._packages))
        pairs = zip(moment.machine.busy_by_package, first.machine.busy_by_package, strict=True)
        busy = [now - before for now, before in pairs]
        tree = self._shares.add(moment.tree_cpu_seconds, moment.tree_by_package, busy)
        for index, device_id in enumerate(self._packages):
            self._of_package[device_id] = self._of_package[device_id].then(
                busy[index],
                tree[index],
                self._weigh(index, tree[index], busy[index], moment),
                moment.machine.cpus_by_package[index] * interval_seconds,
            )

    def _weigh(self, index: int, tree_seconds: float, busy_seconds: float, moment: Moment) -> float:
        if moment.cycles is None and not self._weights:
            return tree_seconds
        from carbonrun.measurement.cycle_weight import CycleWeight

        while len(self._weights) <= index:
            self._weights.append(CycleWeight(tree_seconds))
        cycles = moment.cycles and (moment.cycles[0], moment.cycles[1][index])
        return self._weights[index].add(tree_seconds, busy_seconds, moment.tree_cpu_seconds, cycles)
