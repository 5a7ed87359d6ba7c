"""Nvidia Grace: the power of each socket, from ACPI power meters whose OEM text names it.

::

    Module Power Socket N  contains  Grace Power Socket N  contains  CPU and SysIO Power Socket N

"Module" has the GPU of a superchip too and is a cross-check of the kind ``board``. The package is
"Grace" where there is one, else the sum of what is in it. The firmware averages over
``power1_average_interval`` (50 ms or 1 s) and may take its time to answer, so the power is sampled
in the background.

Source: the ACPI tables of the platform's firmware (edk2-nvidia, power meter SSDT); Linux,
drivers/hwmon/acpi_power_meter.c (``power1_average`` in uW).
"""

from __future__ import annotations

import os

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.hwmon import Chip, chips
from carbonrun.measurement.meters.power_file import MICRO, MILLI, read_number
from carbonrun.measurement.meters.power_meter import PowerMeter, sampled_device
from carbonrun.measurement.meters.sensors import NOTHING
from carbonrun.measurement.model import BOARD, CPU, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.measurement.meters.sensors import Found, Places

METER_NAME = "grace"
CHIP = "power_meter"
PERIOD_SECONDS = 0.1
MODULE, WHOLE, CPU_RAIL, IO_RAIL = "Module", "Grace", "CPU", "SysIO"
_MIDDLE = " Power Socket "
_SLOWEST_UPDATE_SECONDS = 1.0
# ACPI's meters may state an accuracy of their own; these say 100 % and mean nothing by it. Ours.
_ACCURACY = (0.9, 1.1)
HINT = (
    "add acpi_power_meter.force_cap_on=y to the kernel's command line, then: "
    "sudo modprobe acpi_power_meter"
)


def socket_of(oem_info: str | None) -> tuple[str, int] | None:
    """Return what a meter measures and of which socket, None if it is none of Grace's."""
    what, middle, socket = (oem_info or "").partition(_MIDDLE)
    if not middle or what not in (MODULE, WHOLE, CPU_RAIL, IO_RAIL) or not socket.isdigit():
        return None
    return what, int(socket)


def discover(places: Places) -> Found:
    """Return a meter for the package of each socket and for its module."""
    sockets: dict[int, dict[str, Chip]] = {}
    for chip in chips(places.sysfs, CHIP):
        place = socket_of(chip.text("power1_oem_info"))
        if place is not None:
            sockets.setdefault(place[1], {}).setdefault(place[0], chip)
    if not sockets:
        return NOTHING
    from carbonrun.measurement.meters.poller import sampled

    probes: list[tuple[PowerMeter, Callable[[], float]]] = []
    unmeasured: list[Unmeasured] = []
    for socket, there in sorted(sockets.items()):
        parts = [WHOLE] if WHOLE in there else [p for p in (CPU_RAIL, IO_RAIL) if p in there]
        modules = [MODULE] if MODULE in there else []
        for device_id, kind, names in (
            (f"package-{socket}", CPU, parts),
            (f"module-{socket}", BOARD, modules),
        ):
            if not names:
                continue
            made = _probe(places, device_id, kind, {name: there[name] for name in names})
            if isinstance(made, Unmeasured):
                unmeasured.append(made)
            else:
                probes.append(made)
    return sampled(probes, unmeasured, places.period_seconds(PERIOD_SECONDS))


def _probe(
    places: Places, device_id: str, kind: str, parts: dict[str, Chip]
) -> tuple[PowerMeter, Callable[[], float]] | Unmeasured:
    paths = [chip.attribute("power1_average") or "" for chip in parts.values()]
    for path in paths:
        if not os.access(path, os.R_OK):
            reason = f"power1_average of {' and '.join(parts)} cannot be read"
            return Unmeasured(id=device_id, kind=kind, reason=reason, hint=HINT)
    period_seconds = places.period_seconds(PERIOD_SECONDS)
    device = sampled_device(
        device_id,
        kind,
        name=f"{'CPU' if kind == CPU else 'board'} {device_id}",
        meter=METER_NAME,
        source=f"hwmon power1_average of {' + '.join(parts)}",
        accuracy=_ACCURACY,
        period_seconds=max(period_seconds, *(_update_seconds(chip) for chip in parts.values())),
    )

    def read_watts() -> float:
        return sum(read_number(path) for path in paths) * MICRO

    return PowerMeter(device, places.started, period_seconds), read_watts


def _update_seconds(chip: Chip) -> float:
    """Return over how long the firmware averages; the longest there is where it does not tell."""
    path = chip.attribute("power1_average_interval")
    try:
        milliseconds = 0 if path is None else read_number(path)
    except ReadFailed:
        milliseconds = 0
    return milliseconds * MILLI if milliseconds > 0 else _SLOWEST_UPDATE_SECONDS
