"""RAPL through the kernel's perf events: the PMU ``power``.

The kernel extends the 32-bit counters to 64 bit in units of 2^-32 J and watches their wraps itself,
so nothing is lost however rarely they are read. The events are of the whole system, which the
kernel grants with ``perf_event_paranoid`` at 0 or less, or to programs with CAP_PERFMON (before
Linux 5.8 CAP_SYS_ADMIN).

There is one event for each CPU of the PMU's ``cpumask``; the numbers in it say nothing about
packages, so each CPU is looked up in the topology. When a CPU goes offline the kernel moves its
event to another of the die; where that fails the counter is opened anew, as a reset.

Source: Linux, arch/x86/events/rapl.c; perf_event_open(2).
"""

from __future__ import annotations

import os
import sys

from carbonrun.errors import MeterUnavailable, ReadFailed
from carbonrun.measurement.meters import rapl_checks
from carbonrun.measurement.meters.counter import WrappingCounter
from carbonrun.measurement.meters.counter_meter import CounterMeter, compare_memory, counted_device
from carbonrun.measurement.meters.sensors import NOTHING, Found
from carbonrun.measurement.meters.topology import (
    PACKAGE_WIDE,
    package_of_cpu,
    parse_list,
    vendor_and_model,
)
from carbonrun.measurement.model import BOARD, CPU, MEMORY, Unmeasured
from carbonrun.measurement.tree.perf import open_system_event, read_count
from carbonrun.measurement.tree.procstat import read_text
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.measurement.meters.sensors import Places

METER_NAME = "rapl-perf"
FOLDER = "bus/event_source/devices/power"
# Contained in the package, and so not read: energy-cores, energy-gpu.
_EVENTS = {"energy-pkg": CPU, "energy-ram": MEMORY, "energy-psys": BOARD}
_FAMILY = {CPU: "package", MEMORY: "dram"}
_COUNTER_BITS = 64


class Event(Record):
    """One event of the PMU.

    Attributes:
        name: as in ``energy-pkg``.
        config: its number for the kernel.
        joules_per_unit: greater than 0.
    """

    name: str
    config: int
    joules_per_unit: float


