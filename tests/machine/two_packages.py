"""Two simulated packages of one CPU each, on the first two CPUs of the real machine.

    joules of a package = idle_watts * seconds + watts_per_cpu * busy CPU seconds of its CPU

The two differ, so that a share of the whole machine would be wrong for both. As in
``energy_simulator``, a process of its own advances the counters from the real busy time. Run as a
script it is that process: ``two_packages.py FILE FILE``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

IDLE_WATTS = (4.0, 8.0)
WATTS_PER_CPU = (10.0, 30.0)
UPDATE_SECONDS = 0.001
_BY_CPU = "/sys/fs/cgroup/cpuacct/cpuacct.usage_percpu"
_DIGITS = 16


class TwoPackages:
    """A context manager; ``sysfs`` is the root to give to carbonrun."""

    def __init__(self, folder: Path) -> None:
        """Make the files in ``folder``; nothing moves before it is entered."""
        from tests.machine.sim_sysfs import SimulatedPowercap

        powercap = SimulatedPowercap(folder)
        self._files = []
        for package in (0, 1):
            zone = f"intel-rapl:{1 - package}"  # the order of registration is not that of packages
            powercap.add_zone(zone, f"package-{package}", energy_uj=1_000_000)
            self._files.append(str(powercap.energy_file(zone)))
            topology = folder / "devices" / "system" / "cpu" / f"cpu{package}" / "topology"
            topology.mkdir(parents=True)
            (topology / "physical_package_id").write_text(f"{package}\n")
            (topology / "package_cpus_list").write_text(f"{package}\n")
        (folder / "devices" / "system" / "cpu" / "online").write_text("0-1\n")
        self.sysfs = str(folder)
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def tree_joules(package: int, cpu_seconds: float) -> float:
        """Return what a tree has used on a package: its CPU time, its share of the idle power."""
        return cpu_seconds * (WATTS_PER_CPU[package] + IDLE_WATTS[package])

    def __enter__(self) -> Self:
        """Let the counters move."""
        words = [sys.executable, "-I", "-S", __file__, *self._files]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        if self._process.stdout is None or not self._process.stdout.readline():
            raise RuntimeError("the simulator did not start")
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


def _busy_seconds() -> list[float]:
    """Return busy seconds of the first two CPUs since some moment."""
    try:
        with open(_BY_CPU, "rb") as file:  # noqa: PTH123 - a thousand times a second
            return [int(word) * 1e-9 for word in file.read().split()[:2]]
    except OSError:
        now = time.monotonic()
        with open("/proc/stat", "rb") as file:  # noqa: PTH123
            rows = [row.split() for row in file.readlines()[1:3]]
        return [now - sum(map(int, row[4:6])) / os.sysconf("SC_CLK_TCK") for row in rows]


def main() -> None:
    """Advance the files until killed."""
    try:
        os.nice(-10)  # hardware does not wait for a free CPU
    except OSError:
        pass
    descriptors = [os.open(path, os.O_WRONLY) for path in sys.argv[1:]]
    started, before = time.monotonic(), _busy_seconds()
    os.write(1, json.dumps(before).encode() + b"\n")
    while True:
        seconds, busy = time.monotonic() - started, _busy_seconds()
        for package, descriptor in enumerate(descriptors):
            busy_seconds = busy[package] - before[package]
            joules = IDLE_WATTS[package] * seconds + WATTS_PER_CPU[package] * busy_seconds
            os.pwrite(descriptor, b"%0*d\n" % (_DIGITS, 1_000_000 + int(joules * 1e6)), 0)
        time.sleep(UPDATE_SECONDS)


if __name__ == "__main__":
    main()
