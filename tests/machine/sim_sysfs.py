"""A simulated ``/sys/class/powercap``: RAPL zones as files, with counters that move and wrap.

For tests; the program under test only sees files::

    powercap = SimulatedPowercap(tmp_path / "sys")
    powercap.add_zone("intel-rapl:0", "package-0")
    powercap.add_zone("intel-rapl:0:0", "dram", max_energy_range_uj=65712999613)
    meters, unmeasured = discover(str(powercap.root))
    meters[0].read_joules(powercap.clock.now(), ...)
    powercap.advance({"intel-rapl:0": 12.5, "intel-rapl:0:0": 2.0}, seconds=1.0)

or from a published machine: ``SimulatedPowercap.of_layout(root, LAYOUTS["R08_4socket_SNB"])``.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.machine.fake_clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KERNEL = "kernel"
FLAT = "flat"
NESTED = "nested"
STYLES = (KERNEL, FLAT, NESTED)

# 32 bits of 61.035 microjoules, the most common range.
RANGE_UJ = 262143328850

LAYOUTS: dict[str, dict[str, Any]] = {
    name: layout
    for name, layout in json.loads(
        Path(__file__).with_name("rapl_layouts.json").read_text("utf-8")
    ).items()
    if not name.startswith("_")
}


class SimulatedPowercap:
    """A powercap tree below a sysfs root.

    Styles: ``kernel`` has real, nested directories in ``devices/virtual/powercap`` and a link to
    each of them in ``class/powercap``; ``flat`` has real directories in ``class/powercap``
    (recorded trees); ``nested`` has real, nested directories there (a mount of the devices).
    """

    def __init__(self, root: Path, style: str = KERNEL) -> None:
        """Make an empty tree: the driver is loaded, there are no zones yet."""
        self.root = root
        self.clock = FakeClock()
        self._style = style
        self._folders: dict[str, Path] = {}
        self._ranges: dict[str, int | None] = {}
        self._energy: dict[str, int] = {}
        self.class_folder = root / "class/powercap"
        self.class_folder.mkdir(parents=True)

    @classmethod
    def of_layout(
        cls, root: Path, layout: Mapping[str, Any], style: str = KERNEL
    ) -> SimulatedPowercap:
        """Build one of ``LAYOUTS``; energy that was not published starts at a made-up value."""
        powercap = cls(root, style)
        for index, (directory, name, energy_uj, max_range) in enumerate(layout["zones"]):
            start = (index + 1) * 1_234_567_891 if energy_uj is None else energy_uj
            powercap.add_zone(directory, name, energy_uj=start, max_energy_range_uj=max_range)
        return powercap

    def add_control(self, name: str) -> Path:
        """Add a control type, such as ``intel-rapl`` or ``dtpm``; return its directory."""
        if name not in self._folders:
            self._make(name, None)
            (self._folders[name] / "enabled").write_text("1\n")
        return self._folders[name]

    def add_zone(
        self,
        directory: str,
        name: str,
        *,
        energy_uj: int = 0,
        max_energy_range_uj: int | None = RANGE_UJ,
        files: Mapping[str, str] | None = None,
        mode: int = 0o644,
    ) -> Path:
        """Add a zone below the one that its directory names, which must be there already.

        Args:
            directory: as in ``intel-rapl:0:2``.
            name: what its ``name`` file says.
            energy_uj: where the counter starts.
            max_energy_range_uj: the highest value; None for no such file.
            files: more files and what is in them, such as ``constraint_0_max_power_uw``.
            mode: permissions of ``energy_uj``; kernels have 0o400 or, long ago, 0o444.

        Returns:
            the real directory of the zone.
        """
        parent = directory.rpartition(":")[0]
        if ":" not in parent:
            self.add_control(parent)
        folder = self._make(directory, parent)
        (folder / "name").write_text(f"{name}\n")
        for file, content in (files or {}).items():
            (folder / file).write_text(content)
        if max_energy_range_uj is not None:
            (folder / "max_energy_range_uj").write_text(f"{max_energy_range_uj}\n")
        self._ranges[directory] = max_energy_range_uj
        self.energy_file(directory).touch(mode)
        self.energy_file(directory).chmod(mode)
        self.set_energy(directory, energy_uj)
        return folder

    def energy_file(self, directory: str) -> Path:
        """Return the real path of a zone's ``energy_uj``, to break it or to change its mode."""
        return self._folders[directory] / "energy_uj"

    def set_energy(self, directory: str, energy_uj: int) -> None:
        """Let the counter show a value from now on: a reset, or any other jump."""
        self._energy[directory] = energy_uj
        file = self.energy_file(directory)
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
        if file.exists():
            file.chmod(mode | 0o200)  # the simulation may write even if nobody may
        # In place, so that a descriptor that is kept open sees it, as in the kernel.
        file.write_text(f"{energy_uj}\n")
        file.chmod(mode)

    def advance(self, joules_by_zone: Mapping[str, float], seconds: float = 1.0) -> None:
        """Let time pass and counters move, with a wrap where their range ends."""
        self.clock.advance(seconds)
        for directory, joules in joules_by_zone.items():
            energy_uj = self._energy[directory] + round(joules * 1e6)
            highest = self._ranges[directory]
            self.set_energy(directory, energy_uj if highest is None else energy_uj % (highest + 1))

    @contextmanager
    def moving(self, *directories: str) -> Iterator[None]:
        """Let counters move every millisecond of real time, by 1 mJ."""
        is_over = threading.Event()
        files = [os.open(self.energy_file(directory), os.O_WRONLY) for directory in directories]

        def move() -> None:
            energy_uj = max(self._energy[directory] for directory in directories)
            while not is_over.wait(0.001):
                energy_uj += 1000
                for file in files:  # in one write, so that no reading finds it empty
                    os.pwrite(file, b"%016d\n" % energy_uj, 0)

        thread = threading.Thread(target=move, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()
            for file in files:
                os.close(file)

    def mask(self) -> None:
        """Do what a container does: mount something empty over the devices (style ``kernel``)."""
        devices = self.root / "devices/virtual/powercap"
        devices.rename(self.root / "devices/masked")
        devices.mkdir()

    def _make(self, directory: str, parent: str | None) -> Path:
        if self._style == FLAT:
            folder = self.class_folder / directory
        elif parent is not None:
            folder = self._folders[parent] / directory
        elif self._style == NESTED:
            folder = self.class_folder / directory
        else:
            folder = self.root / "devices/virtual/powercap" / directory
        folder.mkdir(parents=True)
        if self._style == KERNEL:
            target = Path("../..") / folder.relative_to(self.root)
            (self.class_folder / directory).symlink_to(target)
        self._folders[directory] = folder
        return folder
