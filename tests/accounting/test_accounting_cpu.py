"""CPU seconds of the tree against the kernel's truth, on every rung of the ladder.

The bars are narrower than these tolerances (see ``benchmarks/accounting.py``): here runs are short,
and a machine that others use takes time away that perf counts. What only scans live processes
would fail all the same, which the last test shows.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.machine import workloads
from tests.machine.live_scan import LiveScan
from tests.machine.measured_run import REFUSE_PERF, REFUSE_TRACE

if TYPE_CHECKING:
    from tests.machine.measured_run import Bench, Measured

AMOUNTS = {
    "steady": 0.4,
    "parallel": 0.3,
    "threads": 0.4,
    "short": 320,
    "daemon": 0.4,
    "bursts": 0.2,
    "ignored": 60,
    "unwaited": 20,
    "exec": 0.4,
    "mixed": 100,
}
PROCESSES = {
    "steady": 1,
    "parallel": 3,
    "threads": 1,
    "short": 321,
    "daemon": 3,
    "bursts": 1,
    "ignored": 61,
    "unwaited": 21,
    "exec": 1,
    "mixed": 101,
}

# How carbonrun is started, its options, and the rung that it then reports.
RUNGS = {
    "trace": ((), (), "perf"),
    "one counter": (REFUSE_TRACE, (), "perf"),
    "no perf": (REFUSE_PERF, (), "procfs"),
    "own group": ((), ("--cgroup",), "cgroup"),
}
TOLERANCE, UNWAITED_TOLERANCE = 0.02, 0.07
TOLERANCE_SECONDS = 0.005


def tolerance(shape: str, rung: str, bench: Bench) -> float:
    """Return the relative error that is allowed."""
    if bench.group is None:
        return 0.1  # the truth is what the workload knows of itself
    return UNWAITED_TOLERANCE if shape in workloads.UNWAITED and rung == "perf" else TOLERANCE


@pytest.mark.parametrize("shape", workloads.SHAPES)
@pytest.mark.parametrize("way", RUNGS)
def test_cpu_seconds(bench: Bench, way: str, shape: str) -> None:
    prefix, options, rung = RUNGS[way]
    if rung == "procfs" and shape in workloads.UNWAITED:
        pytest.skip("without perf and control group nobody tells of these")
    if rung == "cgroup" and bench.group is None:
        pytest.skip("no control group can be made")
    measured = bench.run_workload(shape, AMOUNTS[shape], *options, prefix=prefix)
    assert (measured.status, measured.tree["cpu_accounting"]) == (0, rung)
    expected = measured.truth_seconds
    allowed = tolerance(shape, rung, bench)
    assert measured.tree["cpu_seconds"] == pytest.approx(
        expected, rel=allowed, abs=TOLERANCE_SECONDS
    )
    assert measured.note("carbonrun-failed") is None


def test_the_ends_of_those_that_nobody_waits_for(bench: Bench) -> None:
    """Perf alone would miss 3 % of children of 5 ms."""
    if bench.group is None:
        pytest.skip("no control group can be made, which knows the truth")
    measured = bench.run_workload("ignored", 400)
    if measured.tree["processes"] is None:
        pytest.skip("no trace on this machine")
    assert -0.02 < measured.cpu_error < 0.05


@pytest.mark.parametrize("shape", workloads.SHAPES)
def test_number_of_processes(bench: Bench, shape: str) -> None:
    measured = bench.run_workload(shape, AMOUNTS[shape])
    if measured.tree["processes"] is None:
        pytest.skip("no trace on this machine")
    assert measured.tree["processes"] == PROCESSES[shape]
    by_name = [row["processes"] for row in measured.tree["programs"] if row["program"]]
    assert sum(by_name) == PROCESSES[shape]


def test_processes_that_end_at_the_same_time_on_two_cpus(bench: Bench) -> None:
    """The kernel's records of one end must not spoil those of another."""
    loop = "loop() { i=0; while [ $i -lt 400 ]; do /bin/true; i=$((i+1)); done; }"
    for _ in range(4):
        measured = bench.run(["sh", "-c", f"{loop}; loop & loop & loop & wait"])
        if measured.tree["processes"] is None:
            pytest.skip("no trace on this machine")
        assert measured.tree["processes"] == 1 + 3 + 3 * 400
        assert measured.note("carbonrun-failed") is None


def test_thousands_of_forks_without_an_exec(bench: Bench) -> None:
    """They come as fast as the kernel makes them: 2,000 in a second."""
    code = "import os\nfor _ in range(5000):\n    if os.fork() == 0: os._exit(0)\n    os.wait()"
    measured = bench.run([sys.executable, "-S", "-c", code])
    if measured.tree["processes"] is None:
        pytest.skip("no trace on this machine")
    assert measured.tree["processes"] == 5001


@pytest.mark.parametrize("way", ["trace", "one counter"])
def test_time_that_a_hypervisor_takes_away_is_not_the_trees(bench: Bench, way: str) -> None:
    """Where everything is waited for, the kernel tells the time exactly; perf counts more."""
    if bench.group is None:
        pytest.skip("the truth is not known well enough")
    measured = bench.run_workload("steady", 1.5, prefix=RUNGS[way][0])
    assert abs(measured.cpu_error) < 0.002


def test_nobody_told_of_them(bench: Bench) -> None:
    """The lowest rung does not guess: what it reports is a lower bound."""
    measured = bench.run_workload("ignored", 60, prefix=REFUSE_PERF)
    assert 0 < measured.tree["cpu_seconds"] < (measured.truth_seconds or 0)


@pytest.mark.parametrize("shape", ["short", "ignored"])
def test_a_scan_of_live_processes_would_not_do(bench: Bench, shape: str) -> None:
    scans: list[LiveScan] = []

    def scan(pid: int) -> None:
        scans.append(LiveScan(pid, interval_seconds=0.1))
        scans[0].__enter__()

    measured = bench.run_workload(shape, AMOUNTS[shape] * 2, while_running=scan)
    scans[0].__exit__()
    assert error_of(scans[0], measured) < -3 * UNWAITED_TOLERANCE


def error_of(scan: LiveScan, measured: Measured) -> float:
    """Return the relative error of a scan."""
    return scan.cpu_seconds / (measured.truth_seconds or 0) - 1
