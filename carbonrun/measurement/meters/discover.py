"""Opens the counters of CPU and memory in their order, before the command is started.

On the fast path: where powercap can be read nothing else is looked at before the command is
started. Where it cannot, the next counters are tried, if the files of any of them are there.
"""

from __future__ import annotations

import os
import sys

from carbonrun.measurement.model import CPU

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.clock import Instant
    from carbonrun.measurement.meters.order import SensorKind
    from carbonrun.measurement.meters.sensors import Found, Places
    from carbonrun.measurement.model import Meter, Unmeasured


def before_start(sysfs: str, procfs: str, started: Instant) -> tuple[list[Meter], list[Unmeasured]]:
    """Return the counters that are read from the start on, and the devices without one, and why."""
    if sys.platform != "linux":
        from carbonrun.measurement.meters import other_systems

        where = other_systems.whereabouts(started, os.environ)
        return other_systems.before_start(sys.platform, where)
    if not has_powercap(sysfs) and not has_other_sensors(sysfs):
        return [], []  # the reasons are told later: see rows_of
    from carbonrun.measurement.meters import rapl

    counters, unmeasured = rapl.discover(sysfs)
    meters: list[Meter] = [*counters]
    if any(meter.device.kind == CPU for meter in meters) or not has_other_sensors(sysfs):
        return meters, unmeasured
    from carbonrun.measurement.meters.order import ORDER, Choice
    from carbonrun.measurement.meters.sensors import places_of

    places = places_of(sysfs, procfs, started)
    choice = Choice()
    choice.add(meters, unmeasured)
    for kind in ORDER[1:]:
        if kind.is_counter and not choice.has_kind(CPU) and may_be_there(kind, places):
            found = open_kind(kind, places)
            choice.add(found.meters, found.unmeasured)
    close_all(choice.second)
    return choice.meters, choice.unmeasured()


def rows_of(sysfs: str, rows: Sequence[Unmeasured]) -> Sequence[Unmeasured]:
    """Return the rows of :func:`before_start`, with the one that it has left for later."""
    if sys.platform != "linux" or has_powercap(sysfs) or has_other_sensors(sysfs):
        return rows
    from carbonrun.measurement.meters.powercap import find_zones
    from carbonrun.measurement.meters.rapl_advice import no_zones

    return [no_zones(sysfs, find_zones(sysfs))]


def has_powercap(sysfs: str) -> bool:
    """Tell whether there is a powercap tree; spares the import of what reads it."""
    sysfs = sysfs.rstrip("/")
    places = (f"{sysfs}/class/powercap", f"{sysfs}/devices/virtual/powercap")
    return any(os.path.lexists(path) for path in places)


def may_be_there(kind: SensorKind, places: Places) -> bool:
    """Tell whether it is worth to import and ask a kind of sensor; costs a system call."""
    root, _, rest = kind.place.partition("/")
    return os.path.lexists(f"{places.dev if root == 'dev' else places.sysfs}/{rest}")


def open_kind(kind: SensorKind, places: Places) -> Found:
    """Return what a kind of sensor finds; its module is imported now."""
    from carbonrun.measurement.meters import rapl
    from carbonrun.measurement.meters.sensors import Found

    module = __import__(kind.module, fromlist=["discover"])
    if module is rapl:
        meters, unmeasured = rapl.discover(places.sysfs)
        return Found(meters=tuple(meters), unmeasured=tuple(unmeasured))
    found: Found = module.discover(places)
    return found


def close_all(meters: Sequence[Meter]) -> None:
    """Give the descriptors of meters back that are not used."""
    for meter in meters:
        close = getattr(meter, "close", None)
        if close is not None:
            close()


def has_other_sensors(sysfs: str) -> bool:
    """Tell whether there are files of any sensor but powercap's; costs a few system calls."""
    if sys.platform != "linux":
        return True
    sysfs = sysfs.rstrip("/")
    dev = f"{sysfs.rpartition('/')[0]}/dev"
    return any(
        os.path.lexists(path)
        for path in (
            f"{sysfs}/bus/event_source/devices/power",
            f"{sysfs}/class/hwmon",
            f"{sysfs}/cray",
            f"{dev}/cpu/0/msr",
        )
    )
