"""Reads what this machine is made of.

Source: Linux, ``Documentation/ABI/testing/sysfs-class-dmi`` and ``stable/sysfs-block``.
"""

from __future__ import annotations

import os

from carbonrun.measurement.parts import VIRTUAL, Parts, kind_of_chassis
from carbonrun.measurement.tree.procstat import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.host import HostFacts


def parts_of(facts: HostFacts, sysfs: str, gpus: int) -> Parts:
    """Return the parts of the machine; ``gpus`` is how many it has."""
    drives = _drives(f"{sysfs}/block")
    return Parts(
        kind=VIRTUAL
        if facts.virtual
        else kind_of_chassis(_number(f"{sysfs}/class/dmi/id/chassis_type")),
        cpu_model=facts.cpu_model,
        sockets=facts.sockets,
        logical_cpus=facts.logical_cpus,
        memory_bytes=facts.memory_bytes,
        solid_state_drives=drives.count(False),
        hard_disks=drives.count(True),
        gpus=gpus,
    )


def _drives(folder: str) -> list[bool]:
    """Return for each drive that is no mere name for others whether it rotates."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []
    real = [f"{folder}/{name}" for name in names if os.path.exists(f"{folder}/{name}/device")]  # noqa: PTH110
    fixed = [path for path in real if _number(f"{path}/removable") == 0]
    return [_number(f"{path}/queue/rotational") == 1 for path in fixed]


def _number(path: str) -> int | None:
    try:
        return int(read_bytes(path))
    except (OSError, ValueError):
        return None
