"""How exact the joules of a tree are, on a simulated sensor whose energy is a known function.

Usage: ``python benchmarks/attribution.py [ROUNDS]``

A process advances RAPL files from the real CPU time of the machine (see
``tests/machine/energy_simulator.py``), so the true energy of a tree is known from its CPU time.
Each workload runs alone, beside a neighbour that works steadily, and beside one that works in
bursts. What a tree is charged must not depend on the neighbour: the second table has what is
charged for a CPU second, by carbonrun and by the formula that divides all power by CPU time.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.support.place import bench  # noqa: E402
from benchmarks.support.table import middle, print_head, print_row, verdict, worst  # noqa: E402
from tests.machine import workloads  # noqa: E402
from tests.machine.energy_simulator import SimulatedSensor  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.machine.measured_run import Bench

ROUNDS = 3
BAR = 0.02
WORKLOADS = {"steady": 1.5, "parallel": 1.0, "short": 1500, "daemon": 1.5, "bursts": 0.7}
NEIGHBOURS = {"alone": None, "beside steady": "steady", "beside bursts": "bursts"}


@contextmanager
def neighbour(shape: str | None) -> Iterator[None]:
    """Let somebody else use the machine too."""
    process = None if shape is None else subprocess.Popen(workloads.command(shape, 1e6))
    try:
        yield
    finally:
        if process is not None:
            process.kill()
            process.wait()


def run(
    place: Bench, sensor: SimulatedSensor, workload: tuple[str, float], who: str | None
) -> dict[str, float]:
    """Return the error of the joules, and joules for each CPU second by two formulas."""
    options = ("--sysfs", sensor.sysfs, "--idle-watts", f"package={sensor.idle_watts}")
    with neighbour(who):
        measured = place.run_workload(*workload, *options)
    devices: list[dict[str, Any]] = measured.report["energy"]["devices"]
    device = next(each for each in devices if each["id"] == "package-0")
    cpu_seconds = measured.truth_seconds or 0.0
    machine_joules: float = device["machine_joules"]
    idle_joules = sensor.idle_watts * measured.report["run"]["duration_seconds"]
    busy_seconds = (machine_joules - idle_joules) / sensor.watts_per_cpu
    return {
        "error": device["joules"] / sensor.tree_joules(cpu_seconds) - 1,
        "ours": device["joules"] / cpu_seconds,
        "by CPU time": machine_joules / busy_seconds,
    }


def main() -> None:
    """Print the tables."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print_head("Error of the joules attributed to a tree: median (worst)")
    charged: dict[str, dict[str, list[float]]] = {}
    with bench() as place, SimulatedSensor(place.folder / "sys") as sensor:
        print_row("", *NEIGHBOURS, "bar", "", width=17)
        for shape, amount in WORKLOADS.items():
            cells, outcome = [], 0.0
            for name, who in NEIGHBOURS.items():
                runs = [run(place, sensor, (shape, amount), who) for _ in range(rounds)]
                errors = [each["error"] for each in runs]
                cells.append(f"{middle(errors):+.2%} ({worst(errors):+.2%})")
                outcome = worst([outcome, middle(errors)])
                for formula in ("ours", "by CPU time"):
                    values = charged.setdefault(formula, {}).setdefault(name, [])
                    values += [each[formula] for each in runs]
            row = (*cells, f"{BAR:.0%}", verdict(outcome, BAR))
            print_row(f"{shape} {amount:g}", *row, width=17)
        truth = sensor.tree_joules(1.0)
    print(f"\nJoules charged for a CPU second; the truth is {truth:.2f}\n")
    for formula, by_neighbour in charged.items():
        cells = [f"{middle(values):.2f}" for values in by_neighbour.values()]
        print_row(formula, *cells, width=17)


if __name__ == "__main__":
    main()
