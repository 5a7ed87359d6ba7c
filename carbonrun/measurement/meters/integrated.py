"""Cumulative joules from samples of power: the trapezoid between them, and what a gap means. Pure.

Between two samples the power is taken to change evenly. What a sensor shows is an average over the
time before, so the first sample counts back to the start, and the last one stands until the next,
each for ``hold_seconds`` at most: beyond that nobody knows, and the time is a gap without energy.
A sample that cannot be true is left out, and counted.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.clock import Instant


class IntegratedPower:
    """The integral of one sensor's power; samples come in the order of time.

    The monotonic clock stands still while the machine is suspended, and so does the integral.

    Attributes:
        samples: how many were taken.
        rejected: how many were not, because they are negative or more than is possible.
        gap_seconds: time without energy between samples; see :meth:`silent_seconds`.
    """

    def __init__(self, started: Instant, hold_seconds: float, most_watts: float) -> None:
        """Describe the sensor.

        Args:
            started: when counting starts.
            hold_seconds: how long a sample stands, greater than 0.
            most_watts: more power than this is not possible.
        """
        self.samples = 0
        self.rejected = 0
        self.gap_seconds = 0.0
        self._started_seconds = self._seconds = started.monotonic_seconds
        self._hold_seconds = hold_seconds
        self._most_watts = most_watts
        self._watts: float | None = None
        self._integral_joules = 0.0
        self._shown_joules = 0.0

    def add(self, at: Instant, watts: float) -> None:
        """Take a sample; one that is not later than the last changes nothing."""
        if not 0 <= watts <= self._most_watts:
            self.rejected += 1
            return
        seconds = at.monotonic_seconds - self._seconds
        if seconds < 0 or (seconds == 0 and self._watts is not None):
            return
        self.samples += 1
        known_seconds = min(seconds, self._hold_seconds)
        if self._watts is None:
            self._integral_joules += watts * known_seconds
        elif seconds <= self._hold_seconds:
            self._integral_joules += (self._watts + watts) / 2 * seconds
        else:
            self._integral_joules += self._watts * known_seconds
        self.gap_seconds += seconds - known_seconds
        self._seconds, self._watts = at.monotonic_seconds, watts

    def joules(self, now: Instant) -> float:
        """Return the energy from the start until ``now``; never decreases."""
        joules = self._integral_joules
        if self._watts is not None:
            joules += self._watts * min(self._since(now), self._hold_seconds)
        self._shown_joules = max(self._shown_joules, joules)
        return self._shown_joules

    def silent_seconds(self, now: Instant) -> float:
        """Return for how long nothing is known, up to ``now``."""
        if self._watts is None:
            return self._since(now)
        return self.gap_seconds + max(0.0, self._since(now) - self._hold_seconds)

    def elapsed_seconds(self, now: Instant) -> float:
        """Return the time since counting started."""
        return max(0.0, now.monotonic_seconds - self._started_seconds)

    def _since(self, now: Instant) -> float:
        return max(0.0, now.monotonic_seconds - self._seconds)
