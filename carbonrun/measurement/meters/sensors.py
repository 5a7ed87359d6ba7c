"""What every kind of sensor has in common: where it looks, what it finds, how it is described.

A *kind* is a module with ``discover(places) -> Found``. It opens what it can and explains what it
cannot; which of several kinds is used for a device is not its business
(:mod:`carbonrun.measurement.meters.order`).
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.clock import Instant
    from carbonrun.measurement.meters.background_command import Helpers
    from carbonrun.measurement.meters.poller import Poller
    from carbonrun.measurement.model import Meter, Unmeasured


class Places(Record):
    """Where the kernel's files are.

    Attributes:
        sysfs, procfs, dev: roots, without a slash at the end.
        started: when the run was; meters that integrate power count from there.
        least_period_seconds: sensors of power are not sampled more often than this.
    """

    sysfs: str
    procfs: str
    dev: str
    started: Instant
    least_period_seconds: float = 0.0

    def period_seconds(self, own_seconds: float) -> float:
        """Return how often to sample a sensor that would like to be every ``own_seconds``."""
        return max(own_seconds, self.least_period_seconds)


def places_of(sysfs: str, procfs: str, started: Instant) -> Places:
    """Return the places for two roots; ``/dev`` is beside ``/sys``, in containers too."""
    sysfs = sysfs.rstrip("/")
    return Places(
        sysfs=sysfs,
        procfs=procfs.rstrip("/"),
        dev=f"{sysfs.rpartition('/')[0]}/dev",
        started=started,
    )


class Whereabouts(Record):
    """Where sensors look on systems that have no such files.

    Attributes:
        started: when the run was.
        environment: of this process.
        folders: those of PATH.
        helpers: who waits for tools that are run.
        uid: of this process; -1 where users have no numbers.
        machine: the architecture, as uname(1) says it; "" if that is not told.
    """

    started: Instant
    environment: Mapping[str, str]
    folders: tuple[str, ...]
    helpers: Helpers
    uid: int
    machine: str = ""


class Found(Record):
    """What one kind of sensor has here.

    Attributes:
        meters: open, one for each device.
        unmeasured: devices that are there and cannot be read, with reason and remedy.
        pollers: not started; what takes the samples of those meters that need it.
    """

    meters: tuple[Meter, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = ()
    pollers: tuple[Poller, ...] = ()


NOTHING = Found()
