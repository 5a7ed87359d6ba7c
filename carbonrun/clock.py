"""Reading the clocks; the only module that does. Everything else is given an :class:`Instant`."""

from __future__ import annotations

import time

from carbonrun.record import Record


class Instant(Record):
    """One moment on three clocks, in seconds.

    Attributes:
        monotonic_seconds: stops while the machine is suspended.
        boottime_seconds: goes on while the machine is suspended; equal to the monotonic clock
            where the system has no such clock.
        unix_seconds: UTC since 1970, may be stepped.
    """

    monotonic_seconds: float
    boottime_seconds: float
    unix_seconds: float


def now() -> Instant:
    """Read all three clocks."""
    monotonic = time.monotonic()
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    boottime = monotonic if clock is None else time.clock_gettime(clock)
    return Instant(monotonic_seconds=monotonic, boottime_seconds=boottime, unix_seconds=time.time())
