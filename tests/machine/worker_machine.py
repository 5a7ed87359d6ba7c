"""A machine that is loaded by the workers of a calibration only, whatever else runs here.

Its procfs shows as busy as many CPUs as there are living workers, which are real processes; its one
RAPL zone has the energy of a known function of that. So a calibration can be tested where other
tests keep the real CPUs busy.

Run as a script it is the process that advances the files: ``worker_machine.py CONFIGURATION``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

_ZONE = "intel-rapl:0"
_DIGITS = 16
_UPDATE_SECONDS = 0.004
_TICKS = os.sysconf("SC_CLK_TCK")
CPUS = os.cpu_count() or 1


class WorkerMachine:
    """A context manager; see the module.

    Attributes:
        options: what points carbonrun at the machine.
        sysfs, procfs: its roots.
    """

    def __init__(
        self,
        folder: Path,
        mark: str,
        *,
        name: str = "package-0",
        idle_watts: float = 6.0,
        rise_watts: float = 20.0,
        exponent: float = 1.0,
    ) -> None:
        """Make the files in ``folder``.

        Args:
            folder: empty.
            mark: ``NAME=VALUE`` in the environment of the workers that count.
            name: of the zone; ``psys`` is a meter of the whole board.
            idle_watts: at no load.
            rise_watts: what full load adds.
            exponent: of the load, from 0 to 1, with which that is reached.
        """
        from tests.machine.sim_sysfs import SimulatedPowercap

        self._watts = (idle_watts, rise_watts, exponent)
        powercap = SimulatedPowercap(folder / "sys")
        powercap.add_zone(_ZONE, name, energy_uj=1_000_000)
        procfs = folder / "proc"
        procfs.mkdir()
        for file in ("cpuinfo", "meminfo"):
            (procfs / file).write_bytes(Path("/proc", file).read_bytes())
        self._configuration = {
            "energy_file": str(powercap.energy_file(_ZONE)),
            "stat_file": str(procfs / "stat"),
            "mark": mark,
            "watts": self._watts,
        }
        self.sysfs, self.procfs = str(folder / "sys"), str(procfs)
        self.options = ("--sysfs", self.sysfs, "--procfs", self.procfs)
        self._process: subprocess.Popen[bytes] | None = None

    def watts(self, load: float) -> float:
        """Return the power at a load of 0 to 1."""
        idle_watts, rise_watts, exponent = self._watts
        return idle_watts + rise_watts * float(load**exponent)

    def __enter__(self) -> Self:
        """Let it run."""
        words = [sys.executable, "-I", "-S", __file__, json.dumps(self._configuration)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        if self._process.stdout is None or not self._process.stdout.readline():
            raise RuntimeError("the simulator did not start")
        return self

    def __exit__(self, *_: object) -> None:
        """End the process; everything stands still."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


class _Workers:
    """Counts living workers; each process is looked at once, and again until it is what it is."""

    def __init__(self, mark: str) -> None:
        self._mark = mark.encode()
        self._known: dict[str, bool] = {}

    def count(self) -> int:
        pids = [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
        self._known = {pid: self._known.get(pid) or self._is_worker(pid) for pid in pids}
        return sum(1 for pid, is_worker in self._known.items() if is_worker and _lives(pid))

    def _is_worker(self, pid: str) -> bool:
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
                if b"load_worker.py" not in file.read():
                    return False
            with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
                return self._mark in file.read().split(b"\0")
        except OSError:
            return False


def _lives(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return file.read().rpartition(b") ")[2][:1] not in b"ZX"
    except OSError:
        return False


def main() -> None:
    """Advance the files until killed."""
    configuration = json.loads(sys.argv[1])
    idle_watts, rise_watts, exponent = configuration["watts"]
    try:
        os.nice(-10)  # hardware does not wait for a free CPU
    except OSError:
        pass
    workers = _Workers(configuration["mark"])
    energy = os.open(configuration["energy_file"], os.O_WRONLY)
    stat = os.open(configuration["stat_file"], os.O_WRONLY | os.O_CREAT, 0o644)
    rows = "".join(f"cpu{number} 0 0 0 0\n" for number in range(CPUS))
    before = time.monotonic()
    joules = 1.0
    # A machine is idle from its boot on; the reader goes by the difference.
    idle_seconds = 1000.0
    is_told = False
    while True:
        load = min(1.0, workers.count() / CPUS)
        now = time.monotonic()
        seconds, before = now - before, now
        joules += (idle_watts + rise_watts * load**exponent) * seconds
        idle_seconds += CPUS * (1 - load) * seconds
        # user nice system idle iowait irq softirq steal; always as long, so that nobody sees half.
        head = f"cpu  0 0 0 {int(idle_seconds * _TICKS):0{_DIGITS}d} 0 0 0 0 0 0\n"
        os.pwrite(stat, f"{head}{rows}".encode(), 0)
        os.pwrite(energy, b"%0*d\n" % (_DIGITS, int(joules * 1e6)), 0)
        if not is_told:
            is_told = True
            os.write(1, b"moving\n")
        time.sleep(_UPDATE_SECONDS)


if __name__ == "__main__":
    main()
