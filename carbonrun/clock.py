"""Reading the clocks; the only module that does. Everything else is given an :class:`Instant`."""

from __future__ import annotations

import sys
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
    boottime = monotonic
    if sys.platform == "darwin":
        # Source: clock_gettime(3) of macOS: this one goes on while the system sleeps; Python's
        # monotonic clock is mach_absolute_time, which does not.
        boottime = time.clock_gettime(time.CLOCK_MONOTONIC)
    elif sys.platform == "linux":
        boottime = time.clock_gettime(time.CLOCK_BOOTTIME)
    return Instant(monotonic_seconds=monotonic, boottime_seconds=boottime, unix_seconds=time.time())
