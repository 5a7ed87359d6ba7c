"""Simulated batteries and mains adapters in ``/sys/class/power_supply``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SimulatedSupply:
    """One power supply; attributes are in uV, uA, uW, uAh and uWh."""

    def __init__(self, sysfs: Path, name: str, **attributes: object) -> None:
        """Write the files; a battery that is being discharged unless told otherwise."""
        self.folder = sysfs / f"class/power_supply/{name}"
        self.folder.mkdir(parents=True)
        for attribute, value in {"type": "Battery", "status": "Discharging", **attributes}.items():
            self.set(attribute, value)

    def set(self, attribute: str, value: object) -> None:
        """Change an attribute."""
        (self.folder / attribute).write_text(f"{value}\n")
