"""What it costs to name the programs of a tree, and how much of its CPU time gets a name.

Usage: ``python benchmarks/programs.py [ROUNDS]``

A shell's loop of 2500 short commands is timed from within, so without start-up, behind carbonrun
without and with ``--top``, in turn, ``ROUNDS`` times over; so is it where the kernel refuses perf
events (root is then told by taskstats, others look). Then how a total is divided is compared with
the truth: two programs that work for a known time each, side by side, many times over. Last, a tree
that does nothing but switch.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.support.place import MODULE, PYTHON, bench, home_environment  # noqa: E402
from benchmarks.support.table import print_head, print_row, verdict  # noqa: E402
from tests.machine.measured_run import REFUSE_PERF  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.machine.measured_run import Bench

ROUNDS = 15
LOOPS = 2500
LOOP_BAR, NAMED_BAR = 0.03, 0.99
# Prints how long the loop takes, seen from within.
TIMED_LOOP = f"""
import os, time
script = "i=0; while [ $i -lt {LOOPS} ]; do /bin/true; i=$((i+1)); done"
started = time.monotonic()
os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", script], os.environ), 0)
os.write(1, b"%f" % (time.monotonic() - started))
"""
# Starts programs of the names "little" and "much", which work 4 and 12 ms each beside what their
# start takes; prints what the kernel has told of all of each kind when they were waited for.
TWO_KINDS = """
import os, sys, time
used = {{"little": 0.0, "much": 0.0}}
code = "import time; end = time.process_time() + {{}}\\nwhile time.process_time() < end: pass"
def start(name, seconds):
    path = {folder!r} + "/" + name
    if not os.path.lexists(path): os.symlink(sys.executable, path)
    words = [path, "-I", "-S", "-c", code.format(seconds)]
    return os.posix_spawn(path, words, os.environ), name
for _ in range(40):
    for pid, name in [start("little", 0.004), start("much", 0.012)]:
        usage = os.wait4(pid, 0)[2]
        used[name] += usage.ru_utime + usage.ru_stime
os.write(1, b"%f %f" % (used["little"], used["much"]))
"""
SWITCHING = """
import os
a, b = os.pipe(), os.pipe()
if os.fork() == 0:
    for _ in range(200000): os.read(a[0], 1); os.write(b[1], b"x")
    os._exit(0)
for _ in range(200000): os.write(a[1], b"x"); os.read(b[0], 1)
os.wait()
"""


class Run:
    """One run: how long the loop took, and what the report says."""

    def __init__(
        self, place: Bench, code: str, *options: str, prefix: tuple[str, ...] = ()
    ) -> None:
        """Run a piece of Python behind carbonrun."""
        file = place.folder / "report.json"
        words = [*prefix, *MODULE, "-q", "--no-csv", "--json", str(file), *options, "--"]
        started = time.monotonic()
        done = subprocess.run(
            [*words, PYTHON, "-I", "-S", "-c", code],
            env=home_environment(place.folder),
            check=True,
            stdout=subprocess.PIPE,
        )
        self.wall_seconds = time.monotonic() - started
        self.said = [float(word) for word in done.stdout.split()]
        report = json.loads(file.read_text("utf-8"))
        self.tree: dict[str, Any] = report["tree"]
        self.cpu_seconds: float = self.tree["cpu_seconds"]
        self.own_seconds: float = report["overhead"]["cpu_seconds"]

    @property
    def method(self) -> str:
        """Return how the programs are known, nothing if they were not asked for."""
        naming = self.tree["naming"]
        return "" if naming is None else str(naming["method"])

    @property
    def named(self) -> float:
        """Return the share of the CPU time that has a name."""
        if self.tree["naming"] is None:
            rows = [row["cpu_seconds"] or 0.0 for row in self.tree["programs"] if row["program"]]
            return float(sum(rows) / self.tree["cpu_seconds"])
        return float(self.tree["naming"]["named_cpu_seconds"] / self.tree["cpu_seconds"])


def seconds_by_program(calls: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """Yield the name and own CPU seconds of every call."""
    for call in calls:
        yield str(call["program"]), call["own_cpu_seconds"]
        yield from seconds_by_program(call["calls"])


def show_loop(place: Bench, rounds: int) -> None:
    """Print a row for each way to run the loop."""
    ways: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        "without names": ((), ()),
        "--top 5": (("--top", "5"), ()),
        "without names again": ((), ()),  # how much of a difference is chance
        "no perf": ((), REFUSE_PERF),
        "no perf (--top 5)": (("--top", "5"), REFUSE_PERF),
    }
    samples: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, (options, prefix) in ways.items():
            run = Run(place, TIMED_LOOP, *options, prefix=prefix)
            if number > 0:  # the first writes byte code and fills caches
                samples[name].append(run)
    base = {True: samples["no perf"], False: samples["without names"]}
    print_row("", "slower by", "more CPU", "bar", "", "named", "bar", "", "by")
    for name, runs in samples.items():
        pairs = list(zip(runs, base[name.startswith("no perf")], strict=True))
        slower = median(run.said[0] / bare.said[0] for run, bare in pairs) - 1
        # The same without what others on the machine add to it.
        more = median(run.cpu_seconds / bare.cpu_seconds for run, bare in pairs) - 1
        named = median(run.named for run in runs)
        cells = [f"{slower:+.2%}", f"{more:+.2%}", f"{LOOP_BAR:.0%}"]
        cells += [verdict(max(0.0, more), LOOP_BAR), f"{named:.2%}"]
        if runs[0].method != "":
            cells += [f"{NAMED_BAR:.0%}", verdict(NAMED_BAR, named), runs[0].method]
        print_row(f"loop, {name}", *cells)


def show_division(place: Bench, rounds: int) -> None:
    """Print how far off the share of each of two programs is."""
    errors: dict[str, list[float]] = {"little": [], "much": []}
    for _ in range(rounds):
        run = Run(place, TWO_KINDS.format(folder=str(place.folder)), "--top", "5")
        found: dict[str, float] = {}
        for name, seconds in seconds_by_program(run.tree["calls"]):
            found[name] = found.get(name, 0.0) + seconds
        for name, truth in zip(errors, run.said, strict=True):
            errors[name].append(found[name] / truth - 1)
    for name, values in errors.items():
        print_row(
            f"error of {name!r}",
            f"{median(values):+.2%}",
            "",
            "",
            f"{max(map(abs, values)):.2%} at most",
        )


def show_switching(place: Bench) -> None:
    """Print what a tree costs that switches all the time."""
    for name, options in (("without names", ()), ("--top 5", ("--top", "5"))):
        run = Run(place, SWITCHING, *options)
        own = f"{run.own_seconds / run.wall_seconds:.2%} of a CPU"
        print_row(
            f"400,000 switches, {name}", f"{run.wall_seconds:.2f} s", own, f"named {run.named:.1%}"
        )


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print_head("Naming the programs of a tree")
    with bench() as place:
        show_loop(place, rounds)
        show_division(place, max(3, rounds // 3))
        show_switching(place)


if __name__ == "__main__":
    main()
