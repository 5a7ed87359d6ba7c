"""ACPI power meters: what the firmware says that the machine draws.

The firmware is asked anew at most once in its sampling time, and on many servers it asks the
board's controller in turn, which may take a second: sampled in the background. Meters of Nvidia
Grace are other devices (:mod:`carbonrun.measurement.meters.grace`).

Source: Linux, drivers/hwmon/acpi_power_meter.c and ``Documentation/hwmon/acpi_power_meter.rst``
(``power1_average`` in uW, ``power1_accuracy`` in per cent).
"""

from __future__ import annotations

import os

from carbonrun.measurement.meters.grace import socket_of
from carbonrun.measurement.meters.hwmon import Chip, chips
from carbonrun.measurement.meters.power_file import MICRO, read_number
from carbonrun.measurement.meters.power_meter import PowerMeter, sampled_device
from carbonrun.measurement.meters.sensors import NOTHING
from carbonrun.measurement.model import BOARD, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.measurement.meters.sensors import Found, Places

METER_NAME = "acpi-power"
CHIP = "power_meter"
PERIOD_SECONDS = 1.0
# What a meter states is taken if it is between these; "100 %" is what those say that do not know.
_LEAST_PERCENT, _MOST_PERCENT = 50.0, 99.9
_ACCURACY = (0.9, 1.1)


def discover(places: Places) -> Found:
    """Return a meter for each ACPI power meter that is no battery."""
    found = [
        chip
        for chip in chips(places.sysfs, CHIP)
        if socket_of(chip.text("power1_oem_info")) is None and chip.text("power1_is_battery") != "1"
    ]
    if not found:
        return NOTHING
    from carbonrun.measurement.meters.poller import sampled

    probes: list[tuple[PowerMeter, Callable[[], float]]] = []
    unmeasured: list[Unmeasured] = []
    for index, chip in enumerate(found):
        device_id = f"acpi-power-{index}"
        path = chip.attribute("power1_average") or f"{chip.path}/device/power1_average"
        if not os.access(path, os.R_OK):
            reason = f"{path} cannot be read"
            hint = f"until the next boot: sudo chmod a+r {path}"
            unmeasured.append(Unmeasured(id=device_id, kind=BOARD, reason=reason, hint=hint))
            continue
        device = sampled_device(
            device_id,
            BOARD,
            name=f"board {device_id}",
            meter=METER_NAME,
            source="hwmon power_meter power1_average",
            accuracy=_accuracy(chip),
            period_seconds=PERIOD_SECONDS,
        )
        probes.append((PowerMeter(device, places.started, PERIOD_SECONDS), _watts_of(path)))
    return sampled(probes, unmeasured, PERIOD_SECONDS)


def _accuracy(chip: Chip) -> tuple[float, float]:
    text = (chip.text("power1_accuracy") or "").removesuffix("%")
    try:
        percent = float(text)
    except ValueError:
        return _ACCURACY
    if not _LEAST_PERCENT <= percent <= _MOST_PERCENT:
        return _ACCURACY
    return percent / 100, 2 - percent / 100


def _watts_of(path: str) -> Callable[[], float]:
    return lambda: read_number(path) * MICRO
