"""INA3221 monitors of Jetson boards: voltage and current of up to three rails for each chip.

Power is ``inN_input`` (mV) times ``currN_input`` (mA). The channels ``in4`` to ``in6`` are voltages
over the shunts and ``in7`` is their sum: they are no rails. Each reading waits for the chip to
finish a conversion (milliseconds), so the power is sampled in the background.

What a rail feeds is told by its label, which is the board's own: a rail with CPU in its name is the
package, one of DRAM the memory, and everything else (the input of the board, GPU, SoC) is shown as
``board`` and not summed, since the rails contain one another.

Source: Linux, drivers/hwmon/ina3221.c; Nvidia Jetson Linux Developer Guide, "Power monitor".
"""

from __future__ import annotations

import os

from carbonrun.measurement.meters.hwmon import Chip, chips, labels
from carbonrun.measurement.meters.power_file import MILLI, read_number
from carbonrun.measurement.meters.power_meter import PowerMeter, sampled_device
from carbonrun.measurement.meters.sensors import NOTHING
from carbonrun.measurement.model import BOARD, CPU, MEMORY, Unmeasured
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.measurement.meters.sensors import Found, Places

METER_NAME = "ina3221"
CHIP = "ina3221"
PERIOD_SECONDS = 0.2
_CHANNELS = (1, 2, 3)
_MEMORY_MARKS = ("DDR", "VDDQ", "DRAM")
# The shunt of a channel has 1 % or 0.5 %, and the offset of the chip (80 uV) is much of a small
# current. A rail that feeds more than the CPU may have half of its power from that. Our reading.
# Source: Texas Instruments, INA3221 data sheet, SBOS576.
_ACCURACY = (0.9, 1.1)
_SHARED_ACCURACY = (0.5, 1.1)


class Rail(Record):
    """One rail.

    Attributes:
        label: the board's name for it.
        kind: ``cpu``, ``memory`` or ``board``.
        voltage_path, current_path: in mV and mA.
    """

    label: str
    kind: str
    voltage_path: str
    current_path: str

    @property
    def is_shared(self) -> bool:
        """Tell whether the rail of the CPU feeds something large beside it."""
        return self.kind == CPU and any(mark in self.label.upper() for mark in ("GPU", "SOC"))


def kind_of(label: str) -> str:
    """Return what a rail of that name feeds."""
    upper = label.upper()
    if "CPU" in upper:
        return CPU
    return MEMORY if any(mark in upper for mark in _MEMORY_MARKS) else BOARD


def discover(places: Places) -> Found:
    """Return a meter for each rail that is in use."""
    rails = [rail for chip in chips(places.sysfs, CHIP) for rail in _rails(chip)]
    if not rails:
        return NOTHING
    from carbonrun.measurement.meters.poller import sampled

    probes: list[tuple[PowerMeter, Callable[[], float]]] = []
    unmeasured: list[Unmeasured] = []
    taken: set[str] = set()
    for rail in rails:
        device_id = _device_id(rail, taken)
        taken.add(device_id)
        unreadable = [
            p for p in (rail.voltage_path, rail.current_path) if not os.access(p, os.R_OK)
        ]
        if unreadable:
            hint = f"until the next boot: sudo chmod a+r {' '.join(unreadable)}"
            reason = f"{unreadable[0]} cannot be read"
            unmeasured.append(Unmeasured(id=device_id, kind=rail.kind, reason=reason, hint=hint))
            continue
        device = sampled_device(
            device_id,
            rail.kind,
            name=f"{'board' if rail.kind == BOARD else rail.kind} rail {rail.label}",
            meter=METER_NAME,
            source=f"INA3221 {rail.label}" + (" (not the CPU alone)" if rail.is_shared else ""),
            accuracy=_SHARED_ACCURACY if rail.is_shared else _ACCURACY,
            period_seconds=PERIOD_SECONDS,
        )
        probes.append((PowerMeter(device, places.started, PERIOD_SECONDS), _watts_of(rail)))
    return sampled(probes, unmeasured, PERIOD_SECONDS)


def _rails(chip: Chip) -> list[Rail]:
    """Return the rails of a chip; a channel without a label, or switched off, is none."""
    of_currents = {label: number for number, label in labels(chip, "curr").items()}
    rails: list[Rail] = []
    for number, label in labels(chip, "in").items():
        if number not in _CHANNELS or chip.text(f"in{number}_enable") == "0":
            continue
        current = of_currents.get(label, number)
        voltage_path = chip.attribute(f"in{number}_input")
        current_path = chip.attribute(f"curr{current}_input")
        if voltage_path and current_path and label != "NC":  # not connected
            rails.append(
                Rail(
                    label=label,
                    kind=kind_of(label),
                    voltage_path=voltage_path,
                    current_path=current_path,
                )
            )
    return rails


def _device_id(rail: Rail, taken: set[str]) -> str:
    first = {CPU: "package-0", MEMORY: "dram-0"}.get(rail.kind)
    return f"rail-{rail.label}" if first is None or first in taken else first


def _watts_of(rail: Rail) -> Callable[[], float]:
    def read_watts() -> float:
        volts = read_number(rail.voltage_path) * MILLI
        return volts * read_number(rail.current_path) * MILLI

    return read_watts
