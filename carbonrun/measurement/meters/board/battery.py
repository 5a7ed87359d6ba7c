"""The battery of a laptop: what the whole machine draws from it, while it is being discharged.

The firmware says what it likes: ``power_now`` may be missing or negative, then current and voltage
are there; where there is neither, the stored charge falls in steps. All of it is slow (seconds).
On mains power a battery says nothing about the machine.

Source: Linux, ``Documentation/ABI/testing/sysfs-class-power`` (uV, uA, uW, uAh, uWh).
"""

from __future__ import annotations

import os

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.power_file import MICRO, read_number
from carbonrun.measurement.meters.power_meter import PowerMeter, sampled_device
from carbonrun.measurement.meters.sensors import NOTHING
from carbonrun.measurement.model import BOARD, Unmeasured
from carbonrun.measurement.tree.procstat import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.measurement.meters.sensors import Found, Places

METER_NAME = "battery"
FOLDER = "class/power_supply"
PERIOD_SECONDS = 5.0
DISCHARGING = "Discharging"
_SECONDS_PER_HOUR = 3600.0
# Fuel gauges are specified to a few per cent, and some show a smoothed figure. Our reading.
_ACCURACY = (0.85, 1.15)


class Battery:
    """One battery."""

    def __init__(self, path: str, now_seconds: Callable[[], float]) -> None:
        """Read from the folder ``path``; ``now_seconds`` is a monotonic clock."""
        self._path = path
        self._now_seconds = now_seconds
        self._volts = 0.0
        self._steps: list[tuple[float, float]] = []  # time and stored joules at the last changes

    @property
    def status(self) -> str:
        """Return what the battery says that it does, "" if it does not."""
        try:
            return read_text(f"{self._path}/status")
        except OSError:
            return ""

    def watts(self) -> float:
        """Return the power that is drawn from it.

        Raises:
            ReadFailed: it is not being discharged, or does not tell how fast.
        """
        status = self.status
        if status != DISCHARGING:
            raise ReadFailed(f"the battery is not being discharged ({status or 'status unknown'})")
        power = self._number("power_now")
        if power:
            return abs(power) * MICRO
        current, voltage = self._number("current_now"), self._number("voltage_now")
        if current and voltage:
            return abs(current) * MICRO * voltage * MICRO
        return self._watts_from_steps()

    def _number(self, name: str) -> int | None:
        try:
            return read_number(f"{self._path}/{name}")
        except ReadFailed:
            return None

    def _stored_joules(self) -> float | None:
        energy = self._number("energy_now")
        if energy is not None:
            return energy * MICRO * _SECONDS_PER_HOUR
        charge, voltage = self._number("charge_now"), self._number("voltage_now")
        if charge is None or voltage is None:
            return None
        # The voltage moves all the time; only the charge shall make a step.
        self._volts = self._volts or voltage * MICRO
        return charge * MICRO * _SECONDS_PER_HOUR * self._volts

    def _watts_from_steps(self) -> float:
        """Return the power between the last two times that the stored energy has changed."""
        stored = self._stored_joules()
        if stored is None:
            raise ReadFailed("the battery tells neither power, current nor charge")
        if not self._steps or self._steps[-1][1] != stored:
            self._steps = [*self._steps[-2:], (self._now_seconds(), stored)]
        # The first figure was there for an unknown time before: two changes have to be seen.
        if len(self._steps) < 3:  # noqa: PLR2004
            raise ReadFailed("the charge of the battery has not moved enough yet")
        (start, before), (end, after) = self._steps[-2:]
        if after >= before or end <= start:
            raise ReadFailed("the charge of the battery did not fall")
        return (before - after) / (end - start)


def batteries(sysfs: str) -> tuple[str, ...]:
    """Return the folders of the machine's own batteries; those of mice and the like are others'."""
    root = f"{sysfs}/{FOLDER}"
    try:
        names = sorted(os.listdir(root))  # noqa: PTH208
    except OSError:
        return ()
    return tuple(f"{root}/{name}" for name in names if _is_system_battery(f"{root}/{name}"))


def _is_system_battery(path: str) -> bool:
    try:
        if read_text(f"{path}/type") != "Battery":
            return False
    except OSError:
        return False
    try:
        return read_text(f"{path}/scope") != "Device"
    except OSError:
        return True


def discover(places: Places, now_seconds: Callable[[], float]) -> Found:
    """Return a meter for each battery that is being discharged."""
    paths = batteries(places.sysfs)
    if not paths:
        return NOTHING
    from carbonrun.measurement.meters.poller import sampled

    probes: list[tuple[PowerMeter, Callable[[], float]]] = []
    unmeasured: list[Unmeasured] = []
    for path in paths:
        name = path.rpartition("/")[2]
        device_id = f"battery-{name}"
        battery = Battery(path, now_seconds)
        if battery.status != DISCHARGING:
            reason = f"{name} is not being discharged ({battery.status or 'status unknown'})"
            hint = "unplug the mains: a battery tells what the machine draws only then"
            unmeasured.append(Unmeasured(id=device_id, kind=BOARD, reason=reason, hint=hint))
            continue
        device = sampled_device(
            device_id,
            BOARD,
            name=f"board battery {name}",
            meter=METER_NAME,
            source=f"power_supply {name}",
            accuracy=_ACCURACY,
            period_seconds=PERIOD_SECONDS,
        )
        probes.append((PowerMeter(device, places.started, PERIOD_SECONDS), battery.watts))
    return sampled(probes, unmeasured, PERIOD_SECONDS)
