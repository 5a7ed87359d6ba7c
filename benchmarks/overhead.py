"""What carbonrun itself costs while the command runs: CPU time, memory, and the command's pace.

Usage: ``python benchmarks/overhead.py [SECONDS] [ROUNDS]``

CPU time is that of carbonrun's own process from its start to its very end, read from the kernel,
as a share of one CPU, around ``sleep SECONDS`` and around a tree of 300 sleeping processes. The
slow-down is that of a shell's loop of 2500 short commands from within, so without start-up: the
same loop bare, with carbonrun, and with carbonrun without perf, in turn, ``ROUNDS`` times over.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.support.place import MODULE, PYTHON, bench, home_environment  # noqa: E402
from benchmarks.support.table import print_head, print_row, verdict  # noqa: E402
from tests.machine.measured_run import REFUSE_PERF, REFUSE_TRACE  # noqa: E402

if TYPE_CHECKING:
    from tests.machine.measured_run import Bench

SECONDS, ROUNDS = 60.0, 15
SLEEP_BAR, TREE_BAR, LOOP_BAR = 0.003, 0.01, 0.03
MEMORY_BAR_MIB = 40
PROCESSES = 300
LOOPS = 2500

SLEEPERS = f"""
import os, sys, time
for _ in range({PROCESSES}):
    if os.fork() == 0:
        time.sleep(float(sys.argv[1]))
        os._exit(0)
for _ in range({PROCESSES}):
    os.wait()
"""
# Prints how long the loop takes, seen from within.
TIMED_LOOP = f"""
import os, time
script = "i=0; while [ $i -lt {LOOPS} ]; do /bin/true; i=$((i+1)); done"
started = time.monotonic()
os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", script], os.environ), 0)
os.write(1, b"%f" % (time.monotonic() - started))
"""


class Memory:
    """Watches the resident memory of a process."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.mib: list[float] = []

    def watch(self, pid: int) -> None:
        """Look once a second until it ends."""
        threading.Thread(target=self._look, args=(pid,), daemon=True).start()

    def _look(self, pid: int) -> None:
        status = Path(f"/proc/{pid}/status")
        while True:
            time.sleep(1)
            try:
                rows = dict(line.split(":", 1) for line in status.read_text("utf-8").splitlines())
                self.mib.append(int(rows["VmRSS"].split()[0]) / 1024)
            except (OSError, KeyError):
                return


def cost(place: Bench, command: list[str]) -> tuple[float, float]:
    """Return the share of one CPU that carbonrun used, and its steady memory in MiB."""
    memory = Memory()
    measured = place.run(command, while_running=memory.watch)
    return measured.own_seconds / measured.wall_seconds, median(memory.mib or [0.0])


def loop_seconds(place: Bench, prefix: tuple[str, ...]) -> float:
    """Return how long the loop of short commands takes behind ``prefix``."""
    words = [*prefix, PYTHON, "-I", "-S", "-c", TIMED_LOOP]
    environment = home_environment(place.folder)
    return float(subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE).stdout)


def show_cost(place: Bench, name: str, command: list[str], bar: float) -> None:
    """Print two rows for a command."""
    share, mib = cost(place, command)
    print_row(f"own CPU, {name}", f"{share:.3%}", f"{bar:.1%}", verdict(share, bar))
    row = (f"{mib:.1f} MiB", f"{MEMORY_BAR_MIB} MiB", verdict(mib, MEMORY_BAR_MIB))
    print_row(f"own memory, {name}", *row)


def show_pace(place: Bench, rounds: int) -> None:
    """Print a row for each way to run the loop."""
    run = (*MODULE, "-q", "--no-csv", "--")
    ways = {
        "bare": (),
        "carbonrun": run,
        "bare again": (),  # how much of a difference is chance
        "carbonrun, one counter": (*REFUSE_TRACE, *run),
        "carbonrun, no perf": (*REFUSE_PERF, *run),
    }
    samples: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, prefix in ways.items():
            samples[name].append(loop_seconds(place, prefix))
    # Round by round against the mean of both bare loops, since the machine's pace drifts.
    bare = [sum(pair) / 2 for pair in zip(samples["bare"], samples["bare again"], strict=True)]
    for name, values in samples.items():
        slow_down = median(value / base for value, base in zip(values, bare, strict=True)) - 1
        fastest = min(values) / min(samples["bare"] + samples["bare again"]) - 1
        cells = [f"{slow_down:+.2%}", f"{LOOP_BAR:.0%}", verdict(max(0.0, slow_down), LOOP_BAR)]
        if name.startswith("bare"):
            cells = [f"{slow_down:+.2%}", "", ""]
        print_row(f"loop, {name}", *cells, f"{median(values):.3f} s", f"{fastest:+.2%}")


def main() -> None:
    """Print the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    print_head(f"Cost of carbonrun, around commands of {seconds:g} s")
    with bench() as place:
        print_row("", "found", "bar", "", "median", "of fastest")
        show_cost(place, "sleep", ["sleep", f"{seconds:g}"], SLEEP_BAR)
        sleepers = [PYTHON, "-I", "-S", "-c", SLEEPERS, f"{seconds:g}"]
        show_cost(place, f"{PROCESSES} processes", sleepers, TREE_BAR)
        show_pace(place, rounds)


if __name__ == "__main__":
    main()
