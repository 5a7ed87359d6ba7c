"""RAPL through the kernel's powercap files: the energy of CPU packages, their memory, the board.

Responsible for making one meter of each RAPL domain and for saying why one cannot be made. The
parts: :mod:`powercap` (which zones), :mod:`energy_file` (reading), :mod:`counter` (wraps, resets,
gaps), :mod:`rapl_checks` (what can be true), :mod:`rapl_advice` (reasons and remedies).
"""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters import rapl_checks
from carbonrun.measurement.meters.counter import (
    RESET,
    SUSPENDED,
    TOO_FAST,
    TOO_LONG,
    WrappingCounter,
)
from carbonrun.measurement.meters.energy_file import EnergyFile
from carbonrun.measurement.meters.powercap import MAIN_CONTROL, find_zones, read_text, select
from carbonrun.measurement.model import BOARD, COUNTER, CPU, MEMORY, Device, Unmeasured
from carbonrun.measurement.selection import is_much

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.clock import Instant
    from carbonrun.measurement.meters.powercap import Domain, Finding, Zone
    from carbonrun.measurement.model import MachineState
    from carbonrun.notes import Notes

MICRO = 1e-6

# The sensor's error, low and high. No paper gives one figure for all processors; these are our
# reading of them. Packages: readings agree closely with the plug where voltage regulators measure
# (Intel since Haswell-EP), less where they are modelled (AMD Zen 2). Memory: right in trend and
# good under load, off by a constant when idle. psys: whatever the maker of the board wired.
# Source: Khan et al. 2018 (ACM TOMPECS 3(2)); Hackenberg et al. 2015 (HPPAC); Schoene et al. 2021
# (IEEE CLUSTER); Desrochers et al. 2016 (MEMSYS).
ACCURACY = {CPU: (0.9, 1.1), MEMORY: (0.7, 1.5), BOARD: (0.5, 1.5)}

_NAMES = {CPU: "CPU ", MEMORY: "memory ", BOARD: "board "}
_CONSTRAINTS = (0, 1, 2)
_LIMIT_FILES = ("max_power_uw", "power_limit_uw")
_GAP_CAUSES = {
    SUSPENDED: "the machine was suspended",
    RESET: "the counter was reset",
    TOO_FAST: "the counter rose faster than is possible",
    TOO_LONG: "the readings were so far apart that the counter may have wrapped unseen",
}


class RaplMeter:
    """One RAPL domain: a package, the memory of one, or the board.

    A package with several dies is the sum of its zones. Some kernels show the counter of the whole
    package once for each die; zones that agree in value and in movement count once. That is judged
    anew at each reading, from totals, and never makes the result fall.
    """

    def __init__(self, domain: Domain, files: list[EnergyFile]) -> None:
        """Meter ``domain`` through its counters, one file for each zone."""
        low, high = ACCURACY[domain.kind]
        zones = " + ".join(zone.directory for zone in domain.zones)
        self.device = Device(
            id=domain.id,
            kind=domain.kind,
            name=_NAMES[domain.kind] + domain.id,
            meter="rapl-powercap",
            method=COUNTER,
            source=f"RAPL {zones} energy_uj",
            low_factor=low,
            high_factor=high,
        )
        self._files = files
        self._counters = [_counter(zone, domain.kind) for zone in domain.zones]
        self._max_raw = _number(f"{domain.zones[0].path}/max_energy_range_uj")
        self._joules = 0.0
        self._may_mirror: bool | None = None
        self._mirrors = False
        self._package: RaplMeter | None = None
        self._siblings: tuple[RaplMeter, ...] = ()

    def compare_with(self, package: RaplMeter | None, siblings: tuple[RaplMeter, ...]) -> None:
        """Judge this memory beside the package it belongs to and the memory of the others."""
        self._package, self._siblings = package, siblings

    def read_joules(self, now: Instant, machine: MachineState) -> float:  # noqa: ARG002
        """Return joules since the first reading.

        Raises:
            ReadFailed: a zone gives no number; the next reading spans the gap.
        """
        raws = [file.read() for file in self._files]
        joules = [
            counter.update(raw, now) for counter, raw in zip(self._counters, raws, strict=True)
        ]
        if self._may_mirror is None:
            self._may_mirror = len(raws) > 1 and rapl_checks.look_mirrored(
                raws, self._max_raw, MICRO
            )
        self._mirrors = self._may_mirror and rapl_checks.move_alike(joules)
        self._joules = max(self._joules, joules[0] if self._mirrors else sum(joules))
        return self._joules

    def watts(self) -> float | None:
        """Return the average power of the intervals counted, None if they are too short."""
        seconds = self._counters[0].counted_seconds
        if seconds < rapl_checks.SHORTEST_JUDGED_SECONDS:
            return None
        return self._joules / seconds

    @property
    def implausible(self) -> str | None:
        """Return why the figures of this device are not those of the run, None if they are."""
        return self._lost() or self._memory_fault()

    def _lost(self) -> str | None:
        """Return why much of the run is not in the figures."""
        for counter in self._counters:
            for cause, gap in counter.gaps.items():
                if is_much(gap.seconds, gap.seconds + counter.counted_seconds):
                    return f"{gap.seconds:.3g} s could not be counted: {_GAP_CAUSES[cause]}"
        return None

    def _memory_fault(self) -> str | None:
        watts = self.watts()
        if watts is None or self.device.kind != MEMORY:
            return None
        siblings = [power for meter in self._siblings if (power := meter.watts()) is not None]
        package = None if self._package is None else self._package.watts()
        return rapl_checks.memory_fault(watts, package, siblings)

    def notes(self, into: Notes) -> None:
        """Tell about gaps, dies that mirror each other, and figures that cannot be true."""
        device = self.device
        for counter in self._counters:
            for cause, gap in counter.gaps.items():
                into.warn(
                    f"rapl-{cause}",
                    f"{device.name}: {gap.count} interval(s), {gap.seconds:.3g} s in all, are "
                    f"left out, their energy is unknown: {_GAP_CAUSES[cause]}",
                    about=device.id,
                )
        if self._mirrors:
            into.info(
                "rapl-mirrored-dies",
                f"{device.name}: {len(self._counters)} dies show one and the same counter, "
                "which is counted once",
                about=device.id,
            )
        if (fault := self._memory_fault()) is not None:
            into.warn("rapl-implausible", f"{device.name}: {fault}", about=device.id)

    def close(self) -> None:
        """Give the descriptors back; a later reading opens the files again."""
        for file in self._files:
            file.close()


