"""How long the window of each of NVML's sensors is, by architecture. Pure.

Source: Z. Yang, K. Adamek, W. Armour, Accurate and Convenient Energy Measurements for GPUs, SC24
(arXiv:2312.02741), and the result sheet published with it, for the windows and for the error of
the sensors at steady load (within 6 % for all but a few of 70 cards). That the energy counter
changes every 20 to 100 ms: documentation of Alumet. nvml.h for averages over one second since
Ampere, but for GA100.
"""

from __future__ import annotations

from carbonrun.record import Record

# Source: nvml.h, NVML_DEVICE_ARCH_*.
VOLTA, TURING, AMPERE, HOPPER = 5, 6, 7, 9
UNKNOWN = 0xFFFFFFFF
_GA100 = {"A100", "A30", "A800", "A100X", "A30X"}
# Whatever method.
SENSOR_ERROR = 0.05

COUNTER = "energy counter"
INSTANT = "instant power"
MODULE = "instant power of the module"
AVERAGE = "average power"
RECORDED = "recorded power"


class Window(Record):
    """What a sensor's figure covers, for people, and how old it may be."""

    text: str
    update_seconds: float


def window(sensor: str, architecture: int, name: str) -> Window:
    """Return the window of a sensor.

    Args:
        sensor: one of the names above.
        architecture: NVML's number, ``UNKNOWN`` where it is not told.
        name: of the product.
    """
    is_ga100 = not _GA100.isdisjoint(name.replace("-", " ").split())
    if architecture <= VOLTA:
        update = Window(text="20 ms", update_seconds=0.02)
        return update if sensor == COUNTER else update.replace(text="10 of every 20 ms")
    is_partial = is_ga100 or architecture == HOPPER
    if sensor == COUNTER or not is_partial:
        mean = sensor == AVERAGE and architecture >= AMPERE and not is_ga100
        seconds = 1.0 if mean else 0.1
        return Window(text="1 s" if mean else "100 ms", update_seconds=seconds)
    if sensor == AVERAGE and not is_ga100:
        return Window(text="1 s", update_seconds=1.0)
    return Window(text="25 of every 100 ms", update_seconds=0.1)
