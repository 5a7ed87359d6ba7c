"""A wrapping hardware counter as a meter: raw readings in, cumulative joules out. Pure.

Responsible for wraps, resets, suspend and gaps. Not responsible for reading files, for clocks (the
time is an argument) or for what the counter belongs to.

A fall is a wrap only if the energy that it would mean is possible in the time that has passed. What
cannot be told apart is never guessed: the interval adds no energy and is kept as a :class:`Gap`,
and counting goes on from the new value.

Source: Linux, ``Documentation/power/powercap/powercap.rst``: ``energy_uj`` counts up to
``max_energy_range_uj`` and then starts at zero.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.clock import Instant

SUSPENDED = "suspended"
RESET = "reset"
TOO_FAST = "too-fast"
TOO_LONG = "too-long"

# The reading itself comes a little after the moment that it is booked on. On a machine whose CPUs
# are all busy the delay may be many scheduler ticks; it must not make true energy look impossible.
READ_DELAY_SECONDS = 1.0

# Two clocks are read one after the other, so their distance jitters by such delays too.
# A machine is never suspended for less.
SUSPEND_SECONDS = 0.5

# The smallest range of any RAPL counter: 32 bits of 15.26 microjoules. Assumed where the range is
# unknown, to tell how long a rise may hide a wrap.
# Source: Intel SDM vol. 3B, MSR_RAPL_POWER_UNIT (2**-16 J on the first generations).
SMALLEST_RANGE_JOULES = 2**32 * 2.0**-16


class Gap(Record):
    """Intervals whose energy is unknown, for one cause.

    Attributes:
        count: how many there were.
        seconds: how long they were together, without time suspended.
    """

    count: int
    seconds: float


class WrappingCounter:
    """One counter; :meth:`update` takes its readings in the order of time.

    Attributes:
        joules: counted since the first reading; never decreases.
        counted_seconds: how long the intervals were whose energy is in ``joules``.
        gaps: the intervals whose energy is not, by cause (``suspended``, ``reset``, ``too-fast``,
            ``too-long``).
    """

    def __init__(
        self, max_raw: int | None, max_watts: float, joules_per_unit: float = 1e-6
    ) -> None:
        """Describe the counter.

        Args:
            max_raw: the highest raw value, after which it is zero; None if that is unknown.
            max_watts: more power than this is not possible.
            joules_per_unit: of one raw unit.
        """
        self.counted_seconds = 0.0
        self.gaps: dict[str, Gap] = {}
        self._units = 0
        self._modulus = None if max_raw is None else max_raw + 1
        self._units_per_second = max_watts / joules_per_unit
        self._joules_per_unit = joules_per_unit
        range_units = self._modulus or SMALLEST_RANGE_JOULES / joules_per_unit
        self._longest_seconds = range_units / self._units_per_second
        self._raw: int | None = None
        self._seconds = 0.0
        self._suspended_seconds = 0.0

    @property
    def joules(self) -> float:
        """Return the energy counted since the first reading."""
        return self._units * self._joules_per_unit

    def update(self, raw: int, now: Instant) -> float:
        """Take the reading ``raw`` of the moment ``now``; return :attr:`joules`."""
        previous, self._raw = self._raw, raw
        seconds = max(0.0, now.monotonic_seconds - self._seconds)
        asleep = now.boottime_seconds - now.monotonic_seconds
        slept_seconds = asleep - self._suspended_seconds
        self._seconds, self._suspended_seconds = now.monotonic_seconds, asleep
        if previous is None:
            return self.joules
        cause, units = self._judge(raw - previous, seconds, slept_seconds)
        if cause is None:
            self._units += units
            self.counted_seconds += seconds
        else:
            gap = self.gaps.get(cause, Gap(count=0, seconds=0.0))
            self.gaps[cause] = Gap(count=gap.count + 1, seconds=gap.seconds + seconds)
        return self.joules

    def _judge(self, rise: int, seconds: float, slept_seconds: float) -> tuple[str | None, int]:
        """Return why the energy of an interval is unknown, or None and the units that it is."""
        if slept_seconds > SUSPEND_SECONDS:
            return SUSPENDED, 0
        if seconds > self._longest_seconds:
            return TOO_LONG, 0
        most = self._units_per_second * (seconds + READ_DELAY_SECONDS)
        if rise >= 0:
            return (None, rise) if rise <= most else (TOO_FAST, 0)
        if self._modulus is not None and 0 <= rise + self._modulus <= most:
            return None, rise + self._modulus
        return RESET, 0
