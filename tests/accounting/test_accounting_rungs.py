"""Which source is used when, what the report says about it, and what is left behind: nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.machine import workloads
from tests.machine.measured_run import REFUSE_PERF

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machine.measured_run import Bench

WORK = workloads.command("steady", 0.2)
# $1: a file for the path of the own group and the processes in it, behind it a command.
SHOW_GROUP = """
file=$1; shift
mount=$(sed -n 's/^\\S* \\S* \\S* \\S* \\(\\S*\\) .* - cgroup2 .*/\\1/p' /proc/self/mountinfo)
path=$(sed -n 's/^0:://p' /proc/self/cgroup)
echo "$path" >"$file"; cat "$mount$path/cgroup.procs" >>"$file"; echo "shell $$" >>"$file"
exec "$@"
"""


def test_perf_refused(bench: Bench) -> None:
    measured = bench.run(WORK, prefix=REFUSE_PERF)
    note = measured.note("perf-unavailable")
    assert note is not None
    assert "perf_event_paranoid" in note["hint"]


def test_own_group_where_nobody_else_lives(lonely_bench: Bench) -> None:
    measured = lonely_bench.run(WORK)
    assert measured.tree["cpu_accounting"] == "cgroup"
    assert measured.tree["cpu_seconds"] == pytest.approx(measured.truth_seconds, abs=0.003)


def test_own_group_costs_nothing_for_a_command_that_does_nothing(lonely_bench: Bench) -> None:
    """What carbonrun and its helpers use is not the command's."""
    measured = lonely_bench.run(["true"])
    assert measured.tree["cpu_seconds"] < 0.003


def test_groups_below_the_own_one_count(lonely_bench: Bench) -> None:
    assert lonely_bench.group is not None
    below = lonely_bench.group.folder / "below"
    script = f'mkdir {below} && echo $$ >{below}/cgroup.procs && exec "$@"'
    measured = lonely_bench.run(["sh", "-c", script, "sh", *WORK])
    assert (measured.status, measured.tree["cpu_accounting"]) == (0, "cgroup")
    assert measured.tree["cpu_seconds"] == pytest.approx(measured.truth_seconds, abs=0.003)


def test_nobody_is_moved_unasked(group_bench: Bench) -> None:
    assert group_bench.group is not None
    file = group_bench.folder / "group"
    group_bench.run(["sh", "-c", SHOW_GROUP, "sh", str(file), "true"])
    path = file.read_text().split()[0]
    assert str(group_bench.group.folder).endswith(path)


def test_a_group_for_the_command(group_bench: Bench) -> None:
    assert group_bench.group is not None
    file = group_bench.folder / "group"
    measured = group_bench.run(["sh", "-c", SHOW_GROUP, "sh", str(file), *WORK], "--cgroup")
    path, *pids, _, shell_pid = file.read_text().split()
    assert path.rpartition("/")[2] == f"carbonrun-{measured.report['run']['id']}"
    assert f"/{group_bench.folder.name}-{os.getpid()}/" in path
    assert shell_pid in pids
    assert len(pids) <= 2  # the shell, and the one that lists them
    assert group_bench.group.children() == []
    assert measured.note("cgroup-left") is None


def test_a_group_is_removed_under_a_daemon(group_bench: Bench, tmp_path: Path) -> None:
    """What is left running goes on in the group that it would have been in anyway."""
    assert group_bench.group is not None
    file = tmp_path / "pid"
    script = f"setsid sleep 30 & echo $! >{file}"
    measured = group_bench.run(["sh", "-c", script], "--cgroup")
    assert measured.tree["left_running"] == 1
    assert group_bench.group.children() == []
    assert int(file.read_text()) in group_bench.group.pids()


def test_a_group_for_a_command_that_is_not_there(group_bench: Bench) -> None:
    assert group_bench.group is not None
    measured = group_bench.run(["./no-such-command"], "--cgroup")
    assert measured.status == 127
    assert group_bench.group.children() == []


def test_a_group_that_the_command_divides(group_bench: Bench) -> None:
    """A container engine or a batch system in the command makes groups of its own."""
    assert group_bench.group is not None
    script = (
        SHOW_GROUP.split("echo", 1)[0]
        + 'mkdir "$mount$path/below"; echo $$ >"$mount$path/below/cgroup.procs"; exec "$@"'
    )
    measured = group_bench.run(["sh", "-c", script, "sh", "-", *WORK], "--cgroup")
    assert measured.status == 0
    assert measured.tree["cpu_seconds"] == pytest.approx(measured.truth_seconds, abs=0.003)
    assert group_bench.group.children() == []


def test_a_run_in_a_run(bench: Bench) -> None:
    """The inner run is part of the outer one's tree, with its own carbonrun."""
    if bench.group is None:
        pytest.skip("no control group can be made, which knows the truth")
    inner = bench.folder / "inner.json"
    words = ["-m", "carbonrun", "-q", "--no-csv", "--json", str(inner), "--", *WORK]
    measured = bench.run([WORK[0], *words])
    assert measured.tree["cpu_accounting"] == "perf"
    assert measured.tree["cpu_seconds"] == pytest.approx(measured.truth_seconds, rel=0.03)
