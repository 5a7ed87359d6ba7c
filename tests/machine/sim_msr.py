"""Simulated ``/dev/cpu/N/msr``: sparse files, read at a register's number as the real ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

INTEL_UNIT, INTEL_PACKAGE, INTEL_DRAM, INTEL_PSYS = 0x606, 0x611, 0x619, 0x64D
AMD_UNIT, AMD_PACKAGE = 0xC0010299, 0xC001029B
# Energy unit 2^-14 J (exponent 14 in bits 8 to 12) among other units, as on Skylake servers.
SKYLAKE_UNITS = 0xA0E03


class SimulatedMsr:
    """The registers of one CPU."""

    def __init__(self, dev: Path, cpu: int, registers: dict[int, int] | None = None) -> None:
        """Make the file."""
        self.path = dev / f"cpu/{cpu}/msr"
        self.path.parent.mkdir(parents=True)
        self.path.touch()
        # All registers exist: what is not written reads as zero.
        os.truncate(self.path, 0xC0011000)
        for register, value in (registers or {}).items():
            self.write(register, value)

    def write(self, register: int, value: int) -> None:
        """Set the 64 bits of a register."""
        with self.path.open("r+b") as file:
            file.seek(register)
            file.write(value.to_bytes(8, "little"))

    def read(self, register: int) -> int:
        """Return the 64 bits of a register."""
        with self.path.open("rb") as file:
            file.seek(register)
            return int.from_bytes(file.read(8), "little")

    def count(self, register: int, units: int) -> None:
        """Let a 32-bit counter move, with its wrap; the high half holds something else."""
        self.write(register, 0xABCD << 32 | (self.read(register) + units) % 2**32)
