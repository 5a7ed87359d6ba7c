"""RAPL through the kernel's powercap files: the energy of CPU packages, their memory, the board.

Responsible for making one meter of each RAPL domain and for saying why one cannot be made. The
parts: :mod:`powercap` (which zones), :mod:`energy_file` (reading), :mod:`counter` (wraps, resets,
gaps), :mod:`counter_meter` (the device), :mod:`rapl_checks` (what can be true),
:mod:`rapl_advice` (reasons and remedies).
"""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters import rapl_checks
from carbonrun.measurement.meters.counter import WrappingCounter
from carbonrun.measurement.meters.energy_file import EnergyFile
from carbonrun.measurement.meters.powercap import MAIN_CONTROL, find_zones, select
from carbonrun.measurement.model import CPU, Unmeasured
from carbonrun.measurement.tree.procstat import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.meters.counter_meter import CounterMeter
    from carbonrun.measurement.meters.powercap import Domain, Finding, Zone

METER_NAME = "rapl-powercap"
MICRO = 1e-6

_CONSTRAINTS = (0, 1, 2)
_LIMIT_FILES = ("max_power_uw", "power_limit_uw")


def discover(sysfs: str) -> tuple[list[CounterMeter], list[Unmeasured]]:
    """Return a meter for each RAPL domain under the sysfs root, and what has none, and why."""
    finding = find_zones(sysfs)
    meters: list[CounterMeter] = []
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
    from carbonrun.measurement.meters.counter_meter import compare_memory

    compare_memory(meters)
    return meters, unmeasured + _unnamed_packages(finding)


def _open(domain: Domain, finding: Finding) -> CounterMeter | Unmeasured:
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
    from carbonrun.measurement.meters.counter_meter import CounterMeter, counted_device

    zones = " + ".join(zone.directory for zone in domain.zones)
    max_raw = _number(f"{domain.zones[0].path}/max_energy_range_uj")
    return CounterMeter(
        counted_device(domain.id, domain.kind, METER_NAME, f"RAPL {zones} energy_uj"),
        files,
        [_counter(zone, domain.kind) for zone in domain.zones],
        may_mirror=lambda raws: rapl_checks.look_mirrored(raws, max_raw, MICRO),
    )


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
