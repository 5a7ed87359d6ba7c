"""A clock that only moves when it is told to."""

from __future__ import annotations

from carbonrun.clock import Instant


class FakeClock:
    """Gives instants as :func:`carbonrun.clock.now` does; ``advance`` and ``suspend`` move it."""

    def __init__(self) -> None:
        """Start an hour after boot, with ten minutes of that suspended."""
        self._monotonic_seconds = 3000.0
        self._suspended_seconds = 600.0
        self._unix_seconds = 1_700_000_000.0

    def now(self) -> Instant:
        """Return the moment that the clock stands at."""
        return Instant(
            monotonic_seconds=self._monotonic_seconds,
            boottime_seconds=self._monotonic_seconds + self._suspended_seconds,
            unix_seconds=self._unix_seconds + self._monotonic_seconds + self._suspended_seconds,
        )

    def advance(self, seconds: float) -> Instant:
        """Let time pass while the machine runs; return the new moment."""
        self._monotonic_seconds += seconds
        return self.now()

    def suspend(self, seconds: float) -> Instant:
        """Let time pass while the machine is suspended; return the new moment."""
        self._suspended_seconds += seconds
        return self.now()
