"""The RAPL zones of the kernel's powercap tree: which there are, and which to sum.

Responsible for finding the zones under a sysfs root and for choosing among them by name. Not
responsible for reading energy. A zone is what its ``name`` file says: the numbers in directory
names are the order of registration and say nothing about the package.

Source: Linux, ``Documentation/power/powercap/powercap.rst`` and ``drivers/powercap/intel_rapl_*``,
which also name the zones of AMD processors.
"""

from __future__ import annotations

import os

from carbonrun.measurement.model import BOARD, CPU, MEMORY
from carbonrun.measurement.tree.procstat import read_text
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Below the sysfs root. The first has links into the second; containers may have only one of them.
CLASS_FOLDER = "class/powercap"
DEVICE_FOLDER = "devices/virtual/powercap"

# Others, such as dtpm, are not RAPL. All but the first are other ways to the same counters
# ("intel-rapl-mmio").
MAIN_CONTROL = "intel-rapl"

_KIND_ORDER = (CPU, MEMORY, BOARD)


class Zone(Record):
    """One zone.

    Attributes:
        directory: its last path component, as in ``intel-rapl:0:2``.
        path: its directory.
        name: what the kernel calls it, as in ``package-0``, ``package-0-die-1``, ``dram``.
    """

    directory: str
    path: str
    name: str


class Domain(Record):
    """What is metered as one device: the zones whose energy makes it up.

    Attributes:
        id: ``package-0``, ``dram-0``, ``psys``.
        kind: ``cpu``, ``memory`` or ``board``.
        zones: one, or one for each die of the package.
    """

    id: str
    kind: str
    zones: tuple[Zone, ...]


class Finding(Record):
    """What there is below a sysfs root.

    Attributes:
        root: the powercap folder that was looked into.
        zones: those that have a name.
        unnamed: RAPL zones whose name is not to be had (links that lead nowhere), and the errno.
        has_nested_only: the folder does not list the zones themselves, only what contains them.
    """

    root: str
    zones: tuple[Zone, ...]
    unnamed: tuple[tuple[str, int], ...] = ()
    has_nested_only: bool = False


def find_zones(sysfs: str) -> Finding:
    """Return the RAPL zones under the sysfs root, in no particular order."""
    sysfs = sysfs.rstrip("/")
    first = _find_in(f"{sysfs}/{CLASS_FOLDER}")
    if first.zones:
        return first
    second = _find_in(f"{sysfs}/{DEVICE_FOLDER}")
    return second if second.zones else first


def _find_in(root: str) -> Finding:
    try:
        names = [name for name in sorted(os.listdir(root)) if name.startswith(MAIN_CONTROL)]  # noqa: PTH208
    except FileNotFoundError:
        return Finding(root=root, zones=())
    except OSError as error:
        return Finding(root=root, zones=(), unnamed=((root, error.errno or 0),))
    listed = [name for name in names if ":" in name]
    paths = {name: f"{root}/{name}" for name in listed}
    for name in names:
        # The kernel lists every zone here; a mount of a part of the tree may nest them.
        if name.count(":") < 2 and not any(other.startswith(f"{name}:") for other in listed):  # noqa: PLR2004
            _add_nested(f"{root}/{name}", paths)
    zones: list[Zone] = []
    unnamed: list[tuple[str, int]] = []
    for directory, path in paths.items():
        zone = _zone(directory, path)
        if isinstance(zone, Zone):
            zones.append(zone)
        else:
            unnamed.append((directory, zone))
    return Finding(
        root=root,
        zones=tuple(zones),
        unnamed=tuple(unnamed),
        has_nested_only=len(listed) < len(paths),
    )


def _zone(directory: str, path: str) -> Zone | int:
    """Return the zone, or the errno that says why it has no name."""
    try:
        return Zone(directory=directory, path=path, name=read_text(f"{path}/name"))
    except OSError as error:
        return error.errno or 0


def _add_nested(folder: str, paths: dict[str, str]) -> None:
    own = folder.rpartition("/")[2]
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return  # the link leads nowhere, which its missing name tells as well
    for name in names:
        if name.startswith(f"{own}:") and name not in paths:
            paths[name] = f"{folder}/{name}"
            _add_nested(paths[name], paths)


def select(zones: Iterable[Zone]) -> tuple[Domain, ...]:
    """Return what to meter: packages, their DRAM, and psys as a cross-check. Pure.

    psys contains the packages, a package contains core and uncore (not read), DRAM is outside. What
    another control type has is left out where the main one has it too: it is the same counter.
    """
    zones = sorted(zones, key=lambda zone: (_control(zone) != MAIN_CONTROL, zone.directory))
    names = {zone.directory: zone.name for zone in zones}
    found: dict[tuple[str, str], dict[tuple[str, str], Zone]] = {}
    for zone in zones:
        identity = _identify(zone, names)
        if identity is None:
            continue
        # One part for each die; a second zone of the same name is the same counter.
        parts = found.setdefault(identity, {})
        if all(_control(part) == _control(zone) for part in parts.values()):
            parts.setdefault((zone.name, names.get(_parent(zone), "")), zone)
    order = sorted(found, key=lambda key: (_KIND_ORDER.index(key[1]), len(key[0]), key[0]))
    return tuple(Domain(id=key[0], kind=key[1], zones=tuple(found[key].values())) for key in order)


def _identify(zone: Zone, names: dict[str, str]) -> tuple[str, str] | None:
    """Return device id and kind, None for what is contained in something else."""
    if zone.name == "psys" or zone.name.startswith("psys-"):
        return zone.name, BOARD
    package = package_of(zone.name)
    if package is not None:
        return f"package-{package}", CPU
    if zone.name == "dram":
        package = package_of(names.get(_parent(zone), ""))
        return ("dram" if package is None else f"dram-{package}"), MEMORY
    return None


def package_of(name: str) -> str | None:
    """Return the package in a zone's name (``0`` in ``package-0-die-1``), None if it is none."""
    if not name.startswith("package-"):
        return None
    return name[len("package-") :].partition("-die-")[0] or None


def _control(zone: Zone) -> str:
    return zone.directory.partition(":")[0]


def _parent(zone: Zone) -> str:
    return zone.directory.rpartition(":")[0]
