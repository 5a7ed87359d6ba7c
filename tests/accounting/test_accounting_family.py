"""Who belongs to the tree: daemons that are left, and not what was there before."""

from __future__ import annotations

import os
import shlex
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.machine import workloads
from tests.machine.measured_run import CARBONRUN, REFUSE_PERF

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machine.measured_run import Bench

WORK = workloads.command("steady", 0.3)
BEFORE = workloads.command("steady", 0.2)
PERF_OR_NOT = pytest.mark.parametrize("prefix", [(), REFUSE_PERF], ids=["perf", "no perf"])


def beside(script: str) -> tuple[str, ...]:
    """Return a way to start carbonrun so that it already has a child of its own."""
    return ("sh", "-c", f'({script}) & exec "$@"', "sh", *CARBONRUN)


def test_a_daemon_that_is_left_running(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    measured = bench.run(["sh", "-c", f"setsid sleep 30 & echo $! >{file}; exit 3"])
    pid = int(file.read_text())
    os.kill(pid, signal.SIGKILL)  # fails if it does not run any more
    assert measured.status == 3
    assert measured.tree["left_running"] == 1
    note = measured.note("left-running")
    assert note is not None
    assert "--wait-tree" in note["hint"]


@PERF_OR_NOT
def test_wait_tree_measures_to_the_end(bench: Bench, prefix: tuple[str, ...]) -> None:
    if bench.group is None:
        pytest.skip("no control group can be made, which knows the truth")
    words = ["sh", "-c", '(setsid "$@" &) ; exit 3', "sh", *WORK]
    measured = bench.run(words, "--wait-tree", prefix=prefix)
    assert (measured.status, measured.tree["left_running"]) == (3, 0)
    assert measured.tree["cpu_seconds"] == pytest.approx(measured.truth_seconds, abs=0.006)
    assert measured.tree["cpu_seconds"] > 0.3
    assert measured.note("left-running") is None


def test_what_is_left_running_counts_up_to_the_end_of_the_command(bench: Bench) -> None:
    """A daemon works on; its time until the command's end is the command's."""
    measured = bench.run(
        ["sh", "-c", '(setsid "$@" &) ; sleep 0.5', "sh", *workloads.command("steady", 5)]
    )
    assert measured.tree["left_running"] == 1
    assert measured.tree["cpu_seconds"] > 0.1  # others may be busy too
    assert measured.tree["cpu_seconds"] < 0.7


@PERF_OR_NOT
def test_a_child_from_before_is_not_of_the_tree(bench: Bench, prefix: tuple[str, ...]) -> None:
    """The shell before carbonrun has left it one that works."""
    measured = bench.run(["sleep", "0.4"], prefix=prefix, carbonrun=beside(shlex.join(BEFORE)))
    assert measured.status == 0
    assert measured.tree["cpu_seconds"] < 0.02
    assert measured.tree["left_running"] == 0


@PERF_OR_NOT
def test_nor_is_what_it_leaves_behind(bench: Bench, prefix: tuple[str, ...]) -> None:
    """Its orphans become carbonrun's children as well."""
    measured = bench.run(
        ["sleep", "0.6"],
        prefix=prefix,
        carbonrun=beside(f"sleep 0.2; setsid {shlex.join(BEFORE)} &"),
    )
    assert measured.status == 0
    assert measured.tree["cpu_seconds"] < 0.02
    assert measured.tree["left_running"] == 0


def test_a_child_from_before_is_not_waited_for(bench: Bench) -> None:
    started = time.monotonic()
    measured = bench.run(["true"], "--wait-tree", carbonrun=beside("sleep 5"))
    assert measured.status == 0
    assert time.monotonic() - started < 4


def test_children_from_before_that_end(bench: Bench) -> None:
    """A child that ended before carbonrun has looked, and one that ends in the middle."""
    script = 'sh -c "exit 9" & sleep 0.2 & exec "$@"'
    measured = bench.run(
        ["sh", "-c", "sleep 0.4; exit 5"], carbonrun=("sh", "-c", script, "sh", *CARBONRUN)
    )
    assert measured.status == 5
    assert measured.tree["left_running"] == 0
    assert measured.note("carbonrun-failed") is None
