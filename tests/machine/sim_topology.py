"""A simulated ``/sys/devices/system/cpu`` and ``/proc/cpuinfo``: packages, dies and their CPUs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

INTEL_SERVER = ("GenuineIntel", 6, 0x55)
AMD_SERVER = ("AuthenticAMD", 0x19, 1)


class SimulatedCpus:
    """CPUs in dies in packages.

    As in::

        SimulatedCpus(tmp_path, {0: [[0, 1], [2, 3]], 1: [[4, 5]]})  # package 0 has two dies

    Attributes:
        sysfs, procfs, dev: the roots.
    """

    def __init__(
        self,
        root: Path,
        packages: Mapping[int, Sequence[Sequence[int]]],
        processor: tuple[str, int, int] = INTEL_SERVER,
    ) -> None:
        """Write the files below ``root``."""
        self.sysfs, self.procfs, self.dev = root / "sys", root / "proc", root / "dev"
        self._folder = self.sysfs / "devices/system/cpu"
        self._packages = packages
        online = sorted(cpu for dies in packages.values() for die in dies for cpu in die)
        for package, dies in packages.items():
            inside = [cpu for die in dies for cpu in die]
            for number, die in enumerate(dies):
                for cpu in die:
                    self._write(cpu, package, number, inside, die)
        self.set_online(online)
        self.procfs.mkdir(exist_ok=True)
        vendor, family, model = processor
        lines = [f"vendor_id\t: {vendor}", f"cpu family\t: {family}", f"model\t\t: {model}"]
        (self.procfs / "cpuinfo").write_text("processor\t: 0\n" + "\n".join(lines) + "\n")

    def take_offline(self, cpu: int) -> None:
        """Do what the kernel does: the topology of the CPU goes, its lists lose it."""
        shutil.rmtree(self._folder / f"cpu{cpu}/topology")
        online = [int(path.parent.name[3:]) for path in self._folder.glob("cpu*/topology")]
        self.set_online(sorted(online))

    def set_online(self, cpus: Sequence[int]) -> None:
        """Write the list of CPUs that are online."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "online").write_text(",".join(map(str, cpus)) + "\n")

    def _write(
        self, cpu: int, package: int, die: int, inside: Sequence[int], together: Sequence[int]
    ) -> None:
        folder = self._folder / f"cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text(f"{package}\n")
        (folder / "die_id").write_text(f"{die}\n")
        (folder / "package_cpus_list").write_text(",".join(map(str, inside)) + "\n")
        (folder / "die_cpus_list").write_text(",".join(map(str, together)) + "\n")
