"""A meter over a sensor of power, whose samples somebody else takes.

Reading such a sensor may take milliseconds or block (firmware, I2C, network), which must delay
neither the command nor the other meters. So samples come in from outside
(:mod:`carbonrun.measurement.meters.poller`), and reading the meter only adds them up. While none
come, the last one stands for a while; then there is no energy, and the report says for how long.
"""

from __future__ import annotations

from collections import deque

from carbonrun.measurement.meters.integrated import IntegratedPower
from carbonrun.measurement.meters.rapl_checks import MOST_WATTS
from carbonrun.measurement.model import INTEGRATED, Device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.clock import Instant
    from carbonrun.measurement.model import MachineState
    from carbonrun.notes import Notes

# What may be missing of a run, and what a short run may miss anyway.
FEW = 0.05
FEW_SECONDS = 0.2
# A sensor that is not read for so many of its periods has stopped.
HELD_PERIODS = 5
LEAST_HOLD_SECONDS = 1.0


class PowerMeter:
    """One device whose power is sampled.

    ``take`` and ``fail`` may be called by another thread than the rest.
    """

    def __init__(self, device: Device, started: Instant, period_seconds: float) -> None:
        """Count the energy of ``device`` from ``started``, with a sample in each period."""
        self.device = device
        hold_seconds = max(LEAST_HOLD_SECONDS, HELD_PERIODS * period_seconds)
        self._power = IntegratedPower(started, hold_seconds, MOST_WATTS[device.kind])
        self._waiting: deque[tuple[Instant, float]] = deque()
        self._failure: str | None = None
        self._failures = 0
        self._last = started

    def take(self, at: Instant, watts: float) -> None:
        """Take a sample."""
        self._waiting.append((at, watts))

    def fail(self, reason: str) -> None:
        """Take note that a sample was not to be had."""
        self._failures += 1
        self._failure = reason

    def read_joules(self, now: Instant, machine: MachineState) -> float:  # noqa: ARG002
        """Return joules since the start, as far as they are known."""
        waiting = self._waiting
        while waiting and waiting[0][0].monotonic_seconds <= now.monotonic_seconds:
            self._power.add(*waiting.popleft())
        if now.monotonic_seconds > self._last.monotonic_seconds:
            self._last = now
        return self._power.joules(now)

    @property
    def has_sample(self) -> bool:
        """Return whether the sensor has given any figure yet."""
        return bool(self._waiting) or self._power.samples > 0

    def is_silent(self, now: Instant) -> bool:
        """Tell whether the last sample is too old to stand for what is drawn now."""
        return self._power.silent_seconds(now) > self._power.gap_seconds

    @property
    def failure(self) -> str | None:
        """Return what was said instead of the last sample that failed, None if none has."""
        return self._failure

    @property
    def implausible(self) -> str | None:
        """Return why the figures are not those of the whole run, None if they are."""
        silent_seconds = self._power.silent_seconds(self._last)
        elapsed_seconds = self._power.elapsed_seconds(self._last)
        if not self._power.samples:
            absurd = "what it showed is no power that can be true" if self._power.rejected else None
            return f"it gave no figure: {self._failure or absurd or 'the run was too short for it'}"
        if silent_seconds <= max(FEW_SECONDS, FEW * elapsed_seconds):
            return None
        reason = f"it gave no figures for {silent_seconds:.3g} s of {elapsed_seconds:.3g}"
        return reason if self._failure is None else f"{reason}: {self._failure}"

    def notes(self, into: Notes) -> None:
        """Tell about samples that failed or could not be true."""
        device, power = self.device, self._power
        silent_seconds = power.silent_seconds(self._last)
        if power.samples and silent_seconds > 0:
            into.warn(
                "sensor-silent",
                f"{device.name}: {silent_seconds:.3g} s have no energy, as there was no figure: "
                f"{self._failure or 'the sensor did not answer'}",
                about=device.id,
            )
        elif power.samples and self._failures:
            into.info(
                "sensor-failed",
                f"{device.name}: {self._failures} sample(s) failed ({self._failure}); meanwhile "
                "the last figure stood",
                about=device.id,
            )
        if power.rejected:
            into.warn(
                "sensor-absurd",
                f"{device.name}: {power.rejected} sample(s) of a power that cannot be true are "
                "left out",
                about=device.id,
            )


def sampled_device(  # noqa: PLR0913
    device_id: str,
    kind: str,
    *,
    name: str,
    meter: str,
    source: str,
    accuracy: tuple[float, float],
    period_seconds: float,
) -> Device:
    """Return a device whose energy is integrated from samples every ``period_seconds``."""
    return Device(
        id=device_id,
        kind=kind,
        name=name,
        meter=meter,
        method=INTEGRATED,
        source=source,
        low_factor=accuracy[0],
        high_factor=accuracy[1],
        update_seconds=period_seconds,
    )
