"""Waits until the machine has come to rest after a run: idle power, temperature.

A fixed pause is too long on a cool machine and too short on a hot one. Where neither power nor
temperature can be read there is nothing to wait for.

Source: Ournani et al., Taming Energy Consumption Variations in Systems Benchmarking, ICPE 2020.
"""

from __future__ import annotations

import os

from carbonrun import clock
from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.discover import before_start
from carbonrun.measurement.model import CPU
from carbonrun.rig import open_machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Probe = Callable[[], float | None]

WINDOW_SECONDS = 0.25
BASELINE_WINDOWS = 4
# What counts as rest: so much above the idle machine at the start of the comparison.
_WATTS_FACTOR, _WATTS_MORE = 1.15, 0.5
_CELSIUS_MORE = 5.0
_ESTIMATED = "estimated"
# Sensors of the processor. Source: the drivers of drivers/thermal and arch/x86 of Linux.
_ZONES = ("x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc-thermal")


class Settler:
    """Waits for rest."""

    def __init__(
        self,
        watts: Probe,
        celsius: Probe,
        longest_seconds: float,
        sleep: Callable[[float], None],
        now_seconds: Callable[[], float],
    ) -> None:
        """Wait at most so long each time.

        Args:
            watts: measures the power over a window, None if it cannot.
            celsius: reads the temperature, None if it cannot.
            longest_seconds: 0 waits for nothing.
            sleep: pauses between two looks at the temperature.
            now_seconds: a monotonic clock.
        """
        self._watts = watts
        self._celsius = celsius
        self._longest_seconds = longest_seconds
        self._sleep = sleep
        self._now_seconds = now_seconds
        self.idle_watts: float | None = None
        self.idle_celsius: float | None = None

    def begin(self) -> None:
        """Take the idle machine's power and temperature, before anything has run."""
        if self._longest_seconds <= 0:
            return
        self.idle_celsius = self._celsius()
        self.idle_watts = self._least_watts()

    def change(self) -> float | None:
        """Return the relative change of the idle power since the start, None if unknown.

        To be asked at the end, with nothing running.
        """
        if self.idle_watts is None or self.idle_watts <= 0:
            return None
        self.settle()
        watts = self._least_watts()
        return None if watts is None else watts / self.idle_watts - 1

    def _least_watts(self) -> float | None:
        seen = [watts for _ in range(BASELINE_WINDOWS) if (watts := self._watts()) is not None]
        return min(seen, default=None)

    def settle(self) -> bool:
        """Wait for rest; False if it did not come in time."""
        if self.idle_watts is None and self.idle_celsius is None:
            return True
        end_seconds = self._now_seconds() + self._longest_seconds
        while not self._is_at_rest():
            if self._now_seconds() >= end_seconds:
                return False
            self._sleep(WINDOW_SECONDS)
        return True

    def _is_at_rest(self) -> bool:
        if self.idle_celsius is not None:
            celsius = self._celsius()
            if celsius is not None and celsius > self.idle_celsius + _CELSIUS_MORE:
                return False
        if self.idle_watts is None:
            return True
        watts = self._watts()
        return watts is None or watts <= self.idle_watts * _WATTS_FACTOR + _WATTS_MORE


def celsius_probe(sysfs: str) -> Probe:
    """Return what reads the processor's temperature, the hottest of all zones."""
    folder = f"{sysfs}/class/thermal"
    try:
        zones = sorted(name for name in os.listdir(folder) if name.startswith("thermal_zone"))  # noqa: PTH208
    except OSError:
        zones = []
    paths = [f"{folder}/{zone}/temp" for zone in zones if _text(f"{folder}/{zone}/type") in _ZONES]

    def read() -> float | None:
        texts = [_text(path) for path in paths]
        # Thousandths of a degree. Source: Documentation/driver-api/thermal/sysfs-api.rst.
        return max((int(t) / 1000 for t in texts if t.lstrip("-").isdecimal()), default=None)

    return read


def watts_probe(
    sysfs: str,
    procfs: str,
    sleep: Callable[[float], None],
) -> Probe:
    """Return what measures the processors' power over a window by counters; None without any."""
    found, _ = before_start(sysfs, procfs, clock.now())
    meters = [m for m in found if m.device.kind == CPU and m.device.method != _ESTIMATED]
    machine = open_machine(procfs)

    def joules(now: clock.Instant) -> float:
        state = machine.read()
        return sum(meter.read_joules(now, state) for meter in meters)

    def read() -> float | None:
        if not meters:
            return None
        try:
            first = clock.now()
            before = joules(first)
            sleep(WINDOW_SECONDS)
            last = clock.now()
            return (joules(last) - before) / (last.monotonic_seconds - first.monotonic_seconds)
        except ReadFailed:
            return None

    return read


def settler(
    sysfs: str,
    procfs: str,
    longest_seconds: float,
    times: tuple[Callable[[float], None], Callable[[], float]],
) -> Settler:
    """Return the settler of this machine; ``times`` are sleep and the monotonic clock."""
    sleep, now_seconds = times
    watts = watts_probe(sysfs, procfs, sleep)
    return Settler(watts, celsius_probe(sysfs), longest_seconds, sleep, now_seconds)


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123
            return file.read(64).strip()
    except OSError:
        return ""
