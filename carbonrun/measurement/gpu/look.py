"""What one look at a GPU says, whichever driver was asked. Pure.

All figures are cumulative, so that a look that is missed loses nothing: joules of the device, and
for each process how long it kept the engines busy. Drivers that count that time (fdinfo of the
kernel) hand it on; where they only give samples of who was on the engines (NVML), the reader of the
driver adds up the samples.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    ProcessKey = tuple[int, int]

# Where the busy time of processes comes from.
COUNTED = "counted"  # exact: no growth is no use
SAMPLED = "sampled"  # no growth may be a sample that is late


class GpuProcess(Record):
    """One process on one GPU.

    Attributes:
        pid: as this process sees it.
        start_ticks: when it was started, as in ``/proc/PID/stat``; None where no process of that
            number is to be seen here (it has ended, or is in another PID namespace).
        has_context: it is in the driver's list of processes now. False for one that is only known
            from its use: it has ended, or is not to be seen from here.
        memory_bytes: GPU memory that it holds, None where the driver does not tell.
        busy_seconds: how long it kept the engines busy, cumulative from any origin; None where the
            driver does not tell. A process that takes half of the engines for 2 s has 1 s.
        instance: the part of a divided GPU (MIG) that it is on, "" for one that is whole.
        instance_share: how much of the GPU that part is, 0 to 1.
        is_guessed: the driver names nobody; it is known that the process has the GPU's file open.
    """

    pid: int
    start_ticks: int | None
    has_context: bool = True
    memory_bytes: int | None = None
    busy_seconds: float | None = None
    instance: str = ""
    instance_share: float = 1.0
    is_guessed: bool = False

    @property
    def key(self) -> ProcessKey | None:
        """Return the identity of the process, None if it is not to be seen here."""
        return None if self.start_ticks is None else (self.pid, self.start_ticks)


class GpuLook(Record):
    """What a GPU and its driver said at one moment.

    Attributes:
        device_id: of the GPU (its UUID, or its PCI address).
        at_seconds: on the monotonic clock.
        joules: cumulative energy of the device from any fixed origin; None if it could not be read.
        failure: why there are no joules.
        processes: who is on the GPU; None where the driver does not tell anybody.
        is_complete: all processes that hold a context are listed, those of other users and of
            other PID namespaces too.
        use: where ``busy_seconds`` come from, ``counted`` or ``sampled``; None if there are none.
        samples: of who was busy, cumulative; 0 where they are not sampled.
        machine_busy_seconds: how long anybody kept the engines busy, cumulative; None where only
            the processes tell. It matters where these are not complete.
        watts: power now, None where it was not asked for.
        was_listed: the processes were asked for; False for a look that is made in a hurry, for
            which those of the look before stand.
        is_asleep: the device is suspended: it draws next to nothing, and its counter stands still.
    """

    device_id: str
    at_seconds: float
    joules: float | None
    failure: str | None = None
    processes: tuple[GpuProcess, ...] | None = ()
    is_complete: bool = True
    use: str | None = None
    samples: int = 0
    machine_busy_seconds: float | None = None
    watts: float | None = None
    was_listed: bool = True
    is_asleep: bool = False
