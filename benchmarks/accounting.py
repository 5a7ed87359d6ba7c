"""How exact the CPU seconds of a tree are, beside what a scan of live processes would see.

Usage: ``python benchmarks/accounting.py [ROUNDS]``

The truth is the kernel's sum over a control group; without one it is what the workload tells of
itself, which is less exact. Each way of accounting has a column: the default, as on machines with
many CPUs, without perf, and with ``--cgroup``. The scan looks once a second and is generous (see
``tests/machine/live_scan.py``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.support.place import bench  # noqa: E402
from benchmarks.support.table import middle, print_head, print_row, verdict, worst  # noqa: E402
from tests.machine.live_scan import LiveScan  # noqa: E402
from tests.machine.measured_run import REFUSE_PERF, REFUSE_TRACE  # noqa: E402

if TYPE_CHECKING:
    from tests.machine.measured_run import Bench

ROUNDS = 3
BAR, UNWAITED_BAR = 0.005, 0.02
# shape -> amount, bar of the default way. See tests/machine/workloads.py for what they do.
WORKLOADS = {
    "steady": (3.0, BAR),
    "parallel": (2.0, BAR),
    "threads": (3.0, BAR),
    "short": (2500, BAR),
    "daemon": (3.0, BAR),
    "bursts": (1.0, BAR),
    "exec": (3.0, BAR),
    "ignored": (400, UNWAITED_BAR),
    "unwaited": (100, UNWAITED_BAR),
    "mixed": (600, UNWAITED_BAR),
}
WAYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "default": ((), ()),
    "one counter": (REFUSE_TRACE, ()),
    "no perf": (REFUSE_PERF, ()),
    "--cgroup": ((), ("--cgroup",)),
}


def errors(
    place: Bench, shape: str, amount: float, rounds: int
) -> tuple[dict[str, list[float]], list[float]]:
    """Return the relative errors of each way, and the true CPU seconds."""
    found: dict[str, list[float]] = {name: [] for name in (*WAYS, "scan")}
    truths: list[float] = []
    for _ in range(rounds):
        for name, (prefix, options) in WAYS.items():
            if "--cgroup" in options and place.group is None:
                continue
            scans: list[LiveScan] = []

            def watch(pid: int, into: list[LiveScan] = scans) -> None:
                into.append(LiveScan(pid, interval_seconds=1.0).__enter__())

            measured = place.run_workload(
                shape, amount, *options, prefix=prefix, while_running=watch
            )
            scans[0].__exit__()
            found[name].append(measured.cpu_error)
            truth_seconds = measured.truth_seconds or 0.0
            truths.append(truth_seconds)
            found["scan"].append(scans[0].cpu_seconds / truth_seconds - 1)
    return found, truths


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print_head("Error of the tree's CPU seconds: median (worst)")
    with bench() as place:
        if place.group is None:
            print("no control group can be made: the truth is what the workloads tell\n")
        print_row("", "CPU s", *WAYS, "1 Hz scan", "bar", "default", width=17)
        for shape, (amount, bar) in WORKLOADS.items():
            found, truths = errors(place, shape, amount, rounds)
            cells = [
                f"{middle(values):+.2%} ({worst(values):+.2%})" if values else "-"
                for name, values in found.items()
                if name != "scan"
            ]
            scan = f"{middle(found['scan']):+.0%}"
            outcome = verdict(middle(found["default"]), bar)
            print_row(
                f"{shape} {amount:g}", f"{middle(truths):.2f}", *cells, scan, f"{bar:.1%}", outcome,
                width=17,
            )  # fmt: skip


if __name__ == "__main__":
    main()
