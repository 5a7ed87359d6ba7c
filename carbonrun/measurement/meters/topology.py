"""Which CPUs belong to which package and die, as far as sysfs tells.

Only as many files are read as there are dies: each names all of its CPUs.

Source: Linux, ``Documentation/ABI/stable/sysfs-devices-system-cpu`` (physical_package_id, die_id,
die_cpus_list, package_cpus_list) and ``Documentation/admin-guide/cputopology.rst``.
"""

from __future__ import annotations

import os

from carbonrun.measurement.tree.procstat import read_text
from carbonrun.record import Record

# Vendors whose energy counters are one for each package, whatever the dies; Intel's are one a die.
# Source: Linux, arch/x86/events/rapl.c, "RAPL Package energy counter scope".
PACKAGE_WIDE = ("AuthenticAMD", "HygonGenuine")
# The lines that are needed are the first four.
_VENDOR_BYTES = 512


class Die(Record):
    """One die.

    Attributes:
        package: ``physical_package_id``.
        cpus: those online, at least one.
    """

    package: int
    cpus: tuple[int, ...]


def parse_list(text: str) -> tuple[int, ...]:
    """Return the numbers of a kernel list such as ``0-3,8``, in their order.

    Raises:
        ValueError: it is no such list.
    """
    numbers: list[int] = []
    for part in text.strip().split(","):
        if not part:
            continue
        first, dash, last = part.partition("-")
        low, high = int(first), int(last if dash else first)
        if low < 0 or high < low:
            raise ValueError(f"{text!r} is no list of CPUs")
        numbers += range(low, high + 1)
    return tuple(numbers)


def package_of_cpu(sysfs: str, cpu: int) -> int | None:
    """Return the package of a CPU, None if it is offline or not told."""
    try:
        package = int(
            read_text(f"{sysfs}/devices/system/cpu/cpu{cpu}/topology/physical_package_id")
        )
    except (OSError, ValueError):
        return None
    return package if package >= 0 else None


def counter_dies(sysfs: str, vendor: str) -> tuple[Die, ...]:
    """Return one entry for each energy counter that the processors have, in order of packages.

    Empty where sysfs does not tell.
    """
    folder = f"{sysfs}/devices/system/cpu"
    names = ["package_cpus_list", "core_siblings_list"]
    if vendor not in PACKAGE_WIDE:
        names.insert(0, "die_cpus_list")
    try:
        left = list(parse_list(read_text(f"{folder}/online")))
    except (OSError, ValueError):
        return ()
    dies: list[Die] = []
    while left:
        cpu = left[0]
        package = package_of_cpu(sysfs, cpu)
        together = _list_in(f"{folder}/cpu{cpu}/topology", names) or (cpu,)
        inside = tuple(other for other in left if other in together) or (cpu,)
        left = [other for other in left if other not in inside]
        if package is not None:
            dies.append(Die(package=package, cpus=inside))
    return tuple(sorted(dies, key=lambda die: (die.package, die.cpus)))


def _list_in(folder: str, names: list[str]) -> frozenset[int]:
    for name in names:
        try:
            return frozenset(parse_list(read_text(f"{folder}/{name}")))
        except (OSError, ValueError):
            continue
    return frozenset()


def vendor_and_model(procfs: str) -> tuple[str, int, int]:
    """Return vendor, family and model of the first CPU; "" and 0 where they are not told."""
    try:
        descriptor = os.open(f"{procfs}/cpuinfo", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return "", 0, 0
    try:
        text = os.read(descriptor, _VENDOR_BYTES).decode("ascii", "replace")
    except OSError:
        return "", 0, 0
    finally:
        os.close(descriptor)
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    family, model = fields.get("cpu family", ""), fields.get("model", "")
    return (
        fields.get("vendor_id", ""),
        int(family) if family.isdigit() else 0,
        int(model) if model.isdigit() else 0,
    )


def packages(sysfs: str) -> dict[int, frozenset[int]]:
    """Return the CPUs online of each package; empty where sysfs does not tell."""
    found: dict[int, frozenset[int]] = {}
    for die in counter_dies(sysfs, PACKAGE_WIDE[0]):
        found[die.package] = found.get(die.package, frozenset()) | frozenset(die.cpus)
    return found