class EventSource:
    """A counter of the kernel's on one CPU; opened anew, maybe elsewhere, after a failure."""

    def __init__(self, pmu_type: int, config: int, find_cpu: Callable[[], int | None]) -> None:
        """Count event ``config`` on the CPU that ``find_cpu`` gives; None if there is none."""
        self._type, self._config, self._find_cpu = pmu_type, config, find_cpu
        self._descriptor: int | None = None

    def read(self) -> int:
        """Return the count since it was opened.

        Raises:
            ReadFailed: the kernel refuses, or the CPU is gone.
        """
        if self._descriptor is None:
            self._descriptor = self._open()
        try:
            return read_count(self._descriptor)
        except OSError as error:
            self.close()
            raise ReadFailed(f"perf event: {error.strerror}") from error

    def close(self) -> None:
        """Give the descriptor back."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _open(self) -> int:
        cpu = self._find_cpu()
        if cpu is None:
            raise ReadFailed("perf event: no CPU of the package is online")
        try:
            return open_system_event(self._type, self._config, cpu)
        except MeterUnavailable as error:
            raise ReadFailed(error.reason) from error.__cause__


def perf_hint() -> str:
    """Return what makes the events readable."""
    interpreter = os.path.realpath(sys.executable)
    return (
        "until the next boot: sudo sysctl kernel.perf_event_paranoid=0 ; or, for all that this "
        f"interpreter runs: sudo setcap cap_perfmon+ep {interpreter} ; in a container: "
        "docker run --cap-add PERFMON ..."
    )


def discover(places: Places) -> Found:
    """Return a meter for each package, its memory, and psys, as far as the PMU has them."""
    folder = f"{places.sysfs}/{FOLDER}"
    try:
        pmu_type = int(read_text(f"{folder}/type"))
        cpus = parse_list(read_text(f"{folder}/cpumask"))
    except (OSError, ValueError):
        return NOTHING
    vendor = vendor_and_model(places.procfs)[0]
    packages = _packages(places.sysfs, cpus, one_each=vendor in PACKAGE_WIDE)
    meters: list[CounterMeter] = []
    unmeasured: list[Unmeasured] = []
    for name, kind in _EVENTS.items():
        event = _read_event(folder, name)
        if event is None:
            continue
        for device_id, where in _devices(kind, packages):
            made = _open(places.sysfs, pmu_type, event, (device_id, kind), where)
            if isinstance(made, Unmeasured):
                unmeasured.append(made)
            else:
                meters.append(made)
    compare_memory(meters)
    return Found(meters=tuple(meters), unmeasured=tuple(unmeasured))


def _packages(sysfs: str, cpus: tuple[int, ...], *, one_each: bool) -> dict[int, list[int]]:
    """Return the CPUs of the mask by package; one of each where its dies share one counter.

    Kernels before 6.12 have one in the mask for each die of such packages, too.
    """
    packages: dict[int, list[int]] = {}
    for cpu in cpus:
        package = package_of_cpu(sysfs, cpu)
        if package is not None and not (one_each and package in packages):
            packages.setdefault(package, []).append(cpu)
    return dict(sorted(packages.items()))


def _devices(kind: str, packages: dict[int, list[int]]) -> list[tuple[str, list[int]]]:
    if kind == BOARD:
        return [("psys", cpus[:1]) for cpus in list(packages.values())[:1]]
    return [(f"{_FAMILY[kind]}-{package}", cpus) for package, cpus in packages.items()]


def _read_event(folder: str, name: str) -> Event | None:
    """Return an event that counts joules, None if the PMU has none of that name."""
    path = f"{folder}/events/{name}"
    try:
        key, _, number = read_text(path).partition("=")
        scale, unit = float(read_text(f"{path}.scale")), read_text(f"{path}.unit")
        config = int(number, 0)
    except (OSError, ValueError):
        return None
    if key != "event" or unit != "Joules" or not 0 < scale < 1:
        return None
    return Event(name=name, config=config, joules_per_unit=scale)


def _open(
    sysfs: str, pmu_type: int, event: Event, device: tuple[str, str], cpus: list[int]
) -> CounterMeter | Unmeasured:
    device_id, kind = device
    sources = [
        EventSource(pmu_type, event.config, _finder(sysfs, cpu, index, len(cpus)))
        for index, cpu in enumerate(cpus)
    ]
    try:
        for source in sources:
            source.read()
    except ReadFailed as error:
        for source in sources:
            source.close()
        hint = perf_hint() if isinstance(error.__cause__, PermissionError) else None
        return Unmeasured(id=device_id, kind=kind, reason=f"{event.name}: {error}", hint=hint)
    where = ",".join(str(cpu) for cpu in cpus)
    most_watts = rapl_checks.most_watts(kind, ())
    return CounterMeter(
        counted_device(device_id, kind, METER_NAME, f"RAPL perf event {event.name} on CPU {where}"),
        sources,
        [WrappingCounter(2**_COUNTER_BITS - 1, most_watts, event.joules_per_unit) for _ in cpus],
    )


def _finder(sysfs: str, cpu: int, index: int, count: int) -> Callable[[], int | None]:
    """Return what finds the CPU to count on: the first time ``cpu``, later what the mask has."""
    package = package_of_cpu(sysfs, cpu)
    is_first = True

    def find() -> int | None:
        nonlocal is_first
        if is_first:
            is_first = False
            return cpu
        try:
            mask = parse_list(read_text(f"{sysfs}/{FOLDER}/cpumask"))
        except (OSError, ValueError):
            return None
        there = [each for each in mask if package_of_cpu(sysfs, each) == package]
        return there[index] if len(there) >= count else None

    return find
