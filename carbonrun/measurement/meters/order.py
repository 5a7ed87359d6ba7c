"""Which sensor is billed where a device has several: the order, and why. Pure.

The first that can be read wins, device by device:

====  =================  ===========================================================================
rank  kind               why here
====  =================  ===========================================================================
1     rapl-powercap      counter; the kernel knows every unit and quirk; no privilege but a file's
2     rapl-perf          the same counter without wraps; needs perf_event_paranoid <= 0
3     rapl-msr           the same counter, raw: root only, units are ours to know
4     amd-energy         the same counter on AMD, through a driver that mainline has dropped
5     cray-pm-counters   counter outside of the processor: 10 Hz, whole joules, all sockets together
6     amd-hsmp           power, integrated: the processor's own figure, asked through a mailbox
7     grace              power, integrated: averages of 50 ms to 1 s from the firmware
8     ina3221            power, integrated: the rails of a board, whose names say what they feed
9     (the model)        :mod:`carbonrun.measurement.meters.estimate`
====  =================  ===========================================================================

Counters come before power, since they miss nothing between two readings; what is in the processor
comes before what is outside. Counters are opened before the command is started, and only as far
down the list as needed; sensors of power after it.

A sensor further down that measures the same thing in another way is a cross-check; the three ways
to the register of rank 1 to 3 are not three sensors, so of these perf alone is compared (it tells
wrong units and mirrored dies). Board meters are cross-checks of all that they contain.
"""

from __future__ import annotations

from carbonrun.measurement.model import CPU, MEMORY
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.measurement.model import Meter, Unmeasured

_PACKAGE = "carbonrun.measurement.meters."

# Ids of devices that are all of their kind together, and what single ones begin with.
WHOLE_CPU, WHOLE_MEMORY = "cpu", "memory"
_WHOLE = {CPU: WHOLE_CPU, MEMORY: WHOLE_MEMORY}


class SensorKind(Record):
    """One kind of sensor.

    Attributes:
        name: as ``Device.meter`` says it.
        module: where its ``discover(places)`` is.
        place: what must be there for it, below the root ``sysfs`` or ``dev``.
        title: for people.
        meters: what it measures, for people.
        is_counter: opened before the command is started.
        is_cross_check: compared with the winner where another kind has won.
        absent: why there may be none, for people.
        remedy: what may bring it, or None.
    """

    name: str
    module: str
    place: str
    title: str
    meters: str
    is_counter: bool
    is_cross_check: bool
    absent: str
    remedy: str | None = None


ORDER = (
    SensorKind(
        name="rapl-powercap",
        module=_PACKAGE + "rapl",
        place="sysfs/class/powercap",
        title="RAPL through powercap",
        meters="CPU packages, their memory, psys",
        is_counter=True,
        is_cross_check=False,
        absent="no RAPL zones (virtual machine, container, or CPU without RAPL)",
        remedy="sudo modprobe intel_rapl_msr",
    ),
    SensorKind(
        name="rapl-perf",
        module=_PACKAGE + "perf_rapl",
        place="sysfs/bus/event_source/devices/power",
        title="RAPL through perf",
        meters="CPU packages, their memory, psys",
        is_counter=True,
        is_cross_check=True,
        absent="the kernel has no PMU `power` (virtual machine, or not an x86 CPU with RAPL)",
        remedy="sudo modprobe rapl",
    ),
    SensorKind(
        name="rapl-msr",
        module=_PACKAGE + "msr",
        place="dev/cpu",
        title="RAPL through MSRs",
        meters="CPU packages, their memory, psys",
        is_counter=True,
        is_cross_check=False,
        absent="no /dev/cpu/*/msr, or a CPU without known energy registers",
        remedy="sudo modprobe msr",
    ),
    SensorKind(
        name="amd-energy",
        module=_PACKAGE + "amd_energy",
        place="sysfs/class/hwmon",
        title="AMD energy driver",
        meters="CPU packages",
        is_counter=True,
        is_cross_check=False,
        absent="no hwmon chip amd_energy (Linux 5.8 to 5.12, or built outside of the kernel)",
    ),
    SensorKind(
        name="cray-pm-counters",
        module=_PACKAGE + "cray",
        place="sysfs/cray/pm_counters",
        title="Cray node counters",
        meters="all CPUs, the memory, the node",
        is_counter=True,
        is_cross_check=True,
        absent="no /sys/cray/pm_counters (not a Cray node)",
    ),
    SensorKind(
        name="amd-hsmp",
        module=_PACKAGE + "hsmp",
        place="sysfs/class/hwmon",
        title="AMD HSMP",
        meters="CPU packages",
        is_counter=False,
        is_cross_check=True,
        absent="no hwmon chip amd_hsmp_hwmon (AMD EPYC, Linux 6.16 or newer)",
        remedy="sudo modprobe hsmp_acpi || sudo modprobe amd_hsmp # needs HSMP in the firmware",
    ),
    SensorKind(
        name="grace",
        module=_PACKAGE + "grace",
        place="sysfs/class/hwmon",
        title="Nvidia Grace power meters",
        meters="CPU packages, the module",
        is_counter=False,
        is_cross_check=True,
        absent="no ACPI power meter of a Grace socket",
    ),
    SensorKind(
        name="ina3221",
        module=_PACKAGE + "ina3221",
        place="sysfs/class/hwmon",
        title="INA3221 rails",
        meters="rails of a board: CPU, memory, input",
        is_counter=False,
        is_cross_check=False,
        absent="no hwmon chip ina3221 (Nvidia Jetson and others)",
    ),
)


class Choice:
    """Collects meters in their order; keeps the first of each device.

    Attributes:
        meters: to be billed, or shown if they are of the kind ``board``.
        second: those of devices that have one already.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.meters: list[Meter] = []
        self.second: list[Meter] = []
        self._rows: dict[str, Unmeasured] = {}

    def add(self, meters: Iterable[Meter], unmeasured: Iterable[Unmeasured]) -> None:
        """Take what the next kind has found."""
        for meter in tuple(meters):
            device = meter.device
            (self.second if self.has(device.id, device.kind) else self.meters).append(meter)
        for row in unmeasured:
            self._rows.setdefault(row.id, row)

    def has(self, device_id: str, kind: str) -> bool:
        """Tell whether a device is metered, by itself or in the sum of its kind."""
        whole = _WHOLE.get(kind)
        return any(
            meter.device.kind == kind
            and (meter.device.id == device_id or whole in (meter.device.id, device_id))
            for meter in self.meters
        )

    def has_kind(self, kind: str) -> bool:
        """Tell whether any device of a kind is metered."""
        return any(meter.device.kind == kind for meter in self.meters)

    def unmeasured(self) -> list[Unmeasured]:
        """Return why devices are not metered that are not; the first reason for each."""
        return [row for row in self._rows.values() if not self.has(row.id, row.kind)]
