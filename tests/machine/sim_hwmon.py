"""Simulated hwmon chips: a folder ``class/hwmon/hwmonN`` with a name and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class SimulatedChip:
    """One chip; ``below`` is where its attributes are, ``device`` with old drivers."""

    def __init__(
        self,
        sysfs: Path,
        number: int,
        name: str,
        attributes: Mapping[str, object],
        below: str = "",
    ) -> None:
        """Make the files."""
        folder = sysfs / f"class/hwmon/hwmon{number}"
        self.folder = folder / below if below else folder
        self.folder.mkdir(parents=True)
        for attribute, value in {"name": name, **attributes}.items():
            self.set(attribute, value)

    def set(self, attribute: str, value: object) -> None:
        """Write an attribute in place, so that a descriptor that is kept open sees it."""
        (self.folder / attribute).write_text(f"{value}\n")

    def fail(self, attribute: str) -> None:
        """Let each reading of an attribute fail, as an error of the device does."""
        (self.folder / attribute).unlink()
        (self.folder / attribute).mkdir()


def amd_energy(sysfs: Path, sockets_uj: Mapping[int, int], cores: int = 2) -> SimulatedChip:
    """Add the chip of ``amd_energy``: channels of cores first, then of NUMA nodes."""
    attributes: dict[str, object] = {}
    for core in range(cores):
        attributes[f"energy{core + 1}_label"] = f"Ecore{core:03}"
        attributes[f"energy{core + 1}_input"] = 1
    for index, (socket, microjoules) in enumerate(sockets_uj.items()):
        attributes[f"energy{cores + index + 1}_label"] = f"Esocket{socket}"
        attributes[f"energy{cores + index + 1}_input"] = microjoules
    return SimulatedChip(sysfs, 3, "amd_energy", attributes)


def hsmp(sysfs: Path, number: int, microwatts: int) -> SimulatedChip:
    """Add the chip of one socket's HSMP."""
    return SimulatedChip(sysfs, number, "amd_hsmp_hwmon", {"power1_input": microwatts})


def acpi_meter(sysfs: Path, number: int, microwatts: int, **more: object) -> SimulatedChip:
    """Add an ACPI power meter; its attributes are below ``device``."""
    attributes = {"power1_average": microwatts, "power1_is_battery": 0, **more}
    return SimulatedChip(sysfs, number, "power_meter", attributes, below="device")


def grace(sysfs: Path, number: int, what: str, socket: int, microwatts: int) -> SimulatedChip:
    """Add one of the power meters of a Grace socket."""
    text = f"{what} Power Socket {socket}"
    return acpi_meter(sysfs, number, microwatts, power1_oem_info=text, power1_average_interval=50)


def ina3221(sysfs: Path, number: int, rails: Mapping[int, tuple[str, int, int]]) -> SimulatedChip:
    """Add an INA3221 with label, mV and mA of its channels, and the shunts behind them."""
    attributes: dict[str, object] = {"in7_label": "sum of shunt voltages", "in7_input": 4096}
    for channel, (label, millivolts, milliamperes) in rails.items():
        attributes[f"in{channel}_label"] = label
        attributes[f"in{channel}_enable"] = 1
        attributes[f"in{channel}_input"] = millivolts
        attributes[f"curr{channel}_input"] = milliamperes
        attributes[f"in{channel + 3}_input"] = milliamperes * 5  # uV over 5 milliohms
    return SimulatedChip(sysfs, number, "ina3221", attributes)
