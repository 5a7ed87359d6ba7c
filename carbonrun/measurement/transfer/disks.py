"""The disks of the machine: which there are, how large, of which kind.

Source: Documentation/ABI/stable/sysfs-block of the kernel.
"""

from __future__ import annotations

import os

from carbonrun.measurement.transfer.coefficients import Disk
from carbonrun.measurement.tree.procstat import read_bytes

# ``size`` is in these units, whatever the disk's own are.
_SECTOR_BYTES = 512
# Disks of virtual machines: what the host keeps them on is not told, and "rotational" is a guess.
_VIRTUAL = ("vd", "xvd")


def read_disks(sysfs: str, *, virtual: bool) -> tuple[Disk, ...]:
    """Return the disks; no partitions, no memory, no images, nothing that can be taken out."""
    folder = f"{sysfs}/block"
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return ()
    return tuple(
        disk for disk in (_disk(f"{folder}/{name}", name, virtual) for name in names) if disk
    )


def _disk(folder: str, name: str, virtual: bool) -> Disk | None:
    is_device = os.path.exists(f"{folder}/device")  # noqa: PTH110
    if not is_device or _number(f"{folder}/removable") or _number(f"{folder}/hidden"):
        return None
    size = _number(f"{folder}/size")
    if not size:
        return None
    rotational = _number(f"{folder}/queue/rotational")
    is_told = rotational is not None and not virtual and not name.startswith(_VIRTUAL)
    return Disk(
        name=name,
        capacity_bytes=size * _SECTOR_BYTES,
        is_rotating=bool(rotational) if is_told else None,
    )


def _number(path: str) -> int | None:
    try:
        return int(read_bytes(path))
    except (OSError, ValueError):
        return None