def discover(sysfs: str) -> tuple[list[RaplMeter], list[Unmeasured]]:
    """Return a meter for each RAPL domain under the sysfs root, and what has none, and why."""
    finding = find_zones(sysfs)
    meters: list[RaplMeter] = []
    unmeasured: list[Unmeasured] = []
    for domain in select(finding.zones):
        made = _open(domain, finding)
        if isinstance(made, Unmeasured):
            unmeasured.append(made)
        else:
            meters.append(made)
    if not meters and not unmeasured:
        from carbonrun.measurement.meters.rapl_advice import no_zones

        return [], [no_zones(sysfs, finding)]
    _compare_memory(meters)
    return meters, unmeasured + _unnamed_packages(finding)


def _open(domain: Domain, finding: Finding) -> RaplMeter | Unmeasured:
    files = [EnergyFile(f"{zone.path}/energy_uj") for zone in domain.zones]
    try:
        for file in files:
            file.read()
    except ReadFailed as error:
        from carbonrun.measurement.meters import rapl_advice

        for file in files:
            file.close()
        if isinstance(error.__cause__, PermissionError):
            return rapl_advice.denied(domain, finding)
        return rapl_advice.failed(domain, str(error))
    return RaplMeter(domain, files)


def _compare_memory(meters: list[RaplMeter]) -> None:
    """Let each memory know its package and the memory of the other packages."""
    packages = {meter.device.id: meter for meter in meters if meter.device.kind == CPU}
    memories = [meter for meter in meters if meter.device.kind == MEMORY]
    for memory in memories:
        package = packages.get(memory.device.id.replace("dram", "package"))
        memory.compare_with(package, tuple(other for other in memories if other is not memory))


def _unnamed_packages(finding: Finding) -> list[Unmeasured]:
    rows = [
        (directory, error_number)
        for directory, error_number in finding.unnamed
        if directory.startswith(f"{MAIN_CONTROL}:") and directory.count(":") == 1
    ]
    if not rows:
        return []
    from carbonrun.measurement.meters.rapl_advice import unnamed

    return [unnamed(directory, error_number) for directory, error_number in rows]


def _counter(zone: Zone, kind: str) -> WrappingCounter:
    limits: list[float] = []
    if kind == CPU:
        for constraint in _CONSTRAINTS:
            for file in _LIMIT_FILES:
                microwatts = _number(f"{zone.path}/constraint_{constraint}_{file}")
                limits += [] if microwatts is None else [microwatts * MICRO]
    most_watts = rapl_checks.most_watts(kind, limits)
    return WrappingCounter(_number(f"{zone.path}/max_energy_range_uj"), most_watts)


def _number(path: str) -> int | None:
    """Return the number in a file, None if there is none to be read that is greater than 0."""
    try:
        number = int(read_text(path))
    except (OSError, ValueError):
        return None
    return number if number > 0 else None
