"""What the helper says of a GPU, as a device of a report and as notes. Pure."""

from __future__ import annotations

from carbonrun.measurement.gpu.nvml.sensors import COUNTER as COUNTER_SENSOR
from carbonrun.measurement.gpu.nvml.sensors import MODULE, SENSOR_ERROR
from carbonrun.measurement.model import COUNTER, GPU, INTEGRATED, Device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from carbonrun.notes import Notes

METER = "nvml"
_NO_SENSOR = "no sensor"


def device_of(facts: Mapping[str, Any]) -> Device:
    """Return the device of a report."""
    sensor = facts["sensor"]
    name = str(facts["product"]).removeprefix("NVIDIA ")
    return Device(
        id=str(facts["id"]),
        kind=GPU,
        name=f"GPU {facts['index']} {name}",
        meter=METER,
        method=COUNTER if sensor == COUNTER_SENSOR else INTEGRATED,
        source=f"{sensor or _NO_SENSOR}, {facts['window']}",
        low_factor=1 - SENSOR_ERROR,
        high_factor=1 + SENSOR_ERROR,
        update_seconds=float(facts["update_seconds"]),
    )


def notes_of(facts: Mapping[str, Any], into: Notes) -> None:
    """Add what the reader has to know of a GPU."""
    device_id, name = str(facts["id"]), device_of(facts).name
    if facts["was_frozen"]:
        message = f"{name}: its energy counter stood still; its power was integrated instead"
        into.warn("gpu-counter-frozen", message, about=device_id)
    if facts["resets"]:
        message = f"{name}: its counter began anew; the gap is filled in with its power"
        into.warn("gpu-counter-reset", message, about=device_id)
    if facts["is_unlisted"] and facts["list_refusal"] is not None:
        message = f"{name}: the list of its processes cannot be had: {facts['list_refusal']}"
        into.info("gpu-unlisted", message, about=device_id)
    if facts["sensor"] == MODULE:
        message = f"{name}: its power is that of the module, with the CPU and memory on it"
        hint = "do not add it to a figure of that CPU"
        into.warn("gpu-module-power", message, hint, about=device_id)
    if facts["has_mps"]:
        message = (
            f"{name}: shared through MPS; how well the driver tells its clients apart is unknown"
        )
        into.info("gpu-mps", message, about=device_id)
    if facts["is_divided"]:
        message = f"{name}: divided into instances (MIG); power is known of the whole only"
        into.info("gpu-divided", message, about=device_id)
