"""What disks and network draw: coefficients, bounds, and devices made from them. Pure.

A disk draws a constant power for its capacity. The command pays for the part of that time that its
bytes took at the pace of such a disk, whether others use the disk or not. A network has no power of
its own here: each byte has its energy.
"""

from __future__ import annotations

from carbonrun.measurement.model import (
    DISK,
    ESTIMATED,
    NETWORK,
    Device,
    IdleFloor,
    Reading,
)
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

METER_NAME = "estimate"
SOURCE = "Cloud Carbon Footprint, Apache-2.0, 2026"

# Source: Cloud Carbon Footprint, methodology, "storage": Wh per TB and hour, which is W per TB.
SSD_WATTS_PER_TB, HDD_WATTS_PER_TB = 1.2, 0.65
BYTES_PER_TB = 1e12
# What one disk moves when it does nothing else: SATA at 6 Gb/s leaves 0.55 GB/s to a solid one,
# platters with 7200 turns a minute give 0.1 to 0.25 GB/s.
SSD_BYTES_PER_SECOND, HDD_BYTES_PER_SECOND = 0.5e9, 0.15e9
# A 22 TB disk draws 5.5 W, a 1 TB one 5 W: 0.25 to 5 W/TB. A solid one draws 1 W per TB when idle
# and 8 to 14 W while it writes. Source: data sheets of Seagate, Western Digital, Samsung.
DISK_LOW_FACTOR, DISK_HIGH_FACTOR = 0.25, 8.0

# Source: Cloud Carbon Footprint, methodology, "networking": 0.001 kWh/GB within and between data
# centres.
JOULES_PER_BYTE = 0.001 * 3.6e6 / 1e9
# Routers draw nearly the same without traffic, so that a byte adds next to nothing; fixed-line
# internet with its access took 0.06 kWh/GB in 2015 and half of that every two years, which is
# 0.002 today. Source: J. Aslan et al., J. Ind. Ecol. 22(4), 2018; D. Mytton et al., 2024.
NETWORK_LOW_FACTOR, NETWORK_HIGH_FACTOR = 0.1, 10.0


class Disk(Record):
    """One disk of the machine.

    Attributes:
        name: as the kernel calls it.
        capacity_bytes: more than 0.
        is_rotating: None where the machine cannot tell (virtual disks).
    """

    name: str
    capacity_bytes: int
    is_rotating: bool | None


def disk_watts(disk: Disk) -> float:
    """Return the power of a disk."""
    watts_per_tb = HDD_WATTS_PER_TB if disk.is_rotating else SSD_WATTS_PER_TB
    return watts_per_tb * disk.capacity_bytes / BYTES_PER_TB


def disk_bytes_per_second(disk: Disk) -> float:
    """Return what a disk can move in a second."""
    return HDD_BYTES_PER_SECOND if disk.is_rotating else SSD_BYTES_PER_SECOND


def disk_device(disks: Iterable[Disk]) -> Device:
    """Return all disks as one device; which of them the bytes went to is not known."""
    disks = tuple(disks)
    watts = sum(map(disk_watts, disks))
    terabytes = sum(disk.capacity_bytes for disk in disks) / BYTES_PER_TB
    kinds = {"HDD" if disk.is_rotating else "SSD" for disk in disks}
    figures = {"SSD": f"SSD {SSD_WATTS_PER_TB:g}", "HDD": f"HDD {HDD_WATTS_PER_TB:g}"}
    factors = " and ".join(figures[kind] for kind in sorted(kinds))
    return Device(
        id="disk",
        kind=DISK,
        name=f"disk {terabytes:.3g} TB",
        meter=METER_NAME,
        method=ESTIMATED,
        source=f"model: {terabytes:.3g} TB, {factors} W/TB ({SOURCE}), for the time that the bytes "
        f"take at {sum(map(disk_bytes_per_second, disks)) / 1e9:.3g} GB/s",
        low_factor=DISK_LOW_FACTOR,
        high_factor=DISK_HIGH_FACTOR,
        idle=IdleFloor(
            watts=watts, low_watts=watts, high_watts=watts, source="modelled (all of it)"
        ),
    )


def disk_reading(disks: Iterable[Disk], seconds: float, tree_bytes: int) -> Reading:
    """Return the reading of all disks after ``seconds``; the power is constant."""
    disks = tuple(disks)
    could_move = sum(map(disk_bytes_per_second, disks)) * seconds
    return Reading(
        at_seconds=seconds,
        machine_joules=sum(map(disk_watts, disks)) * seconds,
        machine_activity=max(could_move, tree_bytes),
        tree_activity=tree_bytes,
        machine_presence=could_move,
        tree_presence=tree_bytes,
    )


def network_device() -> Device:
    """Return the network."""
    return Device(
        id="network",
        kind=NETWORK,
        name="network",
        meter=METER_NAME,
        method=ESTIMATED,
        source=f"model: 0.001 kWh/GB ({SOURCE})",
        low_factor=NETWORK_LOW_FACTOR,
        high_factor=NETWORK_HIGH_FACTOR,
        idle=IdleFloor(watts=0.0, low_watts=0.0, high_watts=0.0, source="none: by the byte"),
    )


def network_reading(seconds: float, machine_bytes: int, tree_bytes: int) -> Reading:
    """Return the reading of the network after ``seconds``."""
    machine_bytes = max(machine_bytes, tree_bytes)
    return Reading(
        at_seconds=seconds,
        machine_joules=machine_bytes * JOULES_PER_BYTE,
        machine_activity=machine_bytes,
        tree_activity=tree_bytes,
        machine_presence=machine_bytes,
        tree_presence=tree_bytes,
    )
