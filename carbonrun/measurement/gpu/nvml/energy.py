"""Joules of one GPU by the best sensor that answers, cumulative.

In this order: the energy counter; the power of this moment, integrated; the average power,
integrated; the power that the driver has recorded. One that is refused for good gives way to the
next, and so does a counter that fails again and again. A counter that stands still for a second
while power is drawn is taken for broken; one that begins anew (the driver was unloaded) is bridged
with the power.
"""

from __future__ import annotations

from carbonrun.measurement.gpu.nvml.driver import NOT_FOUND, Refused
from carbonrun.measurement.gpu.nvml.sensors import AVERAGE, COUNTER, INSTANT, MODULE, RECORDED
from carbonrun.measurement.meters.rapl_checks import MOST_WATTS
from carbonrun.measurement.model import BOARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from carbonrun.measurement.gpu.nvml.driver import Driver

# Source: nvml.h.
_FIELD_POWER_INSTANT = 186
_SCOPE_GPU, _SCOPE_MODULE = 0, 1
_TOTAL_POWER_SAMPLES = 0
_MICROSECONDS = 1e6
FROZEN_SECONDS = 0.9
# A counter that fails so often in a row is given up.
MOST_MISSES = 3
# Of the driver's ring, at the first time.
_RING_SECONDS = 1.0


class EnergyReader:
    """Reads one GPU.

    Attributes:
        sensor: which of the sensors is in use, None if none answers.
        refusals: why those before it are not, by sensor.
        resets: how often the counter began anew.
        was_frozen: the counter stood still, and was given up.
    """

    def __init__(self, driver: Driver, handle: Any, unix_seconds: Callable[[], float]) -> None:
        """Read through ``driver``; the clock is the one of the driver's samples."""
        self._driver = driver
        self._handle = handle
        self._unix_seconds = unix_seconds
        self._rungs: list[tuple[str, Callable[[], float]]] = [
            (INSTANT, lambda: self._field_watts(_SCOPE_GPU)),
            (AVERAGE, self._usage_watts),
            (RECORDED, self._recorded_watts),
            (MODULE, lambda: self._field_watts(_SCOPE_MODULE)),
        ]
        self.sensor: str | None = COUNTER
        self.refusals: dict[str, str] = {}
        self.resets = self._misses = 0
        self.was_frozen = False
        self._joules = 0.0
        self._counter_joules: float | None = None
        self._watts: float | None = None
        self._at_seconds = 0.0
        self._moved_at_seconds = 0.0
        self._sound = (0.0, 0.0)  # the last moment at which the counter was right, and its joules
        self._recorded_until = 0
        self._recorded: float | None = None

    def read(self, at_seconds: float) -> float:
        """Return the joules at a moment of the monotonic clock; they never decrease.

        Raises:
            Refused: no sensor answers, now or ever.
        """
        if self.sensor == COUNTER:
            try:
                return self._read_counter(at_seconds)
            except Refused as error:
                self._misses += 1
                if not error.is_final and self._misses < MOST_MISSES:
                    raise
                self.refusals[COUNTER] = error.text
                self._give_up_counter(at_seconds)
        return self._integrate(at_seconds)

    def watts(self) -> float:
        """Return the power of this moment, by the best sensor of power.

        Raises:
            Refused: none answers.
        """
        while self._rungs:
            sensor, read = self._rungs[0]
            try:
                return _sound_watts(read())
            except Refused as error:
                if not error.is_final:
                    raise
                self.refusals[sensor] = error.text
                del self._rungs[0]
        raise Refused(-1, self._all_refusals())

    def _read_counter(self, at_seconds: float) -> float:
        joules = float(self._driver.ask("DeviceGetTotalEnergyConsumption", self._handle)) / 1000
        self._misses = 0
        before = self._counter_joules
        self._counter_joules = joules
        if before is None:
            self._joules = joules
            self._sound = (at_seconds, joules)
        elif joules > before:
            self._sound = (self._at_seconds, self._joules)
            self._joules += joules - before
            self._watts = (joules - before) / max(1e-3, at_seconds - self._at_seconds)
        elif joules < before:
            self.resets += 1
            self._joules += self._bridge_watts() * (at_seconds - self._at_seconds)
        elif self._is_frozen(at_seconds):
            return self._thaw(at_seconds)
        if before != joules:
            self._moved_at_seconds = at_seconds
        self._at_seconds = at_seconds
        return self._joules

    def _bridge_watts(self) -> float:
        try:
            return self.watts()
        except Refused:
            return self._watts or 0.0

    def _is_frozen(self, at_seconds: float) -> bool:
        if at_seconds - self._moved_at_seconds < FROZEN_SECONDS:
            return False
        try:
            return self.watts() > 0
        except Refused:
            return False

    def _thaw(self, at_seconds: float) -> float:
        """Fill in the time since the counter stopped, and go on without it.

        It stopped somewhere between the last look at which it had moved and the one before that.
        """
        self.was_frozen = True
        self.refusals[COUNTER] = "it stood still while power was drawn"
        self._give_up_counter(at_seconds)
        counted_joules, (self._at_seconds, self._joules) = self._joules, self._sound
        self._joules = max(counted_joules, self._integrate(at_seconds))
        return self._joules

    def _give_up_counter(self, at_seconds: float) -> None:
        self.sensor = None
        if self._counter_joules is None:
            self._at_seconds = at_seconds
        self._watts = None

    def _integrate(self, at_seconds: float) -> float:
        watts = self.watts()
        self.sensor = self._rungs[0][0]
        before = watts if self._watts is None else self._watts
        self._joules += (before + watts) / 2 * max(0.0, at_seconds - self._at_seconds)
        self._watts, self._at_seconds = watts, at_seconds
        return self._joules

    def _field_watts(self, scope: int) -> float:
        return self._driver.field(self._handle, _FIELD_POWER_INSTANT, scope)[0] / 1000

    def _usage_watts(self) -> float:
        return float(self._driver.ask("DeviceGetPowerUsage", self._handle)) / 1000

    def _recorded_watts(self) -> float:
        """Return the mean of what was recorded since the last time."""
        if not self._recorded_until:
            self._recorded_until = int((self._unix_seconds() - _RING_SECONDS) * _MICROSECONDS)
        try:
            samples = self._driver.ask(
                "DeviceGetSamples", self._handle, _TOTAL_POWER_SAMPLES, self._recorded_until
            )[1]
        except Refused as error:
            if error.code != NOT_FOUND:
                raise
            samples = []
        new = [s for s in samples if s.timeStamp > self._recorded_until]
        if not new:
            if self._recorded is None:
                raise Refused(-1, "no power was recorded")
            return self._recorded
        self._recorded_until = max(sample.timeStamp for sample in new)
        self._recorded = float(sum(s.sampleValue.uiVal for s in new)) / len(new) / 1000
        return self._recorded

    def _all_refusals(self) -> str:
        return "; ".join(f"{sensor}: {text}" for sensor, text in self.refusals.items())


def _sound_watts(watts: float) -> float:
    """Return a power as it is.

    Raises:
        Refused: not even a module with several GPUs draws so much.
    """
    if watts > MOST_WATTS[BOARD]:
        raise Refused(-1, f"it tells a power of {watts:.3g} W, more than a GPU can draw")
    return watts
