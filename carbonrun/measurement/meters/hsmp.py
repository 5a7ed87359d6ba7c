"""AMD's host system management port: the power of each socket, in an hwmon chip.

The processor's own controller is asked through a mailbox, which takes its time, so the power is
sampled in the background. The driver numbers its chips in the order of the sockets.

Source: Linux, drivers/platform/x86/amd/hsmp/hwmon.c (``power1_input`` in uW, readable by all).
"""

from __future__ import annotations

import os

from carbonrun.measurement.meters.hwmon import chips
from carbonrun.measurement.meters.power_file import MICRO, read_number
from carbonrun.measurement.meters.power_meter import PowerMeter, sampled_device
from carbonrun.measurement.meters.sensors import NOTHING
from carbonrun.measurement.meters.topology import PACKAGE_WIDE, counter_dies
from carbonrun.measurement.model import CPU, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.measurement.meters.sensors import Found, Places

METER_NAME = "amd-hsmp"
CHIP = "amd_hsmp_hwmon"
PERIOD_SECONDS = 0.1
# AMD publishes no error of this figure; it is the one that the processor limits itself by. Ours.
_ACCURACY = (0.9, 1.1)


def discover(places: Places) -> Found:
    """Return a meter for each package."""
    found = chips(places.sysfs, CHIP)
    if not found:
        return NOTHING
    from carbonrun.measurement.meters.poller import sampled

    period_seconds = places.period_seconds(PERIOD_SECONDS)
    packages = sorted({die.package for die in counter_dies(places.sysfs, PACKAGE_WIDE[0])})
    probes: list[tuple[PowerMeter, Callable[[], float]]] = []
    unmeasured: list[Unmeasured] = []
    for index, chip in enumerate(found):
        package = packages[index] if index < len(packages) else index
        device_id = f"package-{package}"
        path = chip.attribute("power1_input") or f"{chip.path}/power1_input"
        if not os.access(path, os.R_OK):
            reason = f"{path} cannot be read"
            unmeasured.append(Unmeasured(id=device_id, kind=CPU, reason=reason, hint=_hint(path)))
            continue
        device = sampled_device(
            device_id,
            CPU,
            name=f"CPU {device_id}",
            meter=METER_NAME,
            source="hwmon amd_hsmp_hwmon power1_input",
            accuracy=_ACCURACY,
            period_seconds=period_seconds,
        )
        meter = PowerMeter(device, places.started, period_seconds)
        probes.append((meter, _watts_of(path)))
    return sampled(probes, unmeasured, period_seconds)


def _watts_of(path: str) -> Callable[[], float]:
    return lambda: read_number(path) * MICRO


def _hint(path: str) -> str:
    return f"until the next boot: sudo chmod a+r {path}"
