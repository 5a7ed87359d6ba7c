"""The whole machine, measured with a sensor whose energy is known."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.machine import workloads
from tests.machine.attached_run import Gated, Watcher, note
from tests.machine.energy_simulator import SimulatedSensor

if TYPE_CHECKING:
    from pathlib import Path

IDLE_WATTS, WATTS_PER_CPU = 6.0, 10.0
CPUS = os.cpu_count() or 1


def test_all_of_the_energy_is_billed_and_the_busy_part_named(tmp_path: Path) -> None:
    """Whatever else runs here; a program that works is found by its name."""
    with SimulatedSensor(
        tmp_path / "sys", idle_watts=IDLE_WATTS, watts_per_cpu=WATTS_PER_CPU
    ) as sensor:
        words = ("--sysfs", sensor.sysfs, "--idle-watts", f"package={IDLE_WATTS}", "--for", "4s")
        watcher = Watcher(tmp_path, "monitor", *words)
        watcher.wait_ready()
        worker = subprocess.Popen(workloads.command("steady", 1.0))
        worker.wait()
        report = watcher.finish()
    seconds, tree = report["run"]["duration_seconds"], report["tree"]
    package = next(d for d in report["energy"]["devices"] if d["id"] == "package-0")
    assert seconds == pytest.approx(4, abs=0.5)
    assert package["joules"] == package["machine_joules"]
    truth_joules = IDLE_WATTS * seconds + WATTS_PER_CPU * tree["cpu_seconds"]
    assert package["joules"] == pytest.approx(truth_joules, rel=0.05)
    assert package["active_joules"] == pytest.approx(WATTS_PER_CPU * tree["cpu_seconds"], rel=0.1)
    assert tree["cpu_seconds"] > 1
    name = os.path.basename(os.path.realpath(sys.executable))[:15]  # noqa: PTH119
    named = {row["program"]: row for row in tree["programs"]}
    worked = next(row for program, row in named.items() if program and name.startswith(program))
    assert worked["cpu_seconds"] == pytest.approx(1.1, rel=0.3) or worked["cpu_seconds"] > 1
    # Its work, and its part of the idle power by the CPU time that it took.
    least = worked["cpu_seconds"] * (WATTS_PER_CPU + IDLE_WATTS / CPUS) * 0.85
    assert worked["joules"] > least
    assert sum(row["joules"] or 0 for row in tree["programs"]) <= package["joules"] * 1.01


def test_the_report_is_that_of_a_machine(tmp_path: Path) -> None:
    csv_file = tmp_path / "runs.csv"
    watcher = Watcher(
        tmp_path, "monitor", "--for", "1s", "--csv", str(csv_file), "--name", "night",
        "--tag", "a=b",
    )  # fmt: skip
    report = watcher.finish()
    run, tree = report["run"], report["tree"]
    assert (run["scope"], run["exit_code"], run["signal"]) == ("machine", None, None)
    assert (run["name"], run["tags"]) == ("night", {"a": "b"})
    assert run["command"] == ["monitor"]
    assert (tree["left_running"], tree["cpu_accounting"]) == (None, "procfs")
    assert report["energy"]["joules"] == report["energy"]["machine_joules"]
    assert tree["peak_memory_bytes"] > 0
    assert report["emissions"]["grams_co2e"] > 0
    assert note(report, "left-running") is None
    with csv_file.open() as file:
        (row,) = csv.DictReader(file)
    assert (row["command"], row["scope"], row["exit_code"]) == ("monitor", "machine", "")
    assert float(row["energy_j"]) == pytest.approx(report["energy"]["joules"])


def test_memory_is_that_of_the_machine(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path, "monitor", "--for", "1s")
    report = watcher.finish()
    with open("/proc/meminfo") as file:  # noqa: PTH123
        fields = dict(line.split(":") for line in file)
    kib = {key: int(value.split()[0]) for key, value in fields.items()}
    used_bytes = (kib["MemTotal"] - kib["MemAvailable"]) * 1024
    assert report["tree"]["peak_memory_bytes"] == pytest.approx(used_bytes, rel=0.5)


def test_many_processes_that_come_and_go_do_no_harm(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path, "monitor", "--for", "3s", "--interval", "0.05")
    watcher.wait_ready()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        subprocess.run(["true"], check=True)
    report = watcher.finish()
    assert note(report, "carbonrun-failed") is None
    assert report["tree"]["cpu_seconds"] > 0
    assert all((row["cpu_seconds"] or 0) >= 0 for row in report["tree"]["programs"])


def test_the_processes_of_another_procfs(tmp_path: Path) -> None:
    """As a container sees the host's: the numbers mean nobody here, times have steps."""
    procfs = tmp_path / "proc"
    procfs.mkdir()
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name != "self":
            (procfs / name).symlink_to(f"/proc/{name}")
    watcher = Watcher(tmp_path, "monitor", "--for", "3s", "--procfs", str(procfs))
    watcher.wait_ready()
    with Gated(workloads.command("steady", 1.0)) as gated:
        (procfs / str(gated.pid)).symlink_to(f"/proc/{gated.pid}")
        gated.open()
        gated.process.wait()
    report = watcher.finish()
    assert report["tree"]["cpu_seconds"] > 1
    assert any((row["cpu_seconds"] or 0) > 0.5 for row in report["tree"]["programs"])
