"""What a machine is made of, as far as making it matters: chassis, CPUs, memory, drives. Pure."""

from __future__ import annotations

from carbonrun.record import Record

SERVER, DESKTOP, LAPTOP, VIRTUAL, UNKNOWN_KIND = "server", "desktop", "laptop", "virtual", "unknown"
# Source: SMBIOS specification 3.7, table 17 (chassis types).
_CHASSIS = {
    LAPTOP: (8, 9, 10, 11, 14, 30, 31, 32),
    DESKTOP: (3, 4, 5, 6, 7, 13, 15, 16, 24, 35, 36),
    SERVER: (17, 23, 25, 28, 29),
}


class Parts(Record):
    """The parts; what cannot be told is 0.

    Attributes:
        kind: ``server``, ``desktop``, ``laptop``, ``virtual`` or ``unknown``.
        cpu_model: the name of the CPU, None if it has none.
        sockets, logical_cpus: 1 or more.
        memory_bytes: installed.
        solid_state_drives, hard_disks, gpus: how many.
    """

    kind: str
    cpu_model: str | None
    sockets: int
    logical_cpus: int
    memory_bytes: int
    solid_state_drives: int
    hard_disks: int
    gpus: int


def kind_of_chassis(number: int | None) -> str:
    """Return the kind of machine that has a chassis of a type, ``unknown`` for most numbers."""
    return next((kind for kind, numbers in _CHASSIS.items() if number in numbers), UNKNOWN_KIND)
