"""What it costs to read the meters of CPU and memory at a tick, and to find them at the start.

Usage: ``python benchmarks/meters.py [ROUNDS]``

The machine is simulated: two sockets, each with memory, and every kind of sensor that there is. The
files are real files, read with the system calls of a run, and the events of the PMU are counted by
the real kernel (where it allows that); what hardware adds (an interrupt of the package for a
register, a microsecond or two) is not in it. Sensors of power are read by threads of their own, so
what is in the tick is adding up.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.support.table import print_head, print_row, verdict  # noqa: E402
from carbonrun import clock  # noqa: E402
from carbonrun.measurement.meters.discover import (  # noqa: E402
    before_start,
    close_all,
    open_kind,
)
from carbonrun.measurement.meters.late import after_start  # noqa: E402
from carbonrun.measurement.meters.order import ORDER  # noqa: E402
from carbonrun.measurement.meters.sensors import places_of  # noqa: E402
from carbonrun.measurement.model import MachineState  # noqa: E402
from tests.machine.sim_cray import SimulatedCray  # noqa: E402
from tests.machine.sim_hwmon import amd_energy, grace, hsmp, ina3221  # noqa: E402
from tests.machine.sim_msr import (  # noqa: E402
    INTEL_DRAM,
    INTEL_PACKAGE,
    INTEL_PSYS,
    INTEL_UNIT,
    SKYLAKE_UNITS,
    SimulatedMsr,
)
from tests.machine.sim_perf import SimulatedPmu  # noqa: E402
from tests.machine.sim_sysfs import SimulatedPowercap  # noqa: E402
from tests.machine.sim_topology import SimulatedCpus  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carbonrun.measurement.model import Meter

ROUNDS = 2000
BAR_MILLISECONDS = 1.0
STATE = MachineState(busy_cpu_seconds=0.0, logical_cpus=4, memory_bytes=1 << 36)


def build(root: Path) -> None:
    """Write a machine of two sockets with every kind of sensor below ``root``."""
    cpus = sorted(os.sched_getaffinity(0))
    first, second = cpus[0], cpus[-1] if len(cpus) > 1 else cpus[0] + 1
    SimulatedCpus(root, {0: [[first]], 1: [[second]]})
    powercap = SimulatedPowercap(root / "sys")
    for package in (0, 1):
        powercap.add_zone(f"intel-rapl:{package}", f"package-{package}")
        powercap.add_zone(f"intel-rapl:{package}:0", "dram", max_energy_range_uj=65712999613)
    powercap.add_zone("intel-rapl:2", "psys")
    SimulatedPmu(root / "sys", cpus[:2])
    registers = {INTEL_UNIT: SKYLAKE_UNITS, INTEL_PACKAGE: 1, INTEL_DRAM: 1, INTEL_PSYS: 1}
    for cpu in (first, second):
        SimulatedMsr(root / "dev", cpu, registers)
    amd_energy(root / "sys", {0: 1, 1: 1})
    SimulatedCray(root / "sys", cpu_energy=1, memory_energy=1, energy=1)
    for socket in (0, 1):
        hsmp(root / "sys", 10 + socket, 90_000_000)
        for index, what in enumerate(("Module", "Grace", "CPU", "SysIO")):
            grace(root / "sys", 20 + 4 * socket + index, what, socket, 90_000_000)
    rails = {1: ("VDD_CPU", 5000, 900), 2: ("VDD_IN", 19000, 900), 3: ("VDDQ", 1100, 90)}
    ina3221(root / "sys", 30, rails)


def tick(meters: Sequence[Meter]) -> None:
    """Read all meters once, as the sampler does."""
    now = clock.now()
    for meter in meters:
        meter.read_joules(now, STATE)


def milliseconds(action: Callable[[], object], rounds: int) -> list[float]:
    """Return how long each of ``rounds`` took."""
    taken = []
    for _ in range(rounds):
        before = time.perf_counter()
        action()
        taken.append((time.perf_counter() - before) * 1e3)
    return taken


def show(name: str, count: int, taken: Sequence[float]) -> None:
    """Print a row for one set of meters."""
    middle, rare = median(taken), sorted(taken)[len(taken) * 99 // 100]
    bar = f"{BAR_MILLISECONDS:g} ms"
    cells = (str(count), f"{middle:.3f} ms", f"{rare:.3f} ms", bar)
    print_row(name, *cells, verdict(middle, BAR_MILLISECONDS))


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print_head("Reading the meters of a simulated machine of two sockets, once a tick")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build(root)
        places = places_of(str(root / "sys"), str(root / "proc"), clock.now())
        print_row("", "meters", "median", "99 %", "bar", "")
        for kind in ORDER:
            meters = open_kind(kind, places).meters
            show(kind.name, len(meters), milliseconds(lambda m=meters: tick(m), rounds))  # type: ignore[misc]
            close_all(meters)
        meters_early, rows = before_start(places.sysfs, places.procfs, places.started)
        late = after_start(places, meters_early, rows)
        together = [*meters_early, *late.meters, *late.checks]
        show(
            "a run: billed and compared",
            len(together),
            milliseconds(lambda: tick(together), rounds),
        )
        for poller in late.pollers:
            poller.stop()
        close_all(together)

        def find() -> None:
            close_all(before_start(places.sysfs, places.procfs, places.started)[0])

        show("finding them before the command", len(meters_early), milliseconds(find, rounds // 10))


if __name__ == "__main__":
    main()
