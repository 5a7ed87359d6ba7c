"""The hosts of virtual machines, by the name of their CPU: threads and sockets. Pure.

Source: Cloud Carbon Footprint, ccf-coefficients (Apache-2.0), ``aws-instances-cpus.csv``: the
platforms that Amazon uses, without its own CPUs, which do not say their name.
"""

from __future__ import annotations

from carbonrun.record import Record


class Platform(Record):
    """A host: hardware threads (as virtual CPUs) and sockets."""

    threads: int
    sockets: int


_PLATFORMS = {
    "E5-2666 v3": (40, 2),
    "E5-2676 v3": (48, 2),
    "E5-2686 v4": (72, 2),
    "E5-2650 0": (32, 2),
    "E5-2665 0": (32, 2),
    "E5-2670 0": (32, 2),
    "E5-2651 v2": (48, 2),
    "E5-2670 v2": (40, 2),
    "E5-2680 v2": (40, 2),
    "E7-8880 v3": (128, 4),
    "Platinum 8124M": (72, 2),
    "Platinum 8151": (48, 2),
    "Platinum 8175M": (96, 2),
    "Platinum 8176M": (448, 8),
    "Platinum 8252C": (48, 2),
    "Platinum 8259CL": (96, 2),
    "Platinum 8275CL": (96, 2),
    "Platinum 8375C": (128, 2),
    "EPYC 7571": (96, 2),
    "EPYC 7R32": (96, 1),
    "i7-8700B": (12, 1),
}


def platform_of(cpu_model: str | None) -> Platform | None:
    """Return the host that has such a CPU, None if it is not in the list."""
    words = f" {cpu_model or ''} "
    for name, (threads, sockets) in _PLATFORMS.items():
        if f" {name} " in words:
            return Platform(threads=threads, sockets=sockets)
    return None
