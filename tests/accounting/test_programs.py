"""Which program used what: whole runs of real trees."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine import workloads
from tests.machine.measured_run import CARBONRUN, REFUSE_PERF, REFUSE_TRACE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.machine.measured_run import Bench, Measured

NO_NETLINK = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
LOOP = "i=0; while [ $i -lt 2500 ]; do /bin/true; i=$((i+1)); done; exit 0"
MAKEFILE = """
all: a.o b.o c.o d.o
%.o:
\t@./cc $@
"""
# A compiler driver that calls the compiler proper; the shell must not become it.
DRIVER = "#!/bin/sh\n./cc1 -I -S -c 'import sys\nsum(range(1_000_000))' \"$1\"\nexit 0\n"


def walk(calls: list[dict[str, Any]], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for call in calls:
        path = f"{above}/{call['program']}" if above else str(call["program"])
        yield path, call
        yield from walk(call["calls"], path)


def exact(measured: Measured) -> dict[str, dict[str, Any]]:
    """Return the calls by path; skip where the kernel gives no records."""
    naming = measured.tree["naming"]
    if naming["method"] != "records":
        pytest.skip("this kernel gives no records of task switches")
    return dict(walk(measured.tree["calls"]))


def test_a_loop_of_short_programs_has_names(bench: Bench) -> None:
    measured = bench.run(["sh", "-c", LOOP], "--top", "5")
    calls = exact(measured)
    total_seconds = measured.tree["cpu_seconds"]
    assert calls["sh/true"]["processes"] == 2500
    assert measured.tree["naming"]["named_cpu_seconds"] >= 0.99 * total_seconds
    assert sum(call["own_cpu_seconds"] for call in calls.values()) == pytest.approx(total_seconds)
    named = {row["program"]: row for row in measured.tree["programs"]}
    assert named["true"]["processes"] == 2500
    assert named["true"]["cpu_seconds"] == pytest.approx(calls["sh/true"]["cpu_seconds"])
    assert None not in named
    assert measured.note("unnamed-cpu-time") is None


def test_the_joules_of_the_calls_are_those_of_the_cpu(bench: Bench) -> None:
    measured = bench.run(workloads.command("short", 100), "--top", "5")
    calls = exact(measured)
    cpu = [each for each in measured.report["energy"]["devices"] if each["kind"] == "cpu"]
    joules = sum(each["active_joules"] + each["idle_joules"] for each in cpu)
    assert sum(call["own_joules"] for call in calls.values()) == pytest.approx(joules)
    top = measured.tree["calls"][0]
    below = sum(call["joules"] for call in top["calls"])
    assert top["joules"] == pytest.approx(top["own_joules"] + below)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_with_several_jobs(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "cc").write_text(DRIVER)
    (tmp_path / "cc").chmod(0o755)
    (tmp_path / "cc1").symlink_to(sys.executable)
    measured = bench.run(["make", "-r", "-j3"], "--top", "5")
    calls = exact(measured)
    assert calls["make/cc"]["processes"] == 4
    assert calls["make/cc/cc1"]["processes"] == 4
    assert calls["make/cc/cc1"]["cpu_seconds"] > 0.5 * measured.tree["cpu_seconds"]


def test_command_lines_are_seen_and_masked(bench: Bench) -> None:
    code = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
    script = f"'{sys.executable}' -I -S -c '{code}' --password hunter2; exit 0"
    measured = bench.run(["sh", "-c", script], "--top", "5")
    commands = [call["command"] for _, call in walk(measured.tree["calls"]) if call["command"]]
    assert [sys.executable, "-I", "-S", "-c", code, "--password", "***"] in commands
    assert "hunter2" not in json.dumps(measured.report)


@pytest.mark.parametrize("prefix", [REFUSE_PERF, REFUSE_TRACE], ids=["no perf", "one counter"])
def test_root_is_told_of_every_end_without_records(bench: Bench, prefix: tuple[str, ...]) -> None:
    script = f'{LOOP.replace("2500", "500")[:-8]}; "$@"; exit 0'
    words = ["sh", "-c", script, "sh", *workloads.command("threads", 0.2)]
    measured = bench.run(words, "--top", "5", prefix=prefix)
    naming, calls = measured.tree["naming"], dict(walk(measured.tree["calls"]))
    if naming["method"] != "taskstats":
        pytest.skip("this kernel does not tell us of ends")
    assert naming["is_complete"]
    assert calls["sh/true"]["processes"] == 500
    assert measured.tree["processes"] == 502
    assert naming["named_cpu_seconds"] >= 0.99 * measured.tree["cpu_seconds"]
    (worker,) = (call for name, call in calls.items() if name not in ("sh", "sh/true"))
    assert worker["own_cpu_seconds"] == pytest.approx(0.2, abs=0.15)


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="there is no setpriv"
)
def test_without_either_what_runs_is_looked_at(bench: Bench) -> None:
    words = ["sh", "-c", '"$@"; i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done', "sh"]
    prefix = (*NO_NETLINK, *REFUSE_PERF) if os.geteuid() == 0 else REFUSE_PERF
    measured = bench.run([*words, *workloads.command("steady", 0.5)], "--top", "5", prefix=prefix)
    naming, calls = measured.tree["naming"], dict(walk(measured.tree["calls"]))
    assert (naming["method"], naming["is_complete"]) == ("looks", False)
    note = measured.note("names-by-looks")
    assert note is not None
    assert "root" in note["hint"]
    worker = max(calls.values(), key=lambda call: call["own_cpu_seconds"])
    assert worker["own_cpu_seconds"] > 0.3
    assert worker["command"][-2:] == ["steady", "0.5"]
    # Nobody has looked at the short ones in time: their time is there, without a name.
    total_seconds = measured.tree["cpu_seconds"]
    assert naming["named_cpu_seconds"] < total_seconds
    assert sum(call["own_cpu_seconds"] for call in calls.values()) == pytest.approx(total_seconds)
    assert calls["None"]["own_cpu_seconds"] > 0


def test_a_run_within_a_run_names_its_own(bench: Bench, tmp_path: Path) -> None:
    inner = [*CARBONRUN, "-q", "--no-csv", "--json", str(tmp_path / "inner.json"), "--top", "5"]
    script = LOOP.replace("2500", "100")
    measured = bench.run([*inner, "--", "sh", "-c", script], "--top", "5")
    outer = exact(measured)
    within = json.loads((tmp_path / "inner.json").read_text())["tree"]
    assert within["naming"]["is_complete"]
    for tree in (measured.tree, within):
        assert tree["naming"]["named_cpu_seconds"] >= 0.99 * tree["cpu_seconds"]
    assert [call["processes"] for path, call in outer.items() if path.endswith("/true")] == [100]


def test_a_daemon_that_is_left_running_is_named(bench: Bench) -> None:
    words = workloads.command("steady", 0.3)
    measured = bench.run(
        ["sh", "-c", '(setsid "$@" &); sleep 0.6; exit 0', "sh", *words], "--top", "9"
    )
    calls = exact(measured)
    used = [
        c for path, c in calls.items() if path.startswith("sh/") and c["own_cpu_seconds"] > 0.01
    ]
    assert used
    assert measured.tree["naming"]["named_cpu_seconds"] == pytest.approx(
        measured.tree["cpu_seconds"], rel=0.02, abs=0.01
    )


def test_a_tree_that_switches_too_often_goes_on_being_looked_at(bench: Bench) -> None:
    code = (
        "import os\n"
        "a, b = os.pipe(), os.pipe()\n"
        "if os.fork() == 0:\n"
        "    for _ in range(150000): os.read(a[0], 1); os.write(b[1], b'x')\n"
        "    os._exit(0)\n"
        "for _ in range(150000): os.write(a[1], b'x'); os.read(b[0], 1)\n"
        "os.wait()\n"
    )
    measured = bench.run([sys.executable, "-I", "-S", "-c", code], "--top", "5")
    assert measured.status == 0
    assert measured.tree["processes"] == 2  # the other records are complete
    assert measured.note("names-by-looks") is not None or measured.tree["naming"]["is_complete"]
    total_seconds = measured.tree["cpu_seconds"]
    # What a process used after the last look at it, if it has ended since, is not seen.
    assert measured.tree["naming"]["named_cpu_seconds"] > 0.5 * total_seconds
    assert measured.own_seconds < 0.6 + 0.05 * measured.wall_seconds


def test_files_are_written(bench: Bench, tmp_path: Path) -> None:
    for name in ("f.svg", "f.json", "f.txt"):
        measured = bench.run(workloads.command("short", 50), "--flame", str(tmp_path / name))
        assert measured.status == 0
    assert (tmp_path / "f.svg").read_text().startswith("<svg")
    assert json.loads((tmp_path / "f.json").read_text())["profiles"]
    lines = (tmp_path / "f.txt").read_text().splitlines()
    assert all(line.split()[-1].isdecimal() for line in lines)


def test_nothing_is_named_that_was_not_asked_for(bench: Bench) -> None:
    measured = bench.run(["true"])
    assert (measured.tree["calls"], measured.tree["naming"]) == ([], None)


def test_a_file_of_an_unknown_kind_is_refused(bench: Bench) -> None:
    measured = bench.run(["true"], "--flame", "graph.png")
    assert measured.status == 125
    assert ".svg" in measured.stderr
