"""AMD's ``amd_energy`` driver: the energy of each socket, in an hwmon chip.

The kernel reads the RAPL registers of the processor itself and accumulates their wraps in 64 bits,
so what comes out is microjoules that only rise. The channels ``Esocket`` are of NUMA nodes, of
which a package may have several: each then shows the same register, and one is taken. ``Ecore``
channels are contained in them.

The driver was part of Linux 5.8 to 5.12 and lives on outside of it.

Source: Linux 5.12, drivers/hwmon/amd_energy.c.
"""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters import rapl_checks
from carbonrun.measurement.meters.counter import WrappingCounter
from carbonrun.measurement.meters.counter_meter import CounterMeter, counted_device
from carbonrun.measurement.meters.energy_file import EnergyFile
from carbonrun.measurement.meters.hwmon import Chip, chips, labels
from carbonrun.measurement.meters.sensors import Found
from carbonrun.measurement.meters.topology import package_of_cpu, parse_list
from carbonrun.measurement.model import CPU, Unmeasured
from carbonrun.measurement.tree.procstat import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.meters.sensors import Places

METER_NAME = "amd-energy"
CHIP = "amd_energy"
_LABEL = "Esocket"
_MICRO = 1e-6
_COUNTER_MAX = 2**63 - 1


def discover(places: Places) -> Found:
    """Return a meter for each package."""
    meters: dict[str, CounterMeter] = {}
    unmeasured: dict[str, Unmeasured] = {}
    for chip in chips(places.sysfs, CHIP):
        for channel, label in labels(chip, "energy").items():
            number = label[len(_LABEL) :]
            if not label.startswith(_LABEL) or not number.isdigit():
                continue
            device_id = f"package-{_package(places.sysfs, int(number))}"
            if device_id in meters or device_id in unmeasured:
                continue
            made = _open(chip, channel, label, device_id)
            if isinstance(made, Unmeasured):
                unmeasured[device_id] = made
            else:
                meters[device_id] = made
    return Found(meters=tuple(meters.values()), unmeasured=tuple(unmeasured.values()))


def _package(sysfs: str, node: int) -> int:
    """Return the package of a NUMA node; its own number where sysfs does not tell."""
    try:
        cpus = parse_list(read_text(f"{sysfs}/devices/system/node/node{node}/cpulist"))
    except (OSError, ValueError):
        return node
    package = package_of_cpu(sysfs, cpus[0]) if cpus else None
    return node if package is None else package


def _open(chip: Chip, channel: int, label: str, device_id: str) -> CounterMeter | Unmeasured:
    path = chip.attribute(f"energy{channel}_input") or f"{chip.path}/energy{channel}_input"
    file = EnergyFile(path)
    try:
        file.read()
    except ReadFailed as error:
        file.close()
        hint = None
        if isinstance(error.__cause__, PermissionError):
            hint = f"until the next boot: sudo chmod a+r {chip.path}/energy*_input"
        return Unmeasured(id=device_id, kind=CPU, reason=str(error), hint=hint)
    return CounterMeter(
        counted_device(device_id, CPU, METER_NAME, f"hwmon amd_energy {label}"),
        [file],
        [WrappingCounter(_COUNTER_MAX, rapl_checks.most_watts(CPU, ()), _MICRO)],
    )
