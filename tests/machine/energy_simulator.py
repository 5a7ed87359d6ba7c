"""A simulated sensor on a real machine: RAPL files whose energy is a known function of CPU time.

    joules = idle_watts * seconds + watts_per_cpu * busy CPU seconds of the whole machine

A process of its own advances ``energy_uj`` every millisecond, as the hardware does, from the real
busy time. So what a tree with a known CPU time has really used is known, and what carbonrun
attributes to it can be compared with that.

Responsible for: the files, and breaking them in the ways in which sensors break. Run as a script it
is the process that advances them: ``energy_simulator.py ENERGY_FILE CONFIGURATION``.
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

UPDATE_SECONDS = 0.001
_ZONE = "intel-rapl:0"
# Ticks of 10 ms; idle and waiting for I/O. Source: proc_stat(5).
_IDLE_COLUMNS = (4, 5)
_ALL_TASKS = "/sys/fs/cgroup/cpuacct/cpuacct.usage"
_DIGITS = 16


class SimulatedSensor:
    """A package whose counter moves; a context manager.

    Attributes:
        sysfs: the root to give to carbonrun.
        idle_watts: of the idle machine.
        watts_per_cpu: for each CPU that is busy.
    """

    def __init__(
        self,
        folder: Path,
        *,
        idle_watts: float = 6.0,
        watts_per_cpu: float = 10.0,
        start_uj: int = 1_000_000,
        mode: int = 0o644,
    ) -> None:
        """Make the files in ``folder``; nothing moves before the sensor is entered."""
        from tests.machine.sim_sysfs import RANGE_UJ, SimulatedPowercap

        powercap = SimulatedPowercap(folder)
        powercap.add_zone(_ZONE, "package-0", energy_uj=start_uj, mode=mode)
        self.sysfs = str(folder)
        self.idle_watts = idle_watts
        self.watts_per_cpu = watts_per_cpu
        self.file = powercap.energy_file(_ZONE)
        self._configuration = {
            "idle_watts": idle_watts,
            "watts_per_cpu": watts_per_cpu,
            "start_uj": start_uj,
            "range_uj": RANGE_UJ,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def tree_joules(self, cpu_seconds: float) -> float:
        """Return what a tree has used: its CPU time, and its share of the idle power."""
        idle_watts_per_cpu = self.idle_watts / (os.cpu_count() or 1)
        return cpu_seconds * (self.watts_per_cpu + idle_watts_per_cpu)

    def __enter__(self) -> Self:
        """Let it move."""
        words = [sys.executable, "-I", "-S", __file__, str(self.file)]
        self._process = subprocess.Popen(
            [*words, json.dumps(self._configuration)], stdout=subprocess.PIPE
        )
        if self._process.stdout is None or not self._process.stdout.readline():
            raise RuntimeError("the simulator did not start")
        return self

    def __exit__(self, *_: object) -> None:
        """Let it stand still and end the process."""
        self.stop()

    def stop(self) -> None:
        """Let the counter stand still, as on a virtual machine."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def vanish(self) -> None:
        """Unload the driver: who has the file open gets nothing, nobody can open it again."""
        self.stop()
        os.truncate(self.file, 0)
        self.file.unlink()

    def fail(self) -> None:
        """Let every read fail with an error of the system."""
        self.vanish()
        self.file.mkdir()

    def show(self, content: str) -> None:
        """Show something else than what was counted."""
        self.stop()
        self.file.write_text(content)


def _busy_seconds() -> float:
    """Return busy CPU seconds of the machine since some moment, as exactly as anybody knows.

    The sum over all tasks where the kernel shows it (cpuacct), else what is not idle: the idle time
    is exact, while the columns for busy time are sampled by the clock tick.
    """
    try:
        with open(_ALL_TASKS, "rb") as file:  # noqa: PTH123 - a thousand times a second
            return int(file.read()) * 1e-9
    except OSError:
        with open("/proc/stat", "rb") as file:  # noqa: PTH123
            fields = file.readline().split()
        idle_ticks = sum(int(fields[column]) for column in _IDLE_COLUMNS)
        cpu_seconds = (os.cpu_count() or 1) * time.monotonic()
        return cpu_seconds - idle_ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Advance the file until killed."""
    configuration = json.loads(sys.argv[2])
    idle_watts, watts_per_cpu = configuration["idle_watts"], configuration["watts_per_cpu"]
    modulus = configuration["range_uj"] + 1
    try:
        os.nice(-10)  # hardware does not wait for a free CPU
    except OSError:
        pass
    descriptor = os.open(sys.argv[1], os.O_WRONLY)
    started, busy_before = time.monotonic(), _busy_seconds()
    os.write(1, b"moving\n")
    while True:
        seconds, busy_seconds = time.monotonic() - started, _busy_seconds() - busy_before
        joules = idle_watts * seconds + watts_per_cpu * busy_seconds
        energy_uj = (configuration["start_uj"] + int(joules * 1e6)) % modulus
        # Always as long as before, so that a reader never sees half of it.
        os.pwrite(descriptor, b"%0*d\n" % (_DIGITS, energy_uj), 0)
        time.sleep(UPDATE_SECONDS)


if __name__ == "__main__":
    main()
