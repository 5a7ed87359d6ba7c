"""A simulated ``/sys/cray/pm_counters``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SimulatedCray:
    """The counters of a node, in joules."""

    def __init__(self, sysfs: Path, **joules: int) -> None:
        """Write files such as ``cpu_energy`` and ``energy``."""
        self.folder = sysfs / "cray/pm_counters"
        self.folder.mkdir(parents=True)
        self._joules = dict(joules)
        self._scans = 0
        self.advance()

    def advance(self, **joules: int) -> None:
        """Let counters move by so many joules, and the time stamps with them."""
        self._scans += 1
        stamp = 1_693_412_345_000_000 + self._scans * 100_000
        for name, value in joules.items():
            self._joules[name] += value
        for name, value in self._joules.items():
            (self.folder / name).write_text(f"{value} J {stamp} us\n")
        (self.folder / "freshness").write_text(f"{self._scans}\n")
        (self.folder / "generation").write_text("1\n")

    def set(self, name: str, joules: int) -> None:
        """Let a counter show another value."""
        self._joules[name] = joules
        self.advance()
