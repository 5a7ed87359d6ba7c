"""The vocabulary of measurement: devices, meters, readings, slices. Pure: no I/O, no clock.

A *meter* is like the one on the wall: its reading only goes up. Counter wraps, resets and the
integration of power are its private business; everything else sees cumulative joules.

A *reading* is one device at one instant. All of its figures are cumulative since the start of the
run, so a missed tick loses nothing, and what counts as activity and presence depends on the kind
of the device only:

======= ====================================== =============================================
kind    activity (tree of machine)             presence (tree of machine)
======= ====================================== =============================================
cpu     CPU seconds of busy CPU seconds        CPU seconds of (logical CPUs x seconds)
memory  byte-seconds of used byte-seconds      byte-seconds of installed byte-seconds
gpu     SM seconds of all PIDs' SM seconds     byte-seconds of used GPU byte-seconds
disk    (none: its power is constant)          bytes of what the disks could have moved
network bytes of bytes                         bytes of bytes
======= ====================================== =============================================
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from carbonrun.clock import Instant
    from carbonrun.notes import Notes
else:
    Protocol = object

CPU = "cpu"
MEMORY = "memory"
GPU = "gpu"
DISK = "disk"
NETWORK = "network"
BOARD = "board"

COUNTER = "counter"
INTEGRATED = "integrated"
ESTIMATED = "estimated"


class IdleFloor(Record):
    """Power that a device draws although nobody uses it.

    Attributes:
        watts: best value, 0 or more.
        low_watts: lower bound, 0 or more.
        high_watts: upper bound, at least ``watts``; may be infinite (a slice is capped by its
            own energy anyway).
        source: where it comes from, for the reader ("--idle-watts", "observed 2026-11-24", ...).
    """

    watts: float
    low_watts: float
    high_watts: float
    source: str


class Device(Record):
    """One thing whose energy is metered.

    Attributes:
        id: stable within the machine: ``package-0``, ``dram-0``, ``cpu``, ``memory``, a GPU's UUID.
        kind: ``cpu``, ``memory``, ``gpu``, ``disk``, ``network`` or ``board``; board devices are
            never summed.
        name: for people, e.g. "CPU package-0".
        meter: the driver that reads it: ``rapl-powercap``, ``estimate`` ...
        method: ``counter``, ``integrated`` or ``estimated``.
        source: for people: the file, table, year that the figure rests on.
        low_factor: what the machine energy may be multiplied by at the least (0 to 1).
        high_factor: the same at the most (1 or more).
        idle: the modelled idle floor; None where nothing is known about it.
        update_seconds: how old a figure of the sensor's may be; each end of a run may miss that.
            Source: K. N. Khan et al., RAPL in Action, ACM TOMPECS 3(2), 2018, for RAPL's 1 ms.
    """

    id: str
    kind: str
    name: str
    meter: str
    method: str
    source: str
    low_factor: float
    high_factor: float
    idle: IdleFloor | None = None
    update_seconds: float = 0.001


# Instead of a remedy for hardware that a virtual machine does not have.
IN_VAIN = "measure on the host, or on bare metal"


class Unmeasured(Record):
    """A device that was found but could not be measured, with the reason and the remedy."""

    id: str
    kind: str
    reason: str
    hint: str | None = None


class MachineState(Record):
    """What meters that model their device need to know: cumulative since boot, any origin.

    Attributes:
        busy_cpu_seconds: CPU seconds of the whole machine, without idle and iowait.
        logical_cpus: CPUs online, 1 or more.
        memory_bytes: installed memory.
        busy_by_package: the CPU seconds of each package, where there are several.
        cpus_by_package: the CPUs online of each.
    """

    busy_cpu_seconds: float
    logical_cpus: int
    memory_bytes: int
    busy_by_package: tuple[float, ...] = ()
    cpus_by_package: tuple[int, ...] = ()


class Meter(Protocol):
    """The one interface of everything that can tell joules.

    A meter may also have ``implausible`` (why its figures are not to be believed, or None) and
    ``close()`` (gives its descriptors back).
    """

    device: Device

    def read_joules(self, now: Instant, machine: MachineState) -> float:
        """Return cumulative joules of the device since any fixed origin; never decreases.

        Raises:
            ReadFailed: this reading is not to be had; the energy is not lost, the next reading
                spans the gap.
        """

    def notes(self, into: Notes) -> None:
        """Add what the reader has to know about this meter's behaviour during the run."""


class Reading(Record):
    """One device at one instant; all figures cumulative, in the units of the module's table."""

    at_seconds: float
    machine_joules: float
    machine_activity: float
    tree_activity: float
    machine_presence: float
    tree_presence: float


class Slice(Record):
    """What one device did between two readings.

    Attributes:
        start_seconds, end_seconds: on the monotonic clock.
        machine_joules: energy of the whole device, 0 or more.
        active_joules: the tree's share of what is above the idle floor.
        idle_joules: the tree's share of the idle floor.
    """

    start_seconds: float
    end_seconds: float
    machine_joules: float
    active_joules: float
    idle_joules: float

    @property
    def joules(self) -> float:
        """Return what is attributed to the tree: active and idle share."""
        return self.active_joules + self.idle_joules

    def merge(self, later: Slice) -> Slice:
        """Return this slice and the one that follows it as one."""
        return Slice(
            start_seconds=self.start_seconds,
            end_seconds=later.end_seconds,
            machine_joules=self.machine_joules + later.machine_joules,
            active_joules=self.active_joules + later.active_joules,
            idle_joules=self.idle_joules + later.idle_joules,
        )
